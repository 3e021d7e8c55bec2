//! Arrow tables: written by the arrow crates, read by a decoder that trusts nothing.
//!
//! The columns of a `.heapy` file are flat: unsigned integers of 8, 32 and 64 bits, booleans and UTF-8 texts, each with
//! or without nulls. The arrow crates' own reader panics or reserves memory on some hostile inputs, so tables are read
//! by walking the (verified) flatbuffers here and copying each column out with checked bounds.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_ipc::{CompressionType, MetadataVersion, root_as_footer};
use arrow_schema::{ArrowError, DataType, Field, Schema};

use super::SnapshotError;
use super::record_batch::{Batch, decode};

const MAGIC: &[u8] = b"ARROW1";

/// Rows of a batch: enough to compress well, few enough that decoding one takes little memory.
pub(super) const BATCH_ROWS: usize = 1 << 18;

/// What a column consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnType {
    U8,
    U32,
    U64,
    Bool,
    Text,
}

impl ColumnType {
    fn data_type(self) -> DataType {
        match self {
            Self::U8 => DataType::UInt8,
            Self::U32 => DataType::UInt32,
            Self::U64 => DataType::UInt64,
            Self::Bool => DataType::Boolean,
            Self::Text => DataType::Utf8,
        }
    }
}

/// Writes a table of the given columns, batch by batch.
///
/// # Errors
/// Only if a batch does not have these columns, or a column outgrows Arrow's limits.
pub(super) fn write_table(
    columns: &[(&str, ColumnType)],
    batches: impl IntoIterator<Item = Vec<ArrayRef>>,
) -> Result<Vec<u8>, SnapshotError> {
    write_batches(columns, batches)
        .map_err(|error| SnapshotError::Unwritable { what: "a table", detail: error.to_string() })
}

fn write_batches(
    columns: &[(&str, ColumnType)],
    batches: impl IntoIterator<Item = Vec<ArrayRef>>,
) -> Result<Vec<u8>, ArrowError> {
    let fields: Vec<Field> = columns.iter().map(|(name, kind)| Field::new(*name, kind.data_type(), true)).collect();
    let schema = std::sync::Arc::new(Schema::new(fields));
    let options = IpcWriteOptions::try_new(8, false, MetadataVersion::V5)?
        .try_with_compression(Some(CompressionType::LZ4_FRAME))?;
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &schema, options)?;
    for arrays in batches {
        writer.write(&RecordBatch::try_new(schema.clone(), arrays)?)?;
    }
    writer.into_inner()
}

/// A table that is read batch by batch.
pub(super) struct TableReader<'bytes> {
    entry: &'bytes str,
    bytes: &'bytes [u8],
    columns: Vec<(String, ColumnType)>,
    /// Offset and length of the metadata, and length of the body, of each batch.
    blocks: Vec<(usize, usize, usize)>,
}

impl<'bytes> TableReader<'bytes> {
    /// Reads schema and footer.
    ///
    /// # Errors
    /// [`SnapshotError::Table`] if the bytes are no Arrow file of flat columns.
    pub(super) fn new(entry: &'bytes str, bytes: &'bytes [u8]) -> Result<Self, SnapshotError> {
        let wrong = |detail: &str| SnapshotError::Table { entry: entry.into(), detail: detail.into() };
        let tail = MAGIC.len() + 4;
        if bytes.len() < MAGIC.len() + tail || !bytes.starts_with(MAGIC) || !bytes.ends_with(MAGIC) {
            return Err(wrong("no Arrow file"));
        }
        let footer_end = bytes.len() - tail;
        let length = i32::from_le_bytes([0, 1, 2, 3].map(|index| bytes[footer_end + index]));
        let footer = usize::try_from(length).ok().and_then(|length| footer_end.checked_sub(length));
        let footer = footer.ok_or_else(|| wrong("the footer's length is wrong"))?;
        let footer = root_as_footer(&bytes[footer..footer_end]).map_err(|_| wrong("the footer is damaged"))?;
        let schema = footer.schema().ok_or_else(|| wrong("no schema"))?;
        let mut columns = Vec::new();
        for field in schema.fields().into_iter().flatten() {
            let name = field.name().unwrap_or_default().to_owned();
            let kind = column_type(&field).ok_or_else(|| wrong(&format!("column {name:?} is of no flat type")))?;
            columns.push((name, kind));
        }
        let mut blocks = Vec::new();
        for block in footer.recordBatches().into_iter().flatten() {
            let place = (
                usize::try_from(block.offset()).ok(),
                usize::try_from(block.metaDataLength()).ok(),
                usize::try_from(block.bodyLength()).ok(),
            );
            let (Some(offset), Some(metadata), Some(body)) = place else {
                return Err(wrong("a batch has a negative place"));
            };
            blocks.push((offset, metadata, body));
        }
        Ok(Self { entry, bytes, columns, blocks })
    }

    /// Reads the batches one after the other.
    pub(super) fn batches(&self) -> impl ExactSizeIterator<Item = Result<Batch<'_>, SnapshotError>> {
        self.blocks.iter().map(|&(offset, metadata, body)| {
            let middle = offset.checked_add(metadata);
            let end = middle.and_then(|middle| middle.checked_add(body));
            let parts = middle
                .zip(end)
                .and_then(|(middle, end)| Some((self.bytes.get(offset..middle)?, self.bytes.get(middle..end)?)));
            let decoded = match parts {
                Some((metadata, body)) => decode(&self.columns, metadata, body),
                None => Err("a batch lies outside of the table".into()),
            };
            decoded
                .map(|batch| batch.of_entry(self.entry))
                .map_err(|detail| SnapshotError::Table { entry: self.entry.into(), detail })
        })
    }
}

fn column_type(field: &arrow_ipc::Field<'_>) -> Option<ColumnType> {
    if field.dictionary().is_some() {
        return None;
    }
    match field.type_type() {
        arrow_ipc::Type::Bool => Some(ColumnType::Bool),
        arrow_ipc::Type::Utf8 => Some(ColumnType::Text),
        arrow_ipc::Type::Int => {
            let int = field.type_as_int()?;
            match (int.bitWidth(), int.is_signed()) {
                (8, false) => Some(ColumnType::U8),
                (32, false) => Some(ColumnType::U32),
                (64, false) => Some(ColumnType::U64),
                _ => None,
            }
        }
        _ => None,
    }
}
