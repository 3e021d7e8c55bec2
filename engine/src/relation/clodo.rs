//! Clodo: class, or backing storage of an owner's class.
//!
//! Storage that is an implementation detail of one owner says little by itself; `buffer of app::Cache` says whose it
//! is. Who owns what is told in [`super::owners`].

use std::sync::Arc;

use super::class::{Class, TypeClass};
use super::labelling::{Labelling, Numbering};
use super::owners::Owner;
use super::rule::Rule;
use super::types::type_class;
use crate::heap::{Family, Heap};
use crate::id::{ObjectId, TypeId};
use crate::view::View;

/// Whether the object is backing storage.
pub(crate) fn is_storage(heap: &Heap, object: ObjectId) -> bool {
    heap.family(object) == Family::Block
        && heap.class_of(object).or_else(|| heap.type_of(object)).is_some_and(|ty| heap.type_record(ty).storage)
}

/// Whether objects of each shape are backing storage.
pub(super) fn storage_shapes(heap: &Heap) -> Vec<bool> {
    let storage = |ty: TypeId| heap.type_record(ty).storage;
    heap.shapes().map(|(family, _, class)| family == Family::Block && class.is_some_and(storage)).collect()
}

/// Labels objects by class, and storage by its owner's class. Time O(V + E).
pub(super) fn by_class_or_owner(view: &Arc<View>) -> Labelling {
    let heap = view.heap();
    let by_class = view.labelling(&Rule::Class);
    let mut numbering = Numbering::new();
    let of_class: Vec<u32> =
        (0..by_class.class_count()).map(|label| numbering.number(by_class.class(label as u32))).collect();
    let storage = storage_shapes(heap);
    // Storage of owners of one class is of one class.
    let mut of_owner: Vec<Option<u32>> = vec![None; by_class.class_count()];
    let mut of_none = None;
    let column = heap
        .objects()
        .map(|object| {
            if !storage[heap.shape_number(object) as usize] {
                return of_class[by_class.label(object) as usize];
            }
            let owner = view.owners().owner(object);
            let mut number = || numbering.number(Class::Storage(owner.map(|owner| owner_class(heap, owner))));
            match owner {
                Some(Owner::Object(owner)) => *of_owner[by_class.label(owner) as usize].get_or_insert_with(number),
                Some(Owner::Static { .. }) => number(),
                None => *of_none.get_or_insert_with(number),
            }
        })
        .collect();
    Labelling::from_columns(column, numbering.into_keys())
}

fn owner_class(heap: &Heap, owner: Owner<'_>) -> TypeClass {
    match owner {
        Owner::Object(object) => type_class(heap, object, heap.class_of(object)),
        Owner::Static { symbol, .. } => TypeClass::Static(symbol.to_owned()),
    }
}

/// Labels storage by the class that its owner has under `inner`, and everything else as no storage. Time O(V + E).
pub(super) fn by_owner(view: &Arc<View>, inner: &Rule) -> Labelling {
    let heap = view.heap();
    let of_owner = view.labelling(inner);
    let mut numbering = Numbering::new();
    let other = numbering.number(Class::NotStorage);
    let storage = storage_shapes(heap);
    let column = heap
        .objects()
        .map(|object| {
            if !storage[heap.shape_number(object) as usize] {
                return other;
            }
            let owner = view.owners().get(object);
            numbering.number(Class::OwnerIn(owner.map(|owner| Box::new(of_owner.class(of_owner.label(owner))))))
        })
        .collect();
    Labelling::from_columns(column, numbering.into_keys())
}
