//! Columns in memory, as a record batch gives them.

use super::table::ColumnType;

/// The values of a column; what stands at a missing value means nothing.
pub(super) enum Values {
    U8(Vec<u8>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    Bool(Vec<u8>),
    Text { offsets: Vec<u32>, bytes: String },
}

/// A column of a batch. Positions are below the number of rows of the batch; past it, values are missing.
pub(super) struct Column {
    rows: usize,
    /// One bit a row; all rows are present where there is none.
    present: Option<Vec<u8>>,
    values: Values,
}

impl Column {
    pub(super) fn new(rows: usize, present: Option<Vec<u8>>, values: Values) -> Self {
        Self { rows, present, values }
    }

    /// What it consists of.
    pub(super) fn kind(&self) -> ColumnType {
        match self.values {
            Values::U8(_) => ColumnType::U8,
            Values::U32(_) => ColumnType::U32,
            Values::U64(_) => ColumnType::U64,
            Values::Bool(_) => ColumnType::Bool,
            Values::Text { .. } => ColumnType::Text,
        }
    }

    /// Whether no value is missing.
    pub(super) fn is_complete(&self) -> bool {
        self.present.is_none() || (0..self.rows).all(|row| self.is_present(row))
    }

    /// The values themselves.
    pub(super) fn values(&self) -> &Values {
        &self.values
    }

    /// The number at `row` of a column of 32-bit numbers.
    pub(super) fn u32(&self, row: usize) -> Option<u32> {
        match &self.values {
            Values::U32(values) if self.is_present(row) => values.get(row).copied(),
            _ => None,
        }
    }

    /// The number at `row` of a column of 64-bit numbers.
    pub(super) fn u64(&self, row: usize) -> Option<u64> {
        match &self.values {
            Values::U64(values) if self.is_present(row) => values.get(row).copied(),
            _ => None,
        }
    }

    /// The text at `row`.
    pub(super) fn text(&self, row: usize) -> Option<&str> {
        let Values::Text { offsets, bytes } = &self.values else { return None };
        let range = *offsets.get(row)? as usize..*offsets.get(row + 1)? as usize;
        if self.is_present(row) { bytes.get(range) } else { None }
    }

    /// The truth at `row`.
    pub(super) fn bool(&self, row: usize) -> Option<bool> {
        match &self.values {
            Values::Bool(bits) if self.is_present(row) => Some(bit(bits, row)),
            _ => None,
        }
    }

    fn is_present(&self, row: usize) -> bool {
        self.present.as_ref().is_none_or(|bits| bit(bits, row))
    }
}

fn bit(bits: &[u8], row: usize) -> bool {
    bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
}
