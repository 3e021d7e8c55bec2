//! A Go guest tells its heap: objects, their types, the words between them, and what nothing holds.
//!
//! It is built from `guests/go` where there is a Go compiler; without one the tests are passed over with a message.
#![allow(unreachable_pub, unused_imports, dead_code, missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

mod compilers_support;
mod guests_support;
mod types_support;

use std::path::Path;
use std::sync::OnceLock;

use compilers_support::go_program;
use guests_support::{Mark, Random, Reach, Run, read_marks, run_calls, site_of};
use heapy_engine::{EdgeEvidence, EdgeLink, Family, Heap, ObjectId, ObjectSet, Relation, RootPlace, reach};
use heapy_host::instrument::AllocatorReport;
use heapy_host::layout::{References, Typed, Typing};
use types_support::{Score, Told};

/// Name and bytes of the builds of the guest.
type Builds = [(&'static str, Vec<u8>); 2];

/// The guest as it is built by default, and stripped; none without a compiler.
fn guests() -> Option<&'static Builds> {
    static BUILT: OnceLock<Option<Builds>> = OnceLock::new();
    let built = || {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/go");
        let plain = go_program(&source, "shapes_go", &[])?;
        let stripped = go_program(&source, "shapes_go.stripped", &["-ldflags=-s -w"])?;
        Some([("shapes_go", plain), ("shapes_go.stripped", stripped)])
    };
    BUILT.get_or_init(built).as_ref()
}

/// The runs of both guests, each done once.
fn runs() -> &'static [(&'static str, Vec<Mark>, Run)] {
    static DONE: OnceLock<Vec<(&str, Vec<Mark>, Run)>> = OnceLock::new();
    DONE.get_or_init(|| {
        let run = |(name, wasm): &(&'static str, Vec<u8>)| {
            let run = run_calls(name, wasm, &[], &["_start"], "sched_yield");
            (*name, read_marks(&run.output), run)
        };
        guests().into_iter().flatten().map(run).collect()
    })
}

fn blocks(heap: &Heap) -> impl Iterator<Item = ObjectId> {
    heap.objects().filter(|&object| heap.family(object) == Family::Block)
}

/// The block that an address lies in.
fn around(heap: &Heap, address: u64) -> Option<ObjectId> {
    blocks(heap).find(|&block| (heap.address(block)..heap.address(block) + heap.size(block).max(1)).contains(&address))
}

#[test]
fn the_allocator_is_found_with_and_without_names() {
    for (name, wasm) in guests().into_iter().flatten() {
        let report = AllocatorReport::of(wasm, &[]).unwrap();
        let by = if name.ends_with("stripped") { "function-table" } else { "name" };
        assert!(report.candidates.len() > 8, "{name}: {report:#?}");
        assert!(report.candidates.iter().all(|found| found.allocator == "Go" && found.evidence.word() == by), "{name}");
        assert!(report.notes.iter().any(|note| note.starts_with("built by go1.")), "{:?}", report.notes);
    }
}

#[test]
fn told_objects_are_there_and_others_are_not() {
    for (name, marks, run) in runs() {
        assert_eq!(run.output, run.plain_output, "{name}");
        assert!(run.same_memory, "{name}");
        assert_eq!((marks.len(), run.heaps.len()), (3, 3), "{name}");
        let mut gone = 0;
        for (mark, heap) in marks.iter().zip(&run.heaps) {
            for told in &mark.blocks {
                let at = format!("{name}, mark {}: {} at {:#x}", mark.number, told.label, told.address);
                let found = around(heap, told.address).unwrap_or_else(|| panic!("{at} is not there"));
                // Objects without pointers below 16 bytes share blocks.
                let (start, size) = (heap.address(found), heap.size(found));
                let shared = told.size < 16 && size <= 16;
                // A text is asked for with the room that its place has.
                let text = told.type_name == "uint8[]" && size >= told.size && size - told.size < 16;
                let exact = start == told.address && size == told.size;
                assert!(exact || shared || text && start == told.address, "{at}: {size} bytes at {start:#x}");
            }
            if mark.number > 1 {
                let told = |address| mark.blocks.iter().any(|told| told.address == address);
                let before = marks[0].blocks.iter().filter(|before| before.size > 512 && !told(before.address));
                gone += before.filter(|before| heap.find(0, before.address).is_none()).count();
            }
        }
        assert!(gone >= 2, "{name}: {gone} of the large objects that were let go of are gone");
    }
}

#[test]
fn as_many_objects_as_the_runtime_counts() {
    for (name, _, run) in runs() {
        let figures = |word: &str| -> Vec<usize> {
            let lines = run.output.lines().filter_map(|line| line.strip_prefix(word));
            lines.map(|line| line.trim().parse().unwrap()).collect()
        };
        // The figures were written behind the count.
        for (heap, told) in run.heaps.iter().zip(figures("N HeapObjects")) {
            let found = blocks(heap).count();
            assert!(found.abs_diff(told) <= 20, "{name}: {found} blocks, the runtime counted {told}");
        }
        let (heap, told) = (run.heaps.last().unwrap(), figures("N Mallocs"));
        let seen = heap.facts().allocations as usize;
        let last = *told.last().unwrap();
        assert!(seen >= last - last / 100 && seen <= last + last / 100 + 100, "{name}: {seen} seen, {last} counted");
    }
}

