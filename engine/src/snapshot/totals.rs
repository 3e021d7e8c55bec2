//! The table `totals`: what all allocations came to, by calling context. A snapshot in which that was not counted has no
//! such table.

use std::sync::Arc;

use arrow_array::{ArrayRef, UInt32Array, UInt64Array};

use super::SnapshotError;
use super::read::Tables;
use super::read_shared::Shared;
use super::table::{BATCH_ROWS, ColumnType, write_table};
use super::write::batches;
use super::write_shared::SnapshotIds;
use crate::heap::{ContextTotals, Heap, HeapBuilder};

/// The table; none where it would be empty.
pub(super) fn write(heap: &Heap, ids: &SnapshotIds) -> Result<Option<Vec<u8>>, SnapshotError> {
    use ColumnType::{U32, U64};
    let totals = heap.totals();
    if totals.is_empty() {
        return Ok(None);
    }
    let batch = |range: std::ops::Range<usize>| -> Vec<ArrayRef> {
        let rows = || totals[range.clone()].iter();
        vec![
            Arc::new(rows().map(|row| row.context.map(|context| ids.context(context))).collect::<UInt32Array>()),
            Arc::new(UInt64Array::from_iter_values(rows().map(|row| row.allocations))),
            Arc::new(UInt64Array::from_iter_values(rows().map(|row| row.bytes))),
            Arc::new(UInt64Array::from_iter_values(rows().map(|row| row.frees))),
            Arc::new(UInt64Array::from_iter_values(rows().map(|row| row.temporary))),
            Arc::new(rows().map(|row| row.peak_bytes).collect::<UInt64Array>()),
        ]
    };
    let columns =
        [("context", U32), ("allocations", U64), ("bytes", U64), ("frees", U64), ("temporary", U64), ("peak", U64)];
    write_table(&columns, batches(totals.len(), BATCH_ROWS).map(batch)).map(Some)
}

/// Reads the table, if there is one.
pub(super) fn read(tables: &Tables<'_>, shared: &Shared, builder: &mut HeapBuilder) -> Result<(), SnapshotError> {
    tables.read("totals", |batch, _| {
        let contexts = batch.optional("context", ColumnType::U32)?;
        let (allocations, bytes) = (batch.u64s("allocations")?, batch.u64s("bytes")?);
        let (frees, temporary) = (batch.u64s("frees")?, batch.u64s("temporary")?);
        let peaks = batch.optional("peak", ColumnType::U64)?;
        for row in 0..batch.rows {
            builder.add_totals(ContextTotals {
                context: contexts.u32(row).map(|context| shared.context(batch, context)).transpose()?,
                allocations: allocations.at(row),
                bytes: bytes.at(row),
                frees: frees.at(row),
                temporary: temporary.at(row),
                peak_bytes: peaks.u64(row),
            });
        }
        Ok(())
    })?;
    Ok(())
}
