//! Every answer of the oracle's vectors, asked of the engine.
//!
//! The vectors hold object graphs and what Heapy answers about them. Each graph is built through the public builder,
//! each question is asked through the public API, and each answer is compared. The folder with the vectors is
//! `oracle/` beside this file, or the one that the environment variable `HEAPY_ORACLE` names.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program that reports on standard output")]

mod oracle_support;

use std::path::PathBuf;
use std::process::ExitCode;

use oracle_support::{Tally, check_formats, check_graph, read_json};

fn main() -> ExitCode {
    let folder = std::env::var_os("HEAPY_ORACLE")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("oracle"), PathBuf::from);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("cannot read the folder {}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    let mut tally = Tally::default();
    for path in &paths {
        let vector = read_json(path);
        if vector.get("nodes").is_some() {
            check_graph(&mut tally, &vector);
        } else if vector.get("packages").is_some() {
            check_formats(&mut tally, &vector);
        }
    }
    for (family, count) in tally.families() {
        println!("{family:12} {count:6}");
    }
    println!("oracle: {} comparisons, {} mismatches", tally.comparisons(), tally.mismatches());
    if tally.comparisons() > 0 && tally.mismatches() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
