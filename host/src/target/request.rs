//! Asking a running guest for a snapshot from another thread.
//!
//! Every probe of an allocation reads a word of the live table's memory that leads it to its context; a request makes it lead
//! nowhere, so that the next allocation comes to the host. That costs nothing while nobody asks. A guest that does not
//! allocate is not reached so: a millisecond later its thread is interrupted by a signal, again and again until the request
//! is answered. Where there are no signals the request waits for an allocation, unless the guest was compiled to look for
//! requests in loops too.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

use super::signal::Thread;

/// How long a request waits for an allocation, and then between signals: first so often, then more seldom, for a guest that
/// is in a call of the host cannot be stopped.
const PATIENCE: [(Duration, u32); 3] =
    [(Duration::from_millis(1), 50), (Duration::from_millis(10), 100), (Duration::from_millis(100), u32::MAX)];

/// Asks for snapshots; cheap to clone, and may outlive the guest.
#[derive(Clone, Debug, Default)]
pub struct Requester {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    pending: AtomicBool,
    sample: AtomicBool,
    /// Whether a request is being answered.
    busy: AtomicBool,
    /// Whether threads are interrupted, and whether somebody is at it.
    signals: AtomicBool,
    insisting: AtomicBool,
    reason: Mutex<String>,
    word: Mutex<Option<Word>>,
    engine: Mutex<Option<Interrupted>>,
}

/// The engine whose code looks for requests in loops.
struct Interrupted(EngineWeak);

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interrupted")
    }
}

/// The word that probes read, what makes them come to the host, and the guest's thread.
#[derive(Debug)]
struct Word(*const AtomicU32, u32, Option<Thread>);

// SAFETY: the pointer is used under the mutex only, which the guest's thread clears before the memory can go away.
unsafe impl Send for Word {}

impl Requester {
    /// Asks for a snapshot at the next place where the guest can stop. A request that was not answered yet is replaced.
    pub fn request(&self, reason: &str) {
        reason.clone_into(&mut self.shared.reason.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.pending.store(true, Ordering::SeqCst);
        self.call_in();
        let engine = self.shared.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = engine.as_ref().and_then(|engine| engine.0.upgrade()) {
            engine.increment_epoch();
        }
        self.interrupt_until_answered();
    }

    /// Whether requests interrupt the guest's thread.
    pub(crate) fn insist(&self, by_signals: bool) {
        self.shared.signals.store(by_signals, Ordering::SeqCst);
    }

    /// Whether a request waits to be answered.
    pub(crate) fn is_pending(&self) -> bool {
        self.shared.pending.load(Ordering::SeqCst)
    }

    /// Has a thread interrupt the guest's until the request is answered or the guest has ended.
    fn interrupt_until_answered(&self) {
        if !self.shared.signals.load(Ordering::SeqCst) || self.shared.insisting.swap(true, Ordering::SeqCst) {
            return;
        }
        let requester = self.clone();
        let insist = move || {
            for (pause, times) in PATIENCE {
                for _ in 0..times {
                    std::thread::sleep(pause);
                    if !requester.is_pending() || !requester.interrupt_thread() {
                        requester.shared.insisting.store(false, Ordering::SeqCst);
                        // A request that came in between has found somebody at it.
                        return if requester.is_pending() && requester.is_reachable() {
                            requester.interrupt_until_answered();
                        };
                    }
                }
            }
        };
        if std::thread::Builder::new().name("heapy-pause".into()).spawn(insist).is_err() {
            // Then it waits for an allocation.
            self.shared.insisting.store(false, Ordering::SeqCst);
        }
    }

    /// Interrupts the guest's thread; false when it is in no guest.
    fn interrupt_thread(&self) -> bool {
        let word = self.shared.word.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Word(_, _, Some(thread))) = *word else { return false };
        // SAFETY: while the word is there, the thread that put it there is in the call that did so, which takes it back,
        // under the same lock, before it returns.
        unsafe { thread.interrupt() };
        true
    }

    fn is_reachable(&self) -> bool {
        self.shared.word.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Lets requests reach loops of the engine's code that neither allocate nor release.
    pub(crate) fn interrupt(&self, engine: &Engine) {
        *self.shared.engine.lock().unwrap_or_else(PoisonError::into_inner) = Some(Interrupted(engine.weak()));
    }

    /// Asks for a moment of the timeline at the next allocation.
    pub(crate) fn request_sample(&self) {
        self.shared.sample.store(true, Ordering::SeqCst);
        self.call_in();
    }

    /// Sends the next probe to the host.
    fn call_in(&self) {
        let word = self.shared.word.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Word(word, disarmed, _)) = *word {
            // SAFETY: while the pointer is there, the store is borrowed by the call that put it there (`Entered`), so the
            // memory exists; it does not move, for its address space is reserved. The guest reads the word with plain
            // loads of 4 bytes, which are atomic on all machines that wasmtime compiles for.
            unsafe { (*word).store(disarmed, Ordering::SeqCst) };
        }
    }

    /// Whether a request waits to be answered, or is being answered.
    pub(crate) fn is_open(&self) -> bool {
        self.is_pending() || self.shared.busy.load(Ordering::SeqCst)
    }

    /// Takes the request that is pending, which is open until [`done`](Self::done).
    pub(crate) fn take(&self) -> Option<String> {
        self.shared.busy.store(self.is_pending(), Ordering::SeqCst);
        self.shared
            .pending
            .swap(false, Ordering::SeqCst)
            .then(|| self.shared.reason.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// The request that was taken is answered.
    pub(crate) fn done(&self) {
        self.shared.busy.store(false, Ordering::SeqCst);
    }

    /// Takes the request for a moment of the timeline.
    pub(crate) fn take_sample(&self) -> bool {
        self.shared.sample.swap(false, Ordering::SeqCst)
    }

    /// Lets requests reach the guest, which this thread enters, or no longer. `word` is the first of the live table's memory; a request stores the
    /// number there.
    pub(crate) fn publish(&self, word: Option<(*const u8, u32)>) {
        let word = word.map(|(word, disarmed)| Word(word.cast(), disarmed, Thread::here()));
        *self.shared.word.lock().unwrap_or_else(PoisonError::into_inner) = word;
    }
}
