//! The types of told blocks: how many are right, wrong and unknown, by guest and by evidence; the edges between them, and
//! the values in them.
//!
//! Each guest tells the type of its blocks itself (`B` lines) and the words that hold addresses (`E` lines).
#![allow(unreachable_pub, unused_imports, dead_code, missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

mod compilers_support;
mod guests_support;
mod types_support;

#[path = "types/containers.rs"]
mod containers;
#[path = "types/split.rs"]
mod split;

use std::sync::Arc;

use guests_support::{Random, ToldEdge, bytes};
use heapy_engine::{EdgeEvidence, EdgeLink, Family, Heap, ObjectId, Relation, Use};
use heapy_host::layout::{FieldValue, References, Typed, Typing, Value};
use types_support::{
    JAQ, Program, SQLITE, Score, Shares, TOLD, Told, all_held_by, relations, rust_maps, stripped, told, told_zig,
};

#[test]
fn told_blocks_have_their_types() {
    let mut table = Score::header();
    let mut failures = Vec::new();
    for (guest, least) in TOLD {
        let score = Score::of(&told(guest));
        table.push_str(&score.row(guest));
        if score.right_bytes() < least || score.wrong_bytes() > 0.5 {
            failures.push(format!("{guest}: {:#?}", score.mistakes));
        }
    }
    println!("{table}");
    assert!(failures.is_empty(), "{table}\n{failures:#?}");
}

#[test]
fn blocks_of_zig_have_their_types() {
    let mut table = Score::header();
    let mut failures = Vec::new();
    for optimised in ["Debug", "safe"] {
        let Some(marks) = told_zig(optimised) else { return };
        let score = Score::of(&marks);
        table.push_str(&score.row(&format!("shapes_zig {optimised}")));
        // Nothing is left of a variable that an optimiser has done away with: what leaks from one is unknown.
        if score.right_bytes() < 99.0 || score.wrong_bytes() > 0.5 {
            failures.push(format!("{optimised}: {:#?}", score.mistakes));
        }
    }
    println!("{table}");
    assert!(failures.is_empty(), "{table}\n{failures:#?}");
}

/// The object that a told word lies in, and the edge that it is.
fn edge_of(heap: &Heap, told: &ToldEdge) -> Option<(ObjectId, Relation, EdgeEvidence)> {
    heap.objects().find_map(|holder| {
        let offset = told.slot.checked_sub(heap.address(holder)).filter(|&offset| offset < heap.size(holder))?;
        let edge = heap.referents(holder).find(|edge| edge.link == EdgeLink::Offset(offset))?;
        Some((holder, heap.relation(holder, &edge), edge.evidence))
    })
}

#[test]
fn told_words_are_edges_named_after_fields() {
    for guest in ["shapes", "shapes.O0", "arena", "churn", "zoo", "shapes_rs"] {
        let (mut named, mut on_stack) = (0, 0);
        for at in told(guest) {
            for told in &at.mark.edges {
                match edge_of(&at.heap, told) {
                    Some((holder, relation, evidence)) if at.heap.family(holder) != Family::Frame => {
                        let what = format!("{guest}: {} at {:#x}", told.holder, told.slot);
                        assert!(!matches!(relation, Relation::Offset { .. }), "{what} is called {relation:?}");
                        assert_eq!(evidence, EdgeEvidence::Typed, "{what}, {relation:?}");
                        if at.heap.family(holder) == Family::Module {
                            let Relation::Field(name) = &relation else { panic!("{what} is called {relation:?}") };
                            assert!(name.starts_with(&told.holder), "{what} is called {name}");
                        }
                        named += 1;
                    }
                    // Words of the stack, which `guests.rs` looks for.
                    _ => on_stack += 1,
                }
            }
        }
        println!("{guest}: {named} told words are edges named after fields, {on_stack} stand on the stack");
        assert!(named > 0 || guest == "arena", "{guest}");
    }
}

#[test]
fn typed_holders_have_no_doubtful_edges() {
    // The slabs of `arena` are memory in which anything may be kept; so are blocks of bytes.
    for guest in ["shapes", "shapes.O0", "zoo", "shapes_rs"] {
        for at in told(guest) {
            let types = at.types();
            for (block, typed) in at.paused.blocks.iter().zip(&at.typed.blocks) {
                let record = typed.ty.is_some_and(|ty| at.typed.layouts.record(ty.ty).is_some());
                let Some(&told) = types.get(&block.address).filter(|_| record) else { continue };
                let holder = at.heap.find(0, block.address).unwrap();
                for edge in at.heap.referents(holder) {
                    let relation = at.heap.relation(holder, &edge);
                    assert_eq!(edge.evidence, EdgeEvidence::Typed, "{guest}: {told} {:#x} {relation:?}", block.address);
                }
            }
        }
    }
}

