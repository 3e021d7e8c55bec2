//! What the host keeps of an attached guest, and what it does when a probe calls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::{AsContext, AsContextMut, Val, WasmBacktrace};

use super::condition::Condition;
use super::handles::{Handles, set, value};
use super::request::Requester;
use super::timeline::TimelineLog;
use crate::instrument::{InstrumentMap, Probe};
use crate::live::{Block, ContextTable, Seen, Table, layout};
use crate::paused::{ContextKey, Paused, RawFrame, WildRelease};

/// Takes the snapshots.
pub type Sink = Box<dyn FnMut(Paused) + Send>;

/// Releases of what is no live block that are told with their frames.
const WILD_MAX: usize = 16;

/// What the guest did that no correct program does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problems {
    /// Releases of what is no live block.
    pub(crate) wild: u64,
    /// The first of them.
    pub(crate) wild_releases: Vec<WildRelease>,
    /// Blocks given out while they were live.
    pub(crate) overlaps: u64,
}

/// The host's side of one attached instance.
pub(crate) struct State {
    pub(crate) map: Arc<InstrumentMap>,
    pub(crate) handles: Handles,
    pub(crate) table: Table,
    pub(crate) contexts: ContextTable,
    pub(crate) problems: Problems,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) requester: Requester,
    pub(crate) timeline: TimelineLog,
    pub(crate) sink: Sink,
    /// Where the shadow stack begins: its pointer before anything ran.
    pub(crate) stack_base: u64,
    /// Address of a local of the frame that entered the guest; zero while none has.
    pub(crate) native_top: usize,
    pub(crate) started: Instant,
    /// Interval between snapshots, from 1.
    pub(crate) interval: u32,
    /// Snapshots given out.
    pub(crate) given: u32,
    /// The best candidate for the peak, and the live bytes from which another is better.
    pub(crate) peak: Option<Paused>,
    pub(crate) peak_threshold: u64,
    /// Whether the snapshot at the exit was taken.
    pub(crate) exit_taken: bool,
    /// Frames of the trap that ended the guest.
    pub(crate) trap_frames: Vec<RawFrame>,
    /// Time that the guest was paused in all.
    pub(crate) paused_for: Duration,
}

impl State {
    /// A probe could not record a block.
    pub(crate) fn record(&mut self, mut store: impl AsContextMut, address: u32, size: u32, v: u32) {
        self.answer_request(&mut store);
        self.insert(&mut store, address, u64::from(size), v);
    }

    /// A probe found no block to release.
    pub(crate) fn release(&mut self, mut store: impl AsContextMut, address: u32, header: u32) {
        self.answer_request(&mut store);
        self.note_peak(&mut store);
        if self.remove(&mut store, address).is_some() {
            return;
        }
        let object = address.wrapping_add(header);
        let removed = header != 0 && self.remove(&mut store, object).is_some();
        if !removed && header != layout::FREE_LIST_HEADER {
            self.wild(&store, address);
        }
    }

    /// A block has another size, and perhaps another place.
    pub(crate) fn resize(&mut self, mut store: impl AsContextMut, from: u32, to: u32, size: u32, v: u32, header: u32) {
        self.answer_request(&mut store);
        self.note_peak(&mut store);
        let (mut from, mut to, mut size) = (from, to, size);
        let mut old = self.table.get(self.handles.live.data(&store), from);
        if old.is_none() && header > 0 && from != 0 {
            // The allocator's block; the program's object lies behind a header.
            let object = from.wrapping_add(header);
            old = self.table.get(self.handles.live.data(&store), object);
            if old.is_some() {
                (from, to, size) = (object, to.wrapping_add(header), size.saturating_sub(header));
            }
        }
        match old {
            Some(old) if from == to => {
                let block = Block { size: u64::from(size), ..old };
                self.table.put(self.handles.live.data_mut(&mut store), block);
                self.add_live_bytes(&mut store, i64::from(size) - old.size as i64);
            }
            Some(_) => {
                self.remove(&mut store, from);
                self.insert(&mut store, to, u64::from(size), v);
            }
            None => {
                if from != 0 && header == 0 {
                    self.wild(&store, from);
                }
                self.insert(&mut store, to, u64::from(size), v);
            }
        }
    }

    /// A probe of a snapshot condition was reached.
    pub(crate) fn probe(&mut self, mut store: impl AsContextMut, probe: u32) {
        let map = Arc::clone(&self.map);
        match map.probes.get(probe as usize) {
            Some(Probe::Call(name)) => self.snapshot(&mut store, &format!("call:{name}")),
            Some(Probe::Grow) => {
                self.grow(&mut store);
                if self.conditions.contains(&Condition::Grow) {
                    self.snapshot(&mut store, "grow");
                }
            }
            Some(Probe::Exit) => self.exit(&mut store),
            None => {}
        }
    }

    /// Live bytes are at a new peak, and about to fall.
    pub(crate) fn peak(&mut self, mut store: impl AsContextMut) {
        let live = value(&self.handles.live_bytes, &mut store);
        if live >= self.peak_threshold {
            self.peak = None;
            self.peak_threshold = live + live / 100 + 1;
            self.peak = Some(self.pause(&mut store, "peak"));
        }
    }

