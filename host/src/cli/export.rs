//! `heapy-host export`: a snapshot in the format of another program, or a recording as a page.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, Result};
use clap::Args;

use super::say;
use super::snapshots::{self, snapshot_number};
use crate::export::{Format, report};
use crate::recording::{self, write_durably};

/// Subcommand `export`.
#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// The recording.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// html (the inspector with the whole recording), pprof, heapsnapshot (Chrome, memlab), folded, speedscope, dhat or hpy.
    #[arg(long, value_name = "FORMAT")]
    format: Wanted,
    /// The file to write, or - for stdout.
    #[arg(short = 'o', long = "output", value_name = "OUT")]
    output: PathBuf,
    /// Which snapshot, numbered from 1, or `peak`; the last one by default.
    #[arg(long, value_name = "N", value_parser = snapshot_number)]
    snapshot: Option<u32>,
}

/// What is written.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    /// The inspector and the recording in one page.
    Report,
    /// A snapshot for another program.
    Other(Format),
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            REPORT => Ok(Self::Report),
            other => other.parse().map(Self::Other).map_err(|error: String| format!("{error}, {REPORT}")),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Report => f.write_str(REPORT),
            Self::Other(format) => format.fmt(f),
        }
    }
}

/// The format of a page.
const REPORT: &str = "html";

/// Writes the file.
pub(super) fn run(args: &ExportArgs) -> Result<ExitCode> {
    let bytes = encode(args)?;
    if args.output.as_os_str() == "-" {
        io::stdout().write_all(&bytes).context("cannot write to stdout")?;
        return Ok(ExitCode::SUCCESS);
    }
    let written = write_durably(&args.output, |file| file.write_all(&bytes));
    written.with_context(|| format!("cannot write {}", args.output.display()))?;
    say(format_args!("{} bytes of {} in {}", bytes.len(), args.format, args.output.display()));
    Ok(ExitCode::SUCCESS)
}

fn encode(args: &ExportArgs) -> Result<Vec<u8>> {
    let snapshots = snapshots::open(&args.file)?;
    match args.format {
        Wanted::Other(format) => Ok(format.encode(&snapshots.top(args.snapshot)?)?),
        Wanted::Report => {
            // A number that there is not is refused here rather than by the page.
            snapshots.top(args.snapshot)?;
            let name = args.file.file_name().context("a recording has a file name")?.to_string_lossy();
            Ok(report(&name, &recording::file_bytes(&args.file)?, args.snapshot)?)
        }
    }
}
