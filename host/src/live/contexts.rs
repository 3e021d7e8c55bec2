//! The calling contexts seen so far, and the table by which probes find them.
//!
//! The host's maps are what counts; the table in the guest's second memory is what probes look into. It starts small and
//! doubles when it is half full, for a sparse table costs cache misses at every allocation. A slot also counts the
//! allocations that found it and their bytes, which is all that counting costs; what is rarer is counted by tag.
//!
//! Every interval between snapshots has tags of its own: a block's tag says in which context and which interval it was
//! born, and the table is emptied when an interval begins.

use std::collections::HashMap;
use std::sync::Arc;

use super::layout::{
    CONTEXT_SLOTS_MAX, CONTEXT_SLOTS_MIN, CONTEXT_SLOTS_SPARE, CONTEXT_TABLE, CONTEXTS_MAX, ONLY_SLOT, SLOT,
    SLOT_BYTES, SLOT_COUNT, SLOT_LOG2, TAG_FIRST, TAG_LOG2, TAG_TABLE, TAG_TEMPORARY, TAGS_MAX, WORD,
};
use crate::paused::{RawContexts, RawFrame};

/// Frames of all contexts together may take this much; contexts that come later have none.
const FRAME_BUDGET: usize = 64 << 20;

/// Whether a context was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It has this tag in this interval.
    Now(u32),
    /// It has this number, and no tag in this interval yet; zero when there is no room for its frames.
    Before(u32),
    /// It was not, and [`ContextTable::bind`] is to be called.
    Never,
}

/// The calls that were active when a context was first seen.
#[derive(Debug)]
pub(crate) enum Stack {
    /// The allocator's outermost function, and the frames that called it.
    Named(Option<u32>, Vec<RawFrame>),
    /// Offsets into the compiled code, which [`ContextTable::name`] turns into frames.
    Offsets(Vec<u32>),
}

/// When a block was born, and by which calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Birth {
    /// Number of the context, from 1; zero for none.
    pub(crate) context: u32,
    /// Interval between snapshots, from 1.
    pub(crate) interval: u32,
}

/// What is counted of a context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Allocations.
    pub(crate) allocations: u64,
    /// Their bytes, and those by which their blocks grew in place.
    pub(crate) bytes: u64,
    /// How many were released before the next allocation.
    pub(crate) temporary: u64,
}

/// Contexts by V.
#[derive(Debug)]
pub(crate) struct ContextTable {
    recorded: bool,
    /// Number of each V; numbers begin at 1.
    numbers: HashMap<u32, u32>,
    contexts: RawContexts,
    /// Contexts whose frames have no names yet, by their place.
    unnamed: Vec<(usize, Vec<u32>)>,
    frames: usize,
    /// Tag of each V in this interval.
    current: HashMap<u32, u32>,
    /// What each tag means, from the first one.
    births: Vec<Birth>,
    interval: u32,
    /// The tag of blocks without a context in this interval.
    none: Option<u32>,
    /// Counts of each context as far as they were fetched from the slots, or counted here; those of none come first.
    counts: Vec<Counts>,
    mask: u32,
}

impl ContextTable {
    /// No contexts; `recorded` says whether there will be any.
    pub(crate) fn new(recorded: bool, memory: &mut [u8]) -> Self {
        let mut table = Self {
            recorded,
            numbers: HashMap::new(),
            contexts: RawContexts::default(),
            unnamed: Vec::new(),
            frames: 0,
            current: HashMap::new(),
            births: Vec::new(),
            interval: 1,
            none: None,
            counts: vec![Counts::default()],
            mask: CONTEXT_SLOTS_MIN - 1,
        };
        table.clear(memory);
        table
    }

    /// Looks a context up. The budget is checked here, before a backtrace is taken.
    pub(crate) fn find(&self, value: u32) -> Seen {
        let value = if self.recorded { value } else { 0 };
        if let Some(&tag) = self.current.get(&value) {
            return Seen::Now(tag);
        }
        if let Some(&number) = self.numbers.get(&value) {
            return Seen::Before(number);
        }
        let full = self.numbers.len() >= CONTEXTS_MAX || self.frames * size_of::<RawFrame>() >= FRAME_BUDGET;
        if full || !self.recorded { Seen::Before(0) } else { Seen::Never }
    }

