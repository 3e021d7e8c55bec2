//! Heaps to entries.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, StringArray, UInt8Array, UInt32Array, UInt64Array};

use super::contents;
use super::description::{Check, PEAK, PRODUCER, SnapshotDescription, SnapshotMeta, snapshot_entry};
use super::entry::{Entry, json};
use super::events;
use super::table::{BATCH_ROWS, ColumnType, write_table};
use super::totals;
use super::words::{evidence_code, family_code, store_link, store_place};
use super::write_shared::{SharedTables, SnapshotIds};
use super::{FORMAT, SnapshotError};
use crate::heap::{EdgeEvidence, Family, Heap};
use crate::id::ObjectId;

/// Bytes of a page of linear memory.
const PAGE_BYTES: u64 = 1 << 16;

/// Writes the heaps of one recording, one after the other.
#[derive(Debug, Default)]
pub struct Writer {
    count: u32,
    /// Numbers of the snapshots in the order in which they were written.
    written: Vec<u32>,
    shared: SharedTables,
}

impl Writer {
    /// A writer of an empty recording.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The entries of the next snapshot. The last one completes it: a folder that does not hold it yet opens without
    /// this snapshot. Time O(V + E), space O(bytes of the largest table).
    ///
    /// # Errors
    /// [`SnapshotError::Unwritable`] if a table outgrows the format.
    pub fn add(&mut self, heap: &Heap) -> Result<Vec<Entry>, SnapshotError> {
        let number = self.count + 1;
        let entries = self.entries(heap, number)?;
        self.count = number;
        Ok(entries)
    }

    /// The entries of the snapshot of the peak, which has no number: there is one at most in a recording. Otherwise as
    /// [`add`](Self::add).
    ///
    /// # Errors
    /// As those of [`add`](Self::add), and when there is one already.
    pub fn add_peak(&mut self, heap: &Heap) -> Result<Vec<Entry>, SnapshotError> {
        if self.written.contains(&PEAK) {
            let detail = "the recording has one".to_owned();
            return Err(SnapshotError::Unwritable { what: "a second snapshot of the peak", detail });
        }
        self.entries(heap, PEAK)
    }

    fn entries(&mut self, heap: &Heap, number: u32) -> Result<Vec<Entry>, SnapshotError> {
        let mut entries = Vec::new();
        let mut own = BTreeMap::new();
        let mut push = |table: &str, bytes: Vec<u8>| {
            let name = format!("{number}/{table}.arrow");
            own.insert(table.to_owned(), vec![name.clone()]);
            entries.push(Entry { name, bytes });
        };
        let ids = self.shared.intern(heap, number)?;
        push("objects", objects(heap, &ids)?);
        push("edges", edges(heap, &mut self.shared)?);
        push("roots", roots(heap)?);
        push("modules", modules(heap)?);
        push("pages", pages(heap)?);
        for (table, bytes) in ["contents", "bytes"].into_iter().zip(contents::write_contents(heap)?) {
            bytes.into_iter().for_each(|bytes| push(table, bytes));
        }
        if let Some(bytes) = contents::write_values(heap, &mut self.shared)? {
            push("values", bytes);
        }
        if let Some(bytes) = totals::write(heap, &ids)? {
            push("totals", bytes);
        }
        if let Some(bytes) = events::write_numbers(heap, &ids)? {
            push("numbers", bytes);
        }
        let mut tables = own;
        for (table, bytes) in self.shared.new_rows()? {
            let name = format!("{number}/{table}.arrow");
            entries.push(Entry { name, bytes });
        }
        let numbers: Vec<u32> = self.written.iter().copied().chain([number]).collect();
        tables.extend(self.shared.segments(&numbers));
        let description = SnapshotDescription {
            format: FORMAT,
            producer: PRODUCER.into(),
            snapshot: meta(heap, number, tables),
            entries: entries.iter().map(|entry| (entry.name.clone(), Check::of(&entry.bytes))).collect(),
        };
        entries.push(Entry { name: snapshot_entry(number), bytes: json(&description)? });
        // Only now: a snapshot that could not be written leaves no trace in the later ones.
        self.written = numbers;
        self.shared.commit();
        Ok(entries)
    }
}

fn meta(heap: &Heap, number: u32, tables: BTreeMap<String, Vec<String>>) -> SnapshotMeta {
    let mut facts = heap.facts().clone();
    facts.snapshot = number;
    SnapshotMeta {
        number,
        reason: facts.reason.clone(),
        at_nanos: facts.at_nanos,
        objects: heap.object_count() as u64,
        edges: heap.edge_count() as u64,
        roots: heap.roots().len() as u64,
        bytes: heap.objects().map(|object| heap.size(object)).sum(),
        facts,
        root_object: heap.root_object().map(ObjectId::raw),
        vocabulary: heap.vocabulary().into(),
        tables,
    }
}

