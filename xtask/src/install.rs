//! `cargo xtask install`: `heapy-host` with its inspector in cargo's bin folder.

use anyhow::{Result, bail};

use crate::process::{cargo, run};
use crate::{setup, ui};

/// Builds the inspector and installs the host that embeds it.
pub(crate) fn run_install(words: &[String]) -> Result<()> {
    if !words.is_empty() {
        bail!("install takes no argument, not {words:?}");
    }
    setup::targets()?;
    ui::build()?;
    run(cargo().args(["install", "--locked", "--force", "--path", "host"]))
}
