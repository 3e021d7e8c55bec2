//! What observing costs: each program plain and instrumented, alternately, in several processes.
//!
//! A ratio is the median over processes of the medians of one process, where rounds alternate so that both sides see the
//! same machine; low and high are the least and greatest of the processes' medians. Layout of code differs from process to
//! process and moves a ratio by several per cent, which rounds in one process do not show. Time is the guest's thread's CPU
//! time where the system tells it, else wall time. The two sides are compiled under one configuration.
//!
//! `--json` prints `{"bench": "overhead", "geomean": x, "rows": [{"name", "ratio", "low", "high", ...}]}`; `--contexts off`
//! measures without calling contexts, `--events` with every event recorded (packed and written by another thread), `--peak` with a snapshot of
//! the peak, which takes long for a short run; `--only NAME` one program. Without `--json`, two more tables follow: the native builds
//! under heaptrack and valgrind, and what starting costs.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints what it measured")]

#[path = "../compilers_support/mod.rs"]
mod compilers_support;
mod overhead_support;

use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use heapy_host::instrument::Contexts;
use overhead_support::measure::{Measured, Observing, measure};
use overhead_support::programs::{self, Kind, Program};
use overhead_support::{native, start};
use serde::Serialize;

#[derive(Serialize)]
struct Report {
    bench: &'static str,
    geomean: f64,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    ratio: f64,
    low: f64,
    high: f64,
    allocations: u64,
    contexts: u64,
    bookkeeping: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_bytes: Option<f64>,
    #[serde(skip)]
    counts: bool,
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| words.iter().any(|word| word == flag);
    let after = |flag: &str| Some(words.get(words.iter().position(|word| word == flag)? + 1)?.as_str());
    let contexts = if after("--contexts") == Some("off") { Contexts::Off } else { Contexts::Full };
    let observing = Observing { contexts, events: has("--events"), peak: has("--peak") };
    let mut programs = programs::all(has("--one"))?;
    if let Some(name) = after("--one") {
        let program = programs.iter().find(|program| program.name == name).context("--one needs a program")?;
        let measured = measure(program, observing).map_err(|error| anyhow!("{error:?}"))?;
        println!("{}", serde_json::to_string(&measured)?);
        return Ok(());
    }
    if let Some(only) = after("--only") {
        programs.retain(|program| program.name == only);
    }
    if observing.events {
        programs.retain(|program| program.kind != Kind::Walks);
    }
    let rows: Vec<Row> = programs.iter().map(|program| row(program, observing)).collect::<Result<_>>()?;
    let heavy: Vec<f64> = rows.iter().filter(|row| row.counts).map(|row| row.ratio.ln()).collect();
    let geomean = (heavy.iter().sum::<f64>() / heavy.len().max(1) as f64).exp();
    let report = Report { bench: "overhead", geomean, rows };
    if has("--json") {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    print(&report);
    if observing.events {
        return Ok(());
    }
    print_native(&programs)?;
    print_start(&programs)?;
    Ok(())
}

fn print(report: &Report) {
    println!("{:14} {:>6}   {:16} {:>12} {:>9} {:>12}", "", "ratio", "", "allocations", "contexts", "bytes/block");
    for row in &report.rows {
        let range = format!("({:.3} to {:.3})", row.low, row.high);
        let bytes = row.bookkeeping.map_or_else(|| "-".to_owned(), |bytes| format!("{bytes:.1}"));
        let (name, ratio, allocations, contexts) = (&row.name, row.ratio, row.allocations, row.contexts);
        println!("{name:14} {ratio:6.3}   {range:16} {allocations:12} {contexts:9} {bytes:>12}");
    }
    for row in &report.rows {
        if let Some(bytes) = row.event_bytes {
            println!("{:14} {bytes:6.3}   bytes an event", row.name);
        }
    }
    if report.rows.iter().any(|row| row.counts) {
        println!("{:14} {:6.3}   of those that allocate", "geometric mean", report.geomean);
    }
}

fn print_native(programs: &[Program]) -> Result<()> {
    println!("\n{:14} {:>10} {:>10}   native, wall time", "", "heaptrack", "dhat");
    for program in programs {
        let Some(native) = native::measure(program)? else { continue };
        let shown = |ratio: Option<f64>| ratio.map_or_else(|| "skipped".to_owned(), |ratio| format!("{ratio:.1}"));
        println!("{:14} {:>10} {:>10}", program.name, shown(native.heaptrack), shown(native.dhat));
    }
    if !programs::installed("heaptrack") || !programs::installed("valgrind") {
        eprintln!("skipped: heaptrack and valgrind are not both installed (apt install heaptrack valgrind)");
    }
    Ok(())
}

fn print_start(programs: &[Program]) -> Result<()> {
    println!("\n{:14} {:>8} {:>16} {:>22}", "", "MB code", "instrument ms/MB", "second start / plain");
    for program in programs.iter().filter(|program| !matches!(program.kind, Kind::Recurses | Kind::Walks)) {
        let start = start::measure(program)?;
        let (megabytes, millis, second) = (start.megabytes, start.instrument_millis, start.second);
        println!("{:14} {megabytes:8.2} {millis:16.1} {second:22.2}", program.name);
    }
    Ok(())
}

/// A program's row, from several processes.
fn row(program: &Program, observing: Observing) -> Result<Row> {
    let mut processes: Vec<Measured> = Vec::new();
    for _ in 0..program.repeats.1 {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--one", program.name]);
        if observing.contexts == Contexts::Off {
            command.args(["--contexts", "off"]);
        }
        for (flag, given) in [("--events", observing.events), ("--peak", observing.peak)] {
            if given {
                command.arg(flag);
            }
        }
        let output = command.output()?;
        if !output.status.success() {
            bail!("{}: {}", program.name, String::from_utf8_lossy(&output.stderr));
        }
        processes.push(serde_json::from_slice(&output.stdout)?);
    }
    processes.sort_by(|one, other| one.ratio.total_cmp(&other.ratio));
    let middle = processes[processes.len() / 2].clone();
    Ok(Row {
        name: program.name.to_owned(),
        ratio: middle.ratio,
        low: processes[0].ratio,
        high: processes[processes.len() - 1].ratio,
        allocations: middle.allocations,
        contexts: middle.contexts,
        bookkeeping: middle.bookkeeping,
        event_bytes: middle.event_bytes,
        counts: program.kind == Kind::Allocates,
    })
}
