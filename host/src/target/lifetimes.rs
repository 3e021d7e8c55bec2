//! How long blocks live, from a sample of them.
//!
//! To note the birth of every block would cost every allocation. Instead, whenever a moment of the timeline is asked for,
//! the next allocation, which comes to the host anyway, is *watched*: its cell has a tag that sends its release to the host
//! too. It stands for all allocations since the one that was watched before it.

use std::collections::HashMap;
use std::time::Instant;

use heapy_engine::Lifetimes as Told;

/// A watched block that is live.
#[derive(Clone, Copy, Debug)]
struct Watched {
    born: Instant,
    /// Allocations that it stands for.
    weight: u64,
}

/// Lifetimes so far.
#[derive(Debug, Default)]
pub(crate) struct Lifetimes {
    next: bool,
    /// Allocations when the last one was chosen.
    chosen_at: u64,
    live: HashMap<u32, Watched>,
    told: Told,
}

impl Lifetimes {
    /// The next allocation is to be watched.
    pub(crate) fn watch_next(&mut self) {
        self.next = true;
    }

    /// Whether the allocation that is being recorded is.
    pub(crate) fn wants(&self) -> bool {
        self.next
    }

    /// It was recorded; `allocations` were made before it.
    pub(crate) fn begin(&mut self, address: u32, allocations: u64) {
        self.next = false;
        let weight = (allocations + 1).saturating_sub(self.chosen_at).max(1);
        self.chosen_at = allocations + 1;
        self.live.insert(address, Watched { born: Instant::now(), weight });
    }

    /// Whether the block at an address is watched.
    pub(crate) fn watches(&self, address: u32) -> bool {
        self.live.contains_key(&address)
    }

    /// A block was released; most are not watched.
    pub(crate) fn end(&mut self, address: u32) {
        if let Some(watched) = self.live.remove(&address) {
            self.told.add(watched.born.elapsed().as_nanos() as u64, watched.weight);
        }
    }

    /// What is known so far; watched blocks that are live count as such.
    pub(crate) fn told(&self) -> Told {
        let mut told = self.told.clone();
        for watched in self.live.values() {
            told.add_live(watched.weight);
        }
        told
    }
}
