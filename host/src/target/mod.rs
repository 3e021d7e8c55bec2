//! The inspected guest: loading, running, pausing.
//!
//! [`Target`] runs a WASI preview 1 command or reactor. An embedder with a wasmtime host of its own instruments the module
//! and attaches to the instance with [`Attached`].

mod attach;
mod cache;
mod condition;
mod events;
mod go;
mod handles;
mod lifetimes;
mod native;
mod overlaps;
mod pause;
mod peak;
mod pools;
mod request;
mod run;
mod signal;
mod state;
mod timeline;
mod walk;
mod wasi;

use std::num::NonZeroUsize;

use wasmtime::Config;

pub use attach::{Attached, Totals};
pub(crate) use condition::duration;
pub use condition::{Condition, ConditionError};
pub use events::{EventBatch, EventReader, EventSink};
pub use request::Requester;
pub use run::{Ending, Outcome, Pause, Running, Target, TargetOptions};
pub use state::Sink;
pub use timeline::{Sampler, TimelineLog};
pub use wasi::{Folder, Guest, WasiOptions};

/// Frames of a backtrace that are kept, innermost first.
const FRAMES_MAX: usize = 512;

/// Sets what observing a guest needs in an engine's configuration, and leaves everything else as it is.
pub fn configure(config: &mut Config) -> &mut Config {
    config.generate_address_map(true).wasm_backtrace_max_frames(NonZeroUsize::new(FRAMES_MAX))
}
