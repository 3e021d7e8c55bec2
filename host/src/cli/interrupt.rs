//! Ctrl-C: asks a command to end in order.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};

/// The exit code of a program that was ended by Ctrl-C, as shells have it.
const INTERRUPTED: i32 = 130;

/// Tells whether Ctrl-C was pressed.
#[derive(Clone, Default)]
pub(super) struct Interrupt {
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    pressed: bool,
    /// Whether the process ends at once when it is pressed.
    exit: bool,
}

/// Has Ctrl-C tell instead of ending the process. Once a process.
pub(super) fn watch() -> Result<Interrupt> {
    let interrupt = Interrupt::default();
    let told = interrupt.clone();
    ctrlc::set_handler(move || told.press()).context("cannot listen to Ctrl-C")?;
    Ok(interrupt)
}

impl Interrupt {
    /// Waits until it was pressed.
    pub(super) fn wait(&self) {
        let mut state = self.lock();
        while !state.pressed {
            state = self.state.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Does something that Ctrl-C ends together with the process.
    pub(super) fn exit_during<R>(&self, act: impl FnOnce() -> R) -> R {
        self.lock().exit = true;
        let result = act();
        self.lock().exit = false;
        result
    }

    fn press(&self) {
        let mut state = self.lock();
        if state.exit {
            std::process::exit(INTERRUPTED);
        }
        state.pressed = true;
        self.state.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
