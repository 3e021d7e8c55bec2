//! Guests that mean no good: whatever they call, the host answers, and stays within its limits.

use std::fmt::Write;

use heapy_engine::binding;
use heapy_guest::abi::{FUNCTIONS, MODULE};
use wasmtime::{Caller, Extern};

use crate::run::{Asked, Data, under_heapy, under_heapy_with};

/// Where the names of the API stand, and a table of their addresses and lengths.
const NAMES: usize = 0x1000;
const NAME_TABLE: usize = 0x3000;
/// Three records that are filled anew for every call.
const RECORDS: usize = 0x4000;
const ANSWER: usize = 0x4100;
/// Handles of late, 64 of them.
const RING: usize = 0x4200;
/// What `read` and `error` are given.
const TEXT: usize = 0x4400;
const HEAP: usize = 0x8000;

/// The imports, a memory with the names of the API, an allocator, and a source of numbers.
fn prelude() -> (String, usize) {
    let mut wat = String::from("(module\n");
    for (name, count) in FUNCTIONS {
        let result = if name == "length" { "i64" } else { "i32" };
        let parameters = "i32 ".repeat(count);
        writeln!(wat, r#"(import "{MODULE}" "{name}" (func ${name} (param {parameters}) (result {result})))"#)
            .expect("text can be written");
    }
    let mut names: Vec<&str> =
        binding::owners().iter().flat_map(|owner| owner.entries).map(|entry| entry.name).collect();
    names.sort_unstable();
    names.dedup();
    let (mut text, mut table) = (String::new(), String::new());
    for name in &names {
        for word in [NAMES + text.len(), name.len()] {
            for byte in (word as u32).to_le_bytes() {
                write!(table, "\\{byte:02x}").expect("text can be written");
            }
        }
        text.push_str(name);
    }
    assert!(NAMES + text.len() <= NAME_TABLE && NAME_TABLE + names.len() * 8 <= RECORDS, "the names fit");
    write!(
        wat,
        r#"(memory (export "memory") 2)
        (data (i32.const {NAMES}) "{text}")
        (data (i32.const {NAME_TABLE}) "{table}")
        (global $seed (mut i32) (i32.const 1))
        (global $next (mut i32) (i32.const {HEAP}))
        (func $random (param $below i32) (result i32)
            (global.set $seed (i32.add (i32.mul (global.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
            (i32.rem_u (i32.shr_u (global.get $seed) (i32.const 8)) (local.get $below)))
        "#
    )
    .expect("text can be written");
    (wat, names.len())
}

/// An allocator that never reuses a place, and does something else besides.
fn allocator(besides: &str) -> String {
    format!(
        r#"(func $malloc (export "malloc") (param $size i32) (result i32) (local $block i32)
            (local.set $block (global.get $next))
            (global.set $next (i32.add (local.get $block)
                (i32.and (i32.add (local.get $size) (i32.const 31)) (i32.const -16))))
            {besides}
            (local.get $block))
        (func $free (export "free") (param i32))
        "#
    )
}

/// Calls every function with arguments that are nearly right, or not at all.
fn reckless() -> String {
    let (mut wat, names) = prelude();
    wat += &allocator("");
    write!(
        wat,
        r#"(func $handle (result i32)
            (i32.load (i32.add (i32.const {RING}) (i32.mul (call $random (i32.const 64)) (i32.const 4)))))
        (func $keep (param $handle i32)
            (i32.store (i32.add (i32.const {RING}) (i32.mul (call $random (i32.const 64)) (i32.const 4)))
                (local.get $handle)))
        (func $pick (result i32)
            (block $7 (block $6 (block $5 (block $4 (block $3 (block $2 (block $1 (block $0
                (br_table $0 $1 $2 $3 $4 $5 $6 $7 (call $random (i32.const 8))))
                (return (call $random (i32.const 20))))
                (return (i32.const {RECORDS})))
                (return (i32.add (i32.const {NAMES}) (call $random (i32.const 64)))))
                (return (call $handle)))
                (return (i32.sub (i32.const 0) (call $random (i32.const 3)))))
                (return (i32.mul (call $random (i32.const 65536)) (i32.const 65521))))
                (return (i32.add (i32.const {HEAP}) (i32.mul (call $random (i32.const 64)) (i32.const 48)))))
            (i32.sub (i32.const 131072) (call $random (i32.const 32))))
        (func $record (param $at i32)
            (i32.store16 (local.get $at) (call $random (i32.const 9)))
            (i32.store offset=4 (local.get $at) (call $random (i32.const 6)))
            (i64.store offset=8 (local.get $at) (i64.extend_i32_u (call $pick))))
        (func $question (local $name i32)
            (local.set $name (i32.add (i32.const {NAME_TABLE})
                (i32.mul (call $random (i32.const {names})) (i32.const 8))))
            (call $record (i32.const {RECORDS}))
            (call $record (i32.const {RECORDS}+16))
            (call $record (i32.const {RECORDS}+32))
            (if (i32.ge_s (call $call (call $handle) (i32.load (local.get $name)) (i32.load offset=4 (local.get $name))
                    (i32.const {RECORDS}) (call $random (i32.const 4)) (i32.const {ANSWER})) (i32.const 0))
                (then (if (i32.ge_u (i32.load16_u (i32.const {ANSWER})) (i32.const 4))
                    (then (call $keep (i32.load (i32.const {ANSWER}+8))))))))
        "#
    )
    .expect("text can be written");
    let wat = wat
        .replace(&format!("{RECORDS}+16"), &(RECORDS + 16).to_string())
        .replace(&format!("{RECORDS}+32"), &(RECORDS + 32).to_string())
        .replace(&format!("{ANSWER}+8"), &(ANSWER + 8).to_string());
    let mut cases = String::new();
    for (index, (name, count)) in FUNCTIONS.into_iter().enumerate() {
        // What is answered into the memory does not overwrite what the questions are made of.
        let arguments = match name {
            "read" => format!("(call $handle) (call $pick) (i32.const {TEXT}) (call $random (i32.const 1000))"),
            "error" => format!("(i32.const {TEXT}) (call $random (i32.const 1000))"),
            "call" => format!("{} (i32.const {TEXT})", "(call $pick) ".repeat(5)),
            "item" => format!("(call $handle) (call $pick) (i32.const {TEXT})"),
            _ => "(call $pick) ".repeat(count),
        };
        let after = if matches!(name, "open" | "text") { "(call $keep)" } else { "(drop)" };
        writeln!(
            cases,
            "(if (i32.eq (local.get $which) (i32.const {index})) (then (call ${name} {arguments}) {after}))"
        )
        .expect("text can be written");
    }
    format!(
        r#"{wat}
        (func (export "run") (param $seed i32) (result i32) (local $round i32) (local $which i32)
            (global.set $seed (local.get $seed))
            (loop $blocks
                (drop (call $malloc (i32.add (call $random (i32.const 40)) (i32.const 1))))
                (br_if $blocks (i32.lt_u (global.get $next) (i32.const {HEAP}+2048))))
            (loop $rounds
                (if (i32.eqz (i32.rem_u (local.get $round) (i32.const 50)))
                    (then (call $keep (call $open (i32.const 1)))))
                (if (call $random (i32.const 3))
                    (then (call $question))
                    (else
                        (local.set $which (call $random (i32.const {})))
                        {cases}))
                (br_if $rounds (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1)))
                    (i32.const 3000))))
            (call $open (i32.const 1))))"#,
        FUNCTIONS.len()
    )
    .replace(&format!("{HEAP}+2048"), &(HEAP + 2048).to_string())
}

