//! Guests that know their own heap, each compared with our snapshot of it at every mark.
#![allow(unreachable_pub, unused_imports, clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "tests")]

mod guests_support;

use guests_support::{Mark, Reach, Run, check_mark, read_marks, run, run_calls, run_given, run_script, site_of};
use heapy_engine::{Family, ObjectSet, Seen, reach};

/// Runs a guest and compares every mark; gives the marks and the run for more questions.
fn check(name: &str, arguments: &[&str]) -> (Vec<Mark>, Run) {
    let run = run(name, arguments);
    assert_eq!(run.output, run.plain_output, "{name}: output with and without us");
    let marks = read_marks(&run.output);
    check_all(name, &marks, &run);
    (marks, run)
}

fn check_all(name: &str, marks: &[Mark], run: &Run) {
    assert_eq!(marks.len(), run.heaps.len(), "{name}: marks and snapshots");
    assert!(!marks.is_empty(), "{name}: no marks");
    assert_eq!(run.wild_releases, 0, "{name}: releases of what is no block");
    assert!(run.same_memory, "{name}: memory with and without us");
    for (mark, heap) in marks.iter().zip(&run.heaps) {
        check_mark(name, mark, heap);
        let facts = heap.facts();
        assert_eq!((facts.globals, facts.statics, facts.locals), (Seen::Yes, Seen::Yes, Seen::Yes), "{name}");
    }
}

/// Number of told blocks and bytes at each mark, from the guest's documentation.
fn figures(marks: &[Mark]) -> Vec<(usize, u64)> {
    marks.iter().map(|mark| (mark.live, mark.bytes)).collect()
}

const SHAPES: [(usize, u64); 4] = [(67, 5359), (68, 5479), (68, 5495), (52, 3260)];

#[test]
fn shapes_in_c() {
    for name in
        ["shapes", "shapes.O0", "shapes.O2", "shapes.wrap", "shapes.reactor", "shapes.zigcc", "shapes.O2.stripped"]
    {
        assert_eq!(figures(&check(name, &[]).0), SHAPES, "{name}");
    }
}

#[test]
fn shapes_with_other_allocators() {
    for name in ["shapes.emmalloc", "shapes.mimalloc"] {
        assert_eq!(figures(&check(name, &[]).0), SHAPES, "{name}");
    }
}

#[test]
fn slabs_of_an_arena() {
    for name in ["arena", "arena.O2", "arena.wrap", "arena.O2.stripped"] {
        assert_eq!(figures(&check(name, &[]).0), [(7, 28672), (0, 0)], "{name}");
    }
}

/// The pools and the arena of the guest `pools`, each on top of those before it.
const POOLS: [&str; 3] = [
    "arena texts: alloc=arena_take:handle,size; alloc=arena_text:handle,_,size; reset=arena_reset:handle",
    "pool nodes: alloc=pool_take:handle,size@0; free=pool_give:handle,block",
    "pool cells: alloc=cell_take:handle,size=24",
];

#[test]
fn blocks_inside_of_blocks() {
    let run = run_given("pools", &POOLS);
    assert_eq!(run.output, run.plain_output, "output with and without us");
    let marks = read_marks(&run.output);
    check_all("pools", &marks, &run);
    assert_eq!(figures(&marks), [(99, 1544), (37, 577)]);
    for (heap, whole) in run.heaps.iter().zip(&run_given("pools", &[]).heaps) {
        // Each byte of what the C library gave out counts once.
        for block in blocks(whole) {
            let range = whole.address(block)..whole.address(block) + whole.size(block);
            let pieces: Vec<_> = blocks(heap).filter(|piece| range.contains(&heap.address(*piece))).collect();
            let bytes: u64 = pieces.iter().map(|&piece| heap.usable(piece)).sum();
            assert!(pieces.len() == 1 || bytes == whole.size(block), "{pieces:?}");
        }
        let name = |block: heapy_engine::ObjectId| heap.type_of(block).map(|ty| heap.type_record(ty).name.as_str());
        assert!(blocks(heap).filter(|&block| name(block) == Some("rest of pool nodes")).count() > 10);
    }
    // The texts of the nodes that went are live at the first mark, for nobody gave them back; at the second one is left.
    let count = |heap: usize, line: u32| {
        let heap = &run.heaps[heap];
        blocks(heap).filter(|block| site_of(heap, *block).is_some_and(|site| site.line == Some(line))).count()
    };
    let text = line_of("c/pools.c", "n->text = arena_text(");
    assert_eq!((count(0, text), count(1, text)), (50, 0));
    assert_eq!(count(1, line_of("c/pools.c", "char *again = arena_text(")), 1);
    assert_site(&marks, &run, "cell", "c/pools.c", line_of("c/pools.c", "cell_take(&cells)"));
    // The slabs are the arena's own: their context begins where it asks for them.
    assert!(count(0, line_of("c/pools.c", "malloc(sizeof *s)")) >= 2);
}

