//! Which functions are allocators, and how their parameters are to be read.
//!
//! A block often passes several layers (`operator new`, `malloc`, `dlmalloc`). Each layer that can be entered first is
//! probed, and a block is told by the entry that was reached while no other was active; layers that only pass on to a
//! probed one are labels. Evidence is the name section, the exports, and the shape of code that has lost its names;
//! further entries are given by specifications.

mod assembly_script;
mod dead_parameters;
mod dlmalloc;
mod evidence;
mod fingerprint;
mod go;
mod known;
mod layers;
mod pools;
mod report;
mod spec;

use std::collections::HashMap;

use super::body::{BodyFacts, Callee};
use super::info::ModuleInfo;
use crate::error::InstrumentError;
use crate::live::layout;
pub use evidence::Evidence;
pub(crate) use go::{GoAllocator, GoEntry};
pub(crate) use layers::passes_on_to;
pub(super) use pools::specification as pool_specification;
pub(crate) use pools::{PoolAct, PoolEntry, PoolKind, PoolName, PoolSize};
pub(super) use report::specification;
pub use report::{AllocatorReport, Candidate, Standing};

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

    /// Whether it makes blocks where there were none.
    pub(crate) const fn allocates(self) -> bool {
        matches!(self, Self::Allocate { .. } | Self::AllocateOut { .. })
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
    /// AssemblyScript's lists of free blocks; what is put there may have been an object.
    AssemblyScriptFreeList,
}

impl Layer {
    /// What the user knows it as.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::C => "C library",
            Self::RustDlmalloc => "Rust's dlmalloc",
            Self::RustShim => "Rust's global allocator",
            Self::Cpp => "C++ operators",
            Self::Zig => "Zig",
            Self::AssemblyScriptObject => "AssemblyScript objects",
            Self::AssemblyScriptHeap | Self::AssemblyScriptFreeList => "AssemblyScript heap",
        }
    }
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
    /// Why it is taken for one.
    pub(crate) evidence: Evidence,
    /// Whether it can be reached from another entry.
    pub(crate) nested: bool,
    /// Whether another entry can be reached from it.
    pub(crate) nests: bool,
}

impl Entry {
    /// An entry of which nothing is known of others yet.
    pub(crate) fn new(function: u32, name: &str, role: Role, layer: Layer, evidence: Evidence) -> Self {
        Self { function, name: name.to_owned(), role, layer, evidence, nested: false, nests: false }
    }

    /// Bytes from the allocator's block to the object that the program knows.
    pub(crate) fn header(&self) -> u32 {
        match self.layer {
            Layer::AssemblyScriptHeap => 16,
            Layer::AssemblyScriptFreeList => layout::FREE_LIST_HEADER,
            _ => 0,
        }
    }

    /// Whether it must be told even while another entry is active: AssemblyScript's collector runs inside `__new` and
    /// gives back other blocks.
    pub(crate) fn always(&self) -> bool {
        matches!(self.layer, Layer::AssemblyScriptHeap | Layer::AssemblyScriptFreeList)
            && matches!(self.role, Role::Release { .. })
    }
}

/// The allocators of a module.
#[derive(Debug, Default)]
pub(crate) struct Allocators {
    /// Entries to probe, by function.
    pub(crate) entries: Vec<Entry>,
    /// All functions that are part of an allocator's interface, probed or not, ascending.
    pub(crate) labels: Vec<u32>,
    /// Those of them that give blocks another size and perhaps another place, ascending.
    pub(crate) reallocators: Vec<u32>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
    /// Go's allocator; then there are no other entries.
    pub(crate) go: Option<GoAllocator>,
    /// Pools and arenas on top of others, in the order in which they were named.
    pub(crate) pools: Vec<PoolName>,
    /// Their functions, ascending; none is among the entries.
    pub(crate) pool_entries: Vec<PoolEntry>,
}

