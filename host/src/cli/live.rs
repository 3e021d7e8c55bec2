//! A running guest as the inspector sees it.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use heapy_engine::{Family, Heap, Timeline};
use tokio::sync::watch;

use crate::recorder::Snapshot;
use crate::server::{Bytes, LiveFigures, Phase, RecordingState, RunState, Source, SourceError};
use crate::symbols::Symbols;
use crate::target::{Requester, TimelineLog};

/// Time between two looks at the figures of a running guest.
const TICK: Duration = Duration::from_millis(250);

/// The state of a run, changed by the thread that runs the guest and by the recorder, read by the server.
pub(super) struct Live {
    guest: String,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    phase: Phase,
    began: Option<Instant>,
    elapsed_millis: u64,
    figures: Option<LiveFigures>,
    snapshots: u32,
    bytes: Bytes,
    last_heap: Option<Arc<Heap>>,
    requester: Option<Requester>,
    timeline: Option<(TimelineLog, Arc<Symbols>)>,
}

impl Live {
    /// A guest that has not begun.
    pub(super) fn new(guest: &str) -> Self {
        Self { guest: guest.to_owned(), state: Mutex::default(), changes: watch::Sender::new(0) }
    }

    /// The guest begins.
    pub(super) fn begin(&self, requester: Requester, timeline: TimelineLog, symbols: Arc<Symbols>) {
        self.change(|state| {
            state.phase = Phase::Running;
            state.began = Some(Instant::now());
            state.requester = Some(requester);
            state.timeline = Some((timeline, symbols));
        });
    }

    /// The guest has ended.
    pub(super) fn end(&self, phase: Phase) {
        self.change(|state| {
            state.elapsed_millis = elapsed_millis(state);
            state.phase = phase;
            state.requester = None;
            state.began = None;
        });
    }

    /// A snapshot was recorded.
    pub(super) fn add(&self, snapshot: Snapshot) {
        self.change(|state| {
            state.figures = Some(figures(&snapshot.heap));
            state.snapshots += 1;
            state.bytes = Bytes::from(snapshot.bytes.unwrap_or_default());
            state.last_heap = Some(snapshot.heap);
        });
    }

    /// The recording is complete.
    pub(super) fn complete(&self, bytes: Vec<u8>) {
        self.change(|state| state.bytes = Bytes::from(bytes));
    }

    /// Takes over the figures of the timeline's last moment.
    fn tick(&self) {
        let last = self.lock().timeline.as_ref().and_then(|(timeline, _)| timeline.last());
        let Some(last) = last else { return };
        self.change(|state| {
            let known = state.figures.unwrap_or_default();
            state.figures = Some(LiveFigures {
                blocks: last.extents.map_or(known.blocks, |extents| extents.blocks),
                bytes: last.live_bytes,
                memory_bytes: last.memory_bytes,
                peak_bytes: last.peak_bytes,
                allocations: last.allocations,
            });
        });
    }

    /// The heap of the last snapshot.
    pub(super) fn last_heap(&self) -> Option<Arc<Heap>> {
        self.lock().last_heap.clone()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changes.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Live {
    fn state(&self) -> RunState {
        let state = self.lock();
        let recording = RecordingState { name: self.guest.clone(), snapshots: state.snapshots };
        RunState {
            guest: self.guest.clone(),
            phase: state.phase.clone(),
            elapsed_millis: elapsed_millis(&state),
            live: state.figures.filter(|_| state.phase == Phase::Running),
            recordings: if state.snapshots > 0 { vec![recording] } else { Vec::new() },
        }
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn recording(&self, index: usize) -> Result<Bytes, SourceError> {
        let state = self.lock();
        let count = usize::from(state.snapshots > 0);
        if index < count { Ok(state.bytes.clone()) } else { Err(SourceError::NoRecording { index, count }) }
    }

    fn timeline(&self) -> Option<Timeline> {
        let (timeline, symbols) = self.lock().timeline.clone()?;
        Some(timeline.timeline(&symbols))
    }

    fn request_snapshot(&self) -> Result<(), SourceError> {
        let requester = self.lock().requester.clone();
        requester.ok_or(SourceError::NotRunning).map(|requester| requester.request("request"))
    }
}

/// Keeps the figures of a running guest up to date as long as it lives.
pub(super) struct Ticker {
    /// Dropped to end the thread.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Starts a thread; where the system refuses one, figures change with each snapshot only.
    pub(super) fn start(live: Arc<Live>) -> Self {
        let (end, ended) = channel::<()>();
        let work = move || {
            while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                live.tick();
            }
        };
        Self { end: Some(end), thread: std::thread::Builder::new().name("heapy-figures".into()).spawn(work).ok() }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing to tell that matters here.
            let _ = thread.join();
        }
    }
}

fn elapsed_millis(state: &State) -> u64 {
    state.began.map_or(state.elapsed_millis, |began| u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX))
}

/// The figures of a snapshot, which hold until the next one.
fn figures(heap: &Heap) -> LiveFigures {
    let blocks = || heap.objects().filter(|&object| heap.family(object) == Family::Block);
    let facts = heap.facts();
    LiveFigures {
        blocks: blocks().count() as u64,
        bytes: blocks().map(|object| heap.size(object)).sum(),
        memory_bytes: facts.memory_bytes,
        peak_bytes: facts.peak_bytes,
        allocations: facts.allocations,
    }
}
