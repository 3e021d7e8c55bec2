//! Options that several subcommands share.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

/// The guest and how it is run.
#[derive(Args, Clone, Debug)]
pub(crate) struct GuestOptions {
    /// A folder the guest may open, and what the guest calls it.
    #[arg(long = "dir", value_name = "HOST::GUEST")]
    pub(crate) dirs: Vec<String>,
    /// A variable of the guest's environment.
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// Call this export (of a reactor, after `_initialize`) in place of `_start`.
    #[arg(long, value_name = "NAME")]
    pub(crate) invoke: Option<String>,
    /// When to take a snapshot: exit, peak, grow, every:DURATION or call:NAME. May be given several times; the first
    /// one replaces the default.
    #[arg(long = "snapshot-at", value_name = "WHEN", default_value = "exit")]
    pub(crate) snapshot_at: Vec<String>,
    /// A further allocator of the guest, such as `alloc=take:size;free=give:block`; `pool NAME:` or `arena NAME:` in front
    /// says that it cuts blocks of other ones into smaller ones.
    #[arg(long = "allocator", value_name = "SPEC")]
    pub(crate) allocators: Vec<String>,
    /// Whether each allocation's calling context is recorded.
    #[arg(long, value_enum, default_value_t = Contexts::Full)]
    pub(crate) contexts: Contexts,
    /// Let snapshots hold contents: the values of fields, and which blocks have equal bytes.
    #[arg(long)]
    pub(crate) contents: bool,
    /// Where a snapshot that is asked for (by the inspector, by the signal SIGUSR1, by every:DURATION) can be taken.
    #[arg(long, value_enum, default_value_t = Pause::Signal)]
    pub(crate) pause: Pause,
    /// Remember where every block was released, so that of a block that is released twice both places are told. Slow.
    #[arg(long)]
    pub(crate) frees: bool,
    /// Keep the compiled module, so that the next start is fast: neither instrumented nor compiled again.
    #[arg(long)]
    pub(crate) cache: bool,
}

/// How much is recorded of who allocated a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Contexts {
    /// The whole calling context.
    Full,
    /// Nothing, which is faster.
    Off,
}

/// Where a guest can be paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pause {
    /// Wherever it computes, by a signal to its thread, which costs nothing; on systems without one as `allocations`.
    Signal,
    /// Where it allocates or releases, which costs nothing.
    Allocations,
    /// In every loop and function, on any system; the guest is 1.1 to 1.5 times slower.
    Anywhere,
}

/// The module to run and its arguments; the last words of a command line.
#[derive(Args, Clone, Debug)]
pub(crate) struct GuestCommand {
    /// The WebAssembly module.
    #[arg(value_name = "GUEST")]
    pub(crate) guest: PathBuf,
    /// What the guest gets as its arguments.
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) args: Vec<String>,
}

/// A variable's name and value, from `NAME=VALUE`.
pub(crate) fn parse_env(text: &str) -> Result<(String, String)> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => bail!("--env takes NAME=VALUE, not {text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_have_names() {
        assert_eq!(parse_env("A=b=c").unwrap(), ("A".into(), "b=c".into()));
        assert!(parse_env("=x").is_err());
        assert!(parse_env("x").is_err());
    }
}
