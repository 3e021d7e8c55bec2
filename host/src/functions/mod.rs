//! Functions for guests: the Use API and what a guest may say of its own blocks, as the import module `heapy`.
//!
//! [`Functions::add_to_linker`] defines them for one instance over a [`Source`], which is whoever runs the guest. What
//! goes back and forth is described in the guide, page `guest-abi`; the numbers are those of [`heapy_guest::abi`].
//!
//! Everything that comes from the guest is taken for hostile: ranges are checked against the memory, texts must be UTF-8,
//! lists end, handles are checked and bounded in number and bytes. What is wrong is a code for the guest, never a trap.
//! Nothing here calls the guest.

mod answers;
pub(crate) mod carve;
mod error;
mod guest_heap;
mod handles;
#[cfg(test)]
mod hostile_tests;
mod linker;
mod memory;
mod pools;
mod records;
mod session;
mod source;
#[cfg(test)]
mod tests;
mod told;
mod weight;

pub use error::Refusal;
pub use guest_heap::GuestHeap;
pub use linker::imports_heapy;
pub use session::Functions;
pub use source::Source;
pub use told::{Label, Pin, Told, ToldField, ToldLink, ToldType};
