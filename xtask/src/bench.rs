//! `cargo xtask bench [NAME] [--json]`: ratios taken side by side in one run.

use anyhow::{Result, bail};

use crate::guests;
use crate::process::{SELECTION, cargo, run};

/// What can be measured: the name here, and the bench targets. Those of the engine are criterion's and do not take `--json`;
/// they print times of one machine, to be compared with each other only.
const BENCHES: [(&str, &[&str]); 4] = [
    ("overhead", &["overhead"]),
    ("snapshot", &["snapshot"]),
    ("script", &["script"]),
    ("engine", &["partition", "graph"]),
];

/// Runs the named bench, or all of them.
pub(crate) fn run_bench(words: &[String]) -> Result<()> {
    let names = BENCHES.map(|(name, _)| name).join(", ");
    let (flags, chosen): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| word.starts_with('-'));
    if let Some(flag) = flags.iter().find(|flag| **flag != "--json") {
        bail!("bench takes --json, not {flag}");
    }
    if let Some(name) = chosen.iter().find(|name| !BENCHES.iter().any(|(known, _)| known == *name)) {
        bail!("no bench is called {name:?}; there are {names}");
    }
    guests::build()?;
    for (name, targets) in BENCHES {
        if chosen.is_empty() || chosen.iter().any(|word| *word == name) {
            for target in targets {
                let mut command = cargo();
                command.args(["bench", "--quiet"]).args(SELECTION).args(["--bench", target, "--"]);
                if name != "engine" {
                    command.args(&flags);
                }
                run(&mut command)?;
            }
        }
    }
    Ok(())
}
