//! `heapy-host record`: run a guest without a server and write its snapshots to a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::guest::{self, Guest};
use super::options::{GuestCommand, GuestOptions};
use super::{say, signal};
use crate::event_writer::EventWriter;
use crate::recorder::{Deliver, Recorder};
use crate::recording::RecordingFile;
use crate::target::Outcome;

/// Subcommand `record`.
#[derive(Args, Debug)]
pub(super) struct RecordArgs {
    #[command(flatten)]
    command: GuestCommand,
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Record every event, so that the heap of any moment can be asked for; the guest is slower, the file larger.
    #[arg(long)]
    events: bool,
    #[command(flatten)]
    options: GuestOptions,
}

/// Records; the exit code is the guest's.
pub(super) fn run(args: &RecordArgs) -> Result<ExitCode> {
    let guest = match args.events {
        false => Guest::load(&args.command, &args.options)?,
        true => Guest::load_with_events(&args.command, &args.options)?,
    };
    let (outcome, file) = record_to(guest, &args.output, args.events)?;
    let snapshots = file.snapshots();
    file.finish()?;
    let noun = if snapshots == 1 { "snapshot" } else { "snapshots" };
    say(format_args!("{snapshots} {noun} in {}", args.output.display()));
    Ok(guest::exit_code(&outcome))
}

/// Runs a guest to its end; the recording is complete but not packed yet.
pub(super) fn record(guest: Guest, output: &Path) -> Result<(Outcome, RecordingFile)> {
    record_to(guest, output, false)
}

fn record_to(guest: Guest, output: &Path, events: bool) -> Result<(Outcome, RecordingFile)> {
    let Guest { target, symbols, wasi, info } = guest;
    let file = RecordingFile::create(output)?;
    let events = if events { Some(EventWriter::start(file.events())?) } else { None };
    let recorder = Recorder::start(symbols.clone(), info, file, Deliver::Heap, |_| {})?;
    let running = target.instantiate(&wasi, recorder.sink());
    let outcome = running.map(|running| {
        recorder.follow(running.timeline());
        if let Some(events) = &events {
            running.record_events(events.sink());
        }
        signal::watch(&running);
        running.run()
    });
    let (file, trouble) = recorder.finish()?;
    let events = events.map(EventWriter::finish).transpose();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            // The guest never ran: nothing half-written stays behind.
            file.discard()?;
            return Err(error.into());
        }
    };
    file.set_timeline(&outcome.timeline.timeline(&symbols))?;
    guest::tell_ending(&outcome, &symbols);
    if let Some(events) = events? {
        say(format_args!("{events} events"));
    }
    match trouble {
        Some(error) => Err(error.into()),
        None => Ok((outcome, file)),
    }
}
