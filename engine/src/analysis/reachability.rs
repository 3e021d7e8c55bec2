//! What can be reached from a set of objects.
//!
//! Time O(V + E), extra space O(V) bits and ids.

use crate::heap::Heap;
use crate::object_set::ObjectSet;

/// The objects reached from `start`, `start` included, without ever entering `avoid`: start objects that are in `avoid`
/// are dropped.
#[must_use]
pub fn reach(heap: &Heap, start: &ObjectSet, avoid: &ObjectSet) -> ObjectSet {
    let mut reached = start.clone();
    reached.difference_with(avoid);
    let mut pending: Vec<_> = reached.iter().collect();
    while let Some(object) = pending.pop() {
        for referent in heap.referent_ids(object) {
            if !avoid.contains(referent) && reached.insert(referent) {
                pending.push(referent);
            }
        }
    }
    reached
}
