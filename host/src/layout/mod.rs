//! What the blocks are: types and layouts out of a module's own debug information, and the type of every block.
//!
//! [`Typing`] is made once for the original module; [`Typing::apply`] types the blocks of a paused guest, best evidence
//! first: the language's run-time type (C++ vtables, AssemblyScript's ids, Go's type descriptors, Rust's vtables in fat pointers), the inlined
//! generics and variables of the allocating call, typed statics and fields that point to it. Pointers that disagree are
//! counted and marked. [`References`] then tells which words of a typed block are references at all, [`TypeIds`] gives the
//! types to the engine, [`Typed::fields`] reads the values.
//!
//! Debug information is read on the first question, all units in parallel, 56 bytes an entry; the layout of a type is
//! made when it is first needed. Type units of DWARF 4 are not read. Everything read is the guest's and
//! not trusted: walks are loops with limits, and what cannot be read is told by [`Typing::notes`].

mod allocation;
mod assembly_script;
mod attributes;
mod block;
mod code;
mod containers;
mod dies;
#[cfg(test)]
mod dwarf_tests;
mod emit;
mod flow;
mod form;
mod go;
mod keyed;
mod lines;
mod names;
mod present;
mod propagate;
mod room;
mod run_time;
mod sections;
mod slots;
mod stored;
#[cfg(test)]
mod tests;
mod types;
mod typing;
mod units;
mod values;

pub use block::{BlockType, Count, Evidenced};
pub use emit::{Reference, References, TypeIds};
pub use form::{Form, Language, Layout, LayoutId, Member, Record, Scalar, Variant, Variants};
pub use room::Rooms;
pub use slots::{Points, Slot};
pub use types::Layouts;
pub use typing::{StaticVariable, Typed, TypedBlock, Typing};
pub use values::{Container, FieldValue, MAX_FIELDS, MAX_TEXT_BYTES, Value};

use thiserror::Error;

use crate::module::ModuleError;

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

impl From<ModuleError> for LayoutError {
    fn from(error: ModuleError) -> Self {
        match error {
            ModuleError::Malformed(error) => Self::Module(error),
            ModuleError::Component => Self::Component,
        }
    }
}
