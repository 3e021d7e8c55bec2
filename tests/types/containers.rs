//! Containers of standard libraries: what they hold, under which keys, and how much of their room is in use.

use std::collections::BTreeSet;

use heapy_engine::{Family, ObjectId};
use heapy_host::layout::Rooms;

use super::types_support::{Told, cpp_program, libstdcpp, paused_at, relations, zig_program};
use super::{fields, value};
use crate::guests_support::bytes;

/// How blocks refer to the blocks of a type.
fn held(at: &Told, of: &str) -> BTreeSet<String> {
    let is_it = |object: &ObjectId| {
        at.heap.family(*object) == Family::Block
            && at.heap.type_of(*object).is_some_and(|ty| at.heap.type_record(ty).name == of)
    };
    let blocks: Vec<ObjectId> = at.heap.objects().filter(is_it).collect();
    let holders = at.heap.objects().filter(|&object| at.heap.family(object) == Family::Block);
    let edges = holders.flat_map(|holder| at.heap.referents(holder).map(move |edge| (holder, edge)));
    let leading = edges.filter(|(_, edge)| blocks.contains(&edge.other));
    leading.map(|(holder, edge)| at.heap.relation(holder, &edge).printed('"')).collect()
}

fn assert_named(found: &BTreeSet<String>, wanted: &[&str]) {
    for name in wanted {
        assert!(found.contains(*name), "{name} is not in {found:?}");
    }
}

/// Room in the buffers of a block's containers that no element takes, in bytes.
fn unused(at: &Told, of: &str) -> u64 {
    let is_it = |block: &usize| at.typed.blocks[*block].ty.is_some_and(|ty| at.typed.layouts.get(ty.ty).name == of);
    let block = (0..at.typed.blocks.len()).find(is_it).unwrap_or_else(|| panic!("no block is a {of}"));
    Rooms::default().of(&at.typed, &at.paused, block).iter().map(|(_, bytes)| bytes).sum()
}

/// Names of the types of all blocks.
fn types(at: &Told) -> BTreeSet<String> {
    let blocks = at.typed.blocks.iter().filter_map(|block| block.class.or(block.ty));
    blocks.map(|ty| at.typed.layouts.get(ty.ty).name.clone()).collect()
}

#[test]
fn maps_and_shared_owners_of_libcpp_are_known() {
    let Some(wasm) = cpp_program("containers.cpp", "containers", &[]) else { return };
    let at = paused_at("containers", &wasm, &["_start"], "sched_yield");
    let parts = held(&at, "Part");
    assert_named(&parts, &["[40]", "[41]", "[42]", "[1000]", "[-7]", "[\"one\"]", "[\"owned\"]", ".given.__ptr_"]);
    // The control block of `make_shared` holds its object, that of another owner a pointer.
    let own = fields(&at, "std::__shared_ptr_emplace<Part>");
    assert_eq!(value(&own, "__storage_.number").to_string(), "1");
    assert_eq!(value(&own, "__storage_.weight").to_string(), "0.5");
    assert!(parts.iter().any(|name| name.contains("__data_") || name.contains("__value_")), "{parts:?}");
    assert!(!parts.iter().any(|name| name.starts_with('+')), "{parts:?}");
    assert!(types(&at).iter().any(|name| name.starts_with("std::__shared_ptr_pointer<Part")), "{:?}", types(&at));
}

#[test]
fn objects_of_shared_owners_stand_in_their_blocks() {
    let Some(wasm) = cpp_program("emplaced.cpp", "emplaced", &[]) else { return };
    let at = paused_at("emplaced", &wasm, &["_start"], "sched_yield");
    assert_named(&held(&at, "Part"), &[".__data_.__value_.next", ".__storage_.next"]);
    let before = fields(&at, "std::__shared_ptr_emplace<Part>");
    assert_eq!(value(&before, "__data_.__value_.number").to_string(), "1");
    // The allocator's own state stands before the object.
    let stateful = fields(&at, "std::__shared_ptr_emplace<Part, Pool<Part>>");
    assert_eq!(value(&stateful, "__storage_.number").to_string(), "2");
}

#[test]
fn containers_of_libstdcpp_are_known() {
    for new_strings in [true, false] {
        let Some(headers) = libstdcpp(new_strings) else { return };
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let name = format!("libstdcpp{}", u8::from(new_strings));
        let Some(wasm) = cpp_program("libstdcpp.cpp", &name, &headers) else { return };
        let at = paused_at(&name, &wasm, &["_start"], "sched_yield");
        let holder = fields(&at, "Holder");
        assert_eq!(value(&holder, "brief").to_string(), "\"short\"");
        assert_eq!(value(&holder, "name").to_string(), "\"a name that is too long for the string itself\"");
        // Of the string's room for 100 characters 45 are in use, of the vector's four elements one.
        assert_eq!(unused(&at, "Holder"), 100 - 45 + 3 * 4, "{name}");
        assert_named(&held(&at, "Part"), &["[42]", "[43]", "[-7]", "[\"one\"]", "[\"two\"]", "[0]", ".given._M_ptr"]);
        assert!(types(&at).iter().any(|name| name.starts_with("std::_Sp_counted_ptr<Part *")), "{:?}", types(&at));
        let made = types(&at).into_iter().find(|name| name.starts_with("std::_Sp_counted_ptr_inplace<Part")).unwrap();
        let made = fields(&at, &made);
        assert!(made.iter().any(|field| field.name.ends_with(".number") && field.value.to_string() == "1"), "{made:?}");
        // A short string of the old kind has a block too.
        assert_eq!(relations(&at.heap).contains(".brief"), !new_strings);
    }
}

#[test]
fn hash_maps_of_zig_are_known() {
    for optimised in ["Debug", "safe"] {
        let Some(wasm) = zig_program("maps", optimised, &["-Mroot=maps.zig"]) else { return };
        let at = paused_at("maps_zig", &wasm, &["_start"], "sched_yield");
        let parts = held(&at, "maps.Part");
        assert_named(&parts, &["[40]", "[44]", "[46]", "[49]", "[\"one\"]", "[\"two\"]"]);
        // What was removed holds nothing.
        assert!(!parts.contains("[45]"), "{parts:?}");
        // A set holds its keys.
        assert_named(&held(&at, "[]u8"), &[".keys()[0]"]);
        let holder = fields(&at, "maps.Holder");
        let counted = |name: &str| {
            let text = value(&holder, name).to_string();
            text.split(" elements").next().unwrap().to_owned()
        };
        assert_eq!(counted("by_name"), "2 of 6");
        assert_eq!(counted("by_number.unmanaged"), "9 of 12");
        assert_eq!(counted("names"), "1 of 6");
        // An entry takes a byte for its place: with slice and pointer 13, with number and pointer 9, with a slice 9.
        assert_eq!(unused(&at, "maps.Holder"), 4 * 13 + 3 * 9 + 5 * 9, "{optimised}");
    }
}

#[test]
fn maps_of_scripts_name_what_they_hold() {
    let at = paused_at("maps_as", &bytes("maps_as"), &["build", "release"], "truth.mark");
    let parts = held(&at, "Part");
    assert_named(&parts, &["[\"one\"]", "[\"two\"]", "[42]", "[-7]", "[true]", ".keys()[0]", "[0].value"]);
    assert_named(&held(&at, "String"), &[".keys()[0]"]);
}
