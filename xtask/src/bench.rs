//! `cargo xtask bench [NAME] [--json]`: ratios taken side by side in one run.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{SELECTION, cargo, on_path, root, run, target_dir};
use crate::{guests, npm, setup, ui};

/// What can be measured: the name here, and the bench targets. Those of the engine are criterion's and do not take `--json`;
/// they print times of one machine, to be compared with each other only.
const BENCHES: [(&str, &[&str]); 6] = [
    ("overhead", &["overhead"]),
    ("snapshot", &["snapshot"]),
    ("script", &["script"]),
    ("guest", &["guest_calls"]),
    ("types", &["debug_info"]),
    ("engine", &["partition", "graph"]),
];

/// What is measured of the inspector in a browser: times of one machine, by the browser's own tracing.
const PAGE: &str = "ui";

/// What else can be measured: the memory that a heap of ten million objects takes in a browser, whose limit is 4 GiB.
const MEMORY: &str = "memory";

/// Runs the named bench, or all of them.
pub(crate) fn run_bench(words: &[String]) -> Result<()> {
    let names = BENCHES.map(|(name, _)| name).join(", ") + ", " + MEMORY + ", " + PAGE;
    let (flags, chosen): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| word.starts_with('-'));
    if let Some(flag) = flags.iter().find(|flag| **flag != "--json") {
        bail!("bench takes --json, not {flag}");
    }
    let known = |name: &&&String| **name == MEMORY || **name == PAGE || BENCHES.iter().any(|(known, _)| known == *name);
    if let Some(name) = chosen.iter().find(|name| !known(name)) {
        bail!("no bench is called {name:?}; there are {names}");
    }
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|word| *word == name);
    if wanted(MEMORY) {
        browser_memory()?;
    }
    if wanted(PAGE) {
        page_speed()?;
    }
    let benches: Vec<_> = BENCHES.into_iter().filter(|(name, _)| wanted(name)).collect();
    if !benches.is_empty() {
        guests::build()?;
    }
    for (name, targets) in benches {
        for target in targets {
            let mut command = cargo();
            command.args(["bench", "--quiet"]).args(SELECTION).args(["--bench", target, "--"]);
            if name != "engine" {
                command.args(&flags);
            }
            run(&mut command)?;
        }
    }
    Ok(())
}

/// Has the browser tests of speed print what they measure.
fn page_speed() -> Result<()> {
    if !setup::browser() {
        eprintln!("bench ui: skipped, for there is no Chromium");
        return Ok(());
    }
    ui::build()?;
    let mut test = cargo();
    test.args(["test", "--quiet", "--release"]).args(SELECTION).args(["--test", "ui", "--"]);
    run(test.args(["speed::", "--nocapture", "--test-threads", "1"]))
}

/// Writes a recording of ten million objects, and opens it with the module that browsers load.
fn browser_memory() -> Result<()> {
    if !on_path("node") {
        eprintln!("bench memory: skipped, for there is no node");
        return Ok(());
    }
    let package = npm::stage()?;
    let recording = target_dir().join("large.heapy");
    let example = ["run", "--release", "--package", "heapy-engine", "--example", "large_recording", "--"];
    run(cargo().args(example).arg(&recording))?;
    run(Command::new("node").arg(root().join("tests/browser/memory.mjs")).arg(package).arg(recording))
}
