//! From the instrumented module back to the original one.

use serde::{Deserialize, Serialize};

use super::allocators::{Allocators, PoolAct, PoolName, PoolSize, pool_specification, specification};
use super::info::ModuleInfo;
use super::rewrite::Segment;
use crate::go::Program;
use crate::paused::RawFrame;

/// In a map's bytes: code that was added. No module has an offset that great, for sections begin with a header.
const NO_OFFSET: u32 = u32::MAX;

/// What an instrumented module is to the original: where its code went, and what was added.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct InstrumentMap {
    /// Functions of the original module, imports included; added ones have the indices behind.
    pub(crate) functions: u32,
    /// Segments of the whole code section, ascending.
    #[serde(skip)]
    pub(crate) segments: Vec<Segment>,
    /// What is called in place of a function that only passes on, and that function; ascending.
    pub(crate) shortcuts: Vec<(u32, u32)>,
    /// Functions of the allocators' interface, ascending.
    pub(crate) labels: Vec<u32>,
    /// Those of them that give blocks another size and perhaps another place, ascending.
    pub(crate) reallocators: Vec<u32>,
    /// log2 of the bytes a cell of the live table stands for.
    pub(crate) granule_log2: u32,
    /// Mutable integer globals of the original module.
    pub(crate) globals: Vec<u32>,
    /// The stack pointer, where there is one.
    pub(crate) stack_pointer: Option<u32>,
    /// Whether the module has a memory.
    pub(crate) has_memory: bool,
    /// Whether calling contexts are recorded.
    pub(crate) contexts: bool,
    /// Whether the host is told of every release.
    pub(crate) frees: bool,
    /// Whether blocks have dlmalloc's headers.
    pub(crate) dlmalloc: bool,
    /// What each probe stands for; probes are numbered from zero.
    pub(crate) probes: Vec<Probe>,
    /// Names of the entries that are probed.
    pub(crate) entries: Vec<(u32, String)>,
    /// How these entries are understood, in the form that `--allocator` takes.
    pub(crate) specifications: Vec<(u32, String)>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
    /// The program, if it is one of Go's.
    pub(crate) go: Option<Program>,
    /// Pools and arenas, in the order in which they were named.
    pub(crate) pools: Vec<PoolName>,
    /// Their functions, ascending; probes tell them by their places.
    pub(crate) pool_functions: Vec<PoolFunction>,
}

/// A function of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PoolFunction {
    /// Its index.
    pub(crate) function: u32,
    /// The pool.
    pub(crate) pool: u32,
    /// What it does.
    pub(crate) act: PoolAct,
    /// Where sizes come from.
    pub(crate) size: PoolSize,
    /// Whether a size that is not passed is that of one element, and their number is passed.
    pub(crate) counted: bool,
}

/// What the host is told when a probe is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Probe {
    /// A function named by a snapshot condition is called.
    Call(String),
    /// The guest is about to end itself.
    Exit,
    /// The guest is about to ask for more memory.
    Grow,
}

impl InstrumentMap {
    /// Whether a collector releases the guest's blocks without a probe being passed.
    pub(crate) fn collects(&self) -> bool {
        self.go.is_some()
    }

