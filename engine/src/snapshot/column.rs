//! Columns in memory, as a record batch gives them: their bytes are not copied, numbers are read where they stand.

use std::borrow::Cow;

use super::table::ColumnType;

/// The values of a column; what stands at a missing value means nothing.
pub(super) enum Values<'body> {
    /// Numbers, little-endian, of as many bytes as the type has.
    Numbers(Cow<'body, [u8]>),
    /// One bit a row.
    Bits(Cow<'body, [u8]>),
    /// Where each text begins, in four bytes, and the texts.
    Text { offsets: Cow<'body, [u8]>, bytes: String },
}

/// A column of a batch. Positions are below the number of rows of the batch; past it, values are missing.
pub(super) struct Column<'body> {
    kind: ColumnType,
    rows: usize,
    /// One bit a row; all rows are present where there is none.
    present: Option<Cow<'body, [u8]>>,
    values: Values<'body>,
}

/// The small numbers of a column without missing values.
#[derive(Clone, Copy)]
pub(super) struct U8s<'column>(&'column [u8]);

/// The 32-bit numbers of a column without missing values.
#[derive(Clone, Copy)]
pub(super) struct U32s<'column>(&'column [[u8; 4]]);

/// The 64-bit numbers of a column without missing values.
#[derive(Clone, Copy)]
pub(super) struct U64s<'column>(&'column [[u8; 8]]);

impl<'column> U8s<'column> {
    /// All of them, in order.
    pub(super) fn all(self) -> &'column [u8] {
        self.0
    }

    /// The number at `row`, which is one of the batch.
    #[inline]
    pub(super) fn at(self, row: usize) -> u8 {
        self.0[row]
    }
}

impl U32s<'_> {
    /// The number at `row`, which is one of the batch.
    #[inline]
    pub(super) fn at(self, row: usize) -> u32 {
        u32::from_le_bytes(self.0[row])
    }
}

impl U64s<'_> {
    /// The number at `row`, which is one of the batch.
    #[inline]
    pub(super) fn at(self, row: usize) -> u64 {
        u64::from_le_bytes(self.0[row])
    }
}

impl<'body> Column<'body> {
    pub(super) fn new(kind: ColumnType, rows: usize, present: Option<Cow<'body, [u8]>>, values: Values<'body>) -> Self {
        Self { kind, rows, present, values }
    }

    /// What it consists of.
    pub(super) fn kind(&self) -> ColumnType {
        self.kind
    }

    /// Whether no value is missing.
    pub(super) fn is_complete(&self) -> bool {
        self.present.is_none() || (0..self.rows).all(|row| self.is_present(row))
    }

    /// The bytes of a column of numbers.
    fn bytes(&self) -> &[u8] {
        match &self.values {
            Values::Numbers(bytes) => bytes,
            Values::Bits(_) | Values::Text { .. } => &[],
        }
    }

    /// The numbers of a column of small numbers, missing ones too.
    pub(super) fn u8s(&self) -> U8s<'_> {
        U8s(self.bytes())
    }

    /// The numbers of a column of 32-bit numbers, missing ones too.
    pub(super) fn u32s(&self) -> U32s<'_> {
        U32s(self.bytes().as_chunks().0)
    }

    /// The numbers of a column of 64-bit numbers, missing ones too.
    pub(super) fn u64s(&self) -> U64s<'_> {
        U64s(self.bytes().as_chunks().0)
    }

    /// The number at `row` of a column of 32-bit numbers.
    #[inline]
    pub(super) fn u32(&self, row: usize) -> Option<u32> {
        if self.is_present(row) { self.u32s().0.get(row).copied().map(u32::from_le_bytes) } else { None }
    }

    /// The number at `row` of a column of 64-bit numbers.
    #[inline]
    pub(super) fn u64(&self, row: usize) -> Option<u64> {
        if self.is_present(row) { self.u64s().0.get(row).copied().map(u64::from_le_bytes) } else { None }
    }

    /// The text at `row`.
    pub(super) fn text(&self, row: usize) -> Option<&str> {
        let Values::Text { offsets, bytes } = &self.values else { return None };
        let (offsets, _) = offsets.as_chunks::<4>();
        let offset = |row: usize| offsets.get(row).map(|offset| u32::from_le_bytes(*offset) as usize);
        let range = offset(row)?..offset(row + 1)?;
        if self.is_present(row) { bytes.get(range) } else { None }
    }

    /// The truth at `row`.
    #[inline]
    pub(super) fn bool(&self, row: usize) -> Option<bool> {
        match &self.values {
            Values::Bits(bits) if self.is_present(row) => Some(bit(bits, row)),
            _ => None,
        }
    }

    #[inline]
    fn is_present(&self, row: usize) -> bool {
        self.present.as_ref().is_none_or(|bits| bit(bits, row))
    }
}

#[inline]
fn bit(bits: &[u8], row: usize) -> bool {
    bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
}
