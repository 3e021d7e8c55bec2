//! `heapy-host show`: the heap of a snapshot as Heapy's table, or as JSON for programs.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use heapy_engine::events::Moment;
use heapy_engine::snapshot::Recording;
use heapy_engine::{IdentitySet, Use};

use super::snapshots::{keep_freed_memory, snapshot_number};
use super::totals::Shown;
use super::{json, timeline, totals};
use crate::recording;

/// Subcommand `show`.
#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// The recording.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which snapshot, numbered from 1, or `peak`; the last one by default.
    #[arg(long, value_name = "N", value_parser = snapshot_number)]
    snapshot: Option<u32>,
    /// Show the blocks of any moment of a recording with events in place of a snapshot: event:N, allocation:N,
    /// time:SECONDS, snapshot:N, peak (exact) or end.
    #[arg(long, value_name = "MOMENT", conflicts_with_all = ["snapshot", "totals", "timeline"])]
    at: Option<Moment>,
    /// The relation by which objects are grouped, such as Type (the default), Size, Via, Prod, Id or Type&Size; totals by
    /// Prod (the default), Site or Unit.
    #[arg(long, value_name = "RELATION")]
    by: Option<String>,
    /// Which objects: the reachable ones (the default, except for moments), the unreachable ones, or both.
    #[arg(long, value_enum)]
    set: Option<Part>,
    /// Print every row, not only the first ten.
    #[arg(long)]
    all: bool,
    /// Print one JSON object with every row.
    #[arg(long)]
    json: bool,
    /// Print what all allocations up to the snapshot came to, those of blocks that are gone too, in place of what is live.
    #[arg(long, conflicts_with_all = ["set", "timeline"])]
    totals: bool,
    /// Print the course of the run in place of a snapshot.
    #[arg(long, conflicts_with_all = ["snapshot", "by", "set", "all"])]
    timeline: bool,
}

/// A part of the objects of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// What the root reaches.
    Heap,
    /// What it does not.
    Leaks,
    /// Both.
    All,
}

impl Part {
    /// The set of this part.
    pub(super) fn of(self, hp: &Use) -> Result<IdentitySet> {
        Ok(match self {
            Self::Heap => hp.heap(),
            Self::Leaks => hp.heapu_set(),
            Self::All => hp.heap().or(&hp.heapu_set())?,
        })
    }
}

/// Prints the set asked for.
pub(super) fn run(args: &ShowArgs) -> Result<ExitCode> {
    keep_freed_memory();
    let recording = recording::open(&args.file)?;
    if args.timeline {
        return show_timeline(args, &recording);
    }
    let last = u32::try_from(recording.snapshots().len())?;
    let number = args.snapshot.unwrap_or(last);
    let heap = match args.at {
        None => recording.heap(number),
        Some(moment) => recording.heap_at(moment),
    };
    let heap = heap.with_context(|| args.file.display().to_string())?;
    let number = heap.facts().snapshot;
    let hp = Use::new(Arc::new(heap));
    let mut out = io::BufWriter::new(io::stdout().lock());
    if args.totals {
        let by = args.by.as_deref().unwrap_or("Prod");
        let written = totals::write(&mut out, &hp, &Shown { by, all: args.all, json: args.json })?;
        return finish(written.and_then(|()| out.flush()));
    }
    let by = args.by.as_deref().unwrap_or("Type");
    // Between snapshots it is not known what is reachable.
    let part = args.set.unwrap_or(if args.at.is_some() { Part::All } else { Part::Heap });
    let set = part.of(&hp)?.by(by)?;
    let written = if args.json {
        json::write_set(&mut out, number, by, &hp, &set)
    } else if args.all {
        writeln!(out, "{}", set.all())
    } else {
        writeln!(out, "{set}")
    };
    finish(written.and_then(|()| out.flush()))
}

fn show_timeline(args: &ShowArgs, recording: &Recording) -> Result<ExitCode> {
    let name = || args.file.display().to_string();
    let timeline = recording.timeline().with_context(name)?;
    let timeline = timeline.with_context(|| format!("{} has no timeline: its run was cut off", name()))?;
    let last = u32::try_from(recording.snapshots().len())?;
    let heap = if last == 0 { None } else { Some(recording.heap(last).with_context(name)?) };
    let growth = heap.map(|heap| Use::new(Arc::new(heap)).growth(&timeline));
    let text = if args.json {
        let mut value = timeline::json(&timeline);
        value["why"] = serde_json::to_value(&growth)?;
        value.to_string()
    } else {
        let why = growth.map_or_else(String::new, |growth| format!("\n{}", timeline::why(&growth)));
        timeline::text(&timeline) + &why
    };
    finish(writeln!(io::stdout().lock(), "{text}"))
}

fn finish(written: io::Result<()>) -> Result<ExitCode> {
    match written {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        result => result.context("cannot write to stdout").map(|()| ExitCode::SUCCESS),
    }
}
