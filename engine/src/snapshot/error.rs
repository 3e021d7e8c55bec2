//! What can be wrong with a snapshot file.

use thiserror::Error;

use crate::heap::HeapError;

/// Why bytes are no snapshot, or a heap cannot be written as one.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The bytes are no zip, or their end is missing.
    #[error("not a .heapy file, or cut off: {detail} ({length} bytes)")]
    NotAFile {
        /// What was looked for and not found.
        detail: String,
        /// How many bytes were given.
        length: u64,
    },
    /// Written by a later version.
    #[error("the file has format {found}, this program reads formats up to {supported}: a newer heapy is needed")]
    Newer {
        /// The format of the file.
        found: u32,
        /// The newest format that this program knows.
        supported: u32,
    },
    /// `meta.json` or a snapshot's description does not make sense.
    #[error("{entry}: {detail}")]
    Description {
        /// The entry.
        entry: String,
        /// What is wrong.
        detail: String,
    },
    /// A table that the file promises is not there.
    #[error("{entry} is missing")]
    Missing {
        /// The table's entry.
        entry: String,
    },
    /// A table's bytes are not those that were written.
    #[error("{entry} is damaged: its checksum is {found:08x}, it was written with {expected:08x}")]
    Damaged {
        /// The table's entry.
        entry: String,
        /// CRC-32 of the bytes that are there.
        found: u32,
        /// CRC-32 of the bytes that were written.
        expected: u32,
    },
    /// A table is no Arrow table of the promised columns.
    #[error("{entry}: {detail}")]
    Table {
        /// The table's entry.
        entry: String,
        /// What is wrong.
        detail: String,
    },
    /// There is no snapshot of this number.
    #[error("no snapshot {number}: the file has {count}, numbered from 1")]
    NoSuchSnapshot {
        /// What was asked for.
        number: u32,
        /// How many there are.
        count: usize,
    },
    /// A question about a moment between snapshots of a recording that has no events.
    #[error("the recording has snapshots only: `heapy-host record --events` records every event")]
    NoEvents,
    /// The events end before the moment.
    #[error("no moment {moment}: {events} events with {allocations} allocations were recorded")]
    NoSuchMoment {
        /// What was asked for.
        moment: String,
        /// Events that there are.
        events: u64,
        /// Allocations among them.
        allocations: u64,
    },
    /// The tables are well-formed but do not make a heap.
    #[error("the tables make no heap: {0}")]
    Heap(#[from] HeapError),
    /// A heap that the format cannot hold.
    #[error("cannot write {what}: {detail}")]
    Unwritable {
        /// The part of the heap.
        what: &'static str,
        /// Why.
        detail: String,
    },
    /// The place the file is written to failed.
    #[error("cannot write the file: {0}")]
    Output(String),
}
