//! Runs a guest in this process, with its standard output caught: under Heapy, and in plain wasmtime.
//!
//! Under Heapy the host takes a snapshot of its own whenever the guest asks for the heap of the moment, so that both can
//! be compared.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use heapy_engine::Heap;
use heapy_host::capture::{GuestInfo, capture};
use heapy_host::functions::{Functions, GuestHeap, Source};
use heapy_host::instrument::{Options, instrument};
use heapy_host::paused::{LiveBlock, Paused};
use heapy_host::symbols::Symbols;
use heapy_host::target::{Attached, configure};
use wasmtime::{Caller, Config, Engine, Extern, Linker, Memory, Module, Store};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{I32Exit, WasiCtxBuilder};

/// What became of a run.
pub(crate) struct Run {
    /// What the guest wrote to its standard output.
    pub(crate) stdout: String,
    /// The host's snapshots, each with its reason: one for each question that needed one, and those that the guest
    /// stored.
    pub(crate) stored: Vec<(String, Arc<Heap>)>,
    #[allow(dead_code, reason = "the bench alone looks at it")]
    /// How long the host took to read the guest and to make a heap, for each question that needed one.
    pub(crate) reading: Vec<Duration>,
    /// Its exit code, or why it trapped.
    pub(crate) ending: Result<i32, String>,
}

impl Run {
    /// The host's snapshots of one reason.
    pub(crate) fn of(&self, reason: &str) -> Vec<Arc<Heap>> {
        let same = self.stored.iter().filter(|(of, _)| of == reason);
        same.map(|(_, heap)| Arc::clone(heap)).collect()
    }
}

/// The data of a guest's store.
pub(crate) struct Data {
    wasi: WasiP1Ctx,
    printed: Vec<u8>,
}

/// The guest's heap, of which the host stores what the guest sees.
struct Observed {
    heap: GuestHeap,
    attached: OnceLock<Attached>,
    compared: bool,
    reading: Mutex<Vec<Duration>>,
}

impl Source<Data> for Observed {
    fn memory(&self, caller: &mut Caller<'_, Data>) -> Option<Memory> {
        self.heap.memory(caller)
    }

    fn block_at(&self, caller: &mut Caller<'_, Data>, address: u64) -> Option<LiveBlock> {
        self.heap.block_at(caller, address)
    }

    fn pause(&self, caller: &mut Caller<'_, Data>, reason: &str) -> Result<Paused, String> {
        let begun = Instant::now();
        let paused = self.heap.pause(caller, reason)?;
        self.reading.lock().expect("no test fails in here").push(begun.elapsed());
        if let Some(attached) = self.attached.get().filter(|_| self.compared) {
            attached.snapshot(caller, reason);
        }
        Ok(paused)
    }

    fn capture(&self, paused: Paused) -> Result<Heap, String> {
        let begun = Instant::now();
        let heap = Source::<Data>::capture(&self.heap, paused)?;
        if let Some(last) = self.reading.lock().expect("no test fails in here").last_mut() {
            *last += begun.elapsed();
        }
        Ok(heap)
    }

    fn store(&self, caller: &mut Caller<'_, Data>, reason: &str) -> Result<u32, String> {
        self.heap.store(caller, reason)
    }
}

/// Snapshots of the host's that are kept; a guest that asks more often is not compared with all of them.
const KEPT: usize = 16;

/// How a guest is run.
pub(crate) struct Asked<'a> {
    /// The export that is called.
    pub(crate) export: &'a str,
    /// Arguments of the command line, behind the guest's name.
    pub(crate) arguments: &'a [&'a str],
    /// What the export is called with.
    pub(crate) numbers: &'a [i32],
    /// Whether the host takes a snapshot of its own with every one that a question needs.
    pub(crate) compared: bool,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self { export: "_start", arguments: &[], numbers: &[], compared: true }
    }
}

/// Runs a guest under Heapy. `export` is called: `_start` of a command, or another one without parameters.
pub(crate) fn under_heapy(wasm: &[u8], export: &str, arguments: &[&str]) -> Run {
    under_heapy_with(wasm, &Asked { export, arguments, ..Asked::default() }, |_| ())
}

