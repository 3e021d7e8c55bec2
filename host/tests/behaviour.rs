//! A guest does the same with and without instrumentation, and snapshots are taken when they should be.

mod support;

use heapy_host::error::{InstrumentError, TargetError};
use heapy_host::instrument::{Options, instrument};
use heapy_host::target::{Condition, Ending, Target, TargetOptions, WasiOptions};
use support::{BUMP, attach, module, run_instrumented, run_plain};

/// Runs plain and instrumented; results, traps and memory must be equal.
fn same(wat: &str, calls: &[(&str, &[i32])]) {
    let wasm = module(wat);
    let (plain, _, memory) = run_plain(&wasm, calls);
    let (with, _, memory_with, _) = run_instrumented(&wasm, calls);
    assert_eq!(plain, with);
    assert!(memory == memory_with, "memory differs");
}

#[test]
fn features_pass_through() {
    same(
        r#"
        (memory (export "memory") 1) (memory $second 1)
        (data $passive "\01\02\03\04") (data (i32.const 64) "static")
        (table $t 4 externref)
        (func $pair (result i32 i64) (i32.const 5) (i64.const 6))
        (func (export "run") (result i32) (local v128)
          (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 4))
          (data.drop $passive)
          (memory.fill (i32.const 16) (i32.const 9) (i32.const 8))
          (memory.copy (i32.const 32) (i32.const 0) (i32.const 24))
          (i32.store $second (i32.const 0) (i32.const 11))
          (local.set 0 (i32x4.splat (i32.const 3)))
          (v128.store (i32.const 128) (local.get 0))
          (table.set $t (i32.const 0) (ref.null extern))
          (call $pair) (drop) (i32.load $second (i32.const 0)) (i32.add))
        "#,
        &[("run", &[])],
    );
}