/// Cuts rows into batches.
pub(super) fn batches(rows: usize, each: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..rows).step_by(each).map(move |start| start..rows.min(start + each))
}

fn objects(heap: &Heap, ids: &SnapshotIds) -> Result<Vec<u8>, SnapshotError> {
    use ColumnType::{U8, U32, U64};
    let columns = [
        ("family", U8),
        ("instance", U32),
        ("address", U64),
        ("size", U64),
        ("usable", U64),
        ("type", U32),
        ("class", U32),
        ("evidence", U8),
        ("context", U32),
        ("serial", U64),
        ("age", U32),
        ("length", U64),
        ("name", U32),
    ];
    let batch = |range: std::ops::Range<usize>| -> Vec<ArrayRef> {
        let objects = || range.clone().map(|index| ObjectId::new(index as u32));
        vec![
            Arc::new(UInt8Array::from_iter_values(objects().map(|object| family_code(heap.family(object))))),
            Arc::new(UInt32Array::from_iter_values(objects().map(|object| heap.instance(object)))),
            Arc::new(UInt64Array::from_iter_values(objects().map(|object| heap.address(object)))),
            Arc::new(UInt64Array::from_iter_values(objects().map(|object| heap.size(object)))),
            Arc::new(UInt64Array::from_iter_values(objects().map(|object| heap.usable(object)))),
            Arc::new(objects().map(|object| heap.type_of(object).map(|ty| ty.raw())).collect::<UInt32Array>()),
            Arc::new(objects().map(|object| class_column(heap, object)).collect::<UInt32Array>()),
            Arc::new(UInt8Array::from_iter_values(objects().map(|object| evidence_code(heap.type_evidence(object))))),
            Arc::new(objects().map(|object| heap.context(object).map(|id| ids.context(id))).collect::<UInt32Array>()),
            Arc::new(UInt64Array::from_iter_values(objects().map(|object| heap.serial(object)))),
            Arc::new(UInt32Array::from_iter_values(objects().map(|object| heap.age(object)))),
            Arc::new(objects().map(|object| heap.length(object)).collect::<UInt64Array>()),
            Arc::new(objects().map(|object| ids.name(object)).collect::<UInt32Array>()),
        ]
    };
    write_table(&columns, batches(heap.object_count(), BATCH_ROWS).map(batch))
}

/// The most-derived type where it differs from the static one.
fn class_column(heap: &Heap, object: ObjectId) -> Option<u32> {
    let class = heap.class_of(object);
    if class == heap.type_of(object) { None } else { class.map(|ty| ty.raw()) }
}

fn edges(heap: &Heap, shared: &mut SharedTables) -> Result<Vec<u8>, SnapshotError> {
    use ColumnType::{Bool, U8, U32, U64};
    let columns = [
        ("from", U32),
        ("to", U32),
        ("relation", U8),
        ("value", U64),
        ("into", U64),
        ("conservative", Bool),
        ("extra", U64),
    ];
    let mut rows = heap.objects().flat_map(|from| heap.referents(from).map(move |edge| (from, edge)));
    let total = heap.edge_count();
    let batches = batches(total, BATCH_ROWS).map(|range| -> Vec<ArrayRef> {
        let count = range.len();
        let (mut froms, mut tos) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut codes, mut values) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut intos, mut conservative) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut given = Vec::with_capacity(count);
        for (from, edge) in rows.by_ref().take(count) {
            let stored = store_link(edge.link, |text| shared.text(text));
            froms.push(from.raw());
            tos.push(edge.other.raw());
            codes.push(stored.code);
            values.push(stored.value);
            intos.push(edge.into);
            conservative.push(edge.evidence == EdgeEvidence::Conservative);
            given.push(stored.extra);
        }
        vec![
            Arc::new(UInt32Array::from(froms)),
            Arc::new(UInt32Array::from(tos)),
            Arc::new(UInt8Array::from(codes)),
            Arc::new(UInt64Array::from(values)),
            Arc::new(UInt64Array::from(intos)),
            Arc::new(BooleanArray::from(conservative)),
            Arc::new(UInt64Array::from(given)),
        ]
    });
    write_table(&columns, batches)
}

