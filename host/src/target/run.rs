//! Running a guest from beginning to end.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmparser::{Parser, Payload, TypeRef};
use wasmtime::{Config, Engine, ExternType, Instance, Linker, Module, Store, Trap, UpdateDeadline, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::attach::{Attached, Totals};
use super::cache::Cache;
use super::condition::Condition;
use super::configure;
use super::events::EventSink;
use super::request::Requester;
use super::state::Sink;
use super::timeline::{Sampler, TimelineLog};
use super::wasi::{Guest, WasiOptions};
use crate::capture::GuestInfo;
use crate::error::TargetError;
use crate::functions::{Functions, GuestHeap, imports_heapy};
use crate::instrument::{Contexts, InstrumentMap, Options, instrument};
use crate::paused::RawFrame;
use crate::symbols::Symbols;

/// The exit code of a guest that trapped, which is what a shell says of a native program that was aborted.
const TRAP_EXIT_CODE: i32 = 134;

/// How often a timer looks whether its last request was answered.
const OPEN_POLL: Duration = Duration::from_millis(2);

/// Where a guest can be paused for a snapshot that another thread asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pause {
    /// Wherever it computes, by a signal to its thread, which costs nothing. Where there are no signals that is where it
    /// allocates or releases; see [`Attached::stop_by_signals`].
    #[default]
    Signal,
    /// Where it allocates or releases, which costs nothing either.
    Allocations,
    /// In every loop and function besides: the guest looks for requests there, and is 1.1 to 1.5 times slower.
    Anywhere,
}

/// How a guest is loaded and observed.
#[derive(Clone, Debug, Default)]
pub struct TargetOptions {
    /// Exports to call, in order, in place of `_start`; `_initialize` is called before, where there is one.
    pub invoke: Vec<String>,
    /// When snapshots are taken.
    pub snapshot_at: Vec<Condition>,
    /// Allocators besides those known by name; see [`Options::allocators`].
    pub allocators: Vec<String>,
    /// Whether calling contexts are recorded.
    pub contexts: Contexts,
    /// Whether a snapshot of the peak is kept, whatever [`snapshot_at`](Self::snapshot_at) says; see
    /// [`Attached::keep_peak`].
    pub keep_peak: bool,
    /// Whether every event can be recorded; see [`Running::record_events`].
    pub events: bool,
    /// Whether the compiled module is kept for the next start, in the user's folder of caches.
    pub cache: bool,
    /// Where it can be paused.
    pub pause: Pause,
    /// Whether the host remembers where blocks were released, which is slow.
    pub frees: bool,
}

/// A guest that is loaded and can be run.
pub struct Target {
    engine: Engine,
    module: Module,
    linker: Linker<Guest>,
    map: Arc<InstrumentMap>,
    options: TargetOptions,
    /// What the guest asks, and the heap that it asks about, if it imports functions for that.
    asked: Option<(Functions, Arc<GuestHeap>)>,
}

/// How a guest ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It returned, or ended itself with an exit code.
    Exit(i32),
    /// It trapped.
    Trap {
        /// Why.
        message: String,
        /// Where, innermost first.
        frames: Vec<RawFrame>,
    },
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How the guest ended.
    pub ending: Ending,
    /// Figures of the whole run.
    pub totals: Totals,
    /// How it came to them.
    pub timeline: TimelineLog,
}

impl Outcome {
    /// The guest's exit code; 134 after a trap.
    #[must_use]
    pub fn exit_code(&self) -> i32 {
        match self.ending {
            Ending::Exit(code) => code,
            Ending::Trap { .. } => TRAP_EXIT_CODE,
        }
    }
}

