//! The timeline of a run while it runs.
//!
//! A thread asks again and again for a moment; the next probe comes to the host then, which notes what the guest's own
//! code keeps anyway. Between two moments nothing costs anything. When a run is long, every other moment is dropped and
//! the thread asks half as often. Blocks are counted at moments, and at growths of memory, only while either stays below 1 %
//! of the time; the first growths, which make up short runs, are counted in any case.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use heapy_engine::{Extents, GROWS_MAX, Grow, Lifetimes, PeakSnapshot, Sample, Timeline};
use wasmtime::AsContextMut;

use super::handles::value;
use super::request::Requester;
use super::state::State;
use crate::paused::RawFrame;
use crate::symbols::Symbols;

/// Moments that are kept.
const SAMPLES_MAX: usize = 2048;
/// Time between moments at first.
const PERIOD: Duration = Duration::from_millis(2);
/// Time that counting blocks may take: one part in so many.
const COUNTING_SHARE: u32 = 100;
/// Time that counting blocks at growths may take in any case.
const COUNTING_FREE: Duration = Duration::from_millis(4);
/// Frames that are kept of who asked for memory.
const FRAMES_MAX: usize = 24;

/// The timeline so far; cheap to clone, all clones are one, and it may be read from other threads.
#[derive(Clone, Debug)]
pub struct TimelineLog {
    shared: Arc<Mutex<Log>>,
}

#[derive(Debug)]
struct Log {
    timeline: Timeline,
    /// As long as the timeline's growths.
    frames: Vec<Vec<RawFrame>>,
    period: Duration,
    /// For counting blocks at moments, and at growths.
    moments: Budget,
    growths: Budget,
}

/// Time that something may take: what is free, then one part in [`COUNTING_SHARE`].
#[derive(Debug, Default)]
struct Budget {
    free: Duration,
    from: Option<Instant>,
}

impl Budget {
    fn allows(&self) -> bool {
        self.from.is_none_or(|from| Instant::now() >= from)
    }

    fn spend(&mut self, took: Duration) {
        self.from = (took > self.free).then(|| Instant::now() + took * COUNTING_SHARE);
        self.free = self.free.saturating_sub(took);
    }
}

impl Default for TimelineLog {
    fn default() -> Self {
        let growths = Budget { free: COUNTING_FREE, from: None };
        let (timeline, moments) = (Timeline::default(), Budget::default());
        let log = Log { timeline, frames: Vec::new(), period: PERIOD, moments, growths };
        Self { shared: Arc::new(Mutex::new(log)) }
    }
}

impl TimelineLog {
    /// The timeline so far, with the functions that asked for memory. Time O(its length).
    #[must_use]
    pub fn timeline(&self, symbols: &Symbols) -> Timeline {
        let log = self.lock();
        let mut timeline = log.timeline.clone();
        for (grow, frames) in timeline.grows.iter_mut().zip(&log.frames) {
            let own = |frame: &RawFrame| symbols.frames(*frame).iter().map(|frame| !frame.library).collect::<Vec<_>>();
            grow.frames = frames.iter().flat_map(|frame| symbols.described(*frame)).take(FRAMES_MAX).collect();
            let program = frames.iter().flat_map(own).take(FRAMES_MAX).position(|own| own);
            grow.program = program.map(|at| at as u32);
        }
        timeline
    }

    /// The last moment.
    #[must_use]
    pub fn last(&self) -> Option<Sample> {
        self.lock().timeline.samples.last().copied()
    }

    /// How long blocks lived, as far as is known.
    pub(crate) fn set_lifetimes(&self, lifetimes: Lifetimes) {
        self.lock().timeline.lifetimes = Some(lifetimes);
    }

    /// Which snapshot shows the peak.
    pub(crate) fn set_peak_snapshot(&self, snapshot: u32, live_bytes: u64) {
        self.lock().timeline.peak_snapshot = Some(PeakSnapshot { snapshot, live_bytes });
    }

    fn period(&self) -> Duration {
        self.lock().period
    }

    fn add(&self, sample: Sample) {
        let mut log = self.lock();
        log.timeline.end_nanos = sample.at_nanos;
        log.timeline.allocations = sample.allocations;
        log.timeline.peak_bytes = log.timeline.peak_bytes.max(sample.peak_bytes);
        log.settle_grow(sample.memory_bytes);
        log.timeline.samples.push(sample);
        if log.timeline.samples.len() >= SAMPLES_MAX {
            let mut keep = false;
            log.timeline.samples.retain(|_| {
                keep = !keep;
                keep
            });
            log.period *= 2;
        }
    }

