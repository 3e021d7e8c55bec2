//! `cargo xtask pictures`: the pictures of README and guide, taken anew of the demo guest in a real browser.

use std::process::Command;

use anyhow::{Result, bail};

use crate::demo::{build_host, demo_guest, host_binary};
use crate::process::{SELECTION, cargo, root, run, target_dir};
use crate::{guests, setup, ui};

/// The test that takes them; it does nothing unless it is told where they go.
const TEST: &str = "pictures::pictures_of_the_guide";

/// Records the demo guest and has the browser test take its pictures into `www/assets`.
pub(crate) fn renew() -> Result<()> {
    if !setup::browser() {
        bail!("pictures are taken with Chromium, which is not there");
    }
    ui::build()?;
    build_host()?;
    guests::build()?;
    let recording = target_dir().join("demo.heapy");
    let mut record = Command::new(host_binary());
    record.arg("record").arg("-o").arg(&recording);
    run(record.args(["--contents", "--snapshot-at", "grow", "--snapshot-at", "exit"]).arg(demo_guest()))?;
    let mut test = cargo();
    test.args(["test", "--release"]).args(SELECTION).args(["--test", "ui", "--", "--exact", TEST]);
    run(test.env("HEAPY_PICTURES", root().join("www/assets")).env("HEAPY_RECORDING", recording))
}