impl Target {
    /// Instruments and compiles a module.
    ///
    /// # Errors
    /// What [`instrument`] says, and [`TargetError::Invalid`] for a module that does not validate.
    pub fn load(wasm: &[u8], options: TargetOptions) -> Result<Self, TargetError> {
        let mut config = Config::new();
        configure(&mut config);
        config.epoch_interruption(options.pause == Pause::Anywhere);
        let engine = Engine::new(&config).map_err(|error| TargetError::engine(&error))?;
        let (module, map) = compile(wasm, &options, &engine)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |guest: &mut Guest| &mut guest.wasi)
            .map_err(|error| TargetError::engine(&error))?;
        Ok(Self { engine, module, linker, map: Arc::new(map), options, asked: None })
    }

    /// Finds a function that a guest imports and nothing gives it, unless an embedder adds it: WASI preview 1 and the functions
    /// of `heapy` are there. Without compiling, which takes long; what is no module is left to [`load`](Self::load).
    ///
    /// # Errors
    /// [`TargetError::MissingImport`] names the first one.
    pub fn check_imports(wasm: &[u8]) -> Result<(), TargetError> {
        let engine = Engine::default();
        let mut linker: Linker<Guest> = Linker::new(&engine);
        wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |guest: &mut Guest| &mut guest.wasi)
            .map_err(|error| TargetError::engine(&error))?;
        let mut store = Store::new(&engine, Guest::new(&WasiOptions::default())?);
        for (module, name) in imported_functions(wasm) {
            if module != heapy_guest::abi::MODULE && linker.get(&mut store, module, name).is_err() {
                return Err(TargetError::MissingImport { module: module.to_owned(), name: name.to_owned() });
            }
        }
        Ok(())
    }

    /// As [`load`](Self::load), from a file.
    ///
    /// # Errors
    /// [`TargetError::Unreadable`] besides.
    pub fn load_file(path: &Path, options: TargetOptions) -> Result<Self, TargetError> {
        let unreadable = |source| TargetError::Unreadable { path: path.to_owned(), source };
        Self::load(&std::fs::read(path).map_err(unreadable)?, options)
    }

    /// Lets the guest ask about its own heap, if it imports functions for that: snapshots for its questions are read with
    /// these symbols.
    ///
    /// # Errors
    /// When the linker has functions of these names already.
    pub fn answer_guest(&mut self, symbols: &Arc<Symbols>, info: &GuestInfo) -> Result<(), TargetError> {
        if imports_heapy(&self.module) {
            let functions = Functions::new();
            let heap = Arc::new(GuestHeap::new(Arc::clone(symbols), info.clone()));
            let added = functions.add_to_linker(&mut self.linker, &self.module, &heap);
            added.map_err(|error| TargetError::engine(&error))?;
            self.asked = Some((functions, heap));
        }
        Ok(())
    }

    /// What the guest's imports are taken from; an embedder adds its own.
    pub fn linker(&mut self) -> &mut Linker<Guest> {
        &mut self.linker
    }

    /// What the instrumented module is to the original.
    #[must_use]
    pub fn map(&self) -> &Arc<InstrumentMap> {
        &self.map
    }

    /// Instantiates the guest and attaches to it.
    ///
    /// # Errors
    /// [`TargetError`] names the folder that cannot be opened, or the import or export that is missing.
    pub fn instantiate(self, wasi: &WasiOptions, sink: Sink) -> Result<Running, TargetError> {
        let mut store = Store::new(&self.engine, Guest::new(wasi)?);
        for import in self.module.imports() {
            if self.linker.get_by_import(&mut store, &import).is_none() {
                let (module, name) = (import.module().to_owned(), import.name().to_owned());
                return Err(TargetError::MissingImport { module, name });
            }
        }
        let calls = self.calls()?;
        if self.options.pause == Pause::Anywhere {
            store.set_epoch_deadline(1);
        }
        let instance =
            self.linker.instantiate(&mut store, &self.module).map_err(|error| TargetError::engine(&error))?;
        let conditions = self.options.snapshot_at.clone();
        let attached = Attached::new(&mut store, &instance, Arc::clone(&self.map), conditions, sink)?;
        if self.options.keep_peak {
            attached.keep_peak();
        }
        let stops_by_signals = self.options.pause == Pause::Signal && attached.stop_by_signals();
        if let Some((functions, heap)) = &self.asked {
            heap.attach(attached.clone(), functions);
        }
        if self.options.pause == Pause::Anywhere {
            attached.requester().interrupt(&self.engine);
            let interrupted = attached.clone();
            store.epoch_deadline_callback(move |context| {
                interrupted.answer(context);
                Ok(UpdateDeadline::Continue(1))
            });
        }
        Ok(Running { store, instance, attached, calls, options: self.options, map: self.map, stops_by_signals })
    }

    /// Runs the guest to its end. `sink` is given each snapshot while the guest is paused; the one at the peak when the
    /// guest has ended.
    ///
    /// # Errors
    /// As [`instantiate`](Self::instantiate). A guest that traps is no error.
    pub fn run(self, wasi: &WasiOptions, sink: Sink) -> Result<Outcome, TargetError> {
        Ok(self.instantiate(wasi, sink)?.run())
    }

    /// The exports to call, all of which are there and take nothing.
    fn calls(&self) -> Result<Vec<String>, TargetError> {
        let has = |name: &str| matches!(self.module.get_export(name), Some(ExternType::Func(_)));
        let mut calls = self.options.invoke.clone();
        if calls.is_empty() {
            calls.push("_start".to_owned());
        } else if has("_initialize") && calls.first().is_some_and(|name| name != "_initialize") {
            calls.insert(0, "_initialize".to_owned());
        }
        for name in &calls {
            let Some(ExternType::Func(ty)) = self.module.get_export(name) else {
                return Err(TargetError::MissingExport { name: name.clone(), available: self.available() });
            };
            if ty.params().len() > 0 {
                return Err(TargetError::NeedsArguments { name: name.clone(), parameters: ty.params().len() });
            }
        }
        Ok(calls)
    }

    fn available(&self) -> Vec<String> {
        let ours = crate::instrument::names::PREFIX;
        self.module
            .exports()
            .filter(|export| matches!(export.ty(), ExternType::Func(ref ty) if ty.params().len() == 0))
            .map(|export| export.name().to_owned())
            .filter(|name| !name.starts_with(ours))
            .collect()
    }
}