/// As [`under_heapy`], with more imports.
pub(crate) fn under_heapy_with(wasm: &[u8], asked: &Asked<'_>, import: impl FnOnce(&mut Linker<Data>)) -> Run {
    let instrumented = instrument(wasm, &Options::default()).expect("the guest can be instrumented");
    let engine = Engine::new(configure(&mut Config::new())).expect("the engine is there");
    let module = Module::new(&engine, &instrumented.wasm).expect("the instrumented guest is valid");
    let symbols = Arc::new(Symbols::new(wasm.to_vec().into()).expect("the guest's symbols can be read"));
    let info = GuestInfo { name: "guest".to_owned(), ..GuestInfo::default() };

    let functions = Functions::new();
    let heap = GuestHeap::new(Arc::clone(&symbols), info.clone());
    let heap =
        Arc::new(Observed { heap, attached: OnceLock::new(), compared: asked.compared, reading: Mutex::default() });
    let mut linker = linker(&engine);
    import(&mut linker);
    functions.add_to_linker(&mut linker, &module, &heap).expect("the names are free");
    let stdout = MemoryOutputPipe::new(1 << 24);
    let mut store = store(&engine, &stdout, asked.arguments);
    let instance = linker.instantiate(&mut store, &module).expect("every import is there");

    let stored = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&stored);
    let sink = Box::new(move |paused: Paused| {
        let mut kept = into.lock().expect("no test fails in here");
        if kept.len() < KEPT {
            kept.push(paused);
        }
    });
    let attached = Attached::new(&mut store, &instance, Arc::new(instrumented.map), Vec::new(), sink)
        .expect("the instance is instrumented");
    heap.heap.attach(attached.clone(), &functions);
    assert!(heap.attached.set(attached.clone()).is_ok(), "nothing is attached yet");
    attached.start(&mut store).expect("the start function does not fail");
    let function = instance.get_func(&mut store, asked.export).expect("is exported");
    let mut results = vec![wasmtime::Val::I32(0); function.ty(&store).results().len()];
    let numbers: Vec<wasmtime::Val> = asked.numbers.iter().map(|&number| number.into()).collect();
    let result = attached.enter(&mut store, |store| function.call(store, &numbers, &mut results));
    let code = results.first().and_then(wasmtime::Val::i32).unwrap_or(0);

    let paused = std::mem::take(&mut *stored.lock().expect("no test fails in here"));
    let heaps = paused
        .iter()
        .map(|paused| (paused.reason.clone(), Arc::new(capture(paused, &symbols, &info).expect("makes a heap"))));
    let stored = heaps.collect();
    let reading = std::mem::take(&mut *heap.reading.lock().expect("no test fails in here"));
    Run { stored, reading, ..finish(store, &stdout, result, code) }
}

/// Runs a guest without Heapy.
pub(crate) fn in_plain_wasmtime(wasm: &[u8]) -> Run {
    let engine = Engine::default();
    let module = Module::new(&engine, wasm).expect("the guest is valid");
    let stdout = MemoryOutputPipe::new(1 << 24);
    let mut store = store(&engine, &stdout, &[]);
    let instance = linker(&engine).instantiate(&mut store, &module).expect("every import is there");
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start").expect("is a command");
    let result = start.call(&mut store, ());
    finish(store, &stdout, result, 0)
}

/// Whether a module imports anything of ours.
pub(crate) fn imports_heapy(wasm: &[u8]) -> bool {
    let module = Module::new(&Engine::default(), wasm).expect("the guest is valid");
    heapy_host::functions::imports_heapy(&module)
}

fn linker(engine: &Engine) -> Linker<Data> {
    let mut linker = Linker::new(engine);
    p1::add_to_linker_sync(&mut linker, |data: &mut Data| &mut data.wasi).expect("the names are free");
    let print = |mut caller: Caller<'_, Data>, text: u32, length: u32| {
        let Some(Extern::Memory(memory)) = caller.get_export("memory") else { return };
        let (data, state) = memory.data_and_store_mut(&mut caller);
        state.printed.extend(&data[text as usize..][..length as usize]);
    };
    linker.func_wrap("env", "print", print).expect("the name is free");
    let abort = |_: u32, _: u32, line: u32, _: u32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::msg(format!("the guest aborted in line {line}")))
    };
    linker.func_wrap("env", "abort", abort).expect("the name is free");
    linker
}

fn store(engine: &Engine, stdout: &MemoryOutputPipe, arguments: &[&str]) -> Store<Data> {
    let mut wasi = WasiCtxBuilder::new();
    wasi.stdout(stdout.clone()).stderr(stdout.clone()).arg("guest").args(arguments);
    Store::new(engine, Data { wasi: wasi.build_p1(), printed: Vec::new() })
}

fn finish(store: Store<Data>, stdout: &MemoryOutputPipe, result: wasmtime::Result<()>, code: i32) -> Run {
    let ending = match result {
        Ok(()) => Ok(code),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => Ok(exit.0),
            None => Err(format!("{error:#}")),
        },
    };
    let mut written = store.into_data().printed;
    written.extend_from_slice(&stdout.contents());
    Run { stdout: String::from_utf8_lossy(&written).into_owned(), stored: Vec::new(), reading: Vec::new(), ending }
}
