//! The chores of this workspace.
//!
//! ```text
//! cargo xtask demo [--no-wait]        set up, build everything, run the demo guest in the inspector
//! cargo xtask test [--only PART]      set up, then every check and test; what CI runs
//! cargo xtask install                 put heapy-host with its inspector into cargo's bin folder
//! cargo xtask bench [NAME] [--json]   ratios taken side by side in one run
//! cargo xtask fuzz [N] [--seed N]     run new random programs with and without instrumentation
//! cargo xtask ui                      build the inspector into www/dist
//! cargo xtask guests                  build the guests that demo, tests and benches run
//! cargo xtask npm                     make the package for Node and browsers
//! cargo xtask bless                   renew golden and generated files
//! cargo xtask pictures                take the pictures of README and guide anew
//! cargo xtask tidy                    check the rules that no compiler checks
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "chores speak to the terminal")]

mod bench;
mod compilers;
mod demo;
mod fuzz;
mod guests;
mod install;
mod npm;
mod pictures;
mod process;
mod setup;
mod test;
mod tidy;
mod ui;

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask demo [--no-wait] | test [--only PART] | install | bench [NAME] [--json] | \
                     fuzz [ROUNDS] [--seed N] | ui | guests | npm | bless | pictures | tidy";

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = words.split_first() else { bail!(USAGE) };
    match command.as_str() {
        "demo" => demo::run_demo(rest),
        "test" => test::run_all(rest),
        "install" => install::run_install(rest),
        "bench" => bench::run_bench(rest),
        "fuzz" => fuzz::run_fuzz(rest),
        "ui" => ui::build(),
        "guests" => guests::build(),
        "npm" => npm::pack(rest),
        "bless" => test::bless(),
        "pictures" => pictures::renew(),
        "tidy" => tidy::run(),
        other => bail!("no chore is called {other:?}; {USAGE}"),
    }
}
