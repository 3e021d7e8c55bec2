//! The functions as a guest calls them, over a heap of three blocks: 16 bytes held, 48 held by those, 100 leaked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use heapy_engine::{EdgeRecord, Heap, HeapBuilder, ObjectRecord, RootPlace, Use, Vocabulary, binding};
use heapy_guest::abi::{FUNCTIONS, MODULE, RECORD_BYTES, Record, code, limit, sort, tag};
use proptest::prelude::*;
use wasmtime::{Caller, Engine, Linker, Memory, MemoryType, Module, Store, Val};

use super::{Functions, Source, imports_heapy};
use crate::paused::{LiveBlock, Paused};

const BLOCKS: [(u64, u64); 3] = [(0x1000, 16), (0x1010, 48), (0x2000, 100)];
/// Where arguments and answers are put.
const NAME: u64 = 0;
const ARGUMENTS: u64 = 256;
const ANSWER: u64 = 512;
const TEXT: u64 = 1024;

struct Fake {
    functions: Functions,
    heap: fn(&Paused) -> Heap,
    memory: Option<Memory>,
    stored: AtomicU32,
}

fn live((address, size): (u64, u64)) -> LiveBlock {
    LiveBlock { address, size, usable: size, context: None, serial: address, age: 0 }
}

impl Source<()> for Fake {
    fn memory(&self, caller: &mut Caller<'_, ()>) -> Option<Memory> {
        self.memory.or_else(|| caller.get_export("memory")?.into_memory())
    }

    fn block_at(&self, _: &mut Caller<'_, ()>, address: u64) -> Option<LiveBlock> {
        BLOCKS.into_iter().find(|block| block.0 == address).map(live)
    }

    fn pause(&self, _: &mut Caller<'_, ()>, reason: &str) -> Result<Paused, String> {
        let mut paused = Paused {
            reason: reason.to_owned(),
            memory: vec![0; 1 << 16],
            blocks: BLOCKS.into_iter().map(live).collect(),
            ..Paused::default()
        };
        self.functions.annotate(&mut paused);
        Ok(paused)
    }

    fn capture(&self, paused: Paused) -> Result<Heap, String> {
        Ok((self.heap)(&paused))
    }