#[test]
fn nothing_is_invented_for_stripped_guests() {
    for guest in ["shapes", "arena", "churn", "shapes_rs", "shapes_as.incremental"] {
        for at in told(guest) {
            let typed = Typing::new(stripped(&bytes(guest)).into()).unwrap().apply(&at.paused);
            let invented = typed.blocks.iter().filter(|block| block.ty.is_some() || block.class.is_some()).count();
            assert_eq!(invented, 0, "{guest}");
        }
    }
}

#[test]
fn stripped_cpp_keeps_the_classes_that_its_vtables_name() {
    let at = &told("zoo")[0];
    let typed = Typing::new(stripped(&bytes("zoo")).into()).unwrap().apply(&at.paused);
    let types = at.types();
    for (block, found) in at.paused.blocks.iter().zip(&typed.blocks) {
        let (Some(told), Some(ty)) = (types.get(&block.address), found.ty) else { continue };
        assert_eq!(typed.layouts.get(ty.ty).name, told.trim_end_matches("[]"), "{:#x}", block.address);
    }
    assert!(typed.blocks.iter().filter(|block| block.ty.is_some()).count() >= 12);
}

/// Where the debug sections of a module are.
fn debug_sections(module: &[u8]) -> Vec<(String, std::ops::Range<usize>)> {
    let sections = wasmparser::Parser::new(0).parse_all(module).filter_map(|payload| match payload {
        Ok(wasmparser::Payload::CustomSection(section)) if section.name().starts_with(".debug") => {
            let start = section.data_offset();
            Some((section.name().to_owned(), start..start + section.data().len()))
        }
        _ => None,
    });
    sections.collect()
}

#[test]
fn corrupt_debug_information_ends_in_an_answer() {
    for (guest, rounds) in [("shapes", 300), ("zoo", 40)] {
        let bytes = bytes(guest);
        let at = &told(guest)[0];
        let debug = debug_sections(&bytes);
        let mut random = Random::new();
        for _ in 0..rounds {
            let mut changed = bytes.clone();
            for _ in 0..1 + random.below(40) {
                let section = debug[random.below(debug.len())].1.clone();
                changed[section.start + random.below(section.len())] = random.below(256) as u8;
            }
            let typing = Typing::new(changed.into()).unwrap();
            assert!(typing.notes().len() <= 5);
            let typed = typing.apply(&at.paused);
            let mut references = References::new(&typed, &at.paused);
            for block in 0..at.paused.blocks.len() {
                references.of(block);
                let _ = typed.fields(&at.paused, block);
            }
        }
    }
}

#[test]
fn debug_information_of_other_code_is_not_used() {
    let (code, other) = (bytes("churn"), bytes("zoo"));
    let mut mixed = stripped(&code);
    for (name, range) in debug_sections(&other) {
        let mut section = vec![name.len() as u8];
        section.extend_from_slice(name.as_bytes());
        section.extend_from_slice(&other[range]);
        mixed.push(0);
        types_support::push_size(&mut mixed, section.len());
        mixed.extend(section);
    }
    let at = &told("churn")[0];
    let typing = Typing::new(mixed.clone().into()).unwrap();
    let notes = typing.notes();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("does not fit the code"), "{notes:?}");
    let typed = typing.apply(&at.paused);
    assert!(typed.blocks.iter().all(|block| block.ty.is_none()) && typed.statics.is_empty());
    // A snapshot says it once.
    let symbols = heapy_host::symbols::Symbols::new(mixed.into()).unwrap();
    let heap = heapy_host::capture::capture(&at.paused, &symbols, &Default::default()).unwrap();
    let about: Vec<_> = heap.facts().notes.iter().filter(|note| note.contains("debug information")).collect();
    assert_eq!(about.len(), 1, "{about:?}");
}

/// The fields of the first block whose type has this name.
fn fields(at: &Told, name: &str) -> Vec<FieldValue> {
    let is_it =
        |block: &heapy_host::layout::TypedBlock| block.ty.is_some_and(|ty| at.typed.layouts.get(ty.ty).name == name);
    let block = at.typed.blocks.iter().position(is_it).unwrap_or_else(|| panic!("no block is a {name}"));
    at.typed.fields(&at.paused, block).unwrap()
}

fn value<'a>(fields: &'a [FieldValue], name: &str) -> &'a Value {
    &fields.iter().find(|field| field.name == name).unwrap_or_else(|| panic!("no field {name}: {fields:?}")).value
}

