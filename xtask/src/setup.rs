//! Bringing a fresh machine to where the chores can run.

use std::process::Command;

use anyhow::Result;

use crate::process::{on_path, output, run};

const TARGETS: [&str; 3] = ["wasm32-unknown-unknown", "wasm32-wasip1", "wasm32-wasip2"];

/// Adds the wasm targets that are missing.
pub(crate) fn targets() -> Result<()> {
    if !on_path("rustup") {
        eprintln!("no rustup: the targets {} must be there", TARGETS.join(", "));
        return Ok(());
    }
    let installed = output(Command::new("rustup").args(["target", "list", "--installed"]))?;
    let missing: Vec<&str> =
        TARGETS.into_iter().filter(|target| !installed.lines().any(|line| line == *target)).collect();
    if missing.is_empty() { Ok(()) } else { run(Command::new("rustup").args(["target", "add"]).args(missing)) }
}

/// Installs Chromium where it is missing and may be installed, else says what to install.
///
/// Gives whether there is one.
pub(crate) fn browser() -> bool {
    let found = || std::env::var_os("CHROME").is_some() || on_path("chromium") || on_path("google-chrome");
    if found() {
        return true;
    }
    install(&["chromium"]);
    if !found() {
        eprintln!("no Chromium: the browser tests are skipped; install it with `sudo apt-get install chromium`");
    }
    found()
}

/// Installs Debian packages where that may be done without asking, and says so when it fails.
pub(crate) fn install(packages: &[&str]) {
    if !on_path("apt-get") || !is_root() {
        return;
    }
    let update = run(Command::new("apt-get").args(["-q", "update"]));
    let installed = update.and_then(|()| {
        let install = ["-q", "-y", "--no-install-recommends", "install"];
        run(Command::new("apt-get").args(install).args(packages).env("DEBIAN_FRONTEND", "noninteractive"))
    });
    if let Err(error) = installed {
        eprintln!("{} could not be installed: {error:#}", packages.join(", "));
    }
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
