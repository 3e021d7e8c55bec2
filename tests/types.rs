//! The types of told blocks: how many are right, wrong and unknown, by guest and by evidence; the edges between them, and
//! the values in them.
//!
//! Each guest tells the type of its blocks itself (`B` lines) and the words that hold addresses (`E` lines).
#![allow(unreachable_pub, unused_imports, dead_code, missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

mod guests_support;
mod types_support;

use guests_support::{ToldEdge, bytes};
use heapy_engine::{EdgeEvidence, EdgeLink, Family, Heap, ObjectId, Relation};
use heapy_host::layout::{FieldValue, References, Typed, Typing, Value};
use types_support::{Score, TOLD, Told, stripped, told};

#[test]
fn told_blocks_have_their_types() {
    let mut table = Score::header();
    let mut failures = Vec::new();
    for (guest, least) in TOLD {
        let score = Score::of(&told(guest));
        table.push_str(&score.row(guest));
        if score.right_bytes() < least || score.wrong_bytes() > 0.5 {
            failures.push(format!("{guest}: {:#?}", score.mistakes));
        }
    }
    println!("{table}");
    assert!(failures.is_empty(), "{table}\n{failures:#?}");
}

/// The object that a told word lies in, and the edge that it is.
fn edge_of(heap: &Heap, told: &ToldEdge) -> Option<(ObjectId, Relation, EdgeEvidence)> {
    heap.objects().find_map(|holder| {
        let offset = told.slot.checked_sub(heap.address(holder)).filter(|&offset| offset < heap.size(holder))?;
        let edge = heap.referents(holder).find(|edge| edge.link == EdgeLink::Offset(offset))?;
        Some((holder, heap.relation(holder, &edge), edge.evidence))
    })
}

#[test]
fn told_words_are_edges_named_after_fields() {
    for guest in ["shapes", "shapes.O0", "arena", "churn", "zoo", "shapes_rs"] {
        let (mut named, mut on_stack) = (0, 0);
        for at in told(guest) {
            for told in &at.mark.edges {
                match edge_of(&at.heap, told) {
                    Some((holder, relation, evidence)) if at.heap.family(holder) != Family::Frame => {
                        let what = format!("{guest}: {} at {:#x}", told.holder, told.slot);
                        assert!(!matches!(relation, Relation::Offset { .. }), "{what} is called {relation:?}");
                        assert_eq!(evidence, EdgeEvidence::Typed, "{what}, {relation:?}");
                        if at.heap.family(holder) == Family::Module {
                            let Relation::Field(name) = &relation else { panic!("{what} is called {relation:?}") };
                            assert!(name.starts_with(&told.holder), "{what} is called {name}");
                        }
                        named += 1;
                    }
                    // Words of the stack, which `guests.rs` looks for.
                    _ => on_stack += 1,
                }
            }
        }
        println!("{guest}: {named} told words are edges named after fields, {on_stack} stand on the stack");
        assert!(named > 0 || guest == "arena", "{guest}");
    }
}

#[test]
fn typed_holders_have_no_doubtful_edges() {
    // The slabs of `arena` are memory in which anything may be kept; so are blocks of bytes.
    for guest in ["shapes", "shapes.O0", "zoo", "shapes_rs"] {
        for at in told(guest) {
            let types = at.types();
            for (block, typed) in at.paused.blocks.iter().zip(&at.typed.blocks) {
                let record = typed.ty.is_some_and(|ty| at.typed.layouts.record(ty.ty).is_some());
                let Some(&told) = types.get(&block.address).filter(|_| record) else { continue };
                let holder = at.heap.find(0, block.address).unwrap();
                for edge in at.heap.referents(holder) {
                    let relation = at.heap.relation(holder, &edge);
                    assert_eq!(edge.evidence, EdgeEvidence::Typed, "{guest}: {told} {:#x} {relation:?}", block.address);
                }
            }
        }
    }
}

