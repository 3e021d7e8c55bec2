//! The depth first search that numbers objects for a dominator tree.
//!
//! A referrer with a lower number than its referent is only of interest if its number is the lowest of these: that is
//! the first one that the search passes. So only the references that lead backwards are kept. Time O(V + E).

use crate::heap::Heap;
use crate::id::ObjectId;
use crate::object_set::ObjectSet;

/// State of an object that no reference has led to.
const UNSEEN: u32 = u32::MAX;
/// Bit of the state of an object that waits for its number; the rest is the number of its first referrer. Without it,
/// a state is the object's number. No heap has so many objects that numbers reach it.
const WAITING: u32 = 1 << 31;
/// Objects in the order in which a depth first search meets them; number 0 is the root.
pub(super) struct Search {
    /// The object of each number; the root's entry is not used.
    pub(super) objects: Vec<ObjectId>,
    /// The number from which each number was met.
    pub(super) parents: Vec<u32>,
    /// The lowest number that refers to each number.
    pub(super) first_referrers: Vec<u32>,
    /// The referrers of each number `n` that are not below it: `referrers[rows[n]..rows[n + 1]]`.
    pub(super) rows: Vec<u32>,
    pub(super) referrers: Vec<u32>,
}

impl Search {
    /// Searches what `start` reaches within `within`, as if the root referred to each of `start`.
    pub(super) fn new(heap: &Heap, start: &ObjectSet, within: &ObjectSet) -> Self {
        let reached = within.count() + 1;
        let mut search = Self {
            objects: Vec::with_capacity(reached),
            parents: Vec::with_capacity(reached),
            first_referrers: Vec::with_capacity(reached),
            rows: Vec::new(),
            referrers: Vec::new(),
        };
        let mut backward: Vec<(u32, u32)> = Vec::new();
        search.add(ObjectId::new(0), 0, 0);
        let mut states = vec![UNSEEN; heap.object_count()];
        for object in start.iter() {
            states[object.index()] = WAITING;
        }
        let mut pending: Vec<(ObjectId, u32)> = Vec::new();
        for first in start.iter() {
            pending.push((first, 0));
            while let Some((object, parent)) = pending.pop() {
                let state = &mut states[object.index()];
                if *state & WAITING == 0 {
                    continue;
                }
                let number = search.objects.len() as u32;
                search.add(object, parent, *state & !WAITING);
                *state = number;
                for other in heap.referent_ids(object) {
                    let state = &mut states[other.index()];
                    if *state & WAITING == 0 {
                        backward.push((number, *state));
                    } else if *state != UNSEEN {
                        pending.push((other, number));
                    } else if within.contains(other) {
                        *state = WAITING | number;
                        pending.push((other, number));
                    }
                }
            }
        }
        search.collect_referrers(&backward);
        search
    }

    fn add(&mut self, object: ObjectId, parent: u32, first_referrer: u32) {
        self.objects.push(object);
        self.parents.push(parent);
        self.first_referrers.push(first_referrer);
    }

    /// Sorts references, given as referrer and referent, by referent.
    fn collect_referrers(&mut self, references: &[(u32, u32)]) {
        // Counted two rows further on, so that the sums are the starts of the rows and, once filled, their ends.
        let mut rows = vec![0u32; self.objects.len() + 2];
        for &(_, to) in references {
            rows[to as usize + 2] += 1;
        }
        for row in 2..rows.len() {
            rows[row] += rows[row - 1];
        }
        self.referrers = vec![0; references.len()];
        for &(from, to) in references {
            let next = &mut rows[to as usize + 1];
            self.referrers[*next as usize] = from;
            *next += 1;
        }
        self.rows = rows;
    }
}