    fn add_grow(&self, grow: Grow, frames: Vec<RawFrame>) {
        let mut log = self.lock();
        log.settle_grow(grow.memory_bytes);
        if log.timeline.grows.len() < GROWS_MAX {
            log.timeline.grows.push(grow);
            log.frames.push(frames);
        } else {
            log.timeline.grows_left_out += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    /// The probe stands before the memory grows: by how much is seen at the next moment.
    fn settle_grow(&mut self, memory_bytes: u64) {
        if let Some(last) = self.timeline.grows.last_mut()
            && self.timeline.grows_left_out == 0
            && last.grown_bytes == 0
        {
            last.grown_bytes = memory_bytes.saturating_sub(last.memory_bytes);
        }
    }
}

impl State {
    /// Notes the present moment.
    pub(crate) fn sample(&mut self, mut store: impl AsContextMut) {
        let extents = self.count_within(&mut store, |log| &mut log.moments);
        self.add_sample(store, extents);
    }

    /// Notes the last moment, with blocks in any case.
    pub(crate) fn last_sample(&mut self, mut store: impl AsContextMut) {
        let extents = Some(self.count_blocks(&mut store));
        self.timeline.set_lifetimes(self.lifetimes.told());
        self.add_sample(store, extents);
    }

    /// The guest is about to ask for more memory.
    pub(crate) fn grow(&mut self, mut store: impl AsContextMut) {
        let trace = wasmtime::WasmBacktrace::force_capture(&store);
        let frames = self.raw_frames(&trace);
        let extents = self.count_within(&mut store, |log| &mut log.growths);
        let grow = Grow {
            at_nanos: self.started.elapsed().as_nanos() as u64,
            memory_bytes: self.memory_bytes(&mut store),
            grown_bytes: 0,
            live_bytes: value(&self.handles.live_bytes, &mut store),
            extents,
            frames: Vec::new(),
            program: None,
        };
        self.timeline.add_grow(grow, frames);
    }

    fn add_sample(&mut self, mut store: impl AsContextMut, extents: Option<Extents>) {
        let live_bytes = value(&self.handles.live_bytes, &mut store);
        let sample = Sample {
            at_nanos: self.started.elapsed().as_nanos() as u64,
            live_bytes,
            peak_bytes: value(&self.handles.peak_bytes, &mut store).max(live_bytes),
            allocations: self.contexts.total(self.handles.live.data(&store)),
            memory_bytes: self.memory_bytes(&mut store),
            extents,
        };
        self.timeline.add(sample);
    }

    /// Counts blocks if a budget allows it.
    fn count_within(&mut self, store: impl AsContextMut, budget: fn(&mut Log) -> &mut Budget) -> Option<Extents> {
        if !budget(&mut self.timeline.lock()).allows() {
            return None;
        }
        let begun = Instant::now();
        let extents = self.count_blocks(store);
        budget(&mut self.timeline.lock()).spend(begun.elapsed());
        Some(extents)
    }

    fn count_blocks(&mut self, mut store: impl AsContextMut) -> Extents {
        let guest = self.memory_bytes(&mut store);
        match self.settle_go(&mut store) {
            Some(extents) => extents,
            None => self.table.extents(self.handles.live.data(&store), guest),
        }
    }

    fn memory_bytes(&self, mut store: impl AsContextMut) -> u64 {
        self.handles.memory.map_or(0, |memory| memory.data_size(&mut store) as u64)
    }
}

/// Asks for moments as long as it lives.
#[derive(Debug)]
pub struct Sampler {
    /// Dropped to end the thread.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sampler {
    /// Starts the thread. Without one, which the system may refuse, there are only the moments of growth and the end.
    #[must_use]
    pub fn start(requester: Requester, log: TimelineLog) -> Self {
        let (end, ended) = channel::<()>();
        let work = move || {
            while ended.recv_timeout(log.period()) == Err(RecvTimeoutError::Timeout) {
                requester.request_sample();
            }
        };
        let thread = std::thread::Builder::new().name("heapy-timeline".into()).spawn(work).ok();
        Self { end: Some(end), thread }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing to tell that matters here.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runs_keep_fewer_moments() {
        let log = TimelineLog::default();
        for at_nanos in 0..3 * SAMPLES_MAX as u64 {
            log.add(Sample { at_nanos, ..Sample::default() });
        }
        let log = log.lock();
        assert!(log.timeline.samples.len() < SAMPLES_MAX);
        assert!(log.timeline.samples.is_sorted_by(|a, b| a.at_nanos < b.at_nanos));
        assert_eq!(log.timeline.samples[0].at_nanos, 0);
        assert!(log.period > PERIOD);
    }

    #[test]
    fn how_far_memory_grew_is_seen_later() {
        let log = TimelineLog::default();
        let grow = |memory_bytes| Grow { memory_bytes, ..Grow::default() };
        log.add_grow(grow(65_536), Vec::new());
        log.add_grow(grow(131_072), Vec::new());
        log.add(Sample { memory_bytes: 131_072, ..Sample::default() });
        let grown: Vec<u64> = log.lock().timeline.grows.iter().map(|grow| grow.grown_bytes).collect();
        assert_eq!(grown, [65_536, 0]);
    }
}
