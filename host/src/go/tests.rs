//! A small memory with the runtime's structures in it, right and damaged.

use std::collections::HashMap;
use std::ops::Range;

use proptest::prelude::*;

use super::heap::{Allocated, extents};
use super::program::Program;
use super::{Descriptors, Kind, frames};

const TYPES: Range<u64> = 0x1000..0x4000;
const DATA: Range<u64> = 0x4000..0x5000;
const SPANS: u64 = 0x6000;
const GOROUTINE: u64 = 0x7000;
const MACHINE: u64 = 0x7400;
const BITS: u64 = 0x7800;
const STACK: Range<u64> = 0x8000..0x9000;
const HEAP: u64 = 0x1_0000;

/// Memory that is filled front to back.
struct Memory {
    bytes: Vec<u8>,
    next: u64,
    known: HashMap<&'static str, u64>,
}

impl Memory {
    fn put(&mut self, at: u64, value: u64, size: usize) {
        self.bytes[at as usize..at as usize + size].copy_from_slice(&value.to_le_bytes()[..size]);
    }

    fn word(&mut self, at: u64, value: u64) {
        self.put(at, value, 8);
    }

    /// A name as descriptors have it.
    fn name(&mut self, name: &str) -> u64 {
        let at = self.next;
        self.bytes[at as usize + 1] = name.len() as u8;
        self.bytes[at as usize + 2..at as usize + 2 + name.len()].copy_from_slice(name.as_bytes());
        self.next = (at + 2 + name.len() as u64).next_multiple_of(8);
        at
    }

    fn descriptor(&mut self, name: &'static str, kind: u64, size: u64) -> u64 {
        let text = self.name(name);
        let at = self.next;
        self.next += 80;
        self.word(at, size);
        self.put(at + 23, kind, 1);
        self.put(at + 40, text - TYPES.start, 4);
        self.known.insert(name, at);
        at
    }

    fn structure(&mut self, name: &'static str, size: u64, fields: &[(&str, u64, &str)]) {
        let entries: Vec<[u64; 3]> =
            fields.iter().map(|(name, offset, ty)| [self.name(name), self.known[ty], *offset]).collect();
        let list = self.next;
        for (index, word) in entries.iter().flatten().enumerate() {
            self.word(list + 8 * index as u64, *word);
        }
        self.next += 24 * entries.len() as u64;
        let at = self.descriptor(name, 25, size);
        self.word(at + 56, list);
        self.word(at + 64, entries.len() as u64);
    }
}

/// One span of 512 objects of 16 bytes, of which the first three and the sixth are in use, one with headers, and a
/// goroutine.
fn memory() -> (Vec<u8>, Program) {
    let mut memory = Memory { bytes: vec![0; 0x2_0000], next: TYPES.start + 8, known: HashMap::new() };
    for (name, kind, size) in [("uintptr", 12, 8), ("uint16", 9, 2), ("uint8", 8, 1), ("uint32", 10, 4)] {
        memory.descriptor(name, kind, size);
    }
    memory.structure("runtime.stack", 16, &[("lo", 0, "uintptr"), ("hi", 8, "uintptr")]);
    memory.structure("runtime.gobuf", 16, &[("sp", 0, "uintptr"), ("g", 8, "uintptr")]);
    memory.structure("runtime.m", 8, &[("g0", 0, "uintptr")]);
    let goroutine = [
        ("stack", 0, "runtime.stack"),
        ("sched", 16, "runtime.gobuf"),
        ("m", 32, "uintptr"),
        ("atomicstatus", 40, "uint32"),
        ("goid", 48, "uintptr"),
    ];
    memory.structure("runtime.g", 56, &goroutine);
    let span = [
        ("startAddr", 0, "uintptr"),
        ("npages", 8, "uintptr"),
        ("freeindex", 16, "uint16"),
        ("nelems", 18, "uint16"),
        ("allocBits", 24, "uintptr"),
        ("spanclass", 32, "uint8"),
        ("state", 33, "uint8"),
        ("elemsize", 40, "uintptr"),
        ("largeType", 48, "uintptr"),
    ];
    memory.structure("runtime.mspan", 64, &span);
    for (index, (start, free, count, class, size)) in
        [(HEAP, 3, 512, 5, 16), (HEAP + 8192, 1, 8, 40, 1024)].into_iter().enumerate()
    {
        let at = SPANS + 64 * index as u64;
        memory.word(at, start);
        memory.word(at + 8, 1);
        memory.put(at + 16, free, 2);
        memory.put(at + 18, count, 2);
        memory.word(at + 24, BITS + 128 * index as u64);
        memory.put(at + 32, class, 1);
        memory.put(at + 33, 1, 1);
        memory.word(at + 40, size);
        memory.word(0x5800 + 8 * index as u64, at);
    }
    memory.put(BITS, 0b10_0000, 1);
    memory.word(HEAP + 8192, 0xabc0);
    for (at, words) in [(DATA.start + 0x100, [0x5800, 2, 2]), (DATA.start + 0x200, [0x5900, 1, 4])] {
        (0..).zip(words).for_each(|(index, word)| memory.word(at + 8 * index, word));
    }
    memory.word(0x5900, GOROUTINE);
    for (offset, word) in
        [(0, STACK.start), (8, STACK.end), (16, STACK.end - 64), (24, GOROUTINE), (32, MACHINE), (48, 7)]
    {
        memory.word(GOROUTINE + offset, word);
    }
    let program = Program { data: DATA, types: TYPES, imported: 2, strides: vec![24, 0, 8], ..Program::default() };
    (memory.bytes, program)
}

