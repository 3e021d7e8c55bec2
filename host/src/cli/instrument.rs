//! `heapy-host instrument`: write the module as it is run.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use super::options::Contexts;
use super::say;
use crate::instrument::{self, Options, instrument};
use crate::recording::write_durably;

/// Subcommand `instrument`.
#[derive(Args, Debug)]
pub(super) struct InstrumentArgs {
    /// The WebAssembly module.
    #[arg(value_name = "GUEST")]
    guest: PathBuf,
    /// The file to write.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// A further allocator of the guest.
    #[arg(long = "allocator", value_name = "SPEC")]
    allocators: Vec<String>,
    /// Whether code for calling contexts is added.
    #[arg(long, value_enum, default_value_t = Contexts::Full)]
    contexts: Contexts,
}

/// Instruments and writes.
pub(super) fn run(args: &InstrumentArgs) -> Result<ExitCode> {
    let name = || args.guest.display().to_string();
    let wasm = std::fs::read(&args.guest).with_context(|| format!("cannot read {}", name()))?;
    let contexts = match args.contexts {
        Contexts::Full => instrument::Contexts::Full,
        Contexts::Off => instrument::Contexts::Off,
    };
    let options = Options { allocators: args.allocators.clone(), contexts, ..Options::default() };
    let instrumented = instrument(&wasm, &options).with_context(name)?;
    let written = write_durably(&args.output, |file| file.write_all(&instrumented.wasm));
    written.with_context(|| format!("cannot write {}", args.output.display()))?;
    say(format_args!("{} bytes, {} before", instrumented.wasm.len(), wasm.len()));
    Ok(ExitCode::SUCCESS)
}
