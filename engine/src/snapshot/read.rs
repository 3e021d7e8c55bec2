//! Entries to heaps.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use zip::ZipArchive;

use super::ahead;
use super::contents;
use super::description::{Check, FileDescription, META, PEAK, SnapshotDescription, SnapshotMeta, TIMELINE};
use super::events;
use super::file_bytes::FileBytes;
use super::read_shared::{Shared, read_shared};
use super::table::{ColumnType, TableReader};
use super::totals;
use super::upgrade::upgrade;
use super::words::{OFFSET, StoredLink, StoredPlace, evidence, family, place, relation};
use super::{Entry, SnapshotError};
use crate::heap::{EdgeEvidence, EdgeRecord, Heap, HeapBuilder, Link, ObjectKey, ObjectRecord, RootRecord};
use crate::id::TypeId;
use crate::timeline::Timeline;

/// A snapshot file or folder whose descriptions have been read; heaps are read on demand.
#[derive(Debug)]
pub struct Recording {
    source: Source,
    snapshots: Vec<SnapshotMeta>,
    peak: Option<SnapshotMeta>,
    checks: BTreeMap<String, Check>,
}

/// Where the entries are.
#[derive(Debug)]
enum Source {
    /// Offset and length of each entry of a file.
    File {
        bytes: FileBytes,
        places: BTreeMap<String, (u64, u64)>,
    },
    Entries(BTreeMap<String, Vec<u8>>),
}

impl Recording {
    /// Opens the bytes of a file.
    ///
    /// # Errors
    /// The bytes are no `.heapy` file, are cut off, or come from a newer version.
    pub fn read(bytes: impl Into<FileBytes>) -> Result<Self, SnapshotError> {
        let bytes = bytes.into();
        let places = entry_places(&bytes)?;
        let source = Source::File { bytes, places };
        let meta = source.entry(META)?;
        let meta: FileDescription = parse(META, &meta)?;
        let recording = Self { source, snapshots: meta.snapshots, peak: meta.peak, checks: meta.entries };
        recording.check_numbers()?;
        Ok(recording)
    }

    /// Opens the entries of a folder that a recording left behind. Snapshots without their last entry are not seen.
    ///
    /// # Errors
    /// A description is damaged or comes from a newer version.
    pub fn from_entries(entries: impl IntoIterator<Item = Entry>) -> Result<Self, SnapshotError> {
        let entries: BTreeMap<String, Vec<u8>> = entries.into_iter().map(|entry| (entry.name, entry.bytes)).collect();
        let Described { snapshots, peak, checks } = described(&entries)?;
        let recording = Self { source: Source::Entries(entries), snapshots, peak, checks };
        recording.check_numbers()?;
        Ok(recording)
    }

    /// The snapshots, in order of time.
    #[must_use]
    pub fn snapshots(&self) -> &[SnapshotMeta] {
        &self.snapshots
    }

    /// The snapshot of the peak, where one was kept beside the numbered ones; [`heap`](Self::heap) reads it as number 0.
    #[must_use]
    pub fn peak(&self) -> Option<&SnapshotMeta> {
        self.peak.as_ref()
    }

    /// Reads a heap; that of the peak is number 0. Time and space O(bytes of its tables).
    ///
    /// # Errors
    /// There is no such snapshot, or its tables are missing, damaged or make no heap.
    pub fn heap(&self, number: u32) -> Result<Heap, SnapshotError> {
        let meta = match (number as usize).checked_sub(1) {
            Some(index) => self.snapshots.get(index),
            None => self.peak.as_ref(),
        };
        let meta = meta.ok_or(SnapshotError::NoSuchSnapshot { number, count: self.snapshots.len() })?;
        let tables = self.tables(meta);
        let mut builder = HeapBuilder::new(meta.vocabulary.clone().into());
        builder.set_facts(meta.facts.clone());
        let shared = read_shared(&tables, &mut builder)?;
        let count = objects(&tables, &shared, &mut builder)?;
        edges(&tables, &shared, count, &mut builder)?;
        roots(&tables, count, &mut builder)?;
        contents::read(&tables, &shared, count, &mut builder)?;
        totals::read(&tables, &shared, &mut builder)?;
        events::read_numbers(&tables, &shared, &mut builder)?;
        if let Some(root) = meta.root_object {
            builder.set_root_object(tables.key(count, "objects", root)?);
        }
        Ok(builder.finish()?)
    }

