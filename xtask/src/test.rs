//! `cargo xtask test`: every check and test, the same on a developer's machine and in CI.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::process::{SELECTION, cargo, run};
use crate::{compilers, guests, setup, tidy, ui};

/// A step: its name for `--only`, and what it does.
type Step = (&'static str, fn(&mut Counts) -> Result<()>);

const STEPS: [Step; 6] = [
    ("tidy", |_| check_form()),
    ("ui", |_| ui::build()),
    ("guests", |_| guests::build()),
    ("test", run_tests),
    ("clippy", |_| check_lints()),
    ("doc", |_| check_docs()),
];

/// Tests that passed, failed and were passed over.
#[derive(Default)]
pub(crate) struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// Runs every step, or the one that `--only` names, and ends with a line that counts the tests.
pub(crate) fn run_all(words: &[String]) -> Result<()> {
    let names = STEPS.map(|(name, _)| name).join(", ");
    let only = match words {
        [] => None,
        [flag, name] if flag == "--only" && STEPS.iter().any(|(known, _)| known == name) => Some(name.as_str()),
        _ => bail!("test takes --only and one of {names}, not {words:?}"),
    };
    setup::targets()?;
    let mut counts = Counts::default();
    for (name, step) in STEPS {
        if only.is_none_or(|only| only == name) {
            let begun = Instant::now();
            step(&mut counts).with_context(|| format!("step {name}"))?;
            eprintln!("step {name}: {} s", begun.elapsed().as_secs());
        }
    }
    println!("{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    Ok(())
}

/// Renews golden and generated files by running the tests that compare them.
pub(crate) fn bless() -> Result<()> {
    let mut command = cargo();
    run(command.args(["test", "--release"]).args(SELECTION).env("BLESS", "1"))
}

fn check_form() -> Result<()> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    tidy::run()
}

fn check_lints() -> Result<()> {
    let native = ["clippy", "--quiet", "--release", "--workspace", "--exclude", "heapy-inspector", "--all-targets"];
    run(cargo().args(native).args(["--", "--deny", "warnings"]))?;
    let web = ["clippy", "--quiet", "--profile", "web", "--package", "heapy-inspector"];
    run(cargo().args(web).args(["--target", "wasm32-unknown-unknown", "--", "--deny", "warnings"]))
}

fn check_docs() -> Result<()> {
    let docs = ["doc", "--quiet", "--release", "--no-deps", "--workspace", "--exclude", "heapy-inspector"];
    run(cargo().args(docs).env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Runs the tests and counts what their runners report.
fn run_tests(counts: &mut Counts) -> Result<()> {
    let browser = setup::browser();
    let mut command = cargo();
    command.args(["test", "--release", "--no-fail-fast"]).args(SELECTION);
    command.env("HEAPY_BROWSER", if browser { "require" } else { "skip" });
    command.envs(compilers::found());
    let status = run_counting(&mut command, counts)?;
    if !status || counts.failed > 0 {
        println!("{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
        bail!("{} tests failed", counts.failed);
    }
    Ok(())
}

fn run_counting(command: &mut Command, counts: &mut Counts) -> Result<bool> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot start cargo test")?;
    let stdout = child.stdout.take().context("cargo test has no stdout")?;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{line}");
        count(&line, counts);
    }
    Ok(child.wait()?.success())
}

/// Adds up lines such as `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
fn count(line: &str, counts: &mut Counts) {
    let Some(rest) = line.strip_prefix("test result: ") else { return };
    let rest = rest.split_once(". ").map_or("", |(_, rest)| rest);
    for part in rest.split("; ") {
        let Some((number, what)) = part.split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match what {
            "passed" => counts.passed += number,
            "failed" => counts.failed += number,
            "ignored" => counts.skipped += number,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_runners_are_added_up() {
        let mut counts = Counts::default();
        count(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            &mut counts,
        );
        count("test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out", &mut counts);
        count("running 3 tests", &mut counts);
        assert_eq!((counts.passed, counts.failed, counts.skipped), (5, 1, 1));
    }
}
