//! Go guests (`GOARCH=wasm`): what the program carries about itself, and its runtime's own account of the heap.
//!
//! Go's allocator never gives a single block back: a collector sweeps whole spans by bitmaps. So what is live is read of the
//! runtime's structures while the guest stands still (`spans`); probes in the allocator (see
//! [`instrument`](crate::instrument)) only note who allocated what and of which type. Where those structures are and how they
//! are laid out is told by the program itself, stripped or not: the function table (`functions`), the module data
//! (`program`), and type descriptors of the runtime's own types (`descriptors`), so that no version of Go needs a
//! table of offsets.
//!
//! Everything here is the guest's memory and not trusted: walks have limits, and what does not fit ends in an error.

mod descriptors;
mod functions;
mod goroutines;
mod heap;
mod image;
mod program;
mod spans;
#[cfg(test)]
mod tests;

pub(crate) use descriptors::{Descriptors, Kind};
pub(crate) use functions::{Functions, GoFrame};
pub use goroutines::GoStack;
pub(crate) use goroutines::frames;
pub use heap::GoHeap;
pub(crate) use heap::{Allocated, extents};
pub(crate) use program::Program;

use thiserror::Error;

/// Bytes of a pointer in Go's memory, although addresses have 32 bits.
pub(crate) const WORD: u64 = 8;
/// What a program counter adds to the index of a function among the defined ones.
pub(crate) const FIRST_FUNCTION: u64 = 0x1000;
/// Bits of a program counter below the function: where in it to go on.
pub(crate) const BLOCK_BITS: u32 = 16;

/// Why a Go guest's heap could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum GoError {
    /// A type of the runtime has no descriptor, or another field than known.
    #[error("this version of Go has no {name} as it is known")]
    UnknownLayout {
        /// Type and field.
        name: String,
    },
    /// No list of spans was found.
    #[error("the runtime's list of spans was not found")]
    NoSpans,
}