fn blocks(heap: &heapy_engine::Heap) -> impl Iterator<Item = heapy_engine::ObjectId> + '_ {
    heap.objects().filter(|&object| heap.family(object) == Family::Block)
}

#[test]
fn what_churn_leaves() {
    for name in ["churn", "churn.O2", "churn.wrap", "churn.O2.stripped"] {
        assert_eq!(figures(&check(name, &[]).0), [(309, 94608)], "{name}");
    }
}

#[test]
fn classes_in_cpp() {
    for name in ["zoo", "zoo.wrap"] {
        assert_eq!(figures(&check(name, &[]).0), [(23, 1064), (18, 592)], "{name}");
    }
}

#[test]
fn owners_in_rust() {
    for name in ["shapes_rs", "shapes_rs.names", "shapes_rs.whole", "shapes_rs.stripped"] {
        assert_eq!(figures(&check(name, &[]).0), [(45, 2559), (32, 2046)], "{name}");
    }
}

#[test]
fn allocators_in_zig() {
    assert_eq!(figures(&check("shapes_zig", &[]).0), [(44, 201_492), (22, 1020)]);
}

#[test]
fn every_block_in_zig() {
    assert_eq!(figures(&check("shapes_zig.whole", &[]).0), [(44, 201_492), (22, 1020)]);
}

#[test]
fn objects_in_assembly_script() {
    for name in ["shapes_as.incremental", "shapes_as.minimal", "shapes_as.stub", "shapes_as.stripped"] {
        let mut run = run_script(name);
        let mut marks = std::mem::take(&mut run.told);
        // At the second mark nothing new is told, and what was told before may be gone.
        assert_eq!(marks.len(), 2, "{name}");
        marks[1].blocks.clear();
        // Without a collector nothing reads the global `tree`, and the compiler leaves it out: nothing holds the tree.
        if name == "shapes_as.stub" {
            for told in marks[0].blocks.iter_mut().filter(|told| ["leaf", "branch"].contains(&told.label.as_str())) {
                told.reach = Reach::Hidden;
            }
        }
        check_all(name, &marks, &run);
        assert_eq!((marks[0].live, marks[0].bytes), (38, 1130), "{name}");
    }
}