/// A guest that is instantiated and has not run yet.
pub struct Running {
    store: Store<Guest>,
    instance: Instance,
    attached: Attached,
    calls: Vec<String>,
    options: TargetOptions,
    map: Arc<InstrumentMap>,
    stops_by_signals: bool,
}

impl Running {
    /// Whether requests were to stop the guest by signals, and cannot: they wait until it allocates or releases.
    #[must_use]
    pub fn lacks_signals(&self) -> bool {
        self.options.pause == Pause::Signal && !self.stops_by_signals
    }

    /// Asks for snapshots from other threads.
    #[must_use]
    pub fn requester(&self) -> Requester {
        self.attached.requester()
    }

    /// The timeline, which may be read from other threads while the guest runs.
    #[must_use]
    pub fn timeline(&self) -> TimelineLog {
        self.attached.timeline()
    }

    /// Has every event given to the sink; for guests that were loaded with [`TargetOptions::events`].
    pub fn record_events(&self, sink: EventSink) {
        self.attached.record_events(sink);
    }

    /// Runs the guest to its end.
    #[must_use]
    pub fn run(mut self) -> Outcome {
        let timers: Vec<Timer> = self
            .options
            .snapshot_at
            .iter()
            .filter_map(|condition| match condition {
                Condition::Every(period) => Some(Timer::start(self.attached.requester(), *period, condition)),
                _ => None,
            })
            .collect();
        let timeline = self.attached.timeline();
        let sampler = Sampler::start(self.attached.requester(), timeline.clone());
        let result = self.call_all();
        drop((timers, sampler));
        let ending = self.ending(result);
        match &ending {
            Ending::Exit(_) => self.attached.finish(&mut self.store),
            Ending::Trap { frames, .. } => self.attached.finish_after_trap(&mut self.store, frames.clone()),
        }
        Outcome { ending, totals: self.attached.totals(&mut self.store), timeline }
    }

    fn call_all(&mut self) -> wasmtime::Result<()> {
        self.attached.start(&mut self.store)?;
        for name in &self.calls {
            let Some(function) = self.instance.get_func(&mut self.store, name) else { continue };
            let results = function.ty(&self.store).results().len();
            let mut results = vec![wasmtime::Val::I32(0); results];
            self.attached.enter(&mut self.store, |store| function.call(store, &[], &mut results))?;
        }
        Ok(())
    }

