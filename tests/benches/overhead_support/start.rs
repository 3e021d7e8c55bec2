//! Starting: instrumenting, for each megabyte of code, and a second start from the cache against one that does not observe.

use std::time::Instant;

use heapy_host::instrument::{Contexts, Options, instrument};
use heapy_host::target::{Target, TargetOptions, configure};
use wasmtime::{Cache, Config, Engine, Module};

use super::clock::median;
use super::programs::Program;

const ROUNDS: usize = 5;

/// What starting costs.
pub(crate) struct Start {
    /// Megabytes of the code section.
    pub(crate) megabytes: f64,
    /// Milliseconds of instrumenting for each.
    pub(crate) instrument_millis: f64,
    /// A second start through the cache, as a ratio to one that only compiles, through wasmtime's own.
    pub(crate) second: f64,
}

/// Measures a program's start. The first round fills the caches.
pub(crate) fn measure(program: &Program) -> anyhow::Result<Start> {
    let wasm = std::fs::read(&program.wasm)?;
    let mut times: [Vec<f64>; 3] = Default::default();
    for round in 0..=ROUNDS {
        let lap = |begun: Instant| begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        instrument(&wasm, &Options { contexts: Contexts::Full, ..Options::default() })?;
        let instrumenting = lap(begun);
        let begun = Instant::now();
        let bytes = std::fs::read(&program.wasm)?;
        let plain = plain(&bytes).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let loading = lap(begun);
        drop(plain);
        let begun = Instant::now();
        let target = Target::load_file(&program.wasm, TargetOptions { cache: true, ..TargetOptions::default() })?;
        let observing = lap(begun);
        drop(target);
        if round > 0 {
            for (times, time) in times.iter_mut().zip([instrumenting, loading, observing]) {
                times.push(time);
            }
        }
    }
    let megabytes = code_bytes(&wasm) as f64 / 1e6;
    let [instrumenting, loading, observing] = &mut times;
    Ok(Start {
        megabytes,
        instrument_millis: median(instrumenting) * 1e3 / megabytes,
        second: median(observing) / median(loading),
    })
}

fn plain(wasm: &[u8]) -> wasmtime::Result<Module> {
    let mut config = Config::new();
    configure(&mut config).cache(Some(Cache::from_file(None)?));
    Module::new(&Engine::new(&config)?, wasm)
}

fn code_bytes(wasm: &[u8]) -> usize {
    let payloads = wasmparser::Parser::new(0).parse_all(wasm).flatten();
    let code = payloads.filter_map(|payload| match payload {
        wasmparser::Payload::CodeSectionStart { range, .. } => Some(range.len()),
        _ => None,
    });
    code.sum()
}
