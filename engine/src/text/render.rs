//! How single objects are rendered in lists.

use std::sync::Arc;

use crate::heap::{Family, Heap};
use crate::id::ObjectId;
use crate::relation::{Owner, Place, Rule, is_storage};
use crate::view::View;

/// The text of an object in the list of a set of one kind: its name, or its address and length.
pub(crate) fn identity_text(heap: &Heap, object: ObjectId) -> String {
    let address = heap.address(object);
    let name = heap.name(object);
    match heap.family(object) {
        Family::Module => name.map_or_else(|| format!("{address:#x}"), str::to_owned),
        Family::Frame => format!("{} at {address:#x}", name.unwrap_or("frame")),
        Family::Block => match heap.length(object) {
            Some(length) if heap.vocabulary().length_suffix => format!("{address:#x}*{length}"),
            _ => format!("{address:#x}"),
        },
    }
}

/// The table name of the kind under which a list shows an object.
pub(crate) fn kind_text(view: &Arc<View>, object: ObjectId) -> String {
    let labels = view.labelling(&Rule::Clodo);
    Rule::Clodo.class_name(view, &labels.class(labels.label(object)), Place::Alone)
}

/// The text of an object beside its kind: backing storage by its owner, everything else as it is.
pub(crate) fn member_text(view: &Arc<View>, object: ObjectId) -> String {
    let heap = view.heap();
    let owner = if is_storage(heap, object) { view.owners().get(&object) } else { None };
    identity_text(heap, owner.map_or(object, Owner::object))
}