#[test]
fn whatever_a_guest_calls_it_is_answered() {
    let wasm = wat::parse_str(reckless()).expect("is a module");
    for seed in 1..=4 {
        let run =
            under_heapy_with(&wasm, &Asked { export: "run", numbers: &[seed * 7919], ..Asked::default() }, |_| ());
        assert!(run.ending.is_ok_and(|handle| handle > 0), "seed {seed}");
    }
}

/// Asks for its heap and answers what came of it: the number of objects, or an error.
const ASK: &str = r#"
    (func $ask (export "ask") (result i32) (local $hp i32) (local $result i32)
        (local.set $hp (call $open (i32.const 1)))
        (local.set $result (call $call (local.get $hp) (i32.const 16) (i32.const 4) (i32.const 0) (i32.const 0)
            (i32.const 64)))
        (if (i32.lt_s (local.get $result) (i32.const 0)) (then (return (local.get $result))))
        (local.set $hp (i32.load (i32.const 72)))
        (local.set $result (call $call (local.get $hp) (i32.const 24) (i32.const 5) (i32.const 0) (i32.const 0)
            (i32.const 64)))
        (drop (call $release (local.get $hp)))
        (if (i32.lt_s (local.get $result) (i32.const 0)) (then (return (local.get $result))))
        (i32.load (i32.const 72)))
    (data (i32.const 16) "heap")
    (data (i32.const 24) "count")
    (global $held (mut i32) (i32.const 0))"#;

#[test]
fn an_allocator_and_a_start_function_may_ask() {
    let (prelude, _) = prelude();
    let allocator = allocator("(global.set $asked (i32.add (global.get $asked) (call $ask)))");
    let wat = format!(
        r#"{prelude} {ASK} {allocator}
        (global $asked (mut i32) (i32.const 0))
        (func $begin (drop (call $malloc (i32.const 24))))
        (start $begin)
        (func (export "run") (result i32)
            (global.set $held (call $malloc (i32.const 24)))
            (i32.mul (i32.gt_s (global.get $asked) (i32.const 1)) (call $ask))))"#
    );
    let run = under_heapy(&wat::parse_str(wat).expect("is a module"), "run", &[]);
    // The held block, the module, two frames.
    assert_eq!(run.ending, Ok(4));
    assert_eq!(run.of("guest:heap").len(), 3);
}

