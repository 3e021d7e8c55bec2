//! How the live table's memory is laid out; the guest's probes and the host agree on it.
//!
//! ```text
//! 0             the word that probes read first. With contexts: mask of the context table in bytes, and zero sends every
//!               allocation to the host. Without: the only slot, whose lower half is zero, and anything else does so
//! 64 KiB        context table: slots of 32 bytes (V: u32, tag: u32, allocations: u64, their bytes: u64), open addressing
//! 16 MiB behind tag table: 16 bytes for each tag (bytes by which blocks grew in place: u64, temporary allocations: u64)
//! 8 MiB behind  of a Go guest for each function the bytes from its return address to its caller's on Go's stack, and the
//!               number of the walk that has seen it last: 8 bytes
//! 2 MiB behind  ring of events, 16 bytes each, where events are recorded
//! 64 KiB behind live table: a cell of 8 bytes for every 16 bytes of the guest's memory (8 where blocks lie closer)
//! ```
//!
//! A cell describes the block that begins there: its size in the lower half, its tag in the upper. A tag is a number that the
//! host has given to a calling context in an interval between snapshots; it is never zero, so that a block of no bytes has a
//! cell that is not. Where no block begins the upper half is zero, and the lower half is the tag of the block that was there
//! last, or zero: whoever releases it again is told where it came from. The memory is as large as it can ever have to be from the beginning: pages that are
//! never touched cost address space alone, and probes need not look how far it reaches.

/// Address of the word that probes read first.
pub(crate) const WORD: u64 = 0;
/// Address of the only slot when contexts are not recorded; its lower half is [`WORD`].
pub(crate) const ONLY_SLOT: u64 = 0;
/// Address of the context table. Below the live table and both within the engine's guard region, so that no access to
/// them needs a bounds check.
pub(crate) const CONTEXT_TABLE: u64 = 64 * 1024;
/// Bytes of a slot.
pub(crate) const SLOT: u64 = 1 << SLOT_LOG2;
/// log2 of the bytes of a slot.
pub(crate) const SLOT_LOG2: u32 = 5;
/// Where a slot has its count of allocations.
pub(crate) const SLOT_COUNT: u64 = 8;
/// Where a slot has the bytes of those allocations.
pub(crate) const SLOT_BYTES: u64 = 16;
/// Most slots of the context table, the spare ones at its end included.
pub(crate) const CONTEXT_SLOTS_MAX: u32 = (1 << 19) + CONTEXT_SLOTS_SPARE;
/// Slots behind the last one, so that probing never wraps.
pub(crate) const CONTEXT_SLOTS_SPARE: u32 = 64;
/// Slots of the context table at first.
pub(crate) const CONTEXT_SLOTS_MIN: u32 = 1 << 12;
/// Most contexts that are told apart.
pub(crate) const CONTEXTS_MAX: usize = 1 << 22;
/// Address of the tag table. What it counts is rarer than allocations, and belongs to blocks whose context is known by
/// their tag only.
pub(crate) const TAG_TABLE: u64 = CONTEXT_TABLE + SLOT * CONTEXT_SLOTS_MAX as u64;
/// log2 of the bytes that the tag table has for each tag: first those by which blocks grew.
pub(crate) const TAG_LOG2: u32 = 4;
/// Where a tag's count of temporary allocations is.
pub(crate) const TAG_TEMPORARY: u64 = 8;
/// Tags that have a place in the tag table; of others the host keeps count.
pub(crate) const TAGS_MAX: u32 = 1 << 19;
/// Address of the number of the last walk of a stack of Go's.
pub(crate) const WALK: u64 = 4096;
/// Address of the table of Go's functions: for each defined one the bytes from its return address to its caller's.
pub(crate) const STRIDES: u64 = TAG_TABLE + ((TAGS_MAX as u64) << TAG_LOG2);
/// log2 of the bytes of an entry.
pub(crate) const STRIDE_LOG2: u32 = 3;
/// Where an entry has the number of the walk that has seen the function last.
pub(crate) const STRIDE_WALK: u64 = 4;
/// Most functions in that table; contexts end at others.
pub(crate) const STRIDES_MAX: u32 = 1 << 18;
/// Address of the ring of events.
pub(crate) const EVENTS: u64 = STRIDES + ((STRIDES_MAX as u64) << STRIDE_LOG2);
/// Bytes of the ring.
pub(crate) const EVENTS_BYTES: u64 = 64 << 10;
/// Bytes of an event in it.
pub(crate) const EVENT: u64 = 16;
/// Address of the live table.
pub(crate) const LIVE_TABLE: u64 = EVENTS + EVENTS_BYTES;
/// Bytes of a cell.
pub(crate) const CELL: u64 = 8;
/// Where a cell has its tag.
pub(crate) const CELL_TAG: u64 = 4;
/// The tag of the cell of address zero: no block begins there, and a probe that was told so takes the slow path.
pub(crate) const TAG_NOWHERE: u32 = 1;
/// The tag of the cell of a block whose lifetime is watched: its release comes to the host, which knows its own tag.
pub(crate) const TAG_WATCHED: u32 = 2;
/// The first tag of a block.
pub(crate) const TAG_FIRST: u32 = 3;
/// What stands for the last allocation when that has no cell: the place of no cell.
pub(crate) const LAST_ELSEWHERE: u32 = 1;
/// The last interval that is told from later ones.
pub(crate) const INTERVAL_MAX: u32 = u16::MAX as u32;
/// What `Release` is told of AssemblyScript's lists of free blocks: an object would lie this far behind the piece that is
/// put there, but a piece need not have been one.
pub(crate) const FREE_LIST_HEADER: u32 = 20;
/// A snapshot within one part in 2 to this of the peak counts as one of the peak.
pub(crate) const PEAK_SHIFT: i64 = 7;
/// Bytes of a page.
pub(crate) const PAGE: u64 = 64 * 1024;
/// Most cells that a 32-bit memory has room for.
pub(crate) const CELLS_MAX: u64 = ((1 << 32) - LIVE_TABLE) / CELL;

