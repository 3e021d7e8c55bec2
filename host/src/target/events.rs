//! Recording every event.
//!
//! The guest's own code writes each event into a ring in the live table's memory, 16 bytes each, and calls the host when it
//! is full. The host turns tags into numbers of contexts and hands the events on; packing them is another thread's work.
//!
//! ```text
//! bits: u64     size of the block in the lower half, its tag in the upper; of others their number
//! address: u32  its first byte
//! kind: u32     see below
//! ```

use heapy_engine::events::Event;
use wasmtime::AsContextMut;

use super::handles::{set_word, value};
use super::state::State;
use crate::live::layout::{Cell, EVENT, EVENTS, EVENTS_BYTES, event_kinds};

/// Events in order, and what came before them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventBatch {
    /// The events.
    pub events: Vec<Event>,
    /// Events before the first one.
    pub first: u64,
    /// Allocations before it.
    pub allocations: u64,
    /// Nanoseconds since the guest began, at the end.
    pub nanos: u64,
}

/// Takes the events.
pub type EventSink = Box<dyn FnMut(EventBatch) + Send>;

/// Where events go, and how many went there.
pub(crate) struct EventOutput {
    sink: EventSink,
    first: u64,
    allocations: u64,
}

impl EventOutput {
    /// Before the first event.
    pub(crate) fn new(sink: EventSink) -> Self {
        Self { sink, first: 0, allocations: 0 }
    }
}

impl State {
    /// Notes an event that the host has seen to.
    pub(crate) fn note_event(&mut self, mut store: impl AsContextMut, kind: u32, bits: u64, address: u32) {
        if self.events.is_none() {
            return;
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
        if at as u64 + EVENT >= EVENTS_BYTES {
            self.drain_events(store);
        }
    }

    /// Hands the ring's events on, and empties it.
    pub(crate) fn drain_events(&mut self, mut store: impl AsContextMut) {
        let Some(output) = &mut self.events else { return };
        let end = value(&self.handles.event_at, &mut store).min(EVENTS_BYTES) as usize;
        if end == 0 {
            return;
        }
        let memory = self.handles.live.data(&store);
        let ring = memory.get(EVENTS as usize..EVENTS as usize + end).unwrap_or_default();
        let mut events = Vec::with_capacity(end / EVENT as usize);
        let mut allocations = 0;
        for entry in ring.as_chunks::<{ EVENT as usize }>().0 {
            let (bits, rest) = entry.split_at(8);
            let bits = bits.try_into().map_or(0, u64::from_le_bytes);
            let rest = rest.try_into().map_or(0, u64::from_le_bytes);
            let (address, cell) = (rest as u32, Cell::unpack(bits));
            events.push(match (rest >> 32) as u32 {
                event_kinds::ALLOCATE => {
                    allocations += 1;
                    Event::Allocate { address, size: cell.size, context: self.contexts.birth(cell.tag).context }
                }
                event_kinds::RELEASE => Event::Release { address, size: cell.size },
                event_kinds::RESIZE => Event::Resize { address, size: cell.size },
                event_kinds::TIME => Event::Time { nanos: bits },
                _ => Event::Snapshot { number: bits as u32 },
            });
        }
        let first = output.first;
        let before = output.allocations;
        output.first += events.len() as u64;
        output.allocations += allocations;
        let nanos = self.started.elapsed().as_nanos() as u64;
        (output.sink)(EventBatch { events, first, allocations: before, nanos });
        set_word(&self.handles.event_at, store, 0);
    }
}
