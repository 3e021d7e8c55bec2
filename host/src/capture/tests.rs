//! Captures of paused guests that are written down by hand.

use std::ops::Range;
use std::sync::Arc;

use heapy_engine::{Family, ObjectId, ObjectSet, Relation, RootPlace, reach};

use super::*;
use crate::functions::{Label, Pin, Told, ToldField, ToldLink, ToldType};
use crate::paused::{ContextKey, GlobalValue, LiveBlock, NativeWord, RawContexts, RawFrame};

/// Number of objects of a family.
fn count(heap: &Heap, family: Family) -> usize {
    heap.objects().filter(|&object| heap.family(object) == family).count()
}

/// A module with data at 1024, a stack of 64 KiB behind it and a heap from 0x11000.
fn symbols() -> Symbols {
    let text = r#"(module
        (memory 4)
        (global $__stack_pointer (mut i32) (i32.const 0x11000))
        (global $__data_end i32 (i32.const 0x500))
        (global $cache (mut i32) (i32.const 0))
        (global $__tls_base (mut i32) (i32.const 0))
        (data $.data.table (i32.const 0x400) "0123456789abcdef")
        (data $.data (i32.const 0x410) "....")
        (func $leaf)
        (func $inner global.get 0 i32.const 32 i32.sub global.set 0)
        (func $outer global.get 0 i32.const 64 i32.sub global.set 0))"#;
    Symbols::labelled(wat::parse_str(text).unwrap().into(), "app").unwrap()
}

fn block(address: u64, size: u64) -> LiveBlock {
    LiveBlock { address, size, usable: size + 8, context: None, serial: address, age: 1 }
}

/// A guest whose blocks are at 0x12000, 0x12040, ... with 48 bytes each.
fn paused(blocks: u64) -> Paused {
    Paused {
        number: 3,
        reason: "exit".into(),
        memory: vec![0; 4 << 16],
        blocks: (0..blocks).map(|index| block(0x12000 + index * 0x40, 48)).collect(),
        ..Paused::default()
    }
}

fn put(paused: &mut Paused, at: u64, value: u32) {
    paused.memory[at as usize..at as usize + 4].copy_from_slice(&value.to_le_bytes());
}

fn heap(paused: &Paused) -> Heap {
    capture(paused, &symbols(), &GuestInfo { name: "app".into(), ..GuestInfo::default() }).unwrap()
}

/// `holder -> target` pairs with relation and how far in, of one family's objects.
fn edges(heap: &Heap, family: Family) -> Vec<(String, u64, u64)> {
    let mut found = Vec::new();
    for object in heap.objects().filter(|&object| heap.family(object) == family) {
        for edge in heap.referents(object) {
            let name = match heap.relation(object, &edge) {
                Relation::Field(name) => format!(".{name}"),
                Relation::Offset { offset, .. } => format!("+{offset}"),
                other => format!("{other:?}"),
            };
            found.push((name, heap.address(edge.other), edge.into));
        }
    }
    found
}

/// How each block is held: by data, by the stack only, or not.
fn held(heap: &Heap) -> Vec<&'static str> {
    let from_roots = |stack: bool, avoid: &ObjectSet| {
        let mut start = ObjectSet::empty(heap.object_count());
        let is_stack = |place: &RootPlace| {
            matches!(place, RootPlace::Frame { .. } | RootPlace::Stack { .. } | RootPlace::NativeStack { .. })
        };
        for root in heap.roots().iter().filter(|root| stack || !is_stack(&root.place)) {
            start.insert(root.to);
        }
        reach(heap, &start, avoid)
    };
    let none = ObjectSet::empty(heap.object_count());
    let (all, lasting) = (from_roots(true, &none), from_roots(false, &none));
    let word = |object| match (lasting.contains(object), all.contains(object)) {
        (true, _) => "yes",
        (false, true) => "stack",
        (false, false) => "no",
    };
    heap.objects().filter(|&object| heap.family(object) == Family::Block).map(word).collect()
}

#[test]
fn blocks_keep_what_is_known_of_them() {
    let heap = heap(&paused(2));
    let first = heap.find(0, 0x12000).unwrap();
    assert_eq!((heap.size(first), heap.usable(first), heap.serial(first), heap.age(first)), (48, 56, 0x12000, 1));
    assert_eq!((count(&heap, Family::Block), count(&heap, Family::Module), count(&heap, Family::Frame)), (2, 1, 0));
    let module = heap.objects().find(|&object| heap.family(object) == Family::Module).unwrap();
    assert_eq!((heap.address(module), heap.size(module), heap.name(module)), (0x400, 0x100, Some("app")));
    assert_eq!(held(&heap), ["no", "no"]);
}

