//! The objects that a traversal has met but not yet visited, given back in an order that is kind to memory.
//!
//! A stack or a queue visits objects in the order of references, and each step of that order may be anywhere in memory.
//! Where the order does not matter, objects that lie together are visited together: a block of objects is worked off
//! until nothing in it waits, then the next one that has something, and so on in circles. What a program allocates
//! together it mostly links together, so that a few rounds do, and each reads the tables of the heap from front to back.
//!
//! Adding and taking is time O(1); finding the next block looks at one bit for each block, a 262,144th of the objects a
//! word.

use crate::id::ObjectId;
use crate::object_set::ObjectSet;

/// Objects of one bit each in a word; words in a block; blocks in a word of `waiting_blocks`.
const BITS: usize = 64;

/// Objects that wait, each at most once.
#[derive(Debug)]
pub(super) struct Worklist {
    /// A bit for each object.
    waiting: Vec<u64>,
    /// A bit for each word of `waiting` that has one; a word of these is a block.
    waiting_words: Vec<u64>,
    /// A bit for each word of `waiting_words` that has one.
    waiting_blocks: Vec<u64>,
    block: usize,
}

impl Worklist {
    /// Of a heap of `object_count` objects, none of which waits.
    pub(super) fn new(object_count: usize) -> Self {
        let words = object_count.div_ceil(BITS);
        let blocks = words.div_ceil(BITS);
        Self {
            waiting: vec![0; words],
            waiting_words: vec![0; blocks],
            waiting_blocks: vec![0; blocks.div_ceil(BITS)],
            block: 0,
        }
    }

    /// Adds an object.
    #[inline]
    pub(super) fn add(&mut self, object: ObjectId) {
        let (word, bit) = (object.index() / BITS, object.index() % BITS);
        if self.waiting[word] == 0 {
            let block = word / BITS;
            if self.waiting_words[block] == 0 {
                self.waiting_blocks[block / BITS] |= 1 << (block % BITS);
            }
            self.waiting_words[block] |= 1 << (word % BITS);
        }
        self.waiting[word] |= 1 << bit;
    }

    /// Takes an object; none when nothing waits.
    #[inline]
    pub(super) fn take(&mut self) -> Option<ObjectId> {
        if self.waiting_words.get(self.block).is_none_or(|&words| words == 0) {
            self.block = self.next_block()?;
        }
        let words = &mut self.waiting_words[self.block];
        let word = self.block * BITS + words.trailing_zeros() as usize;
        let bits = &mut self.waiting[word];
        let object = word * BITS + bits.trailing_zeros() as usize;
        *bits &= *bits - 1;
        if *bits == 0 {
            *words &= *words - 1;
            if *words == 0 {
                self.waiting_blocks[self.block / BITS] &= !(1 << (self.block % BITS));
            }
        }
        Some(ObjectId::new(object as u32))
    }

    /// The first block behind the one at hand in which something waits, else the first of all.
    fn next_block(&self) -> Option<usize> {
        let first = |mut words: std::ops::Range<usize>| {
            words.find_map(|word| {
                let blocks = self.waiting_blocks[word];
                (blocks != 0).then(|| word * BITS + blocks.trailing_zeros() as usize)
            })
        };
        let here = self.block / BITS;
        let rest = self.waiting_blocks.get(here)? & (u64::MAX << (self.block % BITS));
        if rest != 0 {
            return Some(here * BITS + rest.trailing_zeros() as usize);
        }
        first(here + 1..self.waiting_blocks.len()).or_else(|| first(0..here + 1))
    }
}

/// Visits `start` and everything that `visit` says is met, each object once.
pub(super) fn visit_all(start: &ObjectSet, object_count: usize, mut visit: impl FnMut(ObjectId, &mut Worklist)) {
    let mut pending = Worklist::new(object_count);
    for object in start.iter() {
        pending.add(object);
    }
    while let Some(object) = pending.take() {
        visit(object, &mut pending);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_waits_in_an_empty_heap() {
        assert_eq!(Worklist::new(0).take(), None);
        assert_eq!(Worklist::new(100_000).take(), None);
    }

    proptest! {
        #[test]
        fn what_is_added_is_taken_once(rounds in prop::collection::vec(
            (prop::collection::vec(0u32..600_000, 0..20), 0usize..20), 0..20,
        )) {
            let mut worklist = Worklist::new(600_000);
            let mut waiting = std::collections::BTreeSet::new();
            for (added, taken) in rounds {
                for object in added {
                    worklist.add(ObjectId::new(object));
                    waiting.insert(object);
                }
                for _ in 0..taken {
                    match worklist.take() {
                        Some(object) => prop_assert!(waiting.remove(&object.raw())),
                        None => prop_assert!(waiting.is_empty()),
                    }
                }
            }
            while let Some(object) = worklist.take() {
                prop_assert!(waiting.remove(&object.raw()));
            }
            prop_assert!(waiting.is_empty());
        }
    }
}