/// Pages of the live table's memory, when a cell stands for 2 to the `granule_log2` bytes.
pub(crate) const fn pages(granule_log2: u32) -> u64 {
    let cells = (1 << 32) >> granule_log2;
    let cells = if cells < CELLS_MAX { cells } else { CELLS_MAX };
    (LIVE_TABLE + cells * CELL).div_ceil(PAGE)
}

/// Kinds of events in the ring.
pub(crate) mod event_kinds {
    /// A block was allocated.
    pub(crate) const ALLOCATE: u32 = 0;
    /// A block was released.
    pub(crate) const RELEASE: u32 = 1;
    /// A block has another size in place.
    pub(crate) const RESIZE: u32 = 2;
    /// The time was noted.
    pub(crate) const TIME: u32 = 3;
    /// A snapshot was taken.
    pub(crate) const SNAPSHOT: u32 = 4;
}

/// A cell of the live table, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Requested bytes.
    pub(crate) size: u32,
    /// Context and interval of birth, as the host has numbered them.
    pub(crate) tag: u32,
}

impl Cell {
    /// Takes it apart.
    pub(crate) fn unpack(bits: u64) -> Self {
        Self { size: bits as u32, tag: (bits >> 32) as u32 }
    }

    /// Puts it together.
    pub(crate) fn pack(self) -> u64 {
        u64::from(self.size) | u64::from(self.tag) << 32
    }
}

/// Host functions that probes call, by their place in the table of host functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostFunction {
    /// `(address, size, V)`: tell a block that the fast path could not.
    Record = 0,
    /// `(address, header)`: forget a block that the fast path could not.
    Release = 1,
    /// `(probe)`: a probe was reached.
    Probe = 2,
    /// `()`: live bytes are about to fall well below a peak that they have just reached.
    Peak = 3,
    /// `(from, result, size, V, header)`: a block was given another size.
    Resize = 4,
    /// `(tag, bytes)`: a block of a tag without a place in the tag table grew in place, or, where the bytes are zero, was a
    /// temporary allocation.
    Tally = 5,
    /// `(address, size, V, type, before)`: tell an object of Go's that the fast path could not; `before` are the bytes of
    /// its block that were given out before it.
    RecordTyped = 6,
    /// `()`: the ring of events is full.
    Drain = 7,
    /// `(entry, result, block, handle, size, V)`: a function of a pool has made a block or takes some back. Addresses come
    /// with all bits turned over.
    Pool = 8,
}

/// Number of host functions.
pub(crate) const HOST_FUNCTIONS: u32 = 9;
/// Numbers of parameters of the host functions, in order.
pub(crate) const HOST_PARAMETERS: [u8; HOST_FUNCTIONS as usize] = [3, 2, 1, 0, 5, 2, 5, 0, 6];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_survives_packing() {
        for cell in [Cell { size: 12_345, tag: 54_321 }, Cell { size: u32::MAX, tag: u32::MAX }] {
            assert_eq!(Cell::unpack(cell.pack()), cell);
        }
    }

    #[test]
    fn the_memory_fits_its_address_space() {
        assert!(pages(3) <= 1 << 16 && pages(4) < pages(3));
        // As far as the engine's guard region reaches by default.
        const { assert!(LIVE_TABLE + CELL <= 32 << 20) };
    }
}