fn roots(heap: &Heap) -> Result<Vec<u8>, SnapshotError> {
    use ColumnType::{Bool, Text, U8, U32, U64};
    let columns = [
        ("place", U8),
        ("instance", U32),
        ("thread", U32),
        ("number", U32),
        ("position", U64),
        ("name", Text),
        ("to", U32),
        ("conservative", Bool),
        ("into", U64),
    ];
    let batch = |range: std::ops::Range<usize>| -> Vec<ArrayRef> {
        let roots = &heap.roots()[range];
        let places: Vec<_> = roots.iter().map(|root| store_place(&root.place)).collect();
        vec![
            Arc::new(UInt8Array::from_iter_values(places.iter().map(|place| place.code))),
            Arc::new(places.iter().map(|place| place.instance).collect::<UInt32Array>()),
            Arc::new(places.iter().map(|place| place.thread).collect::<UInt32Array>()),
            Arc::new(places.iter().map(|place| place.number).collect::<UInt32Array>()),
            Arc::new(places.iter().map(|place| place.position).collect::<UInt64Array>()),
            Arc::new(places.iter().map(|place| place.name.as_deref()).collect::<StringArray>()),
            Arc::new(UInt32Array::from_iter_values(roots.iter().map(|root| root.to.raw()))),
            Arc::new(BooleanArray::from_iter(roots.iter().map(|root| Some(root.conservative)))),
            Arc::new(UInt64Array::from_iter_values(roots.iter().map(|root| root.into))),
        ]
    };
    let ranges =
        text_batches(heap.roots().iter().map(|root| store_place(&root.place).name.map_or(0, |name| name.len())))?;
    write_table(&columns, ranges.into_iter().map(batch))
}

/// Rows per batch so that no batch's texts outgrow the 32-bit offsets of Arrow's texts.
pub(super) fn text_batches(lengths: impl Iterator<Item = usize>) -> Result<Vec<std::ops::Range<usize>>, SnapshotError> {
    const MOST_BYTES: usize = 1 << 28;
    let mut ranges = Vec::new();
    let (mut start, mut bytes, mut rows) = (0, 0, 0);
    for length in lengths {
        if length > MOST_BYTES {
            let detail = format!("{length} bytes, the format holds texts up to {MOST_BYTES}");
            return Err(SnapshotError::Unwritable { what: "a text", detail });
        }
        if bytes + length > MOST_BYTES || rows - start == BATCH_ROWS {
            ranges.push(start..rows);
            (start, bytes) = (rows, 0);
        }
        bytes += length;
        rows += 1;
    }
    if rows > start {
        ranges.push(start..rows);
    }
    Ok(ranges)
}

/// The module objects by themselves, for readers of the tables.
fn modules(heap: &Heap) -> Result<Vec<u8>, SnapshotError> {
    use ColumnType::{Text, U32, U64};
    let columns = [("object", U32), ("instance", U32), ("name", Text), ("address", U64), ("size", U64)];
    let modules: Vec<ObjectId> = heap.objects().filter(|&object| heap.family(object) == Family::Module).collect();
    let ranges = text_batches(modules.iter().map(|&module| heap.name(module).map_or(0, str::len)))?;
    let batch = |range: std::ops::Range<usize>| -> Vec<ArrayRef> {
        let modules = &modules[range];
        vec![
            Arc::new(UInt32Array::from_iter_values(modules.iter().map(|module| module.raw()))),
            Arc::new(UInt32Array::from_iter_values(modules.iter().map(|&module| heap.instance(module)))),
            Arc::new(modules.iter().map(|&module| heap.name(module)).collect::<StringArray>()),
            Arc::new(UInt64Array::from_iter_values(modules.iter().map(|&module| heap.address(module)))),
            Arc::new(UInt64Array::from_iter_values(modules.iter().map(|&module| heap.size(module)))),
        ]
    };
    write_table(&columns, ranges.into_iter().map(batch))
}

/// What a page of linear memory holds.
#[derive(Default)]
struct Page {
    blocks: u64,
    bytes: u64,
    usable: u64,
}

/// How many blocks begin in each page that has any, and how many bytes those have.
fn pages(heap: &Heap) -> Result<Vec<u8>, SnapshotError> {
    use ColumnType::{U32, U64};
    let columns = [("instance", U32), ("page", U64), ("blocks", U64), ("bytes", U64), ("usable", U64)];
    let mut pages: BTreeMap<(u32, u64), Page> = BTreeMap::new();
    for object in heap.objects().filter(|&object| heap.family(object) == Family::Block) {
        let page = pages.entry((heap.instance(object), heap.address(object) / PAGE_BYTES)).or_default();
        page.blocks += 1;
        page.bytes = page.bytes.saturating_add(heap.size(object));
        page.usable = page.usable.saturating_add(heap.usable(object));
    }
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from_iter_values(pages.keys().map(|(instance, _)| *instance))),
        Arc::new(UInt64Array::from_iter_values(pages.keys().map(|(_, page)| *page))),
        Arc::new(UInt64Array::from_iter_values(pages.values().map(|page| page.blocks))),
        Arc::new(UInt64Array::from_iter_values(pages.values().map(|page| page.bytes))),
        Arc::new(UInt64Array::from_iter_values(pages.values().map(|page| page.usable))),
    ];
    write_table(&columns, [arrays])
}
