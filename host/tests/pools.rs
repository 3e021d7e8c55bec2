//! Pools and arenas that are named: blocks inside of blocks are told once, as what they were handed out as.

mod support;

use heapy_host::error::InstrumentError;
use heapy_host::instrument::{AllocatorReport, Options, instrument};
use heapy_host::paused::Paused;
use support::{BUMP, Guest, attach, module};

/// On top of `BUMP`: `take` hands out whatever address it is given, for the arena in its first parameter.
const POOL: &str = r#"
  (func $take (export "take") (param $arena i32) (param $at i32) (param $size i32) (result i32) (local.get $at))
  (func $take_two (export "take_two") (param $arena i32) (param $at i32) (param $size i32) (result i32)
    (drop (call $take (local.get $arena) (i32.add (local.get $at) (i32.const 512)) (local.get $size)))
    (call $take (local.get $arena) (local.get $at) (local.get $size)))
  (func $slot (export "slot") (param $pool i32) (param $at i32) (result i32) (local.get $at))
  (func $give (export "give") (param $pool i32) (param $at i32) (result i32) (i32.const 1))
  (func $resize (export "resize") (param $from i32) (param $to i32) (param $size i32) (result i32) (local.get $to))
  (func $reset (export "reset") (param $arena i32) (param $mark i32))
  (func $refill (export "refill") (param $arena i32) (param $size i32) (result i32) (call $malloc (local.get $size)))
  (func $realloc (export "realloc") (param $from i32) (param $size i32) (param $to i32) (result i32) (local.get $to))
"#;

const ARENA: &str = "arena words: alloc=take:handle,_,size; reset=reset:handle,block; realloc=resize:block,_,size";
const SLOTS: &str = "pool slots: alloc=slot:handle,_,size@4; free=give:_,block";

fn guest(specs: &[&str]) -> Guest {
    let options = Options { allocators: specs.iter().map(|&spec| spec.to_owned()).collect(), ..Options::default() };
    attach(&module(&format!("{BUMP}{POOL}")), &options, &[])
}

/// Labels and pieces of a snapshot: address, size, label.
fn pieces(paused: &Paused) -> Vec<(u64, u64, String)> {
    let label = |address: u64| {
        let found = paused.told.labels.iter().find(|label| label.address == address);
        found.map(|label| label.type_name.to_string()).unwrap_or_default()
    };
    paused.blocks.iter().map(|block| (block.address, block.size, label(block.address))).collect()
}

#[test]
fn a_block_stands_as_what_is_inside_of_it_and_what_is_left() {
    let mut guest = guest(&[ARENA]);
    let slab = guest.call("malloc", &[256]).unwrap()[0];
    guest.call("take", &[7, slab + 32, 40]).unwrap();
    guest.call("take", &[7, slab + 80, 3]).unwrap();
    assert_eq!(guest.call("take", &[7, 0, 3]).unwrap(), [0], "failure makes no block");
    let paused = guest.pause();
    let at = slab as u64;
    let rest = || "rest of arena words".to_owned();
    assert_eq!(
        pieces(&paused),
        [(at, 32, rest()), (at + 32, 40, String::new()), (at + 80, 3, String::new()), (at + 83, 173, rest())]
    );
    // Eight bytes between the two are padding.
    assert_eq!(paused.blocks.iter().map(|block| block.usable).sum::<u64>(), 256);
    // Who holds the arena holds all.
    assert!(paused.told.links.iter().any(|link| (link.from, link.to, link.name) == (at, at + 80, "block")));
    let totals = guest.totals();
    assert_eq!((totals.allocations, totals.live_bytes), (3, 256));
    let live: u64 = paused.totals.iter().map(|totals| totals.allocations - totals.frees).sum();
    assert_eq!(live, 3);
    // What was handed out has contexts of its own, the slab has another.
    let contexts: Vec<_> = paused.blocks.iter().map(|block| block.context).collect();
    assert_eq!((contexts[0], contexts[1]), (contexts[3], contexts[2]));
    assert_ne!(contexts[0], contexts[1]);
}

#[test]
fn what_is_inside_goes_with_its_block() {
    let mut guest = guest(&[ARENA]);
    let slab = guest.call("malloc", &[256]).unwrap()[0];
    guest.call("take", &[7, slab, 16]).unwrap();
    guest.call("take", &[7, slab + 64, 16]).unwrap();
    guest.call("free", &[slab]).unwrap();
    assert_eq!(guest.live(), []);
    // Another block at the same place has nothing inside.
    guest.call("realloc", &[0, 200, slab]).unwrap();
    assert_eq!(guest.live(), [(slab as u64, 200)]);
    assert_eq!(guest.totals().wild_releases, 0);
}