fn reached(heap: &Heap) -> ObjectSet {
    let mut start = ObjectSet::empty(heap.object_count());
    for root in heap.roots() {
        start.insert(root.to);
    }
    reach(heap, &start, &ObjectSet::empty(heap.object_count()))
}

#[test]
fn what_is_held_is_reachable_and_what_waits_for_the_collector_is_not() {
    for (name, marks, run) in runs() {
        let mut lost = (0, 0);
        for (mark, heap) in marks.iter().zip(&run.heaps) {
            let all = reached(heap);
            for told in &mark.blocks {
                let block = around(heap, told.address).unwrap();
                match told.reach {
                    Reach::Lost => lost = (lost.0 + usize::from(!all.contains(block)), lost.1 + 1),
                    _ => assert!(all.contains(block), "{name}, mark {}: {} looks unreachable", mark.number, told.label),
                }
            }
        }
        // A word of a stack that is no longer used may still hold the last ones.
        assert!(lost.1 == 20 && lost.0 >= 18, "{name}: {} of {} look unreachable", lost.0, lost.1);
    }
}

/// The marks with what was found at each.
fn told(name: &str, wasm: &[u8], marks: &[Mark], run: &Run) -> Vec<Told> {
    let typing = Typing::new(wasm.to_vec().into()).unwrap();
    let at = marks.iter().zip(&run.pauses).map(|(mark, paused)| Told {
        mark: mark.clone(),
        paused: paused.clone(),
        typed: typing.apply(paused),
        heap: heapy_host::capture::capture(paused, &run.symbols, &Default::default())
            .unwrap_or_else(|error| panic!("{name}: {error}")),
    });
    at.collect()
}

#[test]
fn told_blocks_have_their_types() {
    let mut table = Score::header();
    let mut failures = Vec::new();
    for ((name, marks, run), (_, wasm)) in runs().iter().zip(guests().into_iter().flatten()) {
        let score = Score::of(&told(name, wasm, marks, run));
        table.push_str(&score.row(name));
        if score.right_bytes() < 95.0 || score.wrong_bytes() > 0.5 {
            failures.push(format!("{name}: {:#?}", score.mistakes));
        }
    }
    println!("{table}");
    assert!(failures.is_empty(), "{table}\n{failures:#?}");
}

#[test]
fn told_words_are_edges_named_after_fields() {
    for (name, marks, run) in runs() {
        let (mark, heap) = (&marks[0], &run.heaps[0]);
        assert!(mark.edges.len() > 30);
        for told in &mark.edges {
            let at = format!("{name}: {} at {:#x}", told.holder, told.slot);
            let holder = around(heap, told.slot).unwrap_or_else(|| panic!("{at} lies in no block"));
            let offset = told.slot - heap.address(holder);
            let edge = heap.referents(holder).find(|edge| edge.link == EdgeLink::Offset(offset));
            let edge = edge.unwrap_or_else(|| panic!("{at} is no edge"));
            assert_eq!(heap.address(edge.other), told.value, "{at}");
            assert_eq!(edge.evidence, EdgeEvidence::Typed, "{at}");
            let named = heap.relation(holder, &edge).printed('"');
            assert!(named.contains(&told.holder), "{at} is called {named}");
        }
    }
}

#[test]
fn words_of_typed_holders_that_are_no_pointers_are_no_edges() {
    for (_, marks, run) in runs() {
        for heap in &run.heaps {
            for told in &marks[0].blocks {
                let Some(holder) = heap.find(0, told.address) else { continue };
                assert!(heap.referents(holder).all(|edge| edge.evidence == EdgeEvidence::Typed), "{}", told.label);
            }
        }
    }
}

#[test]
fn fields_have_their_values() {
    let Some((name, marks, run)) = runs().first() else { return };
    let at = told(name, &guests().unwrap()[0].1, marks, run).swap_remove(0);
    let fields = |label: &str| {
        let address = at.mark.blocks.iter().find(|told| told.label == label).unwrap().address;
        let block = at.paused.blocks.iter().position(|block| block.address == address).unwrap();
        let fields = at.typed.fields(&at.paused, block).unwrap();
        fields.into_iter().map(|field| format!("{}={}", field.name, field.value)).collect::<Vec<_>>()
    };
    let person = fields("person");
    assert!(person.contains(&"Name=\"AnnAnnAnnAnnAnnAnn\"".to_owned()), "{person:?}");
    assert!(person.contains(&"Age=40".to_owned()), "{person:?}");
    assert!(person.iter().any(|field| field.starts_with("Friends=2 of 2 elements at 0x")), "{person:?}");
}

