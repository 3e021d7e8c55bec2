//! Copying a paused guest.

use std::time::Instant;

use wasmtime::{AsContext, AsContextMut, WasmBacktrace};

use super::handles::value;
use super::native::read_words;
use super::peak::LiveOf;
use super::state::State;
use crate::live::{Block, Counts, layout};
use crate::paused::{ContextKey, GlobalValue, LiveBlock, Paused, RawContexts, RawFrame, RawTotals};

impl State {
    /// Everything that is read of the guest. Time O(its memory), most of it copying. Begins a new interval.
    pub(crate) fn pause(&mut self, store: impl AsContextMut, reason: &str) -> Paused {
        let age = self.ages.last().map_or(1, |age| age.saturating_add(1));
        self.pause_between(store, reason, age)
    }

    /// As [`pause`](Self::pause); blocks made afterwards have the given age.
    pub(crate) fn pause_between(&mut self, mut store: impl AsContextMut, reason: &str, age: u32) -> Paused {
        let begun = Instant::now();
        // First of all: every frame between here and the guest may put something over what its callers left.
        let interrupted = self.interrupted.take();
        let native_words = match &interrupted {
            _ if self.native_top == 0 => None,
            Some((at, _)) => at.words(self.native_top),
            None => read_words(self.native_top),
        };
        let frames = match interrupted {
            Some((_, frames)) => frames,
            None => self.frames(&store),
        };
        let (frames, native_words) = match frames {
            frames if !frames.is_empty() => (frames, native_words),
            // After a trap the native stack is gone, and with it what the guest held in locals.
            _ if !self.trap_frames.is_empty() => (self.trap_frames.clone(), None),
            none => (none, Some(Vec::new())),
        };
        let mut memory = self.peak.spare();
        if let Some(exported) = self.handles.memory {
            memory.extend_from_slice(exported.data(&store));
        }
        self.name_contexts();
        let go = self.go_heap(&mut store, &memory);
        let mut blocks = match &go {
            Some(go) => go.blocks.clone(),
            None => self.table.blocks(self.handles.live.data(&store), memory.len() as u64),
        };
        let cut = self.cut_overlaps(&mut blocks);
        let counts = self.contexts.counts(self.handles.live.data(&store));
        let live_bytes = value(&self.handles.live_bytes, &mut store);
        let live_blocks = match &go {
            Some(go) => go.live.clone(),
            None => blocks.iter().map(|block| self.live_block(block, &memory)).collect(),
        };
        let mut live = self.by_context(&blocks, counts.len());
        let pools = self.cut_pools(live_blocks, memory.len() as u64);
        self.count_pools(&pools.blocks, &mut live);
        let peak_bytes = value(&self.handles.peak_bytes, &mut store).max(live_bytes);
        self.peak.observe(live_bytes, peak_bytes, &live);
        let mut paused = Paused {
            number: 0,
            reason: reason.to_owned(),
            at_nanos: self.started.elapsed().as_nanos() as u64,
            allocations: counts.iter().map(|counts| counts.allocations).sum(),
            peak_bytes,
            blocks: pools.blocks,
            told: pools.told,
            go: go.map(|go| go.heap),
            memory,
            globals: self.globals(&mut store),
            shadow_stack: None,
            running: !frames.is_empty(),
            native_words,
            frames,
            contexts: RawContexts {
                reallocators: self.map.reallocators.as_slice().into(),
                ..self.contexts.contexts().clone()
            },
            numbered_contexts: self.events.is_some(),
            totals: self.totals(&counts, &live, peak_bytes),
            notes: self.notes(self.contexts.lost(&counts)),
            wild_releases: self.problems.wild_releases.clone(),
            overlap: self.overlap(),
        };
        paused.notes.extend(cut);
        paused.notes.extend(pools.notes);
        if let Some(go) = &mut self.go {
            paused.notes.append(&mut go.notes);
        } else if let Some(pointer) = self.handles.stack_pointer {
            let pointer = value(&pointer, &mut store);
            let size = paused.memory.len() as u64;
            paused.shadow_stack =
                (pointer <= self.stack_base && self.stack_base <= size).then_some(pointer..self.stack_base);
        }
        self.interval = (self.interval + 1).min(layout::INTERVAL_MAX);
        self.ages.resize(self.interval as usize, age);
        self.contexts.begin_interval(self.handles.live.data_mut(&mut store), self.interval);
        if let Some(functions) = &self.functions {
            functions.annotate(&mut paused);
        }
        self.paused_for += begun.elapsed();
        paused
    }

    fn frames(&self, store: impl AsContext) -> Vec<RawFrame> {
        let trace = WasmBacktrace::force_capture(store);
        self.raw_frames(&trace)
    }

