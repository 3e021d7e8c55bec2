//! Guests that ask about their own heaps, in every language there is a wrapper for.
#![allow(clippy::print_stderr, reason = "tests that are passed over say why")]

mod compilers_support;
#[path = "sdk/hostile.rs"]
mod hostile;
#[path = "sdk/names.rs"]
mod names;
#[path = "sdk/run.rs"]
mod run;
#[path = "sdk/toolchains.rs"]
mod toolchains;

use heapy_engine::{Shape, Use};

use run::{Run, imports_heapy, in_plain_wasmtime, under_heapy};
use toolchains::Heapy;

/// The tables that the guest printed are those that the host makes of its own snapshots of the same moments.
#[track_caller]
fn assert_same_tables(run: &Run) -> Use {
    assert_same_tables_after(run, 0)
}

/// The same of a guest that has asked for its heap so many times before.
#[track_caller]
fn assert_same_tables_after(run: &Run, before: usize) -> Use {
    assert_eq!(run.ending, Ok(0), "{}", run.stdout);
    let (heaps, leaks) = (run.of("guest:heap"), run.of("guest:heapu"));
    let hp = Use::new(heaps.get(before).expect("the guest has asked for its heap").clone());
    let printed: Vec<&str> = run.stdout.trim_start_matches("the heap:\n").split("\n---\n").collect();
    assert_eq!(printed[0].trim_end(), hp.heap().to_string().trim_end());
    if let Some(leaks) = leaks.first() {
        let expected = Use::new(leaks.clone()).heapu(false).expect("is a stat").to_string();
        assert_eq!(printed[1].trim_end(), expected.trim_end());
    }
    hp
}

/// Number of objects whose type has this name.
fn count_of(hp: &Use, name: &str) -> u64 {
    let rows = hp.heap().by("Type").expect("is a relation").stat();
    rows.rows().iter().filter(|row| row.name == name).map(|row| row.count as u64).sum()
}

#[test]
fn a_rust_guest_prints_its_own_heap() {
    let run = under_heapy(&toolchains::rust("self_report", Heapy::On), "_start", &[]);
    let hp = assert_same_tables(&run);
    assert_eq!(count_of(&hp, "self_report::Node"), 30, "{}", run.stdout);
    let leaks = Use::new(run.of("guest:heapu")[0].clone()).heapu_set();
    let sizes: Vec<u64> = leaks.nodes().iter().map(|object| run.of("guest:heapu")[0].size(object)).collect();
    assert_eq!(sizes, [100, 200, 300], "what is pinned is held");
    let path = run.stdout.split("\n---\n").nth(2).expect("a path is printed");
    assert!(path.contains("i0_"), "a path begins at a root: {path}");
}

#[test]
fn questions_leave_nothing_behind() {
    let run = under_heapy(&toolchains::rust("self_report", Heapy::On), "_start", &[]);
    let last = run.stdout.split("\n---\n").last().expect("is never empty");
    for line in last.lines() {
        let (before, after) = line.split_once(", then ").expect("two figures");
        assert_eq!(before.split_once(' ').map(|(number, _)| number), Some(after), "{last}");
    }
    let blocks = |at: usize| {
        let heaps = run.of("guest:heap");
        let hp = Use::new(heaps[at].clone());
        hp.heap()
            .by("Id")
            .expect("is a relation")
            .nodes()
            .iter()
            .map(|object| heaps[at].size(object))
            .collect::<Vec<_>>()
    };
    assert_eq!(blocks(0), blocks(1));
}

#[test]
fn layouts_are_told_without_debug_information() {
    let whole = toolchains::rust("self_report", Heapy::On);
    let wasm = toolchains::without_debug_information(&whole);
    assert!(wasm.len() < whole.len() / 2, "debug information is most of a guest");
    let run = under_heapy(&wasm, "_start", &[]);
    let hp = assert_same_tables(&run);
    assert_eq!(count_of(&hp, "self_report::Node"), 30, "{}", run.stdout);
    let heap = run.of("guest:heap")[0].clone();
    let node = heap
        .objects()
        .filter_map(|object| heap.type_of(object).map(|ty| heap.type_record(ty)))
        .find(|ty| ty.name == "self_report::Node")
        .expect("is labelled");
    let Shape::Struct(fields) = &node.shape else { panic!("{node:?}") };
    let mut fields: Vec<(&str, u64, u64)> =
        fields.iter().map(|field| (field.name.as_str(), field.offset, field.size)).collect();
    fields.sort_unstable();
    let next_first = [("next", 0, 4), ("payload", 4, 40)];
    let expected = if fields[0].1 == 0 { next_first } else { [("next", 40, 4), ("payload", 0, 40)] };
    assert_eq!((node.size, fields.as_slice()), (44, expected.as_slice()));
    let path = run.stdout.split("\n---\n").nth(2).expect("a path is printed");
    assert!(path.contains(".next"), "{path}");
}

/// How often the C guest asks for its heap within `HEAPY_ASSERT_HEAP`, before it prints it.
const ASSERTIONS_OF_C: usize = 2;

#[test]
fn c_and_cpp_guests_print_their_own_heaps() {
    for language in ["c", "c++"] {
        let Some(wasm) = toolchains::c(language, Heapy::On) else { return };
        let hp = assert_same_tables_after(&under_heapy(&wasm, "_start", &[]), ASSERTIONS_OF_C);
        assert_eq!(count_of(&hp, "struct node"), 30, "{language}");
    }
}

#[test]
fn c_and_cpp_guests_compiled_by_zig_print_their_own_heaps() {
    for language in ["c", "c++"] {
        let Some(wasm) = toolchains::zig_c(language) else { return };
        let hp = assert_same_tables_after(&under_heapy(&wasm, "_start", &[]), ASSERTIONS_OF_C);
        assert_eq!(count_of(&hp, "struct node"), 30, "{language}");
    }
}