#[test]
fn static_data_holds_by_symbol_or_offset() {
    let mut paused = paused(4);
    put(&mut paused, 0x400, 0x12000);
    put(&mut paused, 0x408, 0x12044);
    put(&mut paused, 0x4fc, 0x12080);
    // Behind the static data: a dead word of the stack.
    put(&mut paused, 0x600, 0x120c0);
    let heap = heap(&paused);
    let wanted = [(".table", 0x12000, 0), (".table+0x8", 0x12040, 4), ("+252", 0x12080, 0)];
    assert_eq!(edges(&heap, Family::Module), wanted.map(|(name, to, into)| (name.to_owned(), to, into)));
    assert_eq!(held(&heap), ["yes", "yes", "yes", "no"]);
    assert!(matches!(&heap.roots()[0].place, RootPlace::Module { instance: 0, name } if name == "app"));
}

#[test]
fn globals_hold_but_not_the_stack_pointer() {
    let mut paused = paused(3);
    paused.globals = vec![
        GlobalValue { index: 0, value: 0x12000 },
        GlobalValue { index: 2, value: 0x12050 },
        GlobalValue { index: 3, value: 0x12080 },
    ];
    let heap = heap(&paused);
    assert_eq!(held(&heap), ["no", "yes", "yes"]);
    let root = heap.roots().iter().find(|root| heap.address(root.to) == 0x12040).unwrap();
    assert_eq!((root.into, root.conservative), (0x10, true));
    assert!(matches!(&root.place, RootPlace::Global { name, .. } if name == "cache"));
}

fn running(blocks: u64, shadow: Range<u64>, functions: &[u32]) -> Paused {
    Paused {
        running: true,
        shadow_stack: Some(shadow),
        frames: functions.iter().map(|&function| RawFrame::at(function, None)).collect(),
        native_words: Some(Vec::new()),
        ..paused(blocks)
    }
}

#[test]
fn the_live_shadow_stack_is_split_among_frames() {
    let mut paused = running(4, 0x10fa0..0x11000, &[0, 1, 2]);
    put(&mut paused, 0x10fa4, 0x12000);
    put(&mut paused, 0x10fc0, 0x12040);
    put(&mut paused, 0x10ffc, 0x12080);
    put(&mut paused, 0x10f9c, 0x120c0);
    let heap = heap(&paused);
    let frames: Vec<(u64, u64, &str)> = heap
        .objects()
        .filter(|&object| heap.family(object) == Family::Frame)
        .map(|object| (heap.address(object), heap.size(object), heap.name(object).unwrap()))
        .collect();
    assert_eq!(frames, [(0x10fa0, 0, "leaf"), (0x10fa0, 32, "inner"), (0x10fc0, 64, "outer")]);
    let wanted = [("+4", 0x12000, 0), ("+0", 0x12040, 0), ("+60", 0x12080, 0)];
    assert_eq!(edges(&heap, Family::Frame), wanted.map(|(name, to, into)| (name.to_owned(), to, into)));
    assert_eq!(held(&heap), ["stack", "stack", "stack", "no"]);
}

#[test]
fn words_that_fit_no_frame_are_roots_of_the_stack() {
    let mut paused = running(1, 0x10f00..0x11000, &[1, 2]);
    put(&mut paused, 0x10f08, 0x12004);
    let heap = heap(&paused);
    assert_eq!(edges(&heap, Family::Frame), []);
    let place = RootPlace::Stack { instance: 0, thread: 0, offset: 8 };
    assert!(heap.roots().iter().any(|root| root.place == place && root.into == 4));
    assert_eq!(held(&heap), ["stack"]);
}

#[test]
fn native_words_hold_by_either_half() {
    let mut paused = running(3, 0x10fa0..0x11000, &[1, 2]);
    paused.native_words = Some(vec![
        NativeWord { value: 0x7f00_0001_0000_0001, frame: Some(0) },
        NativeWord { value: 0x0001_2000_0001_2048, frame: Some(0) },
        NativeWord { value: 0x1_2080, frame: None },
        NativeWord { value: 0x1_2080, frame: Some(9) },
    ]);
    let heap = heap(&paused);
    let wanted = [("ValueStack(1)", 0x12000, 0), ("ValueStack(1)", 0x12040, 8)];
    let mut found = edges(&heap, Family::Frame);
    found.sort_by_key(|edge| edge.1);
    assert_eq!(found, wanted.map(|(name, to, into)| (name.to_owned(), to, into)));
    let slots: Vec<&RootPlace> = heap.roots().iter().map(|root| &root.place).collect();
    for slot in [2, 3] {
        assert!(slots.contains(&&RootPlace::NativeStack { instance: 0, thread: 0, slot }), "{slots:?}");
    }
    assert_eq!(held(&heap), ["stack", "stack", "stack"]);
}

