//! Pausing a guest that neither allocates nor releases.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::type_complexity, reason = "a test")]

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

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
    let asked = Arc::new(std::sync::Mutex::new(None::<Instant>));
    let at = Arc::clone(&asked);
    let sink = Box::new(move |paused: Paused| {
        let asked = asked.lock().unwrap().unwrap();
        println!("{pause:?}: {:?} after it was asked for, the snapshot included", asked.elapsed());
        sink.lock().unwrap().push(paused);
        taken.store(true, Ordering::SeqCst);
    });
    let running = target.instantiate(&WasiOptions::default(), sink).unwrap();
    let requester = running.requester();
    let asking = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        *at.lock().unwrap() = Some(Instant::now());
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
    check_spin(paused);
}

/// A snapshot of the guest that computes.
fn check_spin(paused: &Paused) {
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

/// Whether a signal can stop a guest here.
const SIGNALS: bool = cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")));

#[test]
fn a_signal_stops_a_loop_without_allocations() {
    let given = snapshots(Pause::Signal);
    assert_eq!(given.len(), usize::from(SIGNALS));
    let Some(paused) = given.first() else { return };
    check_spin(paused);
}

/// Allocates, releases, calls through a table, recurses, and computes for milliseconds with all sorts of registers between
/// two allocations; tells numbers that depend on everything.
const BUSY: &str = r#"(module
  (import "env" "done" (func $done (param i64 f64 i32)))
  (memory (export "memory") 4)
  (table 2 funcref)
  (elem (i32.const 0) $leaf $node)
  (type $step (func (param i32 i64 f64) (result f64)))
  (global $free (mut i32) (i32.const 0))
  (global $next (mut i32) (i32.const 4096))
  (global $sum (mut i64) (i64.const 0))
  (func $malloc (export "malloc") (param $size i32) (result i32) (local $block i32)
    (local.set $block (global.get $free))
    (if (local.get $block)
      (then (global.set $free (i32.load (local.get $block))))
      (else
        (local.set $block (global.get $next))
        (global.set $next (i32.add (global.get $next) (i32.const 64)))))
    (local.get $block))
  (func $free (export "free") (param $block i32)
    (i32.store (local.get $block) (global.get $free))
    (global.set $free (local.get $block)))
  (func $leaf (type $step) (local $n i32)
    (loop $again
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (local.set 1 (i64.add (i64.rotl (local.get 1) (i64.const 13)) (i64.extend_i32_u (local.get $n))))
      (local.set 2 (f64.sqrt (f64.add (local.get 2) (f64.convert_i32_u (local.get $n)))))
      (local.set 1 (i64.add (local.get 1) (call $fib (i32.and (local.get $n) (i32.const 7)))))
      (br_if $again (i32.lt_u (local.get $n) (i32.const 60_000))))
    (global.set $sum (i64.xor (global.get $sum) (local.get 1)))
    (local.get 2))
  (func $node (type $step) (local $block i32)
    (local.set $block (call $malloc (i32.and (local.get 0) (i32.const 63))))
    (i64.store (local.get $block) (local.get 1))
    (local.set 2 (f64.add
      (call_indirect (type $step)
        (i32.sub (local.get 0) (i32.const 1)) (i64.load (local.get $block)) (local.get 2)
        (i32.gt_s (local.get 0) (i32.const 1)))
      (call_indirect (type $step)
        (i32.sub (local.get 0) (i32.const 2)) (i64.load (local.get $block)) (local.get 2)
        (i32.gt_s (local.get 0) (i32.const 2)))))
    (call $free (local.get $block))
    (local.get 2))
  (func (export "_start") (local $round i32) (local $value f64)
    (loop $again
      (local.set $value (call $node (i32.const 7) (i64.extend_i32_u (local.get $round)) (local.get $value)))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $round) (i32.const 8))))
    (call $done (global.get $sum) (local.get $value) (global.get $next)))
  (func $fib (param i32) (result i64)
    (if (i32.lt_u (local.get 0) (i32.const 2)) (then (return (i64.const 1))))
    (i64.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))"#;

