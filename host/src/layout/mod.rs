//! What the blocks are: types and layouts out of a module's own debug information, and the type of every block.

mod allocation;
mod assembly_script;
mod block;
mod code;
mod containers;
mod dies;
mod emit;
mod lines;
mod names;
mod present;
mod propagate;
mod run_time;
mod sections;
mod slots;
mod types;
mod typing;

pub use block::{BlockType, Count, Evidenced};
pub use emit::{Reference, References, TypeIds};
pub use slots::{Points, Slot};
pub use types::{Form, Language, Layout, LayoutId, Layouts, Member, Record, Scalar, Variant, Variants};
pub use typing::{StaticVariable, Typed, TypedBlock, Typing};

use thiserror::Error;

/// Why no types could be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The bytes are no module.
    #[error("cannot read the module: {0}")]
    Module(#[from] wasmparser::BinaryReaderError),
    /// A component holds modules; types are read from one of those.
    #[error("a component has no types of its own: give the core module")]
    Component,
}
