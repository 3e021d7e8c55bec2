//! What observing costs: each guest plain and instrumented, alternately, in several processes.
//!
//! A ratio is the median over processes of the medians of one process, where rounds alternate so that both sides see the
//! same machine; low and high are the least and greatest of the processes' medians. Layout of code differs from process to
//! process and moves a ratio by several per cent, which rounds in one process do not show. Time is the guest's thread's CPU
//! time where the system tells it, else wall time. The two sides are compiled under one configuration.
//!
//! `--json` prints `{"bench": "overhead", "geomean": x, "rows": [{"name", "ratio", "low", "high"}]}`; `--contexts off`
//! measures without calling contexts.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use heapy_host::instrument::{Contexts, InstrumentMap, Options, instrument};
use heapy_host::target::{Attached, configure};
use heapy_tests::bench_guests;
use serde::{Deserialize, Serialize};
use wasmtime::{Config, Engine, Linker, Module, Store};

const GUESTS: [&str; 4] = ["binary_trees", "churn", "json", "compute"];
const PROCESSES: usize = 5;
const ROUNDS: usize = 7;

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

/// What one process measured: the ratio of its medians.
#[derive(Serialize, Deserialize)]
struct Measured {
    ratio: f64,
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let contexts =
        if words.windows(2).any(|pair| pair == ["--contexts", "off"]) { Contexts::Off } else { Contexts::Full };
    if let Some(at) = words.iter().position(|word| word == "--one") {
        let guest = words.get(at + 1).context("--one needs a guest")?;
        println!(
            "{}",
            serde_json::to_string(&measure(Path::new(guest), contexts).map_err(|error| anyhow!("{error:?}"))?)?
        );
        return Ok(());
    }
    let mut rows = Vec::new();
    let guests = bench_guests(env!("CARGO_TARGET_TMPDIR"))?;
    for name in GUESTS {
        rows.push(row(name, &guests.join(format!("{name}.wasm")), contexts)?);
    }
    let heavy: Vec<f64> = rows.iter().filter(|row| row.name != "compute").map(|row| row.ratio.ln()).collect();
    let geomean = (heavy.iter().sum::<f64>() / heavy.len() as f64).exp();
    let report = Report { bench: "overhead", geomean, rows };
    if words.iter().any(|word| word == "--json") {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        for row in &report.rows {
            println!("{:14} {:6.3}  ({:.3} to {:.3})", row.name, row.ratio, row.low, row.high);
        }
        println!("{:14} {:6.3}  of those that allocate", "geometric mean", report.geomean);
    }
    Ok(())
}

fn row(name: &str, guest: &Path, contexts: Contexts) -> Result<Row> {
    let mut ratios = Vec::new();
    for _ in 0..PROCESSES {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--one").arg(guest);
        if contexts == Contexts::Off {
            command.args(["--contexts", "off"]);
        }
        let output = command.output()?;
        if !output.status.success() {
            bail!("{name}: {}", String::from_utf8_lossy(&output.stderr));
        }
        ratios.push(serde_json::from_slice::<Measured>(&output.stdout)?.ratio);
    }
    ratios.sort_by(f64::total_cmp);
    let (low, high) = (ratios[0], ratios[ratios.len() - 1]);
    Ok(Row { name: name.to_owned(), ratio: ratios[ratios.len() / 2], low, high })
}

fn measure(guest: &Path, contexts: Contexts) -> wasmtime::Result<Measured> {
    let wasm = std::fs::read(guest)?;
    let instrumented = instrument(&wasm, &Options { contexts, ..Options::default() })?;
    let engine = Engine::new(configure(&mut Config::new()))?;
    let plain = Module::new(&engine, &wasm)?;
    let with = Module::new(&engine, &instrumented.wasm)?;
    let map = Arc::new(instrumented.map);
    let mut times = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let one = run(&engine, &plain, None)?;
        let other = run(&engine, &with, Some(&map))?;
        if round > 0 {
            times.0.push(one.as_secs_f64());
            times.1.push(other.as_secs_f64());
        }
    }
    Ok(Measured { ratio: median(&mut times.1) / median(&mut times.0) })
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn run(engine: &Engine, module: &Module, map: Option<&Arc<InstrumentMap>>) -> wasmtime::Result<Duration> {
    let mut linker: Linker<wasmtime_wasi::p1::WasiP1Ctx> = Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |wasi| wasi)?;
    let mut store = Store::new(engine, wasmtime_wasi::WasiCtxBuilder::new().build_p1());
    let instance = linker.instantiate(&mut store, module)?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    let Some(map) = map else {
        let clock = Clock::start();
        start.call(&mut store, ())?;
        return Ok(clock.elapsed());
    };
    let attached = Attached::new(&mut store, &instance, Arc::clone(map), Vec::new(), Box::new(|_| {}))?;
    attached.start(&mut store)?;
    let clock = Clock::start();
    attached.enter(&mut store, |store| start.call(store, ()))?;
    Ok(clock.elapsed())
}

/// CPU time of this thread on Linux, wall time elsewhere.
struct Clock {
    wall: Instant,
    cpu: Option<Duration>,
}

impl Clock {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_time() }
    }

    fn elapsed(&self) -> Duration {
        match (self.cpu, cpu_time()) {
            (Some(before), Some(now)) => now - before,
            _ => self.wall.elapsed(),
        }
    }
}

/// Nanoseconds on the CPU, as Linux tells them of each thread.
fn cpu_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
