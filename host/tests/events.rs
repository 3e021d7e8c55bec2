//! Recordings with events: the heap of a moment is what a snapshot of that moment shows.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use heapy_engine::Family;
use heapy_engine::events::{Moment, Replay};
use heapy_host::instrument::{Contexts, Options};
use heapy_host::recording;
use heapy_host::target::{EventBatch, EventReader};
use support::{attach, module};

/// Random sizes and lifetimes: 512 places, each step releases or resizes what is there, or allocates. `realloc` stays in
/// place up to the block's room, and blocks are used again, the last released one of a size first.
const GUEST: &str = r#"
  (memory (export "memory") 16)
  (global $next (mut i32) (i32.const 65536))
  (global $seed (mut i32) (i32.const 12345))
  (func $room (param $size i32) (result i32)
    (i32.and (i32.add (local.get $size) (i32.const 39)) (i32.const -32)))
  (func $malloc (export "malloc") (param $size i32) (result i32) (local $list i32) (local $block i32)
    (local.set $list (i32.add (i32.const 8192) (i32.shr_u (call $room (local.get $size)) (i32.const 3))))
    (local.set $block (i32.load (local.get $list)))
    (if (local.get $block)
      (then (i32.store (local.get $list) (i32.load (local.get $block))))
      (else
        (local.set $block (i32.add (global.get $next) (i32.const 16)))
        (global.set $next (i32.add (local.get $block) (i32.add (call $room (local.get $size)) (i32.const 0))))
        (i32.store (i32.sub (local.get $block) (i32.const 8)) (call $room (local.get $size)))))
    (local.get $block))
  (func $free (export "free") (param $block i32) (local $list i32)
    (if (i32.eqz (local.get $block)) (then (return)))
    (local.set $list (i32.add (i32.const 8192)
      (i32.shr_u (i32.load (i32.sub (local.get $block) (i32.const 8))) (i32.const 3))))
    (i32.store (local.get $block) (i32.load (local.get $list)))
    (i32.store (local.get $list) (local.get $block)))
  (func $realloc (export "realloc") (param $block i32) (param $size i32) (result i32) (local $other i32)
    (if (i32.le_u (i32.add (local.get $size) (i32.const 8)) (i32.load (i32.sub (local.get $block) (i32.const 8))))
      (then (return (local.get $block))))
    (local.set $other (call $malloc (local.get $size)))
    (call $free (local.get $block))
    (local.get $other))
  (func $random (result i32)
    (global.set $seed (i32.add (i32.mul (global.get $seed) (i32.const 1103515245)) (i32.const 12345)))
    (i32.shr_u (global.get $seed) (i32.const 8)))
  (func $one (param $size i32) (result i32) (call $malloc (local.get $size)))
  (func $other (param $size i32) (result i32) (call $malloc (local.get $size)))
  (func $step (local $place i32) (local $size i32)
    (local.set $place (i32.shl (i32.and (call $random) (i32.const 511)) (i32.const 2)))
    (local.set $size (i32.add (i32.and (call $random) (i32.const 127)) (i32.const 1)))
    (if (i32.load (local.get $place))
      (then
        (if (i32.and (call $random) (i32.const 3))
          (then (call $free (i32.load (local.get $place))) (i32.store (local.get $place) (i32.const 0)))
          (else (i32.store (local.get $place) (call $realloc (i32.load (local.get $place)) (local.get $size))))))
      (else
        (i32.store (local.get $place)
          (if (result i32) (i32.and (local.get $size) (i32.const 1))
            (then (call $one (local.get $size))) (else (call $other (local.get $size))))))))
  (func $mark (export "mark"))
  (func (export "run") (param $steps i32)
    (loop $again
      (call $step)
      (local.set $steps (i32.sub (local.get $steps) (i32.const 1)))
      (if (i32.eqz (i32.rem_u (local.get $steps) (i32.const 20011))) (then (call $mark)))
      (br_if $again (local.get $steps))))
  (func (export "_start") (local $steps i32)
    (local.set $steps (i32.const 100000))
    (loop $again
      (call $step)
      (local.set $steps (i32.sub (local.get $steps) (i32.const 1)))
      (if (i32.eqz (i32.rem_u (local.get $steps) (i32.const 20011))) (then (call $mark)))
      (br_if $again (local.get $steps))))
"#;

fn pack(batches: &[EventBatch]) -> Vec<Vec<u8>> {
    let mut reader = EventReader::new();
    let mut chunk = |batch| {
        let (head, events) = reader.read(batch);
        head.pack(events).unwrap()
    };
    batches.iter().map(&mut chunk).collect()
}

#[test]
fn a_moment_is_what_a_snapshot_of_it_shows() {
    for contexts in [Contexts::Full, Contexts::Off] {
        let calls = vec!["mark".to_owned()];
        let options = Options { contexts, events: true, peak: true, calls, ..Options::default() };
        let mut guest = attach(&module(GUEST), &options, &["call:mark", "exit"]);
        let batches: Arc<Mutex<Vec<EventBatch>>> = Arc::default();
        let sink = Arc::clone(&batches);
        guest.attached.record_events(Box::new(move |batch| sink.lock().unwrap().push(batch)));
        guest.attached.keep_peak();
        guest.call("run", &[200_000]).unwrap();
        guest.attached.finish(&mut guest.store);
        let chunks = pack(&batches.lock().unwrap());
        assert!(chunks.len() > 2, "{} chunks", chunks.len());
        let given = guest.given.lock().unwrap();
        let numbered: Vec<_> = given.iter().filter(|paused| paused.number > 0).collect();
        assert!(numbered.len() > 9, "{} snapshots", numbered.len());
        for paused in numbered {
            let mut replay = Replay::new();
            assert!(chunks.iter().any(|chunk| replay.go(chunk, Moment::Snapshot(paused.number)).unwrap()));
            let found: Vec<_> = replay
                .blocks()
                .iter()
                .map(|block| (u64::from(block.address), u64::from(block.size), block.context.checked_sub(1)))
                .collect();
            let expected: Vec<_> = paused
                .blocks
                .iter()
                .map(|block| (block.address, block.size, block.context.map(|context| context.0)))
                .collect();
            assert_eq!(found, expected, "snapshot {}", paused.number);
            assert_eq!(replay.allocations(), paused.allocations);
        }
        let mut replay = Replay::new();
        assert!(!chunks.iter().any(|chunk| replay.go(chunk, Moment::End).unwrap()));
        assert_eq!(replay.peak().0, given.last().unwrap().peak_bytes, "the peak is exact");
        let (bytes, events) = (chunks.iter().map(Vec::len).sum::<usize>(), replay.events() as usize);
        // Sizes, places and lifetimes are random here, which no program's are: most of this is entropy.
        assert!(bytes < 3 * events, "{bytes} bytes for {events} events");
    }
}

