//! Compressed rows: which range of edges belongs to which object.
//!
//! The length of each row is one byte, and sixteen of them stand with the start of the first one, so that a row is found
//! with one look at memory. The rare rows that are longer than a byte tells stand in a list.

use std::ops::Range;

/// Rows of a group.
const GROUP: usize = 16;

/// The length that says: look into the list.
const LONG: u8 = u8::MAX;

/// The lengths of consecutive rows, and where the first of them starts.
#[derive(Clone, Copy, Debug)]
struct Group {
    start: u32,
    lengths: [u8; GROUP],
}

/// The lengths of consecutive rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    groups: Vec<Group>,
    /// Row and length of the rows that the byte cannot tell, by row.
    long: Vec<(u32, u32)>,
}

impl Rows {
    /// Rows of these lengths, of which all together are below 2^32.
    pub(super) fn new(lengths: &[u32]) -> Self {
        let mut rows = Self { groups: Vec::with_capacity(lengths.len().div_ceil(GROUP)), long: Vec::new() };
        let mut start = 0;
        for (index, group) in lengths.chunks(GROUP).enumerate() {
            let mut bytes = [0; GROUP];
            for (place, &length) in group.iter().enumerate() {
                bytes[place] = u8::try_from(length).unwrap_or(LONG);
                if bytes[place] == LONG {
                    rows.long.push(((index * GROUP + place) as u32, length));
                }
            }
            rows.groups.push(Group { start, lengths: bytes });
            start += group.iter().sum::<u32>();
        }
        rows.long.shrink_to_fit();
        rows
    }

    /// The positions that belong to a row. Time O(1) but where rows are long.
    #[inline]
    pub(super) fn range(&self, row: usize) -> Range<usize> {
        /// Every other byte.
        const PAIRS: u128 = u128::MAX / 0xffff * 0xff;
        /// The lowest bit of every byte.
        const ONES: u128 = u128::MAX / 0xff;
        let group = &self.groups[row / GROUP];
        let place = row % GROUP;
        let bytes = u128::from_le_bytes(group.lengths) & (u128::MAX >> (8 * (GROUP - 1 - place)));
        // Bytes of all ones, found like zero bytes of the complement; that may find too many, but never too few.
        if (!bytes).wrapping_sub(ONES) & bytes & (ONES << 7) != 0 {
            return self.range_among_long(row);
        }
        // Eight sums of two bytes each, whose total the multiplication moves into the highest quarter of the word.
        let pairs = (bytes & PAIRS) + (bytes >> 8 & PAIRS);
        let sum = (pairs as u64 + (pairs >> u64::BITS) as u64).wrapping_mul(u64::MAX / 0xffff) >> 48;
        let end = group.start as usize + sum as usize;
        end - usize::from(group.lengths[place])..end
    }

    #[cold]
    fn range_among_long(&self, row: usize) -> Range<usize> {
        let first = row / GROUP * GROUP;
        let before: usize = (first..row).map(|row| self.length(row)).sum();
        let start = self.groups[row / GROUP].start as usize + before;
        start..start + self.length(row)
    }

    /// Number of positions of a row.
    #[inline]
    pub(super) fn length(&self, row: usize) -> usize {
        match self.groups[row / GROUP].lengths[row % GROUP] {
            LONG => self.long_length(row),
            length => length.into(),
        }
    }

    #[cold]
    fn long_length(&self, row: usize) -> usize {
        let found = self.long.binary_search_by_key(&(row as u32), |&(at, _)| at);
        found.map_or(0, |found| self.long[found].1 as usize)
    }

    /// Bytes of memory that they take.
    pub(super) fn resident_bytes(&self) -> usize {
        self.groups.capacity() * size_of::<Group>() + self.long.capacity() * size_of::<(u32, u32)>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_follow_each_other(lengths in prop::collection::vec(
            prop_oneof![8 => 0u32..8, 1 => 240u32..256, 1 => 250u32..300, 1 => 0u32..100_000], 0..80,
        )) {
            let rows = Rows::new(&lengths);
            let mut start = 0;
            for (row, &length) in lengths.iter().enumerate() {
                let end = start + length as usize;
                prop_assert_eq!(rows.range(row), start..end);
                prop_assert_eq!(rows.length(row), length as usize);
                start = end;
            }
        }
    }
}