    /// The map as bytes, for [`from_bytes`](Self::from_bytes) of the same version.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let facts = serde_json::to_vec(self).unwrap_or_default();
        let mut bytes = Vec::with_capacity(8 + facts.len() + 8 * self.segments.len());
        bytes.extend((facts.len() as u64).to_le_bytes());
        bytes.extend(facts);
        for segment in &self.segments {
            bytes.extend(segment.new.to_le_bytes());
            bytes.extend(segment.old.unwrap_or(NO_OFFSET).to_le_bytes());
        }
        bytes
    }

    /// What [`to_bytes`](Self::to_bytes) made; none of other bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<8>()?;
        let (facts, segments) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
        let mut map: Self = serde_json::from_slice(facts).ok()?;
        let (segments, []) = segments.as_chunks::<8>() else { return None };
        let segment = |bytes: &[u8; 8]| {
            let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
            Segment { new: word(0), old: Some(word(4)).filter(|old| *old != NO_OFFSET) }
        };
        map.segments = segments.iter().map(segment).collect();
        Some(map)
    }

    /// The frame of the original module that a frame of the instrumented one stands for; none for added code. Offsets
    /// count from the start of the module. Time O(log segments).
    #[must_use]
    pub fn frame(&self, function: u32, offset: Option<usize>) -> Option<RawFrame> {
        let ours = function >= self.functions;
        (!ours).then(|| RawFrame::at(function, offset.and_then(|offset| self.offset(offset))))
    }

    /// The name under which the program calls an allocator's function: calls of what only passes on to it lead to it
    /// without the detour.
    pub(crate) fn called_as(&self, function: u32) -> u32 {
        let at = self.shortcuts.binary_search_by_key(&function, |(to, _)| *to);
        at.map_or(function, |at| self.shortcuts[at].1)
    }

    /// The level of the allocator that a function is part of: zero for those that are found, one and more for pools.
    pub(crate) fn level(&self, function: u32) -> Option<u32> {
        let pool = self.pool_functions.binary_search_by_key(&function, |entry| entry.function).ok();
        pool.map(|at| self.pool_functions[at].pool + 1).or_else(|| self.is_allocator(function).then_some(0))
    }

    /// Whether a function is part of an allocator's interface, those of pools left out.
    #[must_use]
    pub fn is_allocator(&self, function: u32) -> bool {
        self.labels.binary_search(&function).is_ok()
    }

    /// Whether code that records blocks stands in a function.
    pub(crate) fn records(&self, function: u32) -> bool {
        function >= self.functions || self.entries.iter().any(|(entry, _)| *entry == function)
    }

    /// The allocator entries that are probed: function and the name it was found by.
    pub fn allocators(&self) -> impl Iterator<Item = (u32, &str)> {
        self.entries.iter().map(|(function, name)| (*function, name.as_str()))
    }

    /// How an allocator's function is understood: its name and, where it is probed itself, its specification.
    pub(crate) fn specification(&self, function: u32) -> String {
        let name = self.entries.iter().find(|(entry, _)| *entry == function).map(|(_, name)| name.as_str());
        match (name, self.specifications.iter().find(|(entry, _)| *entry == function)) {
            (Some(name), Some((_, text))) => format!("`{name}` ({text})"),
            _ => format!("function #{function}"),
        }
    }

    /// What the user should know about what was found, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The original offset of an offset in the instrumented module.
    fn offset(&self, offset: usize) -> Option<u32> {
        let offset = u32::try_from(offset).ok()?;
        let next = self.segments.partition_point(|segment| segment.new <= offset);
        let segment = self.segments[..next].last()?;
        let old = segment.old? + (offset - segment.new);
        // Code that was put in belongs to the instruction behind it.
        match self.segments.get(next).and_then(|next| next.old) {
            Some(limit) if old > limit && Some(limit) >= segment.old => Some(limit),
            _ => Some(old),
        }
    }

    pub(crate) fn set_allocators(&mut self, allocators: &Allocators, info: &ModuleInfo<'_>) {
        self.labels.clone_from(&allocators.labels);
        self.reallocators.clone_from(&allocators.reallocators);
        self.granule_log2 = allocators.granule_log2();
        self.go = allocators.go.as_ref().map(|go| go.program.clone());
        let go = allocators.go.iter().flat_map(|go| &go.entries);
        self.entries.extend(go.map(|entry| (entry.function, entry.name.clone())));
        self.notes.clone_from(&allocators.notes);
        for entry in &allocators.entries {
            self.entries.push((entry.function, entry.name.clone()));
            self.specifications.push((entry.function, specification(info, entry)));
        }
        self.pools.clone_from(&allocators.pools);
        for entry in &allocators.pool_entries {
            let (function, pool, act, size) = (entry.function, entry.pool, entry.act, entry.size);
            let counted = entry.params.count.is_some();
            self.pool_functions.push(PoolFunction { function, pool, act, size, counted });
            self.entries.push((function, entry.name.clone()));
            self.specifications.push((function, pool_specification(info, entry)));
        }
        self.dlmalloc =
            allocators.entries.iter().any(|entry| entry.name.starts_with("dl")) && allocators.granule_log2() == 4;
    }
}