#[test]
fn a_zig_guest_prints_its_own_heap() {
    let Some(wasm) = toolchains::zig() else { return };
    assert_same_tables(&under_heapy(&wasm, "_start", &[]));
}

#[test]
fn an_assemblyscript_guest_prints_its_own_heap() {
    let Some(wasm) = toolchains::assemblyscript() else { return };
    let run = under_heapy(&wasm, "run", &[]);
    let hp = assert_same_tables(&run);
    assert_eq!(count_of(&hp, "Link"), 30, "{}", run.stdout);
}

#[test]
fn a_go_guest_prints_its_own_heap() {
    let Some(wasm) = toolchains::go(Heapy::On) else { return };
    assert_same_tables(&under_heapy(&wasm, "_start", &[]));
}

#[test]
fn guests_without_heapy_import_nothing_and_run_anywhere() {
    for example in toolchains::EXAMPLES {
        let wasm = toolchains::rust(example, Heapy::Off);
        assert!(!imports_heapy(&wasm), "{example}");
        let run = in_plain_wasmtime(&wasm);
        let expected = i32::from(["self_report", "call_costs"].contains(&example));
        assert_eq!(run.ending, Ok(expected), "{example}: {}", run.stdout);
        assert!(imports_heapy(&toolchains::rust(example, Heapy::On)), "{example}");
    }
    let others = [toolchains::c("c", Heapy::Off), toolchains::c("c++", Heapy::Off), toolchains::go(Heapy::Off)];
    for wasm in others.into_iter().flatten() {
        assert!(!imports_heapy(&wasm));
        let run = in_plain_wasmtime(&wasm);
        assert_eq!((run.ending, run.stdout.trim_end()), (Ok(0), "without Heapy"));
    }
}

#[test]
fn a_leak_test_passes_and_fails() {
    let wasm = toolchains::rust("leak_test", Heapy::On);
    let run = under_heapy(&wasm, "_start", &[]);
    assert_eq!((run.ending, run.stdout.trim_end()), (Ok(0), "GET with 3 words kept, nothing leaked"));
    let run = under_heapy(&wasm, "_start", &["leaky"]);
    assert!(run.ending.is_err(), "a leak is a panic: {}", run.stdout);
    // One of three may be held by a stale word of the stack.
    let told = ["leaked blocks: 3", "leaked blocks: 2"].iter().any(|told| run.stdout.contains(told));
    assert!(told, "{}", run.stdout);
    assert!(run.stdout.contains("leak_test.rs:"), "the line of the leak is told: {}", run.stdout);
}

#[test]
fn a_heap_that_grows_too_much_is_a_panic() {
    let run = under_heapy(&toolchains::rust("leak_test", Heapy::On), "_start", &["greedy"]);
    assert!(run.ending.is_err(), "{}", run.stdout);
    assert!(run.stdout.contains("allowed: under 1024 bytes and 10 blocks"), "{}", run.stdout);
}

#[test]
fn a_cache_reports_what_it_holds() {
    let run = under_heapy(&toolchains::rust("cache_report", Heapy::On), "_start", &[]);
    assert_eq!(run.ending, Ok(0), "{}", run.stdout);
    let words: Vec<&str> = run.stdout.split_whitespace().collect();
    let bytes: u64 = words[3].parse().unwrap_or_else(|_| panic!("{}", run.stdout));
    // 20 entries of a text, 1,000 bytes, and their place in the list.
    let entries = 20 * (1000 + 24);
    let texts: usize = (30..50).map(|query| format!("how much is {query} times {query}?").len()).sum();
    // A stale word of a live frame may hold one of the entries too.
    let all = entries + texts as u64;
    assert!(bytes <= all && bytes >= all - all / 10, "{bytes} of {all}");
}

#[test]
fn an_arena_shows_its_objects() {
    let run = under_heapy(&toolchains::rust("labelled_arena", Heapy::On), "_start", &[]);
    assert_eq!(run.ending, Ok(0), "{}", run.stdout);
    for (kind, bytes) in [("80 of labelled_arena::Number", "640 bytes"), ("40 of labelled_arena::Sum", "480 bytes")] {
        let row = run.stdout.lines().find(|line| line.contains(kind));
        assert!(row.is_some_and(|row| row.ends_with(bytes)), "{kind}, {bytes}: {}", run.stdout);
    }
    assert!(run.stdout.contains("rest of arena syntax"), "{}", run.stdout);
}

#[test]
fn a_pool_shows_each_of_its_blocks_once() {
    let run = under_heapy(&toolchains::rust("block_pool", Heapy::On), "_start", &[]);
    assert_eq!(run.ending, Ok(0), "{}", run.stdout);
    for row in ["held: 10 of block_pool::Job, 320 bytes", "lost: 3 of block_pool::Job, 96 bytes"] {
        assert!(run.stdout.contains(row), "{row}: {}", run.stdout);
    }
    let heap = run.of("guest:heap")[0].clone();
    let is = |object: &_, name: &str| heap.type_of(*object).is_some_and(|ty| heap.type_record(ty).name == name);
    let jobs: Vec<_> = heap.objects().filter(|object| is(object, "block_pool::Job")).collect();
    let rests = heap.objects().filter(|object| is(object, "rest of pool jobs"));
    let bytes: u64 = jobs.iter().copied().chain(rests).map(|object| heap.size(object)).sum();
    assert_eq!((jobs.len(), bytes), (13, 64 * 32), "every byte of the large block is counted once");
    assert!(heap.objects().all(|object| heap.size(object) != 64 * 32), "the large block stands as its pieces");
    assert!(heap.objects().all(|object| heap.size(object) != 1000), "what is hidden is not there");
}
