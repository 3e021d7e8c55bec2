//! Decodes one record batch with checked bounds.
//!
//! Every buffer's place, every length prefix and the number of rows come from the file; each is checked against the
//! bytes that are there before it is used.

use std::borrow::Cow;

use arrow_ipc::{BodyCompressionMethod, CompressionType, root_as_message};

use super::SnapshotError;
use super::column::{Column, U8s, U32s, U64s, Values};
use super::lz4::{self, Lz4Error};
use super::table::ColumnType;

/// Continuation marker and length in front of a message.
const PREFIX: usize = 8;

/// The columns of some consecutive rows of a table.
pub(super) struct Batch<'table> {
    entry: &'table str,
    pub(super) rows: usize,
    columns: Vec<(&'table str, Column<'table>)>,
}

impl<'table> Batch<'table> {
    pub(super) fn of_entry(mut self, entry: &'table str) -> Self {
        self.entry = entry;
        self
    }

    /// The column of this name; values may be missing.
    pub(super) fn optional(&self, name: &str, kind: ColumnType) -> Result<&Column<'table>, SnapshotError> {
        let found = self.columns.iter().find(|(column, _)| *column == name);
        let (_, column) = found.ok_or_else(|| self.wrong(format!("column {name:?} is missing")))?;
        if column.kind() != kind {
            return Err(self.wrong(format!("column {name:?} is of {:?}, not of {kind:?}", column.kind())));
        }
        Ok(column)
    }

    /// The column of this name, if there is one: earlier versions did not write it.
    pub(super) fn added(&self, name: &str, kind: ColumnType) -> Result<Option<&Column<'table>>, SnapshotError> {
        let is_there = self.columns.iter().any(|(column, _)| *column == name);
        is_there.then(|| self.optional(name, kind)).transpose()
    }

    /// The column of this name, in which no value is missing.
    pub(super) fn complete(&self, name: &str, kind: ColumnType) -> Result<&Column<'table>, SnapshotError> {
        let column = self.optional(name, kind)?;
        if column.is_complete() { Ok(column) } else { Err(self.wrong(format!("column {name:?} has missing values"))) }
    }

    /// The small numbers of a column without missing values.
    pub(super) fn u8s(&self, name: &str) -> Result<U8s<'_>, SnapshotError> {
        self.complete(name, ColumnType::U8).map(Column::u8s)
    }

    /// The 32-bit numbers of a column without missing values.
    pub(super) fn u32s(&self, name: &str) -> Result<U32s<'_>, SnapshotError> {
        self.complete(name, ColumnType::U32).map(Column::u32s)
    }

    /// The 64-bit numbers of a column without missing values.
    pub(super) fn u64s(&self, name: &str) -> Result<U64s<'_>, SnapshotError> {
        self.complete(name, ColumnType::U64).map(Column::u64s)
    }

    /// An error about this table.
    pub(super) fn wrong(&self, detail: String) -> SnapshotError {
        SnapshotError::Table { entry: self.entry.into(), detail }
    }
}

/// Decodes the batch whose message is in `metadata` and whose buffers are in `body`.
pub(super) fn decode<'table>(
    columns: &'table [(String, ColumnType)],
    metadata: &[u8],
    body: &'table [u8],
) -> Result<Batch<'table>, String> {
    let message = metadata.get(PREFIX..).ok_or("a batch has no message")?;
    let message = root_as_message(message).map_err(|_| "a batch's message is damaged")?;
    let header = message.header_as_record_batch().ok_or("a message is no record batch")?;
    let rows = usize::try_from(header.length()).map_err(|_| "a batch has a negative number of rows")?;
    let compressed = match header.compression() {
        None => false,
        Some(how) if how.codec() == CompressionType::LZ4_FRAME && how.method() == BodyCompressionMethod::BUFFER => true,
        Some(_) => return Err("compressed by something else than LZ4".into()),
    };
    let buffers = header.buffers().map(|buffers| buffers.iter().map(|buffer| (buffer.offset(), buffer.length())));
    let mut source =
        Buffers { body, compressed, places: buffers.into_iter().flatten().collect::<Vec<_>>().into_iter() };
    let mut nodes = header.nodes().into_iter().flatten();
    let mut decoded = Vec::with_capacity(columns.len());
    for (name, kind) in columns {
        let node = nodes.next().ok_or_else(|| format!("column {name:?} is not in the batch"))?;
        if usize::try_from(node.length()) != Ok(rows) {
            return Err(format!("column {name:?} has {} rows, the batch {rows}", node.length()));
        }
        let column =
            source.column(*kind, rows, node.null_count()).map_err(|detail| format!("column {name:?}: {detail}"))?;
        decoded.push((name.as_str(), column));
    }
    Ok(Batch { entry: "", rows, columns: decoded })
}