#[test]
fn a_block_that_moves_takes_what_is_inside_along() {
    let mut guest = guest(&[ARENA]);
    let slab = guest.call("malloc", &[256]).unwrap()[0];
    guest.call("take", &[7, slab, 16]).unwrap();
    guest.call("take", &[7, slab + 240, 16]).unwrap();
    guest.call("realloc", &[slab, 128, 0x8000]).unwrap();
    assert_eq!(guest.live(), [(0x8000, 16), (0x8010, 112)]);
    // In place it keeps what there is room for.
    guest.call("take", &[7, 0x8040, 64]).unwrap();
    guest.call("realloc", &[0x8000, 100, 0x8000]).unwrap();
    assert_eq!(guest.live(), [(0x8000, 16), (0x8010, 84)]);
    guest.call("free", &[0x8000]).unwrap();
    assert_eq!((guest.live(), guest.totals().live_bytes), (vec![], 0));
}

#[test]
fn a_reset_takes_back_what_its_handle_has_handed_out_since_the_mark() {
    let mut guest = guest(&[ARENA]);
    let slab = guest.call("malloc", &[1024]).unwrap()[0];
    let at = slab as u64;
    let whole = |live: Vec<(u64, u64)>| live.into_iter().filter(|(_, size)| *size == 16).collect::<Vec<_>>();
    for (arena, offset) in [(7, 0), (8, 100), (7, 200), (7, 300)] {
        guest.call("take", &[arena, slab + offset, 16]).unwrap();
    }
    // The mark is a block's start, or where the next would have begun.
    guest.call("reset", &[7, slab + 216]).unwrap();
    assert_eq!(whole(guest.live()), [(at, 16), (at + 100, 16), (at + 200, 16)]);
    guest.call("reset", &[7, slab + 200]).unwrap();
    assert_eq!(whole(guest.live()), [(at, 16), (at + 100, 16)]);
    guest.call("take", &[7, slab + 400, 16]).unwrap();
    guest.call("reset", &[7, 0]).unwrap();
    assert_eq!(whole(guest.live()), [(at + 100, 16)]);
    // The same addresses again are no overlap.
    guest.call("take", &[7, slab, 16]).unwrap();
    assert_eq!(guest.pause().overlap, None);
}

#[test]
fn blocks_change_their_size_and_are_given_back() {
    let mut guest = guest(&[ARENA, SLOTS]);
    let slab = guest.call("malloc", &[512]).unwrap()[0];
    guest.call("take", &[7, slab, 16]).unwrap();
    guest.call("resize", &[slab, slab, 48]).unwrap();
    assert_eq!(guest.live()[0], (slab as u64, 48));
    guest.call("resize", &[slab, slab + 64, 80]).unwrap();
    assert_eq!(guest.live()[1], (slab as u64 + 64, 80));
    // The size stands in the pool's head, 4 bytes in; the function returns something.
    let memory = guest.instance.get_memory(&mut guest.store, "memory").unwrap();
    memory.data_mut(&mut guest.store)[100 + 4] = 24;
    guest.call("slot", &[100, slab + 256]).unwrap();
    assert!(guest.live().contains(&(slab as u64 + 256, 24)));
    guest.call("give", &[100, slab + 256]).unwrap();
    assert!(!guest.live().contains(&(slab as u64 + 256, 24)));
    assert_eq!(guest.totals().wild_releases, 0);
    guest.call("give", &[100, slab + 256]).unwrap();
    guest.call("give", &[100, 0]).unwrap();
    assert_eq!(guest.totals().wild_releases, 1);
    // A handle that points nowhere says nothing of the size.
    guest.call("slot", &[-4, slab + 300]).unwrap();
}

#[test]
fn a_pool_in_static_memory_counts_for_itself() {
    let mut guest = guest(&[SLOTS]);
    let memory = guest.instance.get_memory(&mut guest.store, "memory").unwrap();
    memory.data_mut(&mut guest.store)[4] = 16;
    guest.call("slot", &[0, 512]).unwrap();
    guest.call("slot", &[0, 256]).unwrap();
    assert_eq!((guest.live(), guest.totals().live_bytes), (vec![(256, 16), (512, 16)], 32));
    let block = guest.call("malloc", &[10]).unwrap()[0];
    guest.call("give", &[0, 512]).unwrap();
    assert_eq!((guest.live(), guest.totals().live_bytes), (vec![(256, 16), (block as u64, 10)], 26));
}

