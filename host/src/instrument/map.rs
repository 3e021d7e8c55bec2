//! From the instrumented module back to the original one.

use super::allocators::Allocators;
use super::rewrite::Segment;
use crate::paused::RawFrame;

/// What an instrumented module is to the original: where its code went, and what was added.
#[derive(Debug, Default)]
pub struct InstrumentMap {
    /// Functions of the original module, imports included; added ones have the indices behind.
    pub(crate) functions: u32,
    /// For each added function, the original function whose body it has.
    pub(crate) bodies: Vec<Option<u32>>,
    /// Segments of the whole code section, ascending.
    pub(crate) segments: Vec<Segment>,
    /// Functions whose body was replaced by a probe, ascending.
    pub(crate) replaced: Vec<u32>,
    /// Functions of the allocators' interface, ascending.
    pub(crate) labels: Vec<u32>,
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
    /// Whether blocks have dlmalloc's headers.
    pub(crate) dlmalloc: bool,
    /// What each probe stands for; probes are numbered from zero.
    pub(crate) probes: Vec<Probe>,
    /// Names of the entries that are probed.
    pub(crate) entries: Vec<(u32, String)>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
}

/// What the host is told when a probe is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// A function named by a snapshot condition is called.
    Call(String),
    /// The guest is about to end itself.
    Exit,
    /// The guest is about to ask for more memory.
    Grow,
}

impl InstrumentMap {
    /// The frame of the original module that a frame of the instrumented one stands for; none for added code. Offsets
    /// count from the start of the module. Time O(log segments).
    #[must_use]
    pub fn frame(&self, function: u32, offset: Option<usize>) -> Option<RawFrame> {
        let original = if function < self.functions {
            if self.replaced.binary_search(&function).is_ok() {
                return None;
            }
            function
        } else {
            self.bodies.get((function - self.functions) as usize).copied().flatten()?
        };
        Some(RawFrame { function: original, offset: offset.and_then(|offset| self.offset(offset)) })
    }

    /// Whether a function is part of an allocator's interface.
    #[must_use]
    pub fn is_allocator(&self, function: u32) -> bool {
        self.labels.binary_search(&function).is_ok()
    }

    /// The allocator entries that are probed: function and the name it was found by.
    pub fn allocators(&self) -> impl Iterator<Item = (u32, &str)> {
        self.entries.iter().map(|(function, name)| (*function, name.as_str()))
    }

    /// What the user should know about what was found, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether a function's body is a probe around its original.
    pub(crate) fn is_replaced(&self, function: u32) -> bool {
        self.replaced.binary_search(&function).is_ok()
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

    pub(crate) fn set_allocators(&mut self, allocators: &Allocators) {
        self.labels.clone_from(&allocators.labels);
        self.granule_log2 = allocators.granule_log2();
        self.notes.clone_from(&allocators.notes);
        for entry in &allocators.entries {
            self.entries.push((entry.function, entry.name.clone()));
        }
        self.replaced = self.entries.iter().map(|(function, _)| *function).collect();
        self.replaced.sort_unstable();
        self.dlmalloc =
            allocators.entries.iter().any(|entry| entry.name.starts_with("dl")) && allocators.granule_log2() == 4;
    }
}
