//! Scripts on a recording of 10^6 objects, as ratios to what is promised.
//!
//! `query` is measured from the start of the process to the end of its first answer; the bulk read of all sizes inside of
//! the script, in the host and, where node and the inspector's module are there, in Node. Medians; low and high are the
//! least and greatest. `--json` prints `{"bench": "script", "geomean": x, "rows": [{"name", "ratio", "low", "high"}]}`.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "../../engine/benches/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use heapy_engine::snapshot::{Writer, pack};
use serde::Serialize;

const OBJECTS: u32 = 1_000_000;
const ROUNDS: usize = 11;

/// Seconds to the first answer, and of a bulk read, that are promised.
const FIRST_ANSWER: f64 = 0.5;
const BULK_READ: f64 = 0.02;

/// Reads all sizes again and again and gives the milliseconds of each time.
const BULK: &str = "const all = hp.heap().or(hp.heapu({ stat: false }));
const times = [];
for (let round = 0; round < 11; round++) {
  const begun = performance.now();
  if (all.sizes().length !== 1000000) throw new Error('not all');
  times.push(performance.now() - begun);
}
return JSON.stringify(times);";

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
}

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("large.heapy");
    let mut writer = Writer::new();
    let packed = pack(writer.add(&support::heap(OBJECTS))?, std::io::Cursor::new(Vec::new()))?;
    std::fs::write(&file, packed.into_inner())?;
    let mut rows = Vec::new();
    for expression in ["hp.heap().count", "hp.heap()", "hp.heap().bytype", "hp.heapu()"] {
        let times = (0..ROUNDS).map(|_| {
            let begun = Instant::now();
            query(Command::new(env!("CARGO_BIN_EXE_heapy-host")).arg("query"), &file, expression)?;
            Ok(begun.elapsed().as_secs_f64())
        });
        rows.push(row(format!("query {expression}"), times.collect::<Result<_>>()?, FIRST_ANSWER));
    }
    let host = query(Command::new(env!("CARGO_BIN_EXE_heapy-host")).arg("query"), &file, BULK)?;
    rows.push(row("sizes in the host".into(), seconds(&host)?, BULK_READ));
    if let Some(program) = package(folder.path())? {
        let node = query(Command::new("node").arg(&program), &file, BULK)?;
        rows.push(row("sizes in Node".into(), seconds(&node)?, BULK_READ));
        let view = query(Command::new("node").arg(&program), &file, &BULK.replace("sizes()", "sizes({ view: true })"))?;
        rows.push(row("a view of them in Node".into(), seconds(&view)?, BULK_READ));
    }
    let geomean = (rows.iter().map(|row| row.ratio.ln()).sum::<f64>() / rows.len() as f64).exp();
    let report = Report { bench: "script", geomean, rows };
    if std::env::args().any(|word| word == "--json") {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    for row in &report.rows {
        println!("{:24} {:6.3}  ({:.3} to {:.3}) of what is promised", row.name, row.ratio, row.low, row.high);
    }
    Ok(())
}

fn query(command: &mut Command, file: &Path, expression: &str) -> Result<String> {
    let output = command.arg(file).args(["-e", expression]).output().context("cannot start the program")?;
    ensure!(output.status.success(), "{expression}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn seconds(text: &str) -> Result<Vec<f64>> {
    let times: Vec<f64> = serde_json::from_str(text.trim())?;
    Ok(times.into_iter().map(|time| time / 1000.0).collect())
}

fn row(name: String, mut times: Vec<f64>, promised: f64) -> Row {
    times.sort_by(f64::total_cmp);
    let part = |index: usize| times.get(index).copied().unwrap_or(f64::NAN) / promised;
    Row { name, ratio: part(times.len() / 2), low: part(0), high: part(times.len().saturating_sub(1)) }
}

/// The package's program, staged; none where the inspector's module or node is missing.
fn package(folder: &Path) -> Result<Option<PathBuf>> {
    let www = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www");
    if !www.join("dist/inspector_bg.wasm").exists() || Command::new("node").arg("--version").output().is_err() {
        return Ok(None);
    }
    for name in [
        "js/api.js",
        "js/open.js",
        "js/node.js",
        "js/query.js",
        "js/package.json",
        "dist/inspector.js",
        "dist/inspector_bg.wasm",
    ] {
        let from = www.join(name);
        std::fs::copy(&from, folder.join(from.file_name().unwrap_or_default()))?;
    }
    Ok(Some(folder.join("query.js")))
}
