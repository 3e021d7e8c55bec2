//! What can be reached from a set of objects.
//!
//! Time O(V + E), extra space O(V) bits and ids.

use crate::heap::Heap;
use crate::object_set::ObjectSet;

/// The objects reached from `start`, `start` included, without ever entering `avoid`: start objects that are in `avoid`
/// are dropped.
#[must_use]
pub fn reach(heap: &Heap, start: &ObjectSet, avoid: &ObjectSet) -> ObjectSet {
    // One set for "met" and "avoided": a single bit is looked at for each edge.
    let mut closed = avoid.clone();
    let mut pending: Vec<_> = start.iter().filter(|&object| closed.insert(object)).collect();
    while let Some(object) = pending.pop() {
        for other in heap.referent_ids(object) {
            if closed.insert(other) {
                pending.push(other);
            }
        }
    }
    closed.difference_with(avoid);
    closed
}
