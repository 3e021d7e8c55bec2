//! Events of a recording: entries `events/N.bin`, and the heap of any moment from them.

use std::collections::BTreeMap;

use arrow_array::{ArrayRef, UInt32Array};

use super::SnapshotError;
use super::description::Check;
use super::entry::Entry;
use super::read::{Recording, Tables};
use super::read_shared::{Shared, read_shared};
use super::table::{BATCH_ROWS, ColumnType, write_table};
use super::write::batches;
use super::write_shared::SnapshotIds;
use crate::events::{Moment, Replay};
use crate::heap::{Facts, Heap, HeapBuilder, ObjectRecord, Vocabulary};
use crate::id::ContextId;

/// The folder of the chunks.
const FOLDER: &str = "events/";

/// The entry of a chunk of events; chunks are numbered from 0 without a gap.
#[must_use]
pub fn events_entry(number: u32, chunk: Vec<u8>) -> Entry {
    Entry { name: format!("{FOLDER}{number:08}.bin"), bytes: chunk }
}

/// Checks of the chunks among entries: of a run that was cut off, as far as they follow each other without a gap.
pub(super) fn checks(entries: &BTreeMap<String, Vec<u8>>) -> impl Iterator<Item = (String, Check)> + '_ {
    let chunks = (0u32..).map_while(|number| entries.get_key_value(&events_entry(number, Vec::new()).name));
    chunks.map(|(name, bytes)| (name.clone(), Check::of(bytes)))
}

/// The table `numbers`: the context of each number that events use; none for heaps of runs without events.
pub(super) fn write_numbers(heap: &Heap, ids: &SnapshotIds) -> Result<Option<Vec<u8>>, SnapshotError> {
    let numbers = heap.context_numbers();
    if numbers.is_empty() {
        return Ok(None);
    }
    let id = |number: &Option<ContextId>| number.map(|context| ids.context(context));
    let batch = |range: std::ops::Range<usize>| -> Vec<ArrayRef> {
        vec![std::sync::Arc::new(numbers[range].iter().map(id).collect::<UInt32Array>())]
    };
    write_table(&[("context", ColumnType::U32)], batches(numbers.len(), BATCH_ROWS).map(batch)).map(Some)
}

/// Reads the table `numbers`, if there is one.
pub(super) fn read_numbers(
    tables: &Tables<'_>,
    shared: &Shared,
    builder: &mut HeapBuilder,
) -> Result<(), SnapshotError> {
    tables.read("numbers", |batch, _| {
        let contexts = batch.optional("context", ColumnType::U32)?;
        for row in 0..batch.rows {
            let context = contexts.u32(row).map(|context| shared.context(batch, context)).transpose()?;
            builder.add_context_number(context);
        }
        Ok(())
    })?;
    Ok(())
}

impl Recording {
    /// Whether every event was recorded.
    #[must_use]
    pub fn has_events(&self) -> bool {
        self.chunks().next().is_some()
    }

    fn chunks(&self) -> impl Iterator<Item = &str> {
        self.entry_names().filter(|name| name.starts_with(FOLDER))
    }

    /// The heap's blocks at a moment. Time O(events before it; of the peak twice all events), memory O(live blocks).
    ///
    /// # Errors
    /// The recording has no events, they are damaged, or end before the moment.
    pub fn replay(&self, moment: Moment) -> Result<Replay, SnapshotError> {
        if !self.has_events() {
            return Err(SnapshotError::NoEvents);
        }
        let moment = match moment {
            Moment::Peak => Moment::Event(self.replay(Moment::End)?.peak().1),
            other => other,
        };
        let mut replay = Replay::new();
        for name in self.chunks() {
            let chunk = self.checked_entry(name)?;
            let wrong = |error: crate::events::EventError| SnapshotError::Table {
                entry: name.to_owned(),
                detail: error.to_string(),
            };
            if replay.go(&chunk, moment).map_err(wrong)? {
                return Ok(replay);
            }
        }
        let there = match moment {
            Moment::Event(number) => replay.events() >= number,
            Moment::Allocation(number) => replay.allocations() >= number,
            Moment::Snapshot(_) => false,
            Moment::Nanos(_) | Moment::Peak | Moment::End => true,
        };
        if there {
            return Ok(replay);
        }
        Err(SnapshotError::NoSuchMoment {
            moment: moment.to_string(),
            events: replay.events(),
            allocations: replay.allocations(),
        })
    }

    /// The heap at a moment: blocks with their sizes, calling contexts and serials, which tell them apart at two moments of
    /// the recording. What refers to what is known of snapshots only. Time and memory as those of
    /// [`replay`](Self::replay).
    ///
    /// # Errors
    /// As those of [`replay`](Self::replay); besides, the shared tables are damaged.
    pub fn heap_at(&self, moment: Moment) -> Result<Heap, SnapshotError> {
        let replay = self.replay(moment)?;
        let meta = self.snapshots().last().or_else(|| self.peak());
        let mut notes =
            vec!["what refers to what is known of snapshots only: every block looks unreachable here".into()];
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        match meta {
            Some(meta) => {
                let tables = self.tables(meta);
                let shared = read_shared(&tables, &mut builder)?;
                read_numbers(&tables, &shared, &mut builder)?;
            }
            None => {
                notes.push("the run was cut off before its first snapshot, which would tell calling contexts".into())
            }
        }
        let numbers = builder.take_context_numbers();
        for block in replay.blocks() {
            let number = (block.context as usize).checked_sub(1);
            builder.add_object(ObjectRecord {
                context: number.and_then(|number| numbers.get(number).copied().flatten()),
                serial: block.birth,
                ..ObjectRecord::block(u64::from(block.address), u64::from(block.size))
            });
        }
        builder.set_facts(Facts {
            guest: meta.map(|meta| meta.facts.guest.clone()).unwrap_or_default(),
            reason: moment.to_string(),
            at_nanos: replay.nanos(),
            allocations: replay.allocations(),
            peak_bytes: replay.peak().0,
            serials: true,
            notes,
            ..Facts::default()
        });
        Ok(builder.finish()?)
    }
}
