//! Writing events to a recording while the guest runs, on a thread of its own.
//!
//! A few batches may wait: a guest that makes events faster than they can be packed waits, which bounds memory and loses
//! nothing.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use heapy_engine::events::Event;

use crate::recorder::RecorderError;
use crate::recording::EventFolder;
use crate::target::{EventBatch, EventReader, EventSink};

/// Batches that may wait.
const WAITING_MAX: usize = 8;

/// Writes events.
#[derive(Debug)]
pub struct EventWriter {
    batches: SyncSender<EventBatch>,
    thread: JoinHandle<Result<u64, RecorderError>>,
}

impl EventWriter {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`RecorderError::Thread`] when the system gives no thread.
    pub fn start(folder: EventFolder) -> Result<Self, RecorderError> {
        let (batches, waiting) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new().name("heapy-events".into()).spawn(move || write(&waiting, &folder));
        let thread = thread.map_err(|error| RecorderError::Thread(format!("cannot be started: {error}")))?;
        Ok(Self { batches, thread })
    }

    /// What a running guest gives its events to. Writing ends when every sink is gone.
    #[must_use]
    pub fn sink(&self) -> EventSink {
        let batches = self.batches.clone();
        Box::new(move |batch| {
            // The thread ends early on an error only, which `finish` tells; the guest is not disturbed by it.
            let _ = batches.send(batch);
        })
    }

    /// Waits for the last events, and tells how many there were.
    ///
    /// # Errors
    /// What ended the writing early.
    pub fn finish(self) -> Result<u64, RecorderError> {
        drop(self.batches);
        self.thread.join().map_err(|_| RecorderError::Thread("panicked; its message stands above".into()))?
    }
}

fn write(waiting: &Receiver<EventBatch>, folder: &EventFolder) -> Result<u64, RecorderError> {
    let (mut number, mut reader) = (0, EventReader::new());
    while let Ok(batch) = waiting.recv() {
        let (head, events) = reader.read(&batch);
        let events: Vec<Event> = events.collect();
        // Its memory is used again at once, while the processor still has it near.
        drop(batch);
        let chunk = head.pack(events).map_err(|error| folder.unwritable(&error))?;
        folder.write(number, chunk)?;
        number += 1;
    }
    Ok(reader.events())
}
