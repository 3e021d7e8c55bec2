//! `heapy-host GUEST`: run a guest with the inspector beside it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use heapy_engine::{Heap, Use};

use super::guest::{self, Guest};
use super::live::{Live, Ticker};
use super::options::{GuestCommand, GuestOptions};
use super::{interrupt, say, signal, timeline};
use crate::recorder::{Deliver, Recorder};
use crate::recording::RecordingFile;
use crate::server::{Phase, Server, Source};
use crate::target::{Ending, Outcome};

/// Runs a guest with the inspector.
#[derive(Args, Debug)]
pub(super) struct RunArgs {
    /// The WebAssembly module.
    #[arg(value_name = "GUEST")]
    guest: Option<PathBuf>,
    /// What the guest gets as its arguments.
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
    #[command(flatten)]
    options: GuestOptions,
    /// End with the guest in place of serving until Ctrl-C.
    #[arg(long)]
    no_wait: bool,
    /// Do not print the last snapshot's tables.
    #[arg(long)]
    quiet: bool,
}

/// Runs; the exit code is the guest's.
pub(super) fn run(args: &RunArgs) -> Result<ExitCode> {
    let guest = args.guest.clone().context("name a guest or a subcommand; --help lists them")?;
    let command = GuestCommand { guest, args: args.args.clone() };
    let guest = Guest::load(&command, &args.options)?;
    let folder = tempfile::tempdir().context("cannot make a folder for the recording")?;
    let file = RecordingFile::create(&folder.path().join("run.heapy"))?;
    let live = Arc::new(Live::new(&guest.info.name));
    let server = Server::start(live.clone())?;
    say(format_args!("inspector at {}", server.url()));
    let interrupted = interrupt::watch()?;
    let outcome = run_guest(guest, file, &live, &interrupted)?;
    if !args.quiet {
        let (timeline, heap) = (live.timeline(), live.last_heap());
        if let Some(timeline) = &timeline {
            say(format_args!("{}", timeline::text(timeline)));
        }
        if let Some((timeline, heap)) = timeline.as_ref().zip(heap.as_ref()) {
            say(format_args!("{}", timeline::why(&Use::new(heap.clone()).growth(timeline))));
        }
        if let Some(heap) = heap {
            tell_heap(&heap);
        }
    }
    if !args.no_wait {
        say(format_args!("the guest has ended; inspector at {} until Ctrl-C", server.url()));
        interrupted.wait();
    }
    server.stop();
    Ok(guest::exit_code(&outcome))
}

fn run_guest(
    guest: Guest,
    file: RecordingFile,
    live: &Arc<Live>,
    interrupted: &interrupt::Interrupt,
) -> Result<Outcome> {
    let Guest { target, symbols, wasi, info } = guest;
    let shown = live.clone();
    let on_snapshot = move |snapshot| shown.add(snapshot);
    let recorder = Recorder::start(symbols.clone(), info, file, Deliver::Bytes, on_snapshot)?;
    let running = target.instantiate(&wasi, recorder.sink());
    let running = match running {
        Ok(running) => running,
        Err(error) => {
            recorder.finish()?.0.discard()?;
            return Err(error.into());
        }
    };
    live.begin(running.requester(), running.timeline(), symbols.clone());
    recorder.follow(running.timeline());
    signal::watch(&running);
    let ticker = Ticker::start(live.clone());
    // Nothing can be asked of a guest in the middle of its code: Ctrl-C ends it with us, as it would without us.
    let outcome = interrupted.exit_during(|| running.run());
    drop(ticker);
    let (file, trouble) = recorder.finish()?;
    guest::tell_ending(&outcome, &symbols);
    file.set_timeline(&outcome.timeline.timeline(&symbols))?;
    live.complete(file.bytes()?);
    live.end(match &outcome.ending {
        Ending::Exit(exit_code) => Phase::Ended { exit_code: *exit_code },
        Ending::Trap { message, .. } => Phase::Trapped { message: message.clone() },
    });
    trouble.map_or(Ok(outcome), |error| Err(error.into()))
}

/// Prints what is alive, and what nothing holds any more.
fn tell_heap(heap: &Arc<Heap>) {
    let hp = Use::new(heap.clone());
    let facts = heap.facts();
    say(format_args!("snapshot {} at {}:\n{}", facts.snapshot, facts.reason, hp.heap()));
    let leaks = hp.heapu_set();
    if leaks.is_empty() {
        say(format_args!("no leaks among the blocks that could be seen"));
    } else {
        say(format_args!("{} blocks of {} bytes are held by nothing:\n{leaks}", leaks.count(), leaks.size()));
        if let Ok(by_line) = leaks.by("Prod") {
            say(format_args!("they were allocated at:\n{by_line}"));
        }
    }
    for note in &facts.notes {
        say(format_args!("note: {note}"));
    }
}
