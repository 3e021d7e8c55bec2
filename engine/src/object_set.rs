//! Plain sets of objects of one heap: the bits under identity sets and analyses.

use fixedbitset::FixedBitSet;

use crate::id::ObjectId;

/// A set of objects of one heap, one bit an object. Walks in ascending order, which is the order of addresses.
///
/// Set operations take time O(V / 64), where V is the number of objects of the heap.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectSet {
    bits: FixedBitSet,
}

impl ObjectSet {
    /// The empty set in a heap of `object_count` objects.
    #[must_use]
    pub fn empty(object_count: usize) -> Self {
        Self { bits: FixedBitSet::with_capacity(object_count) }
    }

    /// Every object of a heap of `object_count` objects.
    #[must_use]
    pub fn full(object_count: usize) -> Self {
        let mut bits = FixedBitSet::with_capacity(object_count);
        bits.insert_range(..);
        Self { bits }
    }

    /// Adds an object; whether it was new.
    pub fn insert(&mut self, object: ObjectId) -> bool {
        !self.bits.put(object.index())
    }

    /// Takes an object out.
    pub fn remove(&mut self, object: ObjectId) {
        self.bits.remove(object.index());
    }

    /// Whether an object is in it.
    #[must_use]
    pub fn contains(&self, object: ObjectId) -> bool {
        self.bits.contains(object.index())
    }

    /// Number of members. Time O(V / 64).
    #[must_use]
    pub fn count(&self) -> usize {
        self.bits.count_ones(..)
    }

    /// Whether it has no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits.is_clear()
    }

    /// The members in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.bits.ones().map(|index| ObjectId::new(index as u32))
    }

    /// Adds every member of `other`.
    pub fn union_with(&mut self, other: &Self) {
        self.bits.union_with(&other.bits);
    }

    /// Keeps only what is in `other` too.
    pub fn intersect_with(&mut self, other: &Self) {
        self.bits.intersect_with(&other.bits);
    }

    /// Takes every member of `other` out.
    pub fn difference_with(&mut self, other: &Self) {
        self.bits.difference_with(&other.bits);
    }

    /// Takes what is in `other` out and adds the rest of `other`.
    pub fn symmetric_difference_with(&mut self, other: &Self) {
        self.bits.symmetric_difference_with(&other.bits);
    }

    /// Whether every member is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.bits.is_subset(&other.bits)
    }

    /// Whether no member is in `other`.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.bits.is_disjoint(&other.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_walk_in_ascending_order() {
        let mut set = ObjectSet::empty(200);
        for index in [150, 3, 64] {
            assert!(set.insert(ObjectId::new(index)));
        }
        assert!(!set.insert(ObjectId::new(64)));
        assert_eq!(set.iter().map(ObjectId::raw).collect::<Vec<_>>(), [3, 64, 150]);
    }

    #[test]
    fn the_full_set_ends_at_the_last_object() {
        assert_eq!(ObjectSet::full(70).count(), 70);
        assert!(ObjectSet::full(0).is_empty());
    }
}
