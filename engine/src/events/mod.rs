//! Every event of a run, so that the heap of any past moment can be asked for.
//!
//! A recording with events holds *chunks*: some ten thousand events each, packed ([`EventChunk`]). A [`Replay`] goes
//! through them from the beginning and knows at each event which blocks are live. Time of a question is O(events before
//! the moment), memory O(live blocks + one chunk).

mod chunk;
mod columns;
mod moment;
mod predict;
mod replay;

pub use chunk::{CHUNK_EVENTS_MAX, EventChunk, EventError};
pub use moment::{Moment, MomentError};
pub use replay::{Replay, ReplayedBlock};

/// Something that happened to a guest's heap. Addresses and sizes are those of memories of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A block was allocated where no live block begins.
    Allocate {
        /// Its first byte.
        address: u32,
        /// Requested bytes.
        size: u32,
        /// Number of the calling context, from 1; zero where it is not known.
        context: u32,
    },
    /// A live block was released.
    Release {
        /// Its first byte.
        address: u32,
        /// Its size, which is that of the block that is live there.
        size: u32,
    },
    /// A live block was given another size where it stands.
    Resize {
        /// Its first byte.
        address: u32,
        /// Requested bytes now.
        size: u32,
    },
    /// The time was noted.
    Time {
        /// Nanoseconds since the guest began.
        nanos: u64,
    },
    /// A snapshot was taken.
    Snapshot {
        /// Its number; zero for one that may become that of the peak.
        number: u32,
    },
}
