//! What can be reached from a set of objects.
//!
//! Time O(V + E), extra space O(V) bits.

use super::worklist::visit_all;
use crate::heap::Heap;
use crate::object_set::ObjectSet;

/// The objects reached from `start`, `start` included, without ever entering `avoid`: start objects that are in `avoid`
/// are dropped.
#[must_use]
pub fn reach(heap: &Heap, start: &ObjectSet, avoid: &ObjectSet) -> ObjectSet {
    let count = heap.object_count();
    let mut first = start.clone();
    first.difference_with(avoid);
    // One set for "met" and "avoided": a single bit is looked at for each edge.
    let mut closed = avoid.clone();
    closed.union_with(&first);
    visit_all(&first, count, |object, pending| {
        for other in heap.referent_ids(object) {
            if closed.insert(other) {
                pending.add(other);
            }
        }
    });
    closed.difference_with(avoid);
    closed
}
