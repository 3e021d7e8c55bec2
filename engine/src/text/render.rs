//! How single objects are rendered in lists.

use std::sync::Arc;

use crate::heap::{Family, Heap};
use crate::id::ObjectId;
use crate::relation::{Class, Place, Rule, is_storage};
use crate::view::View;

/// How the objects of one kind are rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rendering {
    /// By what they are: a name, or address and length.
    Full,
    /// Backing storage by its owner, of whose text only the last dotted part is shown.
    Owner,
    /// By the address alone.
    Address,
}

impl Rendering {
    /// How a list of objects of this class shows them.
    pub(crate) const fn of_class(class: &Class) -> Self {
        match class {
            Class::Type(_) | Class::Storage(None) | Class::Module(_) => Self::Full,
            Class::Storage(Some(_)) => Self::Owner,
            _ => Self::Address,
        }
    }

    /// The text of an object.
    pub(crate) fn text(self, view: &Arc<View>, object: ObjectId) -> String {
        match self {
            Self::Full => identity_text(view.heap(), object),
            Self::Address => format!("{:#x}", view.heap().address(object)),
            Self::Owner => {
                let text = member_text(view, object);
                match text.rsplit_once('.') {
                    Some((_, last)) => format!("..{last}"),
                    None => text,
                }
            }
        }
    }
}

/// The texts of objects in the order of addresses as long as they fit into `room` (at least one), then sorted as texts.
pub(crate) fn items(view: &Arc<View>, objects: &[ObjectId], rendering: Rendering, room: usize) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut used = 0;
    for &object in objects {
        let text = rendering.text(view, object);
        let length = text.chars().count() + 2;
        if let Some(last) = texts.last_mut()
            && used + length >= room
        {
            last.push_str("...");
            break;
        }
        used += length;
        texts.push(text);
    }
    texts.sort_unstable();
    texts.join(", ")
}

/// The text of an object in the list of a set of one kind: its name, or its address and length.
pub(crate) fn identity_text(heap: &Heap, object: ObjectId) -> String {
    let address = heap.address(object);
    let name = heap.name(object);
    match heap.family(object) {
        Family::Module => name.map_or_else(|| format!("{address:#x}"), str::to_owned),
        Family::Frame => format!("<{} at {address:#x}>", name.unwrap_or("frame")),
        Family::Block => match heap.length(object) {
            Some(length) if heap.vocabulary().length_suffix => format!("{address:#x}*{length}"),
            _ => format!("{address:#x}"),
        },
    }
}

/// What the column of [`identity_text`] is called for objects like this one.
pub(crate) fn identity_header(heap: &Heap, object: ObjectId) -> &'static str {
    match heap.family(object) {
        Family::Module => "Name",
        Family::Frame => "Name at Address",
        Family::Block if heap.length(object).is_some() && heap.vocabulary().length_suffix => "Address*Length",
        Family::Block => "Address",
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
    let owner = if is_storage(heap, object) { view.owners().get(object) } else { None };
    identity_text(heap, owner.unwrap_or(object))
}