    /// The course of the run; none in recordings without one.
    ///
    /// # Errors
    /// It is damaged.
    pub fn timeline(&self) -> Result<Option<Timeline>, SnapshotError> {
        if !self.checks.contains_key(TIMELINE) {
            return Ok(None);
        }
        let bytes = self.checked_entry(TIMELINE)?;
        let text = text_of(TIMELINE, &bytes)?;
        serde_json::from_str(text).map(Some).map_err(|error| wrong_description(TIMELINE, &error))
    }

    fn check_numbers(&self) -> Result<(), SnapshotError> {
        for (index, snapshot) in self.snapshots.iter().enumerate() {
            if snapshot.number as usize != index + 1 {
                let detail = format!("snapshot {} stands where snapshot {} belongs", snapshot.number, index + 1);
                return Err(SnapshotError::Description { entry: META.into(), detail });
            }
        }
        if let Some(peak) = self.peak.as_ref().filter(|peak| peak.number != PEAK) {
            let detail = format!("the snapshot of the peak has the number {}", peak.number);
            return Err(SnapshotError::Description { entry: META.into(), detail });
        }
        Ok(())
    }

    /// Names of the entries that are part of the recording, in order.
    pub(super) fn entry_names(&self) -> impl Iterator<Item = &str> {
        self.checks.keys().map(String::as_str)
    }

    /// The tables of a snapshot.
    pub(super) fn tables<'recording>(&'recording self, meta: &'recording SnapshotMeta) -> Tables<'recording> {
        Tables { recording: self, meta }
    }

    pub(super) fn checked_entry(&self, name: &str) -> Result<Cow<'_, [u8]>, SnapshotError> {
        let missing = || SnapshotError::Missing { entry: name.into() };
        let expected = self.checks.get(name).ok_or_else(missing)?;
        let bytes = self.source.entry(name)?;
        let found = Check::of(&bytes);
        if found != *expected {
            return Err(SnapshotError::Damaged { entry: name.into(), found: found.crc32, expected: expected.crc32 });
        }
        Ok(bytes)
    }
}

impl Check {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, crc32: crc32fast::hash(bytes) }
    }
}

impl Source {
    fn entry(&self, name: &str) -> Result<Cow<'_, [u8]>, SnapshotError> {
        let bytes = match self {
            Self::Entries(entries) => entries.get(name).map(|bytes| Cow::Borrowed(bytes.as_slice())),
            Self::File { bytes, places } => places.get(name).and_then(|&(offset, length)| bytes.range(offset, length)),
        };
        bytes.ok_or_else(|| SnapshotError::Missing { entry: name.into() })
    }
}

fn entry_places(bytes: &FileBytes) -> Result<BTreeMap<String, (u64, u64)>, SnapshotError> {
    let not_a_file = |detail: String| SnapshotError::NotAFile { detail, length: bytes.len() };
    let mut archive = ZipArchive::new(bytes.cursor()).map_err(|error| not_a_file(error.to_string()))?;
    let mut places = BTreeMap::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| not_a_file(error.to_string()))?;
        let name = entry.name().map_err(|error| not_a_file(error.to_string()))?.into_owned();
        if entry.compression() != zip::CompressionMethod::Stored || entry.compressed_size() != entry.size() {
            return Err(not_a_file(format!("entry {name:?} is not stored")));
        }
        let start = entry.data_start().ok_or_else(|| not_a_file(format!("entry {name:?} has no place")))?;
        places.insert(name, (start, entry.size()));
    }
    Ok(places)
}

/// The complete snapshots among entries.
pub(super) struct Described {
    /// The numbered ones, in order.
    pub(super) snapshots: Vec<SnapshotMeta>,
    /// That of the peak.
    pub(super) peak: Option<SnapshotMeta>,
    /// Checks of their entries.
    pub(super) checks: BTreeMap<String, Check>,
}

