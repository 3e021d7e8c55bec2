//! Calling contexts of allocations, from raw frames to frames with names and lines.
//!
//! Each distinct place is symbolised once, each context is a
//! chain of ids. The allocator's entry that was called stands innermost, as a frame of a library.

use std::collections::{BTreeMap, HashMap};

use heapy_engine::{ContextId, ContextTotals, Frame, FrameId, HeapBuilder};

use crate::paused::{ContextKey, RawContexts, RawFrame, RawTotals};
use crate::symbols::Symbols;

/// Turns context keys into contexts of one heap.
pub(super) struct ContextWriter<'capture> {
    raw: &'capture RawContexts,
    symbols: &'capture Symbols,
    frames: HashMap<RawFrame, Vec<FrameId>>,
    known: Vec<Option<ContextId>>,
}

impl<'capture> ContextWriter<'capture> {
    pub(super) fn new(raw: &'capture RawContexts, symbols: &'capture Symbols) -> Self {
        Self { raw, symbols, frames: HashMap::new(), known: vec![None; raw.frames.len()] }
    }

    /// Tells the builder what the allocations of each context came to. Several keys may have one context, where no frames
    /// tell them apart.
    pub(super) fn add_totals(&mut self, builder: &mut HeapBuilder, totals: &[RawTotals]) {
        let mut sums: BTreeMap<Option<ContextId>, ContextTotals> = BTreeMap::new();
        for raw in totals {
            let context = raw.context.and_then(|key| self.context(builder, key));
            let own = ContextTotals {
                context,
                allocations: raw.allocations,
                bytes: raw.bytes,
                frees: raw.frees,
                temporary: raw.temporary,
                peak_bytes: raw.peak_bytes,
            };
            sums.entry(context).and_modify(|sum| *sum = sum.plus(&own)).or_insert(own);
        }
        for totals in sums.into_values() {
            builder.add_totals(totals);
        }
    }

    /// Tells the builder what the number of each context stands for.
    pub(super) fn add_numbers(&mut self, builder: &mut HeapBuilder) {
        for key in 0..self.raw.frames.len() as u32 {
            let context = self.context(builder, ContextKey(key));
            builder.add_context_number(context);
        }
    }

    /// The context of this key; none for keys that were never given and for contexts without frames.
    pub(super) fn context(&mut self, builder: &mut HeapBuilder, key: ContextKey) -> Option<ContextId> {
        let position = key.0 as usize;
        if let Some(known) = *self.known.get(position)? {
            return Some(known);
        }
        let mut context = None;
        for &place in self.raw.frames[position].iter().rev() {
            let frames = self.frames.entry(place).or_insert_with(|| {
                // Innermost first, as a context is asked for; added outermost first below.
                self.symbols.frames(place).iter().map(|frame| builder.add_frame(frame.clone())).collect()
            });
            for &frame in frames.iter().rev() {
                context = Some(builder.add_context(context, frame));
            }
        }
        if let Some(entry) = self.raw.entries.get(position).copied().flatten() {
            let place = RawFrame::at(entry, None);
            let reallocates = self.raw.reallocators.binary_search(&entry).is_ok();
            let frame = |frame: &Frame| Frame { library: true, reallocates, ..frame.clone() };
            for entry in self.symbols.frames(place).iter().map(frame) {
                let frame = builder.add_frame(entry);
                context = Some(builder.add_context(context, frame));
            }
        }
        self.known[position] = context;
        context
    }
}
