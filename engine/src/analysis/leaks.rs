//! Leak roots: with which blocks does a leak begin?
//!
//! Thousands of unreachable blocks usually hang on a few: the list that was forgotten, not its nodes. A *leak root* is
//! an unreachable object that no other unreachable object holds; where unreachable objects hold each other in a circle
//! that nothing else holds, the circle has one leak root, its member with the lowest address. Every unreachable object
//! can be reached from a leak root.
//!
//! The bytes that a leak root *holds* are those that would go with it alone: its dominated size among the unreachable
//! objects. What two leak roots share is held by neither, so the sum over all roots may be less than the leak.
//!
//! Time O(V + E) and one dominator tree of the unreachable objects.

use super::DominatorTree;
use crate::heap::Heap;
use crate::id::ObjectId;
use crate::object_set::ObjectSet;

/// An unreachable object with which a leak begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeakRoot {
    /// The object.
    pub object: ObjectId,
    /// Number of objects of the circle that it stands for; 1 where there is none.
    pub circle: usize,
    /// Bytes that only it holds, its own included.
    pub held_bytes: u64,
}

/// The leak roots among `unreachable`, by held bytes descending, then by address.
#[must_use]
pub fn leak_roots(heap: &Heap, unreachable: &ObjectSet) -> Vec<LeakRoot> {
    let mut marked = ObjectSet::empty(heap.object_count());
    let mut roots = Vec::new();
    // The object that a depth first search leaves last is held by nothing outside of its own circle; so is, of what
    // that one does not reach, the one left last, and so on.
    for object in search_exits(heap, unreachable).into_iter().rev() {
        if marked.contains(object) {
            continue;
        }
        mark_reached(heap, unreachable, object, &mut marked);
        let circle = holders(heap, unreachable, object);
        let lowest = circle.iter().copied().min().unwrap_or(object);
        roots.push(LeakRoot { object: lowest, circle: circle.len(), held_bytes: 0 });
    }
    let mut start = ObjectSet::empty(heap.object_count());
    for root in &roots {
        start.insert(root.object);
    }
    let tree = DominatorTree::within(heap, &start, unreachable);
    for root in &mut roots {
        root.held_bytes = tree.dominated_size(root.object);
    }
    roots.sort_by_key(|root| (std::cmp::Reverse(root.held_bytes), root.object));
    roots
}

/// The objects in the order in which a depth first search leaves them.
fn search_exits(heap: &Heap, within: &ObjectSet) -> Vec<ObjectId> {
    enum Visit {
        Enter(ObjectId),
        Leave(ObjectId),
    }
    let mut seen = ObjectSet::empty(heap.object_count());
    let mut exits = Vec::new();
    let mut pending = Vec::new();
    for first in within.iter() {
        pending.push(Visit::Enter(first));
        while let Some(visit) = pending.pop() {
            match visit {
                Visit::Leave(object) => exits.push(object),
                Visit::Enter(object) => {
                    if !seen.insert(object) {
                        continue;
                    }
                    pending.push(Visit::Leave(object));
                    for other in heap.referent_ids(object) {
                        if within.contains(other) && !seen.contains(other) {
                            pending.push(Visit::Enter(other));
                        }
                    }
                }
            }
        }
    }
    exits
}

fn mark_reached(heap: &Heap, within: &ObjectSet, from: ObjectId, marked: &mut ObjectSet) {
    marked.insert(from);
    let mut pending = vec![from];
    while let Some(object) = pending.pop() {
        for other in heap.referent_ids(object) {
            if within.contains(other) && marked.insert(other) {
                pending.push(other);
            }
        }
    }
}

/// The objects that hold `object` directly or not, itself included. Of a leak root these are its circle.
fn holders(heap: &Heap, within: &ObjectSet, object: ObjectId) -> Vec<ObjectId> {
    let mut found = vec![object];
    let mut seen: std::collections::HashSet<ObjectId> = [object].into();
    let mut next = 0;
    while let Some(&object) = found.get(next) {
        next += 1;
        for other in heap.referrer_ids(object) {
            if within.contains(other) && seen.insert(other) {
                found.push(other);
            }
        }
    }
    found
}
