//! Columns of unsigned integers in as few bits as their largest value needs.
//!
//! A column of zeros takes no bytes; a column of ids of ten million objects takes three bytes a row. Reading is one
//! unaligned load, a shift and a mask.

/// Bytes behind the last value, so that a load of eight bytes never leaves the column.
const PADDING: usize = 8;

/// Bits of the widest value that a load of eight bytes holds wherever in its first byte it starts; wider values take
/// eight whole bytes.
const MAX_PACKED: u32 = 57;

/// Numbers of one width, read-only.
#[derive(Debug, Default)]
pub(super) struct Column {
    /// Bits of a value.
    width: u64,
    mask: u64,
    bytes: Vec<u8>,
}

impl Column {
    /// A column of `values`, none of which is above `max`.
    pub(super) fn new(max: u64, values: impl ExactSizeIterator<Item = u64>) -> Self {
        let width = match u64::BITS - max.leading_zeros() {
            0 => return Self::default(),
            width if width > MAX_PACKED => u64::BITS,
            width => width,
        };
        let mut bytes = Vec::with_capacity((values.len() * width as usize).div_ceil(8) + PADDING);
        let (mut word, mut filled) = (0u64, 0);
        for value in values {
            word |= value << filled;
            filled += width;
            if filled >= u64::BITS {
                bytes.extend_from_slice(&word.to_le_bytes());
                filled -= u64::BITS;
                word = if filled == 0 { 0 } else { value >> (width - filled) };
            }
        }
        bytes.extend_from_slice(&word.to_le_bytes()[..filled.div_ceil(8) as usize]);
        bytes.resize(bytes.len() + PADDING, 0);
        Self { width: width.into(), mask: u64::MAX >> (u64::BITS - width), bytes }
    }

    /// The column of a slice.
    pub(super) fn of<T: Copy + Into<u64>>(values: &[T]) -> Self {
        let max = values.iter().map(|&value| value.into()).max().unwrap_or(0);
        Self::new(max, values.iter().map(|&value| value.into()))
    }

    /// The value of a row, which must exist unless all values are zero.
    #[inline]
    pub(super) fn get(&self, row: usize) -> u64 {
        if self.width == 0 {
            return 0;
        }
        let bit = row as u64 * self.width;
        let at = (bit / 8) as usize;
        let mut word = [0; 8];
        word.copy_from_slice(&self.bytes[at..at + PADDING]);
        u64::from_le_bytes(word) >> (bit % 8) & self.mask
    }

    /// Bytes of memory that it takes.
    pub(super) fn resident_bytes(&self) -> usize {
        self.bytes.capacity()
    }
}

/// A column of which most values fit into a byte; the others stand in a list.
#[derive(Debug, Default)]
pub(super) struct SmallColumn {
    small: Vec<u8>,
    /// Row and value of what does not fit, by row.
    large: Vec<(u32, u64)>,
    /// All values, where the list would take more than they do.
    full: Option<Column>,
}

/// The byte that says: look into the list.
const LARGE: u8 = u8::MAX;
/// Of how many rows one may be in the list before a full column is smaller.
const ROWS_FOR_EACH_LARGE: usize = 8;

impl SmallColumn {
    pub(super) fn new(values: impl ExactSizeIterator<Item = u64> + Clone) -> Self {
        let count = values.len();
        let large = |value: &u64| *value >= u64::from(LARGE);
        if values.clone().filter(large).count() > count / ROWS_FOR_EACH_LARGE {
            let max = values.clone().max().unwrap_or(0);
            return Self { full: Some(Column::new(max, values)), ..Self::default() };
        }
        if values.clone().all(|value| value == 0) {
            return Self::default();
        }
        let mut column = Self { small: Vec::with_capacity(count), ..Self::default() };
        for (row, value) in values.enumerate() {
            if large(&value) {
                column.large.push((row as u32, value));
                column.small.push(LARGE);
            } else {
                column.small.push(value as u8);
            }
        }
        column.large.shrink_to_fit();
        column
    }

    /// The value of a row.
    #[inline]
    pub(super) fn get(&self, row: usize) -> u64 {
        match self.small.get(row) {
            Some(&LARGE) => self.large_value(row),
            Some(&small) => u64::from(small),
            None => self.full.as_ref().map_or(0, |full| full.get(row)),
        }
    }

    #[cold]
    fn large_value(&self, row: usize) -> u64 {
        self.large.binary_search_by_key(&(row as u32), |&(at, _)| at).map_or(0, |found| self.large[found].1)
    }

    /// Bytes of memory that it takes.
    pub(super) fn resident_bytes(&self) -> usize {
        self.small.capacity()
            + self.large.capacity() * size_of::<(u32, u64)>()
            + self.full.as_ref().map_or(0, Column::resident_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_give_back_what_was_put_in(values in prop::collection::vec(any::<u64>(), 0..50), bits in 0u32..64) {
            let values: Vec<u64> = values.into_iter().map(|value| value >> bits).collect();
            let column = Column::of(&values);
            let small = SmallColumn::new(values.iter().copied());
            for (row, &value) in values.iter().enumerate() {
                prop_assert_eq!(column.get(row), value);
                prop_assert_eq!(small.get(row), value);
            }
        }
    }

    #[test]
    fn zeros_take_no_bytes() {
        assert_eq!(Column::of(&[0u64; 1000]).resident_bytes(), 0);
        assert_eq!(SmallColumn::new([0u64; 1000].into_iter()).resident_bytes(), 0);
    }
}
