//! Ctrl-C: asks a command to end in order.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use anyhow::{Context, Result};

/// Tells whether Ctrl-C was pressed.
#[derive(Clone, Default)]
pub(super) struct Interrupt {
    state: Arc<(Mutex<bool>, Condvar)>,
}

/// Has Ctrl-C tell instead of ending the process. Once a process.
pub(super) fn watch() -> Result<Interrupt> {
    let interrupt = Interrupt::default();
    let told = interrupt.clone();
    ctrlc::set_handler(move || told.set()).context("cannot listen to Ctrl-C")?;
    Ok(interrupt)
}

impl Interrupt {
    /// Waits until it was pressed.
    pub(super) fn wait(&self) {
        let (pressed, changed) = &*self.state;
        let mut guard = pressed.lock().unwrap_or_else(PoisonError::into_inner);
        while !*guard {
            guard = changed.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn set(&self) {
        let (pressed, changed) = &*self.state;
        *pressed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }
}
