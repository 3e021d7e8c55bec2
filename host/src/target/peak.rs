//! The snapshot of the peak.
//!
//! That a moment was the peak is known only when it is past. So a candidate is taken when live bytes are about to fall by
//! 0.8 % (one part in 128) from a new peak: then the heap still is what it was at the peak, within 1 %. On the way up,
//! however long and with however many releases in between, nothing is done.
//!
//! The guest's own code watches for that: a new peak sets the *floor*, and a release that would take live bytes below the
//! floor calls the host first, which sets the floor to zero until the next peak.

use std::time::{Duration, Instant};

use wasmtime::AsContextMut;

use super::condition::Condition;
use super::handles::{set, value};
use super::state::State;
use crate::live::layout::{PEAK_SHIFT, event_kinds};
use crate::paused::Paused;

/// Candidates that nobody asked for are taken however long that takes until so many bytes of memory were copied for them.
const COPIED_FREE: u64 = 1 << 28;
/// Later ones may take one part in so many of the time.
const TIME_SHARE: u32 = 20;

/// Live blocks of one context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LiveOf {
    /// How many.
    pub(crate) blocks: u64,
    /// Their requested bytes.
    pub(crate) bytes: u64,
}

/// What is kept of the peak so far.
#[derive(Debug, Default)]
pub(crate) struct PeakKeeper {
    /// Whether it is kept though no condition asks for it.
    kept: bool,
    /// The best candidate and its live bytes.
    candidate: Option<(u64, Paused)>,
    /// Live bytes of the observed moment nearest to the peak, and how they were spread over the contexts.
    observed: Option<(u64, Vec<u64>)>,
    /// Bytes of memory that candidates took, and time.
    copied: u64,
    took: Duration,
    /// Memory of a candidate that is none any more: pages that need not be asked of the system again.
    spare: Vec<u8>,
}

impl PeakKeeper {
    /// Keeps a snapshot of the peak in any case.
    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }

    /// The guest is paused: remembers how live bytes are spread if this is the peak so far.
    pub(crate) fn observe(&mut self, live_bytes: u64, peak_bytes: u64, live: &[LiveOf]) {
        let best = self.observed.as_ref().map_or(0, |(bytes, _)| *bytes);
        if live_bytes > best && is_peak(live_bytes, peak_bytes) {
            self.observed = Some((live_bytes, live.iter().map(|of| of.bytes).collect()));
        }
    }

    /// Bytes of live blocks by context, at a moment within 1 % of this peak.
    pub(crate) fn by_context(&self, peak_bytes: u64) -> Option<&[u64]> {
        let (bytes, spread) = self.observed.as_ref()?;
        is_peak(*bytes, peak_bytes).then_some(spread)
    }

    fn may_take(&self, since: Instant) -> bool {
        self.copied < COPIED_FREE || self.took * TIME_SHARE < since.elapsed()
    }

    /// An empty vector for a copy of memory, with room where there is some to reuse.
    pub(crate) fn spare(&mut self) -> Vec<u8> {
        let mut spare = std::mem::take(&mut self.spare);
        spare.clear();
        spare
    }

    fn candidate_bytes(&self) -> u64 {
        self.candidate.as_ref().map_or(0, |(bytes, _)| *bytes)
    }
}

/// Whether so many live bytes are within 1 % of the peak.
fn is_peak(live_bytes: u64, peak_bytes: u64) -> bool {
    live_bytes >= peak_bytes - peak_bytes / 100
}

impl State {
    /// Live bytes are about to change by so much: what they are now may be the peak.
    pub(crate) fn note_peak(&mut self, mut store: impl AsContextMut, change: i64) {
        let live = value(&self.handles.live_bytes, &mut store);
        if live > value(&self.handles.peak_bytes, &mut store) {
            set(&self.handles.peak_bytes, &mut store, live);
            if self.wants_peak() {
                set(&self.handles.floor, &mut store, live - (live >> PEAK_SHIFT));
            }
        }
        if live.saturating_add_signed(change) < value(&self.handles.floor, &mut store) {
            self.leave_peak(store);
        }
    }

    /// Live bytes are about to fall below the floor.
    pub(crate) fn leave_peak(&mut self, mut store: impl AsContextMut) {
        set(&self.handles.floor, &mut store, 0);
        // Who asks for the peak gets it, whatever it costs.
        let asked = self.conditions.contains(&Condition::Peak);
        if asked || (self.wants_peak() && self.peak.may_take(self.started)) {
            self.take_candidate(store);
        }
    }

    /// Takes a snapshot unless there is one of this peak.
    fn take_candidate(&mut self, mut store: impl AsContextMut) {
        let live = value(&self.handles.live_bytes, &mut store);
        let peak = value(&self.handles.peak_bytes, &mut store).max(live);
        if live <= self.peak.candidate_bytes() || is_peak(self.peak.candidate_bytes(), peak) {
            return;
        }
        let begun = Instant::now();
        if let Some((_, old)) = self.peak.candidate.take() {
            self.peak.spare = old.memory;
        }
        self.note_event(&mut store, event_kinds::SNAPSHOT, 0, 0);
        let age = self.ages.last().copied().unwrap_or(1);
        let paused = self.pause_between(&mut store, "peak", age);
        self.peak.copied += paused.memory.len() as u64;
        self.peak.candidate = Some((live, paused));
        self.peak.took += begun.elapsed();
    }

    /// The guest ends: gives out the snapshot of the peak.
    pub(crate) fn give_peak(&mut self, mut store: impl AsContextMut) {
        if !self.wants_peak() {
            return;
        }
        let live = value(&self.handles.live_bytes, &mut store);
        let peak = value(&self.handles.peak_bytes, &mut store).max(live);
        let asked = self.conditions.contains(&Condition::Peak);
        let exit = self.conditions.contains(&Condition::Exit);
        if !asked && exit && is_peak(live, peak) {
            self.timeline.set_peak_snapshot(self.given + 1, live);
            return;
        }
        self.take_candidate(&mut store);
        let Some((bytes, mut paused)) = self.peak.candidate.take() else { return };
        if !is_peak(bytes, peak) {
            paused.notes.push(format!(
                "{bytes} bytes are live here, {peak} were at the peak: live bytes rose and fell too often to be followed"
            ));
        }
        if asked {
            self.give(paused);
            self.timeline.set_peak_snapshot(self.given, bytes);
        } else {
            self.timeline.set_peak_snapshot(0, bytes);
            (self.sink)(paused);
        }
    }

    fn wants_peak(&self) -> bool {
        self.peak.kept || self.conditions.contains(&Condition::Peak)
    }
}
