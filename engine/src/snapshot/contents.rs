//! The tables `contents` and `values`: room that is not used, equality of contents, values of fields. A snapshot that has
//! none of it has no such table.

use std::sync::Arc;

use arrow_array::{ArrayRef, UInt32Array, UInt64Array};

use super::SnapshotError;
use super::read::Tables;
use super::read_shared::Shared;
use super::table::{BATCH_ROWS, ColumnType, write_table};
use super::write::batches;
use super::write_shared::SharedTables;
use crate::heap::{Heap, HeapBuilder, HeldValue};
use crate::id::ObjectId;

/// The table `contents`; none where it would be empty.
pub(super) fn write_contents(heap: &Heap) -> Result<Option<Vec<u8>>, SnapshotError> {
    use ColumnType::{U32, U64};
    let told = |object: &ObjectId| heap.content(*object).is_some() || heap.unused(*object) > 0;
    let objects: Vec<ObjectId> = heap.objects().filter(told).collect();
    if objects.is_empty() {
        return Ok(None);
    }
    let batch = |range: std::ops::Range<usize>| -> Vec<ArrayRef> {
        let objects = &objects[range];
        let unused = |object: ObjectId| Some(heap.unused(object)).filter(|&bytes| bytes > 0);
        vec![
            Arc::new(UInt32Array::from_iter_values(objects.iter().map(|object| object.raw()))),
            Arc::new(objects.iter().map(|&object| heap.content(object)).collect::<UInt32Array>()),
            Arc::new(objects.iter().map(|&object| unused(object)).collect::<UInt64Array>()),
        ]
    };
    let columns = [("object", U32), ("content", U32), ("unused", U64)];
    write_table(&columns, batches(objects.len(), BATCH_ROWS).map(batch)).map(Some)
}

/// The table `values`; none where it would be empty. Its texts are rows of `strings`.
pub(super) fn write_values(heap: &Heap, shared: &mut SharedTables) -> Result<Option<Vec<u8>>, SnapshotError> {
    use ColumnType::{U32, U64};
    let mut rows = Vec::new();
    for object in heap.objects() {
        for held in heap.values(object) {
            let texts = [&held.name, &held.type_name, &held.value].map(|text| shared.text(text));
            rows.push((object.raw(), held.offset, texts));
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let batch = |range: std::ops::Range<usize>| -> Vec<ArrayRef> {
        let rows = &rows[range];
        let text = |which: usize| UInt32Array::from_iter_values(rows.iter().map(move |row| row.2[which]));
        vec![
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.0))),
            Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.1))),
            Arc::new(text(0)),
            Arc::new(text(1)),
            Arc::new(text(2)),
        ]
    };
    let columns = [("object", U32), ("offset", U64), ("name", U32), ("type", U32), ("value", U32)];
    write_table(&columns, batches(rows.len(), BATCH_ROWS).map(batch)).map(Some)
}

/// Reads both tables, as far as they are there.
pub(super) fn read(
    tables: &Tables<'_>,
    shared: &Shared,
    count: u64,
    builder: &mut HeapBuilder,
) -> Result<(), SnapshotError> {
    tables.read("contents", |batch, _| {
        let objects = batch.u32s("object")?;
        let contents = batch.optional("content", ColumnType::U32)?;
        let unused = batch.optional("unused", ColumnType::U64)?;
        for (row, &object) in objects.iter().enumerate() {
            let key = tables.key(count, "contents", object)?;
            if let Some(content) = contents.u32(row) {
                builder.add_content(key, content);
            }
            if let Some(bytes) = unused.u64(row) {
                builder.add_unused(key, bytes);
            }
        }
        Ok(())
    })?;
    tables.read("values", |batch, _| {
        let (objects, offsets) = (batch.u32s("object")?, batch.u64s("offset")?);
        let columns = [batch.u32s("name")?, batch.u32s("type")?, batch.u32s("value")?];
        for (row, &object) in objects.iter().enumerate() {
            let text = |which: usize| {
                let string = columns[which][row];
                let found = shared.text(u64::from(string)).map(str::to_owned);
                found.ok_or_else(|| batch.wrong(format!("string {string} does not exist")))
            };
            let held = HeldValue { name: text(0)?, offset: offsets[row], type_name: text(1)?, value: text(2)? };
            builder.add_value(tables.key(count, "values", object)?, held);
        }
        Ok(())
    })?;
    Ok(())
}