#[test]
fn facts_say_what_could_be_seen() {
    let still = heap(&paused(0));
    assert_eq!((still.facts().locals, still.facts().shadow_stack), (Seen::None, Seen::None));
    assert_eq!((still.facts().snapshot, still.facts().notes.len()), (3, 0), "{:?}", still.facts().notes);
    let blind = Paused { native_words: None, shadow_stack: None, ..running(0, 0..0, &[1]) };
    let blind = heap(&blind);
    assert_eq!((blind.facts().locals, blind.facts().shadow_stack), (Seen::Unknown, Seen::Unknown));
    assert_eq!(blind.facts().notes.len(), 2);
    assert_eq!(still.facts().globals, Seen::Yes);
}

#[test]
fn contexts_are_shared_chains() {
    let mut paused = paused(3);
    let frame = |function| RawFrame::at(function, None);
    paused.contexts = RawContexts {
        frames: vec![Arc::from([frame(0), frame(2)]), Arc::from([frame(1), frame(2)]), Arc::from([])],
        entries: vec![None, Some(0), None],
        reallocators: Arc::from([0]),
    };
    for (block, key) in paused.blocks.iter_mut().zip([0, 1, 2]) {
        block.context = Some(ContextKey(key));
    }
    paused.blocks.push(LiveBlock { context: Some(ContextKey(77)), ..block(0x13000, 8) });
    let heap = heap(&paused);
    let names = |address| -> Vec<String> {
        let context = heap.context(heap.find(0, address).unwrap());
        context.map_or(Vec::new(), |context| heap.frames_of(context).map(|frame| frame.function.clone()).collect())
    };
    assert_eq!(names(0x12000), ["leaf", "outer"]);
    assert_eq!(names(0x12040), ["leaf", "inner", "outer"]);
    let entry = heap.frames_of(heap.context(heap.find(0, 0x12040).unwrap()).unwrap()).next().unwrap();
    assert!(entry.library && entry.reallocates);
    let moved_by = |address| heap.moved_by(heap.find(0, address).unwrap()).map(|frame| frame.function.as_str());
    assert_eq!([moved_by(0x12000), moved_by(0x12040), moved_by(0x12080)], [None, Some("leaf"), None]);
    assert_eq!([names(0x12080), names(0x13000)], [Vec::<String>::new(), Vec::new()]);
    assert_eq!(heap.context_count(), 4);
}

#[test]
fn what_the_guest_tells_is_believed() {
    let mut paused = paused(3);
    put(&mut paused, 0x12004, 0x12040);
    paused.told = Told {
        types: vec![ToldType {
            name: "Pair".into(),
            size: 8,
            fields: vec![ToldField { name: "second".into(), offset: 4, size: 4, type_name: "Pair".into() }],
        }],
        labels: vec![
            Label { address: 0x12000, type_name: "Pair".into() },
            Label { address: 0x12040, type_name: "[Pair]".into() },
        ],
        pins: vec![Pin { address: 0x12000, name: "page".into() }],
        links: vec![ToldLink { from: 0x12040, to: 0x12080, name: "pool" }],
    };
    let heap = heap(&paused);
    let type_name = |address| heap.type_of(heap.find(0, address).unwrap()).map(|ty| heap.type_record(ty).name.clone());
    assert_eq!(type_name(0x12000).as_deref(), Some("Pair"));
    assert_eq!(type_name(0x12040).as_deref(), Some("[Pair]"));
    assert_eq!(type_name(0x12080), None);
    assert_eq!(held(&heap), ["yes", "yes", "yes"]);
    assert!(heap.roots().iter().any(|root| matches!(&root.place, RootPlace::Host { name, .. } if name == "page")));
}

#[test]
fn impossible_blocks_are_refused_with_their_address() {
    let refused = |blocks: Vec<LiveBlock>| {
        let paused = Paused { blocks, ..paused(0) };
        capture(&paused, &symbols(), &GuestInfo::default()).unwrap_err().to_string()
    };
    assert!(refused(vec![block(0x100, 32), block(0x110, 8)]).starts_with("block 0x110 overlaps"));
    assert!(refused(vec![block(0x200, 8), block(0x100, 8)]).contains("at 0x200 with 8 bytes"));
    assert!(refused(vec![block(0x3_fff0, 64)]).contains("ends behind the memory (262144 bytes)"));
    assert!(refused(vec![block(u64::MAX, 1)]).starts_with("block 0xffffffffffffffff of 1 bytes ends"));
}

#[test]
fn objects_stand_in_the_order_of_addresses() {
    let heap = heap(&running(3, 0x10fa0..0x11000, &[0, 1, 2]));
    let addresses: Vec<u64> = heap.objects().map(|object| heap.address(object)).collect();
    assert!(addresses.is_sorted(), "{addresses:x?}");
    assert_eq!(heap.find(0, 0x12000).map(ObjectId::index), Some(4));
    assert_eq!(heap.family(ObjectId::new(0)), Family::Module);
}
