//! `heapy-host open`: the inspector on recordings.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use tokio::sync::watch;

use super::{interrupt, say};
use crate::recording;
use crate::server::{Bytes, Phase, RecordingState, RunState, Server, Source, SourceError};

/// Subcommand `open`.
#[derive(Args, Debug)]
pub(super) struct OpenArgs {
    /// Recordings.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Recordings that do not change any more.
struct Files {
    recordings: Vec<(RecordingState, Bytes)>,
    /// Kept so that the page is not told that the source is gone.
    changes: watch::Sender<u64>,
}

impl Source for Files {
    fn state(&self) -> RunState {
        RunState {
            guest: self.recordings.first().map(|(state, _)| state.name.clone()).unwrap_or_default(),
            phase: Phase::Files,
            recordings: self.recordings.iter().map(|(state, _)| state.clone()).collect(),
            ..RunState::default()
        }
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn recording(&self, index: usize) -> Result<Bytes, SourceError> {
        let found = self.recordings.get(index).map(|(_, bytes)| bytes.clone());
        found.ok_or(SourceError::NoRecording { index, count: self.recordings.len() })
    }

    fn request_snapshot(&self) -> Result<(), SourceError> {
        Err(SourceError::NotRunning)
    }
}

/// Serves the files until Ctrl-C.
pub(super) fn run(args: &OpenArgs) -> Result<ExitCode> {
    let recordings = args.files.iter().map(|path| load(path)).collect::<Result<Vec<_>>>()?;
    let interrupted = interrupt::watch()?;
    let server = Server::start(Arc::new(Files { recordings, changes: watch::Sender::new(0) }))?;
    say(format_args!("inspector at {}", server.url()));
    interrupted.wait();
    server.stop();
    Ok(ExitCode::SUCCESS)
}

/// Opens a file far enough to know that it is one.
fn load(path: &Path) -> Result<(RecordingState, Bytes)> {
    let snapshots = u32::try_from(recording::open(path)?.snapshots().len())?;
    let name = path.file_name().context("a recording has a file name")?.to_string_lossy().into_owned();
    Ok((RecordingState { name, snapshots }, Bytes::from(recording::file_bytes(path)?)))
}