/// Finds the complete snapshots among entries.
pub(super) fn described(entries: &BTreeMap<String, Vec<u8>>) -> Result<Described, SnapshotError> {
    let mut snapshots: Vec<SnapshotMeta> = Vec::new();
    let mut checks = BTreeMap::new();
    for (name, bytes) in entries.iter().filter(|(name, _)| name.ends_with("/snapshot.json")) {
        let description: SnapshotDescription = parse(name, bytes)?;
        snapshots.push(description.snapshot);
        checks.extend(description.entries);
    }
    let (mut peaks, mut snapshots): (Vec<SnapshotMeta>, Vec<SnapshotMeta>) =
        snapshots.into_iter().partition(|snapshot| snapshot.number == PEAK);
    snapshots.sort_by_key(|snapshot| snapshot.number);
    if let Some(bytes) = entries.get(TIMELINE) {
        checks.insert(TIMELINE.into(), Check::of(bytes));
    }
    checks.extend(events::checks(entries));
    Ok(Described { snapshots, peak: peaks.pop(), checks })
}

fn parse<T: DeserializeOwned>(entry: &str, bytes: &[u8]) -> Result<T, SnapshotError> {
    let wrong = |error: serde_json::Error| wrong_description(entry, &error);
    let description = upgrade(entry, serde_json::from_str(text_of(entry, bytes)?).map_err(wrong)?)?;
    serde_json::from_value(description).map_err(wrong)
}

/// Texts are parsed, and not bytes: the page does the same with what the worker says, and loads the code once.
fn text_of<'bytes>(entry: &str, bytes: &'bytes [u8]) -> Result<&'bytes str, SnapshotError> {
    std::str::from_utf8(bytes).map_err(|error| wrong_description(entry, &error))
}

fn wrong_description(entry: &str, error: &dyn std::fmt::Display) -> SnapshotError {
    SnapshotError::Description { entry: entry.into(), detail: error.to_string() }
}

/// The tables of one snapshot.
pub(super) struct Tables<'recording> {
    recording: &'recording Recording,
    meta: &'recording SnapshotMeta,
}

impl Tables<'_> {
    /// Calls `each` with every batch of a table and the number of rows before it.
    pub(super) fn read(
        &self,
        table: &str,
        mut each: impl FnMut(&super::record_batch::Batch<'_>, usize) -> Result<(), SnapshotError>,
    ) -> Result<usize, SnapshotError> {
        let mut rows = 0usize;
        for entry in self.meta.tables.get(table).into_iter().flatten() {
            let bytes = self.recording.checked_entry(entry)?;
            let reader = TableReader::new(entry, &bytes)?;
            ahead::for_each(reader.batches(), |batch| {
                let batch = batch?;
                each(&batch, rows)?;
                rows += batch.rows;
                Ok::<_, SnapshotError>(())
            })?;
        }
        Ok(rows)
    }

    fn expect_rows(&self, table: &str, rows: usize, expected: u64) -> Result<(), SnapshotError> {
        if rows as u64 == expected {
            return Ok(());
        }
        Err(self.wrong(table, format!("{rows} rows, {expected} are described")))
    }

    /// The key of the object of this number, of `count` that there are.
    pub(super) fn key(&self, count: u64, table: &str, object: u32) -> Result<ObjectKey, SnapshotError> {
        if u64::from(object) < count {
            return Ok(HeapBuilder::key(object));
        }
        Err(self.wrong(table, format!("object {object} does not exist ({count} given)")))
    }

    /// An error about a table.
    pub(super) fn wrong(&self, table: &str, detail: String) -> SnapshotError {
        SnapshotError::Table { entry: format!("{}/{table}.arrow", self.meta.number), detail }
    }
}

