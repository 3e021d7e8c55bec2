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

impl SetNumbering {
    /// Of sets of numbers below `bound`.
    pub(super) fn of_numbers_below(bound: usize) -> Self {
        let pairs = if bound <= MAX_PAIRED { vec![NONE; bound * bound] } else { Vec::new() };
        Self { single: vec![NONE; bound], pairs, bound, ..Self::default() }
    }

    /// The label of a set that is given as a list in any order and with repetition; the list is sorted.
    pub(super) fn label(&mut self, list: &mut Vec<u32>) -> u32 {
        if list.len() > 1 {
            list.sort_unstable();
            list.dedup();
        }
        let sets = &mut self.sets;
        match *list.as_slice() {
            [only] => {
                let slot = &mut self.single[only as usize];
                if *slot == NONE {
                    *slot = sets.push(list);
                }
                *slot
            }
            [low, high] if !self.pairs.is_empty() => {
                let slot = &mut self.pairs[low as usize * self.bound + high as usize];
                if *slot == NONE {
                    *slot = sets.push(list);
                }
                *slot
            }
            _ => {
                let hash = hash(list);
                let same = |entry: &Entry| entry.hash == hash && sets.at(entry.start) == list.as_slice();
                if let Some(entry) = self.others.find(spread(hash), same) {
                    return entry.label;
                }
                let start = sets.numbers.len() as u32;
                let label = sets.push(list);
                self.others.insert_unique(spread(hash), Entry { hash, label, start }, |entry| spread(entry.hash));
                label
            }
        }
    }

    /// The sets by their labels.
    pub(super) fn into_sets(self) -> SetPool {
        self.sets
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
            lists in prop::collection::vec(prop::collection::vec(0u32..5, 0..5), 0..40),
            bound in prop_oneof![Just(5), Just(MAX_PAIRED + 1)],
        ) {
            let mut numbering = SetNumbering::of_numbers_below(bound);
            let labels: Vec<u32> = lists.iter().map(|list| numbering.label(&mut list.clone())).collect();
            let sets = numbering.into_sets();
            for (list, &label) in lists.iter().zip(&labels) {
                let set: BTreeSet<u32> = list.iter().copied().collect();
                prop_assert!(set.iter().eq(sets.get(label)));
            }
            prop_assert_eq!(labels.iter().collect::<BTreeSet<_>>().len(), sets.len());
        }
    }
}
