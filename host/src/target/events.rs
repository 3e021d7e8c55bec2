//! Recording every event.
//!
//! The guest's own code writes each event into a ring in the live table's memory, 16 bytes each, which is small enough to
//! stay in the processor's nearest cache. When it is full the host moves its bytes to a batch; what they mean, and packing
//! them, is another thread's work.
//!
//! ```text
//! bits: u64     size of the block in the lower half, its tag in the upper; of others their number
//! address: u32  its first byte
//! kind: u32     see below
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use heapy_engine::events::{Event, EventChunk};
use wasmtime::AsContextMut;

use super::handles::{set_word, value};
use super::state::State;
use crate::live::layout::{Cell, EVENT, EVENTS, EVENTS_BYTES, TAG_FIRST, event_kinds};

/// Bytes of a batch. Memory that was used before is used again, so that its pages are there.
const BATCH_BYTES: usize = 1 << 20;

/// Memory of batches that nobody needs any more.
type Spare = Arc<Mutex<Vec<Vec<u8>>>>;

/// Events in order, as the guest's code wrote them; an [`EventReader`] reads them.
#[derive(Debug, Default)]
pub struct EventBatch {
    raw: Vec<u8>,
    /// Contexts of the tags that came up since the batch before.
    contexts: Vec<u32>,
    nanos: u64,
    spare: Spare,
}

impl Drop for EventBatch {
    fn drop(&mut self) {
        let mut raw = std::mem::take(&mut self.raw);
        raw.clear();
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(raw);
    }
}

/// Reads batches, which follow each other without a gap.
#[derive(Debug, Default)]
pub struct EventReader {
    /// Number of the context of each tag, from the first tag on.
    contexts: Vec<u32>,
    first: u64,
    allocations: u64,
}

impl EventReader {
    /// Before the first batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The events of the next batch, and the head of the chunk that they make. Time O(events).
    pub fn read<'batch>(
        &'batch mut self,
        batch: &'batch EventBatch,
    ) -> (EventChunk, impl Iterator<Item = Event> + 'batch) {
        self.contexts.extend_from_slice(&batch.contexts);
        let events = batch.raw.as_chunks::<{ EVENT as usize }>().0;
        let (first, allocations) = (self.first, self.allocations);
        self.first += events.len() as u64;
        self.allocations += events.iter().filter(|bytes| kind(bytes) == event_kinds::ALLOCATE).count() as u64;
        let head = EventChunk { events: events.len() as u32, first, allocations, nanos: batch.nanos };
        let contexts = &self.contexts;
        (head, events.iter().map(|bytes| event(bytes, contexts)))
    }

    /// Events read so far.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.first
    }
}

fn kind(bytes: &[u8; EVENT as usize]) -> u32 {
    bytes[12..].try_into().map_or(0, u32::from_le_bytes)
}

fn event(bytes: &[u8; EVENT as usize], contexts: &[u32]) -> Event {
    let bits = bytes[..8].try_into().map_or(0, u64::from_le_bytes);
    let address = bytes[8..12].try_into().map_or(0, u32::from_le_bytes);
    let cell = Cell::unpack(bits);
    match kind(bytes) {
        event_kinds::ALLOCATE => {
            let context = contexts.get(cell.tag.wrapping_sub(TAG_FIRST) as usize).copied();
            Event::Allocate { address, size: cell.size, context: context.unwrap_or(0) }
        }
        event_kinds::RELEASE => Event::Release { address, size: cell.size },
        event_kinds::RESIZE => Event::Resize { address, size: cell.size },
        event_kinds::TIME => Event::Time { nanos: bits },
        _ => Event::Snapshot { number: bits as u32 },
    }
}

/// Takes the events.
pub type EventSink = Box<dyn FnMut(EventBatch) + Send>;

/// Where events go, and those that are on the way.
pub(crate) struct EventOutput {
    sink: EventSink,
    raw: Vec<u8>,
    /// Tags whose contexts were told.
    told: usize,
    spare: Spare,
}

impl EventOutput {
    /// Before the first event.
    pub(crate) fn new(sink: EventSink) -> Self {
        Self { sink, raw: Vec::new(), told: 0, spare: Spare::default() }
    }

    /// Memory for a batch.
    fn memory(&self) -> Vec<u8> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| Vec::with_capacity(BATCH_BYTES))
    }
}

impl State {
    /// Notes an event that the host has seen to.
    pub(crate) fn note_event(&mut self, mut store: impl AsContextMut, kind: u32, bits: u64, address: u32) {
        if self.events.is_none() {
            return;
        }
        if value(&self.handles.event_at, &mut store) >= EVENTS_BYTES {
            self.drain_events(&mut store);
        }
        let at = value(&self.handles.event_at, &mut store) as usize;
        let place = EVENTS as usize + at;
        let memory = self.handles.live.data_mut(&mut store);
        if let Some(entry) = memory.get_mut(place..place + EVENT as usize) {
            entry[..8].copy_from_slice(&bits.to_le_bytes());
            entry[8..12].copy_from_slice(&address.to_le_bytes());
            entry[12..].copy_from_slice(&kind.to_le_bytes());
        }
        set_word(&self.handles.event_at, &mut store, at as u32 + EVENT as u32);
    }

    /// Empties the ring. Its events go on when there are enough of them.
    pub(crate) fn drain_events(&mut self, mut store: impl AsContextMut) {
        let Some(output) = &mut self.events else { return };
        let end = value(&self.handles.event_at, &mut store).min(EVENTS_BYTES) as usize;
        let memory = self.handles.live.data(&store);
        let ring = memory.get(EVENTS as usize..EVENTS as usize + end).unwrap_or_default();
        output.raw.extend_from_slice(ring);
        set_word(&self.handles.event_at, store, 0);
        if output.raw.len() + EVENTS_BYTES as usize > BATCH_BYTES {
            self.hand_events_on();
        }
    }

    /// Hands on all events that have left the ring.
    pub(crate) fn hand_events_on(&mut self) {
        let Some(output) = &mut self.events else { return };
        let memory = output.memory();
        let raw = std::mem::replace(&mut output.raw, memory);
        if raw.is_empty() {
            return;
        }
        let contexts: Vec<u32> = self.contexts.births().skip(output.told).map(|birth| birth.context).collect();
        output.told += contexts.len();
        let nanos = self.started.elapsed().as_nanos() as u64;
        (output.sink)(EventBatch { raw, contexts, nanos, spare: Arc::clone(&output.spare) });
    }
}
