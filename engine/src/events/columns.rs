//! Numbers of a chunk, each kind in a column of its own, so that like stands beside like when they are compressed.

use super::chunk::EventError;

/// Columns of a chunk: kinds of events, contexts, sizes, places, releases, and the rest.
pub(super) const COLUMNS: usize = 6;

/// Which column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Kinds,
    Contexts,
    Sizes,
    Places,
    Releases,
    Others,
}

/// Columns that are written.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) columns: [Vec<u8>; COLUMNS],
}

impl Written {
    /// Appends a number, seven bits a byte.
    pub(super) fn put(&mut self, column: Column, mut value: u64) {
        let bytes = &mut self.columns[column as usize];
        while value >= 0x80 {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
    }
}

/// Columns that are read.
#[derive(Debug)]
pub(super) struct Reading<'bytes> {
    pub(super) columns: [&'bytes [u8]; COLUMNS],
}

impl Reading<'_> {
    /// Takes the next number.
    pub(super) fn take(&mut self, column: Column) -> Result<u64, EventError> {
        let short = || EventError(format!("the column of {column:?} ends too early"));
        let (mut value, mut shift) = (0u64, 0);
        loop {
            let (&byte, rest) = self.columns[column as usize].split_first().ok_or_else(short)?;
            self.columns[column as usize] = rest;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
            if shift > 63 {
                return Err(EventError(format!("a number in the column of {column:?} has more than 64 bits")));
            }
        }
    }

    /// As [`take`](Self::take), for what has 32 bits.
    pub(super) fn word(&mut self, column: Column) -> Result<u32, EventError> {
        let value = self.take(column)?;
        u32::try_from(value)
            .map_err(|_| EventError(format!("{value} in the column of {column:?} has more than 32 bits")))
    }
}

/// The way from one address to another, small for near ones, and smaller where both are multiples of eight.
pub(super) fn distance(from: u32, to: u32) -> u64 {
    let way = to.wrapping_sub(from) as i32;
    u64::from(way.unsigned_abs().rotate_right(3)) << 1 | u64::from(way < 0)
}

/// The other end of a way.
pub(super) fn along(from: u32, distance: u64) -> u32 {
    let way = ((distance >> 1) as u32).rotate_left(3);
    if distance & 1 == 1 { from.wrapping_sub(way) } else { from.wrapping_add(way) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_lead_back() {
        for (from, to) in [(0, 0), (8, 16), (16, 8), (3, 0xFFFF_FFFE), (0x8000_0000, 0), (0, 0x8000_0000), (5, 4)] {
            assert_eq!(along(from, distance(from, to)), to);
        }
        assert_eq!((distance(64, 80), distance(80, 64)), (4, 5));
    }
}