/// The buffers of a batch, taken one after the other.
struct Buffers<'body, I> {
    body: &'body [u8],
    compressed: bool,
    places: I,
}

impl<'body, I: Iterator<Item = (i64, i64)>> Buffers<'body, I> {
    fn column(&mut self, kind: ColumnType, rows: usize, nulls: i64) -> Result<Column<'body>, String> {
        let validity = self.next()?;
        let present = if nulls == 0 { None } else { Some(self.expand(validity, rows.div_ceil(8))?) };
        let values = match kind {
            ColumnType::U8 => Values::Numbers(self.fixed(rows, 1)?),
            ColumnType::U32 => Values::Numbers(self.fixed(rows, 4)?),
            ColumnType::U64 => Values::Numbers(self.fixed(rows, 8)?),
            ColumnType::Bool => {
                let bits = self.next()?;
                Values::Bits(self.expand(bits, rows.div_ceil(8))?)
            }
            ColumnType::Text => self.texts(rows)?,
        };
        Ok(Column::new(kind, rows, present, values))
    }

    fn fixed(&mut self, rows: usize, width: usize) -> Result<Cow<'body, [u8]>, String> {
        let place = self.next()?;
        self.expand(place, rows.checked_mul(width).ok_or("too many rows")?)
    }

    fn texts(&mut self, rows: usize) -> Result<Values<'body>, String> {
        let (offsets, data) = (self.next()?, self.next()?);
        if rows == 0 {
            return Ok(Values::Text { offsets: Cow::Borrowed(&[]), bytes: String::new() });
        }
        let length = rows.checked_add(1).and_then(|count| count.checked_mul(4)).ok_or("too many rows")?;
        let offsets = self.expand(offsets, length)?;
        let last = offsets.last_chunk().map_or(0, |last| u32::from_le_bytes(*last) as usize);
        let bytes = self.expand(data, last)?.into_owned();
        let bytes = String::from_utf8(bytes).map_err(|_| "a text is no UTF-8")?;
        Ok(Values::Text { offsets, bytes })
    }

    fn next(&mut self) -> Result<&'body [u8], String> {
        let (offset, length) = self.places.next().ok_or("a buffer is missing")?;
        let range = usize::try_from(offset).ok().zip(usize::try_from(length).ok());
        let range = range.and_then(|(offset, length)| Some(offset..offset.checked_add(length)?));
        range.and_then(|range| self.body.get(range)).ok_or_else(|| "a buffer lies outside of the batch".into())
    }

    /// The first `length` bytes of what a buffer holds.
    fn expand(&self, buffer: &'body [u8], length: usize) -> Result<Cow<'body, [u8]>, String> {
        let short = || format!("{length} bytes were expected");
        if length == 0 {
            return Ok(Cow::Borrowed(&[]));
        }
        if !self.compressed {
            return buffer.get(..length).map(Cow::Borrowed).ok_or_else(short);
        }
        let (prefix, packed) = buffer.split_first_chunk::<PREFIX>().ok_or_else(short)?;
        if i64::from_le_bytes(*prefix) == -1 {
            return packed.get(..length).map(Cow::Borrowed).ok_or_else(short);
        }
        match lz4::expand(packed, length) {
            Ok(expanded) => Ok(Cow::Owned(expanded)),
            Err(Lz4Error::Short) => Err(short()),
            Err(Lz4Error::Damaged) => Err("the compressed bytes are damaged".into()),
        }
    }
}
