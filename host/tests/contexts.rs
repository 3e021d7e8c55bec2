//! Calling contexts: those that are recorded are real backtraces, and recursion does not multiply them.

mod support;

use std::collections::BTreeSet;

use heapy_host::instrument::{Contexts, Options};
use heapy_host::paused::{Paused, RawFrame};
use support::{BUMP, Trace, attach, module, run_instrumented, run_plain};

/// The recorded contexts of live blocks in order of address, without the allocator's own frames.
fn recorded(paused: &Paused) -> Vec<Trace> {
    let frames = &paused.contexts.frames;
    paused.blocks.iter().map(|block| frames[block.context.expect("recorded").0 as usize].to_vec()).collect()
}

/// What the plain module's `malloc` saw, without itself.
fn real(traces: &[Trace]) -> Vec<Trace> {
    traces.iter().map(|trace| trace[1..].to_vec()).collect()
}

/// Runs plain and instrumented, requires equal behaviour, and returns recorded and real contexts.
fn both(rest: &str, calls: &[(&str, &[i32])]) -> (Vec<Trace>, Vec<Trace>) {
    let wasm = module(&format!("{BUMP}{rest}"));
    let (results, traces, memory) = run_plain(&wasm, calls);
    let (with, _, memory_with, paused) = run_instrumented(&wasm, calls);
    assert_eq!(results, with);
    assert!(memory == memory_with, "memory differs");
    (recorded(&paused), real(&traces))
}

#[test]
fn every_call_path_has_its_own_backtrace() {
    let (recorded, real) = both(
        r#"
        (func $leaf (param i32) (result i32) (call $malloc (local.get 0)))
        (func $middle (param i32)
          (drop (call $leaf (local.get 0)))
          (drop (call $leaf (i32.add (local.get 0) (i32.const 1)))))
        (func (export "run") (call $middle (i32.const 10)) (drop (call $malloc (i32.const 5))) (call $middle (i32.const 20)))
        "#,
        &[("run", &[]), ("run", &[])],
    );
    assert_eq!(recorded, real);
    assert_eq!(recorded.iter().collect::<BTreeSet<_>>().len(), 5);
}

#[test]
fn calls_through_tables_and_references() {
    let (recorded, real) = both(
        r#"
        (type $f (func (param i32) (result i32)))
        (table 3 funcref) (elem (i32.const 0) $a $b $malloc)
        (elem declare func $a)
        (func $a (param i32) (result i32) (call $malloc (local.get 0)))
        (func $b (param i32) (result i32) (drop (call $a (local.get 0))) (call $a (local.get 0)))
        (func (export "run")
          (drop (call_indirect (type $f) (i32.const 1) (i32.const 0)))
          (drop (call_indirect (type $f) (i32.const 2) (i32.const 1)))
          (drop (call_indirect (type $f) (i32.const 3) (i32.const 2)))
          (drop (call_ref $f (i32.const 4) (ref.func $a))))
        "#,
        &[("run", &[])],
    );
    assert_eq!(recorded, real);
}

#[test]
fn loops_and_pass_through_functions() {
    let (recorded, real) = both(
        r#"
        (func $through (param i32) (result i32) (call $malloc (local.get 0)))
        (func $looping (param $n i32)
          (loop $again
            (drop (call $through (local.get $n)))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $again (local.get $n))))
        (func (export "run") (call $looping (i32.const 3)) (call $looping (i32.const 2)))
        "#,
        &[("run", &[])],
    );
    assert_eq!(recorded, real);
    assert_eq!(recorded.iter().collect::<BTreeSet<_>>().len(), 2);
}

#[test]
fn an_import_that_comes_back_begins_anew() {
    // `here` does not call back, but exports may be called in any order: each begins with a context of its own.
    let (recorded, real) = both(
        r#"(func (export "one") (drop (call $malloc (i32.const 1)))) (func (export "two") (drop (call $malloc (i32.const 2))))"#,
        &[("one", &[]), ("two", &[]), ("malloc", &[3]), ("one", &[])],
    );
    assert_eq!(recorded, real);
}

#[test]
fn direct_recursion_is_one_context_for_each_site() {
    let (recorded, real) = both(
        r#"
        (func $grow (param $depth i32)
          (if (i32.eqz (local.get $depth)) (then (drop (call $malloc (i32.const 8))) (return)))
          (call $grow (i32.sub (local.get $depth) (i32.const 1)))
          (call $grow (i32.sub (local.get $depth) (i32.const 1))))
        (func (export "run") (call $grow (i32.const 9)))
        "#,
        &[("run", &[])],
    );
    assert_eq!(recorded.len(), 512);
    let distinct: BTreeSet<&Trace> = recorded.iter().collect();
    assert_eq!(distinct.len(), 1);
    assert!(real.contains(distinct.first().unwrap()));
}

/// Recursion through a table, with two sites: `$walk` calls itself by the table.
const TABLE_RECURSION: &str = r#"
  (type $f (func (param i32)))
  (table 1 funcref) (elem (i32.const 0) $walk)
  (func $walk (param $depth i32)
    (drop (call $malloc (local.get $depth)))
    (if (i32.eqz (local.get $depth)) (then (return)))
    (call_indirect (type $f) (i32.sub (local.get $depth) (i32.const 1)) (i32.const 0))
    (call_indirect (type $f) (i32.sub (local.get $depth) (i32.const 1)) (i32.const 0)))
  (func (export "run") (call $walk (i32.const 9)) (drop (call $malloc (i32.const 77))))
  (func (export "other") (call $walk (i32.const 3)))