    /// The guest ends: what was to be given out then is given out, once.
    pub(crate) fn exit(&mut self, mut store: impl AsContextMut) {
        if std::mem::replace(&mut self.exit_taken, true) {
            return;
        }
        self.last_sample(&mut store);
        if self.conditions.contains(&Condition::Peak) {
            self.peak(&mut store);
            if let Some(peak) = self.peak.take() {
                self.give(peak);
            }
        }
        if self.conditions.contains(&Condition::Exit) {
            self.snapshot(&mut store, "exit");
        }
    }

    /// Takes a snapshot and gives it out.
    pub(crate) fn snapshot(&mut self, store: impl AsContextMut, reason: &str) {
        let paused = self.pause(store, reason);
        self.give(paused);
    }

    fn give(&mut self, mut paused: Paused) {
        self.given += 1;
        paused.number = self.given;
        (self.sink)(paused);
    }

    /// Does what other threads have asked for.
    pub(crate) fn answer_request(&mut self, mut store: impl AsContextMut) {
        if self.requester.take_sample() {
            self.table.tell_covered(self.handles.live.data_mut(&mut store));
            self.sample(&mut store);
        }
        if let Some(reason) = self.requester.take() {
            self.table.tell_covered(self.handles.live.data_mut(&mut store));
            self.snapshot(store, &reason);
        }
    }

    fn insert(&mut self, mut store: impl AsContextMut, address: u32, size: u64, v: u32) {
        self.reach(&mut store, address);
        let context = self.context(&mut store, v);
        let memory = self.handles.live.data_mut(&mut store);
        let taken = self.table.take(memory, address);
        self.table.put(memory, Block { address, size, context, interval: self.interval });
        let mut change = size as i64;
        if let Some(taken) = taken {
            self.problems.overlaps += 1;
            change -= taken.size as i64;
        }
        self.add_live_bytes(&mut store, change);
        let allocations = value(&self.handles.allocations, &mut store);
        set(&self.handles.allocations, &mut store, allocations + 1);
    }

    fn remove(&mut self, mut store: impl AsContextMut, address: u32) -> Option<Block> {
        let block = self.table.take(self.handles.live.data_mut(&mut store), address)?;
        self.add_live_bytes(&mut store, -(block.size as i64));
        Some(block)
    }

    /// Live bytes may fall: what they are now is a candidate for the peak.
    fn note_peak(&mut self, mut store: impl AsContextMut) {
        let live = value(&self.handles.live_bytes, &mut store);
        if live > value(&self.handles.peak_bytes, &mut store) {
            set(&self.handles.peak_bytes, &mut store, live);
            if self.conditions.contains(&Condition::Peak) {
                self.peak(store);
            }
        }
    }

    /// What is no live block was released or resized. The guest goes on as it would.
    fn wild(&mut self, store: impl AsContext, address: u32) {
        self.problems.wild += 1;
        if self.problems.wild_releases.len() < WILD_MAX {
            let inside = self.table.around(self.handles.live.data(&store), address);
            let (_, frames) = self.backtrace(&store);
            self.problems.wild_releases.push(WildRelease {
                address: u64::from(address),
                frames,
                inside: inside.map(|block| (u64::from(block.address), block.context.checked_sub(1).map(ContextKey))),
            });
        }
    }

    fn add_live_bytes(&mut self, mut store: impl AsContextMut, change: i64) {
        let live = value(&self.handles.live_bytes, &mut store);
        set(&self.handles.live_bytes, store, live.saturating_add_signed(change));
    }

    /// Makes the table reach an address that has a cell.
    fn reach(&mut self, mut store: impl AsContextMut, address: u32) {
        if !self.table.has_cell(address) || self.table.reaches(address) {
            return;
        }
        let guest = self.handles.memory.map_or(0, |memory| memory.data_size(&store) as u64);
        let wanted = self.table.memory_for(guest);
        let present = self.handles.live.data_size(&store) as u64;
        if wanted > present && self.handles.live.grow(&mut store, (wanted - present) / layout::PAGE).is_err() {
            return; // The block becomes an outlier.
        }
        self.table.set_covered(self.handles.live.data_mut(&mut store));
    }

    /// The number of a context, which is bound to a backtrace the first time it is seen.
    fn context(&mut self, mut store: impl AsContextMut, v: u32) -> u32 {
        if !self.map.contexts {
            return 0;
        }
        let number = match self.contexts.find(v) {
            Seen::Before(number) => number,
            Seen::Lost => return 0,
            Seen::Never => {
                let (entry, frames) = self.backtrace(&store);
                self.contexts.bind(v, entry, frames)
            }
        };
        if let Some(mask) = self.contexts.publish(self.handles.live.data_mut(&mut store), v, number) {
            // As in `set`: the global is our own.
            let _ = self.handles.context_mask.set(store, Val::I32(mask as i32));
        }
        number
    }

    /// The allocator's outermost function, and the frames that called it.
    fn backtrace(&self, store: impl AsContext) -> (Option<u32>, Vec<RawFrame>) {
        let trace = WasmBacktrace::force_capture(store);
        let mut entry = None;
        let mut frames = Vec::with_capacity(trace.frames().len());
        for frame in trace.frames() {
            let function = frame.func_index();
            let is_allocator = self.map.is_allocator(function) || self.map.is_replaced(function);
            if frames.is_empty() && is_allocator {
                entry = Some(function);
            } else if let Some(raw) = self.map.frame(function, frame.module_offset()) {
                frames.push(raw);
            }
        }
        (entry, frames)
    }
}
