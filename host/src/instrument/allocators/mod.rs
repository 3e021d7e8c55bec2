//! Which functions are allocators, and how their parameters are to be read.
//!
//! A block often passes several layers (`operator new`, `malloc`, `dlmalloc`). Each layer that can be entered first is
//! probed, and a block is told by the entry that was reached while no other was active; layers that only pass on to a
//! probed one are labels. Evidence is the name section and the exports; further entries are given by specifications.

mod dead_parameters;
mod known;
mod layers;
mod spec;

use std::collections::HashMap;

use super::info::ModuleInfo;
use crate::error::InstrumentError;

/// What an allocator entry does, by the positions of its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Returns a new block of `size` bytes, times `count` where there is one; zero is failure.
    Allocate {
        /// Parameter: bytes, or bytes of one element.
        size: u32,
        /// Parameter: number of elements.
        count: Option<u32>,
    },
    /// Stores the address of a new block; the result zero is success.
    AllocateOut {
        /// Parameter: where the address is stored.
        out: u32,
        /// Parameter: bytes.
        size: u32,
    },
    /// Gives a block another size; returns where it is now. Zero is failure, and leaves the block as it was.
    Reallocate {
        /// Parameter: the block; zero for none.
        block: u32,
        /// Parameter: bytes, or bytes of one element.
        size: u32,
        /// Parameter: number of elements.
        count: Option<u32>,
    },
    /// Gives a block another size where it is; returns whether it could.
    Resize {
        /// Parameter: the block.
        block: u32,
        /// Parameter: bytes.
        size: u32,
    },
    /// Gives a block back.
    Release {
        /// Parameter: the block; zero for none.
        block: u32,
    },
}

impl Role {
    /// Number of results of a function in this role, and its greatest parameter.
    fn shape(self) -> (usize, u32) {
        match self {
            Self::Allocate { size, count } => (1, size.max(count.unwrap_or(0))),
            Self::AllocateOut { out, size } => (1, out.max(size)),
            Self::Reallocate { block, size, count } => (1, block.max(size).max(count.unwrap_or(0))),
            Self::Resize { block, size } => (1, block.max(size)),
            Self::Release { block } => (0, block),
        }
    }

    /// Whether two entries do the same thing, so that one may stand for the other.
    fn same_kind(self, other: Self) -> bool {
        let kind = |role| match role {
            Self::Allocate { .. } | Self::AllocateOut { .. } => 0,
            Self::Reallocate { .. } => 1,
            Self::Resize { .. } => 2,
            Self::Release { .. } => 3,
        };
        kind(self) == kind(other)
    }
}

/// Where an entry stands among the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// Named by a specification.
    Given,
    /// The C library's, or one with its interface.
    C,
    /// Rust's own dlmalloc.
    RustDlmalloc,
    /// Rust's shims around the global allocator.
    RustShim,
    /// C++ operators.
    Cpp,
    /// Zig's allocators.
    Zig,
    /// AssemblyScript's managed objects.
    AssemblyScriptObject,
    /// AssemblyScript's raw heap; objects lie one header behind its blocks.
    AssemblyScriptHeap,
}

/// An allocator entry that is probed.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The function.
    pub(crate) function: u32,
    /// The name it was found by.
    pub(crate) name: String,
    /// What it does.
    pub(crate) role: Role,
    /// Where it stands.
    pub(crate) layer: Layer,
    /// Whether it can be reached from another entry.
    pub(crate) nested: bool,
    /// Whether another entry can be reached from it.
    pub(crate) nests: bool,
}

impl Entry {
    /// Bytes from the allocator's block to the object that the program knows.
    pub(crate) fn header(&self) -> u32 {
        if self.layer == Layer::AssemblyScriptHeap { 16 } else { 0 }
    }

    /// Whether it must be told even while another entry is active: AssemblyScript's collector runs inside `__new` and
    /// gives back other blocks.
    pub(crate) fn always(&self) -> bool {
        self.layer == Layer::AssemblyScriptHeap && matches!(self.role, Role::Release { .. })
    }
}

/// The allocators of a module.
#[derive(Debug, Default)]
pub(crate) struct Allocators {
    /// Entries to probe, by function.
    pub(crate) entries: Vec<Entry>,
    /// All functions that are part of an allocator's interface, probed or not, ascending.
    pub(crate) labels: Vec<u32>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
}

impl Allocators {
    /// Finds them by names, exports and specifications.
    pub(crate) fn find(info: &ModuleInfo<'_>, specs: &[String]) -> Result<Self, InstrumentError> {
        let mut candidates: Vec<Entry> = Vec::new();
        let mut notes = Vec::new();
        let mut seen: HashMap<u32, usize> = HashMap::new();
        let mut add = |entry: Entry, candidates: &mut Vec<Entry>| {
            seen.entry(entry.function).or_insert_with(|| {
                candidates.push(entry);
                candidates.len() - 1
            });
        };
        for text in specs {
            for entry in spec::parse(info, text)? {
                add(entry, &mut candidates);
            }
        }
        let exports = info.exports.iter().filter(|export| super::info::is_function(export.kind));
        let named = info.function_names.iter().copied().chain(exports.map(|export| (export.index, export.name)));
        for (function, name) in named {
            let Some(params) = info.signature(function).map(|signature| signature.params.len()) else { continue };
            let Some((layer, role)) = known::recognise(name, params) else { continue };
            if !fits(info, function, role) {
                notes.push(format!("`{name}` looks like an allocator by its name, but not by its parameters"));
                continue;
            }
            add(Entry { function, name: name.to_owned(), role, layer, nested: false, nests: false }, &mut candidates);
        }
        dead_parameters::settle(info, &mut candidates, &mut notes);
        candidates.sort_by_key(|entry| entry.function);
        let mut labels: Vec<u32> = candidates.iter().map(|entry| entry.function).collect();
        labels.dedup();
        let entries = layers::select(info, candidates);
        if entries.is_empty() {
            notes.push("no allocator was found by name; name one with --allocator".to_owned());
        }
        notes.sort();
        notes.dedup();
        Ok(Self { entries, labels, notes })
    }

    /// log2 of the bytes that one cell of the live table stands for.
    pub(crate) fn granule_log2(&self) -> u32 {
        // Zig's smallest blocks are 8 bytes apart; of given allocators nothing is known.
        let fine = self.entries.iter().any(|entry| matches!(entry.layer, Layer::Zig | Layer::Given));
        if fine { 3 } else { 4 }
    }
}

/// Whether a function can have a role: defined here, 32-bit integers, the right number of results.
fn fits(info: &ModuleInfo<'_>, function: u32, role: Role) -> bool {
    let Some(signature) = info.signature(function) else { return false };
    let (results, greatest) = role.shape();
    let words = signature.params.iter().chain(&signature.results).all(|ty| *ty == wasmparser::ValType::I32);
    info.body(function).is_some()
        && words
        && signature.results.len() == results
        && (greatest as usize) < signature.params.len()
}
