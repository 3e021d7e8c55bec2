//! Which blocks are live: each once, with its address and requested size, whatever the program does.

mod support;

use heapy_host::error::InstrumentError;
use heapy_host::instrument::{Options, instrument};
use support::{BUMP, attach, module};

fn with_bump(rest: &str) -> Vec<u8> {
    module(&format!("{BUMP}{rest}"))
}

#[test]
fn blocks_are_live_between_malloc_and_free() {
    let mut guest = attach(&with_bump(""), &Options::default(), &[]);
    let first = guest.call("malloc", &[24]).unwrap()[0];
    let second = guest.call("malloc", &[0]).unwrap()[0];
    assert_eq!(guest.live(), [(first as u64, 24), (second as u64, 0)]);
    guest.call("free", &[first]).unwrap();
    assert_eq!(guest.live(), [(second as u64, 0)]);
    let totals = guest.totals();
    assert_eq!((totals.allocations, totals.live_bytes, totals.peak_bytes, totals.wild_releases), (2, 0, 24, 0));
}

#[test]
fn failure_makes_no_block() {
    let mut guest = attach(&with_bump(""), &Options::default(), &[]);
    assert_eq!(guest.call("malloc", &[70_000]).unwrap(), [0]);
    assert_eq!(guest.live(), []);
    assert_eq!(guest.totals().allocations, 0);
}

#[test]
fn releasing_null_is_nothing_and_releasing_twice_is_told() {
    let mut guest = attach(&with_bump(""), &Options::default(), &[]);
    let block = guest.call("malloc", &[8]).unwrap()[0];
    guest.call("free", &[0]).unwrap();
    assert_eq!(guest.totals().wild_releases, 0);
    guest.call("free", &[block]).unwrap();
    guest.call("free", &[block]).unwrap();
    guest.call("free", &[-1]).unwrap();
    guest.call("free", &[block + 3]).unwrap();
    assert_eq!(guest.totals().wild_releases, 3);
    let notes = guest.pause().notes;
    assert!(notes.iter().any(|note| note.contains("3 releases") && note.contains("0x400")), "{notes:?}");
}

#[test]
fn serials_tell_a_block_from_its_successor_at_the_same_address() {
    let wat = r#"
      (memory (export "memory") 1)
      (func (export "malloc") (param i32) (result i32) (i32.const 4096))
      (func (export "free") (param i32))"#;
    let mut guest = attach(&module(wat), &Options::default(), &[]);
    guest.call("malloc", &[8]).unwrap();
    let first = guest.blocks()[0];
    assert_eq!(guest.blocks()[0].serial, first.serial);
    guest.call("free", &[4096]).unwrap();
    guest.call("malloc", &[8]).unwrap();
    assert_ne!(guest.blocks()[0].serial, first.serial);
    assert!(guest.blocks()[0].age > first.age);
}

/// `realloc` that does what its third argument says: 0 fails, 1 stays, 2 moves.
const REALLOC: &str = r#"
  (func (export "realloc") (param i32 i32 i32) (result i32)
    (if (i32.eqz (local.get 2)) (then (return (i32.const 0))))
    (if (i32.eq (local.get 2) (i32.const 1)) (then (return (local.get 0))))
    (i32.const 0x8000))"#;

#[test]
fn realloc_fails_stays_or_moves() {
    let mut guest = attach(&with_bump(REALLOC), &Options::default(), &[]);
    let block = guest.call("malloc", &[100]).unwrap()[0];
    let before = guest.blocks()[0];
    guest.call("realloc", &[block, 200, 0]).unwrap();
    assert_eq!(guest.blocks()[0], before);
    guest.call("realloc", &[block, 50, 1]).unwrap();
    let stayed = guest.blocks()[0];
    assert_eq!((stayed.address, stayed.size, stayed.serial), (before.address, 50, before.serial));
    guest.call("realloc", &[block, 300, 2]).unwrap();
    let moved = guest.blocks();
    assert_eq!((moved.len(), moved[0].address, moved[0].size), (1, 0x8000, 300));
    assert_ne!(moved[0].serial, before.serial);
    let by_realloc = |guest: &mut support::Guest, block: &heapy_host::paused::LiveBlock| {
        let contexts = guest.pause().contexts;
        let entry = contexts.entries[block.context.unwrap().0 as usize].unwrap();
        contexts.reallocators.contains(&entry)
    };
    assert_eq!([&stayed, &moved[0]].map(|block| by_realloc(&mut guest, block)), [false, true]);
    let totals = guest.totals();
    assert_eq!((totals.live_bytes, totals.peak_bytes), (300, 300));
}