impl Allocators {
    /// Finds them by specifications, names, exports and the shape of their code.
    pub(crate) fn find(info: &ModuleInfo<'_>, specs: &[String]) -> Result<Self, InstrumentError> {
        if let Some(go) = go::find(info).filter(|_| specs.is_empty()) {
            let labels = go.labels.clone();
            return Ok(Self { labels, notes: vec![report::GO_NOTE.to_owned()], go: Some(go), ..Self::default() });
        }
        let given = spec::Given::parse(info, specs)?;
        let (mut candidates, mut notes) = candidates(info, &given);
        candidates.sort_by_key(|entry| entry.function);
        let labels: Vec<u32> = candidates.iter().map(|entry| entry.function).collect();
        let moves = candidates.iter().filter(|entry| matches!(entry.role, Role::Reallocate { .. }));
        let reallocators = moves.map(|entry| entry.function).collect();
        let entries = layers::select(info, &candidates);
        if entries.is_empty() && given.pools.is_empty() {
            notes.push(report::NOTHING_FOUND.to_owned());
        }
        notes.extend(report::warnings(&entries));
        notes.sort();
        notes.dedup();
        let spec::Given { pools, pool_entries, .. } = given;
        Ok(Self { entries, labels, reallocators, notes, go: None, pools, pool_entries })
    }

    /// The functions that are probed, those of pools too, with whether they make blocks.
    pub(crate) fn probed(&self) -> impl Iterator<Item = (u32, bool)> + '_ {
        let entries = self.entries.iter().map(|entry| (entry.function, !matches!(entry.role, Role::Release { .. })));
        let makes = |act: PoolAct| !matches!(act, PoolAct::Release | PoolAct::Reset);
        entries.chain(self.pool_entries.iter().map(move |entry| (entry.function, makes(entry.act))))
    }

    /// The entry of a pool that a function is.
    pub(crate) fn pool_entry(&self, function: u32) -> Option<usize> {
        self.pool_entries.binary_search_by_key(&function, |entry| entry.function).ok()
    }

    /// What is probed of Go's allocator in a function.
    pub(crate) fn go_entry(&self, function: u32) -> Option<&GoEntry> {
        let entries = &self.go.as_ref()?.entries;
        entries.binary_search_by_key(&function, |entry| entry.function).ok().map(|at| &entries[at])
    }

    /// log2 of the bytes that one cell of the live table stands for.
    pub(crate) fn granule_log2(&self) -> u32 {
        // Blocks of Zig's allocators, of emmalloc, of Rust's own and of Go's may begin at every eighth byte; of given ones and
        // of what Rust programs bring with them nothing is known.
        let close = [Layer::Zig, Layer::RustDlmalloc, Layer::RustShim, Layer::Given];
        let fine = |entry: &Entry| close.contains(&entry.layer) || entry.name.starts_with("emmalloc_");
        let fine = self.go.is_some() || self.entries.iter().any(fine);
        if fine { 3 } else { 4 }
    }
}

/// Everything that may be an allocator's function, each once, with the best evidence; and what the user should know.
fn candidates(info: &ModuleInfo<'_>, given: &spec::Given) -> (Vec<Entry>, Vec<String>) {
    let mut found = Found { given: Some(given), ..Found::default() };
    for entry in &given.entries {
        found.add(entry.clone());
    }
    let named = info.function_names.iter().map(|&(function, name)| (function, name, Evidence::Name));
    let exports = info.exports.iter().filter(|export| super::info::is_function(export.kind));
    let exports = exports.map(|export| (export.index, export.name, Evidence::Export));
    for (function, name, evidence) in named.chain(exports) {
        found.add_named(info, function, name, evidence);
    }
    found.follow(info);
    // Where the name section names the C library's functions, the shape of code has nothing to add.
    let by_name = |entry: &Entry| entry.evidence == Evidence::Name && entry.role.allocates();
    if !found.entries.iter().any(|entry| by_name(entry) && matches!(entry.layer, Layer::C | Layer::RustDlmalloc)) {
        found.add_unnamed(info, dlmalloc::find(info));
    }
    if found.entries.iter().all(|entry| entry.layer == Layer::Given) {
        found.add_unnamed(info, assembly_script::find(info));
    }
    let Found { mut entries, mut notes, .. } = found;
    dead_parameters::settle(info, &mut entries, &mut notes);
    (entries, notes)
}