    /// Gives a context that was not seen a number.
    pub(crate) fn bind(&mut self, value: u32, stack: Stack) -> u32 {
        let place = self.contexts.frames.len();
        let (entry, frames) = match stack {
            Stack::Named(entry, frames) => {
                self.frames += frames.len();
                (entry, frames)
            }
            Stack::Offsets(offsets) => {
                self.frames += offsets.len();
                self.unnamed.push((place, offsets));
                (None, Vec::new())
            }
        };
        self.contexts.frames.push(Arc::from(frames));
        self.contexts.entries.push(entry);
        self.counts.push(Counts::default());
        self.numbers.insert(value, place as u32 + 1);
        place as u32 + 1
    }

    /// All offsets that have no names yet, repetitions included.
    pub(crate) fn unnamed(&self) -> impl Iterator<Item = u32> + '_ {
        self.unnamed.iter().flat_map(|(_, offsets)| offsets.iter().copied())
    }

    /// Gives them names: `frames` knows the allocator's outermost function and the frames that called it.
    pub(crate) fn name(&mut self, frames: impl Fn(&[u32]) -> (Option<u32>, Vec<RawFrame>)) {
        for (place, offsets) in std::mem::take(&mut self.unnamed) {
            let (entry, frames) = frames(&offsets);
            self.contexts.frames[place] = Arc::from(frames);
            self.contexts.entries[place] = entry;
        }
    }

    /// Gives a context a tag in this interval, by which probes find it.
    pub(crate) fn publish(&mut self, memory: &mut [u8], value: u32, number: u32) -> u32 {
        let tag = self.tag(number);
        if !self.recorded {
            self.current.insert(0, tag);
            write(memory, ONLY_SLOT + 4, tag);
            return tag;
        }
        if number == 0 && self.current.len() as u32 >= CONTEXT_SLOTS_MAX / 2 {
            return tag; // Contexts that are lost without end: the host is asked each time, and keeps nothing of them.
        }
        self.current.insert(value, tag);
        let half_full = self.current.len() as u64 * 2 > u64::from(self.mask) + 1;
        if !half_full && insert(memory, self.mask, value, tag) {
            return tag;
        }
        self.fetch(memory);
        while 2 * (self.mask + 1) + CONTEXT_SLOTS_SPARE <= CONTEXT_SLOTS_MAX {
            self.mask = self.mask * 2 + 1;
            self.empty(memory);
            if self.current.iter().all(|(&value, &tag)| insert(memory, self.mask, value, tag)) {
                break;
            }
        }
        // At its greatest the table takes what finds a place; the rest comes to the host every time.
        self.arm(memory);
        tag
    }

    /// A new tag; blocks without a context share one.
    fn tag(&mut self, number: u32) -> u32 {
        if let Some(none) = self.none.filter(|_| number == 0) {
            return none;
        }
        let tag = TAG_FIRST + self.births.len() as u32;
        self.births.push(Birth { context: number, interval: self.interval });
        if number == 0 {
            self.none = Some(tag);
        }
        tag
    }

    /// Counts an allocation that the host itself has recorded.
    pub(crate) fn count(&mut self, tag: u32, size: u32) {
        let counts = self.counts_of(tag);
        counts.allocations += 1;
        counts.bytes += u64::from(size);
    }

    /// Counts that a block of a tag grew in place.
    pub(crate) fn count_grown(&mut self, tag: u32, bytes: u32) {
        self.counts_of(tag).bytes += u64::from(bytes);
    }

    /// Counts that a block of a tag was a temporary allocation.
    pub(crate) fn count_temporary(&mut self, tag: u32) {
        self.counts_of(tag).temporary += 1;
    }

    fn counts_of(&mut self, tag: u32) -> &mut Counts {
        let context = self.birth(tag).context;
        &mut self.counts[context as usize]
    }

    /// What a tag means.
    pub(crate) fn birth(&self, tag: u32) -> Birth {
        let index = tag.wrapping_sub(TAG_FIRST) as usize;
        self.births.get(index).copied().unwrap_or(Birth { context: 0, interval: self.interval })
    }

    /// Begins an interval: all tags are new.
    pub(crate) fn begin_interval(&mut self, memory: &mut [u8], interval: u32) {
        if interval != self.interval {
            self.fetch(memory);
            self.interval = interval;
            self.clear(memory);
        }
    }

    /// Lets probes find what is in the table, after a request has sent them to the host.
    pub(crate) fn arm(&self, memory: &mut [u8]) {
        write(memory, WORD, if self.recorded { self.mask << SLOT_LOG2 } else { 0 });
    }

    /// What a request writes in place of what [`arm`](Self::arm) does.
    pub(crate) fn disarmed(&self) -> u32 {
        u32::from(!self.recorded)
    }

    /// Counts so far, by context; those without one come first. Time O(slots + tags).
    pub(crate) fn counts(&self, memory: &[u8]) -> Vec<Counts> {
        let mut counts = self.slot_counts(memory);
        for (tag, birth) in (TAG_FIRST..TAGS_MAX).zip(&self.births) {
            let place = TAG_TABLE + (u64::from(tag) << TAG_LOG2);
            let counts = &mut counts[birth.context as usize];
            counts.bytes += read_long(memory, place);
            counts.temporary += read_long(memory, place + TAG_TEMPORARY);
        }
        counts
    }

    /// What was counted here and in slots.
    fn slot_counts(&self, memory: &[u8]) -> Vec<Counts> {
        let mut counts = self.counts.clone();
        let mut add = |place: u64| {
            let tag = read(memory, place + 4);
            if tag >= TAG_FIRST {
                let counts = &mut counts[self.birth(tag).context as usize];
                counts.allocations += read_long(memory, place + SLOT_COUNT);
                counts.bytes += read_long(memory, place + SLOT_BYTES);
            }
        };
        if self.recorded {
            self.slots().for_each(add)
        } else {
            add(ONLY_SLOT)
        }
        counts
    }

    /// All allocations so far. Time O(slots).
    pub(crate) fn total(&self, memory: &[u8]) -> u64 {
        let fetched: u64 = self.counts.iter().map(|counts| counts.allocations).sum();
        let counts = if self.recorded {
            self.slots().map(|place| read_long(memory, place + SLOT_COUNT)).sum()
        } else {
            read_long(memory, ONLY_SLOT + SLOT_COUNT)
        };
        fetched + counts
    }

    /// What the tags mean, from the first one on.
    pub(crate) fn births(&self) -> impl Iterator<Item = &Birth> {
        self.births.iter()
    }

    /// The contexts; those that are to be named have no frames.
    pub(crate) fn contexts(&self) -> &RawContexts {
        &self.contexts
    }

    /// How many allocations of those that [`counts`](Self::counts) tells have no context for want of room.
    pub(crate) fn lost(&self, counts: &[Counts]) -> u64 {
        if self.recorded { counts.first().map_or(0, |counts| counts.allocations) } else { 0 }
    }

    fn slots(&self) -> impl Iterator<Item = u64> + use<> {
        let end = u64::from(self.mask + 1 + CONTEXT_SLOTS_SPARE);
        (0..end).map(|slot| CONTEXT_TABLE + SLOT * slot)
    }

    /// Takes the counts over from the slots, which are to be emptied next.
    fn fetch(&mut self, memory: &[u8]) {
        self.counts = self.slot_counts(memory);
    }

    fn clear(&mut self, memory: &mut [u8]) {
        self.current.clear();
        self.none = None;
        if self.recorded {
            self.empty(memory);
            self.arm(memory);
        } else {
            // No tag yet: the first allocation comes to the host.
            memory[ONLY_SLOT as usize..(ONLY_SLOT + SLOT) as usize].fill(0);
            self.publish(memory, 0, 0);
        }
    }

    fn empty(&self, memory: &mut [u8]) {
        let end = CONTEXT_TABLE + SLOT * u64::from(self.mask + 1 + CONTEXT_SLOTS_SPARE);
        memory[CONTEXT_TABLE as usize..end as usize].fill(0);
        // Slot zero is where everything leads while a request is pending: no V may find its own there. The place of this
        // one is the last slot, so it is not looked for here but then.
        write(memory, CONTEXT_TABLE, u32::MAX);
    }
}

