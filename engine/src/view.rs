//! A heap with what has been computed of it: the reachable objects and the classes of each relation.
//!
//! Heapy's *view* has a root, and everything is computed from what that root reaches. All sets of one `Use` share a
//! view, so that a relation labels the objects of the heap once. Answers are made on first use; the caches can be
//! shared between threads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::analysis::{Hold, held_by_data, reach};
use crate::error::UseError;
use crate::heap::{Edge, Heap};
use crate::id::ObjectId;
use crate::object_set::ObjectSet;
use crate::relation::{Labelling, Owners, Rule};

/// Most relations whose labels are kept; whoever asks for more of them has them made again.
const MAX_LABELLINGS: usize = 48;

/// A heap, what is reachable in it, and the labels of the relations that were asked for.
#[derive(Debug)]
pub struct View {
    heap: Arc<Heap>,
    reachable: OnceLock<ObjectSet>,
    held_by_data: OnceLock<ObjectSet>,
    owners: OnceLock<Owners>,
    clodo_is_finer: OnceLock<bool>,
    labellings: Mutex<HashMap<Rule, Arc<Labelling>>>,
}

impl View {
    /// A view of `heap` of which nothing is computed yet.
    #[must_use]
    pub fn new(heap: Arc<Heap>) -> Self {
        Self {
            heap,
            reachable: OnceLock::new(),
            held_by_data: OnceLock::new(),
            owners: OnceLock::new(),
            clodo_is_finer: OnceLock::new(),
            labellings: Mutex::default(),
        }
    }

    /// The heap.
    #[must_use]
    pub fn heap(&self) -> &Arc<Heap> {
        &self.heap
    }

    /// What the root refers to, and the object that stands for it if there is one: where every traversal starts.
    #[must_use]
    pub fn start(&self) -> ObjectSet {
        let mut start = ObjectSet::empty(self.heap.object_count());
        for root in self.heap.roots() {
            start.insert(root.to);
        }
        if let Some(root) = self.heap.root_object() {
            start.insert(root);
        }
        start
    }

    /// The objects that the root reaches, the root object included. Time O(V + E) the first time.
    pub fn reachable(&self) -> &ObjectSet {
        self.reachable.get_or_init(|| reach(&self.heap, &self.start(), &ObjectSet::empty(self.heap.object_count())))
    }

    /// How firmly an object is held. Time O(V + E) the first time.
    #[must_use]
    pub fn hold(&self, object: ObjectId) -> Hold {
        if self.held_by_data.get_or_init(|| held_by_data(&self.heap)).contains(object) {
            Hold::Data
        } else if self.reachable().contains(object) {
            Hold::Stack
        } else {
            Hold::None
        }
    }

    /// The edges to an object from reachable objects, by the referrer's address. Edges to the root object are not seen.
    pub fn referrers_of(&self, object: ObjectId) -> impl Iterator<Item = Edge<'_>> {
        let reachable = self.reachable();
        let seen = self.heap.root_object() != Some(object);
        self.heap.referrers(object).filter(move |edge| seen && reachable.contains(edge.other))
    }

    /// The direct referrers of a set that the root reaches. Time O(V + E).
    #[must_use]
    pub fn referrers(&self, set: &ObjectSet) -> ObjectSet {
        let mut found = ObjectSet::empty(self.heap.object_count());
        for object in set.iter() {
            for edge in self.referrers_of(object) {
                found.insert(edge.other);
            }
        }
        found
    }

    /// The direct referents of a set, reachable or not. Time O(V + E).
    #[must_use]
    pub fn referents(&self, set: &ObjectSet) -> ObjectSet {
        let mut found = ObjectSet::empty(self.heap.object_count());
        for object in set.iter() {
            for edge in self.heap.referents(object) {
                found.insert(edge.other);
            }
        }
        found
    }

    /// Sum of the sizes of the members, in bytes.
    #[must_use]
    pub fn size_of(&self, set: &ObjectSet) -> u64 {
        set.iter().map(|object| self.heap.size(object)).sum()
    }

    /// Whether on this heap all objects of one class of Clodo are of one type.
    pub(crate) fn clodo_is_finer(self: &Arc<Self>) -> bool {
        *self.clodo_is_finer.get_or_init(|| {
            let (fine, coarse) = (self.labelling(&Rule::Clodo), self.labelling(&Rule::Type));
            let mut coarse_of = vec![None; fine.class_count()];
            self.heap.objects().all(|object| {
                let label = coarse.label(object);
                *coarse_of[fine.label(object) as usize].get_or_insert(label) == label
            })
        })
    }

    /// The object at an address of an instance's memory; interior addresses find their block.
    ///
    /// # Errors
    /// [`UseError::NoObject`] when there is none.
    pub fn object_at(&self, instance: u32, address: u64) -> Result<ObjectId, UseError> {
        self.heap.find(instance, address).ok_or(UseError::NoObject { instance, address })
    }

    /// The owners of backing storage. Time O(V + E) the first time.
    pub(crate) fn owners(&self) -> &Owners {
        self.owners.get_or_init(|| Owners::new(&self.heap))
    }

    /// The classes of all objects under a rule, computed once.
    pub(crate) fn labelling(self: &Arc<Self>, rule: &Rule) -> Arc<Labelling> {
        let cached = |map: &HashMap<Rule, Arc<Labelling>>| map.get(rule).cloned();
        if let Some(found) = cached(&self.labellings.lock().unwrap_or_else(PoisonError::into_inner)) {
            return found;
        }
        // Not under the lock: a composed rule asks for the labels of its parts.
        let made = Arc::new(Labelling::new(self, rule));
        let mut map = self.labellings.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= MAX_LABELLINGS {
            map.clear();
        }
        Arc::clone(map.entry(rule.clone()).or_insert(made))
    }
}