#[test]
fn nothing_is_invented_for_stripped_guests() {
    for guest in ["shapes", "arena", "churn", "shapes_rs", "shapes_as.incremental"] {
        for at in told(guest) {
            let typed = Typing::new(stripped(&bytes(guest)).into()).unwrap().apply(&at.paused);
            let invented = typed.blocks.iter().filter(|block| block.ty.is_some() || block.class.is_some()).count();
            assert_eq!(invented, 0, "{guest}");
        }
    }
}

#[test]
fn stripped_cpp_keeps_the_classes_that_its_vtables_name() {
    let at = &told("zoo")[0];
    let typed = Typing::new(stripped(&bytes("zoo")).into()).unwrap().apply(&at.paused);
    let types = at.types();
    for (block, found) in at.paused.blocks.iter().zip(&typed.blocks) {
        let (Some(told), Some(ty)) = (types.get(&block.address), found.ty) else { continue };
        assert_eq!(typed.layouts.get(ty.ty).name, told.trim_end_matches("[]"), "{:#x}", block.address);
    }
    assert!(typed.blocks.iter().filter(|block| block.ty.is_some()).count() >= 12);
}

/// A generator that needs no crate: the same mutations in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[test]
fn corrupt_debug_information_ends_in_an_answer() {
    let bytes = bytes("shapes");
    let at = &told("shapes")[0];
    let debug: Vec<std::ops::Range<usize>> = wasmparser::Parser::new(0)
        .parse_all(&bytes)
        .filter_map(|payload| match payload {
            Ok(wasmparser::Payload::CustomSection(section)) if section.name().starts_with(".debug") => {
                Some(section.data_offset()..section.data_offset() + section.data().len())
            }
            _ => None,
        })
        .collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..400 {
        let mut changed = bytes.clone();
        for _ in 0..1 + random.below(40) {
            let section = debug[random.below(debug.len())].clone();
            changed[section.start + random.below(section.len())] = random.below(256) as u8;
        }
        let typing = Typing::new(changed.into()).unwrap();
        assert!(typing.notes().len() <= 5);
        let typed = typing.apply(&at.paused);
        let mut references = References::new(&typed, &at.paused);
        for block in 0..at.paused.blocks.len() {
            references.of(block);
        }
    }
}

/// The fields of the first block whose type has this name.
fn fields(at: &Told, name: &str) -> Vec<FieldValue> {
    let is_it =
        |block: &heapy_host::layout::TypedBlock| block.ty.is_some_and(|ty| at.typed.layouts.get(ty.ty).name == name);
    let block = at.typed.blocks.iter().position(is_it).unwrap_or_else(|| panic!("no block is a {name}"));
    at.typed.fields(&at.paused, block).unwrap()
}

fn value<'a>(fields: &'a [FieldValue], name: &str) -> &'a Value {
    &fields.iter().find(|field| field.name == name).unwrap_or_else(|| panic!("no field {name}: {fields:?}")).value
}

#[test]
fn fields_have_their_values() {
    let person = fields(&told("shapes")[0], "struct person");
    assert_eq!(value(&person, "name"), &Value::Text { text: "Ann".into(), more: false });
    assert_eq!(value(&person, "age"), &Value::Unsigned(31));
    assert!(matches!(value(&person, "friends[0]"), Value::Pointer(address) if *address > 0));
    assert_eq!(value(&person, "friends[2]"), &Value::Pointer(0));

    let item = fields(&told("shapes_rs")[0], "shapes_rs::Item");
    assert_eq!(value(&item, "id"), &Value::Unsigned(99));
    let Value::Container(name) = value(&item, "name") else { panic!("{item:?}") };
    assert_eq!(name.text, Some(("a name that is on the heap".into(), false)));
    let Value::Container(tags) = value(&item, "tags") else { panic!("{item:?}") };
    assert_eq!((tags.length, tags.capacity, tags.wasted_bytes()), (2, 5, 24));

    let bird = fields(&told("zoo")[0], "Bird");
    assert!(bird.iter().any(|field| field.name == "name"), "{bird:?}");
    assert_eq!(value(&bird, "span"), &Value::Signed(30));
}
