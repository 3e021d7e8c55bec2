//! The calling contexts seen so far, and the table by which probes find them.
//!
//! The host's map is what counts; the table in the guest's second memory is what probes look into. It starts small and
//! doubles when it is half full, for a sparse table costs cache misses at every allocation.

use std::collections::HashMap;
use std::sync::Arc;

use super::layout::{CONTEXT_BITS, CONTEXT_SLOTS_MAX, CONTEXT_SLOTS_MIN, CONTEXT_SLOTS_SPARE, CONTEXT_TABLE};
use crate::paused::{RawContexts, RawFrame};

/// Frames of all contexts together may take this much; contexts that come later have none.
const FRAME_BUDGET: usize = 32 << 20;

/// Whether a context was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It has this number.
    Before(u32),
    /// It was not, and [`ContextTable::bind`] is to be called.
    Never,
    /// It was not, and there is no room for its frames.
    Lost,
}

/// Contexts by V.
#[derive(Debug)]
pub(crate) struct ContextTable {
    /// Number of each V; numbers begin at 1.
    numbers: HashMap<u32, u32>,
    contexts: RawContexts,
    frames: usize,
    /// How many contexts were not recorded.
    lost: u64,
    mask: u32,
}

impl ContextTable {
    /// No contexts.
    pub(crate) fn new() -> Self {
        Self {
            numbers: HashMap::new(),
            contexts: RawContexts::default(),
            frames: 0,
            lost: 0,
            mask: CONTEXT_SLOTS_MIN - 1,
        }
    }

    /// Looks a context up, and counts what cannot be recorded. The budget is checked here, before a backtrace is taken.
    pub(crate) fn find(&mut self, value: u32) -> Seen {
        if let Some(&number) = self.numbers.get(&value) {
            return Seen::Before(number);
        }
        let full = self.numbers.len() + 1 >= 1 << CONTEXT_BITS;
        if full || self.frames * size_of::<RawFrame>() >= FRAME_BUDGET {
            self.lost += 1;
            return Seen::Lost;
        }
        Seen::Never
    }

    /// Gives a context that was not seen a number.
    pub(crate) fn bind(&mut self, value: u32, entry: Option<u32>, frames: Vec<RawFrame>) -> u32 {
        let number = self.contexts.frames.len() as u32 + 1;
        self.frames += frames.len();
        self.contexts.frames.push(Arc::from(frames));
        self.contexts.entries.push(entry);
        self.numbers.insert(value, number);
        number
    }

    /// Lets probes find a context. Returns the new mask when the table has grown.
    pub(crate) fn publish(&mut self, memory: &mut [u8], value: u32, number: u32) -> Option<u32> {
        let half_full = self.numbers.len() as u64 * 2 > u64::from(self.mask) + 1;
        if !half_full && insert(memory, self.mask, value, number) {
            return None;
        }
        while self.mask + 1 + CONTEXT_SLOTS_SPARE < CONTEXT_SLOTS_MAX / 2 {
            self.mask = self.mask * 2 + 1;
            let end = CONTEXT_TABLE as usize + 8 * (self.mask as usize + 1 + CONTEXT_SLOTS_SPARE as usize);
            memory[CONTEXT_TABLE as usize..end].fill(0);
            if self.numbers.iter().all(|(&value, &number)| insert(memory, self.mask, value, number)) {
                break;
            }
        }
        // At its greatest the table takes what finds a place; the rest comes to the host every time.
        Some(self.mask)
    }

    /// The contexts.
    pub(crate) fn contexts(&self) -> &RawContexts {
        &self.contexts
    }

    /// How often a context could not be recorded.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }
}

/// Linear probing; the slots behind the last one are spare, so that it never wraps, and the very last stays empty.
fn insert(memory: &mut [u8], mask: u32, value: u32, number: u32) -> bool {
    let first = value & mask;
    let end = mask + CONTEXT_SLOTS_SPARE;
    for slot in first..end {
        let place = CONTEXT_TABLE as usize + 8 * slot as usize;
        let there = &mut memory[place..place + 8];
        if there.iter().all(|byte| *byte == 0)
            || there[..4] == value.to_le_bytes() && there[4..] == number.to_le_bytes()
        {
            there[..4].copy_from_slice(&value.to_le_bytes());
            there[4..].copy_from_slice(&number.to_le_bytes());
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::layout::LIVE_TABLE;

    #[test]
    fn the_table_grows_and_keeps_all() {
        let mut memory = vec![0; LIVE_TABLE as usize];
        let mut contexts = ContextTable::new();
        let mut mask = CONTEXT_SLOTS_MIN - 1;
        for value in (1..40_000u32).map(|n| n.wrapping_mul(0x9E37_79B1)) {
            assert_eq!(contexts.find(value), Seen::Never);
            let number = contexts.bind(value, None, vec![]);
            mask = contexts.publish(&mut memory, value, number).unwrap_or(mask);
        }
        assert!(mask >= 65_535, "{mask}");
        for (&value, &number) in &contexts.numbers {
            assert_eq!(probe(&memory, mask, value), Some(number));
        }
    }

    /// What the guest's code does.
    fn probe(memory: &[u8], mask: u32, value: u32) -> Option<u32> {
        let mut place = CONTEXT_TABLE as usize + 8 * (value & mask) as usize;
        loop {
            let word = |at: usize| u32::from_le_bytes(memory[at..at + 4].try_into().unwrap());
            if word(place) == value {
                return Some(word(place + 4));
            }
            if word(place) == 0 && word(place + 4) == 0 {
                return None;
            }
            place += 8;
        }
    }
}
