//! Type and Class: what an object is, by static type and by run-time evidence.
//!
//! Modules are of type `module` and activations of type `frame`. A block without a type is called after the place of
//! its allocation, `<block from FILE:LINE>`, and without that after its size, `<untyped SIZE>`.

use std::collections::HashMap;

use super::class::{Class, TypeClass};
use super::labelling::{Labelling, Numbering};
use super::site::first_own_frame;
use crate::heap::{Family, Heap};
use crate::id::{ContextId, ObjectId, TypeId};

/// Labels objects by their static type. Time O(V).
pub(super) fn by_type(heap: &Heap) -> Labelling {
    by_declared(heap, |_, ty, _| ty)
}

/// Labels objects by their most-derived type. Time O(V).
pub(super) fn by_class(heap: &Heap) -> Labelling {
    by_declared(heap, |_, _, class| class)
}

const NONE: u32 = u32::MAX;

fn by_declared(heap: &Heap, declared: fn(Family, Option<TypeId>, Option<TypeId>) -> Option<TypeId>) -> Labelling {
    let mut classes: Vec<Class> = Vec::new();
    // Objects of one shape are of one class, unless they are blocks without a type.
    let of_shape: Vec<u32> = heap
        .shapes()
        .map(|(family, ty, class)| {
            let class = match (family, declared(family, ty, class)) {
                (Family::Module, _) => TypeClass::Module,
                (Family::Frame, _) => TypeClass::Frame,
                (Family::Block, Some(ty)) => TypeClass::Declared(ty),
                (Family::Block, None) => return NONE,
            };
            classes.push(Class::Type(class));
            (classes.len() - 1) as u32
        })
        .collect();
    let mut untyped = UntypedNames::new(heap);
    let mut column = Vec::with_capacity(heap.object_count());
    for object in heap.objects() {
        let mut label = of_shape[heap.shape_number(object) as usize];
        if label == NONE {
            let slot = untyped.slot(heap.context(object), heap.size(object));
            if *slot == NONE {
                *slot = classes.len() as u32;
                classes.push(Class::Type(type_class(heap, object, None)));
            }
            label = *slot;
        }
        column.push(label);
    }
    // Contexts that share their innermost own frame have one name and are one class.
    let mut numbering = Numbering::new();
    let merged: Vec<u32> = classes.into_iter().map(|class| numbering.number(class)).collect();
    if merged.iter().enumerate().any(|(label, &to)| label != to as usize) {
        for label in &mut column {
            *label = merged[*label as usize];
        }
    }
    Labelling::from_columns(column, numbering.into_keys())
}

/// The class of one object of the given declared type.
pub(super) fn type_class(heap: &Heap, object: ObjectId, declared: Option<TypeId>) -> TypeClass {
    match (heap.family(object), declared) {
        (Family::Module, _) => TypeClass::Module,
        (Family::Frame, _) => TypeClass::Frame,
        (Family::Block, Some(ty)) => TypeClass::Declared(ty),
        (Family::Block, None) => {
            let named = heap.context(object).and_then(|context| site_name(heap, context));
            named.map_or_else(|| TypeClass::Untyped(heap.size(object)), TypeClass::FromSite)
        }
    }
}

/// `FILE:LINE` of the first frame that is not of a library, or its function where there is no line.
fn site_name(heap: &Heap, context: ContextId) -> Option<String> {
    let frame = first_own_frame(heap, context)?;
    Some(match (&frame.file, frame.line) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        _ => frame.function.clone(),
    })
}

/// Labels of untyped blocks, by context or by size.
struct UntypedNames {
    by_context: Vec<u32>,
    /// Whether a context has a name; found once for each.
    named: Vec<bool>,
    by_size: HashMap<u64, u32>,
}

impl UntypedNames {
    fn new(heap: &Heap) -> Self {
        let count = heap.context_count();
        let named = (0..count).map(|index| first_own_frame(heap, ContextId::new(index as u32)).is_some()).collect();
        Self { by_context: vec![NONE; count], named, by_size: HashMap::new() }
    }

    fn slot(&mut self, context: Option<ContextId>, size: u64) -> &mut u32 {
        match context {
            Some(context) if self.named[context.index()] => &mut self.by_context[context.index()],
            _ => self.by_size.entry(size).or_insert(NONE),
        }
    }
}