    /// The frames of the original module in a backtrace.
    pub(crate) fn raw_frames(&self, trace: &WasmBacktrace) -> Vec<RawFrame> {
        trace.frames().iter().filter_map(|frame| self.map.frame(frame.func_index(), frame.module_offset())).collect()
    }

    fn globals(&self, mut store: impl AsContextMut) -> Vec<GlobalValue> {
        let globals = self.handles.globals.iter();
        globals.map(|(index, global)| GlobalValue { index: *index, value: value(global, &mut store) }).collect()
    }

    /// The live block that begins at an address, the innermost one.
    pub(crate) fn block_at(&self, store: impl AsContext, address: u64) -> Option<LiveBlock> {
        let address = u32::try_from(address).ok()?;
        if let Some(inner) = self.inner_block_at(address) {
            return Some(inner);
        }
        let block = self.table.get(self.handles.live.data(&store), address)?;
        Some(self.live_block(&block, self.handles.memory?.data(&store)))
    }

    pub(super) fn live_block(&self, block: &Block, memory: &[u8]) -> LiveBlock {
        let birth = self.contexts.birth(block.tag);
        let size = u64::from(block.size);
        LiveBlock {
            address: u64::from(block.address),
            size,
            usable: if self.map.dlmalloc { committed(memory, block.address, size) } else { size },
            context: birth.context.checked_sub(1).map(ContextKey),
            // An address is given out to one block at a time, and a block born in one interval is in the snapshot that
            // ends it.
            serial: u64::from(birth.interval) << 32 | u64::from(block.address),
            age: self.ages.get(birth.interval as usize - 1).copied().unwrap_or(birth.interval),
        }
    }

    /// Number and bytes of live blocks, by the number of their context.
    fn by_context(&self, blocks: &[Block], contexts: usize) -> Vec<LiveOf> {
        let mut live = vec![LiveOf::default(); contexts];
        for block in blocks {
            let of = &mut live[self.contexts.birth(block.tag).context as usize];
            of.blocks += 1;
            of.bytes += u64::from(block.size);
        }
        live
    }

    /// Where pools have cut blocks, bytes are those of what is shown: each counts for the innermost block. What is left of a
    /// block is that block.
    fn count_pools(&self, blocks: &[LiveBlock], live: &mut [LiveOf]) {
        if self.pools.is_empty() {
            return;
        }
        self.count_inner(|birth| live[birth.context as usize].blocks += 1);
        live.iter_mut().for_each(|of| of.bytes = 0);
        for block in blocks {
            live[block.context.map_or(0, |key| key.0 as usize + 1)].bytes += block.size;
        }
    }

    /// What allocations came to, of contexts that have any.
    fn totals(&self, counts: &[Counts], live: &[LiveOf], peak_bytes: u64) -> Vec<RawTotals> {
        let at_peak = self.peak.by_context(peak_bytes);
        let totals = (0u32..).zip(counts.iter().zip(live)).map(|(number, (counts, live))| RawTotals {
            context: number.checked_sub(1).map(ContextKey),
            allocations: counts.allocations,
            bytes: counts.bytes,
            frees: counts.allocations.saturating_sub(live.blocks),
            temporary: counts.temporary,
            peak_bytes: at_peak.map(|bytes| bytes.get(number as usize).copied().unwrap_or(0)),
        });
        totals.filter(|totals| totals.allocations > 0).collect()
    }

    fn notes(&self, lost: u64) -> Vec<String> {
        let mut notes = self.map.notes().to_vec();
        if let Some(first) = self.problems.wild_releases.first() {
            let (count, first) = (self.problems.wild, first.address);
            notes.push(format!("{count} releases of what is no live block, the first of {first:#x}"));
        }
        if !self.pools.is_empty() && self.events.is_some() {
            notes.push("events tell blocks as pools and arenas got them, not what they made of them".to_owned());
        }
        if lost > 0 {
            notes.push(format!("{lost} allocations have no calling context: there were too many of them"));
        }
        if self.interval >= layout::INTERVAL_MAX {
            notes.push("so many snapshots were taken that objects of the last ones cannot be told apart".to_owned());
        }
        notes
    }
}

/// Bytes of dlmalloc's chunk, from its header; the requested size where the header says nothing credible.
fn committed(memory: &[u8], address: u32, size: u64) -> u64 {
    let header = (address as usize).checked_sub(4).and_then(|at| memory.get(at..at + 4));
    let Some(Ok(header)) = header.map(<[u8; 4]>::try_from) else { return size };
    let chunk = u64::from(u32::from_le_bytes(header) & !7);
    if chunk >= size + 4 && chunk <= size * 2 + 128 { chunk } else { size }
}
