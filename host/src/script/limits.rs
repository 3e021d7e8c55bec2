//! What a script may use, and how it is stopped.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What one script may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the interpreter's own heap; the engine's heap is not in it.
    pub memory_bytes: usize,
    /// Bytes of its stack.
    pub stack_bytes: usize,
    /// How long it may run; for ever if none.
    pub time: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_bytes: 512 << 20, stack_bytes: 1 << 20, time: None }
    }
}

/// Stops a script from another thread or from a signal handler; copies stop the same script.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Stops the script that is running; whether that had been asked for before.
    pub fn now(&self) -> bool {
        self.0.swap(true, Ordering::Relaxed)
    }

    /// Forgets that it was asked for, before the next script runs; whether it had been.
    pub fn reset(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }

    fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why a script was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Stopped,
    OutOfTime(Duration),
}

/// Watches over the script that is running.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    stop: Stop,
    deadline: Rc<Cell<Option<(Instant, Duration)>>>,
    ended: Rc<Cell<Option<Ended>>>,
}

impl Watch {
    pub(super) fn new(stop: Stop) -> Self {
        Self { stop, deadline: Rc::default(), ended: Rc::default() }
    }

    /// Begins to watch over the next script.
    pub(super) fn begin(&self, time: Option<Duration>) {
        self.ended.set(None);
        let deadline = time.and_then(|time| Some((Instant::now().checked_add(time)?, time)));
        self.deadline.set(deadline);
    }

    /// Whether the script has to end now; asked by the interpreter between two steps.
    pub(super) fn must_end(&self) -> bool {
        let ended = if self.stop.is_asked() {
            Some(Ended::Stopped)
        } else {
            match self.deadline.get() {
                Some((deadline, time)) if Instant::now() >= deadline => Some(Ended::OutOfTime(time)),
                _ => None,
            }
        };
        if ended.is_some() {
            self.ended.set(ended);
        }
        ended.is_some()
    }

    /// Why the last script was ended, if it was.
    pub(super) fn ended(&self) -> Option<Ended> {
        self.ended.get()
    }
}
