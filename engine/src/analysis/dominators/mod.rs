//! Dominator trees: what keeps each object alive, and how much does each object keep alive?
//!
//! Object A *dominates* object B if every path from the root to B passes through A. If A died, B would die: a heap
//! holds B only through A. The *immediate* dominator of B is the dominator of B that is nearest to it; every reachable
//! object but those that the root holds by itself, or by several ways at once, has one, and together they form a tree
//! under the root.
//!
//! **Why care?** The size of an object says little: a map of a million entries is a few dozen bytes. Its *dominated*
//! size, the sum of the sizes in its subtree, is what would go if it went. The children of the root with the largest
//! dominated sizes are where the memory is, and the path from an object up to the root names who answers for it.
//!
//! **What it does not say.** An object that two owners share is dominated by neither; it hangs under their common
//! dominator, often the root itself. The dominated size of a *set* is not the sum over its members: see
//! [`super::dominos`]. Objects that the root does not reach have no dominator. Conservative edges count like all others:
//! a stale word that happens to hold an address can lift an object up in the tree, never push it down.
//!
//! **Algorithm.** SEMI-NCA (Georgiadis, *Linear-Time Algorithms for Dominators and Related Problems*, 2005): a depth
//! first numbering, semidominators with path compression, then the nearest common ancestors. These are found by jump
//! pointers (Myers, *An Applicative Random-Access Stack*, 1983), for the plain walk takes time O(V²) where a long list
//! ends in a large array. Time O((V + E) log V) in the worst case and near O(V + E) in practice; space about 48 bytes an
//! object and 16 an edge while building, 20 an object afterwards. Past the search everything stands in the order of its
//! numbers, so that what belongs together lies together. All passes are loops.

mod immediate;
mod search;

use std::cmp::Reverse;

use immediate::immediate_dominators;
use search::Search;

use crate::heap::Heap;
use crate::id::ObjectId;
use crate::object_set::ObjectSet;
use crate::view::View;

/// No number: the object is not reached.
const UNREACHED: u32 = u32::MAX;
/// In place of an object's id: the root.
const ROOT: u32 = u32::MAX - 1;

/// The nearest thing that every path from the root to an object passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dominator {
    /// Only the root itself.
    Root,
    /// An object.
    Object(ObjectId),
}

/// The immediate dominators of all objects that a root reaches, and what they dominate.
#[derive(Debug)]
pub struct DominatorTree {
    dominator: Vec<u32>,
    dominated: Vec<u64>,
    /// `children[first[i]..first[i + 1]]` are dominated immediately by object `i`, the root being the last row.
    first: Vec<u32>,
    children: Vec<ObjectId>,
}

impl DominatorTree {
    /// The tree of everything that the root of a view reaches.
    #[must_use]
    pub fn new(view: &View) -> Self {
        Self::within(view.heap(), &view.start(), view.reachable())
    }

    /// The tree of what `start` reaches within `objects`, as if a root referred to each of `start`.
    #[must_use]
    pub fn within(heap: &Heap, start: &ObjectSet, objects: &ObjectSet) -> Self {
        let search = Search::new(heap, start, objects);
        let immediate = immediate_dominators(&search);
        let Search { objects: order, .. } = search;
        let mut sizes: Vec<u64> = order.iter().map(|&object| heap.size(object)).collect();
        // Numbers grow downwards in the tree, so that backwards every object comes after all that it dominates.
        for number in (1..order.len()).rev() {
            sizes[immediate[number] as usize] += sizes[number];
        }
        let mut tree = Self {
            dominator: vec![UNREACHED; heap.object_count()],
            dominated: vec![0; heap.object_count()],
            first: Vec::new(),
            children: Vec::new(),
        };
        for number in 1..order.len() {
            let object = order[number].index();
            tree.dominated[object] = sizes[number];
            tree.dominator[object] = match immediate[number] {
                0 => ROOT,
                above => order[above as usize].raw(),
            };
        }
        tree.list_children();
        tree
    }

    /// The immediate dominator; none for an object that is not reached.
    #[must_use]
    pub fn immediate(&self, object: ObjectId) -> Option<Dominator> {
        match self.dominator[object.index()] {
            UNREACHED => None,
            ROOT => Some(Dominator::Root),
            id => Some(Dominator::Object(ObjectId::new(id))),
        }
    }

    /// The bytes of an object and of all that it dominates; 0 for an object that is not reached.
    #[must_use]
    pub fn dominated_size(&self, object: ObjectId) -> u64 {
        self.dominated[object.index()]
    }

    /// What is dominated immediately by `above`, by dominated size descending, then by address.
    #[must_use]
    pub fn children(&self, above: Dominator) -> &[ObjectId] {
        let row = match above {
            Dominator::Root => self.dominator.len(),
            Dominator::Object(object) => object.index(),
        };
        &self.children[self.first[row] as usize..self.first[row + 1] as usize]
    }

    /// The chain of dominators of an object, nearest first, without the root. Time O(its length).
    pub fn chain(&self, object: ObjectId) -> impl Iterator<Item = ObjectId> + '_ {
        let above = |object| match self.immediate(object) {
            Some(Dominator::Object(above)) => Some(above),
            _ => None,
        };
        std::iter::successors(above(object), move |&object| above(object))
    }

    fn list_children(&mut self) {
        let rows = self.dominator.len() + 1;
        let row_of = |dominator: u32| match dominator {
            UNREACHED => None,
            ROOT => Some(rows - 1),
            id => Some(id as usize),
        };
        let mut first = vec![0u32; rows + 1];
        for row in self.dominator.iter().filter_map(|&dominator| row_of(dominator)) {
            first[row + 1] += 1;
        }
        for row in 0..rows {
            first[row + 1] += first[row];
        }
        let mut next = first.clone();
        let mut children = vec![ObjectId::new(0); first[rows] as usize];
        for (index, &dominator) in self.dominator.iter().enumerate() {
            if let Some(row) = row_of(dominator) {
                children[next[row] as usize] = ObjectId::new(index as u32);
                next[row] += 1;
            }
        }
        let mut sorted = Vec::new();
        for row in 0..rows {
            let children = &mut children[first[row] as usize..first[row + 1] as usize];
            if children.len() > 1 {
                sorted.clear();
                sorted.extend(children.iter().map(|&child| (Reverse(self.dominated[child.index()]), child)));
                sorted.sort_unstable();
                for (child, &(_, place)) in children.iter_mut().zip(&sorted) {
                    *child = place;
                }
            }
        }
        self.first = first;
        self.children = children;
    }
}
