//! What the functions need of whoever runs the guest.

use heapy_engine::Heap;
use wasmtime::{Caller, Memory};

use crate::paused::{LiveBlock, Paused};

/// Whoever runs the guest: reads it where it stands, within a call of one of our functions.
///
/// Every method may fail with a sentence for the guest; none may call the guest.
pub trait Source<T>: Send + Sync + 'static {
    /// The memory that addresses are of.
    fn memory(&self, caller: &mut Caller<'_, T>) -> Option<Memory> {
        caller.get_export("memory")?.into_memory()
    }

    /// The live block that begins at an address.
    fn block_at(&self, caller: &mut Caller<'_, T>, address: u64) -> Option<LiveBlock>;

    /// Reads the guest as it stands, passed through [`Functions::annotate`](super::Functions::annotate).
    ///
    /// # Errors
    /// Why it cannot be read.
    fn pause(&self, caller: &mut Caller<'_, T>, reason: &str) -> Result<Paused, String>;

    /// Makes a heap of it.
    ///
    /// # Errors
    /// Why it makes no heap.
    fn capture(&self, paused: Paused) -> Result<Heap, String>;

    /// Takes a snapshot that is stored where the run's others are, annotated like them, and gives its number.
    ///
    /// # Errors
    /// Why it cannot be stored.
    fn store(&self, caller: &mut Caller<'_, T>, reason: &str) -> Result<u32, String>;
}
