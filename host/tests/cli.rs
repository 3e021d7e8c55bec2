//! The command line as a user meets it: the binary, its output, its exit codes, and what it leaves on the disk.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A command that prints a line and ends with exit code 7.
const HELLO: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello\n")
  (data (i32.const 0) "\10\00\00\00\06\00\00\00")
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $exit (i32.const 7))))"#;

fn heapy(words: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_heapy-host")).args(words).current_dir(folder).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a command that must refuse its input: one message that names `offender`, exit code 2, and no file behind.
fn refuses(folder: &TempDir, words: &[&str], offender: &str) {
    let before = listing(folder.path());
    let output = heapy(words, folder.path());
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{words:?}: {message}");
    assert!(message.contains(offender), "{words:?} should name {offender:?}: {message}");
    assert!(!message.contains("panicked"), "{message}");
    assert!(output.stdout.is_empty(), "{words:?}");
    assert_eq!(listing(folder.path()), before, "{words:?} left something behind");
}

fn listing(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|child| child.unwrap().path()).collect();
    names.sort();
    names
}

fn with_module(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("guest.wasm"), wat::parse_str(text).unwrap()).unwrap();
    folder
}

#[test]
fn unusable_guests_are_refused() {
    let folder = with_module(r#"(module (import "host" "missing" (func)) (func (export "_start")))"#);
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("text.wasm", b"hello, this is text");
    write("component.wasm", b"\0asm\x0d\0\x01\0");
    let mut cut = wat::parse_str(HELLO).unwrap();
    cut.truncate(cut.len() - 9);
    write("cut.wasm", &cut);
    write("library.wasm", &wat::parse_str(r#"(module (func (export "f")))"#).unwrap());
    for (name, offender) in [
        ("nowhere.wasm", "nowhere.wasm"),
        ("text.wasm", "not a WebAssembly module"),
        ("cut.wasm", "cut.wasm"),
        ("component.wasm", "component"),
        ("guest.wasm", "missing"),
        ("library.wasm", "_start"),
    ] {
        refuses(&folder, &["record", name, "-o", "out.heapy"], offender);
    }
}

#[test]
fn wrong_options_are_refused() {
    let folder = with_module(HELLO);
    let record = |words: &[&'static str], offender: &str| {
        let mut all = vec!["record", "guest.wasm", "-o", "out.heapy"];
        all.extend(words);
        refuses(&folder, &all, offender);
    };
    record(&["--invoke", "nothing"], "nothing");
    record(&["--allocator", "alloc=no_such_function"], "no_such_function");
    record(&["--snapshot-at", "never"], "never");
    record(&["--snapshot-at", "call:no_such_call"], "no_such_call");
    record(&["--dir", "no-folder::/data"], "no-folder");
    record(&["--env", "NOVALUE"], "NOVALUE");
    refuses(&folder, &["record", "guest.wasm", "-o", "no/such/out.heapy"], "no/such/out.heapy");
}

#[test]
fn output_and_exit_code_are_the_guests() {
    let folder = with_module(HELLO);
    let output = heapy(&["record", "guest.wasm", "-o", "out.heapy"], folder.path());
    assert_eq!(output.stdout, b"hello\n");
    assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
    assert_eq!(listing(folder.path()).len(), 2, "guest and recording");
}

#[test]
fn a_guest_alone_is_run_with_the_inspector() {
    let folder = with_module(HELLO);
    let output = heapy(&["--no-wait", "guest.wasm"], folder.path());
    let message = stderr(&output);
    assert_eq!((output.stdout.as_slice(), output.status.code()), (&b"hello\n"[..], Some(7)), "{message}");
    assert!(message.contains("inspector at http://127.0.0.1:"), "{message}");
    refuses(&folder, &[], "name a guest");
}

#[test]
fn a_trap_is_told_and_recorded() {
    let folder = with_module(
        r#"(module (memory (export "memory") 1)
             (func $inner unreachable)
             (func $outer (export "_start") (call $inner)))"#,
    );
    let output = heapy(&["record", "guest.wasm", "-o", "out.heapy"], folder.path());
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(134), "{message}");
    for part in ["unreachable", "inner", "outer"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let shown = heapy(&["show", "out.heapy", "--set", "all", "--json"], folder.path());
    assert!(shown.status.success(), "{}", stderr(&shown));
}

#[test]
fn damaged_recordings_are_refused() {
    let folder = with_module(HELLO);
    assert_eq!(heapy(&["record", "guest.wasm", "-o", "out.heapy"], folder.path()).status.code(), Some(7));
    let whole = fs::read(folder.path().join("out.heapy")).unwrap();
    fs::write(folder.path().join("cut.heapy"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.path().join("text.heapy"), b"no recording").unwrap();
    for name in ["nowhere.heapy", "cut.heapy", "text.heapy"] {
        refuses(&folder, &["show", name], name);
        refuses(&folder, &["open", name], name);
    }
    refuses(&folder, &["show", "out.heapy", "--snapshot", "99"], "99");
    refuses(&folder, &["show", "out.heapy", "--by", "Colour"], "Colour");
}

#[test]
fn show_prints_tables_and_json() {
    let folder = tempfile::tempdir().unwrap();
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/guests/out/shapes.wasm");
    let record = ["record", guest.to_str().unwrap(), "-o", "out.heapy", "--snapshot-at", "call:sched_yield"];
    let recorded = heapy(&record, folder.path());
    assert!(recorded.status.success(), "{}", stderr(&recorded));
    let table = heapy(&["show", "out.heapy", "--snapshot", "1"], folder.path());
    let text = String::from_utf8(table.stdout).unwrap();
    assert!(text.starts_with("Partition of a set of "), "{text}");
    assert!(text.contains(" Index  Count   %     Size   % Cumulative  % Type"), "{text}");
    let json = |words: &[&str]| -> Value {
        let output = heapy(&[&["show", "out.heapy", "--json"], words].concat(), folder.path());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let sizes = json(&["--by", "Size", "--snapshot", "1"]);
    let rows = sizes["rows"].as_array().unwrap();
    let total: u64 = rows.iter().map(|row| row["size"].as_u64().unwrap()).sum();
    assert_eq!(sizes["size"], total);
    assert_eq!(rows.last().unwrap()["cumulative"], total);
    let objects = json(&["--by", "Id", "--set", "all"]);
    let object = &objects["rows"][0];
    for member in
        ["index", "address", "size", "usable", "type", "class", "site", "serial", "family", "reachable", "evidence"]
    {
        assert!(object.get(member).is_some(), "{member}: {object}");
    }
}

#[test]
fn allocators_are_listed_with_their_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let guest = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/guests/out/churn.O2.stripped.wasm");
    let output = heapy(&["allocators", guest], folder.path());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("dlmalloc #") && text.contains("its magic number"), "{text}");
    assert!(text.contains("realloc=#") && text.contains("passes on to #"), "{text}");

    let output = heapy(&["allocators", guest, "--json"], folder.path());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let functions = report["functions"].as_array().unwrap();
    assert!(functions.iter().all(|function| function["evidence"] == "structure" && function["certain"] == true));
    let probed = functions.iter().filter(|function| function["standing"] == "probed").count();
    assert!((4..=6).contains(&probed), "{report}");

    let nothing = with_module(r#"(module (memory 1) (func (export "_start")))"#);
    let output = heapy(&["allocators", "guest.wasm"], nothing.path());
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("name one with --allocator"), "{output:?}");
    let output = heapy(&["guest.wasm", "--no-wait"], nothing.path());
    assert!(output.status.success(), "a guest without an allocator runs all the same");
    assert!(stderr(&output).contains("no allocator was found"), "{}", stderr(&output));
}

#[test]
fn a_recording_holds_the_course_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let guest = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/guests/out/churn.wasm");
    let output = heapy(&["record", guest, "-o", "run.heapy", "--", "300000"], folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let output = heapy(&["show", "run.heapy", "--timeline", "--json"], folder.path());
    let timeline: Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |value: &Value| value.as_u64().unwrap();
    let samples = timeline["samples"].as_array().unwrap();
    let last = samples.last().unwrap();
    assert!(samples.iter().all(|sample| number(&sample["live_bytes"]) <= number(&timeline["peak_bytes"])));
    assert!(samples.is_sorted_by_key(|sample| number(&sample["at_nanos"])));
    assert!(samples.is_sorted_by_key(|sample| number(&sample["allocations"])));
    assert_eq!(last["allocations"], timeline["allocations"]);
    // What lives at the end is what the snapshot there has.
    let output = heapy(&["show", "run.heapy", "--set", "all", "--by", "Id", "--json", "--all"], folder.path());
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let blocks = shown["rows"].as_array().unwrap().iter().filter(|row| row["family"] == "block");
    assert_eq!(number(&last["live_bytes"]), blocks.clone().map(|row| number(&row["size"])).sum::<u64>());
    assert_eq!(number(&last["extents"]["blocks"]), blocks.count() as u64);
    let grows = timeline["grows"].as_array().unwrap();
    assert!(!grows.is_empty(), "{timeline}");
    for grow in grows {
        assert_eq!(number(&grow["grown_bytes"]) % 65_536, 0, "{grow}");
        let frames: Vec<&str> =
            grow["frames"].as_array().unwrap().iter().map(|frame| frame.as_str().unwrap()).collect();
        assert!(frames.iter().any(|frame| frame.contains("malloc")), "{frames:?}");
        assert!(frames.iter().any(|frame| frame.contains("main")), "{frames:?}");
    }
    let output = heapy(&["show", "run.heapy", "--timeline"], folder.path());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("memory grew ") && text.contains("bytes live"), "{text}");
}

/// A command that asks for its heap, stores a snapshot by name, and ends with the number of that snapshot.
const ASKS: &str = r#"(module
  (import "heapy" "open" (func $open (param i32) (result i32)))
  (import "heapy" "call" (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "heapy" "snapshot" (func $snapshot (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "heap") (data (i32.const 24) "in between")
  (func (export "_start")
    (if (call $call (call $open (i32.const 1)) (i32.const 16) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 64))
      (then (call $exit (i32.const 99))))
    (call $exit (call $snapshot (i32.const 24) (i32.const 10)))))"#;

#[test]
fn a_guest_may_ask_about_itself() {
    let folder = with_module(ASKS);
    let output = heapy(&["record", "guest.wasm", "-o", "run.heapy"], folder.path());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("2 snapshots"), "its own and the one at the exit: {}", stderr(&output));
    let shown = heapy(&["show", "run.heapy", "--snapshot", "1", "--json"], folder.path());
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["count"], 2, "the module, and the frame that asked: {shown}");
}