/// Linear probing; the slots behind the last one are spare, so that it never wraps, and the very last stays empty.
fn insert(memory: &mut [u8], mask: u32, value: u32, tag: u32) -> bool {
    let first = (value >> SLOT_LOG2) & mask;
    let end = mask + CONTEXT_SLOTS_SPARE;
    for slot in first.max(1)..end {
        let place = CONTEXT_TABLE + SLOT * u64::from(slot);
        let there = (read(memory, place), read(memory, place + 4));
        if there == (0, 0) || there == (value, tag) {
            write(memory, place, value);
            write(memory, place + 4, tag);
            return true;
        }
    }
    false
}

fn read(memory: &[u8], at: u64) -> u32 {
    let bytes = memory.get(at as usize..at as usize + 4).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u32::from_le_bytes)
}

fn write(memory: &mut [u8], at: u64, value: u32) {
    if let Some(bytes) = memory.get_mut(at as usize..at as usize + 4) {
        bytes.copy_from_slice(&value.to_le_bytes());
    }
}

fn read_long(memory: &[u8], at: u64) -> u64 {
    u64::from(read(memory, at)) | u64::from(read(memory, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::layout::LIVE_TABLE;

    #[test]
    fn the_table_grows_and_keeps_all() {
        let mut memory = vec![0; LIVE_TABLE as usize];
        let mut contexts = ContextTable::new(true, &mut memory);
        for value in (1..40_000u32).map(|n| n.wrapping_mul(0x9E37_79B1)) {
            assert_eq!(contexts.find(value), Seen::Never);
            let number = contexts.bind(value, Stack::Named(None, vec![]));
            contexts.publish(&mut memory, value, number);
            let place = probe(&memory, value).unwrap();
            memory[(place + SLOT_COUNT) as usize] += 1;
            memory[(place + SLOT_BYTES) as usize] += 24;
        }
        assert!(read(&memory, WORD) >= 65_535 << SLOT_LOG2);
        for (&value, &tag) in &contexts.current {
            let place = probe(&memory, value).unwrap();
            assert_eq!(read(&memory, place + 4), tag);
            assert_eq!(contexts.birth(tag).context, contexts.numbers[&value]);
        }
        let tag = TAG_FIRST + 7;
        memory[(TAG_TABLE + (u64::from(tag) << TAG_LOG2) + TAG_TEMPORARY) as usize] = 1;
        contexts.count_grown(tag, 5);
        let counts = contexts.counts(&memory);
        assert_eq!(contexts.total(&memory), counts.iter().map(|counts| counts.allocations).sum::<u64>());
        let (eighth, usual) =
            (contexts.birth(tag).context as usize, Counts { allocations: 1, bytes: 24, temporary: 0 });
        let expected = |at| if at == eighth { Counts { bytes: 29, temporary: 1, ..usual } } else { usual };
        assert!(counts[0] == Counts::default() && (1..counts.len()).all(|at| counts[at] == expected(at)));
    }

    #[test]
    fn an_interval_has_tags_of_its_own() {
        let mut memory = vec![0; LIVE_TABLE as usize];
        let mut contexts = ContextTable::new(true, &mut memory);
        let number = contexts.bind(77, Stack::Offsets(vec![5, 6]));
        let old = contexts.publish(&mut memory, 77, number);
        assert_eq!(contexts.unnamed().collect::<Vec<_>>(), [5, 6]);
        contexts.name(|offsets| (Some(offsets[0]), vec![]));
        assert_eq!((contexts.unnamed().count(), contexts.contexts().entries[0]), (0, Some(5)));
        contexts.begin_interval(&mut memory, 2);
        assert_eq!((contexts.find(77), probe(&memory, 77)), (Seen::Before(number), None));
        let new = contexts.publish(&mut memory, 77, number);
        assert_eq!(contexts.birth(old), Birth { context: number, interval: 1 });
        assert_eq!(contexts.birth(new), Birth { context: number, interval: 2 });
    }

    /// What the guest's code does: the address of the slot.
    fn probe(memory: &[u8], value: u32) -> Option<u64> {
        let mut place = CONTEXT_TABLE + u64::from(value & read(memory, WORD));
        loop {
            match (read(memory, place), read(memory, place + 4)) {
                (0, 0) => return None,
                (there, tag) if there == value && tag != 0 => return Some(place),
                _ => place += SLOT,
            }
        }
    }
}
