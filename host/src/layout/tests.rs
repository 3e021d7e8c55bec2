//! Words of values whose layouts are written down by hand.

use super::block::{BlockType, Count, Operator};
use super::form::{Form, Language, Layout, LayoutId, Member, Record, Scalar};
use super::slots::{Bytes, Points, Slots};
use super::types::Layouts;

fn layout(layouts: &mut Layouts, name: &str, size: u64, form: Form) -> LayoutId {
    layouts.declare(Layout { name: name.into(), unit: None, size, language: Language::Cpp, form })
}

fn member(name: &str, offset: u64, ty: LayoutId) -> Member {
    Member { name: name.into(), offset, ty, bits: None, base: false, artificial: false }
}

fn record(union: bool, members: Vec<Member>) -> Form {
    Form::Record(Record { members, union, ..Record::default() })
}

/// Offsets of the slots of a block in which every word is its own offset plus 1000, and whether they are sure.
fn slots(layouts: &Layouts, block: BlockType, words: u32) -> Vec<(u64, bool)> {
    let bytes: Vec<u8> = (0..words).flat_map(|word| (1000 + 4 * word).to_le_bytes()).collect();
    let found = Slots::default().of(layouts, block, Bytes::new(&bytes, 0, bytes.len() as u64, 4));
    found.iter().map(|slot| (slot.offset, slot.sure)).collect()
}

#[test]
fn every_pointer_of_a_union_may_be_an_edge() {
    let mut layouts = Layouts::default();
    let number = layout(&mut layouts, "int", 4, Form::Scalar(Scalar::Signed));
    let node = layout(&mut layouts, "node", 4, Form::Scalar(Scalar::Signed));
    let pointer = layout(&mut layouts, "node *", 4, Form::Pointer(Some(node)));
    let pair =
        layout(&mut layouts, "pair", 8, record(false, vec![member("count", 0, number), member("at", 4, pointer)]));
    let either = vec![member("numbers", 0, number), member("pair", 0, pair), member("first", 0, pointer)];
    let either = layout(&mut layouts, "either", 8, record(true, either));
    let members = vec![member("tag", 0, number), member("either", 4, either), member("next", 12, pointer)];
    let whole = layout(&mut layouts, "whole", 16, record(false, members));
    assert_eq!(slots(&layouts, BlockType::one(whole), 4), [(4, false), (8, false), (12, true)]);
}

#[test]
fn a_union_with_one_member_is_that_member() {
    let mut layouts = Layouts::default();
    let pointer = layout(&mut layouts, "void *", 4, Form::Pointer(None));
    let only = layout(&mut layouts, "only", 4, record(true, vec![member("value", 0, pointer)]));
    assert_eq!(slots(&layouts, BlockType::one(only), 1), [(0, true)]);
}

#[test]
fn words_of_a_virtual_base_are_kept() {
    let mut layouts = Layouts::default();
    let number = layout(&mut layouts, "int", 4, Form::Scalar(Scalar::Signed));
    let pointer = layout(&mut layouts, "void *", 4, Form::Pointer(None));
    let members = vec![member("vtable", 0, pointer), member("own", 4, number)];
    let form = Form::Record(Record { members, open: true, ..Record::default() });
    let class = layout(&mut layouts, "Derived", 12, form);
    assert_eq!(slots(&layouts, BlockType::one(class), 3), [(0, true), (4, false), (8, false)]);
}

#[test]
fn values_stand_behind_the_count_of_new() {
    let mut layouts = Layouts::default();
    let pointer = layout(&mut layouts, "void *", 4, Form::Pointer(None));
    let number = layout(&mut layouts, "int", 4, Form::Scalar(Scalar::Signed));
    let members = vec![member("at", 0, pointer), member("a", 4, number), member("b", 8, number)];
    let class = layout(&mut layouts, "Class", 12, record(false, members));
    let one = BlockType::one(class);
    let fitted = one.fitted(&layouts, 28).unwrap();
    let many = fitted.by_operator(&layouts, Operator::NewArray, 28).unwrap();
    assert_eq!((many.count, many.first(&layouts, 28)), (Count::Counted, 4));
    assert_eq!(slots(&layouts, many, 7), [(4, true), (16, true)]);
    // A derived class may be twice as large.
    let derived = one.fitted(&layouts, 24).unwrap().by_operator(&layouts, Operator::New, 24).unwrap();
    assert_eq!(derived.count, Count::One);
    // One `new` makes one number, of its own size.
    let numbers = BlockType::one(number).fitted(&layouts, 24).unwrap();
    assert_eq!(numbers.by_operator(&layouts, Operator::New, 24), None);
    assert!(numbers.by_operator(&layouts, Operator::NewArray, 24).is_some());
    assert_eq!(slots(&layouts, derived, 6), [(0, true), (12, false), (16, false), (20, false)]);
}

#[test]
fn absurd_layouts_end() {
    let mut layouts = Layouts::default();
    let byte = layout(&mut layouts, "char", 1, Form::Scalar(Scalar::Character));
    let mut nested = layout(&mut layouts, "pointer", 4, Form::Pointer(None));
    for _ in 0..200 {
        nested = layouts.array_of(nested, Some(u64::MAX));
    }
    let members = vec![member("far", u64::MAX - 2, nested), member("near", 0, byte)];
    let class = layout(&mut layouts, "absurd", u64::MAX, record(false, members));
    let found = Slots::default().of(&layouts, BlockType::one(class), Bytes::new(&[1; 64], 0, 64, 4));
    assert!(found.iter().all(|slot| slot.offset < 64 && slot.points == Points::Untyped));
}

#[test]
fn values_stand_behind_an_allocators_header() {
    let mut layouts = Layouts::default();
    let pointer = layout(&mut layouts, "void *", 4, Form::Pointer(None));
    let number = layout(&mut layouts, "int", 4, Form::Scalar(Scalar::Signed));
    let members = vec![member("count", 0, number), member("at", 4, pointer), member("more", 8, pointer)];
    let class = layout(&mut layouts, "row", 12, record(false, members));
    let headed = BlockType::one(class).behind(&layouts, 8, 20).unwrap();
    assert_eq!(slots(&layouts, headed, 5), [(0, false), (4, false), (12, true), (16, true)]);
    assert_eq!(BlockType::one(class).behind(&layouts, 4, 16), None);
    let several = BlockType::one(class).behind(&layouts, 8, 32).unwrap();
    assert_eq!(several.count, Count::ManyHeaded(8));
    assert_eq!(slots(&layouts, several, 8), [(0, false), (4, false), (12, true), (16, true), (24, true), (28, true)]);
    let bytes = |asked: u32| {
        let words = [asked, 0, 1, 2, 3];
        words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>()
    };
    assert!(headed.is_borne_out(Bytes::new(&bytes(12), 0, bytes(12).len() as u64, 4)));
    assert!(!headed.is_borne_out(Bytes::new(&bytes(13), 0, bytes(13).len() as u64, 4)));
}