/// Candidates so far.
#[derive(Default)]
struct Found<'a> {
    /// What was given; functions of pools are no candidates.
    given: Option<&'a spec::Given>,
    entries: Vec<Entry>,
    by_function: HashMap<u32, usize>,
    notes: Vec<String>,
}

impl Found<'_> {
    /// Adds an entry, unless there is one for its function.
    fn add(&mut self, entry: Entry) {
        if self.given.is_some_and(|given| given.is_pool(entry.function)) {
            return;
        }
        self.by_function.entry(entry.function).or_insert_with(|| {
            self.entries.push(entry);
            self.entries.len() - 1
        });
    }

    fn add_named(&mut self, info: &ModuleInfo<'_>, function: u32, name: &str, evidence: Evidence) {
        let Some(params) = info.signature(function).map(|signature| signature.params.len()) else { return };
        let Some((layer, role)) = known::recognise(name, params) else { return };
        if fits(info, function, role) {
            self.add(Entry::new(function, name, role, layer, evidence));
        } else {
            self.notes.push(format!("`{name}` looks like an allocator by its name, but not by its parameters"));
        }
    }

    /// Adds what has no name and nothing but a named entry's call: code that was optimised after linking often calls it
    /// without the detour.
    fn follow(&mut self, info: &ModuleInfo<'_>) {
        let mut next = 0;
        while let Some(entry) = self.entries.get(next) {
            next += 1;
            if matches!(entry.layer, Layer::Given) {
                continue;
            }
            let Some(callee) = layers::passes_on_to(info, entry.function) else {
                if let Some(behind) = self.behind_shim(info, entry) {
                    self.add(behind);
                }
                continue;
            };
            if self.by_function.contains_key(&callee) || !fits(info, callee, entry.role) || has_name(info, callee) {
                continue;
            }
            let evidence = Evidence::PassedOnBy(entry.name.clone());
            let added = Entry::new(callee, &entry.name, entry.role, entry.layer, evidence);
            self.add(added);
        }
    }

    /// What one of Rust's shims does nothing but call: the optimiser puts the shim into its callers, so that only some calls
    /// pass it. It may have a name, that of a method of the program's own allocator.
    fn behind_shim(&self, info: &ModuleInfo<'_>, shim: &Entry) -> Option<Entry> {
        if shim.layer != Layer::RustShim {
            return None;
        }
        let (callee, passed) = layers::passes_some_on_to(info, shim.function)?;
        let role = layers::role_behind(shim.role, &passed)?;
        let known = self.by_function.contains_key(&callee);
        let evidence = Evidence::PassedOnBy(shim.name.clone());
        (!known && fits(info, callee, role)).then(|| Entry::new(callee, &shim.name, role, shim.layer, evidence))
    }

    fn add_unnamed(&mut self, info: &ModuleInfo<'_>, entries: Vec<Entry>) {
        for entry in entries {
            if fits(info, entry.function, entry.role) && !has_name(info, entry.function) {
                self.add(entry);
            }
        }
    }
}

fn has_name(info: &ModuleInfo<'_>, function: u32) -> bool {
    info.function_names.iter().any(|&(named, _)| named == function)
}

/// The functions that a body calls directly, repetitions included.
fn direct_callees(body: &BodyFacts) -> impl Iterator<Item = u32> + '_ {
    body.calls.iter().filter_map(|call| match call.callee {
        Callee::Function(callee) => Some(callee),
        Callee::Type(_) => None,
    })
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