#[test]
fn fields_have_their_values() {
    let person = fields(&told("shapes")[0], "struct person");
    assert_eq!(value(&person, "name"), &Value::Text { text: "Ann".into(), more: false });
    assert_eq!(value(&person, "age"), &Value::Unsigned(31));
    assert!(matches!(value(&person, "friends[0]"), Value::Pointer(address) if *address > 0));
    assert_eq!(value(&person, "friends[2]"), &Value::Pointer(0));

    let item = fields(&told("shapes_rs")[0], "shapes_rs::Item");
    assert_eq!(value(&item, "id"), &Value::Unsigned(99));
    let Value::Container(name) = value(&item, "name") else { panic!("{item:?}") };
    assert_eq!(name.text, Some(("a name that is on the heap".into(), false)));
    let Value::Container(tags) = value(&item, "tags") else { panic!("{item:?}") };
    assert_eq!((tags.length, tags.capacity, tags.wasted_bytes()), (2, 5, 24));

    let bird = fields(&told("zoo")[0], "Bird");
    assert!(matches!(value(&bird, "name"), Value::Text { .. }), "{bird:?}");
    assert_eq!(value(&bird, "span"), &Value::Signed(30));
}

/// The object of the first told block with this label.
fn object(at: &Told, label: &str) -> ObjectId {
    let told = at.mark.blocks.iter().find(|block| block.label == label).unwrap_or_else(|| panic!("no {label}"));
    at.heap.find(0, told.address).unwrap()
}

#[test]
fn contents_are_in_the_file_and_can_be_asked_for() {
    let at = told("shapes_rs").swap_remove(0);
    let item = object(&at, "item");
    let entries = heapy_engine::snapshot::Writer::new().add(&at.heap).unwrap();
    let heap = heapy_engine::snapshot::Recording::from_entries(entries).unwrap().heap(1).unwrap();
    for heap in [&at.heap, &heap] {
        let values = heap.values(item);
        let value = |name: &str| values.iter().find(|held| held.name == name).map(|held| held.value.as_str());
        assert_eq!(value("id"), Some("99"), "{values:?}");
        assert_eq!(value("name"), Some("\"a name that is on the heap\""), "{values:?}");
        // Two of five slices of eight bytes are in use.
        assert_eq!(heap.unused(object(&at, "item.tags")), 24);
        assert!(heap.holds_contents());
    }
    let hp = Use::new(Arc::new(heap));
    let all = hp.iso(hp.view().heap().objects()).unwrap();
    assert_eq!(all.wasted(), all.nodes().iter().map(|object| at.heap.unused(object)).sum::<u64>());
    let forgotten: Vec<ObjectId> = at
        .mark
        .blocks
        .iter()
        .filter(|block| block.label == "forgotten")
        .map(|block| at.heap.find(0, block.address).unwrap())
        .collect();
    assert!(forgotten.len() > 1);
    let equal = |one: &ObjectId, other: &ObjectId| {
        at.paused.memory[at.heap.address(*one) as usize..][..at.heap.size(*one) as usize]
            == at.paused.memory[at.heap.address(*other) as usize..][..at.heap.size(*other) as usize]
    };
    let same = forgotten.iter().filter(|other| equal(&forgotten[0], other)).count();
    let by_content = hp.iso(forgotten.iter().copied()).unwrap().by("Content").unwrap();
    let rows: Vec<u64> =
        (0..by_content.row_count()).map(|row| by_content.part(row as i64).unwrap().count() as u64).collect();
    assert_eq!(rows.iter().sum::<u64>(), forgotten.len() as u64);
    assert!(rows.contains(&(same as u64)), "{rows:?}, {same}");
    let values = hp.iso([item]).unwrap().maprox().values("name").unwrap();
    assert_eq!(values, ["\"a name that is on the heap\""]);
    assert!(hp.iso([item]).unwrap().maprox().values("none").unwrap().is_empty());
    let one = hp.iso([item]).unwrap().theone().unwrap();
    assert!(
        one.values.iter().any(|held| held.name == "tags" && held.value.starts_with("2 of 5 elements at 0x")),
        "{:?}",
        one.values
    );
}

#[test]
fn objects_of_scripts_have_fields() {
    let at = told("shapes_as.incremental").swap_remove(0);
    let named = |holder: ObjectId| -> Vec<String> {
        at.heap.referents(holder).map(|edge| at.heap.relation(holder, &edge).printed('"')).collect()
    };
    let ring = object(&at, "ring");
    assert_eq!(named(ring), [".next"]);
    let words = object(&at, "words");
    assert_eq!(named(words), [".buffer", ".dataStart"]);
    // The names of some branches are constants, which are no blocks.
    let branches = at.mark.blocks.iter().filter(|block| block.label == "branch");
    let names: Vec<String> = branches.flat_map(|block| named(at.heap.find(0, block.address).unwrap())).collect();
    assert!([".left", ".right", ".name"].iter().all(|name| names.iter().any(|known| known == name)), "{names:?}");
    let table = fields(&at, "Map<String, i32>");
    assert_eq!(value(&table, "entriesCount"), &Value::Unsigned(20));
}

