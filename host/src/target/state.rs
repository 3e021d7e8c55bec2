//! What the host keeps of an attached guest, and what it does when a probe calls.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::{AsContext, AsContextMut, FrameInfo, Module, WasmBacktrace};

use super::condition::Condition;
use super::events::EventOutput;
use super::go::GoState;
use super::handles::{Handles, set, set_word, value};
use super::lifetimes::Lifetimes;
use super::peak::PeakKeeper;
use super::pools::Pools;
use super::request::Requester;
use super::signal::Interrupted;
use super::timeline::TimelineLog;
use super::walk::{Anchor, Walker, module_offsets};
use crate::functions::Functions;
use crate::instrument::{InstrumentMap, Probe};
use crate::live::layout::{Cell, event_kinds};
use crate::live::{Block, ContextTable, Seen, Stack, Table, layout};
use crate::paused::{ContextKey, Paused, RawFrame, WildRelease};

/// Takes the snapshots.
pub type Sink = Box<dyn FnMut(Paused) + Send>;

/// Releases of what is no live block that are told with their frames.
const WILD_MAX: usize = 16;

/// Places of release that are remembered; then it begins anew.
const RELEASED_MAX: usize = 1 << 20;

/// What the guest did that no correct program does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problems {
    /// Releases of what is no live block.
    pub(crate) wild: u64,
    /// The first of them.
    pub(crate) wild_releases: Vec<WildRelease>,
    /// Blocks given out while they were live.
    pub(crate) overlaps: u64,
    /// The first of them.
    pub(crate) overlap: Option<GivenTwice>,
}

/// A block that was given out while it was live: its address, and the tags of the live one and of the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GivenTwice {
    pub(super) address: u32,
    pub(super) before: u32,
    pub(super) again: u32,
}

/// The host's side of one attached instance.
pub(crate) struct State {
    pub(crate) map: Arc<InstrumentMap>,
    pub(crate) handles: Handles,
    pub(crate) table: Table,
    pub(crate) contexts: ContextTable,
    /// What is kept of a Go guest.
    pub(crate) go: Option<GoState>,
    pub(crate) problems: Problems,
    /// The module that runs.
    pub(crate) module: Module,
    pub(crate) walker: Walker,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) requester: Requester,
    pub(crate) timeline: TimelineLog,
    pub(crate) sink: Sink,
    /// What the guest says of its own blocks, if it says anything.
    pub(crate) functions: Option<Functions>,
    /// Where the shadow stack begins: its pointer before anything ran.
    pub(crate) stack_base: u64,
    /// Address of a local of the frame that entered the guest; zero while none has.
    pub(crate) native_top: usize,
    /// Where the guest was interrupted, while that is answered; then the engine's backtraces are not to be asked for.
    pub(crate) interrupted: Option<(Interrupted, Vec<RawFrame>)>,
    /// How many calls into the guest are active.
    pub(crate) entered: u32,
    pub(crate) started: Instant,
    /// Interval between snapshots, from 1.
    pub(crate) interval: u32,
    /// Snapshots given out.
    pub(crate) given: u32,
    /// What is kept of the peak.
    pub(crate) peak: PeakKeeper,
    /// The age that blocks of each interval have, from the first interval.
    pub(crate) ages: Vec<u32>,
    /// Address of the last allocation, where it has no cell.
    pub(crate) last_elsewhere: Option<u32>,
    pub(crate) lifetimes: Lifetimes,
    /// Blocks of pools and arenas.
    pub(crate) pools: Pools,
    /// Where events go, where they are recorded.
    pub(crate) events: Option<EventOutput>,
    /// Whether the snapshot at the exit was taken.
    pub(crate) exit_taken: bool,
    /// Who released the blocks that were at these addresses last, where every release is told.
    pub(crate) released: HashMap<u32, Arc<[RawFrame]>>,
    /// Frames of the trap that ended the guest.
    pub(crate) trap_frames: Vec<RawFrame>,
    /// Time that the guest was paused in all.
    pub(crate) paused_for: Duration,
}

impl State {
    /// A probe could not record a block: address, size and V.
    pub(crate) fn record(&mut self, mut store: impl AsContextMut, anchor: Anchor, block: [u32; 3]) {
        self.answer_request(&mut store);
        self.insert(&mut store, anchor, block);
    }

