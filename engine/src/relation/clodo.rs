//! Clodo: class, or backing storage of an owner's class.
//!
//! Storage that is an implementation detail of one owner says little by itself; `buffer of app::Cache` says whose it
//! is. A block whose type is marked as storage belongs to the one object that holds a typed reference to its start;
//! references from frames are borrowings and count only where nothing else refers to it. The owner is looked for
//! among all objects, reachable or not.

use std::sync::Arc;

use hashbrown::HashMap;

use super::class::{Class, TypeClass};
use super::labelling::{Labelling, Numbering};
use super::rule::Rule;
use super::types::type_class;
use crate::heap::{Family, Heap, Relation};
use crate::id::{ObjectId, TypeId};
use crate::view::View;

/// Who owns a piece of backing storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A block or a frame.
    Object(ObjectId),
    /// A symbol of a module's static data.
    Static {
        /// The module.
        module: ObjectId,
        /// The symbol's name.
        symbol: String,
    },
}

impl Owner {
    /// The object that holds the reference.
    pub(crate) fn object(&self) -> ObjectId {
        match self {
            Self::Object(object) | Self::Static { module: object, .. } => *object,
        }
    }

    fn class(&self, heap: &Heap) -> TypeClass {
        match self {
            Self::Object(object) => type_class(heap, *object, heap.class_of(*object)),
            Self::Static { symbol, .. } => TypeClass::Static(symbol.clone()),
        }
    }
}

/// Whether the object is backing storage.
pub(crate) fn is_storage(heap: &Heap, object: ObjectId) -> bool {
    heap.family(object) == Family::Block
        && heap.class_of(object).or_else(|| heap.type_of(object)).is_some_and(|ty| heap.type_record(ty).storage)
}

/// Whether objects of each shape are backing storage.
fn storage_shapes(heap: &Heap) -> Vec<bool> {
    let storage = |ty: TypeId| heap.type_record(ty).storage;
    heap.shapes().map(|(family, _, class)| family == Family::Block && class.is_some_and(storage)).collect()
}

/// The owners of all storage that has one. Time O(V + E).
pub(crate) fn owners(heap: &Heap) -> HashMap<ObjectId, Owner> {
    let storage = storage_shapes(heap);
    let storage = heap.objects().filter(|&object| storage[heap.shape_number(object) as usize]);
    storage.filter_map(|object| Some((object, owner_of(heap, object)?))).collect()
}

fn owner_of(heap: &Heap, storage: ObjectId) -> Option<Owner> {
    let mut holder: Option<Owner> = None;
    let mut several_holders = false;
    let mut borrower: Option<ObjectId> = None;
    let mut several_borrowers = false;
    for position in heap.incoming_positions(storage) {
        let from = heap.referrer_at(position);
        if from == storage || !heap.is_typed_start(position) {
            continue;
        }
        let found = match heap.family(from) {
            Family::Frame => {
                several_borrowers |= borrower.replace(from).is_some_and(|before| before != from);
                continue;
            }
            // One module holds all statics, so there the symbol tells owners apart.
            Family::Module => {
                let relation = heap.relation(from, &heap.incoming_edge(position));
                Owner::Static { module: from, symbol: symbol_of(&relation) }
            }
            Family::Block => Owner::Object(from),
        };
        several_holders |= holder.as_ref().is_some_and(|before| *before != found);
        holder = Some(found);
    }
    match (holder, borrower) {
        (Some(holder), _) if !several_holders => Some(holder),
        (None, Some(borrower)) if !several_borrowers => Some(Owner::Object(borrower)),
        _ => None,
    }
}

/// The symbol in a module's relation: its first field.
fn symbol_of(relation: &Relation) -> String {
    match relation {
        Relation::Field(name) => name.split(['.', '[']).next().unwrap_or(name).to_owned(),
        other => other.printed('"'),
    }
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
    let column = heap
        .objects()
        .map(|object| {
            if !storage[heap.shape_number(object) as usize] {
                return of_class[by_class.label(object) as usize];
            }
            let owner = view.owners().get(&object);
            let mut number = || numbering.number(Class::Storage(owner.map(|owner| owner.class(heap))));
            match owner {
                Some(Owner::Object(owner)) => *of_owner[by_class.label(*owner) as usize].get_or_insert_with(number),
                _ => number(),
            }
        })
        .collect();
    Labelling::from_columns(column, numbering.into_keys())
}

/// Labels storage by the class that its owner has under `inner`, and everything else as no storage. Time O(V + E).
pub(super) fn by_owner(view: &Arc<View>, inner: &Rule) -> Labelling {
    let heap = view.heap();
    let of_owner = view.labelling(inner);
    let mut numbering = Numbering::new();
    let other = numbering.number(Class::NotStorage);
    let column = heap
        .objects()
        .map(|object| {
            if !is_storage(heap, object) {
                return other;
            }
            let owner = view.owners().get(&object).map(Owner::object);
            numbering.number(Class::OwnerIn(owner.map(|owner| Box::new(of_owner.class(of_owner.label(owner))))))
        })
        .collect();
    Labelling::from_columns(column, numbering.into_keys())
}
