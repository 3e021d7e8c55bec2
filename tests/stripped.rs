//! Allocators that have lost their names: what the shape of code finds is what names say.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "tests")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use heapy_host::instrument::{AllocatorReport, Evidence, Standing};
use wasmparser::{Parser, Payload};

fn bytes(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("guests/out/{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The module without its custom sections, names and debug information among them.
fn strip(wasm: &[u8]) -> Vec<u8> {
    let mut stripped = wasm[..8].to_vec();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.unwrap();
        if matches!(payload, Payload::CustomSection(_)) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            stripped.push(id);
            let mut length = range.len();
            while length >= 0x80 {
                stripped.push(length as u8 | 0x80);
                length >>= 7;
            }
            stripped.push(length as u8);
            stripped.extend_from_slice(&wasm[range]);
        }
    }
    stripped
}

/// Functions that are probed, with what their parameters are taken for.
fn probed(report: &AllocatorReport) -> BTreeMap<u32, String> {
    let probed = report.candidates.iter().filter(|candidate| candidate.standing == Standing::Probed);
    probed.map(|candidate| (candidate.function, candidate.specification.clone())).collect()
}

fn report(wasm: &[u8]) -> AllocatorReport {
    AllocatorReport::of(wasm, &[]).unwrap()
}

#[test]
fn dlmalloc_is_found_without_its_names() {
    for name in [
        "shapes",
        "shapes.O0",
        "shapes.O2",
        "shapes.wrap",
        "shapes.reactor",
        "arena",
        "arena.O2",
        "arena.wrap",
        "churn",
        "churn.O2",
        "churn.wrap",
        "zoo",
        "zoo.wrap",
        "shapes_rs",
        "shapes_rs.names",
        "shapes_rs.whole",
    ] {
        let whole = bytes(name);
        let found = report(&strip(&whole));
        assert_eq!(probed(&found), probed(&report(&whole)), "{name}: {found:#?}");
        assert!(found.candidates.iter().all(|candidate| candidate.evidence.is_certain()), "{name}: {found:#?}");
    }
}

#[test]
fn guests_built_without_names() {
    for (named, stripped) in [
        ("shapes.O2", "shapes.O2.stripped"),
        ("arena.O2", "arena.O2.stripped"),
        ("churn.O2", "churn.O2.stripped"),
        ("shapes_rs.names", "shapes_rs.stripped"),
    ] {
        let found = report(&bytes(stripped));
        let structure = |evidence: &Evidence| matches!(evidence, Evidence::Structure { .. } | Evidence::Export);
        assert!(found.candidates.iter().all(|candidate| structure(&candidate.evidence)), "{stripped}: {found:#?}");
        assert_eq!(probed(&found), probed(&report(&bytes(named))), "{stripped}");
    }
}

#[test]
fn what_is_found_in_assembly_script_is_said_to_be_uncertain() {
    let found = report(&bytes("shapes_as.stripped"));
    let words: Vec<_> = found.candidates.iter().map(|candidate| candidate.specification.as_str()).collect();
    assert_eq!(words, ["alloc=#5:size", "to free lists=#13:_,block"], "{found:#?}");
    assert!(found.candidates.iter().all(|candidate| !candidate.evidence.is_certain()));
    assert!(found.notes.iter().any(|note| note.contains("by the shape of its code alone: __new #5")), "{found:?}");
}

#[test]
fn where_nothing_is_found_that_is_said() {
    for name in ["shapes_zig.small", "shapes_zig"] {
        let found = report(&strip(&bytes(name)));
        assert_eq!(probed(&found), BTreeMap::new(), "{name}: {found:#?}");
        assert!(found.notes.iter().any(|note| note.contains("--allocator")), "{name}: {:?}", found.notes);
    }
}
