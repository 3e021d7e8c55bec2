//! Pausing a guest that neither allocates nor releases.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use heapy_host::paused::Paused;
use heapy_host::target::{Ending, Pause, Target, TargetOptions, WasiOptions};

/// Computes until it is told to stop, or for a minute or so, with a block alive.
const SPIN: &str = r#"(module
  (import "env" "stop" (func $stop (result i32)))
  (memory (export "memory") 1)
  (func $malloc (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func $work (param $block i32) (result i32) (local $n i32)
    (loop $again
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (i32.const 20_000_000))))
    (i32.load (local.get $block)))
  (func (export "_start") (local $block i32) (local $rounds i32)
    (local.set $block (call $malloc (i32.const 64)))
    (loop $again
      (drop (call $work (local.get $block)))
      (local.set $rounds (i32.add (local.get $rounds) (i32.const 1)))
      (br_if $again (i32.and (i32.eqz (call $stop)) (i32.lt_u (local.get $rounds) (i32.const 2000)))))))"#;

/// The snapshots that a guest gives out which is asked for one while it computes.
fn snapshots(pause: Pause) -> Vec<Paused> {
    let options = TargetOptions { pause, ..TargetOptions::default() };
    let mut target = Target::load(&wat::parse_str(SPIN).unwrap(), options).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    target.linker().func_wrap("env", "stop", move || i32::from(told.load(Ordering::SeqCst))).unwrap();
    let given = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (sink, taken) = (Arc::clone(&given), Arc::clone(&stop));
    let sink = Box::new(move |paused: Paused| {
        sink.lock().unwrap().push(paused);
        taken.store(true, Ordering::SeqCst);
    });
    let running = target.instantiate(&WasiOptions::default(), sink).unwrap();
    let requester = running.requester();
    let asking = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        requester.request("request");
        if pause == Pause::Allocations {
            // Nothing will come of it: the guest is let go after a while.
            std::thread::sleep(Duration::from_millis(100));
            stop.store(true, Ordering::SeqCst);
        }
    });
    assert_eq!(running.run().ending, Ending::Exit(0));
    asking.join().unwrap();
    std::mem::take(&mut *given.lock().unwrap())
}

#[test]
fn a_loop_without_allocations_is_paused() {
    let given = snapshots(Pause::Anywhere);
    let [paused] = given.as_slice() else { panic!("{} snapshots", given.len()) };
    assert_eq!((paused.reason.as_str(), paused.running), ("request", true));
    assert_eq!(paused.blocks.iter().map(|block| (block.address, block.size)).collect::<Vec<_>>(), [(1024, 64)]);
    // Inside of `work`, or between two calls of it; the block is in a local only, and is found there.
    assert!(paused.frames.iter().any(|frame| frame.function == 3), "{:?}", paused.frames);
    if let Some(words) = &paused.native_words {
        assert!(words.iter().any(|word| word.value & 0xFFFF_FFFF == 1024 || word.value >> 32 == 1024));
    }
}

#[test]
fn otherwise_it_waits_for_an_allocation() {
    assert!(snapshots(Pause::Allocations).is_empty());
}
