//! Runs an unmodified WebAssembly guest under wasmtime and shows what is in its heap.
//!
//! A library first: an embedder with its own wasmtime host instruments a module, attaches to its instance and takes
//! snapshots; the `heapy-host` binary is the first user of it.

pub mod capture;
mod classes;
pub mod cli;
pub mod error;
pub mod export;
pub mod functions;
pub mod gate;
pub mod instrument;
pub mod layout;
mod live;
pub mod mcp;
pub mod paused;
pub mod recorder;
pub mod recording;
pub mod script;
pub mod server;
pub mod symbols;
pub mod target;
