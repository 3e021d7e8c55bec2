//! Guests that tell the types of their blocks, each run once.

use std::collections::BTreeMap;

use heapy_engine::Heap;
use heapy_host::layout::{Typed, Typing};
use heapy_host::paused::Paused;

use super::built::zig_program;
use crate::guests_support::{Mark, Run, bytes, read_marks, run, run_calls, run_script};

/// A guest, and the least share of its told bytes that must be typed right, in percent.
pub const TOLD: [(&str, f64); 10] = [
    ("shapes", 85.0),
    ("shapes.O0", 85.0),
    ("shapes.reactor", 85.0),
    ("arena", 85.0),
    ("churn", 85.0),
    ("zoo", 95.0),
    ("shapes_rs", 95.0),
    ("shapes_as.incremental", 95.0),
    ("shapes_as.minimal", 95.0),
    ("shapes_as.stub", 95.0),
];

/// A guest at one of its marks.
pub struct Told {
    /// What it told there.
    pub mark: Mark,
    /// What was read of it.
    pub paused: Paused,
    /// The types that were found.
    pub typed: Typed,
    /// The heap that was made of both.
    pub heap: Heap,
}

impl Told {
    /// Told types by address.
    pub fn types(&self) -> BTreeMap<u64, &str> {
        self.mark.blocks.iter().map(|block| (block.address, block.type_name.as_str())).collect()
    }
}

/// Runs a guest; one value for each mark at which it tells blocks.
pub fn told(guest: &str) -> Vec<Told> {
    if !guest.starts_with("shapes_as.") {
        return found(run(guest, &[]), bytes(guest));
    }
    let mut run = run_script(guest);
    run.told = run.told.into_iter().map(named).collect();
    found(run, bytes(guest))
}

/// The guest in Zig with debug information, optimised (`safe`) or not (`Debug`); none without its compiler.
pub fn told_zig(optimised: &str) -> Option<Vec<Told>> {
    let modules = ["--dep", "options", "-Mroot=shapes.zig", "-Moptions=options_plain.zig"];
    let wasm = zig_program("shapes_zig", optimised, &modules)?;
    Some(found(run_calls("shapes_zig", &wasm, &[], &["_start"], "sched_yield"), wasm))
}

/// What a run told, next to what was found.
fn found(run: Run, module: Vec<u8>) -> Vec<Told> {
    let Run { output, heaps, told, pauses, .. } = run;
    let marks = if told.is_empty() { read_marks(&output) } else { told };
    let typing = Typing::new(module.into()).unwrap();
    let mut found = Vec::new();
    for ((mark, heap), paused) in marks.into_iter().zip(heaps).zip(pauses) {
        let typed = typing.apply(&paused);
        // A script tells at the second mark only what it lets go of.
        if !mark.blocks.is_empty() {
            found.push(Told { mark, paused, typed, heap });
        }
    }
    assert!(!found.is_empty(), "the guest tells nothing");
    found
}

/// The heap of a guest that tells nothing, at its first mark.
pub fn paused_at(name: &str, wasm: &[u8], calls: &[&str], mark: &str) -> Told {
    let Run { mut heaps, mut pauses, .. } = run_calls(name, wasm, &[], calls, mark);
    let paused = pauses.swap_remove(0);
    let typed = Typing::new(wasm.to_vec().into()).unwrap().apply(&paused);
    Told { mark: Mark::default(), paused, typed, heap: heaps.swap_remove(0) }
}

/// AssemblyScript guests tell labels only: the classes are those of their source.
fn named(mut mark: Mark) -> Mark {
    for block in &mut mark.blocks {
        block.type_name = match block.label.as_str() {
            "leaf" => "Leaf",
            "branch" => "Branch",
            "ring" => "Ring",
            "numbers" => "Array<i32>",
            "words" => "Array<String>",
            "word" => "String",
            "table" => "Map<String,i32>",
            "pixels" => "Float64Array",
            "numbers.buffer" | "pixels.buffer" => "ArrayBuffer",
            other => panic!("no class is known for {other}"),
        }
        .to_owned();
    }
    mark
}

/// The module without its custom sections, as `wasm-strip` leaves it.
pub fn stripped(module: &[u8]) -> Vec<u8> {
    let mut kept = module[..8].to_vec();
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        let payload = payload.unwrap();
        let Some((id, range)) = payload.as_section().filter(|(id, _)| *id != 0) else { continue };
        kept.push(id);
        push_size(&mut kept, range.len());
        kept.extend_from_slice(&module[range]);
    }
    kept
}

/// Appends a size as modules write it.
pub fn push_size(module: &mut Vec<u8>, mut size: usize) {
    while size >= 0x80 {
        module.push(size as u8 | 0x80);
        size >>= 7;
    }
    module.push(size as u8);
}