#[test]
fn objects_are_those_that_spans_have_in_use() {
    let (memory, program) = memory();
    let found = Allocated::read(&memory, &program, None);
    assert!(found.notes.is_empty(), "{:?}", found.notes);
    let objects: Vec<(u64, u64, u64)> = found.objects().collect();
    let places = [0, 1, 2, 5].map(|index| (HEAP + 16 * index, 16, 16));
    // The header of a larger object is not the program's.
    assert_eq!(objects, [&places[..], &[(HEAP + 8192 + 8, 1016, 1024)]].concat());
    let heap = found.heap(&program, &[1, 0, 0, 0, 9]);
    assert_eq!(heap.types, [1, 0, 0, 0, 0xabc0]);
    assert_eq!(heap.pointer_free, [true, true, true, true, false]);
    assert_eq!(extents(&memory, &program).map(|(extents, bytes)| (extents.blocks, bytes)), Some((5, 4 * 16 + 1016)));
}

#[test]
fn the_live_part_of_a_stack_begins_where_it_was_left_or_runs() {
    let (memory, program) = memory();
    let live = |pointer| {
        let heap = Allocated::read(&memory, &program, pointer).heap(&program, &[]);
        heap.stacks.unwrap().into_iter().map(|stack| (stack.goroutine, stack.live)).collect::<Vec<_>>()
    };
    assert_eq!(live(None), [(7, STACK.end - 64..STACK.end)]);
    assert_eq!(live(Some(STACK.end - 128)), [(7, STACK.end - 128..STACK.end)]);
}

#[test]
fn stacks_are_walked_by_the_sizes_of_frames() {
    let (mut memory, program) = memory();
    let mut put = |at: u64, counter: u64| memory[at as usize..][..8].copy_from_slice(&counter.to_le_bytes());
    put(STACK.start, 0x1000_0005);
    // The same function again is recursion.
    put(STACK.start + 24, 0x1000_0007);
    put(STACK.start + 48, 0x1002_0001);
    put(STACK.start + 56, 0x1001_0001);
    let found = frames(&memory, &program, STACK.start, 10, 256);
    let found: Vec<(u32, Option<u16>)> = found.iter().map(|frame| (frame.function, frame.block)).collect();
    assert_eq!(found, [(2, Some(5)), (4, Some(1))]);
    assert!(frames(&memory, &program, u64::MAX - 3, 10, 256).is_empty());
}

#[test]
fn missing_structures_are_told() {
    let (mut memory, program) = memory();
    memory[DATA.start as usize + 0x100..][..24].fill(0);
    let found = Allocated::read(&memory, &program, None);
    assert_eq!(found.notes, ["Go's heap could not be read: the runtime's list of spans was not found"]);
    let nothing = Program { types: 0..0, ..program };
    let notes = Allocated::read(&memory, &nothing, None).notes;
    assert!(notes.iter().any(|note| note.contains("no runtime.mspan as it is known")), "{notes:?}");
}

#[test]
fn what_is_no_descriptor_has_no_kind() {
    let (memory, program) = memory();
    let descriptors = Descriptors::new(&memory, &program.types);
    let span = descriptors.structs(&["runtime.mspan"])["runtime.mspan"];
    assert_eq!(descriptors.kind(span), Some(Kind::Struct));
    assert_eq!([span + 4, 8, u64::MAX - 7, 0x1_fff8].map(|at| descriptors.kind(at)), [None; 4]);
}

proptest! {
    #[test]
    fn damaged_structures_end_in_an_answer(
        changes in prop::collection::vec((0u64..0x9000, any::<u64>(), 0u32..3), 1..40),
        pointer in prop::option::of(any::<u64>()),
    ) {
        let (mut memory, program) = memory();
        for (at, value, kind) in changes {
            let at = (at & !7) as usize;
            // Small numbers and addresses do more harm than any others.
            let value = match kind { 0 => value, 1 => value % 0x2_0000, _ => value % 16 };
            memory[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        let found = Allocated::read(&memory, &program, pointer);
        let objects: Vec<(u64, u64, u64)> = found.objects().collect();
        let apart = |pair: &[(u64, u64, u64)]| pair[0].0 + pair[0].1 <= pair[1].0;
        prop_assert!(objects.windows(2).all(apart));
        prop_assert!(objects.iter().all(|(address, room, _)| address + room <= memory.len() as u64));
        extents(&memory, &program);
        frames(&memory, &program, pointer.unwrap_or(STACK.start), usize::MAX, u32::MAX);
    }
}
