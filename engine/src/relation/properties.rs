//! Size, Module, Age, Content and Thread: relations that look at one property of an object.

use std::collections::HashMap;
use std::sync::Arc;

use super::class::Class;
use super::labelling::{Labelling, Numbering};
use crate::analysis::reach;
use crate::heap::{Family, Heap};
use crate::object_set::ObjectSet;
use crate::view::View;

const NONE: u32 = u32::MAX;
/// Sizes below this are looked up in a table; most blocks are far smaller.
const SMALL_SIZES: usize = 1 << 16;

/// Labels objects by their size. Time O(V).
pub(super) fn by_size(heap: &Heap) -> Labelling {
    let mut small = vec![NONE; SMALL_SIZES];
    let mut large: HashMap<u64, u32> = HashMap::new();
    let mut classes = Vec::new();
    let mut column = Vec::with_capacity(heap.object_count());
    for object in heap.objects() {
        let size = heap.size(object);
        let slot = match usize::try_from(size) {
            Ok(index) if index < SMALL_SIZES => &mut small[index],
            _ => large.entry(size).or_insert(NONE),
        };
        if *slot == NONE {
            *slot = classes.len() as u32;
            classes.push(Class::Size(size));
        }
        column.push(*slot);
    }
    Labelling::from_columns(column, classes)
}

/// Labels each module by itself and all other objects as no module. Time O(V).
pub(super) fn by_module(heap: &Heap) -> Labelling {
    let mut classes = vec![Class::Module(None)];
    let mut column = vec![0; heap.object_count()];
    for object in heap.objects() {
        if heap.family(object) == Family::Module {
            column[object.index()] = classes.len() as u32;
            classes.push(Class::Module(Some(object)));
        }
    }
    Labelling::from_columns(column, classes)
}

/// Labels objects by the interval between snapshots in which they were made. Time O(V).
pub(super) fn by_age(heap: &Heap) -> Labelling {
    let mut numbering = Numbering::new();
    let column = heap.objects().map(|object| numbering.number(heap.age(object))).collect();
    Labelling::from_columns(column, numbering.into_keys().into_iter().map(Class::Age).collect())
}

/// Labels objects by their bytes, where those are held. Time O(V log V).
pub(super) fn by_content(heap: &Heap) -> Labelling {
    let mut numbering = Numbering::new();
    let column = heap.objects().map(|object| numbering.number(heap.content(object))).collect();
    Labelling::from_columns(column, numbering.into_keys().into_iter().map(Class::Content).collect())
}

/// Labels objects by the threads from whose frames, stacks and thread-local blocks they are reachable. Time
/// O((V + E) T), where T is the number of threads.
pub(super) fn by_thread(view: &Arc<View>) -> Labelling {
    let heap = view.heap();
    let count = heap.object_count();
    let mut threads: Vec<u32> = heap.roots().iter().filter_map(|root| root.place.thread()).collect();
    threads.sort_unstable();
    threads.dedup();
    let mut numbering: Numbering<Vec<u32>> = Numbering::new();
    let none = numbering.number(Vec::new());
    let mut column = vec![none; count];
    for thread in threads {
        let mut start = ObjectSet::empty(count);
        for root in heap.roots().iter().filter(|root| root.place.thread() == Some(thread)) {
            start.insert(root.to);
        }
        let mut with: HashMap<u32, u32> = HashMap::new();
        for object in reach(heap, &start, &ObjectSet::empty(count)).iter() {
            let label = &mut column[object.index()];
            *label = *with.entry(*label).or_insert_with(|| {
                let mut longer = numbering.key(*label).clone();
                longer.push(thread);
                numbering.number(longer)
            });
        }
    }
    Labelling::from_columns(column, numbering.into_keys().into_iter().map(Class::Threads).collect())
}