fn objects(tables: &Tables<'_>, shared: &Shared, builder: &mut HeapBuilder) -> Result<u64, SnapshotError> {
    let rows = tables.read("objects", |batch, _| {
        let (families, instances) = (batch.u8s("family")?, batch.u32s("instance")?);
        let (addresses, sizes, usable) = (batch.u64s("address")?, batch.u64s("size")?, batch.u64s("usable")?);
        let (serials, ages) = (batch.u64s("serial")?, batch.u32s("age")?);
        let (types, classes) = (batch.optional("type", ColumnType::U32)?, batch.optional("class", ColumnType::U32)?);
        let bases = batch.u8s("evidence")?;
        let contexts = batch.optional("context", ColumnType::U32)?;
        let lengths = batch.optional("length", ColumnType::U64)?;
        let names = batch.optional("name", ColumnType::U32)?;
        for row in 0..batch.rows {
            let code = families.at(row);
            let name = names.u32(row).map(|name| {
                shared.text(u64::from(name)).ok_or_else(|| batch.wrong(format!("string {name} does not exist")))
            });
            builder.add_object(ObjectRecord {
                family: family(code).ok_or_else(|| batch.wrong(format!("{code} is no family")))?,
                instance: instances.at(row),
                address: addresses.at(row),
                size: sizes.at(row),
                usable: usable.at(row),
                ty: types.u32(row).map(TypeId::new),
                class: classes.u32(row).map(TypeId::new),
                evidence: evidence(bases.at(row))
                    .ok_or_else(|| batch.wrong(format!("{} is no evidence", bases.at(row))))?,
                context: contexts.u32(row).map(|context| shared.context(batch, context)).transpose()?,
                serial: serials.at(row),
                age: ages.at(row),
                length: lengths.u64(row),
                name: name.transpose()?.map(str::to_owned),
            });
        }
        Ok(())
    })?;
    tables.expect_rows("objects", rows, tables.meta.objects)?;
    Ok(rows as u64)
}

fn edges(tables: &Tables<'_>, shared: &Shared, count: u64, builder: &mut HeapBuilder) -> Result<(), SnapshotError> {
    let rows = tables.read("edges", |batch, _| {
        let (froms, tos, codes) = (batch.u32s("from")?, batch.u32s("to")?, batch.u8s("relation")?);
        let (values, intos) = (batch.u64s("value")?, batch.u64s("into")?);
        let conservative = batch.complete("conservative", ColumnType::Bool)?;
        let extra = batch.optional("extra", ColumnType::U64)?;
        for row in 0..batch.rows {
            let evidence = match conservative.bool(row) {
                Some(true) => EdgeEvidence::Conservative,
                _ => EdgeEvidence::Typed,
            };
            let (from, to) = (tables.key(count, "edges", froms.at(row))?, tables.key(count, "edges", tos.at(row))?);
            if codes.at(row) == OFFSET {
                builder.add_word(from, to, values.at(row), intos.at(row), evidence);
                continue;
            }
            let stored = StoredLink { code: codes.at(row), value: values.at(row), extra: extra.u64(row) };
            let relation = relation(&stored, |text| shared.text(text))
                .ok_or_else(|| batch.wrong(format!("relation {} of {} does not exist", stored.code, stored.value)))?;
            builder.add_edge(EdgeRecord { from, to, link: Link::Given(relation), into: intos.at(row), evidence });
        }
        Ok(())
    })?;
    tables.expect_rows("edges", rows, tables.meta.edges)
}

fn roots(tables: &Tables<'_>, count: u64, builder: &mut HeapBuilder) -> Result<(), SnapshotError> {
    let rows = tables.read("roots", |batch, _| {
        let (codes, tos, intos) = (batch.u8s("place")?, batch.u32s("to")?, batch.u64s("into")?);
        let (instances, threads) =
            (batch.optional("instance", ColumnType::U32)?, batch.optional("thread", ColumnType::U32)?);
        let (numbers, positions) =
            (batch.optional("number", ColumnType::U32)?, batch.optional("position", ColumnType::U64)?);
        let names = batch.optional("name", ColumnType::Text)?;
        let conservative = batch.complete("conservative", ColumnType::Bool)?;
        for row in 0..batch.rows {
            let stored = StoredPlace {
                code: codes.at(row),
                instance: instances.u32(row),
                thread: threads.u32(row),
                number: numbers.u32(row),
                position: positions.u64(row),
                name: names.text(row).map(str::to_owned),
            };
            let place = place(stored)
                .ok_or_else(|| batch.wrong(format!("root {row} is no place of kind {}", codes.at(row))))?;
            builder.add_root_record(RootRecord {
                place,
                to: tables.key(count, "roots", tos.at(row))?,
                conservative: conservative.bool(row) == Some(true),
                into: intos.at(row),
            });
        }
        Ok(())
    })?;
    tables.expect_rows("roots", rows, tables.meta.roots)
}
