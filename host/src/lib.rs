//! Runs an unmodified WebAssembly guest under wasmtime and shows what is in its heap.
//!
//! A library first: an embedder with its own wasmtime host instruments a module, attaches to its instance and takes
//! snapshots; the `heapy-host` binary is the first user of it.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use heapy_host::instrument::{Options, instrument};
//! use heapy_host::target::{Attached, configure};
//! use wasmtime::{Config, Engine, Linker, Module, Store};
//!
//! # fn main() -> wasmtime::Result<()> {
//! let instrumented = instrument(&std::fs::read("guest.wasm")?, &Options::default())?;
//! let engine = Engine::new(configure(&mut Config::new()))?;
//! let module = Module::new(&engine, &instrumented.wasm)?;
//! let mut store = Store::new(&engine, ());
//! let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
//! // Snapshots that conditions make go to the sink, while the guest is paused.
//! let sink = Box::new(|paused: heapy_host::paused::Paused| println!("{} blocks", paused.blocks.len()));
//! let attached = Attached::new(&mut store, &instance, Arc::new(instrumented.map), Vec::new(), sink)?;
//! attached.start(&mut store)?;
//! let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
//! attached.enter(&mut store, |store| run.call(store, ()))?;
//! // One snapshot on demand; from inside of a host function its `Caller` is given.
//! let paused = attached.pause(&mut store, "after run");
//! # let _ = paused;
//! # Ok(())
//! # }
//! ```
//!
//! [`target::Target`] runs WASI preview 1 guests from beginning to end.

pub mod capture;
pub mod cli;
pub mod error;
pub mod event_writer;
pub mod export;
pub mod functions;
pub mod gate;
pub mod go;
pub mod instrument;
pub mod layout;
mod live;
pub mod mcp;
mod module;
pub mod paused;
pub mod profile;
pub mod recorder;
pub mod recording;
pub mod script;
pub mod server;
pub mod symbols;
pub mod target;
