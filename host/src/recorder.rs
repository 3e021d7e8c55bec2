//! From pauses to a recording: captures and writes on a thread of its own, so that the guest goes on meanwhile.
//!
//! The guest's thread only copies what a pause needs. At most one copy waits for its turn; a guest that is paused more
//! often than heaps can be captured waits, which bounds memory and loses nothing.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use heapy_engine::Heap;
use thiserror::Error;

use crate::capture::{CaptureError, GuestInfo, capture};
use crate::paused::Paused;
use crate::recording::{RecordingError, RecordingFile};
use crate::symbols::Symbols;
use crate::target::{Sink, TimelineLog};

/// Copies that may wait to be captured.
const WAITING_MAX: usize = 1;
/// How often the timeline so far is written at most, for runs that are cut off.
const TIMELINE_EVERY: Duration = Duration::from_secs(1);
/// Writing it may take one part in so many of the time.
const TIMELINE_SHARE: u32 = 50;

/// Why a recording is not complete.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecorderError {
    /// A paused guest does not make a heap.
    #[error("snapshot {number}")]
    Capture {
        /// The snapshot.
        number: u32,
        /// Why.
        source: CaptureError,
    },
    /// The recording cannot be written.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The recording thread could not be started, or ended by itself.
    #[error("the recording thread {0}")]
    Thread(String),
}

/// A snapshot that was captured and written.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The heap.
    pub heap: Arc<Heap>,
    /// The recording so far, as the bytes of a file; only where [`Recorder::start`] was asked for them.
    pub bytes: Option<Vec<u8>>,
}

/// Whether each snapshot comes with the bytes of the recording so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deliver {
    /// The heap only.
    Heap,
    /// The bytes too, for an inspector that is open.
    Bytes,
}

/// The recording, and what ended it early.
pub type Recorded = (RecordingFile, Option<RecorderError>);

/// What the recording thread is told.
enum Job {
    /// A pause to capture.
    Pause(Box<Paused>),
    /// The timeline to keep on disk.
    Follow(TimelineLog),
}

/// Records a guest's pauses.
#[derive(Debug)]
pub struct Recorder {
    jobs: SyncSender<Job>,
    thread: JoinHandle<Recorded>,
}

impl Recorder {
    /// Starts the recording thread. `on_snapshot` is called on it after each snapshot.
    ///
    /// # Errors
    /// [`RecorderError::Thread`] when the system gives no thread.
    pub fn start(
        symbols: Arc<Symbols>,
        guest: GuestInfo,
        file: RecordingFile,
        deliver: Deliver,
        on_snapshot: impl FnMut(Snapshot) + Send + 'static,
    ) -> Result<Self, RecorderError> {
        let (jobs, waiting) = sync_channel(WAITING_MAX);
        let work = move || record(&waiting, &symbols, &guest, file, deliver, on_snapshot);
        let thread = std::thread::Builder::new().name("heapy-recorder".into()).spawn(work);
        let thread = thread.map_err(|error| RecorderError::Thread(format!("cannot be started: {error}")))?;
        Ok(Self { jobs, thread })
    }

    /// What a target gives its pauses to. The recording ends when every sink is gone.
    #[must_use]
    pub fn sink(&self) -> Sink {
        let jobs = self.jobs.clone();
        Box::new(move |paused| {
            // The thread ends early on an error only, which `finish` tells; the guest is not disturbed by it.
            let _ = jobs.send(Job::Pause(Box::new(paused)));
        })
    }

    /// Has the timeline so far written about every second, so that a run that is cut off keeps it.
    pub fn follow(&self, timeline: TimelineLog) {
        // As above.
        let _ = self.jobs.send(Job::Follow(timeline));
    }

    /// Waits for the last snapshot and gives the recording back, with what went wrong if anything did.
    ///
    /// # Errors
    /// [`RecorderError::Thread`] when the thread died.
    pub fn finish(self) -> Result<Recorded, RecorderError> {
        drop(self.jobs);
        self.thread.join().map_err(|_| RecorderError::Thread("panicked; its message stands above".into()))
    }
}

fn record(
    waiting: &Receiver<Job>,
    symbols: &Symbols,
    guest: &GuestInfo,
    mut file: RecordingFile,
    deliver: Deliver,
    mut on_snapshot: impl FnMut(Snapshot),
) -> Recorded {
    let mut followed: Option<Followed> = None;
    loop {
        let written = match waiting.recv_timeout(TIMELINE_EVERY) {
            Ok(Job::Pause(paused)) => add(&paused, symbols, guest, &mut file, deliver).map(|snapshot| {
                if let Some(snapshot) = snapshot {
                    on_snapshot(snapshot);
                }
            }),
            Ok(Job::Follow(timeline)) => {
                followed = Some(Followed { timeline, moments: 0, next: Instant::now() });
                Ok(())
            }
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => return (file, None),
        };
        let written = written.and_then(|()| match &mut followed {
            Some(followed) => followed.write(symbols, &file),
            None => Ok(()),
        });
        if let Err(error) = written {
            return (file, Some(error));
        }
    }
}

/// A timeline that is kept on disk.
struct Followed {
    timeline: TimelineLog,
    /// When the last of the moments was that were written.
    moments: u64,
    /// When it may be written again.
    next: Instant,
}

impl Followed {
    fn write(&mut self, symbols: &Symbols, file: &RecordingFile) -> Result<(), RecorderError> {
        let begun = Instant::now();
        let last = self.timeline.last().map_or(0, |sample| sample.at_nanos);
        if begun < self.next || last == self.moments {
            return Ok(());
        }
        file.set_timeline(&self.timeline.timeline(symbols))?;
        self.moments = last;
        self.next = Instant::now() + TIMELINE_EVERY.max(begun.elapsed() * TIMELINE_SHARE);
        Ok(())
    }
}

fn add(
    paused: &Paused,
    symbols: &Symbols,
    guest: &GuestInfo,
    file: &mut RecordingFile,
    deliver: Deliver,
) -> Result<Option<Snapshot>, RecorderError> {
    let captured = capture(paused, symbols, guest);
    let heap = captured.map_err(|source| RecorderError::Capture { number: paused.number, source })?;
    if paused.number == 0 {
        // That of the peak: it is kept beside the numbered ones.
        file.add_peak(&heap)?;
        return Ok(None);
    }
    file.add(&heap)?;
    let bytes = match deliver {
        Deliver::Heap => None,
        Deliver::Bytes => Some(file.bytes()?),
    };
    Ok(Some(Snapshot { heap: Arc::new(heap), bytes }))
}
