//! AssemblyScript's runtimes in modules without names, by the shape of their code.
//!
//! `__new` is the function that takes a size and a class, refuses sizes of a gigabyte by a constant of its own, and
//! stores both into the object's header. Optimised code has `__free` in the middle of the collector; what remains is
//! that every block given back is put into the list of free blocks by one function, which also puts other pieces there:
//! only what is known to be an object counts as released. Time O(bytes of the bodies that fit).

use wasmparser::ValType;

use super::evidence::Evidence;
use super::fingerprint::Fingerprint;
use super::{Entry, Layer, Role};
use crate::instrument::body::Callee;
use crate::instrument::info::ModuleInfo;

/// The greatest object: a block less its header.
const OBJECT_MAX: i32 = 0x3FFF_FFEC;
/// The greatest block; a mask of sizes too.
const BLOCK_MAX: i32 = 0x3FFF_FFFC;
/// Where the class and the size lie, from the header's start.
const CLASS_OFFSET: u64 = 12;
const SIZE_OFFSET: u64 = 16;

/// The functions of the runtime, unless there is none.
pub(super) fn find(info: &ModuleInfo<'_>) -> Vec<Entry> {
    let shape = |function: u32, results: usize| {
        info.signature(function).is_some_and(|signature| {
            signature.params == [ValType::I32, ValType::I32]
                && signature.results.len() == results
                && signature.results.iter().all(|ty| *ty == ValType::I32)
        })
    };
    let mut entries = Vec::new();
    let mut inserts = Vec::new();
    for (function, body) in (info.imported()..).zip(&info.bodies) {
        if !(60..2_000).contains(&(body.end - body.start)) {
            continue;
        }
        if shape(function, 1) {
            let print = Fingerprint::of(info, body);
            if print.has(OBJECT_MAX) && print.stores_at(CLASS_OFFSET) && print.stores_at(SIZE_OFFSET) {
                let seen = "refuses a gigabyte as AssemblyScript does, stores class and size into a header".to_owned();
                let evidence = Evidence::Structure { seen, certain: false };
                let role = Role::Allocate { size: 0, count: None };
                entries.push(Entry::new(function, "__new", role, Layer::AssemblyScriptObject, evidence));
            }
        } else if shape(function, 0) {
            let print = Fingerprint::of(info, body);
            // Links of free blocks, and lists behind 23 words and 4: the layout of the free lists.
            if print.has(BLOCK_MAX) && print.stores_at(96) && print.stores_at(8) {
                inserts.push(function);
            }
        }
    }
    if entries.len() != 1 {
        return Vec::new();
    }
    // `removeBlock` has the same shape; `insertBlock` calls it to merge neighbours.
    let merges = |function: &u32| {
        let calls = info.body(*function).map(|body| body.calls.as_slice()).unwrap_or_default();
        calls.iter().any(|call| matches!(call.callee, Callee::Function(callee) if inserts.contains(&callee)))
    };
    let merging: Vec<u32> = inserts.iter().copied().filter(merges).collect();
    if let [insert] = merging[..] {
        let seen = "puts blocks into the free lists of AssemblyScript's TLSF".to_owned();
        let evidence = Evidence::Structure { seen, certain: false };
        let role = Role::Release { block: 1 };
        entries.push(Entry::new(insert, "insertBlock", role, Layer::AssemblyScriptFreeList, evidence));
    }
    entries
}
