//! How the live table's memory is laid out; the guest's probes and the host agree on it.
//!
//! ```text
//! 0            covered cells (u32): the live table reaches so far; zero sends every probe to the host
//! 64 KiB       context table: slots of (V: u32, number of the context: u32), open addressing
//! 64 KiB+8 MiB live table: a cell of 8 bytes for every 16 bytes of the guest's memory (8 where blocks lie closer)
//! ```
//!
//! A cell is zero, or describes the block that begins there: size in the lowest 26 bits, number of the context in the next
//! 22, and the interval of birth in the highest 16. Sizes that do not fit are kept by the host, and the cell says so.

/// Address of the number of cells covered.
pub(crate) const COVERED: u64 = 0;
/// Address of the context table. Below the live table and both within the engine's guard region, so that no access to
/// them needs a bounds check.
pub(crate) const CONTEXT_TABLE: u64 = 64 * 1024;
/// Most slots of the context table, the spare ones at its end included.
pub(crate) const CONTEXT_SLOTS_MAX: u32 = 1 << 20;
/// Slots behind the last one, so that probing never wraps.
pub(crate) const CONTEXT_SLOTS_SPARE: u32 = 64;
/// Slots of the context table at first.
pub(crate) const CONTEXT_SLOTS_MIN: u32 = 1 << 12;
/// Address of the live table.
pub(crate) const LIVE_TABLE: u64 = CONTEXT_TABLE + 8 * CONTEXT_SLOTS_MAX as u64;
/// Bytes of a cell.
pub(crate) const CELL: u64 = 8;
/// Bits of a cell for the size.
pub(crate) const SIZE_BITS: u32 = 26;
/// The size of a block whose size the host keeps; also the mask of the size.
pub(crate) const SIZE_LARGE: u64 = (1 << SIZE_BITS) - 1;
/// Bits of a cell for the context.
pub(crate) const CONTEXT_BITS: u32 = 22;
/// Lowest bit of the interval.
pub(crate) const INTERVAL_SHIFT: u32 = SIZE_BITS + CONTEXT_BITS;
/// The last interval that fits; all later ones are taken for it.
pub(crate) const INTERVAL_MAX: u32 = u16::MAX as u32;
/// What `Release` is told of AssemblyScript's lists of free blocks: an object would lie this far behind the piece that is
/// put there, but a piece need not have been one.
pub(crate) const FREE_LIST_HEADER: u32 = 20;
/// Bytes of a page.
pub(crate) const PAGE: u64 = 64 * 1024;
/// Most cells that a 32-bit memory has room for.
pub(crate) const CELLS_MAX: u64 = ((1 << 32) - LIVE_TABLE) / CELL;

/// A cell of the live table, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Requested bytes; [`SIZE_LARGE`] where the host keeps them.
    pub(crate) size: u64,
    /// Number of the context, from 1; zero for none.
    pub(crate) context: u32,
    /// Interval of birth, from 1.
    pub(crate) interval: u32,
}

impl Cell {
    /// Takes it apart.
    pub(crate) fn unpack(bits: u64) -> Self {
        Self {
            size: bits & SIZE_LARGE,
            context: (bits >> SIZE_BITS) as u32 & ((1 << CONTEXT_BITS) - 1),
            interval: (bits >> INTERVAL_SHIFT) as u32,
        }
    }

    /// Puts it together.
    pub(crate) fn pack(self) -> u64 {
        self.size.min(SIZE_LARGE) | u64::from(self.context) << SIZE_BITS | u64::from(self.interval) << INTERVAL_SHIFT
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
    /// `()`: the most live bytes so far, and about to become fewer.
    Peak = 3,
    /// `(from, result, size, V, header)`: a block was given another size.
    Resize = 4,
}

/// Number of host functions.
pub(crate) const HOST_FUNCTIONS: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_survives_packing() {
        let cell = Cell { size: 12_345, context: 54_321, interval: 9 };
        assert_eq!(Cell::unpack(cell.pack()), cell);
        let greatest = Cell { size: SIZE_LARGE, context: (1 << CONTEXT_BITS) - 1, interval: INTERVAL_MAX };
        assert_eq!(greatest.pack(), u64::MAX);
    }
}