"#;

#[test]
fn recursion_through_tables_is_bounded() {
    let (recorded, real) = both(TABLE_RECURSION, &[("run", &[]), ("other", &[])]);
    let distinct: BTreeSet<&Trace> = recorded.iter().collect();
    assert!(distinct.len() <= 4, "{}", distinct.len());
    assert!(distinct.iter().all(|trace| real.contains(trace)));
    // What is outermost is told apart, and what comes after the recursion is not taken for part of it.
    assert_eq!(recorded.len(), real.len());
    assert_eq!(recorded[1023], real[1023]);
}

#[test]
fn exceptional_exits_end_an_activation() {
    let throwing = |rest: &str| {
        format!(
            r#"
            (tag $e)
            (type $f (func (param i32)))
            (table 1 funcref) (elem (i32.const 0) $walk)
            (func $walk (param $depth i32)
              (drop (call $malloc (local.get $depth)))
              (if (i32.eqz (local.get $depth)) (then (throw $e)))
              (call_indirect (type $f) (i32.sub (local.get $depth) (i32.const 1)) (i32.const 0)))
            (func $try (param $depth i32)
              (block $caught (try_table (catch_all $caught) (call $walk (local.get $depth)))))
            {rest}"#
        )
    };
    let (recorded, real) = both(
        &throwing(
            r#"(func $second (call $try (i32.const 0)))
               (func (export "run") (call $try (i32.const 2)) (call $second) (drop (call $malloc (i32.const 9))))"#,
        ),
        &[("run", &[])],
    );
    assert_eq!(recorded.len(), 5);
    // After the exception nothing is active any more: the second walk is an outermost one, with its own backtrace.
    assert_eq!(recorded[0], real[0]);
    assert_eq!(recorded[3..], real[3..]);
}

#[test]
fn tail_calls_in_place_of_their_caller() {
    let (recorded, real) = both(
        r#"
        (type $f (func (param i32) (result i32)))
        (table 2 funcref) (elem (i32.const 0) $tail $malloc)
        (func $tail (param i32) (result i32)
          (if (i32.gt_u (local.get 0) (i32.const 3)) (then
            (drop (call_indirect (type $f) (i32.const 2) (i32.const 0)))))
          (return_call_indirect (type $f) (local.get 0) (i32.const 1)))
        (func (export "run") (drop (call $tail (i32.const 9))) (drop (call $tail (i32.const 1))))
        "#,
        &[("run", &[])],
    );
    assert_eq!(recorded.len(), 3);
    assert!(recorded.iter().all(|trace| real.contains(trace)));
    assert_eq!(recorded[2], real[2]);
}

#[test]
fn results_of_every_type_survive_a_kept_activation() {
    let wat = format!(
        r#"{BUMP}
        (type $f (func (param i32) (result i64)))
        (table 1 funcref) (elem (i32.const 0) $walk)
        (func $walk (param $depth i32) (result i64)
          (drop (call $malloc (local.get $depth)))
          (if (i32.eqz (local.get $depth)) (then (return (i64.const 7))))
          (block (result i64)
            (call_indirect (type $f) (i32.sub (local.get $depth) (i32.const 1)) (i32.const 0))
            (br 0) (unreachable))
          (i64.const 3) (i64.mul))
        (func (export "run") (result i32) (i32.wrap_i64 (call $walk (i32.const 4))))"#
    );
    let wasm = module(&wat);
    let calls: &[(&str, &[i32])] = &[("run", &[]), ("run", &[])];
    let (plain, _, memory) = run_plain(&wasm, calls);
    let (with, _, memory_with, _) = run_instrumented(&wasm, calls);
    assert_eq!(plain, [Ok(vec![567]), Ok(vec![567])]);
    assert_eq!(plain, with);
    assert!(memory == memory_with);
}

#[test]
fn without_contexts_blocks_have_none() {
    let options = Options { contexts: Contexts::Off, ..Options::default() };
    let mut guest = attach(&module(BUMP), &options, &[]);
    guest.call("malloc", &[8]).unwrap();
    assert_eq!(guest.blocks()[0].context, None);
    assert_eq!(guest.totals().contexts, 0);
}

#[test]
fn the_outermost_layer_is_the_entry() {
    let wat = r#"
      (memory (export "memory") 1)
      (func $dlmalloc (param i32) (result i32) (i32.const 1024))
      (func $malloc (param i32) (result i32) (call $dlmalloc (local.get 0)))
      (func $"operator new(unsigned long)" (param i32) (result i32) (call $malloc (local.get 0)))
      (func (export "run") (drop (call $"operator new(unsigned long)" (i32.const 12))))"#;
    let mut guest = attach(&module(wat), &Options::default(), &[]);
    guest.call("run", &[]).unwrap();
    let paused = guest.pause();
    assert_eq!(paused.contexts.entries, [Some(2)]);
    assert_eq!(paused.contexts.frames[0].iter().map(|frame: &RawFrame| frame.function).collect::<Vec<_>>(), [3]);
}
