//! The snapshot file `.heapy`: heaps as tables that other programs open too.
//!
//! A file is a zip of stored entries: `meta.json`, which describes everything, and for each snapshot a folder of Arrow
//! IPC tables with LZ4-compressed columns. Texts, frames and calling contexts are shared: a snapshot writes only those
//! that no earlier one of the recording had. The guide's page `snapshot-format.md` lists tables and columns.
//!
//! Nothing here opens a file. A [`Writer`] turns each heap into named, checksummed [`Entry`]s, which the host saves one
//! by one into a folder while the guest runs, and [`pack`] makes one file of them; [`Recording::read`] takes the file's
//! bytes and [`Recording::from_entries`] the folder's. A snapshot counts once its last entry, `N/snapshot.json`, is
//! there, so that a folder left behind by a crash opens up to its last complete snapshot.
//!
//! Bytes are not trusted: every length, offset, id and text is checked before use, and memory grows with what is really
//! read (LZ4 cannot expand more than 255 times), never with what a header claims. Reading takes time and space O(bytes);
//! edges and objects are decoded in batches, so that a heap is never in memory twice.

mod ahead;
mod column;
mod contents;
mod description;
mod entry;
mod error;
mod events;
mod file_bytes;
mod lz4;
mod read;
mod read_shared;
mod record_batch;
mod table;
mod totals;
mod upgrade;
mod words;
mod write;
mod write_shared;

pub use description::SnapshotMeta;
pub use entry::{Entry, pack, timeline_entry};
pub use error::SnapshotError;
pub use events::events_entry;
pub use file_bytes::FileBytes;
pub use read::Recording;
pub use write::Writer;

/// The format that this program writes, and the newest that it reads.
pub const FORMAT: u32 = 1;
