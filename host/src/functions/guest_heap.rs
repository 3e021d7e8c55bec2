//! The functions over an attached guest: its heap is read as for any snapshot.

use std::sync::{Arc, OnceLock};

use heapy_engine::Heap;
use wasmtime::{Caller, Memory};

use super::session::Functions;
use super::source::Source;
use crate::capture::{GuestInfo, capture};
use crate::paused::{LiveBlock, Paused};
use crate::symbols::Symbols;
use crate::target::Attached;

/// The heap of a guest that is, or will be, attached to.
///
/// An embedder gives it to [`Functions::add_to_linker`](super::Functions::add_to_linker) before it instantiates, and
/// calls [`GuestHeap::attach`] before anything of the guest runs.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use heapy_host::capture::GuestInfo;
/// use heapy_host::functions::{Functions, GuestHeap};
/// use heapy_host::instrument::{Options, instrument};
/// use heapy_host::symbols::Symbols;
/// use heapy_host::target::{Attached, configure};
/// use wasmtime::{Config, Engine, Linker, Module, Store};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let wasm = std::fs::read("guest.wasm")?;
/// let instrumented = instrument(&wasm, &Options::default())?;
/// let engine = Engine::new(configure(&mut Config::new()))?;
/// let module = Module::new(&engine, &instrumented.wasm)?;
/// let symbols = Arc::new(Symbols::new(wasm.into())?);
///
/// let functions = Functions::new();
/// let heap = Arc::new(GuestHeap::new(symbols, GuestInfo { name: "guest".into(), ..GuestInfo::default() }));
/// let mut linker: Linker<()> = Linker::new(&engine);
/// functions.add_to_linker(&mut linker, &module, &heap)?;
///
/// let mut store = Store::new(&engine, ());
/// let instance = linker.instantiate(&mut store, &module)?;
/// let sink = Box::new(|_| {}); // snapshots that the guest stores by name
/// let attached = Attached::new(&mut store, &instance, Arc::new(instrumented.map), Vec::new(), sink)?;
/// heap.attach(attached.clone(), &functions);
/// attached.start(&mut store)?;
/// let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
/// attached.enter(&mut store, |store| run.call(store, ()))?;
/// # Ok(())
/// # }
/// ```
pub struct GuestHeap {
    symbols: Arc<Symbols>,
    info: GuestInfo,
    attached: OnceLock<Attached>,
}

impl GuestHeap {
    /// The heap of a guest with these symbols.
    #[must_use]
    pub fn new(symbols: Arc<Symbols>, info: GuestInfo) -> Self {
        Self { symbols, info, attached: OnceLock::new() }
    }

    /// Tells which instance it is, and puts what the guest says into all of its snapshots. Only the first counts.
    pub fn attach(&self, attached: Attached, functions: &Functions) {
        attached.annotate_with(functions.clone());
        let _ = self.attached.set(attached);
    }

    fn attached(&self) -> Result<&Attached, String> {
        self.attached.get().ok_or_else(|| "the guest's heap is not observed yet".to_owned())
    }
}

impl<T: 'static> Source<T> for GuestHeap {
    fn memory(&self, caller: &mut Caller<'_, T>) -> Option<Memory> {
        let attached = self.attached.get().and_then(Attached::memory);
        attached.or_else(|| caller.get_export("memory")?.into_memory())
    }

    fn block_at(&self, caller: &mut Caller<'_, T>, address: u64) -> Option<LiveBlock> {
        self.attached.get()?.block_at(caller, address)
    }

    fn pause(&self, caller: &mut Caller<'_, T>, reason: &str) -> Result<Paused, String> {
        Ok(self.attached()?.pause(caller, reason))
    }

    fn capture(&self, paused: Paused) -> Result<Heap, String> {
        capture(&paused, &self.symbols, &self.info).map_err(|error| error.to_string())
    }

    fn store(&self, caller: &mut Caller<'_, T>, reason: &str) -> Result<u32, String> {
        Ok(self.attached()?.snapshot(caller, reason))
    }
}
