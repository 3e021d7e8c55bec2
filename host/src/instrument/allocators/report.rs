//! What was found of a module's allocators, for its user.

use std::collections::HashMap;

use super::spec::Given;
use super::{
    Allocators, Entry, Evidence, GoAllocator, GoEntry, Layer, PoolEntry, Role, candidates, direct_callees, layers,
    pool_specification,
};
use crate::error::InstrumentError;
use crate::instrument::info::ModuleInfo;

/// What the user should know of every Go program.
pub(super) const GO_NOTE: &str = "Go gives back no single object: snapshots read what is live of the runtime's spans, and \
     what is unreachable waits for its collector";

/// What the user should know where there is no allocator.
pub(super) const NOTHING_FOUND: &str =
    "no allocator was found: only the size of the memory is known; name one with --allocator";

/// The allocators of a module: what was found, by what evidence, and what is missing.
#[derive(Clone, Debug, Default)]
pub struct AllocatorReport {
    /// Functions of allocators, ascending.
    pub candidates: Vec<Candidate>,
    /// What the user should know, one sentence each; what is missing among them.
    pub notes: Vec<String>,
}

/// A function that is taken for an allocator's.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its index, imports included.
    pub function: u32,
    /// The name it was found by, or that its like usually has.
    pub name: String,
    /// Which allocator it belongs to: `C library`, `Zig`, ..., `pool NAME` and `arena NAME` of those that were given.
    pub allocator: String,
    /// What it does and what its parameters are, in the form that `--allocator` takes.
    pub specification: String,
    /// Why it is taken for one.
    pub evidence: Evidence,
    /// How it is observed.
    pub standing: Standing,
    /// Calls of it in the module's code, those of other functions of allocators left out.
    pub calls: usize,
    /// Whether it may be called without that: through a table or from outside.
    pub called_otherwise: bool,
}

/// How a function of an allocator is observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It tells of the blocks that it makes or takes back.
    Probed,
    /// It only calls this function, which tells of them.
    PassesOn(u32),
    /// It calls a lower layer, which tells of them.
    CoveredBelow,
}

impl AllocatorReport {
    /// Finds out about a module, without instrumenting it. Time O(its size).
    ///
    /// # Errors
    /// [`InstrumentError`] as for [`instrument`](super::super::instrument).
    pub fn of(wasm: &[u8], specs: &[String]) -> Result<Self, InstrumentError> {
        let info = ModuleInfo::parse(wasm)?;
        let found = Allocators::find(&info, specs)?;
        if let Some(go) = &found.go {
            return Ok(Self::of_go(&info, go, found.notes.clone()));
        }
        let (mut all, _) = candidates(&info, &Given::parse(&info, specs)?);
        all.sort_by_key(|entry| entry.function);
        let calls = calls(&info, &all);
        let exported = |function: u32| {
            info.exports.iter().any(|export| super::super::info::is_function(export.kind) && export.index == function)
        };
        let candidates = all.into_iter().map(|entry| Candidate {
            function: entry.function,
            allocator: entry.layer.title().to_owned(),
            specification: specification(&info, &entry),
            standing: standing(&info, &found, entry.function),
            calls: calls.get(&entry.function).copied().unwrap_or_default(),
            called_otherwise: exported(entry.function) || info.address_taken[entry.function as usize],
            name: entry.name,
            evidence: entry.evidence,
        });
        let mut candidates: Vec<Candidate> = candidates.collect();
        candidates.extend(found.pool_entries.iter().map(|entry| Candidate {
            function: entry.function,
            name: entry.name.clone(),
            allocator: pool_title(&found, entry),
            specification: pool_specification(&info, entry),
            evidence: Evidence::Specification,
            standing: Standing::Probed,
            calls: info.bodies.iter().flat_map(direct_callees).filter(|&callee| callee == entry.function).count(),
            called_otherwise: exported(entry.function) || info.address_taken[entry.function as usize],
        }));
        candidates.sort_by_key(|candidate| candidate.function);
        let mut report = Self { candidates, notes: found.notes };
        report.notes.extend(report.unused());
        Ok(report)
    }

