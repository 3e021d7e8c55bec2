//! The tables `contents`, `bytes` and `values`: room that is not used, equality of contents, the bytes that are equal, values
//! of fields. A snapshot that has none of it has no such table.
//!
//! Equal bytes are held once: `held` of the first object with a number says how many rows of `bytes` are of that number.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{ArrayRef, UInt8Array, UInt32Array, UInt64Array};

use super::SnapshotError;
use super::read::Tables;
use super::read_shared::Shared;
use super::table::{BATCH_ROWS, ColumnType, write_table};
use super::write::batches;
use super::write_shared::SharedTables;
use crate::heap::{Heap, HeapBuilder, HeldValue};
use crate::id::ObjectId;

/// Rows of a batch of bytes.
const BYTES_OF_BATCH: usize = 1 << 22;

/// The tables `contents` and `bytes`; each none where it would be empty.
pub(super) fn write_contents(heap: &Heap) -> Result<[Option<Vec<u8>>; 2], SnapshotError> {
    use ColumnType::{U8, U32, U64};
    let told = |object: &ObjectId| heap.content(*object).is_some() || heap.unused(*object) > 0;
    let objects: Vec<ObjectId> = heap.objects().filter(told).collect();
    if objects.is_empty() {
        return Ok([None, None]);
    }
    let (held, bytes) = held_bytes(heap, &objects);
    let batch = |range: std::ops::Range<usize>| -> Vec<ArrayRef> {
        let held = held[range.clone()].iter().copied().collect::<UInt32Array>();
        let objects = &objects[range];
        let unused = |object: ObjectId| Some(heap.unused(object)).filter(|&bytes| bytes > 0);
        vec![
            Arc::new(UInt32Array::from_iter_values(objects.iter().map(|object| object.raw()))),
            Arc::new(objects.iter().map(|&object| heap.content(object)).collect::<UInt32Array>()),
            Arc::new(objects.iter().map(|&object| unused(object)).collect::<UInt64Array>()),
            Arc::new(held),
        ]
    };
    let columns = [("object", U32), ("content", U32), ("unused", U64), ("held", U32)];
    let contents = write_table(&columns, batches(objects.len(), BATCH_ROWS).map(batch))?;
    if bytes.is_empty() {
        return Ok([Some(contents), None]);
    }
    let batch = |range: std::ops::Range<usize>| -> Vec<ArrayRef> {
        vec![Arc::new(UInt8Array::from_iter_values(bytes[range].iter().copied()))]
    };
    let bytes = write_table(&[("byte", U8)], batches(bytes.len(), BYTES_OF_BATCH).map(batch))?;
    Ok([Some(contents), Some(bytes)])
}

/// How many bytes each object adds to those that are held, and these; equal ones are added once.
fn held_bytes(heap: &Heap, objects: &[ObjectId]) -> (Vec<Option<u32>>, Vec<u8>) {
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    let add = |object: &ObjectId| {
        let bytes = heap.bytes(*object).filter(|_| heap.content(*object).is_some_and(|class| seen.insert(class)))?;
        let length = u32::try_from(bytes.len()).ok()?;
        all.extend_from_slice(bytes);
        Some(length)
    };
    let held = objects.iter().map(add).collect();
    (held, all)
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

/// Reads the tables, as far as they are there.
pub(super) fn read(
    tables: &Tables<'_>,
    shared: &Shared,
    count: u64,
    builder: &mut HeapBuilder,
) -> Result<(), SnapshotError> {
    let mut held: Vec<(u32, u32)> = Vec::new();
    tables.read("contents", |batch, _| {
        let objects = batch.u32s("object")?;
        let contents = batch.optional("content", ColumnType::U32)?;
        let unused = batch.optional("unused", ColumnType::U64)?;
        let lengths = batch.added("held", ColumnType::U32)?;
        for row in 0..batch.rows {
            let key = tables.key(count, "contents", objects.at(row))?;
            if let Some(content) = contents.u32(row) {
                builder.add_content(key, content);
                held.extend(lengths.and_then(|lengths| lengths.u32(row)).map(|length| (content, length)));
            }
            if let Some(bytes) = unused.u64(row) {
                builder.add_unused(key, bytes);
            }
        }
        Ok(())
    })?;
    read_bytes(tables, &held, builder)?;
    tables.read("values", |batch, _| {
        let (objects, offsets) = (batch.u32s("object")?, batch.u64s("offset")?);
        let columns = [batch.u32s("name")?, batch.u32s("type")?, batch.u32s("value")?];
        for row in 0..batch.rows {
            let text = |which: usize| {
                let string = columns[which].at(row);
                let found = shared.text(u64::from(string)).map(str::to_owned);
                found.ok_or_else(|| batch.wrong(format!("string {string} does not exist")))
            };
            let held = HeldValue { name: text(0)?, offset: offsets.at(row), type_name: text(1)?, value: text(2)? };
            builder.add_value(tables.key(count, "values", objects.at(row))?, held);
        }
        Ok(())
    })?;
    Ok(())
}

/// Reads the bytes of each number, as many as `held` says, one behind the other.
fn read_bytes(tables: &Tables<'_>, held: &[(u32, u32)], builder: &mut HeapBuilder) -> Result<(), SnapshotError> {
    let mut all: Vec<u8> = Vec::new();
    tables.read("bytes", |batch, _| {
        all.extend_from_slice(batch.u8s("byte")?.all());
        Ok(())
    })?;
    let told: u64 = held.iter().map(|(_, length)| u64::from(*length)).sum();
    if told != all.len() as u64 {
        return Err(tables.wrong("bytes", format!("{} bytes, {told} are described", all.len())));
    }
    let mut rest = all.as_slice();
    for &(class, length) in held {
        let (bytes, more) = rest.split_at(length as usize);
        builder.add_bytes(class, bytes);
        rest = more;
    }
    Ok(())
}
