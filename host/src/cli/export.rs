//! `heapy-host export`: a snapshot in the format of another program.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use super::{say, snapshots};
use crate::export::Format;
use crate::recording::write_durably;

/// Subcommand `export`.
#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// The recording.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// pprof, heapsnapshot (Chrome, memlab), folded, speedscope, dhat or hpy.
    #[arg(long, value_name = "FORMAT")]
    format: Format,
    /// The file to write, or - for stdout.
    #[arg(short = 'o', long = "output", value_name = "OUT")]
    output: PathBuf,
    /// Which snapshot, numbered from 1; the last one by default.
    #[arg(long, value_name = "N")]
    snapshot: Option<u32>,
}

/// Writes the file.
pub(super) fn run(args: &ExportArgs) -> Result<ExitCode> {
    let hp = snapshots::open(&args.file)?.top(args.snapshot)?;
    let bytes = args.format.encode(&hp)?;
    if args.output.as_os_str() == "-" {
        io::stdout().write_all(&bytes).context("cannot write to stdout")?;
        return Ok(ExitCode::SUCCESS);
    }
    let written = write_durably(&args.output, |file| file.write_all(&bytes));
    written.with_context(|| format!("cannot write {}", args.output.display()))?;
    say(format_args!("{} bytes of {} in {}", bytes.len(), args.format, args.output.display()));
    Ok(ExitCode::SUCCESS)
}
