//! References in time: what is new since then?
//!
//! A reference is a set of objects of an earlier snapshot (or of the same one). The relative heap is the present heap
//! without them. Objects are the same in two snapshots when their *serials* are equal, never because of their address,
//! which the guest's allocator hands out again; an old object that grew is not new, a block that realloc moved is.
//! Modules and frames have no serial: they are the same when instance, address and name are.
//!
//! Only what `heap`, `heapg` and `heapu` return is relative. Referrers, paths, patterns and dominated sizes of a relative
//! set see the whole heap.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::analysis::{LeakRoot, leak_roots};
use crate::error::UseError;
use crate::heap::{Family, Heap};
use crate::id::ObjectId;
use crate::object_set::ObjectSet;
use crate::stat::Stat;
use crate::uniset::IdentitySet;
use crate::use_api::Use;

/// What `heap`, `heapg` and `heapu` are relative to.
#[derive(Clone, Debug, Default)]
pub(crate) struct References {
    heap: Option<IdentitySet>,
    heapg: Option<IdentitySet>,
    heapu: Option<Stat>,
}

/// What makes an object the same in two snapshots.
#[derive(PartialEq, Eq, Hash)]
enum Identity<'heap> {
    Serial(u64),
    /// Where serials are not known: a guess.
    Likeness(u32, u64, u64, Option<&'heap str>),
    Named(Family, u32, u64, Option<&'heap str>),
}

impl<'heap> Identity<'heap> {
    fn of(heap: &'heap Heap, object: ObjectId, serials: bool) -> Self {
        let (family, instance, address) = (heap.family(object), heap.instance(object), heap.address(object));
        match family {
            Family::Block if serials => Self::Serial(heap.serial(object)),
            Family::Block => {
                let ty = heap.class_of(object).map(|ty| heap.type_record(ty).name.as_str());
                Self::Likeness(instance, address, heap.size(object), ty)
            }
            Family::Module | Family::Frame => Self::Named(family, instance, address, heap.name(object)),
        }
    }
}

/// The objects of `heap` that are members of `reference`, which may be of an earlier snapshot. Time O(V).
fn same_objects(heap: &Arc<Heap>, reference: &IdentitySet) -> ObjectSet {
    if Arc::ptr_eq(heap, reference.heap()) {
        return reference.nodes().clone();
    }
    let serials = heap.facts().serials && reference.heap().facts().serials;
    let before: HashSet<Identity<'_>> =
        reference.nodes().iter().map(|object| Identity::of(reference.heap(), object, serials)).collect();
    let mut same = ObjectSet::empty(heap.object_count());
    for object in heap.objects().filter(|&object| before.contains(&Identity::of(heap, object, serials))) {
        same.insert(object);
    }
    same
}

impl Use {
    /// A `Use` that looks at the same heap relative to another one: `heap` and `heapu` show what is new since then.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let new = Self::new(Arc::clone(self.view().heap()));
        new.setref(Some(earlier.absolute_heap()), Some(earlier.unreachable().stat()));
        new
    }

    /// A `Use` with the same references that looks at another snapshot of the run.
    #[must_use]
    pub fn at(&self, heap: Arc<Heap>) -> Self {
        let references = self.references_now().clone();
        let new = Self::new(heap);
        *new.references_now() = references;
        new
    }

    /// Whether objects of the reference are told apart by likeness only, because serials are not known.
    #[must_use]
    pub fn is_approximate(&self) -> bool {
        let references = self.references_now();
        let of_other_heap = |set: &&IdentitySet| !Arc::ptr_eq(set.heap(), self.view().heap());
        let mut others = [&references.heap, &references.heapg].into_iter().flatten().filter(of_other_heap);
        others.any(|set| !(set.heap().facts().serials && self.view().heap().facts().serials))
    }

    /// Sets both references: the set that `heap` is relative to and the numbers that `heapu` is relative to; where one
    /// is not given, the present state.
    pub fn setref(&self, reachable: Option<IdentitySet>, unreachable: Option<Stat>) {
        self.setrelheap(reachable);
        self.setrelheapu(unreachable);
    }

    /// Sets what `heap` is relative to: a set, or everything that is reachable now. The empty set undoes it.
    pub fn setrelheap(&self, reference: Option<IdentitySet>) {
        let reference = reference.unwrap_or_else(|| self.absolute_heap());
        self.references_now().heap = Some(reference).filter(|set| !set.is_empty());
    }

    /// Sets what `heapg` is relative to: a set, or everything that is unreachable now. The empty set undoes it.
    pub fn setrelheapg(&self, reference: Option<IdentitySet>) {
        let reference = reference.unwrap_or_else(|| self.unreachable());
        self.references_now().heapg = Some(reference).filter(|set| !set.is_empty());
    }

    /// Sets what `heapu` is relative to: numbers by Type, or those of everything that is unreachable now. A stat
    /// without rows undoes it.
    pub fn setrelheapu(&self, reference: Option<Stat>) {
        let reference = reference.unwrap_or_else(|| self.unreachable().stat());
        self.references_now().heapu = Some(reference).filter(|stat| !stat.rows().is_empty());
    }

    /// The numbers of what the root does not reach, by Type; relative to the reference if there is one, unless
    /// `absolute`.
    ///
    /// # Errors
    /// [`UseError::KindHeader`] when the reference is no stat by Type.
    pub fn heapu(&self, absolute: bool) -> Result<Stat, UseError> {
        let stat = self.unreachable().stat();
        match &self.references_now().heapu {
            Some(reference) if !absolute => stat.minus(reference),
            _ => Ok(stat),
        }
    }

    /// What the root does not reach, as a set by Type.
    #[must_use]
    pub fn heapu_set(&self) -> IdentitySet {
        self.unreachable()
    }

    /// What the root does not reach, without the reference of `heapg`; deprecated in Heapy, where `heapu` is better.
    #[must_use]
    pub fn heapg(&self) -> IdentitySet {
        let mut members = self.unreachable().nodes().clone();
        if let Some(reference) = &self.references_now().heapg {
            members.difference_with(&same_objects(self.view().heap(), reference));
        }
        IdentitySet::new(Arc::clone(self.view()), members)
    }

    /// The objects with which leaks begin, those that hold most first.
    #[must_use]
    pub fn leak_roots(&self) -> Vec<LeakRoot> {
        leak_roots(self.view().heap(), self.unreachable().nodes())
    }

    /// What the root reaches, without the reference of `heap`.
    pub(crate) fn relative_heap(&self) -> ObjectSet {
        let mut members = self.view().reachable().clone();
        if let Some(reference) = &self.references_now().heap {
            members.difference_with(&same_objects(self.view().heap(), reference));
        }
        members
    }

    fn absolute_heap(&self) -> IdentitySet {
        IdentitySet::new(Arc::clone(self.view()), self.view().reachable().clone())
    }

    fn unreachable(&self) -> IdentitySet {
        let mut members = ObjectSet::full(self.view().heap().object_count());
        members.difference_with(self.view().reachable());
        IdentitySet::new(Arc::clone(self.view()), members).by_rule(crate::relation::Rule::Type)
    }

    fn references_now(&self) -> MutexGuard<'_, References> {
        self.references().lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// References that all copies of a `Use` share.
pub(crate) type SharedReferences = Arc<Mutex<References>>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::{Facts, HeapBuilder, ObjectRecord, RootPlace, Vocabulary};

    /// Blocks of (address, size, serial, whether the root holds it).
    fn snapshot(blocks: &[(u64, u64, u64, bool)], serials: bool) -> Use {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        builder.set_facts(Facts { serials, ..Facts::default() });
        for &(address, size, serial, held) in blocks {
            let block = builder.add_object(ObjectRecord { serial, ..ObjectRecord::block(address, size) });
            if held {
                builder.add_root(RootPlace::Given(format!("r{serial}")), block);
            }
        }
        Use::new(Arc::new(builder.finish().unwrap()))
    }

    fn addresses(hp: &Use, set: &IdentitySet) -> Vec<u64> {
        set.nodes().iter().map(|object| hp.view().heap().address(object)).collect()
    }

    #[test]
    fn serials_tell_objects_apart_and_addresses_do_not() {
        let before = snapshot(&[(0x100, 16, 1, true), (0x200, 16, 2, true), (0x300, 8, 3, false)], true);
        // 2 was freed and its place given to 4; 1 grew in place; 3 is leaked still, 5 newly.
        let blocks = [(0x100, 24, 1, true), (0x200, 16, 4, true), (0x300, 8, 3, false), (0x400, 8, 5, false)];
        let after = snapshot(&blocks, true).since(&before);
        assert_eq!(addresses(&after, &after.heap()), [0x200]);
        assert!(!after.is_approximate());
        let leaks = after.heapu(false).unwrap();
        assert_eq!((leaks.count(), leaks.size()), (1, 8));
        assert_eq!(after.heapu(true).unwrap().count(), 2);
        after.setref(Some(after.nothing()), Some(after.nothing().stat()));
        assert_eq!(after.heap().count(), 2);
        assert_eq!(after.heapu(false).unwrap().count(), 2);
    }

    #[test]
    fn without_serials_the_answer_is_a_guess() {
        let before = snapshot(&[(0x100, 16, 0, true), (0x200, 16, 0, true)], false);
        let after = snapshot(&[(0x100, 16, 0, true), (0x200, 24, 0, true)], false).since(&before);
        assert_eq!(addresses(&after, &after.heap()), [0x200]);
        assert!(after.is_approximate());
    }

    #[test]
    fn a_reference_of_the_same_heap_is_subtracted_by_identity() {
        let hp = snapshot(&[(0x100, 16, 1, true), (0x200, 16, 2, true), (0x300, 8, 3, false)], true);
        hp.setrelheap(None);
        assert!(hp.heap().is_empty());
        hp.setrelheapg(None);
        assert!(hp.heapg().is_empty());
        assert_eq!(hp.heapu_set().count(), 1);
        assert_eq!(hp.leak_roots().len(), 1);
    }
}
