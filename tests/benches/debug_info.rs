//! How long the debug information of a module takes until the first type can be asked for.
//!
//! The module is the first argument that is a file, else jaq with full debug information where the tests have built it.
//! Each figure is the median of rounds, for 7 MB of `.debug_info`: the time that passes, the time the busiest thread was
//! at work, and that of all threads. The latter two hardly change with what else the machine does; what passes on an idle
//! one lies between them.
//!
//! `--json` prints `{"bench": "debug_info", "bytes": n, "passed": x, "busiest": y, "all": z}`, in milliseconds.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use heapy_host::layout::Typing;
use wasmparser::{Parser, Payload};

const ROUNDS: usize = 5;
/// What the figures are for, in bytes.
const UNIT_BYTES: f64 = 7e6;

fn main() -> Result<()> {
    let jaq = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/cache/jaq.debug.wasm");
    let module = std::env::args().skip(1).map(PathBuf::from).find(|path| path.is_file()).unwrap_or(jaq);
    if !module.is_file() {
        println!("skipped: {} is not there; the tests build it with HEAPY_THIRD_PARTY=1", module.display());
        return Ok(());
    }
    let wasm: Arc<[u8]> = fs::read(&module)?.into();
    let bytes = debug_info(&wasm)?.context("the module has no .debug_info")?;
    let mut rounds = (0..ROUNDS).map(|_| round(&wasm)).collect::<Result<Vec<_>>>()?;
    let mut median = |index: usize| {
        rounds.sort_by(|one, other| one[index].total_cmp(&other[index]));
        rounds[ROUNDS / 2][index] * UNIT_BYTES / bytes as f64
    };
    let [passed, busiest, all] = [median(0), median(1), median(2)];
    if std::env::args().any(|word| word == "--json") {
        let report = serde_json::json!({
            "bench": "debug_info", "bytes": bytes, "passed": passed, "busiest": busiest, "all": all,
        });
        println!("{report}");
        return Ok(());
    }
    println!("{} bytes of .debug_info; of 7 MB, in milliseconds:", bytes);
    println!("passed {passed:.0}, busiest thread {busiest:.0}, all threads {all:.0}");
    Ok(())
}

/// Milliseconds that passed, that the busiest thread worked, and that all did, until the types could be asked for.
fn round(wasm: &Arc<[u8]>) -> Result<[f64; 3]> {
    let (before, started) = (worked(), Instant::now());
    let typing = Typing::new(Arc::clone(wasm))?;
    let statics = typing.statics().len();
    let passed = started.elapsed().as_secs_f64() * 1e3;
    std::hint::black_box(statics);
    let after = worked();
    let own = |(thread, nanos): (&u64, &u64)| (nanos - before.get(thread).unwrap_or(&0)) as f64 / 1e6;
    let each: Vec<f64> = after.iter().map(own).collect();
    Ok([passed, each.iter().copied().fold(0.0, f64::max), each.iter().sum()])
}

/// Nanoseconds that each thread of this process has worked; none where the system does not tell.
fn worked() -> HashMap<u64, u64> {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().filter_map(Result::ok);
    let of = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        Some((thread.file_name().to_str()?.parse().ok()?, text.split_whitespace().next()?.parse().ok()?))
    };
    threads.filter_map(of).collect()
}

/// Bytes of the section.
fn debug_info(wasm: &[u8]) -> Result<Option<usize>> {
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CustomSection(section) = payload?
            && section.name() == ".debug_info"
        {
            return Ok(Some(section.data().len()));
        }
    }
    Ok(None)
}