    fn store(&self, _: &mut Caller<'_, ()>, _: &str) -> Result<u32, String> {
        Ok(self.stored.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

fn heap_of(paused: &Paused) -> Heap {
    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    let keys: Vec<_> = paused
        .blocks
        .iter()
        .map(|block| {
            builder.add_object(ObjectRecord { serial: block.serial, ..ObjectRecord::block(block.address, block.size) })
        })
        .collect();
    if let [first, second, ..] = keys[..] {
        builder.add_root(RootPlace::Global { instance: 0, name: "list".into() }, first);
        builder.add_edge(EdgeRecord::at_offset(first, second, 8));
    }
    builder.finish().expect("is a heap")
}

/// A guest that does what the test says.
pub(super) struct Guest {
    store: Store<()>,
    linker: Linker<()>,
    memory: Memory,
}

impl Guest {
    pub(super) fn new() -> Self {
        Self::with(heap_of)
    }

    /// A guest of this heap.
    pub(super) fn with(heap: fn(&Paused) -> Heap) -> Self {
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let memory = Memory::new(&mut store, MemoryType::new(1, Some(1))).expect("a page");
        let module = Module::new(&engine, "(module)").expect("is a module");
        let mut linker = Linker::new(&engine);
        let functions = Functions::new();
        let fake = Fake { functions: functions.clone(), heap, memory: Some(memory), stored: AtomicU32::new(0) };
        let fake = Arc::new(fake);
        functions.add_to_linker(&mut linker, &module, &fake).expect("names are free");
        Self { store, linker, memory }
    }

    /// Calls a function; every argument is cut to 32 bits, as a guest would have to.
    pub(super) fn run(&mut self, function: &str, arguments: &[u64]) -> i64 {
        let found = self.linker.get(&mut self.store, MODULE, function).expect("is defined");
        let function = found.into_func().expect("is a function");
        let arguments: Vec<Val> = arguments.iter().map(|&argument| Val::I32(argument as u32 as i32)).collect();
        let mut results = [Val::I32(0)];
        function.call(&mut self.store, &arguments, &mut results).expect("no function traps");
        results[0].i32().map_or_else(|| results[0].unwrap_i64(), i64::from)
    }

    fn put(&mut self, at: u64, bytes: &[u8]) {
        self.memory.write(&mut self.store, at as usize, bytes).expect("is within the page");
    }

    pub(super) fn call(&mut self, target: i64, name: &str, arguments: &[Record]) -> Result<Record, i64> {
        self.put(NAME, name.as_bytes());
        for (index, argument) in arguments.iter().enumerate() {
            self.put(ARGUMENTS + (index * RECORD_BYTES) as u64, &argument.to_bytes());
        }
        let counts = [target as u64, NAME, name.len() as u64, ARGUMENTS, arguments.len() as u64, ANSWER];
        let result = self.run("call", &counts);
        if result < 0 {
            return Err(result);
        }
        let mut bytes = [0; RECORD_BYTES];
        self.memory.read(&self.store, ANSWER as usize, &mut bytes).expect("is within the page");
        Ok(Record::from_bytes(bytes))
    }

    pub(super) fn ask(&mut self, target: i64, name: &str) -> i64 {
        self.call(target, name, &[]).expect("has an answer").payload.cast_signed()
    }

    fn text_of(&mut self, text: i64) -> String {
        let mut whole = Vec::new();
        loop {
            let read = self.run("read", &[text as u64, whole.len() as u64, TEXT, 100]);
            let mut piece = vec![0; usize::try_from(read).expect("is a text")];
            self.memory.read(&self.store, TEXT as usize, &mut piece).expect("is within the page");
            whole.extend(piece);
            if read == 0 {
                return String::from_utf8(whole).expect("is UTF-8");
            }
        }
    }

    fn print(&mut self, target: i64) -> String {
        let text = self.run("text", &[target as u64, 0]);
        self.text_of(text)
    }

    fn message(&mut self) -> String {
        let length = self.run("error", &[TEXT, 4096]) as usize;
        let mut bytes = vec![0; length.min(4096)];
        self.memory.read(&self.store, TEXT as usize, &mut bytes).expect("is within the page");
        String::from_utf8(bytes).expect("is UTF-8")
    }
}

fn expected() -> Use {
    let paused = Paused { blocks: BLOCKS.into_iter().map(live).collect(), ..Paused::default() };
    Use::new(Arc::new(heap_of(&paused)))
}

pub(super) fn integer(value: i64) -> Record {
    Record { tag: tag::INT, sort: 0, length: 0, payload: value.cast_unsigned() }
}

pub(super) fn handle(value: i64) -> Record {
    Record { tag: tag::HANDLE, sort: 0, length: 0, payload: value.cast_unsigned() }
}

#[test]
fn a_guest_prints_the_same_tables_as_the_host() {
    let mut guest = Guest::new();
    let hp = guest.run("open", &[1]);
    let heap = guest.call(hp, "heap", &[]).expect("is a set");
    assert_eq!((heap.tag, heap.sort), (tag::HANDLE, sort::SET));
    let heap = heap.payload.cast_signed();
    assert_eq!(guest.print(heap), expected().heap().to_string());
    assert_eq!((guest.ask(heap, "count"), guest.ask(heap, "size")), (2, 64));
    let leaks = guest.ask(hp, "heapu");
    assert_eq!(guest.print(leaks), expected().heapu(false).expect("is a stat").to_string());
}

#[test]
fn sets_are_combined_and_lists_are_read() {
    let mut guest = Guest::new();
    let hp = guest.run("open", &[1]);
    let heap = guest.ask(hp, "heap");
    let first = guest.call(hp, "iso", &[integer(0x1000)]).expect("is a block").payload.cast_signed();
    let rest = guest.call(heap, "sub", &[handle(first)]).expect("are of one heap").payload.cast_signed();
    assert_eq!(guest.ask(rest, "size"), 48);
    let nodes = guest.call(heap, "nodes", &[]).expect("is a list");
    assert_eq!((nodes.tag, nodes.length), (tag::LIST, 2));
    assert_eq!(guest.run("item", &[nodes.payload, 1, ANSWER]), 0);
    assert_eq!(guest.run("item", &[nodes.payload, 2, ANSWER]), i64::from(code::NOT_FOUND));
    let partition = guest.ask(heap, "partition");
    let rows = guest.ask(partition, "get_rows");
    assert_eq!(guest.run("item", &[rows as u64, 0, ANSWER]), 0);
}

#[test]
fn references_survive_the_next_snapshot() {
    let mut guest = Guest::new();
    let hp = guest.run("open", &[1]);
    assert_eq!(guest.call(hp, "setref", &[]).map(|answer| answer.tag), Ok(tag::NONE));
    let heap = guest.ask(hp, "heap");
    assert_eq!(guest.ask(heap, "count"), 0);
    assert_eq!(guest.call(hp, "setrelheapg", &[]).map(|answer| answer.tag), Ok(tag::NONE));
    let leaks = guest.ask(hp, "heapg");
    assert_eq!(guest.ask(leaks, "count"), 0);
    let other = guest.run("open", &[1]);
    let heap = guest.ask(other, "heap");
    assert_eq!(guest.ask(heap, "count"), 2, "another top object has no reference");
}

#[test]
fn every_name_of_the_top_object_is_reached() {
    let mut guest = Guest::new();
    let hp = guest.run("open", &[1]);
    let names = binding::owner("Use").expect("is described").entries.iter().map(|entry| entry.name);
    let mut reached = 0;
    for name in names {
        let answer = guest.call(hp, name, &[]);
        assert_ne!(answer.err(), Some(i64::from(code::NAME)), "{name}");
        if let Ok(Record { tag: tag::HANDLE | tag::TEXT | tag::LIST, payload, .. }) = answer {
            assert_eq!(guest.run("release", &[payload]), 0, "{name}");
        }
        reached += 1;
    }
    assert!(reached > 30, "{reached}");
    assert_eq!(guest.call(hp, "monitor", &[]), Err(i64::from(code::UNAVAILABLE)));
    assert_eq!(guest.call(hp, "heep", &[]), Err(i64::from(code::NAME)));
    assert!(guest.message().contains("heep"), "{}", guest.message());
}

#[test]
fn errors_say_what_was_given() {
    let mut guest = Guest::new();
    assert_eq!(guest.run("open", &[0]), i64::from(code::VERSION));
    assert_eq!(guest.run("open", &[2]), i64::from(code::VERSION));
    assert!(guest.message().contains("version 2"));
    let hp = guest.run("open", &[1]);
    let heap = guest.ask(hp, "heap");
    assert_eq!(guest.call(heap, "by", &[integer(3)]), Err(i64::from(code::ARGUMENT)));
    assert!(guest.message().starts_with("by: "), "{}", guest.message());
    assert_eq!(guest.call(hp, "iso", &[integer(0x9999)]), Err(i64::from(code::NOT_FOUND)));
    assert_eq!(guest.run("read", &[heap as u64, 0, TEXT, 10]), i64::from(code::HANDLE));
    assert_eq!(guest.run("text", &[heap as u64, 9]), i64::from(code::ARGUMENT));
    assert_eq!(guest.run("error", &[TEXT, 3]), guest.message().len() as i64);
}

#[test]
fn a_guest_cannot_hold_more_than_its_limits() {
    let mut guest = Guest::new();
    let hp = guest.run("open", &[1]);
    let heaps: Vec<i64> = (0..limit::SNAPSHOTS).map(|_| guest.ask(hp, "heap")).collect();
    assert_eq!(guest.call(hp, "heap", &[]), Err(i64::from(code::LIMIT)));
    for heap in heaps {
        assert_eq!(guest.run("release", &[heap as u64]), 0);
        assert_eq!(guest.run("release", &[heap as u64]), i64::from(code::HANDLE));
    }
    let heap = guest.ask(hp, "heap");
    let refused = (0..limit::HANDLES).find_map(|_| guest.call(heap, "referents", &[]).err());
    assert_eq!(refused, Some(i64::from(code::LIMIT)));
    assert_eq!(guest.run("release", &[heap as u64]), 0);
    assert!(guest.run("open", &[1]) > 0);
}

#[test]
fn what_is_said_of_blocks_shows_in_the_heap() {
    let mut guest = Guest::new();
    let hp = guest.run("open", &[1]);
    guest.put(NAME, b"app::Page");
    assert_eq!(guest.run("label", &[0x1000, NAME, 9, 0]), 1, "not described");
    assert_eq!(guest.run("label", &[0x1004, NAME, 9, 0]), i64::from(code::NOT_FOUND));
    assert_eq!(guest.run("label", &[0x1000, NAME, 9, 2]), i64::from(code::ARGUMENT));
    assert_eq!(guest.run("hide", &[0x2000]), 0);
    let leaks = guest.ask(hp, "heapg");
    assert_eq!(guest.ask(leaks, "count"), 0, "the leaked block is hidden");
    assert_eq!(guest.run("pin", &[0x1000, NAME, 9]), 0);
    assert_eq!(guest.run("unpin", &[0x1000]), 0);
    assert_eq!(guest.run("unpin", &[0x1000]), i64::from(code::NOT_FOUND));
    let pool = guest.run("allocator", &[NAME, 9, 0]);
    assert_eq!(guest.run("allocated", &[pool as u64, 0x1018, 8]), 0);
    let heap = guest.ask(hp, "heap");
    let all = guest.ask(hp, "heapg");
    assert_eq!(guest.ask(heap, "count") + guest.ask(all, "count"), 4, "48 bytes are cut into 8, 8 and 32");
    assert_eq!(guest.run("freed", &[pool as u64, 0x1018]), 0);
    assert_eq!(guest.run("reset", &[pool as u64]), 0);
    assert_eq!(guest.run("snapshot", &[NAME, 9]), 1);
}

#[test]
fn layouts_are_told_as_records() {
    let mut guest = Guest::new();
    guest.put(NAME, b"app::Page.next");
    let text = |at: u64, length| Record { tag: tag::TEXT, sort: 0, length, payload: at };
    let layout =
        [text(NAME, 9), integer(16), text(NAME + 10, 4), integer(8), integer(4), text(NAME, 9)].map(Record::to_bytes);
    guest.put(ARGUMENTS, &layout.concat());
    assert_eq!(guest.run("describe", &[ARGUMENTS, 6]), 0);
    assert_eq!(guest.run("label", &[0x1000, NAME, 9, 0]), 0, "described");
    for count in [0, 1, 3, 4, 5] {
        assert_eq!(guest.run("describe", &[ARGUMENTS, count]), i64::from(code::ARGUMENT), "{count} records");
    }
}

#[test]
fn guests_of_both_widths_are_linked() {
    let body = |word: &str, memory: &str| {
        format!(
            r#"(module
                (import "heapy" "open" (func $open (param i32) (result i32)))
                (import "heapy" "call" (func $call (param i32 {word} {word} {word} {word} {word}) (result i32)))
                (import "heapy" "length" (func $length (param i32) (result i64)))
                (memory (export "memory") {memory} 1)
                (data ({word}.const 0) "heap")
                (func (export "run") (result i32)
                    (call $call (call $open (i32.const 1)) ({word}.const 0) ({word}.const 4) ({word}.const 0)
                        ({word}.const 0) ({word}.const 64))))"#
        )
    };
    let mut config = wasmtime::Config::new();
    config.wasm_memory64(true);
    let engine = Engine::new(&config).expect("is supported");
    for (word, memory) in [("i32", ""), ("i64", "i64")] {
        let module = Module::new(&engine, body(word, memory)).expect("is a module");
        assert!(imports_heapy(&module));
        let mut linker = Linker::new(&engine);
        let fake = Fake { functions: Functions::new(), heap: heap_of, memory: None, stored: AtomicU32::new(0) };
        Functions::new().add_to_linker(&mut linker, &module, &Arc::new(fake)).expect("names are free");
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module).expect("imports fit");
        let run = instance.get_typed_func::<(), i32>(&mut store, "run").expect("is exported");
        assert_eq!(run.call(&mut store, ()).expect("does not trap"), 0, "{word}");
        let memory = instance.get_memory(&mut store, "memory").expect("is exported");
        assert_eq!(memory.data(&store)[64], tag::HANDLE as u8, "{word}");
    }
    assert!(!imports_heapy(&Module::new(&engine, "(module)").expect("is a module")));
}

/// Numbers as a hostile guest would choose them: near the edges, and near what is right.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        0u64..4,
        Just(0x1000),
        Just(0x1010),
        0x1_0000u64..0x1_0003,
        65_500u64..65_540,
        Just(u64::from(u32::MAX)),
        Just(0x8000_0000),
        any::<u32>().prop_map(u64::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_a_guest_passes_traps(
        calls in prop::collection::vec((0usize..FUNCTIONS.len(), prop::collection::vec(number(), 6)), 1..80),
        bytes in prop::collection::vec(any::<u8>(), 512),
    ) {
        let mut guest = Guest::new();
        guest.put(0, &bytes);
        let hp = guest.run("open", &[1]);
        let heap = guest.ask(hp, "heap");
        for (function, mut numbers) in calls {
            let (name, count) = FUNCTIONS[function];
            if numbers[5] % 2 == 0 {
                numbers[0] = heap as u64;
            }
            let result = guest.run(name, &numbers[..count]);
            prop_assert!(result >= i64::from(code::NOT_FOUND), "{} answers {}", name, result);
        }
        prop_assert_eq!(guest.run("length", &[0]), i64::from(code::HANDLE));
        prop_assert!(guest.run("open", &[1]) > 0);
    }
}
