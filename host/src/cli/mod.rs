//! The command line: one subcommand a file, each with its arguments and what it does.

mod interrupt;
mod json;
mod open;
mod options;
mod show;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Exit code for a command that could not be carried out, as with unusable input.
const FAILED: u8 = 2;

/// What is in the heap of a WebAssembly guest: what is alive, who allocated it and who holds it.
#[derive(Parser, Debug)]
#[command(name = "heapy-host", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Print the heap of a snapshot.
    Show(show::ShowArgs),
    /// Open recordings in the inspector.
    Open(open::OpenArgs),
}

/// Parses the arguments and carries the command out; errors become one message and exit code 2.
#[must_use]
pub fn run() -> ExitCode {
    match carry_out(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            say(format_args!("{error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

fn carry_out(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Show(args) => show::run(&args),
        Command::Open(args) => open::run(&args),
    }
}

/// Writes a line of ours to stderr: stdout is the guest's, or the answer's.
#[expect(clippy::print_stderr, reason = "this is where we speak")]
fn say(message: std::fmt::Arguments<'_>) {
    eprintln!("heapy-host: {message}");
}
