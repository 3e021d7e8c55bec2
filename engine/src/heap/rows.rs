//! Compressed rows: which range of edges belongs to which object.
//!
//! The length of each row is one byte, the start of every sixteenth row is stored, and the starts in between are sums.

use std::ops::Range;

use super::column::{Column, SmallColumn};

/// Rows from one stored start to the next.
const SAMPLE: usize = 16;

/// The lengths of consecutive rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    lengths: SmallColumn,
    /// Where each sixteenth row starts.
    starts: Column,
}

impl Rows {
    /// Rows of these lengths.
    pub(super) fn new(lengths: &[u32]) -> Self {
        let mut starts = Vec::with_capacity(lengths.len().div_ceil(SAMPLE));
        let mut next = 0u64;
        for (row, &length) in lengths.iter().enumerate() {
            if row % SAMPLE == 0 {
                starts.push(next);
            }
            next += u64::from(length);
        }
        Self { lengths: SmallColumn::new(lengths.iter().map(|&length| u64::from(length))), starts: Column::of(&starts) }
    }

    /// The positions that belong to a row.
    #[inline]
    pub(super) fn range(&self, row: usize) -> Range<usize> {
        let sample = row / SAMPLE;
        let mut start = self.starts.get(sample);
        for before in sample * SAMPLE..row {
            start += self.lengths.get(before);
        }
        start as usize..(start + self.lengths.get(row)) as usize
    }

    /// Number of positions of a row.
    #[inline]
    pub(super) fn length(&self, row: usize) -> usize {
        self.lengths.get(row) as usize
    }

    /// Bytes of memory that they take.
    pub(super) fn resident_bytes(&self) -> usize {
        self.lengths.resident_bytes() + self.starts.resident_bytes()
    }
}
