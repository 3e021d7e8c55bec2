//! What all allocations came to by context, and the snapshot of the peak, on guests of which both are known.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod support;

use heapy_host::instrument::{Contexts, Options};
use heapy_host::paused::{Paused, RawTotals};
use support::{Guest, attach, module};

/// `realloc` stays in place up to 64 bytes. Nothing is used again, except by `again`, which gives out the address that it
/// is given.
const ALLOCATOR: &str = r#"
  (memory (export "memory") 40)
  (global $next (mut i32) (i32.const 65536))
  (func $malloc (export "malloc") (param $size i32) (result i32)
    (global.get $next)
    (global.set $next (i32.add (global.get $next)
      (i32.and (i32.add (local.get $size) (i32.const 79)) (i32.const -16)))))
  (func $free (export "free") (param i32))
  (func $realloc (export "realloc") (param $block i32) (param $size i32) (result i32)
    (if (result i32) (i32.le_u (local.get $size) (i32.const 64))
      (then (local.get $block)) (else (call $malloc (local.get $size)))))
"#;

const KNOWN: &str = r#"
  (func $temporary (local $n i32)
    (loop $again
      (call $free (call $malloc (i32.const 100)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (i32.const 10)))))
  (func $kept (local $q i32)
    (local.set $q (call $malloc (i32.const 40)))
    (drop (call $malloc (i32.const 30)))
    (call $free (local.get $q)))
  (func $grown (local $g i32)
    (local.set $g (call $realloc (call $malloc (i32.const 16)) (i32.const 48)))
    (drop (call $malloc (i32.const 8)))
    (drop (call $realloc (local.get $g) (i32.const 32)))
    (drop (call $realloc (local.get $g) (i32.const 200))))
  (func (export "run") (call $temporary) (call $kept) (call $grown) (call $temporary))
"#;

fn sum(totals: &[RawTotals]) -> [u64; 4] {
    let sum = |of: fn(&RawTotals) -> u64| totals.iter().map(of).sum();
    [sum(|row| row.allocations), sum(|row| row.bytes), sum(|row| row.frees), sum(|row| row.temporary)]
}

#[test]
fn totals_are_exact() {
    for contexts in [Contexts::Full, Contexts::Off] {
        let options = Options { contexts, ..Options::default() };
        let mut guest = attach(&module(&format!("{ALLOCATOR}{KNOWN}")), &options, &[]);
        // A second time everything is known, and the guest's own code counts.
        for times in 1..=3 {
            guest.call("run", &[]).unwrap();
            let paused = guest.pause();
            // 10 + 10 temporary ones, 40, 30, 16 that grows by 32, 8, and 200 in place of those 32.
            let each = [25, 2000 + 40 + 30 + 16 + 32 + 8 + 200, 22, 20];
            assert_eq!(sum(&paused.totals), each.map(|number| number * times), "{contexts:?}");
            assert_eq!(paused.allocations, 25 * times);
            let rows = if contexts == Contexts::Full { 7 } else { 1 };
            assert_eq!(paused.totals.len(), rows);
            let temporary = paused.totals.iter().filter(|row| row.temporary > 0);
            assert!(temporary.clone().all(|row| row.frees >= row.temporary));
            assert_eq!(temporary.count(), if contexts == Contexts::Full { 2 } else { 1 });
        }
    }
}

/// Grows by 100 bytes 1,000 times, with a release in between each, and falls; then does the same half as high.
const PEAKS: &str = r#"
  (func $climb (param $blocks i32) (local $n i32)
    (loop $up
      (i32.store (i32.mul (local.get $n) (i32.const 4)) (call $malloc (i32.const 100)))
      (call $free (call $malloc (i32.const 10)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $up (i32.lt_u (local.get $n) (local.get $blocks))))
    (loop $down
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (call $free (i32.load (i32.mul (local.get $n) (i32.const 4))))
      (br_if $down (local.get $n))))
  (func (export "run") (call $climb (i32.const 1000)) (call $climb (i32.const 500)))
  (func (export "up") (drop (call $malloc (i32.const 1000000))))
"#;

fn peaks(conditions: &[&str]) -> Guest {
    let options = Options { peak: true, ..Options::default() };
    let guest = attach(&module(&format!("{ALLOCATOR}{PEAKS}")), &options, conditions);
    guest.attached.keep_peak();
    guest
}

fn live(paused: &Paused) -> u64 {
    paused.blocks.iter().map(|block| block.size).sum()
}

#[test]
fn the_peak_is_kept_beside_what_is_asked_for() {
    let mut guest = peaks(&["exit"]);
    guest.call("run", &[]).unwrap();
    guest.attached.finish(&mut guest.store);
    let given = guest.given.lock().unwrap();
    let numbers: Vec<(u32, &str)> = given.iter().map(|paused| (paused.number, paused.reason.as_str())).collect();
    assert_eq!(numbers, [(0, "peak"), (1, "exit")]);
    let (peak, exit) = (&given[0], &given[1]);
    assert_eq!((exit.peak_bytes, live(exit)), (100_010, 0));
    assert!(live(peak) * 100 >= 99 * exit.peak_bytes && live(peak) <= exit.peak_bytes, "{}", live(peak));
    let spread: u64 = exit.totals.iter().map(|row| row.peak_bytes.unwrap()).sum();
    assert_eq!(spread, live(peak));
    // What is kept besides is no interval between snapshots.
    assert!(peak.blocks.iter().all(|block| block.age == 1));
}

#[test]
fn where_the_peak_is_the_exit_there_is_one_snapshot() {
    let mut guest = peaks(&["exit"]);
    guest.call("run", &[]).unwrap();
    guest.call("up", &[]).unwrap();
    guest.attached.finish(&mut guest.store);
    let given = guest.given.lock().unwrap();
    assert_eq!(given.iter().map(|paused| paused.number).collect::<Vec<_>>(), [1]);
    assert_eq!(given[0].totals.iter().map(|row| row.peak_bytes.unwrap()).sum::<u64>(), live(&given[0]));
}

#[test]
fn a_peak_that_is_asked_for_has_a_number() {
    let mut guest = peaks(&["peak"]);
    guest.call("run", &[]).unwrap();
    guest.attached.finish(&mut guest.store);
    let given = guest.given.lock().unwrap();
    assert_eq!(given.iter().map(|paused| paused.number).collect::<Vec<_>>(), [1]);
    assert!(live(&given[0]) * 100 >= 99 * 100_010);
}