/// What the guest comes to, its totals, and the snapshots that are asked for all the while.
fn busy(ask: bool) -> ((i64, f64, i32), (u64, u64, u64), Vec<Paused>) {
    let options = TargetOptions { pause: Pause::Signal, ..TargetOptions::default() };
    let mut target = Target::load(&wat::parse_str(BUSY).unwrap(), options).unwrap();
    let result = Arc::new(std::sync::Mutex::new(None));
    let told = Arc::clone(&result);
    let done = move |sum: i64, value: f64, next: i32| *told.lock().unwrap() = Some((sum, value, next));
    target.linker().func_wrap("env", "done", done).unwrap();
    let given = Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = Arc::clone(&given);
    let sink = Box::new(move |paused: Paused| sink.lock().unwrap().push(Paused { memory: Vec::new(), ..paused }));
    let running = target.instantiate(&WasiOptions::default(), sink).unwrap();
    let requester = running.requester();
    let stop = Arc::new(AtomicBool::new(!ask));
    let ended = Arc::clone(&stop);
    let asking = std::thread::spawn(move || {
        while !ended.load(Ordering::SeqCst) {
            requester.request("request");
            std::thread::sleep(Duration::from_micros(300));
        }
    });
    let outcome = running.run();
    stop.store(true, Ordering::SeqCst);
    asking.join().unwrap();
    assert_eq!(outcome.ending, Ending::Exit(0));
    let totals = outcome.totals;
    let result = result.lock().unwrap().unwrap();
    (result, (totals.allocations, totals.live_bytes, totals.peak_bytes), std::mem::take(&mut *given.lock().unwrap()))
}

#[test]
fn a_guest_that_is_stopped_all_the_time_comes_to_the_same() {
    let (result, totals, none) = busy(false);
    assert!(none.is_empty());
    let (again, counted, given) = busy(true);
    assert_eq!((again, counted), (result, totals));
    println!("{} snapshots", given.len());
    let mut computing = 0;
    for paused in &given {
        // Each is whole: every allocation is live or was released, and no frame of the recursion is missing.
        let live: u64 = paused.totals.iter().map(|totals| totals.allocations - totals.frees).sum();
        assert_eq!(live, paused.blocks.len() as u64);
        assert!(paused.running);
        let (leaf, node, start, fib) = (3, 4, 5, 6);
        let frames: Vec<u32> = paused.frames.iter().map(|frame| frame.function).collect();
        let depth = frames.iter().filter(|function| **function == node).count();
        let mut kinds = frames.clone();
        kinds.dedup();
        assert_eq!(kinds.last(), Some(&start), "{frames:?}");
        if frames.contains(&leaf) {
            computing += 1;
            // Each active call of `node` has one block.
            assert_eq!(depth, paused.blocks.len(), "{frames:?}");
            let from = usize::from(kinds[0] != fib);
            assert_eq!(kinds, [fib, leaf, node, start][from..], "{frames:?}");
        }
    }
    assert!(computing > 0 || !SIGNALS);
}

/// A command that says that it has begun, computes for some tenths of a second without allocating, and ends with exit code 7.
const COMMAND: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "begun\n")
  (data (i32.const 0) "\10\00\00\00\06\00\00\00")
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "_start") (local $n i64)
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (loop $again
      (local.set $n (i64.add (local.get $n) (i64.const 1)))
      (br_if $again (i64.lt_u (local.get $n) (i64.const 600_000_000))))
    (call $exit (i32.const 7))))"#;

/// Records the command, with `during` called once it has begun; what it says of its snapshots.
fn record_command(when: &str, during: impl FnOnce(u32)) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("guest.wasm"), wat::parse_str(COMMAND).unwrap()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_heapy-host"))
        .args(["record", "guest.wasm", "-o", "run.heapy", "--snapshot-at", when])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut begun = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut begun).unwrap();
    during(child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!((&begun, output.status.code()), (b"begun\n", Some(7)));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_deadline_stops_a_command_that_does_not_allocate() {
    if SIGNALS {
        let said = record_command("every:20ms", |_| {});
        let count: u32 = said.lines().last().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap();
        assert!(count > 1, "{said}");
    }
}

#[test]
#[cfg(unix)]
fn the_signal_stops_a_command_that_does_not_allocate() {
    if SIGNALS {
        let said = record_command("exit", |process| {
            let sent = Command::new("kill").args(["-USR1", &process.to_string()]).status();
            assert!(sent.unwrap().success());
        });
        assert!(said.contains("2 snapshots"), "{said}");
    }
}
