//! `heapy-host allocators`: which allocators a guest has, and how that is known.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use crate::instrument::{AllocatorReport, Candidate, Standing};

/// Name and version of what `--json` prints; its schema is in the guide.
const SCHEMA: &str = "heapy-allocators/1";

/// Subcommand `allocators`.
#[derive(Args, Debug)]
pub(super) struct AllocatorsArgs {
    /// The WebAssembly module.
    #[arg(value_name = "GUEST")]
    guest: PathBuf,
    /// A further allocator of the guest.
    #[arg(long = "allocator", value_name = "SPEC")]
    allocators: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Finds and prints.
pub(super) fn run(args: &AllocatorsArgs) -> Result<ExitCode> {
    let name = || args.guest.display().to_string();
    let wasm = std::fs::read(&args.guest).with_context(|| format!("cannot read {}", name()))?;
    let report = AllocatorReport::of(&wasm, &args.allocators).with_context(name)?;
    let text = if args.json { as_json(&report).to_string() } else { as_text(&report) };
    match writeln!(io::stdout().lock(), "{}", text.trim_end()) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        result => result.context("cannot write to stdout").map(|()| ExitCode::SUCCESS),
    }
}

/// One paragraph an allocator, one line a function; then the notes.
fn as_text(report: &AllocatorReport) -> String {
    let mut titles: Vec<&str> = report.candidates.iter().map(|candidate| candidate.allocator.as_str()).collect();
    titles.sort_unstable();
    titles.dedup();
    let mut text = String::new();
    for title in titles {
        text.push_str(&format!("{title}\n"));
        for candidate in report.candidates.iter().filter(|candidate| candidate.allocator == title) {
            text.push_str(&format!("  {}\n      {}\n", function(candidate), candidate.evidence));
        }
    }
    for note in &report.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text
}

fn function(candidate: &Candidate) -> String {
    let Candidate { function, name, specification, calls, .. } = candidate;
    let otherwise = if candidate.called_otherwise { ", and from elsewhere" } else { "" };
    let standing = match candidate.standing {
        Standing::Probed => "probed".to_owned(),
        Standing::PassesOn(callee) => format!("passes on to #{callee}"),
        Standing::CoveredBelow => "calls a lower layer, which is probed".to_owned(),
    };
    format!("{name} #{function}, {standing}, {calls} calls{otherwise}; {specification}")
}

fn as_json(report: &AllocatorReport) -> serde_json::Value {
    let functions: Vec<_> = report
        .candidates
        .iter()
        .map(|candidate| {
            let (standing, passes_on_to) = match candidate.standing {
                Standing::Probed => ("probed", None),
                Standing::PassesOn(callee) => ("passes-on", Some(callee)),
                Standing::CoveredBelow => ("covered", None),
            };
            json!({
                "function": candidate.function,
                "name": candidate.name,
                "allocator": candidate.allocator,
                "specification": candidate.specification,
                "evidence": candidate.evidence.word(),
                "reason": candidate.evidence.to_string(),
                "certain": candidate.evidence.is_certain(),
                "standing": standing,
                "passes_on_to": passes_on_to,
                "calls": candidate.calls,
                "called_otherwise": candidate.called_otherwise,
            })
        })
        .collect();
    json!({ "schema": SCHEMA, "functions": functions, "notes": report.notes })
}