#[test]
fn realloc_of_null_is_malloc() {
    let mut guest = attach(&with_bump(REALLOC), &Options::default(), &[]);
    guest.call("realloc", &[0, 10, 2]).unwrap();
    assert_eq!(guest.live(), [(0x8000, 10)]);
    assert_eq!(guest.totals().wild_releases, 0);
}

#[test]
fn each_layer_is_entered_and_each_block_told_once() {
    // As in wasi-libc: malloc passes on to dlmalloc, calloc goes there directly, posix_memalign allocates more and cuts.
    let wat = r#"
      (memory (export "memory") 1)
      (global $next (mut i32) (i32.const 1024))
      (func $dlmalloc (param i32) (result i32)
        (global.get $next)
        (global.set $next (i32.add (global.get $next) (i32.const 256))))
      (func $dlfree (param i32))
      (func $malloc (export "malloc") (param i32) (result i32) (call $dlmalloc (local.get 0)))
      (func $free (export "free") (param i32) (call $dlfree (local.get 0)))
      (func $calloc (export "calloc") (param i32 i32) (result i32)
        (call $dlmalloc (i32.mul (local.get 0) (local.get 1))))
      (func $helper (param i32 i32) (result i32)
        (i32.add (call $dlmalloc (i32.add (local.get 0) (local.get 1))) (i32.const 64)))
      (func $posix_memalign (export "posix_memalign") (param i32 i32 i32) (result i32)
        (if (i32.eqz (local.get 1)) (then (return (i32.const 28))))
        (i32.store (local.get 0) (call $helper (local.get 1) (local.get 2)))
        (i32.const 0))
      (func $__rust_alloc (export "__rust_alloc") (param i32 i32) (result i32) (call $malloc (local.get 0)))"#;
    let mut guest = attach(&module(wat), &Options::default(), &[]);
    guest.call("malloc", &[10]).unwrap();
    guest.call("calloc", &[3, 7]).unwrap();
    guest.call("posix_memalign", &[16, 64, 99]).unwrap();
    guest.call("posix_memalign", &[16, 0, 99]).unwrap();
    guest.call("__rust_alloc", &[5, 8]).unwrap();
    assert_eq!(guest.live(), [(1024, 10), (1280, 21), (1600, 99), (1792, 5)]);
    guest.call("free", &[1280]).unwrap();
    assert_eq!(guest.live(), [(1024, 10), (1600, 99), (1792, 5)]);
    assert_eq!(guest.totals().allocations, 4);
}

