//! The live table: which blocks are alive, kept by the guest's own code, read by the host.
//!
//! Per live block it takes one cell of 8 bytes, and 8 bytes of address space for every 16 bytes of the guest's memory, of
//! which only touched pages become real. What has no cell (addresses that are not aligned) is kept by the host in a map.

mod contexts;
pub(crate) mod layout;
mod table;

pub(crate) use contexts::{Birth, ContextTable, Counts, Seen, Stack};
pub(crate) use table::{Block, Table};
