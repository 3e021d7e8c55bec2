//! Prod, Site and Unit: which code allocated an object.
//!
//! The *producer* is the line of the innermost frame that is neither the allocator's nor a container library's; the
//! *site* is the whole calling context; the *unit* is the crate, translation unit or module of the producer.

use super::class::Class;
use super::labelling::{Labelling, Numbering};
use crate::heap::{Frame, Heap};
use crate::id::{ContextId, ObjectId};

/// The innermost frame that is not of a library; where all are, the innermost.
pub(crate) fn first_own_frame(heap: &Heap, context: ContextId) -> Option<&Frame> {
    heap.frames_of(context).find(|frame| !frame.library).or_else(|| heap.frames_of(context).next())
}

/// Labels objects by file and line of allocation. Time O(V), and once O(depth) for each context.
pub(super) fn by_producer(heap: &Heap) -> Labelling {
    by_context(heap, |context| Class::Producer(context.and_then(|context| producer(heap, context))), |_| None)
}

/// File and line of the producer; the function's name takes the place of an unknown file.
pub(crate) fn producer(heap: &Heap, context: ContextId) -> Option<(String, Option<u32>)> {
    let frame = first_own_frame(heap, context)?;
    Some(match &frame.file {
        Some(file) => (file.clone(), frame.line),
        None => (frame.function.clone(), None),
    })
}

/// Labels objects by calling context. Time O(V).
pub(super) fn by_site(heap: &Heap) -> Labelling {
    by_context(heap, Class::Site, |_| None)
}

/// Labels objects by the unit that allocated them, else by the one that defines their type. Time O(V).
pub(super) fn by_unit(heap: &Heap) -> Labelling {
    by_context(
        heap,
        |context| Class::Unit(context.and_then(|context| first_own_frame(heap, context)?.unit.clone())),
        |object| heap.class_of(object).and_then(|ty| heap.type_record(ty).unit.clone()),
    )
}

/// Labels by the class of the context; `other_unit` is asked where the context has no unit.
fn by_context(
    heap: &Heap,
    class: impl Fn(Option<ContextId>) -> Class,
    other_unit: impl Fn(ObjectId) -> Option<String>,
) -> Labelling {
    let mut numbering = Numbering::new();
    let without = numbering.number(class(None));
    let of_context: Vec<u32> =
        (0..heap.context_count()).map(|index| numbering.number(class(Some(ContextId::new(index as u32))))).collect();
    let mut column = Vec::with_capacity(heap.object_count());
    for object in heap.objects() {
        let mut label = heap.context(object).map_or(without, |context| of_context[context.index()]);
        if label == without
            && let Some(unit) = other_unit(object)
        {
            label = numbering.number(Class::Unit(Some(unit)));
        }
        column.push(label);
    }
    Labelling::from_columns(column, numbering.into_keys())
}