#[test]
fn rust_shims_with_an_allocator_of_their_own() {
    let wat = r#"
      (memory (export "memory") 1)
      (func (export "_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc") (param i32 i32) (result i32) (i32.const 512))
      (func (export "_RNvCsfLfy6EI15iL_7___rustc14___rust_dealloc") (param i32 i32 i32))
      (func (export "_RNvCsfLfy6EI15iL_7___rustc14___rust_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 768))"#;
    let mut guest = attach(&module(wat), &Options::default(), &[]);
    guest.call("_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc", &[40, 4]).unwrap();
    guest.call("_RNvCsfLfy6EI15iL_7___rustc14___rust_realloc", &[512, 40, 4, 80]).unwrap();
    assert_eq!(guest.live(), [(768, 80)]);
    guest.call("_RNvCsfLfy6EI15iL_7___rustc14___rust_dealloc", &[768, 80, 4]).unwrap();
    assert_eq!(guest.live(), []);
}

#[test]
fn assembly_script_objects_lie_behind_a_header() {
    let wat = r#"
      (memory (export "memory") 1)
      (func $"~lib/rt/tlsf/__alloc" (export "heap.alloc") (param i32) (result i32) (i32.const 256))
      (func $"~lib/rt/tlsf/__free" (export "heap.free") (param i32))
      (func $"~lib/rt/itcms/__new" (export "new") (param i32 i32) (result i32)
        (i32.add (call $"~lib/rt/tlsf/__alloc" (i32.add (local.get 0) (i32.const 16))) (i32.const 16)))"#;
    let mut guest = attach(&module(wat), &Options::default(), &[]);
    guest.call("new", &[33, 5]).unwrap();
    assert_eq!(guest.live(), [(272, 33)]);
    guest.call("heap.free", &[256]).unwrap();
    assert_eq!(guest.live(), []);
    guest.call("heap.alloc", &[200]).unwrap();
    assert_eq!(guest.live(), [(256, 200)]);
    guest.call("heap.free", &[256]).unwrap();
    assert_eq!((guest.live(), guest.totals().wild_releases), (vec![], 0));
}

#[test]
fn a_collector_inside_of_new_gives_back_other_objects() {
    let wat = r#"
      (memory (export "memory") 1)
      (global $next (mut i32) (i32.const 256))
      (func $"~lib/rt/tlsf/__alloc" (param i32) (result i32)
        (global.get $next) (global.set $next (i32.add (global.get $next) (i32.const 256))))
      (func $"~lib/rt/tlsf/__free" (param i32))
      (func $"~lib/rt/itcms/__new" (export "new") (param i32 i32) (result i32)
        (if (i32.gt_u (global.get $next) (i32.const 256)) (then (call $"~lib/rt/tlsf/__free" (i32.const 256))))
        (i32.add (call $"~lib/rt/tlsf/__alloc" (i32.add (local.get 0) (i32.const 16))) (i32.const 16)))"#;
    let mut guest = attach(&module(wat), &Options::default(), &[]);
    guest.call("new", &[8, 5]).unwrap();
    guest.call("new", &[9, 5]).unwrap();
    assert_eq!(guest.live(), [(528, 9)]);
}

#[test]
fn zig_allocators_resize_in_place_and_lie_close() {
    let wat = r#"
      (memory (export "memory") 1)
      (func $heap.BrkAllocator.alloc (export "alloc") (param i32 i32 i32 i32) (result i32) (local.get 0))
      (func $heap.BrkAllocator.resize (export "resize") (param i32 i32 i32 i32 i32 i32) (result i32) (local.get 0))
      (func $heap.BrkAllocator.free (export "free_") (param i32 i32 i32 i32 i32))"#;
    let mut guest = attach(&module(wat), &Options::default(), &[]);
    guest.call("alloc", &[1000, 3, 0, 0]).unwrap();
    guest.call("alloc", &[1008, 4, 0, 0]).unwrap();
    guest.call("resize", &[0, 1000, 3, 0, 9, 0]).unwrap();
    guest.call("resize", &[1, 1008, 4, 0, 2, 0]).unwrap();
    assert_eq!(guest.live(), [(1000, 3), (1008, 2)]);
    guest.call("free_", &[0, 1000, 3, 0, 0]).unwrap();
    assert_eq!(guest.live(), [(1008, 2)]);
}

/// A resize that does not read its block, and `caller`, which passes something else in its place.
fn with_careless_resize(caller: &str) -> Vec<u8> {
    module(&format!(
        r#"
      (memory (export "memory") 1)
      (table 1 funcref)
      (elem (i32.const 0) $heap.BrkAllocator.resize)
      (func $heap.BrkAllocator.alloc (export "alloc") (param i32 i32 i32 i32) (result i32) (local.get 0))
      (func $heap.BrkAllocator.resize (param i32 i32 i32 i32 i32 i32) (result i32)
        (i32.ge_u (local.get 2) (local.get 4)))
      {caller}"#
    ))
}

#[test]
fn a_wrapper_knows_the_block_that_a_careless_resize_is_not_told() {
    let wasm = with_careless_resize(
        r#"(func $list.resize (export "resize") (param i32 i32 i32 i32 i32 i32) (result i32)
        (i32.store (i32.const 0) (local.get 1))
        (call $heap.BrkAllocator.resize
          (local.get 4) (local.get 4) (local.get 2) (local.get 3) (local.get 4) (local.get 4)))"#,
    );
    let mut guest = attach(&wasm, &Options::default(), &[]);
    guest.call("alloc", &[8, 100, 0, 0]).unwrap();
    guest.call("alloc", &[1000, 100, 0, 0]).unwrap();
    guest.call("resize", &[0, 1000, 100, 0, 8, 0]).unwrap();
    assert_eq!(guest.live(), [(8, 100), (1000, 8)]);
}

#[test]
fn a_block_that_nobody_names_keeps_its_size_and_is_spoken_of() {
    let wasm = with_careless_resize(
        r#"(func $shrink (export "shrink") (param i32)
        (drop (call $heap.BrkAllocator.resize
          (local.get 0) (local.get 0) (i32.const 100) (i32.const 0) (local.get 0) (local.get 0))))"#,
    );
    let mut guest = attach(&wasm, &Options::default(), &[]);
    guest.call("alloc", &[8, 100, 0, 0]).unwrap();
    guest.call("shrink", &[8]).unwrap();
    assert_eq!(guest.live(), [(8, 100)]);
    let instrumented = instrument(&wasm, &Options::default()).unwrap();
    let notes = format!("{:?}", instrumented.map.notes());
    assert!(notes.contains("is not told which block `shrink` resizes"), "{notes}");
}

