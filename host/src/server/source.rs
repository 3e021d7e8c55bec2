//! What the server shows: the contract between it and whoever runs a guest or opens files.

use heapy_engine::Timeline;
use serde::Serialize;
use tokio::sync::watch;

pub use axum::body::Bytes;

use super::error::SourceError;

/// Where the inspector's data comes from. Methods are called from the server's threads and should not take long.
pub trait Source: Send + Sync + 'static {
    /// What is known at this moment.
    fn state(&self) -> RunState;

    /// Tells that [`Source::state`] has changed. The value means nothing; send one whenever something did.
    fn changes(&self) -> watch::Receiver<u64>;

    /// The bytes of a `.heapy` file with every snapshot so far; `index` counts [`RunState::recordings`].
    ///
    /// # Errors
    /// [`SourceError::NoRecording`] when there is none of that number.
    fn recording(&self, index: usize) -> Result<Bytes, SourceError>;

    /// The course of the run so far; none where nothing runs or ran. Recordings hold their own.
    fn timeline(&self) -> Option<Timeline> {
        None
    }

    /// Asks for a snapshot as soon as the guest can be paused; it turns up in [`RunState::recordings`].
    ///
    /// # Errors
    /// [`SourceError::NotRunning`] when no guest is running.
    fn request_snapshot(&self) -> Result<(), SourceError>;
}

/// What the page shows of a run without any snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunState {
    /// The guest's name, for titles.
    pub guest: String,
    /// What it is doing.
    pub phase: Phase,
    /// Milliseconds since the guest began; its whole run time once it has ended.
    pub elapsed_millis: u64,
    /// Figures of the running guest; none where nothing is running.
    pub live: Option<LiveFigures>,
    /// What can be downloaded.
    pub recordings: Vec<RecordingState>,
}

/// What a guest is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum Phase {
    /// It is being read, instrumented and compiled.
    #[default]
    Preparing,
    /// It runs.
    Running,
    /// It has ended.
    Ended {
        /// With this exit code.
        exit_code: i32,
    },
    /// It was stopped by a trap.
    Trapped {
        /// What the trap says.
        message: String,
    },
    /// There is no guest: recordings were opened.
    Files,
}

/// Figures of a running guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LiveFigures {
    /// Live blocks.
    pub blocks: u64,
    /// Their requested bytes.
    pub bytes: u64,
    /// Bytes of linear memory.
    pub memory_bytes: u64,
    /// Most bytes of live blocks at once so far.
    pub peak_bytes: u64,
    /// Number of allocations so far.
    pub allocations: u64,
}

/// A recording that can be downloaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RecordingState {
    /// The guest's or the file's name.
    pub name: String,
    /// Number of snapshots in it; it is worth downloading again when that has grown.
    pub snapshots: u32,
}
