//! An embedder: runs a guest with its output in memory, once as it is and once instrumented.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heapy_engine::Heap;
use heapy_host::capture::{GuestInfo, capture};
use heapy_host::instrument::{Options, instrument};
use heapy_host::paused::Paused;
use heapy_host::symbols::Symbols;
use heapy_host::target::{Attached, Condition, configure};
use wasmtime::{Caller, Config, Engine, Extern, Instance, Linker, Module, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, I32Exit};

use super::protocol::{Mark, Reach, ToldBlock};

/// A clock that stands still.
struct Standing;

impl HostWallClock for Standing {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(1)
    }
}

impl HostMonotonicClock for Standing {
    fn resolution(&self) -> u64 {
        1000
    }

    fn now(&self) -> u64 {
        1_000_000_000
    }
}

/// Most bytes that a guest may print.
const MAX_OUTPUT_BYTES: usize = 16 << 20;

/// What came of running a guest twice.
pub struct Run {
    /// What it printed when it ran without us.
    pub plain_output: String,
    /// What it printed while it was observed.
    pub output: String,
    /// Whether the guest's memory at its end is the same, byte for byte, with and without us.
    pub same_memory: bool,
    /// One heap for each mark.
    pub heaps: Vec<Heap>,
    /// What it told through imports, for guests that print nothing.
    pub told: Vec<Mark>,
    /// Releases of what was no live block.
    pub wild_releases: u64,
    /// What the heaps were made of.
    pub pauses: Vec<Paused>,
    /// What the module says about itself.
    pub symbols: Symbols,
}

/// The data of a guest's store.
struct Host {
    wasi: WasiP1Ctx,
    told: Vec<Mark>,
    current: Mark,
}

