//! `cargo xtask fuzz [ROUNDS] [--seed N]`: the comparison with and without instrumentation, on what no test has seen.
//!
//! Each round makes modules from another seed and draws other uses of the allocator. It ends after so many rounds, or at
//! the first difference, which names its seed; proptest shrinks the uses and prints them.

use anyhow::{Context, Result, bail};

use crate::guests;
use crate::process::{SELECTION, cargo, root, run, target_dir};

/// Random modules of a round, and uses of the allocator.
const MODULES: &str = "300";
const CASES: &str = "400";

/// Runs the rounds.
pub(crate) fn run_fuzz(words: &[String]) -> Result<()> {
    let (mut rounds, mut seed) = (1u64, 2u64);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let number = |word: &str| word.parse().with_context(|| format!("fuzz takes [ROUNDS] [--seed N], not {word:?}"));
        if word == "--seed" {
            let Some(given) = words.next() else { bail!("--seed needs a number") };
            seed = number(given)?;
        } else {
            rounds = number(word)?;
        }
    }
    guests::build()?;
    let folder = target_dir().join("fuzz");
    let modules = folder.join("modules.bin");
    for seed in (seed..).take(usize::try_from(rounds)?) {
        let mut make = cargo();
        make.args(["run", "--quiet", "--release", "--manifest-path"]).arg(root().join("tests/fuzz/Cargo.toml"));
        make.arg("--target-dir").arg(&folder).arg("--").arg(&modules).args([MODULES, &seed.to_string()]);
        run(make.env_remove("CARGO_TARGET_DIR"))?;
        let mut test = cargo();
        test.args(["test", "--quiet", "--release"]).args(SELECTION).args(["--test", "differential", "--", "random_"]);
        test.env("HEAPY_RANDOM_MODULES", &modules).env("HEAPY_RANDOM_CASES", CASES);
        run(&mut test)
            .with_context(|| format!("a difference: cargo xtask fuzz --seed {seed} finds its modules again"))?;
    }
    println!("{rounds} rounds, no difference");
    Ok(())
}
