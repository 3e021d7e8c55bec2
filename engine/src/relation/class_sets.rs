//! Labels of objects by sets of numbers, such as the relations or the classes of their referrers.
//!
//! Most objects have one referrer, so that sets of one number are found without a search.

use hashbrown::HashTable;

/// No label yet.
const NONE: u32 = u32::MAX;

/// Numbers sets of numbers in the order in which they are first seen, and gives the sets back.
#[derive(Debug, Default)]
pub(super) struct SetNumbering {
    /// Label of the set of one number, by that number.
    single: Vec<u32>,
    /// Labels of the other sets; their numbers stand in the pool alone, for there may be millions of sets.
    others: HashTable<u32>,
    sets: SetPool,
}

/// Mixes the numbers of a set into all bits of one.
fn hash(set: &[u32]) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = set.iter().fold(MULTIPLIER, |mixed, &number| {
        let product = (mixed ^ u64::from(number)).wrapping_mul(MULTIPLIER);
        product ^ (product >> 32)
    });
    mixed.wrapping_mul(MULTIPLIER)
}

/// Sets of numbers, one behind the other.
#[derive(Debug, Default)]
pub(super) struct SetPool {
    /// Where each set ends in `numbers`.
    ends: Vec<u32>,
    numbers: Vec<u32>,
}

impl SetPool {
    /// Number of sets.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The numbers of a set, ascending.
    pub(super) fn get(&self, label: u32) -> &[u32] {
        let label = label as usize;
        let start = label.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.numbers[start as usize..self.ends[label] as usize]
    }

    fn push(&mut self, set: &[u32]) -> u32 {
        self.numbers.extend_from_slice(set);
        self.ends.push(self.numbers.len() as u32);
        (self.ends.len() - 1) as u32
    }
}

impl SetNumbering {
    /// The label of a set that is given as a list in any order and with repetition; the list is sorted.
    pub(super) fn label(&mut self, list: &mut Vec<u32>) -> u32 {
        if list.len() > 1 {
            list.sort_unstable();
            list.dedup();
        }
        let sets = &mut self.sets;
        match *list.as_slice() {
            [only] => {
                let index = only as usize;
                if index >= self.single.len() {
                    self.single.resize(index + 1, NONE);
                }
                let slot = &mut self.single[index];
                if *slot == NONE {
                    *slot = sets.push(list);
                }
                *slot
            }
            _ => {
                let hashed = hash(list);
                if let Some(&label) = self.others.find(hashed, |&label| sets.get(label) == list.as_slice()) {
                    return label;
                }
                let label = sets.push(list);
                self.others.insert_unique(hashed, label, |&label| hash(sets.get(label)));
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
        fn equal_sets_have_one_label(lists in prop::collection::vec(prop::collection::vec(0u32..5, 0..5), 0..40)) {
            let mut numbering = SetNumbering::default();
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