#[test]
fn keys_of_maps_name_what_is_held_under_them() {
    for (name, marks, run) in runs() {
        let heap = &run.heaps[0];
        let person = marks[0].blocks.iter().find(|told| told.label == "person").unwrap();
        let person = heap.find(0, person.address).unwrap();
        let mut holders: Vec<ObjectId> = heap.referrers(person).map(|edge| edge.other).collect();
        holders.sort_unstable();
        holders.dedup();
        let named = holders.iter().flat_map(|&holder| {
            let edges = heap.referents(holder).filter(|edge| edge.other == person);
            edges.map(move |edge| heap.relation(holder, &edge).printed('"'))
        });
        let named: Vec<String> = named.collect();
        assert!(named.contains(&"[\"AnnAnnAnnAnnAnnAnn\"]".to_owned()), "{name}: {named:?}");
    }
}

#[test]
fn stacks_of_waiting_goroutines_hold_what_only_they_hold() {
    for (name, marks, run) in runs() {
        let heap = &run.heaps[0];
        let waiting = marks[0].blocks.iter().find(|told| told.label == "waiting").unwrap();
        let waiting = heap.find(0, waiting.address).unwrap();
        let by_stack = |place: &RootPlace| matches!(place, RootPlace::Stack { thread, .. } if *thread > 1);
        assert!(heap.roots().iter().any(|root| root.to == waiting && by_stack(&root.place)), "{name}");
    }
}

#[test]
fn contexts_are_stacks_of_goroutines() {
    for (name, marks, run) in runs() {
        let heap = &run.heaps[0];
        for (label, function) in [("list", "main.build"), ("lost", "main.lose"), ("waiting", "main.wait")] {
            let at = if label == "lost" { 2 } else { 0 };
            let told = marks[at].blocks.iter().find(|told| told.label == label).unwrap();
            let heap = &run.heaps[at];
            let block = heap.find(0, told.address).unwrap();
            let site = site_of(heap, block).unwrap_or_else(|| panic!("{name}: {label} has no site"));
            assert_eq!(&*site.function, function, "{name}");
            assert!(site.file.as_deref().is_some_and(|file| file.ends_with("main.go")), "{name}: {site:?}");
            assert!(site.line.is_some_and(|line| line > 100), "{name}: {site:?}");
        }
        // Of recursion the innermost activation counts, so that what called it is still told, and contexts are few.
        let deep = marks[0].blocks.iter().find(|told| told.label == "deep").unwrap();
        let context = heap.context(heap.find(0, deep.address).unwrap()).unwrap();
        let frames: Vec<String> = heap.frames_of(context).map(|frame| frame.function.to_string()).collect();
        assert!(frames[0].starts_with("main.main.func"), "{name}: {frames:?}");
        assert!(frames.contains(&"main.descend".to_owned()) && frames.contains(&"main.main".to_owned()), "{frames:?}");
        let planted =
            blocks(heap).filter(|&block| site_of(heap, block).is_some_and(|site| &*site.function == "main.plant"));
        let contexts: Vec<_> = planted.map(|block| heap.context(block).unwrap()).collect();
        let distinct = contexts.iter().collect::<std::collections::BTreeSet<_>>().len();
        assert!(contexts.len() == 4095 && distinct <= 4, "{name}: {} blocks, {distinct} contexts", contexts.len());
    }
}

#[test]
fn objects_without_a_type_hold_nothing() {
    for ((_, _, run), (name, wasm)) in runs().iter().zip(guests().into_iter().flatten()) {
        let typing = Typing::new(wasm.clone().into()).unwrap();
        for paused in &run.pauses {
            let typed = typing.apply(paused);
            let mut references = References::new(&typed, paused);
            let mut untyped = 0;
            for (position, block) in typed.blocks.iter().enumerate().filter(|(_, block)| block.ty.is_none()) {
                // The runtime gives whatever has pointers a type: what has none is in spans without pointers.
                let found = references.of(position).map(|found| found.len());
                assert_eq!(found, Some(0), "{name}: {:#x}, {block:?}", paused.blocks[position].address);
                untyped += 1;
            }
            assert!(untyped > 0, "{name}");
        }
    }
}

#[test]
fn corrupt_descriptors_end_in_an_answer() {
    let Some((_, _, run)) = runs().first() else { return };
    let wasm = &guests().unwrap()[0].1;
    let mut random = Random::new();
    for _ in 0..60 {
        let mut paused = run.pauses[0].clone();
        let go = paused.go.clone().unwrap();
        let (start, length) = (go.descriptors.start as usize, (go.descriptors.end - go.descriptors.start) as usize);
        for _ in 0..1 + random.below(4000) {
            paused.memory[start + random.below(length)] = random.below(256) as u8;
        }
        let typing = Typing::new(wasm.clone().into()).unwrap();
        let typed = typing.apply(&paused);
        let mut references = References::new(&typed, &paused);
        for block in 0..paused.blocks.len() {
            references.of(block);
            let _ = typed.fields(&paused, block);
        }
        heapy_host::capture::capture(&paused, &run.symbols, &Default::default()).unwrap();
    }
}
