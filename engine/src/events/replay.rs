//! Going through the events of a run.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::chunk::{EventChunk, EventError};
use super::{Event, Moment};

/// A block that is live at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayedBlock {
    /// Its first byte.
    pub address: u32,
    /// Requested bytes.
    pub size: u32,
    /// Number of the calling context of its allocation, from 1; zero where it is not known.
    pub context: u32,
    /// Number of the event that made it, from 1: equal at two moments exactly for the same block.
    pub birth: u64,
}

/// The heap of a run while its events go by.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    live: HashMap<u32, Live, BuildHasherDefault<AddressHasher>>,
    live_bytes: u64,
    events: u64,
    allocations: u64,
    nanos: u64,
    /// Most live bytes so far, and after how many events.
    peak: (u64, u64),
    /// Snapshots so far with the events before each.
    snapshots: Vec<(u32, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Live {
    size: u32,
    context: u32,
    birth: u64,
}

/// Addresses are spread by a multiplication; they come from a file, but a slow table is all that they can cause.
#[derive(Clone, Copy, Debug, Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, address: u32) {
        let mixed = (self.0 ^ u64::from(address)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ mixed >> 32;
    }
}

impl Replay {
    /// Before the first event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes through a chunk, up to the moment if that lies in it. True once the moment is reached. The peak is the end for
    /// this: it is known behind the last event only.
    ///
    /// # Errors
    /// [`EventError`] for a chunk that is damaged, or does not follow those before.
    pub fn go(&mut self, chunk: &[u8], until: Moment) -> Result<bool, EventError> {
        let head = EventChunk::head(chunk)?;
        if head.first != self.events {
            return Err(EventError(format!("it follows {} events, {} were there", head.first, self.events)));
        }
        if self.reached(until) {
            return Ok(true);
        }
        let size = |replay: &Self, address: u32| replay.live.get(&address).map(|live| live.size);
        let mut reached = false;
        EventChunk::unpack(chunk, self, size, |replay, event| {
            // A moment of time ends before the first event that is known to be later.
            if let (Moment::Nanos(nanos), Event::Time { nanos: next }) = (until, event)
                && next > nanos
            {
                reached = true;
                return Ok(false);
            }
            replay.event(event)?;
            reached = replay.reached(until);
            Ok(!reached)
        })?;
        Ok(reached)
    }

    fn reached(&self, moment: Moment) -> bool {
        match moment {
            Moment::Event(number) => self.events >= number,
            Moment::Allocation(number) => self.allocations >= number,
            Moment::Snapshot(number) => self.snapshots.last().is_some_and(|last| last.0 == number),
            Moment::Nanos(_) | Moment::Peak | Moment::End => false,
        }
    }

    /// Takes one event.
    ///
    /// # Errors
    /// [`EventError`] when it cannot follow those before.
    pub fn event(&mut self, event: Event) -> Result<(), EventError> {
        self.events += 1;
        match event {
            Event::Allocate { address, size, context } => {
                self.allocations += 1;
                let live = Live { size, context, birth: self.events };
                if self.live.insert(address, live).is_some() {
                    return Err(EventError(format!("a block is allocated at {address:#x}, where one is live")));
                }
                self.add_bytes(i64::from(size));
            }
            Event::Release { address, .. } => {
                let none = || EventError(format!("{address:#x} is released, but no block is live there"));
                let live = self.live.remove(&address).ok_or_else(none)?;
                self.add_bytes(-i64::from(live.size));
            }
            Event::Resize { address, size } => {
                let none = || EventError(format!("{address:#x} is resized, but no block is live there"));
                let live = self.live.get_mut(&address).ok_or_else(none)?;
                let change = i64::from(size) - i64::from(live.size);
                live.size = size;
                self.add_bytes(change);
            }
            Event::Time { nanos } => self.nanos = nanos,
            Event::Snapshot { number } => self.snapshots.push((number, self.events)),
        }
        Ok(())
    }

    fn add_bytes(&mut self, change: i64) {
        self.live_bytes = self.live_bytes.saturating_add_signed(change);
        if self.live_bytes > self.peak.0 {
            self.peak = (self.live_bytes, self.events);
        }
    }

    /// Blocks that are live, ascending by address. Time O(n log n).
    #[must_use]
    pub fn blocks(&self) -> Vec<ReplayedBlock> {
        let block = |(&address, live): (&u32, &Live)| ReplayedBlock {
            address,
            size: live.size,
            context: live.context,
            birth: live.birth,
        };
        let mut blocks: Vec<ReplayedBlock> = self.live.iter().map(block).collect();
        blocks.sort_unstable_by_key(|block| block.address);
        blocks
    }

    /// Requested bytes of live blocks.
    #[must_use]
    pub fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    /// Events so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Allocations so far.
    #[must_use]
    pub fn allocations(&self) -> u64 {
        self.allocations
    }

    /// Nanoseconds from the guest's beginning to when the time was noted last.
    #[must_use]
    pub fn nanos(&self) -> u64 {
        self.nanos
    }

    /// Most bytes that were live so far, and after how many events that was, the first time.
    #[must_use]
    pub fn peak(&self) -> (u64, u64) {
        self.peak
    }
}