    /// The report of a Go program.
    fn of_go(info: &ModuleInfo<'_>, go: &GoAllocator, mut notes: Vec<String>) -> Self {
        let mut calls: HashMap<u32, usize> = HashMap::new();
        for callee in info.bodies.iter().flat_map(direct_callees) {
            *calls.entry(callee).or_default() += 1;
        }
        let candidate = |entry: &GoEntry| Candidate {
            function: entry.function,
            name: entry.name.clone(),
            allocator: "Go".to_owned(),
            specification: "size and type on Go's stack".to_owned(),
            evidence: go.evidence.clone(),
            standing: Standing::Probed,
            calls: calls.get(&entry.function).copied().unwrap_or_default(),
            called_otherwise: info.address_taken[entry.function as usize],
        };
        if !go.program.version.is_empty() {
            notes.push(format!("built by {}", go.program.version));
        }
        Self { candidates: go.entries.iter().map(candidate).collect(), notes }
    }

    /// Exported functions that nothing in the module calls: what is exported for others may not be what the guest uses.
    fn unused(&self) -> Option<String> {
        let unused = |c: &&Candidate| c.evidence == Evidence::Export && c.calls == 0;
        let names: Vec<String> = self.candidates.iter().filter(unused).map(|c| format!("`{}`", c.name)).collect();
        (!names.is_empty())
            .then(|| format!("exported, but nothing in the module calls it directly: {}", names.join(", ")))
    }
}

/// Notes on what the probed entries cannot tell.
pub(super) fn warnings(entries: &[Entry]) -> Vec<String> {
    let mut notes = Vec::new();
    if entries.is_empty() {
        return notes;
    }
    if !entries.iter().any(|entry| entry.role.allocates()) {
        notes.push("no function that allocates was found, only ones that give back".to_owned());
    } else if !entries.iter().any(|entry| matches!(entry.role, Role::Release { .. } | Role::Reallocate { .. })) {
        notes.push("no function that gives blocks back was found: every block stays live".to_owned());
    }
    let uncertain: Vec<String> = entries
        .iter()
        .filter(|entry| !entry.evidence.is_certain())
        .map(|entry| format!("{} #{}", entry.name, entry.function))
        .collect();
    if !uncertain.is_empty() {
        notes.push(format!("taken for an allocator by the shape of its code alone: {}", uncertain.join(", ")));
    }
    notes
}

fn pool_title(found: &Allocators, entry: &PoolEntry) -> String {
    let pool = &found.pools[entry.pool as usize];
    format!("{} {}", pool.kind.word(), pool.name)
}

fn calls(info: &ModuleInfo<'_>, all: &[Entry]) -> HashMap<u32, usize> {
    let allocator = |function: u32| all.binary_search_by_key(&function, |entry| entry.function).is_ok();
    let mut calls = HashMap::new();
    for (function, body) in (info.imported()..).zip(&info.bodies) {
        if !allocator(function) {
            for callee in direct_callees(body).filter(|&callee| allocator(callee)) {
                *calls.entry(callee).or_default() += 1;
            }
        }
    }
    calls
}

fn standing(info: &ModuleInfo<'_>, found: &Allocators, function: u32) -> Standing {
    if found.entries.iter().any(|entry| entry.function == function) {
        return Standing::Probed;
    }
    layers::passes_on_to(info, function).map_or(Standing::CoveredBelow, Standing::PassesOn)
}

/// `ROLE=#INDEX:PARAM,...`
pub(in crate::instrument) fn specification(info: &ModuleInfo<'_>, entry: &Entry) -> String {
    let count = info.signature(entry.function).map_or(0, |signature| signature.params.len());
    let mut params = vec!["_"; count];
    let mut set = |at: u32, word: &'static str| {
        if let Some(param) = params.get_mut(at as usize) {
            *param = word;
        }
    };
    let verb = match entry.role {
        Role::Allocate { size, count } => {
            set(size, "size");
            count.map_or("alloc", |count| {
                set(count, "count");
                "calloc"
            })
        }
        Role::AllocateOut { out, size } => {
            set(out, "out");
            set(size, "size");
            "memalign"
        }
        Role::Reallocate { block, size, count } => {
            set(block, "block");
            set(size, "size");
            if let Some(count) = count {
                set(count, "count");
            }
            "realloc"
        }
        Role::Resize { block, size } => {
            set(block, "block");
            set(size, "size");
            "resize"
        }
        Role::Release { block } => {
            set(block, "block");
            "free"
        }
    };
    while params.last() == Some(&"_") {
        params.pop();
    }
    let plain = entry.layer != Layer::AssemblyScriptFreeList;
    let role = if plain { verb } else { "to free lists" };
    format!("{role}=#{}:{}", entry.function, params.join(","))
}