#[test]
fn a_callback_may_ask() {
    let (prelude, _) = prelude();
    let import = r#"(module (import "host" "back" (func $back (result i32)))"#;
    let wat = format!(
        r#"{} {ASK} {}
        (func (export "run") (result i32)
            (global.set $held (call $malloc (i32.const 24)))
            (call $back)))"#,
        prelude.replacen("(module", import, 1),
        allocator("")
    );
    let run = under_heapy_with(
        &wat::parse_str(wat).expect("is a module"),
        &Asked { export: "run", ..Asked::default() },
        |linker| {
            let back = |mut caller: Caller<'_, Data>| -> wasmtime::Result<i32> {
                let Some(Extern::Func(ask)) = caller.get_export("ask") else {
                    return Err(wasmtime::Error::msg("the guest does not export ask"));
                };
                ask.typed::<(), i32>(&caller)?.call(&mut caller, ())
            };
            linker.func_wrap("host", "back", back).expect("the name is free");
        },
    );
    // The held block, the module, and two frames: of what called out, and of what was called back.
    assert_eq!(run.ending, Ok(4));
}

/// Holds texts, sets and blocks of a pool until each is refused; answers which were: 7 for all.
fn greedy() -> String {
    let (prelude, _) = prelude();
    let ask = |target: &str, at: usize, length: usize| {
        format!(
            "(call $call {target} (i32.const {at}) (i32.const {length}) (i32.const 0) (i32.const 0) (i32.const 96))"
        )
    };
    let (heap, by_id, all) =
        (ask("(local.get $at)", 16, 4), ask("(local.get $at)", 24, 4), ask("(local.get $at)", 32, 3));
    let referents = ask("(local.get $heap)", 40, 9);
    let refused = |bit: i32, call: &str| {
        format!(
            "(if (i32.eq {call} (i32.const -7)) (then (local.set $bits (i32.or (local.get $bits) (i32.const {bit})))))"
        )
    };
    let again = |name: &str, times: usize, body: &str| {
        format!(
            "(local.set $i (i32.const 0)) (loop ${name} {body}
                (br_if ${name} (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {times}))))"
        )
    };
    let texts = again("texts", 260, &refused(1, "(call $text (local.get $at) (i32.const 0))"));
    let sets = again("sets", 70_000, &refused(2, &referents));
    let block = "(i32.add (i32.const 0x40000000) (i32.mul (local.get $i) (i32.const 16)))";
    let blocks =
        again("blocks", 1_100_000, &refused(4, &format!("(call $allocated (local.get $at) {block} (i32.const 16))")));
    format!(
        r#"{prelude} {}
        (data (i32.const 16) "heap") (data (i32.const 24) "byid") (data (i32.const 32) "all")
        (data (i32.const 40) "referents")
        (global $held (mut i32) (i32.const 0))
        (func (export "run") (result i32) (local $at i32) (local $heap i32) (local $i i32) (local $bits i32)
            (drop (memory.grow (i32.const 16)))
            {}
            (local.set $at (call $open (i32.const 1)))
            (drop {heap})
            (local.set $heap (local.tee $at (i32.load (i32.const 104))))
            (drop {by_id})
            (local.set $at (i32.load (i32.const 104)))
            (drop {all})
            (local.set $at (i32.load (i32.const 104)))
            {texts}
            {sets}
            (local.set $at (call $allocator (i32.const 16) (i32.const 4) (i32.const 0)))
            {blocks}
            (local.get $bits)))"#,
        allocator(""),
        again(
            "links",
            20_000,
            "(local.set $at (call $malloc (i32.const 16))) (i32.store (local.get $at) (global.get $held))
             (global.set $held (local.get $at))",
        ),
    )
}

/// Most that this process has ever had in memory, in MiB, where the system tells it.
fn most_resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes >> 10)
}

/// Set in the process in which the guest runs alone, so that nothing else grows it.
const ALONE: &str = "HEAPY_GREEDY_GUEST";

#[test]
fn a_guest_cannot_grow_its_host_beyond_its_limits() {
    if std::env::var_os(ALONE).is_none() {
        let this = std::env::current_exe().expect("is a program");
        let name = "hostile::a_guest_cannot_grow_its_host_beyond_its_limits";
        let output = std::process::Command::new(this).args([name, "--exact"]).env(ALONE, "1").output();
        let output = output.expect("can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let wasm = wat::parse_str(greedy()).expect("is a module");
    let before = most_resident();
    let run = under_heapy_with(&wasm, &Asked { export: "run", compared: false, ..Asked::default() }, |_| ());
    assert_eq!(run.ending, Ok(7), "texts, sets and blocks were refused in the end");
    if let (Some(before), Some(after)) = (before, most_resident()) {
        let limit = (heapy_guest::abi::limit::HANDLE_BYTES >> 20) as u64;
        // What is behind handles, told blocks of at most a hundred bytes each, and the code and the snapshot themselves.
        assert!(after - before < limit + 256, "{} MiB", after - before);
    }
}