/// The line, from 1, of the first line of a source that has `text`.
fn line_of(source: &str, text: &str) -> u32 {
    let path = format!("{}/guests/{source}", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(path).unwrap();
    source.lines().position(|line| line.contains(text)).unwrap() as u32 + 1
}

/// Every told block with this label was allocated at this line.
fn assert_site(marks: &[Mark], run: &Run, label: &str, file: &str, line: u32) {
    let told: Vec<_> = marks[0].blocks.iter().filter(|told| told.label == label).collect();
    assert!(!told.is_empty(), "no block {label}");
    for told in told {
        let heap = &run.heaps[0];
        let site = site_of(heap, heap.find(0, told.address).unwrap()).unwrap_or_else(|| panic!("{label} has no site"));
        assert!(site.file.as_deref().is_some_and(|name| name.ends_with(file)), "{label}: {site:?}");
        assert_eq!(site.line, Some(line), "{label}: {site:?}");
    }
}

#[test]
fn sites_are_lines_of_the_program() {
    let (marks, run) = check("shapes", &[]);
    for (label, text) in [
        ("list", "struct node *n = NEW(struct node);"),
        ("tree", "struct tree *t = "),
        ("leak", "keep(malloc(LEAK_SIZE))"),
        ("text.data", "b->data = (char *)keep(realloc"),
        ("aligned_alloc", "keep(aligned_alloc(64, 640))"),
        ("posix_memalign", "posix_memalign(&p, 256, 100)"),
    ] {
        assert_site(&marks, &run, label, "c/shapes.c", line_of("c/shapes.c", text));
    }
    let (marks, run) = check("shapes_rs", &[]);
    for (label, text) in [
        ("item", "let item = Box::new(Item"),
        ("lines", "Vec::with_capacity(16)"),
        ("knot_a", "let a = Rc::new(Knot"),
        ("forgotten", "let b: Box<[u64; 12]>"),
        ("async_scratch", "let scratch: Box<[u32; 40]>"),
        ("ring", "VecDeque::with_capacity(32)"),
    ] {
        assert_site(&marks, &run, label, "rust/src/main.rs", line_of("rust/src/main.rs", text));
    }
    let (marks, run) = check("zoo", &[]);
    for (label, text) in [("object", "T *p = new T(a...);"), ("numbers", "numbers = new int[100]()")] {
        assert_site(&marks, &run, label, "cpp/zoo.cpp", line_of("cpp/zoo.cpp", text));
    }
}

#[test]
fn blocks_that_realloc_gave_out_say_so() {
    for name in ["shapes", "shapes.O2"] {
        let (marks, run) = check(name, &[]);
        let heap = &run.heaps[0];
        let moved_by = |label: &str| {
            let told = marks[0].blocks.iter().find(|told| told.label == label).unwrap();
            heap.moved_by(heap.find(0, told.address).unwrap()).map(|frame| frame.function.as_str())
        };
        assert_eq!(moved_by("text.data"), Some("realloc"), "{name}");
        // Those that were allocated, and one that has become smaller where it was.
        for label in ["list", "aligned_alloc", "shrunk"] {
            assert_eq!(moved_by(label), None, "{name}: {label}");
        }
    }
}

#[test]
fn static_data_is_named_in_paths() {
    let (marks, run) = check("shapes", &[]);
    let heap = &run.heaps[0];
    let at =
        |label: &str| heap.find(0, marks[0].blocks.iter().find(|told| told.label == label).unwrap().address).unwrap();
    for (label, field) in
        [("list", "list_head"), ("text.data", "text"), ("aligned_alloc", "table"), ("interior", "middle")]
    {
        let block = at(label);
        let named = heap.referrers(block).any(|edge| {
            let heapy_engine::EdgeLink::Offset(offset) = edge.link else { return false };
            let relation = heap.relation_at(edge.other, offset, edge.into);
            matches!(relation, heapy_engine::Relation::Field(name) if name.starts_with(field))
        });
        assert!(named, "{label} is not held by .{field}");
    }
    assert_eq!(marks[0].blocks.iter().filter(|told| told.reach == Reach::Lost).count(), 27);
}

/// The bytes of jaq, a JSON processor in Rust, if they are to be had: built from crates.io once and kept, which takes some
/// minutes, so only when asked for.
fn jaq() -> Option<Vec<u8>> {
    let cache = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("guests/cache");
    let binary = cache.join("bin/jaq.wasm");
    if !binary.exists() && std::env::var_os("HEAPY_THIRD_PARTY").is_some() {
        let install = ["install", "jaq", "--version", "1.6.0", "--locked", "--target", "wasm32-wasip1"];
        let status = std::process::Command::new(env!("CARGO"))
            .args(install)
            .args(["--no-default-features", "--root"])
            .arg(&cache)
            .env_remove("CARGO_TARGET_DIR")
            .status();
        assert!(status.is_ok_and(|status| status.success()), "cargo {install:?}");
    }
    std::fs::read(&binary).ok()
}

#[test]
fn a_program_that_others_wrote() {
    let Some(wasm) = jaq() else {
        eprintln!("skipped: set HEAPY_THIRD_PARTY=1 to build jaq 1.6.0 from crates.io into tests/guests/cache");
        return;
    };
    let program = "[range(20000) | {key: (. % 7), value: tostring}] | group_by(.key)";
    let run = run_calls("jaq", &wasm, &["-n", "-c", program], &["_start"], "fd_write");
    assert!(run.output.len() > 100_000);
    assert_eq!(run.output, run.plain_output);
    assert!(run.same_memory);
    let heap = &run.heaps[0];
    let blocks: Vec<_> = heap.objects().filter(|&object| heap.family(object) == Family::Block).collect();
    // Each of 20,000 objects has at least a map and a string of its own.
    assert!(blocks.len() > 40_000, "{} blocks", blocks.len());
    let with_site = blocks.iter().filter(|&&block| site_of(heap, block).is_some()).count();
    assert!(with_site * 100 >= blocks.len() * 99, "{with_site} of {} blocks have a site", blocks.len());
    let mut start = ObjectSet::empty(heap.object_count());
    for root in heap.roots() {
        start.insert(root.to);
    }
    let reached = reach(heap, &start, &ObjectSet::empty(heap.object_count()));
    let held = blocks.iter().filter(|&&block| reached.contains(block)).count();
    assert!(held * 100 >= blocks.len() * 99, "{held} of {} blocks are held", blocks.len());
    let main = |frame: &heapy_engine::Frame| frame.function.contains("main") || frame.function.contains("_start");
    let rooted = blocks.iter().filter_map(|&block| heap.context(block));
    assert!(rooted.take(1000).all(|context| heap.frames_of(context).any(main)), "contexts begin at main");
}