#[test]
fn functions_of_one_pool_tell_a_block_once_and_pools_stand_on_each_other() {
    let over = "pool parts: alloc=slot:_,_,size=8";
    let mut guest = guest(&["arena words: alloc=take:handle,_,size; alloc=take_two:handle,_,size", over]);
    let slab = guest.call("malloc", &[2048]).unwrap()[0];
    let at = slab as u64;
    guest.call("take_two", &[7, slab, 64]).unwrap();
    assert_eq!(guest.live(), [(at, 64), (at + 64, 1984)], "what is inside of the call is not told");
    guest.call("slot", &[0, slab + 8]).unwrap();
    assert_eq!(guest.live(), [(at, 8), (at + 8, 8), (at + 16, 48), (at + 64, 1984)]);
    let labels: Vec<_> = pieces(&guest.pause()).into_iter().map(|(.., label)| label).collect();
    assert_eq!(labels, ["rest of pool parts", "", "rest of pool parts", "rest of arena words"]);
    // The one below goes, and what stands on it.
    guest.call("free", &[slab]).unwrap();
    assert_eq!(guest.live(), []);
}

#[test]
fn what_is_handed_out_twice_is_told_with_both() {
    let mut guest = guest(&[ARENA]);
    let slab = guest.call("malloc", &[256]).unwrap()[0];
    guest.call("take", &[7, slab + 16, 32]).unwrap();
    guest.call("take", &[7, slab + 40, 32]).unwrap();
    let overlap = guest.pause().overlap.unwrap();
    assert_eq!((overlap.count, overlap.address), (1, slab as u64 + 16));
    assert!(overlap.again.0.contains("alloc=#") && overlap.again.0.contains("take"), "{overlap:?}");
    assert!(guest.live().contains(&(slab as u64 + 40, 32)));
}

#[test]
fn contexts_of_slabs_begin_in_the_pool() {
    let mut guest = guest(&["arena words: alloc=refill:handle,size"]);
    guest.call("refill", &[7, 64]).unwrap();
    let paused = guest.pause();
    // The arena has passed the slab on as it is: it is shown once, as the arena's.
    assert_eq!(paused.blocks.iter().map(|block| (block.address, block.size)).collect::<Vec<_>>(), [(1024, 64)]);
    let frames =
        |context: usize| paused.contexts.frames[context].iter().map(|frame| frame.function).collect::<Vec<_>>();
    let refill = 9;
    assert_eq!((frames(0), frames(1)), (vec![refill], vec![]), "{:?}", paused.contexts.entries);
}

#[test]
fn wrong_specifications_are_refused_by_name() {
    let wasm = module(&format!("{BUMP}{POOL}"));
    let refuse = |spec: &str| {
        let options = Options { allocators: vec![spec.to_owned()], ..Options::default() };
        instrument(&wasm, &options).map(|_| ()).unwrap_err()
    };
    let unknown = refuse("pool x: alloc=nowhere");
    assert!(matches!(&unknown, InstrumentError::UnknownAllocator { name, .. } if name == "nowhere"), "{unknown}");
    for (spec, reason) in [
        ("pool: alloc=slot:_,_", "needs a parameter `size`"),
        ("pool: alloc=slot:_,_,size@4", "needs a parameter `handle`"),
        ("pool: free=give:handle", "needs a parameter `block`"),
        ("pool: take=slot", "`take` is no role of a pool or arena"),
        ("arena a: alloc=take:handle,_,size; reset=take", "given as `take` already"),
        ("arena a: alloc=free", "do not fit"),
        ("arena a: reset=reset:_,_,_,block", "do not fit"),
        ("pool x", "ROLE=FUNCTION"),
    ] {
        let refused = refuse(spec).to_string();
        assert!(refused.contains(reason) && refused.contains(spec), "{spec}: {refused}");
    }
}

#[test]
fn what_is_found_is_printed_in_the_form_that_is_taken() {
    let wasm = module(&format!("{BUMP}{POOL}"));
    let specs = [ARENA.to_owned(), SLOTS.to_owned()];
    let report = AllocatorReport::of(&wasm, &specs).unwrap();
    let of = |allocator: &str| -> Vec<String> {
        let found = report.candidates.iter().filter(|candidate| candidate.allocator == allocator);
        found.map(|candidate| candidate.specification.clone()).collect()
    };
    assert_eq!(of("arena words"), ["alloc=#3:handle,_,size", "realloc=#7:block,_,size", "reset=#8:handle,block"]);
    assert_eq!(of("pool slots"), ["alloc=#5:handle,size@4", "free=#6:_,block"]);
    let again = format!("arena words: {}", of("arena words").join("; "));
    assert!(AllocatorReport::of(&wasm, &[again]).is_ok());
}
