//! What a snapshot of a million blocks costs: how long the guest stands still, and how long the rest takes beside it.
//!
//! Each figure is a ratio to the time in which the same guest, not observed, makes these blocks, in the same run; it is the
//! median of rounds, low and high are the least and the greatest. The times are printed too: they are of one machine only.
//!
//! `--json` prints `{"bench": "snapshot", "geomean": x, "rows": [{"name", "ratio", "low", "high", "milliseconds"}]}`.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use heapy_engine::snapshot::{Recording, Writer, pack};
use heapy_engine::{Heap, Use};
use heapy_host::capture::{GuestInfo, capture};
use heapy_host::instrument::{Options, instrument};
use heapy_host::paused::Paused;
use heapy_host::symbols::Symbols;
use heapy_host::target::{Attached, configure};
use heapy_tests::bench_guests;
use serde::Serialize;
use wasmtime::{Config, Engine, Instance, Linker, Module, Store};
use wasmtime_wasi::p1::WasiP1Ctx;

const ROUNDS: usize = 5;
const NAMES: [&str; 5] = ["pause", "graph", "write", "read", "first table"];

#[derive(Serialize)]
struct Report {
    bench: &'static str,
    geomean: f64,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    ratio: f64,
    low: f64,
    high: f64,
    milliseconds: f64,
}

fn main() -> Result<()> {
    let wasm = std::fs::read(bench_guests(env!("CARGO_TARGET_TMPDIR"))?.join("million.wasm"))?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(round(&wasm).map_err(|error| anyhow!("{error:?}"))?);
    }
    let rows: Vec<Row> = NAMES.iter().enumerate().map(|(index, name)| row(name, index, &rounds)).collect();
    let geomean = (rows.iter().map(|row| row.ratio.ln()).sum::<f64>() / rows.len() as f64).exp();
    let report = Report { bench: "snapshot", geomean, rows };
    if std::env::args().any(|word| word == "--json") {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    for row in &report.rows {
        println!("{:12} {:6.2}  ({:.2} to {:.2})  {:5.0} ms", row.name, row.ratio, row.low, row.high, row.milliseconds);
    }
    Ok(())
}

/// One round's figures: the plain run, then what [`NAMES`] lists.
struct Round {
    plain: Duration,
    steps: [Duration; NAMES.len()],
}

fn row(name: &'static str, step: usize, rounds: &[Round]) -> Row {
    let mut ratios: Vec<f64> =
        rounds.iter().map(|round| round.steps[step].as_secs_f64() / round.plain.as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    let mut times: Vec<Duration> = rounds.iter().map(|round| round.steps[step]).collect();
    times.sort();
    let milliseconds = times[times.len() / 2].as_secs_f64() * 1000.0;
    Row { name, ratio: ratios[ratios.len() / 2], low: ratios[0], high: ratios[ratios.len() - 1], milliseconds }
}

fn round(wasm: &[u8]) -> Result<Round> {
    let plain = plain_run(wasm)?;
    let (pause, paused) = observed_run(wasm)?;
    let symbols = Symbols::labelled(wasm.to_vec().into(), "million")?;
    let (graph, heap) =
        timed(|| capture(&paused, &symbols, &GuestInfo { name: "million".to_owned(), ..GuestInfo::default() }));
    let heap = heap?;
    let (write, bytes) = timed(|| written(&heap));
    let bytes = bytes?;
    let (read, opened) = timed(|| -> Result<Heap> { Ok(Recording::read(bytes)?.heap(1)?) });
    let hp = Use::new(Arc::new(opened?));
    let (table, text) = timed(|| hp.heap().to_string());
    ensure!(hp.heap().count() >= 1_000_000, "{text}");
    Ok(Round { plain, steps: [pause, graph, write, read, table] })
}

fn written(heap: &Heap) -> Result<Vec<u8>> {
    let entries = Writer::new().add(heap)?;
    Ok(pack(entries, std::io::Cursor::new(Vec::new()))?.into_inner())
}

fn timed<R>(work: impl FnOnce() -> R) -> (Duration, R) {
    let begun = Instant::now();
    let result = work();
    (begun.elapsed(), result)
}

fn plain_run(wasm: &[u8]) -> Result<Duration> {
    let engine = Engine::new(configure(&mut Config::new())).map_err(|error| anyhow!("{error:?}"))?;
    let (mut store, instance) = instantiate(&engine, wasm).map_err(|error| anyhow!("{error:?}"))?;
    let (time, result) = timed(|| start(&mut store, &instance));
    result.map_err(|error| anyhow!("{error:?}"))?;
    Ok(time)
}

/// How long the guest stands still, and what was copied meanwhile.
fn observed_run(wasm: &[u8]) -> Result<(Duration, Paused)> {
    let instrumented = instrument(wasm, &Options::default())?;
    let observe = || -> wasmtime::Result<(Duration, Paused)> {
        let engine = Engine::new(configure(&mut Config::new()))?;
        let (mut store, instance) = instantiate(&engine, &instrumented.wasm)?;
        let map = Arc::new(instrumented.map);
        let attached = Attached::new(&mut store, &instance, map, Vec::new(), Box::new(|_| {}))?;
        attached.start(&mut store)?;
        attached.enter(&mut store, |store| start(store, &instance))?;
        Ok(timed(|| attached.pause(&mut store, "bench")))
    };
    observe().map_err(|error| anyhow!("{error:?}"))
}

fn instantiate(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<(Store<WasiP1Ctx>, Instance)> {
    let mut linker: Linker<WasiP1Ctx> = Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |wasi| wasi)?;
    let mut store = Store::new(engine, wasmtime_wasi::WasiCtxBuilder::new().build_p1());
    let instance = linker.instantiate(&mut store, &Module::new(engine, wasm)?)?;
    Ok((store, instance))
}

fn start(store: &mut Store<WasiP1Ctx>, instance: &Instance) -> wasmtime::Result<()> {
    instance.get_typed_func::<(), ()>(&mut *store, "_start")?.call(store, ())
}