#[test]
fn traps_are_the_same() {
    same(
        r#"
        (memory (export "memory") 1)
        (func (export "divide") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
        (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
        (func (export "stop") (i32.store (i32.const 8) (i32.const 1)) (unreachable))
        "#,
        &[("divide", &[0]), ("load", &[-1]), ("stop", &[]), ("divide", &[3])],
    );
}

#[test]
fn a_module_without_anything() {
    same("", &[]);
    same(r#"(func (export "f"))"#, &[("f", &[])]);
}

#[test]
fn a_start_function_is_observed() {
    let wat = format!(
        r#"{BUMP} (global $p (mut i32) (i32.const 0))
        (func $begin (global.set $p (call $malloc (i32.const 33)))) (start $begin)
        (func (export "get") (result i32) (global.get $p))"#
    );
    let mut guest = attach(&module(&wat), &Options::default(), &[]);
    assert_eq!(guest.live(), [(1024, 33)]);
    assert_eq!(guest.call("get", &[]).unwrap(), [1024]);
}

#[test]
fn calls_of_imports_exports_and_names_are_conditions() {
    let wat = format!(
        r#"{BUMP}
        (func $inner (param i32) (result i32) (call $malloc (local.get 0)))
        (func (export "run") (result i32) (drop (call $inner (i32.const 1))) (call $inner (i32.const 2)))"#
    );
    let wasm = module(&wat);
    for (name, live) in [("inner", vec![0, 1]), ("run", vec![0]), ("malloc", vec![0, 1]), ("env.here", vec![0, 1])] {
        let options = Options { calls: vec![name.to_owned()], ..Options::default() };
        let mut guest = attach(&wasm, &options, &[]);
        guest.call("run", &[]).unwrap();
        let given = guest.given.lock().unwrap();
        assert_eq!(given.iter().map(|paused| paused.blocks.len()).collect::<Vec<_>>(), live, "{name}");
        assert!(given.iter().all(|paused| paused.reason == format!("call:{name}") && paused.running));
    }
    let options = Options { calls: vec!["nowhere".to_owned()], ..Options::default() };
    assert!(matches!(instrument(&wasm, &options), Err(InstrumentError::UnknownCall { name }) if name == "nowhere"));
}

#[test]
fn the_peak_is_given_out_at_the_end() {
    let wat = format!(
        r#"{BUMP}
        (func (export "run") (local $big i32)
          (drop (call $malloc (i32.const 10)))
          (local.set $big (call $malloc (i32.const 5000)))
          (call $free (local.get $big))
          (drop (call $malloc (i32.const 20))))"#
    );
    let options = Options { peak: true, ..Options::default() };
    let mut guest = attach(&module(&wat), &options, &["peak", "exit"]);
    guest.call("run", &[]).unwrap();
    assert!(guest.given.lock().unwrap().is_empty());
    guest.attached.finish(&mut guest.store);
    let given = guest.given.lock().unwrap();
    let told: Vec<_> =
        given.iter().map(|paused| (paused.number, paused.reason.as_str(), paused.blocks.len())).collect();
    assert_eq!(told, [(1, "peak", 2), (2, "exit", 2)]);
    assert_eq!(given[0].blocks[1].size, 5000);
}

#[test]
fn growing_memory_is_a_condition() {
    let wat = r#"(memory (export "memory") 1) (func (export "run") (drop (memory.grow (i32.const 1))))"#;
    let options = Options { grow: true, ..Options::default() };
    let mut guest = attach(&module(wat), &options, &["grow"]);
    guest.call("run", &[]).unwrap();
    assert_eq!(guest.given.lock().unwrap()[0].memory.len(), 65536);
}

#[test]
fn a_request_from_another_thread_is_answered() {
    let wat = format!(
        r#"{BUMP} (global $n (mut i32) (i32.const 0))
        (func (export "spin") (loop $again
            (call $free (call $malloc (i32.const 0)))
            (global.set $next (i32.const 1024))
            (global.set $n (i32.add (global.get $n) (i32.const 1)))
            (br_if $again (i32.lt_u (global.get $n) (i32.const 100000)))))"#
    );
    let mut guest = attach(&module(&wat), &Options::default(), &[]);
    let requester = guest.attached.requester();
    let asking = std::thread::spawn(move || {
        for _ in 0..3 {
            std::thread::sleep(std::time::Duration::from_millis(5));
            requester.request("asked");
        }
        requester
    });
    guest.call("spin", &[]).unwrap();
    let requester = asking.join().unwrap();
    let given = guest.given.lock().unwrap().len();
    assert!(given >= 1, "{given}");
    drop(guest);
    requester.request("too late, and harmless");
}

#[test]
fn roots_in_locals_are_among_the_native_words() {
    // A value that is loaded, and that nobody could compute anew behind the call.
    let wat = r#"
      (memory (export "memory") 1) (data (i32.const 64) "\11\22\33\44")
      (func $pause)
      (func (export "run") (result i32) (local $p i32)
        (local.set $p (i32.load (i32.const 64)))
        (i32.store (i32.const 64) (i32.const 0))
        (call $pause)
        (local.get $p))"#;
    let options = Options { calls: vec!["pause".to_owned()], ..Options::default() };
    let mut guest = attach(&module(wat), &options, &[]);
    let value = guest.call("run", &[]).unwrap()[0] as u32;
    let given = guest.given.lock().unwrap();
    let Some(words) = &given[0].native_words else { return };
    assert!(words.iter().any(|word| word.value as u32 == value || (word.value >> 32) as u32 == value));
}

fn load(wasm: &[u8], invoke: &[&str]) -> Result<Target, TargetError> {
    let invoke = invoke.iter().map(|name| (*name).to_owned()).collect();
    Target::load(wasm, TargetOptions { invoke, snapshot_at: vec![Condition::Exit], ..TargetOptions::default() })
}

fn run(wasm: &[u8], invoke: &[&str]) -> Result<Ending, TargetError> {
    load(wasm, invoke)?.run(&WasiOptions::default(), Box::new(|_| {})).map(|outcome| outcome.ending)
}

#[test]
fn a_guest_ends_as_it_wants() {
    let exit = r#"
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
      (func (export "_start") (call $exit (i32.const 7)))
      (func (export "trap") (unreachable)) (func (export "fine"))"#;
    let wasm = module(exit);
    assert_eq!(run(&wasm, &[]).unwrap(), Ending::Exit(7));
    assert_eq!(run(&wasm, &["fine"]).unwrap(), Ending::Exit(0));
    let Ending::Trap { message, frames } = run(&wasm, &["trap"]).unwrap() else { panic!("it traps") };
    assert!(message.contains("unreachable"), "{message}");
    assert_eq!(frames.iter().map(|frame| frame.function).collect::<Vec<_>>(), [2]);
}

#[test]
fn what_is_missing_is_named() {
    let wasm = module(r#"(import "env" "abort" (func)) (func (export "go"))"#);
    assert!(
        matches!(run(&wasm, &["go"]), Err(TargetError::MissingImport { module, name }) if module == "env" && name == "abort")
    );
    let wasm = module(r#"(func (export "go")) (func (export "with") (param i32))"#);
    let missing = run(&wasm, &[]).unwrap_err();
    assert_eq!(missing.to_string(), "the module has no export `_start`; it exports go");
    assert!(matches!(run(&wasm, &["with"]), Err(TargetError::NeedsArguments { parameters: 1, .. })));
}

#[test]
fn what_is_no_module_is_refused() {
    let refuse = |bytes: &[u8]| instrument(bytes, &Options::default()).map(|_| ()).unwrap_err();
    assert!(matches!(refuse(b""), InstrumentError::NotWasm { .. }));
    assert!(refuse(b"#!/bin/sh").to_string().contains("23 21 2f 62"));
    assert!(matches!(refuse(b"\0asm\x0d\0\x01\0"), InstrumentError::Component));
    let whole = module(BUMP);
    for length in [4, 8, whole.len() / 2, whole.len() - 1] {
        let cut = instrument(&whole[..length], &Options::default());
        assert!(length == 8 || matches!(cut, Err(InstrumentError::Malformed { .. })), "{length}: {cut:?}");
    }
    let memory64 = module("(memory i64 1)");
    assert!(refuse(&memory64).to_string().contains("memory64"));
    let threads = module("(memory 1 1 shared)");
    assert!(refuse(&threads).to_string().contains("threads"));
    let twice = instrument(&whole, &Options::default()).unwrap().wasm;
    assert!(matches!(refuse(&twice), InstrumentError::AlreadyInstrumented { .. }));
}