    /// A probe found no block to release.
    pub(crate) fn release(&mut self, mut store: impl AsContextMut, address: u32, header: u32) {
        self.answer_request(&mut store);
        if self.remove(&mut store, address).is_some() {
            self.remember_release(&store, address);
            return;
        }
        let object = address.wrapping_add(header);
        let removed = header != 0 && self.remove(&mut store, object).is_some();
        if removed {
            self.remember_release(&store, object);
        } else if header != layout::FREE_LIST_HEADER {
            self.wild(&store, address);
        }
    }

    /// A block has another size, and perhaps another place: address, size and V.
    pub(crate) fn resize(
        &mut self,
        mut store: impl AsContextMut,
        anchor: Anchor,
        from: u32,
        block: [u32; 3],
        header: u32,
    ) {
        let [to, size, v] = block;
        self.answer_request(&mut store);
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
                let change = i64::from(size) - i64::from(old.size);
                self.note_peak(&mut store, change);
                let (memory, block) = (self.handles.live.data_mut(&mut store), Block { size, ..old });
                let watched = self.lifetimes.watches(from) || self.pools.holds(from);
                if !(watched && self.table.put_watched(memory, block)) {
                    self.table.put(memory, block);
                }
                self.note_event(&mut store, event_kinds::RESIZE, u64::from(size), from);
                self.contexts.count_grown(old.tag, size.saturating_sub(old.size));
                self.add_live_bytes(&mut store, change);
                self.pools.resize_holder(from, size);
            }
            Some(_) => {
                let held = self.pools.take_held(from);
                self.remove(&mut store, from);
                self.remember_release(&store, from);
                self.insert(&mut store, anchor, [to, size, v]);
                self.move_held(&mut store, held, from, to, size);
            }
            None => {
                if from != 0 && header == 0 {
                    self.wild(&store, from);
                }
                self.insert(&mut store, anchor, [to, size, v]);
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

    /// The guest ends: what was to be given out then is given out, once.
    pub(crate) fn exit(&mut self, mut store: impl AsContextMut) {
        if std::mem::replace(&mut self.exit_taken, true) {
            return;
        }
        self.last_sample(&mut store);
        self.give_peak(&mut store);
        if self.conditions.contains(&Condition::Exit) {
            self.snapshot(&mut store, "exit");
        }
        self.note_time(&mut store);
        self.drain_events(store);
        self.hand_events_on();
    }

    /// Takes a snapshot and gives it out.
    pub(crate) fn snapshot(&mut self, mut store: impl AsContextMut, reason: &str) {
        let number = u64::from(self.given) + 1;
        self.note_event(&mut store, event_kinds::SNAPSHOT, number, 0);
        let paused = self.pause(store, reason);
        self.give(paused);
    }

    pub(crate) fn give(&mut self, mut paused: Paused) {
        self.given += 1;
        paused.number = self.given;
        (self.sink)(paused);
    }

    /// Does what other threads have asked for.
    pub(crate) fn answer_request(&mut self, mut store: impl AsContextMut) {
        self.contexts.arm(self.handles.live.data_mut(&mut store));
        if self.requester.take_sample() {
            self.sample(&mut store);
            self.note_time(&mut store);
            self.lifetimes.watch_next();
        }
        if let Some(reason) = self.requester.take() {
            self.snapshot(store, &reason);
            self.requester.done();
        }
    }

    /// The guest was interrupted in its compiled code: does what other threads have asked for, if it may stop there. Not in
    /// code that was added to record blocks, which may have done half of that.
    pub(super) fn answer_interrupted(&mut self, mut store: impl AsContextMut, at: Interrupted) {
        if !self.requester.is_pending() {
            return;
        }
        let module = self.module.clone();
        let Some(offsets) = self.walker.interrupted(module.text(), at.instruction, at.frame, self.native_top) else {
            return;
        };
        let innermost = offsets.first().and_then(|offset| self.walker.function(*offset));
        if innermost.is_none_or(|function| self.map.records(function)) {
            return;
        }
        let Some(reason) = self.requester.take() else { return };
        self.contexts.arm(self.handles.live.data_mut(&mut store));
        let frames = self.frames_at(&offsets);
        self.interrupted = Some((at, frames));
        self.snapshot(store, &reason);
        self.requester.done();
    }

    /// The frames that offsets into the compiled code stand for, innermost first.
    fn frames_at(&self, offsets: &[u32]) -> Vec<RawFrame> {
        let mut sorted = offsets.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let positions = module_offsets(&self.module, &sorted);
        let frame = |offset: &u32| {
            let position = sorted.binary_search(offset).ok().and_then(|at| positions[at]);
            self.map.frame(self.walker.function(*offset)?, position.map(|position| position as usize))
        };
        offsets.iter().filter_map(frame).collect()
    }

    fn insert(&mut self, mut store: impl AsContextMut, anchor: Anchor, [address, size, v]: [u32; 3]) {
        let tag = self.tag(&mut store, anchor, v);
        let memory = self.handles.live.data_mut(&mut store);
        let taken = self.table.take(memory, address);
        self.lifetimes.end(address);
        self.pools.take_held(address);
        if let Some(taken) = taken {
            let bits = Cell { size: taken.size, tag: taken.tag }.pack();
            self.note_event(&mut store, event_kinds::RELEASE, bits, address);
        }
        let memory = self.handles.live.data_mut(&mut store);
        let block = Block { address, size, tag };
        if self.lifetimes.wants() && self.table.put_watched(memory, block) {
            let allocations = self.contexts.total(memory);
            self.lifetimes.begin(address, allocations);
        } else {
            self.table.put(memory, block);
        }
        let place = self.table.probe_place(memory, address);
        self.last_elsewhere = if place.is_none() { Some(address) } else { None };
        set_word(&self.handles.last, &mut store, place.unwrap_or(layout::LAST_ELSEWHERE));
        self.note_event(&mut store, event_kinds::ALLOCATE, Cell { size, tag }.pack(), address);
        self.contexts.count(tag, size);
        let mut change = i64::from(size);
        if let Some(taken) = taken {
            self.problems.overlaps += 1;
            self.problems.overlap.get_or_insert(GivenTwice { address, before: taken.tag, again: tag });
            change -= i64::from(taken.size);
        }
        self.add_live_bytes(&mut store, change);
    }

    fn remove(&mut self, mut store: impl AsContextMut, address: u32) -> Option<Block> {
        let size = self.table.get(self.handles.live.data(&store), address)?.size;
        self.note_peak(&mut store, -i64::from(size));
        let memory = self.handles.live.data_mut(&mut store);
        let place = self.table.probe_place(memory, address);
        let block = self.table.take(memory, address)?;
        self.lifetimes.end(address);
        self.pools.take_held(address);
        let bits = Cell { size: block.size, tag: block.tag }.pack();
        self.note_event(&mut store, event_kinds::RELEASE, bits, address);
        let last = value(&self.handles.last, &mut store);
        if place.map(u64::from) == Some(last) || place.is_none() && self.last_elsewhere == Some(address) {
            self.contexts.count_temporary(block.tag);
            self.last_elsewhere = None;
        }
        self.add_live_bytes(&mut store, -i64::from(block.size));
        Some(block)
    }

    /// Notes who releases a block, where that was asked for.
    fn remember_release(&mut self, store: impl AsContext, address: u32) {
        if !self.map.frees {
            return;
        }
        if self.released.len() >= RELEASED_MAX {
            self.released.clear();
        }
        let (_, frames) = self.backtrace(store);
        self.released.insert(address, frames.into());
    }

    fn note_time(&mut self, store: impl AsContextMut) {
        let nanos = self.started.elapsed().as_nanos() as u64;
        self.note_event(store, event_kinds::TIME, nanos, 0);
    }

    /// A block of a tag without a place in the tag table grew in place, or was a temporary allocation.
    pub(crate) fn tally(&mut self, tag: u32, bytes: u32) {
        if bytes == 0 {
            self.contexts.count_temporary(tag);
        } else {
            self.contexts.count_grown(tag, bytes);
        }
    }

    /// What is no live block was released or resized. The guest goes on as it would.
    pub(super) fn wild(&mut self, store: impl AsContext, address: u32) {
        self.problems.wild += 1;
        if self.problems.wild_releases.len() < WILD_MAX {
            let memory = self.handles.live.data(&store);
            let (inside, last) = (self.table.around(memory, address), self.table.last(memory, address));
            let allocated = |tag: u32| self.contexts.birth(tag).context.checked_sub(1).map(ContextKey);
            let (_, frames) = self.backtrace(&store);
            self.problems.wild_releases.push(WildRelease {
                address: u64::from(address),
                frames,
                inside: inside.map(|block| (u64::from(block.address), allocated(block.tag))),
                last: last.map(allocated),
                released: last.and_then(|_| self.released.get(&address).cloned()),
            });
        }
    }

    pub(super) fn add_live_bytes(&mut self, mut store: impl AsContextMut, change: i64) {
        let live = value(&self.handles.live_bytes, &mut store);
        set(&self.handles.live_bytes, store, live.saturating_add_signed(change));
    }

    /// The tag of a context, which is bound to a backtrace the first time it is seen.
    pub(super) fn tag(&mut self, mut store: impl AsContextMut, anchor: Anchor, v: u32) -> u32 {
        let number = match self.contexts.find(v) {
            Seen::Now(tag) => return tag,
            Seen::Before(number) => number,
            Seen::Never => {
                let stack = self.stack(&store, anchor);
                self.contexts.bind(v, stack)
            }
        };
        self.contexts.publish(self.handles.live.data_mut(&mut store), v, number)
    }

    /// The calls that are active: by a walk where it is sure to see what the engine's backtrace does.
    fn stack(&mut self, store: impl AsContext, anchor: Anchor) -> Stack {
        // What is active outside of a call into the guest from within another is told by the engine alone.
        let top = Some(self.native_top).filter(|_| self.entered == 1);
        if let Some(offsets) = top.and_then(|top| self.walker.walk(anchor, top)) {
            return Stack::Offsets(offsets);
        }
        let trace = WasmBacktrace::force_capture(store);
        if let Some(top) = top {
            let functions: Vec<u32> = trace.frames().iter().map(FrameInfo::func_index).collect();
            self.walker.learn(anchor, top, &functions);
        }
        let (entry, frames) = self.named(&trace);
        Stack::Named(entry, frames)
    }

    /// The allocator's outermost function, and the frames that called it.
    fn backtrace(&self, store: impl AsContext) -> (Option<u32>, Vec<RawFrame>) {
        self.named(&WasmBacktrace::force_capture(store))
    }

    fn named(&self, trace: &WasmBacktrace) -> (Option<u32>, Vec<RawFrame>) {
        let frames = trace.frames().iter().map(|frame| (frame.func_index(), frame.module_offset()));
        program_frames(&self.map, frames)
    }

    /// Names the frames of contexts that were seen since the last time. Time O(the module's address map), if there are any.
    pub(crate) fn name_contexts(&mut self) {
        let mut offsets: Vec<u32> = self.contexts.unnamed().collect();
        if offsets.is_empty() {
            return;
        }
        offsets.sort_unstable();
        offsets.dedup();
        let positions = module_offsets(&self.module, &offsets);
        let frame = |offset: &u32| {
            let position = offsets.binary_search(offset).ok().and_then(|at| positions[at]);
            Some((self.walker.function(*offset)?, position.map(|position| position as usize)))
        };
        self.contexts.name(|stack| program_frames(&self.map, stack.iter().filter_map(frame)));
    }
}

/// The allocator's outermost function, and the frames that called it, from functions and offsets in the instrumented module.
/// A pool is part of the program that calls the allocator below it.
fn program_frames(
    map: &InstrumentMap,
    frames: impl Iterator<Item = (u32, Option<usize>)>,
) -> (Option<u32>, Vec<RawFrame>) {
    let (mut entry, mut level) = (None, None);
    let mut program = Vec::new();
    for (function, offset) in frames {
        let own = if program.is_empty() { map.level(function) } else { None };
        if own.is_some() && (entry.is_none() || own == level) {
            (entry, level) = (Some(function), own);
        } else {
            program.extend(map.frame(function, offset));
        }
    }
    (entry.map(|entry| map.called_as(entry)), program)
}
