//! `cargo xtask bench [NAME] [--json]`: ratios taken side by side in one run.

use anyhow::{Result, bail};

use crate::guests;
use crate::process::{cargo, run};

/// Each bench and the package whose bench target it is.
const BENCHES: [(&str, &str); 3] =
    [("overhead", "heapy-tests"), ("snapshot", "heapy-tests"), ("engine", "heapy-engine")];

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
    for (name, package) in BENCHES {
        if chosen.is_empty() || chosen.iter().any(|word| *word == name) {
            let mut command = cargo();
            command.args(["bench", "--quiet", "--package", package, "--bench", name, "--"]).args(&flags);
            run(&mut command)?;
        }
    }
    Ok(())
}