#[test]
fn a_wrapper_that_is_not_told_either_stands_for_nobody() {
    let wasm = with_careless_resize(
        r#"(func $list.resize (param i32 i32 i32 i32 i32 i32) (result i32)
        (call $heap.BrkAllocator.resize
          (local.get 4) (local.get 4) (local.get 2) (local.get 3) (local.get 4) (local.get 4)))
      (func $shrink (export "shrink") (param i32)
        (drop (call $list.resize
          (local.get 0) (local.get 0) (i32.const 100) (i32.const 0) (local.get 0) (local.get 0))))"#,
    );
    let mut guest = attach(&wasm, &Options::default(), &[]);
    guest.call("alloc", &[8, 100, 0, 0]).unwrap();
    guest.call("shrink", &[8]).unwrap();
    assert_eq!(guest.live(), [(8, 100)]);
    let notes = format!("{:?}", instrument(&wasm, &Options::default()).unwrap().map.notes());
    assert!(notes.contains("is not told which block `shrink` resizes"), "{notes}");
    assert!(notes.contains("is not told which block `list.resize` resizes"), "{notes}");
}

#[test]
fn a_given_allocator_at_any_address() {
    let wat = r#"
      (memory (export "memory") 1)
      (func $take (export "take") (param i32 i32) (result i32) (local.get 0))
      (func $give (export "give") (param i32 i32))"#;
    let options = Options { allocators: vec!["alloc=take:_,size;free=give:_,block".to_owned()], ..Options::default() };
    let mut guest = attach(&module(wat), &options, &[]);
    guest.call("take", &[4097, 100]).unwrap();
    guest.call("take", &[8200, 100_000_000]).unwrap();
    assert_eq!(guest.live(), [(4097, 100), (8200, 100_000_000)]);
    assert_eq!(guest.totals().live_bytes, 100_000_100);
    guest.call("give", &[0, 8200]).unwrap();
    guest.call("give", &[0, 4097]).unwrap();
    assert_eq!(guest.live(), []);
    assert_eq!(guest.totals().live_bytes, 0);
}