/// A bump allocator by name, and one that gives out what it was given.
const TWICE: &str = r#"(module
  (memory (export "memory") 2)
  (global $top (mut i32) (i32.const 4096))
  (func $malloc (export "malloc") (param $size i32) (result i32)
    (global.get $top)
    (global.set $top (i32.add (global.get $top) (i32.and (i32.add (local.get $size) (i32.const 31)) (i32.const -16)))))
  (func $free (export "free") (param i32) (memory.fill (local.get 0) (i32.const 0) (i32.const 1)))
  (func $make (result i32) (call $malloc (i32.const 40)) (nop))
  (func $drop_first (param i32) (call $free (local.get 0)) (nop))
  (func $drop_again (param i32) (call $free (local.get 0)) (nop))
  (func $pool_take (param $size i32) (result i32) (i32.const 8192) (nop))
  (func $take (result i32) (call $pool_take (i32.const 8)) (nop))
  (func (export "_start") (local $block i32)
    (local.set $block (call $make))
    (call $drop_first (local.get $block))
    (call $drop_again (local.get $block))
    (drop (call $take))
    (drop (call $take))))"#;

#[test]
fn a_second_release_tells_where_the_block_came_from_and_who_released_it_first() {
    let folder = with_module(TWICE);
    let notes = |options: &[&str]| -> String {
        let words = [&["record", "guest.wasm", "-o", "run.heapy"], options].concat();
        let output = heapy(&words, folder.path());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let output = heapy(&["query", "run.heapy", "--json", "-e", "hp"], folder.path());
        let facts: Value = serde_json::from_slice(&output.stdout).unwrap();
        facts["notes"].to_string()
    };
    let told = notes(&[]);
    assert!(told.contains("0x1000 was released in drop_again < "), "{told}");
    assert!(told.contains("released before (--frees remembers where)"), "{told}");
    assert!(told.contains("the block that was there was allocated in make < "), "{told}");
    let told = notes(&["--frees"]);
    assert!(told.contains("0x1000 was released in drop_again < "), "{told}");
    assert!(told.contains("had been released before in drop_first < "), "{told}");
    assert!(told.contains("the block that was there was allocated in make < "), "{told}");
}

