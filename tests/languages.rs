//! The headers for other languages say what the ABI says: every function with as many parameters, every number.

use std::fs;
use std::path::Path;

use heapy_guest::abi::{self, FUNCTIONS};

fn source(path: &str) -> String {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-sdk")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The parameters between the parentheses that follow `before`.
fn parameters(source: &str, before: &str) -> usize {
    let (_, rest) = source.split_once(before).unwrap_or_else(|| panic!("no {before}"));
    let (list, _) = rest.split_once(')').expect("the list ends");
    list.split(',').filter(|parameter| !parameter.trim().is_empty()).count()
}

#[test]
fn every_language_has_every_function() {
    let (c, script, go) = (source("include/heapy.h"), source("assemblyscript/heapy.ts"), source("go/imports.go"));
    let (rust, page) = (source("src/imports.rs"), source("../www/guide/guest-abi.md"));
    for (name, count) in FUNCTIONS {
        assert!(c.contains(&format!("int{}_t, {name}, (", if name == "length" { 64 } else { 32 })), "{name} in C");
        assert_eq!(parameters(&c, &format!("_t, {name}, (")), count, "{name} in C");
        assert_eq!(parameters(&script, &format!("function heapy_{name}(")), count, "{name} in AssemblyScript");
        let (_, declared) = go.split_once(&format!("//go:wasmimport heapy {name}\n")).expect("is in Go");
        assert_eq!(parameters(declared, "("), count, "{name} in Go");
        assert_eq!(parameters(&rust, &format!("fn {name}(")), count, "{name} in Rust");
        assert!(page.contains(&format!("| `{name}(")), "{name} in the guide");
    }
    assert_eq!(c.matches("HEAPY_IMPORT(int").count(), FUNCTIONS.len());
    assert_eq!(script.matches("@external(").count(), FUNCTIONS.len());
    assert_eq!(go.matches("//go:wasmimport").count(), FUNCTIONS.len());
}

#[test]
fn the_c_header_has_every_number() {
    let c = source("include/heapy.h");
    let abi = source("src/abi.rs");
    let prefixes = [
        ("tag", "TAG"),
        ("sort", "SORT"),
        ("code", "ERROR"),
        ("form", "FORM"),
        ("shape", "SHAPE"),
        ("allocator", "ALLOCATOR"),
    ];
    for (module, prefix) in prefixes {
        let (_, rest) = abi.split_once(&format!("pub mod {module} {{")).expect("is a module");
        let (body, _) = rest.split_once("\n}").expect("ends");
        let numbers = body.lines().filter_map(|line| line.trim().strip_prefix("pub const "));
        let mut count = 0;
        for number in numbers {
            let (name, value) = number.split_once(": ").expect("has a type");
            let value = value.rsplit("= ").next().expect("has a value").trim_end_matches(';');
            let value = if value.starts_with('-') { format!("({value})") } else { value.to_owned() };
            assert!(c.contains(&format!("#define HEAPY_{prefix}_{name} {value}\n")), "HEAPY_{prefix}_{name} {value}");
            count += 1;
        }
        assert_eq!(c.matches(&format!("#define HEAPY_{prefix}_")).count(), count, "{prefix}");
    }
    assert!(c.contains(&format!("#define HEAPY_VERSION {}\n", abi::VERSION)));
}

#[test]
fn the_guide_has_every_limit() {
    let page = source("../www/guide/guest-abi.md");
    let limits = [
        abi::limit::HANDLES,
        abi::limit::TOPS,
        abi::limit::SNAPSHOTS,
        abi::limit::RECORDS,
        abi::limit::DEPTH,
        abi::limit::TYPES,
        abi::limit::ALLOCATORS,
        abi::limit::NAME_BYTES,
        abi::limit::TOLD,
    ];
    for limit in limits {
        let digits = limit.to_string();
        let groups: Vec<&str> =
            digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits")).collect();
        assert!(page.contains(&groups.join(",")), "{}", groups.join(","));
    }
    for (bytes, words) in [(abi::limit::HANDLE_BYTES, "256 MiB"), (abi::limit::TEXT_BYTES, "16 MiB")] {
        let (number, _) = words.split_once(' ').expect("a unit");
        assert_eq!(Ok(bytes >> 20), number.parse());
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn records_are_the_same_both_ways() {
    let record = abi::Record { tag: abi::tag::LIST, sort: 3, length: 70_000, payload: u64::MAX - 5 };
    assert_eq!(abi::Record::from_bytes(record.to_bytes()), record);
    assert_eq!(size_of::<abi::Record>(), abi::RECORD_BYTES);
}

#[test]
fn the_wit_package_is_well_formed() {
    let mut resolve = wit_parser::Resolve::default();
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-sdk/wit/inspect.wit"));
    let package = resolve.push_file(path).expect("inspect.wit parses");
    let package = &resolve.packages[package];
    assert_eq!((package.name.namespace.as_str(), package.name.name.as_str()), ("heapy", "inspect"));
    let world = resolve.worlds[package.worlds["inspected"]].imports.len();
    assert_eq!(world, 2);
    let inspect = &resolve.interfaces[package.interfaces["inspect"]];
    assert!(inspect.functions.contains_key("hpy"));
    let tell = &resolve.interfaces[package.interfaces["tell"]];
    for name in ["describe", "label", "hide", "pin", "unpin"] {
        assert!(tell.functions.contains_key(name), "{name}");
    }
}