    fn ending(&self, result: wasmtime::Result<()>) -> Ending {
        let Err(error) = result else { return Ending::Exit(0) };
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return Ending::Exit(exit.0);
        }
        let message = match error.downcast_ref::<Trap>() {
            Some(trap) => trap.to_string(),
            None => error.root_cause().to_string(),
        };
        let frame = |frame: &wasmtime::FrameInfo| self.map.frame(frame.func_index(), frame.module_offset());
        let frames = error
            .downcast_ref::<WasmBacktrace>()
            .map(|trace| trace.frames().iter().filter_map(frame).collect())
            .unwrap_or_default();
        Ending::Trap { message, frames }
    }
}

/// Asks for a snapshot again and again.
struct Timer {
    /// Dropped to end the thread.
    _end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Timer {
    fn start(requester: Requester, period: Duration, condition: &Condition) -> Self {
        let (end, ended) = channel::<()>();
        let reason = condition.to_string();
        let thread = std::thread::spawn(move || {
            let over = |pause| ended.recv_timeout(pause) != Err(RecvTimeoutError::Timeout);
            // The guest runs for the whole period between two snapshots, however long these take.
            while !over(period) {
                requester.request(&reason);
                while requester.is_open() {
                    if over(period.min(OPEN_POLL)) {
                        return;
                    }
                }
            }
        });
        Self { _end: Some(end), thread: Some(thread) }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self._end = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing to tell that matters here.
            let _ = thread.join();
        }
    }
}

/// The instrumented module, compiled now or at an earlier start.
fn compile(wasm: &[u8], options: &TargetOptions, engine: &Engine) -> Result<(Module, InstrumentMap), TargetError> {
    let instrument_options = instrument_options(options);
    let cache = if options.cache { Cache::open() } else { None };
    let cache = cache.map(|cache| (cache, Cache::key(wasm, &instrument_options, engine)));
    if let Some((cache, key)) = &cache
        && let Some(kept) = cache.load(key, engine)
    {
        return Ok(kept);
    }
    let instrumented = instrument(wasm, &instrument_options)?;
    let module = Module::new(engine, &instrumented.wasm)
        .map_err(|error| TargetError::Invalid { message: validation_message(wasm, &error) })?;
    if let Some((cache, key)) = &cache {
        cache.keep(key, &module, &instrumented.map);
    }
    Ok((module, instrumented.map))
}

/// Module and name of the functions that a module imports, as far as it can be read.
fn imported_functions(wasm: &[u8]) -> Vec<(&str, &str)> {
    let payloads = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    let mut before_code = payloads.take_while(|payload| !matches!(payload, Payload::CodeSectionStart { .. }));
    let imports = before_code.find_map(|payload| match payload {
        Payload::ImportSection(reader) => Some(reader),
        _ => None,
    });
    let imports = imports.into_iter().flat_map(|reader| reader.into_imports().map_while(Result::ok));
    let functions = imports.filter(|import| matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
    functions.map(|import| (import.module, import.name)).collect()
}

fn instrument_options(options: &TargetOptions) -> Options {
    let calls = options.snapshot_at.iter().filter_map(|condition| match condition {
        Condition::Call(name) => Some(name.clone()),
        _ => None,
    });
    Options {
        allocators: options.allocators.clone(),
        contexts: options.contexts,
        calls: calls.collect(),
        // The timeline tells every growth; it happens too rarely to cost anything.
        grow: true,
        events: options.events,
        peak: options.keep_peak || options.snapshot_at.contains(&Condition::Peak),
        frees: options.frees,
    }
}

/// The engine's error counts offsets in the instrumented module; when the original is at fault, its own is given.
fn validation_message(original: &[u8], error: &wasmtime::Error) -> String {
    match wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all()).validate_all(original) {
        Err(own) => format!("{} (at offset {:#x})", own.message(), own.offset()),
        Ok(_) => format!("{error:#}"),
    }
}