#[test]
fn blocks_given_out_twice_are_told_once_with_both_specifications() {
    let folder = with_module(TWICE);
    let words = ["record", "guest.wasm", "-o", "run.heapy", "--allocator", "alloc=pool_take"];
    assert_eq!(heapy(&words, folder.path()).status.code(), Some(0));
    let output = heapy(&["query", "run.heapy", "--json", "-e", "hp"], folder.path());
    let facts: Value = serde_json::from_slice(&output.stdout).unwrap();
    let notes: Vec<&str> = facts["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect();
    let twice: Vec<&&str> = notes.iter().filter(|note| note.contains("given out while")).collect();
    assert_eq!(twice.len(), 1, "{notes:?}");
    let expected = "1 blocks were given out while they were live, the first at 0x2000: by `pool_take` (alloc=#";
    assert!(twice[0].starts_with(expected), "{notes:?}");
    assert_eq!(twice[0].matches("`pool_take` (alloc=#").count(), 2, "{notes:?}");
}

/// What it gives out lies eight bytes apart, however much was asked for.
const TIGHT: &str = r#"(module
  (memory (export "memory") 2)
  (global $top (mut i32) (i32.const 4096))
  (func $take (param $size i32) (result i32)
    (global.get $top)
    (global.set $top (i32.add (global.get $top) (i32.const 8))))
  (func $make (result i32) (call $take (i32.const 24)) (nop))
  (func (export "_start") (drop (call $make)) (drop (call $make)) (drop (call $make))))"#;

#[test]
fn blocks_that_reach_into_others_are_cut_and_told() {
    let folder = with_module(TIGHT);
    let words = ["record", "guest.wasm", "-o", "run.heapy", "--allocator", "alloc=take"];
    let output = heapy(&words, folder.path());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = heapy(&["query", "run.heapy", "--json", "-e", "hp"], folder.path());
    let notes = serde_json::from_slice::<Value>(&output.stdout).unwrap()["notes"].to_string();
    let expected =
        "2 blocks reach into the block behind them and are shown as ending there, the first at 0x1000 with 24 bytes";
    assert!(notes.contains(expected), "{notes}");
    assert_eq!(notes.matches("`take` (alloc=#").count(), 2, "{notes}");
    let output = heapy(&["query", "run.heapy", "-e", "hp.heapu({ stat: false }).sizes().join(' ')"], folder.path());
    // The global holds the third one.
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "8 8", "{}", stderr(&output));
}
