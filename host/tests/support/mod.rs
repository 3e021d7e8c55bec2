//! A guest from a WAT literal, instrumented and attached.

#![allow(dead_code, unreachable_pub, clippy::type_complexity, reason = "each test uses its part of what they share")]

use std::sync::{Arc, Mutex};

use heapy_host::instrument::{InstrumentMap, Options, instrument};
use heapy_host::paused::{LiveBlock, Paused, RawFrame};
use heapy_host::target::{Attached, Condition, Totals, configure};
use wasmtime::{Caller, Config, Engine, Instance, Linker, Module, Store, Val, WasmBacktrace};

/// An allocator that never reuses, in WAT: `malloc` gives 16-byte aligned blocks and refuses more than 60,000 bytes;
/// `realloc` stays in place while the block's last 16 bytes suffice. It calls the import `here` on every allocation.
pub const BUMP: &str = r#"
  (import "env" "here" (func $here))
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 1024))
  (func $malloc (export "malloc") (param $size i32) (result i32)
    (call $here)
    (if (i32.gt_u (local.get $size) (i32.const 60000)) (then (return (i32.const 0))))
    (global.get $next)
    (global.set $next (i32.add (global.get $next)
      (i32.and (i32.add (local.get $size) (i32.const 31)) (i32.const -16)))))
  (func $free (export "free") (param i32))
"#;

/// A backtrace as functions and offsets, innermost first.
pub type Trace = Vec<RawFrame>;

/// What the store of a test holds.
#[derive(Default)]
pub struct Data {
    /// Backtraces taken by the import `here`.
    pub traces: Vec<Trace>,
}

/// An instrumented guest, attached.
pub struct Guest {
    /// Its store.
    pub store: Store<Data>,
    /// Its instance.
    pub instance: Instance,
    /// The host's side.
    pub attached: Attached,
    /// Snapshots that were given out.
    pub given: Arc<Mutex<Vec<Paused>>>,
}

/// The module of `body` between `(module` and `)`.
pub fn module(body: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {body})")).expect("the literal is a module")
}

fn engine() -> Engine {
    Engine::new(configure(&mut Config::new())).expect("the default engine is there")
}

fn linker(engine: &Engine, map: Option<Arc<InstrumentMap>>) -> Linker<Data> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap("env", "here", move |mut caller: Caller<'_, Data>| {
            let trace = WasmBacktrace::force_capture(&caller);
            let frame = |frame: &wasmtime::FrameInfo| match &map {
                Some(map) => map.frame(frame.func_index(), frame.module_offset()),
                None => Some(RawFrame::at(frame.func_index(), frame.module_offset().map(|offset| offset as u32))),
            };
            let frames = trace.frames().iter().filter_map(frame).collect();
            caller.data_mut().traces.push(frames);
        })
        .expect("the name is free");
    linker
}

/// Instruments, instantiates and attaches.
pub fn attach(wasm: &[u8], options: &Options, conditions: &[&str]) -> Guest {
    let instrumented = instrument(wasm, options).expect("it can be instrumented");
    let engine = engine();
    let module = Module::new(&engine, &instrumented.wasm).unwrap_or_else(|error| panic!("{error:?}"));
    let map = Arc::new(instrumented.map);
    let mut store = Store::new(&engine, Data::default());
    let instance = linker(&engine, Some(Arc::clone(&map))).instantiate(&mut store, &module).expect("it instantiates");
    let given = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&given);
    let conditions: Vec<Condition> = conditions.iter().map(|text| text.parse().expect("a condition")).collect();
    let attached = Attached::new(
        &mut store,
        &instance,
        map,
        conditions,
        Box::new(move |paused| sink.lock().expect("nobody panicked").push(paused)),
    )
    .expect("it was instrumented");
    attached.start(&mut store).expect("the start function returns");
    Guest { store, instance, attached, given }
}

impl Guest {
    /// Calls an export with 32-bit arguments.
    pub fn call(&mut self, name: &str, args: &[i32]) -> wasmtime::Result<Vec<i32>> {
        let function = self.instance.get_func(&mut self.store, name).expect("the export is there");
        call(&mut self.store, function, args, |store, call| self.attached.enter(store, call))
    }

    /// What is live, by address.
    pub fn blocks(&mut self) -> Vec<LiveBlock> {
        self.pause().blocks
    }

    /// Addresses and sizes of what is live.
    pub fn live(&mut self) -> Vec<(u64, u64)> {
        self.blocks().iter().map(|block| (block.address, block.size)).collect()
    }

    /// A snapshot.
    pub fn pause(&mut self) -> Paused {
        self.attached.pause(&mut self.store, "test")
    }

    /// Figures so far.
    pub fn totals(&mut self) -> Totals {
        self.attached.totals(&mut self.store)
    }
}

fn call(
    store: &mut Store<Data>,
    function: wasmtime::Func,
    args: &[i32],
    enter: impl FnOnce(&mut Store<Data>, &mut dyn FnMut(&mut Store<Data>) -> wasmtime::Result<()>) -> wasmtime::Result<()>,
) -> wasmtime::Result<Vec<i32>> {
    let args: Vec<Val> = args.iter().map(|arg| Val::I32(*arg)).collect();
    let mut results = vec![Val::I32(0); function.ty(&*store).results().len()];
    enter(store, &mut |store| function.call(store, &args, &mut results))?;
    Ok(results.iter().map(|result| result.unwrap_i32()).collect())
}

/// The module as it is: calls exports in order; results (or the trap's text), backtraces of `here`, memory.
pub fn run_plain(wasm: &[u8], calls: &[(&str, &[i32])]) -> (Vec<Result<Vec<i32>, String>>, Vec<Trace>, Vec<u8>) {
    let engine = engine();
    let module = Module::new(&engine, wasm).expect("the literal is valid");
    let mut store = Store::new(&engine, Data::default());
    let instance = linker(&engine, None).instantiate(&mut store, &module).expect("it instantiates");
    let mut results = Vec::new();
    for (name, args) in calls {
        let function = instance.get_func(&mut store, name).expect("the export is there");
        let result = call(&mut store, function, args, |store, call| call(store));
        results.push(result.map_err(|error| error.root_cause().to_string()));
    }
    let memory = instance.get_memory(&mut store, "memory").map(|memory| memory.data(&store).to_vec());
    (results, std::mem::take(&mut store.data_mut().traces), memory.unwrap_or_default())
}

/// The same, instrumented.
pub fn run_instrumented(
    wasm: &[u8],
    calls: &[(&str, &[i32])],
) -> (Vec<Result<Vec<i32>, String>>, Vec<Trace>, Vec<u8>, Paused) {
    let mut guest = attach(wasm, &Options::default(), &[]);
    let results = calls
        .iter()
        .map(|(name, args)| guest.call(name, args).map_err(|error| error.root_cause().to_string()))
        .collect();
    let paused = guest.pause();
    (results, std::mem::take(&mut guest.store.data_mut().traces), paused.memory.clone(), paused)
}
