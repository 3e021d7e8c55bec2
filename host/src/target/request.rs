//! Asking a running guest for a snapshot from another thread.
//!
//! Every probe reads how far the live table reaches; a request says that it reaches nowhere, so that the next allocation or
//! release comes to the host. That costs nothing while nobody asks. A guest that neither allocates nor releases is not
//! reached: the request waits until it does, unless the guest was compiled to look for requests in loops too.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::{Engine, EngineWeak};

/// Asks for snapshots; cheap to clone, and may outlive the guest.
#[derive(Clone, Debug, Default)]
pub struct Requester {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    pending: AtomicBool,
    sample: AtomicBool,
    reason: Mutex<String>,
    covered: Mutex<Option<Covered>>,
    engine: Mutex<Option<Interrupted>>,
}

/// The engine whose code looks for requests in loops.
struct Interrupted(EngineWeak);

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interrupted")
    }
}

/// The word that probes read.
#[derive(Debug)]
struct Covered(*const AtomicU32);

// SAFETY: the pointer is used under the mutex only, which the guest's thread clears before the memory can go away.
unsafe impl Send for Covered {}

impl Requester {
    /// Asks for a snapshot at the next allocation or release. A request that was not answered yet is replaced.
    pub fn request(&self, reason: &str) {
        reason.clone_into(&mut self.shared.reason.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.pending.store(true, Ordering::SeqCst);
        self.call_in();
        let engine = self.shared.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = engine.as_ref().and_then(|engine| engine.0.upgrade()) {
            engine.increment_epoch();
        }
    }

    /// Lets requests reach loops of the engine's code that neither allocate nor release.
    pub(crate) fn interrupt(&self, engine: &Engine) {
        *self.shared.engine.lock().unwrap_or_else(PoisonError::into_inner) = Some(Interrupted(engine.weak()));
    }

    /// Asks for a moment of the timeline at the next allocation or release.
    pub(crate) fn request_sample(&self) {
        self.shared.sample.store(true, Ordering::SeqCst);
        self.call_in();
    }

    /// Sends the next probe to the host.
    fn call_in(&self) {
        let covered = self.shared.covered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Covered(word)) = *covered {
            // SAFETY: while the pointer is there, the store is borrowed by the call that put it there (`Entered`), so the
            // memory exists; it does not move, for its address space is reserved. The guest reads the word with plain
            // loads of 4 bytes, which are atomic on all machines that wasmtime compiles for.
            unsafe { (*word).store(0, Ordering::SeqCst) };
        }
    }

    /// Takes the request that is pending.
    pub(crate) fn take(&self) -> Option<String> {
        self.shared
            .pending
            .swap(false, Ordering::SeqCst)
            .then(|| self.shared.reason.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Takes the request for a moment of the timeline.
    pub(crate) fn take_sample(&self) -> bool {
        self.shared.sample.swap(false, Ordering::SeqCst)
    }

    /// Lets requests reach the guest, or no longer. `word` is the first of the live table's memory.
    pub(crate) fn publish(&self, word: Option<*const u8>) {
        let covered = word.map(|word| Covered(word.cast()));
        *self.shared.covered.lock().unwrap_or_else(PoisonError::into_inner) = covered;
    }
}