#[test]
fn wrong_specifications_are_refused_by_name() {
    let wasm = with_bump("");
    let refuse = |spec: &str| {
        let options = Options { allocators: vec![spec.to_owned()], ..Options::default() };
        instrument(&wasm, &options).map(|_| ()).unwrap_err()
    };
    let unknown = refuse("alloc=nowhere");
    assert!(matches!(&unknown, InstrumentError::UnknownAllocator { name, .. } if name == "nowhere"), "{unknown}");
    assert!(refuse("malloc").to_string().contains("ROLE=FUNCTION"));
    assert!(refuse("allocate=malloc").to_string().contains("`allocate` is no role"));
    assert!(refuse("alloc=free").to_string().contains("do not fit"));
    assert!(refuse("alloc=malloc:_,_,size").to_string().contains("do not fit"));
}

#[test]
fn what_a_shim_passes_on_to_is_called_without_it() {
    let wat = r#"
      (memory (export "memory") 1)
      (global $next (mut i32) (i32.const 1024))
      (func $mine (export "mine") (param $align i32) (param $size i32) (result i32)
        (global.get $next) (global.set $next (i32.add (global.get $next) (i32.const 256))))
      (func $take_back (export "take_back") (param $head i32) (param $block i32) (param $size i32))
      (func $__rust_alloc (export "__rust_alloc") (param i32 i32) (result i32)
        (call $mine (local.get 1) (local.get 0)))
      (func $__rust_dealloc (export "__rust_dealloc") (param i32 i32 i32)
        (call $take_back (i32.const 64) (local.get 0) (local.get 1)))"#;
    let mut guest = attach(&module(wat), &Options::default(), &[]);
    guest.call("mine", &[8, 40]).unwrap();
    guest.call("__rust_alloc", &[50, 8]).unwrap();
    assert_eq!(guest.live(), [(1024, 40), (1280, 50)]);
    guest.call("take_back", &[64, 1280, 50]).unwrap();
    guest.call("__rust_dealloc", &[1024, 40, 8]).unwrap();
    assert_eq!((guest.live(), guest.totals().wild_releases), (vec![], 0));
}

#[test]
fn growing_memory_is_covered_later() {
    let wat = r#"
      (memory (export "memory") 1)
      (func (export "malloc") (param i32) (result i32)
        (i32.mul (memory.grow (i32.const 100)) (i32.const 65536)))
      (func (export "free") (param i32))"#;
    let mut guest = attach(&module(wat), &Options::default(), &[]);
    for _ in 0..3 {
        guest.call("malloc", &[6_000_000]).unwrap();
    }
    let far = 201 * 65536;
    assert_eq!(guest.live(), [(65536, 6_000_000), (101 * 65536, 6_000_000), (far, 6_000_000)]);
    guest.call("free", &[far as i32]).unwrap();
    assert_eq!(guest.totals().live_bytes, 12_000_000);
}

#[test]
fn rust_allocators_that_were_optimised_with_the_program() {
    for name in ["bare_rs", "bare_rs.wee", "bare_rs.talc", "bare_rs.lol"] {
        let path = format!("{}/../tests/guests/out/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
        let mut guest = attach(&std::fs::read(&path).unwrap(), &Options::default(), &[]);
        let kept = guest.call("build", &[200]).unwrap()[0];
        let mut told: Vec<(u64, u64)> = (0..kept)
            .map(|index| {
                let address = guest.call("live", &[index]).unwrap()[0] as u64;
                (address, guest.call("size", &[index]).unwrap()[0] as u64)
            })
            .collect();
        told.sort_unstable();
        let live = guest.live();
        // Besides what it tells there is the vector of vectors.
        let others: Vec<_> = live.iter().filter(|block| !told.contains(block)).collect();
        assert!(told.iter().all(|block| live.contains(block)), "{name}: {told:?} {live:?}");
        assert_eq!((others.len(), others[0].1 % 12), (1, 0), "{name}: {others:?}");
        assert_eq!(guest.totals().wild_releases, 0, "{name}");
    }
}
