//! The command line: one subcommand a file, each with its arguments and what it does.

mod allocators;
mod check;
mod diff;
mod export;
mod guest;
mod instrument;
mod interrupt;
mod json;
mod live;
mod mcp;
mod open;
mod options;
mod pb;
mod query;
mod record;
mod repl;
mod run;
mod show;
mod signal;
mod snapshots;
mod timeline;
mod totals;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Exit code for a command that could not be carried out, as with unusable input.
const FAILED: u8 = 2;

/// What is in the heap of a WebAssembly guest: what is alive, who allocated it and who holds it.
#[derive(Parser, Debug)]
#[command(name = "heapy-host", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::RunArgs,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run a guest without a server and write its snapshots to a file.
    Record(record::RecordArgs),
    /// Print the heap of a snapshot.
    Show(show::ShowArgs),
    /// Open recordings in the inspector.
    Open(open::OpenArgs),
    /// Say which allocators a guest has, and how that is known.
    Allocators(allocators::AllocatorsArgs),
    /// Write the instrumented module.
    Instrument(instrument::InstrumentArgs),
    /// Run a script about a recording.
    Query(query::QueryArgs),
    /// Ask a recording line by line.
    Repl(repl::ReplArgs),
    /// Print what changed from one snapshot to another.
    Diff(diff::DiffArgs),
    /// Write a snapshot in the format of another program.
    Export(export::ExportArgs),
    /// Show samples of a heap over time: Heapy's profile browser, as text.
    Pb(pb::PbArgs),
    /// Answer questions about recordings over the Model Context Protocol, on stdin and stdout.
    Mcp(mcp::McpArgs),
    /// Run a guest and fail when it leaks or exceeds its limits.
    Check(check::CheckArgs),
}

/// Parses the arguments and carries the command out; errors become one message and exit code 2.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match carry_out(cli) {
        Ok(code) => code,
        Err(error) => {
            say(format_args!("{error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

fn carry_out(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Some(Command::Record(args)) => record::run(&args),
        Some(Command::Show(args)) => show::run(&args),
        Some(Command::Open(args)) => open::run(&args),
        Some(Command::Allocators(args)) => allocators::run(&args),
        Some(Command::Instrument(args)) => instrument::run(&args),
        Some(Command::Query(args)) => query::run(&args),
        Some(Command::Repl(args)) => repl::run(&args),
        Some(Command::Diff(args)) => diff::run(&args),
        Some(Command::Export(args)) => export::run(&args),
        Some(Command::Pb(args)) => pb::run(&args),
        Some(Command::Mcp(args)) => mcp::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        None => run::run(&cli.run),
    }
}

/// Writes a line of ours to stderr: stdout is the guest's, or the answer's. Where nobody reads any more it is lost.
fn say(message: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "heapy-host: {message}");
}
