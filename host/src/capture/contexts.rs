//! Calling contexts of allocations, from raw frames to frames with names and lines.
//!
//! Only contexts that a live block refers to are looked up. Each distinct place is symbolised once, each context is a
//! chain of ids. The allocator's entry that was called stands innermost, as a frame of a library.

use std::collections::HashMap;

use heapy_engine::{ContextId, Frame, FrameId, HeapBuilder};

use crate::paused::{ContextKey, RawContexts, RawFrame};
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
            let place = RawFrame { function: entry, offset: None };
            let frame = |frame: &Frame| Frame { library: true, ..frame.clone() };
            for entry in self.symbols.frames(place).iter().map(frame) {
                let frame = builder.add_frame(entry);
                context = Some(builder.add_context(context, frame));
            }
        }
        self.known[position] = context;
        context
    }
}