/// How the holders of a told block refer to it.
fn held_by(at: &Told, label: &str) -> Vec<(Family, Relation)> {
    let block = object(at, label);
    let named = |holder: ObjectId| {
        let edges = at.heap.referents(holder).filter(move |edge| edge.other == block);
        edges.map(move |edge| (at.heap.family(holder), at.heap.relation(holder, &edge)))
    };
    let mut holders: Vec<ObjectId> = at.heap.referrers(block).map(|edge| edge.other).collect();
    holders.sort_unstable();
    holders.dedup();
    holders.into_iter().flat_map(named).collect()
}

#[test]
fn words_of_the_stack_are_variables_of_frames() {
    for guest in ["shapes", "shapes.O0"] {
        let at = told(guest).into_iter().find(|at| at.mark.number == 2).unwrap();
        let held = held_by(&at, "stack_only");
        assert!(held.contains(&(Family::Frame, Relation::Local("held[0]".into()))), "{guest}: {held:?}");
    }
}

#[test]
fn closures_and_futures_hold_what_they_captured() {
    let at = &told("shapes_rs")[0];
    for (label, variable) in [("captured", "captured.buf"), ("async_scratch", "scratch")] {
        let held = held_by(at, label);
        assert!(held.contains(&(Family::Block, Relation::Captured(variable.into()))), "{label}: {held:?}");
    }
}

#[test]
fn values_of_maps_are_named_after_their_keys() {
    let names = relations(&rust_maps());
    for name in ["[\"name 3\"]", "[17]", "[39]", "[\"two\"]", ".keys()[0]"] {
        assert!(names.contains(name), "{name} is not in {names:?}");
    }
    // Strings in nodes of a `std::map<int, std::string>`, short ones in the node itself.
    let at = &told("zoo")[0];
    let fields = (0..at.typed.blocks.len()).flat_map(|block| at.typed.fields(&at.paused, block).unwrap_or_default());
    let texts: Vec<String> = fields
        .filter_map(|field| match field.value {
            Value::Container(of) => of.text.map(|(text, _)| text),
            _ => None,
        })
        .collect();
    for text in ["short".to_owned(), "b".repeat(41)] {
        assert!(texts.contains(&text), "{text} is not in {texts:?}");
    }
    let long = all_held_by("zoo", "long_string");
    for key in [1, 3, 11] {
        assert!(long.contains(&Relation::Index(key)), "{key} is not in {long:?}");
    }
}

#[test]
fn elements_of_scripts_are_named_by_their_owners() {
    let words = all_held_by("shapes_as.incremental", "word");
    for index in 0..6 {
        assert!(words.contains(&Relation::Index(index)), "[{index}] is not in {words:?}");
    }
    let names = relations(&told("shapes_as.incremental")[0].heap);
    assert!(names.contains(".keys()[0]") && names.contains(".keys()[19]"), "{names:?}");
}

/// How much of the heap of a program that others wrote has a type, mid-run and at the peak, and how much of what it
/// allocated in all.
fn shares_of(program: &Program) -> Option<([Shares; 2], f64)> {
    let module = program.module()?;
    let measured = program.measured(&module);
    let debug: usize = debug_sections(&module).iter().map(|(_, range)| range.len()).sum();
    println!("{}: {debug} bytes of debug sections, ready after {:?}", program.name(), measured.read);
    println!("{:.1} % of all allocated bytes are typed by the call", measured.allocated);
    let shares = measured.heaps.each_ref().map(Shares::of);
    for (shares, moment) in shares.iter().zip(["mid-run", "when most was live"]) {
        println!("{}", shares.table(&format!("{} {moment}", program.name())));
    }
    Some((shares, measured.allocated))
}

#[test]
fn blocks_of_sqlite_have_types() {
    let Some((shares, _)) = shares_of(&SQLITE) else { return };
    for shares in shares {
        // What is called bytes is what SQLite itself keeps as such: pages with their headers, and the pool of its small
        // objects.
        let known = shares.bytes_from(&["pcache1AllocPage", "setupLookaside"]);
        assert!(known >= 95.0, "{known} % of what is called bytes");
        assert!(shares.typed().1 >= 97.0, "{:?}", shares.typed());
        // What SQLite itself calls a struct is one: most of its memory is pages, which it does not.
        assert!(shares.named_structs() >= 2.0, "{}", shares.named_structs());
    }
}

#[test]
fn blocks_of_jaq_have_types() {
    let Some((shares, allocated)) = shares_of(&JAQ) else { return };
    assert!(allocated >= 97.0, "{allocated}");
    for shares in shares {
        assert!(shares.typed().0 >= 99.0 && shares.typed().1 >= 95.0, "{:?}", shares.typed());
    }
}
