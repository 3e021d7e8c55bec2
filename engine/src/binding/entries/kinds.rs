//! Kinds and sets of kinds.

use super::take;
use crate::binding::entry::Accepts::{Text, UniSet};
use crate::binding::entry::{Bound, Entry, Owner, attribute, method, required};
use crate::binding::{ApiError, Value};
use crate::uniset::{Kind, SetOfKind, UniSet as AnySet};

take!(kinds, Value::Kinds, SetOfKind, "SetOfKind");

fn kind(value: &Value) -> Result<&Kind, ApiError> {
    match value {
        Value::Set(AnySet::Kind(kind)) => Ok(kind),
        other => Err(super::mismatch("Kind", other)),
    }
}

pub(super) const KIND: Owner = Owner {
    name: "Kind",
    doc: "A set with a membership rule. It has no members of its own, but selects objects.",
    parent: Some("UniSet"),
    entries: KIND_ENTRIES,
    dynamic: None,
};

const KIND_ENTRIES: &[Entry] = &[
    method(
        "alt",
        &[required("symbol", Text)],
        "UniSet",
        "The kind whose class compares with this one's: '<', '<=', '==', '!=', '>=' or '>'. Size(24).alt(\">\") are the objects larger than 24 bytes.",
        |target, bound| Ok(kind(target)?.alt(bound.text(0).unwrap_or_default())?.into()),
    ),
    attribute(
        "er",
        "EquivalenceRelation | null",
        "The relation that this is a class of, if it is one.",
        |target, _| Ok(kind(target)?.relation().into()),
    ),
    attribute("refdby", "Kind", "The objects that are referred to by this kind only.", |target, _| {
        Ok(kind(target)?.refdby()?.into())
    }),
    method(
        "select",
        &[],
        "IdentitySet",
        "All objects of the heap that are of this kind, reachable or not.",
        |target, _| Ok(kind(target)?.select().into()),
    ),
];

pub(super) const SET_OF_KIND: Owner = Owner {
    name: "SetOfKind",
    doc: "A set of classes of one relation, such as the referrers of an object may be of.",
    parent: None,
    entries: SET_OF_KIND_ENTRIES,
    dynamic: None,
};

const SET_OF_KIND_ENTRIES: &[Entry] = &[
    method("and", &[required("kind", UniSet)], "SetOfKind", "The set with one class more.", with),
    attribute("er", "EquivalenceRelation", "The relation that its classes are of.", |target, _| {
        Ok(kinds(target)?.relation().into())
    }),
    attribute("refdby", "Kind", "The objects whose referrers are of exactly these classes.", |target, _| {
        Ok(kinds(target)?.refdby().into())
    }),
];

fn with(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    match bound.value(0) {
        Some(Value::Set(AnySet::Kind(kind))) => Ok(Value::Kinds(kinds(target)?.with(kind)?)),
        Some(Value::Text(name)) => {
            let kinds = kinds(target)?;
            Ok(Value::Kinds(kinds.with(&kinds.relation().class_named(name)?)?))
        }
        other => {
            Err(bound.refuse("kind", other.unwrap_or(&Value::None), "a kind that is one class, or the name of a class"))
        }
    }
}
