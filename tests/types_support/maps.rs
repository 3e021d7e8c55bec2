//! What maps hold: the guests that have some, and the names of the words in their buffers and nodes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use heapy_engine::{Heap, Relation};

use super::told;
use crate::guests_support::run_calls;

/// The names of all words that lead to a block, as they are printed.
pub fn relations(heap: &Heap) -> BTreeSet<String> {
    let edges = heap.objects().flat_map(|holder| heap.referents(holder).map(move |edge| (holder, edge)));
    edges.map(|(holder, edge)| heap.relation(holder, &edge).printed('"')).collect()
}

/// The heap of a guest in Rust with maps, built here.
pub fn rust_maps() -> Heap {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/rust_maps/maps.rs");
    let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join("maps.wasm");
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.args(["--edition", "2024", "--target", "wasm32-wasip1", "-C", "opt-level=2", "-C", "debuginfo=2"]);
    let status = command.arg(source).arg("-o").arg(&binary).status().unwrap();
    assert!(status.success(), "{command:?}");
    let wasm = std::fs::read(binary).unwrap();
    run_calls("maps", &wasm, &[], &["_start"], "sched_yield").heaps.swap_remove(0)
}

/// How the blocks with this label are held by other blocks.
pub fn held_by(guest: &str, label: &str) -> Vec<Relation> {
    let at = told(guest).swap_remove(0);
    let labelled = at.mark.blocks.iter().filter(|block| block.label == label);
    let mut found = Vec::new();
    for block in labelled {
        let block = at.heap.find(0, block.address).unwrap();
        for edge in at.heap.referrers(block) {
            let holders = at.heap.referents(edge.other).filter(|back| back.other == block);
            found.extend(holders.map(|back| at.heap.relation(edge.other, &back)));
        }
    }
    found
}