/// The bytes of a guest.
pub fn bytes(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("guests/out/{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs a WASI guest, with snapshots at its marks.
pub fn run(name: &str, arguments: &[&str]) -> Run {
    let calls: &[&str] = if name.ends_with(".reactor") { &["_initialize", "__original_main"] } else { &["_start"] };
    run_calls(name, &bytes(name), arguments, calls, "sched_yield")
}

/// Runs an AssemblyScript guest, which tells its heap through the imports `truth.block` and `truth.mark`.
pub fn run_script(name: &str) -> Run {
    run_calls(name, &bytes(name), &[], &["build", "release"], "truth.mark")
}

/// Runs any module, with snapshots at its calls of `mark`.
pub fn run_calls(name: &str, wasm: &[u8], arguments: &[&str], calls: &[&str], mark: &str) -> Run {
    let mut run = run_until(name, wasm, arguments, calls, vec![Condition::Call(mark.to_owned())]);
    run.heaps = run.pauses.iter().map(|paused| heap_of(name, paused, &run.symbols)).collect();
    run
}

/// The heap that is made of a pause.
pub fn heap_of(name: &str, paused: &Paused, symbols: &Symbols) -> Heap {
    let guest = GuestInfo { name: name.split('.').next().unwrap_or(name).to_owned(), contents: true };
    capture(paused, symbols, &guest).unwrap()
}

/// As [`run`], with allocators that are given.
pub fn run_given(name: &str, allocators: &[&str]) -> Run {
    let conditions = vec![Condition::Call("sched_yield".to_owned())];
    let mut run = run_observed(name, &bytes(name), &[], &["_start"], conditions, allocators);
    run.heaps = run.pauses.iter().map(|paused| heap_of(name, paused, &run.symbols)).collect();
    run
}

/// Runs any module and pauses it under these conditions; no heaps are made.
pub fn run_until(name: &str, wasm: &[u8], arguments: &[&str], calls: &[&str], conditions: Vec<Condition>) -> Run {
    run_observed(name, wasm, arguments, calls, conditions, &[])
}

fn run_observed(
    name: &str,
    wasm: &[u8],
    arguments: &[&str],
    calls: &[&str],
    conditions: Vec<Condition>,
    allocators: &[&str],
) -> Run {
    let (plain_output, plain_memory) = run_plain(wasm, arguments, calls);
    let function = |condition: &Condition| match condition {
        Condition::Call(name) => Some(name.clone()),
        _ => None,
    };
    let options = Options {
        allocators: allocators.iter().map(|&spec| spec.to_owned()).collect(),
        calls: conditions.iter().filter_map(function).collect(),
        grow: conditions.contains(&Condition::Grow),
        peak: conditions.contains(&Condition::Peak),
        ..Options::default()
    };
    let instrumented = instrument(wasm, &options).unwrap();
    let pauses: Arc<Mutex<Vec<Paused>>> = Arc::default();
    let sink = {
        let pauses = Arc::clone(&pauses);
        Box::new(move |paused| pauses.lock().unwrap().push(paused))
    };
    let (mut store, instance, output) = instantiate(&instrumented.wasm, arguments);
    let attached = Attached::new(&mut store, &instance, Arc::new(instrumented.map), conditions, sink).unwrap();
    attached.start(&mut store).unwrap();
    for call in calls {
        finished(attached.enter(&mut store, |store| called(store, &instance, call)));
    }
    attached.finish(&mut store);
    let same_memory = memory(&mut store, &instance) == plain_memory;
    let wild_releases = attached.totals(&mut store).wild_releases;
    let told = std::mem::take(&mut store.data_mut().told);
    let symbols = Symbols::labelled(wasm.to_vec().into(), name).unwrap();
    let pauses = std::mem::take(&mut *pauses.lock().unwrap());
    let (heaps, output) = (Vec::new(), text(&output));
    Run { plain_output, output, same_memory, heaps, told, wild_releases, pauses, symbols }
}

/// Output and memory at the end.
fn run_plain(wasm: &[u8], arguments: &[&str], calls: &[&str]) -> (String, Vec<u8>) {
    let (mut store, instance, output) = instantiate(wasm, arguments);
    for call in calls {
        finished(called(&mut store, &instance, call));
    }
    (text(&output), memory(&mut store, &instance))
}

/// The bytes of the exported memory.
fn memory(store: &mut Store<Host>, instance: &Instance) -> Vec<u8> {
    let memory = instance.get_memory(&mut *store, "memory").expect("the guest exports its memory");
    memory.data(&*store).to_vec()
}

fn called(store: &mut Store<Host>, instance: &Instance, call: &str) -> wasmtime::Result<()> {
    let function = instance.get_func(&mut *store, call).unwrap_or_else(|| panic!("no export {call}"));
    let mut results = vec![wasmtime::Val::I32(0); function.ty(&*store).results().len()];
    function.call(store, &[], &mut results)
}

/// A guest may end itself, with success.
fn finished(result: wasmtime::Result<()>) {
    if let Err(error) = result {
        match error.downcast_ref::<I32Exit>() {
            Some(exit) => assert_eq!(exit.0, 0, "exit code"),
            None => panic!("{error:?}"),
        }
    }
}

fn text(output: &MemoryOutputPipe) -> String {
    String::from_utf8(output.contents().to_vec()).unwrap()
}

fn instantiate(wasm: &[u8], arguments: &[&str]) -> (Store<Host>, Instance, MemoryOutputPipe) {
    let mut config = Config::new();
    configure(&mut config);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, wasm).unwrap();
    let output = MemoryOutputPipe::new(MAX_OUTPUT_BYTES);
    let mut wasi = wasmtime_wasi::WasiCtxBuilder::new();
    wasi.arg("guest").args(arguments).stdout(output.clone()).stderr(output.clone());
    // What a guest asks of its surroundings is the same in every run, so that its memory can be compared.
    wasi.secure_random(Deterministic::new((0..=255).collect())).wall_clock(Standing).monotonic_clock(Standing);
    let host = Host { wasi: wasi.build_p1(), told: Vec::new(), current: Mark::default() };
    let mut store = Store::new(&engine, host);
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.wasi).unwrap();
    add_truth(&mut linker);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    (store, instance, output)
}

/// The imports of the AssemblyScript guests.
fn add_truth(linker: &mut Linker<Host>) {
    let block = |mut caller: Caller<'_, Host>, at: u32, size: u32, _class: u32, label: u32, length: u32| {
        let label = utf16(&mut caller, label, length);
        let block =
            ToldBlock { address: at.into(), size: size.into(), type_name: String::new(), label, reach: Reach::Held };
        let current = &mut caller.data_mut().current;
        current.live += 1;
        current.bytes += u64::from(size);
        current.blocks.push(block);
    };
    let mark = |mut caller: Caller<'_, Host>, number: u32| {
        let host = caller.data_mut();
        let told = std::mem::take(&mut host.current);
        host.told.push(Mark { number, ..told });
    };
    let abort = |_: Caller<'_, Host>, _: u32, _: u32, line: u32, column: u32| -> wasmtime::Result<()> {
        Err(wasmtime::format_err!("the guest aborts at {line}:{column}"))
    };
    linker.func_wrap("truth", "block", block).unwrap();
    linker.func_wrap("truth", "mark", mark).unwrap();
    linker.func_wrap("env", "abort", abort).unwrap();
}

fn utf16(caller: &mut Caller<'_, Host>, at: u32, length: u32) -> String {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else { panic!("no memory is exported") };
    let bytes = &memory.data(&*caller)[at as usize..(at + 2 * length) as usize];
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).unwrap()
}
