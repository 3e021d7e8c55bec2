//! From pauses to a recording: captures and writes on a thread of its own, so that the guest goes on meanwhile.
//!
//! The guest's thread only copies what a pause needs. At most one copy waits for its turn; a guest that is paused more
//! often than heaps can be captured waits, which bounds memory and loses nothing.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use heapy_engine::Heap;
use thiserror::Error;

use crate::capture::{CaptureError, GuestInfo, capture};
use crate::paused::Paused;
use crate::recording::{RecordingError, RecordingFile};
use crate::symbols::Symbols;
use crate::target::Sink;

/// Copies that may wait to be captured.
const WAITING_MAX: usize = 1;

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

/// Records a guest's pauses.
#[derive(Debug)]
pub struct Recorder {
    jobs: SyncSender<Paused>,
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
            let _ = jobs.send(paused);
        })
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
    waiting: &Receiver<Paused>,
    symbols: &Symbols,
    guest: &GuestInfo,
    mut file: RecordingFile,
    deliver: Deliver,
    mut on_snapshot: impl FnMut(Snapshot),
) -> Recorded {
    while let Ok(paused) = waiting.recv() {
        match add(&paused, symbols, guest, &mut file, deliver) {
            Ok(snapshot) => on_snapshot(snapshot),
            Err(error) => return (file, Some(error)),
        }
    }
    (file, None)
}

fn add(
    paused: &Paused,
    symbols: &Symbols,
    guest: &GuestInfo,
    file: &mut RecordingFile,
    deliver: Deliver,
) -> Result<Snapshot, RecorderError> {
    let captured = capture(paused, symbols, guest);
    let heap = captured.map_err(|source| RecorderError::Capture { number: paused.number, source })?;
    file.add(&heap)?;
    let bytes = match deliver {
        Deliver::Heap => None,
        Deliver::Bytes => Some(file.bytes()?),
    };
    Ok(Snapshot { heap: Arc::new(heap), bytes })
}
