//! `cargo xtask demo`: from nothing to a heap on the screen.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::process::{SELECTION, cargo, run, target_dir};
use crate::{guests, setup, ui};

/// Sets up, builds inspector, host and demo guest, and runs the guest; `--no-wait` ends after printing.
pub(crate) fn run_demo(words: &[String]) -> Result<()> {
    let wait = match words {
        [] => true,
        [word] if word == "--no-wait" => false,
        _ => bail!("demo takes --no-wait, not {words:?}"),
    };
    setup::targets()?;
    ui::build()?;
    build_host()?;
    guests::build()?;
    let mut command = std::process::Command::new(host_binary());
    if !wait {
        command.arg("--no-wait");
    }
    run(command.arg(demo_guest()))
}

/// Builds the host with whatever inspector is in `www/dist`.
pub(crate) fn build_host() -> Result<()> {
    run(cargo().args(["build", "--release"]).args(SELECTION))
}

/// The host's binary.
pub(crate) fn host_binary() -> PathBuf {
    target_dir().join("release/heapy-host")
}

/// The demo guest's module.
pub(crate) fn demo_guest() -> PathBuf {
    target_dir().join("wasm32-wasip1/guest/examples/demo.wasm")
}
