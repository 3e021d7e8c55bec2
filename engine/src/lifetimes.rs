//! How long blocks live: a histogram of the time between allocation and release.

use serde::{Deserialize, Serialize};

/// The least lifetime that the second row holds, in nanoseconds; each later row begins at ten times as much.
const FIRST_BOUND: u64 = 1_000;
/// Rows: below 1 µs, below 10 µs, ... below 100 s, and longer.
const ROWS: usize = 10;

/// Lifetimes of the blocks of a run, in nanoseconds, from a sample of its allocations.
///
/// One allocation at each moment of the timeline is watched from birth to death, and stands for all allocations since the
/// one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetimes {
    /// By lifetime, the shortest first.
    pub rows: Vec<LifetimeRow>,
    /// Those that were live in the end.
    pub live: LifetimeRow,
}

/// Blocks of similar lifetimes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifetimeRow {
    /// They lived shorter than this, in nanoseconds, and not shorter than the row before says; none without a bound.
    pub below_nanos: Option<u64>,
    /// How many of them were watched.
    pub watched: u64,
    /// How many allocations those stand for: an estimate.
    pub allocations: u64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        let bound = |row: usize| FIRST_BOUND.checked_mul(10u64.pow(row as u32)).filter(|_| row + 1 < ROWS);
        let row = |row| LifetimeRow { below_nanos: bound(row), ..LifetimeRow::default() };
        Self { rows: (0..ROWS).map(row).collect(), live: LifetimeRow::default() }
    }
}

impl Lifetimes {
    /// Counts a watched block that lived so long and stands for so many allocations.
    pub fn add(&mut self, nanos: u64, allocations: u64) {
        let row = self.rows.iter_mut().find(|row| row.below_nanos.is_none_or(|bound| nanos < bound));
        if let Some(row) = row {
            row.watched += 1;
            row.allocations = row.allocations.saturating_add(allocations);
        }
    }

    /// Counts a watched block that is live.
    pub fn add_live(&mut self, allocations: u64) {
        self.live.watched += 1;
        self.live.allocations = self.live.allocations.saturating_add(allocations);
    }

    /// Watched blocks, dead or live.
    #[must_use]
    pub fn watched(&self) -> u64 {
        self.rows.iter().map(|row| row.watched).sum::<u64>() + self.live.watched
    }

    /// Allocations that they stand for.
    #[must_use]
    pub fn allocations(&self) -> u64 {
        self.rows.iter().fold(self.live.allocations, |sum, row| sum.saturating_add(row.allocations))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lifetime_has_its_row() {
        let mut lifetimes = Lifetimes::default();
        for nanos in [0, 999, 1_000, 99_999_999_999, 100_000_000_000, u64::MAX] {
            lifetimes.add(nanos, 10);
        }
        lifetimes.add_live(7);
        let watched: Vec<u64> = lifetimes.rows.iter().map(|row| row.watched).collect();
        assert_eq!(watched, [2, 1, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!((lifetimes.rows[8].below_nanos, lifetimes.rows[9].below_nanos), (Some(100_000_000_000), None));
        assert_eq!((lifetimes.watched(), lifetimes.allocations()), (7, 67));
    }
}
