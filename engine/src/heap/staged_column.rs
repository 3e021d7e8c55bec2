//! Columns of unsigned integers while they grow: zeros take nothing, and values that fit take four bytes.
//!
//! Builders fill one for each property of millions of objects; what a wasm32 guest has fits into 32 bits, and instances
//! and ages are mostly zero.

use super::column::{Column, SmallColumn};

/// Numbers to which further ones are added.
#[derive(Clone, Debug)]
pub(super) struct StagedColumn {
    rows: Rows,
    /// All bits that any value has.
    bits: u64,
    /// How many values there will be, as far as that is known.
    expected: usize,
}

#[derive(Clone, Debug)]
enum Rows {
    /// So many zeros.
    Zeros(usize),
    Narrow(Vec<u32>),
    Wide(Vec<u64>),
}

impl Default for StagedColumn {
    fn default() -> Self {
        Self { rows: Rows::Zeros(0), bits: 0, expected: 0 }
    }
}

impl StagedColumn {
    /// Makes room for this many further values once they need any.
    pub(super) fn reserve(&mut self, values: usize) {
        self.expected = self.len() + values;
        match &mut self.rows {
            Rows::Zeros(_) => {}
            Rows::Narrow(rows) => rows.reserve_exact(values),
            Rows::Wide(rows) => rows.reserve_exact(values),
        }
    }

    pub(super) fn len(&self) -> usize {
        match &self.rows {
            Rows::Zeros(count) => *count,
            Rows::Narrow(rows) => rows.len(),
            Rows::Wide(rows) => rows.len(),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, value: u64) {
        self.bits |= value;
        match (&mut self.rows, u32::try_from(value)) {
            (Rows::Narrow(rows), Ok(narrow)) => rows.push(narrow),
            (Rows::Zeros(count), Ok(0)) => *count += 1,
            (Rows::Wide(rows), _) => rows.push(value),
            _ => self.widen(value),
        }
    }

    /// Adds a value that does not fit.
    #[cold]
    fn widen(&mut self, value: u64) {
        let room = self.expected.max(self.len() + 1);
        self.rows = match (&self.rows, u32::try_from(value)) {
            (Rows::Zeros(count), Ok(narrow)) => {
                let mut rows = Vec::with_capacity(room);
                rows.resize(*count, 0);
                rows.push(narrow);
                Rows::Narrow(rows)
            }
            _ => {
                let mut rows = Vec::with_capacity(room);
                rows.extend((0..self.len()).map(|row| self.get(row)));
                rows.push(value);
                Rows::Wide(rows)
            }
        };
    }

    #[inline]
    pub(super) fn get(&self, row: usize) -> u64 {
        match &self.rows {
            Rows::Zeros(_) => 0,
            Rows::Narrow(rows) => u64::from(rows[row]),
            Rows::Wide(rows) => rows[row],
        }
    }

    /// Puts the value of row `index` to row `to[index]`; `to` has each row once.
    pub(super) fn permute(&mut self, to: &[u32]) {
        fn permuted<T: Copy + Default>(rows: &[T], to: &[u32]) -> Vec<T> {
            let mut moved = vec![T::default(); rows.len()];
            for (&value, &row) in rows.iter().zip(to) {
                moved[row as usize] = value;
            }
            moved
        }
        match &mut self.rows {
            Rows::Zeros(_) => {}
            Rows::Narrow(rows) => *rows = permuted(rows, to),
            Rows::Wide(rows) => *rows = permuted(rows, to),
        }
    }

    /// The frozen column.
    pub(super) fn freeze(self) -> Column {
        match self.rows {
            Rows::Zeros(_) => Column::default(),
            Rows::Narrow(rows) => Column::new(self.bits, rows.iter().map(|&value| value.into())),
            Rows::Wide(rows) => Column::new(self.bits, rows.iter().copied()),
        }
    }

    /// The frozen column, where most values fit into a byte.
    pub(super) fn freeze_small(self) -> SmallColumn {
        match self.rows {
            Rows::Zeros(_) => SmallColumn::default(),
            Rows::Narrow(rows) => SmallColumn::new(rows.iter().map(|&value| value.into())),
            Rows::Wide(rows) => SmallColumn::new(rows.iter().copied()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_grow_wider_and_keep_their_values(
            values in prop::collection::vec((any::<u64>(), 0u32..65), 0..50),
            expected in 0usize..60,
        ) {
            let values: Vec<u64> = values.into_iter().map(|(value, bits)| value.checked_shr(bits).unwrap_or(0)).collect();
            let mut column = StagedColumn::default();
            column.reserve(expected);
            for &value in &values {
                column.push(value);
            }
            prop_assert_eq!(column.len(), values.len());
            let reversed: Vec<u32> = (0..values.len() as u32).rev().collect();
            let mut backwards = column.clone();
            backwards.permute(&reversed);
            let (frozen, small) = (column.clone().freeze(), column.clone().freeze_small());
            for (row, &value) in values.iter().enumerate() {
                prop_assert_eq!(column.get(row), value);
                prop_assert_eq!(backwards.get(values.len() - 1 - row), value);
                prop_assert_eq!(frozen.get(row), value);
                prop_assert_eq!(small.get(row), value);
            }
        }
    }
}
