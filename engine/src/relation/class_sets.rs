//! Labels of objects by sets of numbers, such as the relations or the classes of their referrers.
//!
//! Most objects have one referrer or two, so that sets of one number, and of two where there are few numbers, are found
//! without a search.

use hashbrown::HashTable;

/// No label yet.
const NONE: u32 = u32::MAX;

/// Numbers sets of numbers in the order in which they are first seen, and gives the sets back.
#[derive(Debug, Default)]
pub(super) struct SetNumbering {
    /// Label of the set of one number, by that number.
    single: Vec<u32>,
    /// Labels of the sets of two numbers: those of the lower number `a` start at `a * bound`. Empty where there are many
    /// numbers.
    pairs: Vec<u32>,
    /// All numbers are below it.
    bound: usize,
    /// The other sets; their numbers stand in the pool alone, for there may be millions of sets.
    others: HashTable<Entry>,
    sets: SetPool,
    /// Labels of the objects so far; those of a batch are still to be filled in.
    column: Vec<u32>,
    batch: Batch,
}

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes the numbers of a set into all bits of one.
fn hash(set: &[u32]) -> u32 {
    let mixed = set.iter().fold(MULTIPLIER, |mixed, &number| {
        let product = (mixed ^ u64::from(number)).wrapping_mul(MULTIPLIER);
        product ^ (product >> 32)
    });
    (mixed.wrapping_mul(MULTIPLIER) >> 32) as u32
}

/// The hash as the table wants it, with all bits mixed.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(MULTIPLIER)
}

/// A set in the table. Its hash stands here so that the table can grow without a look at the sets, and its place so that
/// one look at the pool compares them.
#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u32,
    label: u32,
    start: u32,
}

/// Sets of numbers, one behind the other.
#[derive(Debug, Default)]
pub(super) struct SetPool {
    /// Where in `numbers` each set starts.
    starts: Vec<u32>,
    /// Of each set the count and then the numbers.
    numbers: Vec<u32>,
}

impl SetPool {
    /// Number of sets.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The numbers of a set, ascending.
    pub(super) fn get(&self, label: u32) -> &[u32] {
        self.at(self.starts[label as usize])
    }

    fn at(&self, start: u32) -> &[u32] {
        let rest = &self.numbers[start as usize..];
        rest.split_first().map_or(&[], |(&count, numbers)| &numbers[..count as usize])
    }

    fn push(&mut self, set: &[u32]) -> u32 {
        self.starts.push(self.numbers.len() as u32);
        self.numbers.push(set.len() as u32);
        self.numbers.extend_from_slice(set);
        (self.starts.len() - 1) as u32
    }
}

/// With how many numbers a table of all pairs still fits into the processor's cache.
const MAX_PAIRED: usize = 1024;
/// How many sets are looked up together.
const BATCH: usize = 256;

/// Sets whose labels are still to be looked up.
///
/// A table of millions of sets is far larger than the processor's cache. While a look at it waits for memory the
/// processor can begin the next ones, but not past the many branches it cannot foresee while a list is collected and
/// sorted. So lists are collected first and looked up together.
#[derive(Debug, Default)]
struct Batch {
    /// Sorted numbers of all sets, one behind the other.
    numbers: Vec<u32>,
    /// Of each set its object's place in the column, where its numbers end, and its hash.
    sets: Vec<(usize, usize, u32)>,
    /// What the table said of each set before any set of the batch was added.
    found: Vec<u32>,
}

impl SetNumbering {
    /// Of sets of numbers below `bound`, one for each of some objects.
    pub(super) fn new(objects: usize, bound: usize) -> Self {
        let pairs = if bound <= MAX_PAIRED { vec![NONE; bound * bound] } else { Vec::new() };
        Self { single: vec![NONE; bound], pairs, bound, column: Vec::with_capacity(objects), ..Self::default() }
    }

    /// Labels the next object by a set that is given as a list in any order and with repetition; the list is sorted.
    pub(super) fn add(&mut self, list: &mut Vec<u32>) {
        if list.len() > 1 {
            list.sort_unstable();
            list.dedup();
        }
        let slot = match *list.as_slice() {
            [only] => &mut self.single[only as usize],
            [low, high] if !self.pairs.is_empty() => &mut self.pairs[low as usize * self.bound + high as usize],
            _ => {
                let batch = &mut self.batch;
                batch.numbers.extend_from_slice(list);
                batch.sets.push((self.column.len(), batch.numbers.len(), hash(list)));
                self.column.push(NONE);
                if self.batch.sets.len() == BATCH {
                    self.look_up_batch();
                }
                return;
            }
        };
        if *slot == NONE {
            *slot = self.sets.push(list);
        }
        self.column.push(*slot);
    }

    fn look_up_batch(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        let (sets, others) = (&mut self.sets, &mut self.others);
        let label_of = |others: &HashTable<Entry>, sets: &SetPool, hash: u32, set: &[u32]| {
            let same = |entry: &Entry| entry.hash == hash && sets.at(entry.start) == set;
            others.find(spread(hash), same).map_or(NONE, |entry| entry.label)
        };
        let mut start = 0;
        for &(_, end, hash) in &batch.sets {
            batch.found.push(label_of(others, sets, hash, &batch.numbers[start..end]));
            start = end;
        }
        start = 0;
        for (&(place, end, hash), &found) in batch.sets.iter().zip(&batch.found) {
            let set = &batch.numbers[start..end];
            start = end;
            let mut label = found;
            if label == NONE {
                // An equal set may stand before it in the batch.
                label = label_of(others, sets, hash, set);
            }
            if label == NONE {
                let place = sets.numbers.len() as u32;
                label = sets.push(set);
                let entry = Entry { hash, label, start: place };
                others.insert_unique(spread(hash), entry, |entry| spread(entry.hash));
            }
            self.column[place] = label;
        }
        batch.numbers.clear();
        batch.sets.clear();
        batch.found.clear();
        self.batch = batch;
    }

    /// The labels of all objects, and the sets by their labels.
    pub(super) fn finish(mut self) -> (Vec<u32>, SetPool) {
        self.look_up_batch();
        (self.column, self.sets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn equal_sets_have_one_label(
            lists in prop::collection::vec(prop::collection::vec(0u32..5, 0..5), 0..3 * BATCH),
            bound in prop_oneof![Just(5), Just(MAX_PAIRED + 1)],
        ) {
            let mut numbering = SetNumbering::new(lists.len(), bound);
            for list in &lists {
                numbering.add(&mut list.clone());
            }
            let (labels, sets) = numbering.finish();
            for (list, &label) in lists.iter().zip(&labels) {
                let set: BTreeSet<u32> = list.iter().copied().collect();
                prop_assert!(set.iter().eq(sets.get(label)));
            }
            prop_assert_eq!(labels.iter().collect::<BTreeSet<_>>().len(), sets.len());
        }
    }
}
