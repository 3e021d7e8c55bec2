//! One process: a program plain and instrumented, alternately.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heapy_host::event_writer::EventWriter;
use heapy_host::instrument::{Contexts, InstrumentMap, Options, instrument};
use heapy_host::recording::RecordingFile;
use heapy_host::target::{Attached, Condition, Totals, configure};
use serde::{Deserialize, Serialize};
use wasmtime::{Cache, CacheConfig, Config, Engine, Linker, Module, Store};
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtxBuilder};

use super::clock::{Clock, median};
use super::programs::Program;

/// What one process measured.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Ratio of the medians, instrumented to plain.
    pub(crate) ratio: f64,
    /// Allocations of a run.
    pub(crate) allocations: u64,
    /// Distinct calling contexts of a run.
    pub(crate) contexts: u64,
    /// Bytes of memory that the live table and the context table took at most, for each block that was live at the peak of
    /// live bytes; none where the system does not tell.
    pub(crate) bookkeeping: Option<f64>,
    /// Bytes on disk of an event, where events were recorded.
    pub(crate) event_bytes: Option<f64>,
}

/// What is observed.
#[derive(Clone, Copy)]
pub(crate) struct Observing {
    /// Calling contexts.
    pub(crate) contexts: Contexts,
    /// Every event, written to disk by another thread.
    pub(crate) events: bool,
    /// Whether a snapshot of the peak is kept; taking it counts then.
    pub(crate) peak: bool,
}

/// An engine as `heapy-host` has it, for both sides. Compiled modules are kept.
fn engine() -> wasmtime::Result<Engine> {
    let mut kept = CacheConfig::new();
    kept.with_directory(Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-modules"));
    let mut config = Config::new();
    configure(&mut config).cache(Some(Cache::new(kept)?));
    Engine::new(&config)
}

/// Measures a program.
pub(crate) fn measure(program: &Program, observing: Observing) -> wasmtime::Result<Measured> {
    let Observing { contexts, events, peak } = observing;
    let wasm = std::fs::read(&program.wasm)?;
    let engine = engine()?;
    let plain = Module::new(&engine, &wasm)?;
    let instrumented = instrument(&wasm, &Options { contexts, events, peak: true, ..Options::default() })?;
    let with = Module::new(&engine, &instrumented.wasm)?;
    let map = Arc::new(instrumented.map);
    let mut times = (Vec::new(), Vec::new());
    let mut totals = Totals::default();
    let mut event_bytes = None;
    for round in 0..=program.repeats.0 {
        let (one, _) = run(&engine, &plain, program, None)?;
        let mut attaching = Attaching { events, keep_peak: peak, ..Attaching::default() };
        let (other, last) = run(&engine, &with, program, Some((&map, &mut attaching)))?;
        event_bytes = attaching.event_bytes;
        totals = last;
        if round > 0 {
            times.0.push(one.as_secs_f64());
            times.1.push(other.as_secs_f64());
        }
    }
    Ok(Measured {
        ratio: median(&mut times.1) / median(&mut times.0),
        allocations: totals.allocations,
        contexts: totals.contexts,
        bookkeeping: bookkeeping(&engine, &wasm, program, contexts)?,
        event_bytes,
    })
}

/// What a run is to find out besides its time.
#[derive(Default)]
struct Attaching {
    at_peak: bool,
    keep_peak: bool,
    events: bool,
    event_bytes: Option<f64>,
    blocks: Arc<Mutex<usize>>,
    resident: Option<u64>,
}

/// A run that looks at the tables themselves.
fn bookkeeping(engine: &Engine, wasm: &[u8], program: &Program, contexts: Contexts) -> wasmtime::Result<Option<f64>> {
    let instrumented = instrument(wasm, &Options { contexts, peak: true, ..Options::default() })?;
    let module = Module::new(engine, &instrumented.wasm)?;
    let mut attaching = Attaching { at_peak: true, ..Attaching::default() };
    run(engine, &module, program, Some((&Arc::new(instrumented.map), &mut attaching)))?;
    let blocks = *attaching.blocks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(attaching.resident.map(|bytes| bytes as f64 / blocks.max(1) as f64))
}

fn run(
    engine: &Engine,
    module: &Module,
    program: &Program,
    observed: Option<(&Arc<InstrumentMap>, &mut Attaching)>,
) -> wasmtime::Result<(Duration, Totals)> {
    let mut linker: Linker<wasmtime_wasi::p1::WasiP1Ctx> = Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |wasi| wasi)?;
    let mut wasi = WasiCtxBuilder::new();
    wasi.arg(program.name).args(&program.arguments);
    if let Some(folder) = &program.folder {
        // Yosys has its library there.
        for name in ["/data", "/share"] {
            wasi.preopened_dir(folder, name, FsPerms::ReadWrite)?;
        }
    }
    let mut store = Store::new(engine, wasi.build_p1());
    let instance = linker.instantiate(&mut store, module)?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    let Some((map, attaching)) = observed else {
        let clock = Clock::start();
        finished(start.call(&mut store, ()))?;
        return Ok((clock.elapsed(), Totals::default()));
    };
    let blocks = Arc::clone(&attaching.blocks);
    let sink = move |paused: heapy_host::paused::Paused| {
        *blocks.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = paused.blocks.len();
    };
    let conditions = if attaching.at_peak { vec![Condition::Peak] } else { Vec::new() };
    let attached = Attached::new(&mut store, &instance, Arc::clone(map), conditions, Box::new(sink))?;
    if attaching.keep_peak {
        attached.keep_peak();
    }
    let folder = tempfile::tempdir()?;
    let file = RecordingFile::create(&folder.path().join("events"))?;
    let writer = if attaching.events { Some(EventWriter::start(file.events())?) } else { None };
    if let Some(writer) = &writer {
        attached.record_events(writer.sink());
    }
    attached.start(&mut store)?;
    let clock = Clock::start();
    finished(attached.enter(&mut store, |store| start.call(store, ())))?;
    let time = clock.elapsed();
    attached.finish(&mut store);
    if let Some(memory) = instance.get_memory(&mut store, "heapy:live").filter(|_| attaching.at_peak) {
        attaching.resident = resident(memory.data_ptr(&store) as usize);
    }
    let totals = attached.totals(&mut store);
    if let Some(writer) = writer {
        drop((store, attached));
        let events = writer.finish()?;
        let bytes: u64 = file.events().bytes()?;
        attaching.event_bytes = Some(bytes as f64 / events.max(1) as f64);
    }
    Ok((time, totals))
}

/// A guest may end itself, with success.
fn finished(result: wasmtime::Result<()>) -> wasmtime::Result<()> {
    match result {
        Err(error) if error.downcast_ref::<I32Exit>().is_some_and(|exit| exit.0 == 0) => Ok(()),
        other => other,
    }
}

/// Resident bytes of the mapping that an address lies in, as Linux tells them.
fn resident(address: usize) -> Option<u64> {
    let maps = std::fs::read_to_string("/proc/self/smaps").ok()?;
    let mut inside = false;
    for line in maps.lines() {
        let bounds = line.split_whitespace().next().and_then(|range| range.split_once('-'));
        let bound = |text: &str| usize::from_str_radix(text, 16).ok();
        if let Some((Some(start), Some(end))) = bounds.map(|(start, end)| (bound(start), bound(end))) {
            inside = (start..end).contains(&address);
        } else if inside && line.starts_with("Rss:") {
            let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
            return Some(kilobytes * 1024);
        }
    }
    None
}
