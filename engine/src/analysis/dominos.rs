//! Dominos: what would fall if a set of objects fell?
//!
//! An object is a *domino* of a set X if every path from the root to it passes through a member of X: it lives only
//! because of X. The sizes of the dominos together are the *dominated size* of X (`domisize`), which is what dropping
//! X could free at most: where references are plain pointers, code may have to free what it no longer reaches, and
//! where edges are conservative, a stale word may make a domino look shared.
//!
//! The dominos of a set are not the union of the dominos of its members: what two members hold together is dominated
//! by the set but by neither of them. If nothing reaches X, its dominos are X and what only it holds; things that it
//! holds for other unreachable objects are counted too.
//!
//! Two traversals: with W the objects that the root reaches without entering X, the dominos are what X reaches without
//! entering W. Time O(V + E), extra space O(V) bits. For the dominos of *every single* object at once see
//! [`super::DominatorTree`].

use super::reach;
use super::worklist::visit_all;
use crate::heap::Heap;
use crate::object_set::ObjectSet;

/// The objects that would die if all of `set` died, `set` included; `start` is what the root refers to.
#[must_use]
pub fn dominos(heap: &Heap, start: &ObjectSet, set: &ObjectSet) -> ObjectSet {
    let without = reach(heap, start, set);
    reach(heap, set, &without)
}

/// The members of `referrers` (the referrers of some set) that the root reaches without passing another of them.
///
/// Heapy's `imdom`. It is a set of referrers, not the immediate dominator of the literature: an object in a diamond has
/// both sides. Time O(V + E).
#[must_use]
pub fn imdom(heap: &Heap, start: &ObjectSet, referrers: &ObjectSet) -> ObjectSet {
    let mut reached = start.clone();
    visit_all(start, heap.object_count(), |object, pending| {
        if referrers.contains(object) {
            return;
        }
        for other in heap.referent_ids(object) {
            if reached.insert(other) {
                pending.add(other);
            }
        }
    });
    reached.intersect_with(referrers);
    reached
}