/// Allocates and releases without end.
fn endless() -> Vec<u8> {
    module(&GUEST.replace("(br_if $again (local.get $steps))", "(br $again)"))
}

#[test]
fn a_killed_run_keeps_its_timeline_and_its_events() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("guest.wasm"), endless()).unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_heapy-host"))
        .args(["record", "guest.wasm", "-o", "run.heapy", "--events"])
        .current_dir(folder)
        .spawn()
        .unwrap();
    let there = |name: &str| folder.join("run.heapy.partial").join(name).exists();
    let begun = Instant::now();
    while !(there("timeline.json") && there("events/00000001.bin")) && begun.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(20));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let recording = recording::open(&folder.join("run.heapy")).unwrap();
    assert!(recording.timeline().unwrap().is_some_and(|timeline| !timeline.samples.is_empty()));
    let replay = recording.replay(Moment::End).unwrap();
    assert!(replay.events() > 100_000, "{} events", replay.events());
    let heap = recording.heap_at(Moment::Event(1000)).unwrap();
    assert!(heap.object_count() > 100 && heap.facts().notes.len() == 2);
    heapy(&["show", "run.heapy", "--timeline"], folder);
}

fn heapy(words: &[&str], folder: &Path) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_heapy-host")).args(words).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Address, size and site of each block that `show` tells.
fn shown(words: &[&str], folder: &Path) -> Vec<(u64, u64, String)> {
    let all = [&["show", "run.heapy", "--by", "Id", "--json", "--set", "all"], words].concat();
    let value: serde_json::Value = serde_json::from_slice(&heapy(&all, folder).stdout).unwrap();
    let rows = value["rows"].as_array().unwrap().iter().filter(|row| row["family"] == "block");
    let row = |row: &serde_json::Value| {
        (row["address"].as_u64().unwrap(), row["size"].as_u64().unwrap(), row["site"].to_string())
    };
    let mut rows: Vec<_> = rows.map(row).collect();
    rows.sort();
    rows
}

#[test]
fn the_command_line_asks_for_moments() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("guest.wasm"), module(GUEST)).unwrap();
    heapy(&["record", "guest.wasm", "-o", "run.heapy", "--events", "--snapshot-at", "call:mark"], folder);
    let recording = recording::open(&folder.join("run.heapy")).unwrap();
    assert!(recording.has_events() && recording.snapshots().len() == 6, "{}", recording.snapshots().len());
    for number in ["2", "5", "6"] {
        let blocks = shown(&["--snapshot", number], folder);
        assert!(blocks.len() > 100, "{} blocks", blocks.len());
        assert_eq!(shown(&["--at", &format!("snapshot:{number}")], folder), blocks);
    }
    let end = recording.replay(Moment::End).unwrap();
    let peak = recording.heap_at(Moment::Peak).unwrap();
    assert_eq!(peak.objects().map(|object| peak.size(object)).sum::<u64>(), end.peak().0);
    let kept = recording.heap(recording.timeline().unwrap().unwrap().peak_snapshot.unwrap().snapshot).unwrap();
    let blocks = kept.objects().filter(|&object| kept.family(object) == Family::Block);
    let live: u64 = blocks.map(|object| kept.size(object)).sum();
    assert!(live * 100 >= end.peak().0 * 99, "{live} of {} bytes", end.peak().0);
    // Between two moments without an event nothing changed, and of two others the difference adds up.
    let diff = |from: &str, to: &str| -> serde_json::Value {
        let words = ["diff", "run.heapy", "run.heapy", "--from-at", from, "--to-at", to, "--by", "Site", "--json"];
        serde_json::from_slice(&heapy(&words, folder).stdout).unwrap()
    };
    assert_eq!(diff("event:500", "event:500")["rows"].as_array().unwrap().len(), 0);
    let at = |event: u64| recording.replay(Moment::Event(event)).unwrap().live_bytes() as i64;
    assert_eq!(diff("event:500", "event:5000")["size"], at(5000) - at(500));
    let script = "(() => { const a = hp.moment('event:500'), b = hp.moment('event:5000'); b.setrelheapg(a.heapg()); \
                  return b.heapg().count; })()";
    let new = recording.replay(Moment::Event(5000)).unwrap().blocks().iter().filter(|block| block.birth > 500).count();
    let answer = String::from_utf8_lossy(&heapy(&["query", "run.heapy", "-e", script], folder).stdout).into_owned();
    assert_eq!(answer.trim(), new.to_string());
    let refused = Command::new(env!("CARGO_BIN_EXE_heapy-host"))
        .args(["show", "run.heapy", "--at", "event:999999999"])
        .current_dir(folder)
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && message.contains("event:999999999"), "{message}");
}
