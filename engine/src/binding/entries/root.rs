//! Values whose names depend on the heap: the root, the mapping proxy, help.

use super::take;
use crate::binding::doc::Doc;
use crate::binding::entry::Accepts::{Integer, IntegerOrText, Text};
use crate::binding::entry::{Bound, Entry, Owner, attribute, method, optional, required};
use crate::binding::{ApiError, Value};
use crate::heap::Relation;
use crate::root_state::RootState;
use crate::uniset::MappingProxy;

take!(proxy, Value::Proxy, MappingProxy, "MappingProxy");
take!(root, Value::Root, RootState, "Root");
take!(help, Value::Doc, Doc, "Doc");

pub(super) const MAPPING_PROXY: Owner = Owner {
    name: "MappingProxy",
    doc: "An operation on every member of a set. Any attribute is the set of what the members' fields of that name refer to, or what is inside of these fields does; members without it are passed over. Numbers and texts are no objects and no members: values gives them.",
    parent: None,
    entries: PROXY_ENTRIES,
    dynamic: Some(|target, name| Ok(proxy(target)?.field(name).into())),
};

const PROXY_ENTRIES: &[Entry] = &[
    method(
        "at",
        &[required("key", IntegerOrText)],
        "IdentitySet",
        "The set of what the members' elements at an index, or values under a key, refer to.",
        proxy_at,
    ),
    method(
        "values",
        &[required("name", Text)],
        "string[]",
        "The values of the members' fields of a name as text, numbers too. Needs a snapshot with contents.",
        |target, bound| Ok(proxy(target)?.values(bound.text(0).unwrap_or_default())?.into()),
    ),
    method(
        "via",
        &[required("relation", Text)],
        "IdentitySet",
        "The set of what the members refer to by a relation in any of its printed forms.",
        |target, bound| Ok(proxy(target)?.relation(bound.text(0).unwrap_or_default())?.into()),
    ),
];

fn proxy_at(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let proxy = proxy(target)?;
    if let Some(key) = bound.text(0) {
        return Ok(proxy.key(key).into());
    }
    let index = bound.integer(0).unwrap_or(0);
    match u64::try_from(index) {
        Ok(index) => Ok(proxy.index(index).into()),
        // What a map holds under a number below zero.
        Err(_) => Ok(proxy.relation(&format!("[{index}]"))?.into()),
    }
}

pub(super) const ROOT: Owner = Owner {
    name: "Root",
    doc: "The symbolic root, or what it holds somewhere. Any attribute is a place that holds references (i0_globals, i0_t0_f2, i0_modules), and behind a place a field of what it holds.",
    parent: None,
    entries: ROOT_ENTRIES,
    dynamic: Some(|target, name| Ok(root(target)?.attribute(name)?.into())),
};

const ROOT_ENTRIES: &[Entry] = &[
    method(
        "at",
        &[required("key", IntegerOrText)],
        "Root",
        "The element of an index or a key: hp.Root.i0_modules[\"app\"].",
        root_at,
    ),
    attribute("attributes", "string[]", "The places that hold references.", |target, _| {
        Ok(root(target)?.attributes().into())
    }),
    attribute("set", "IdentitySet", "What is held there.", |target, _| Ok(root(target)?.set().into())),
];

fn root_at(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let root = root(target)?;
    match bound.text(0) {
        // As the places of the root print their keys.
        Some(key) => Ok(root.item(Relation::Key(key.to_owned()).printed('"').trim_matches(['[', ']']))?.into()),
        None => Ok(root.item(&bound.integer(0).unwrap_or(0).to_string())?.into()),
    }
}

pub(super) const DOC: Owner = Owner {
    name: "Doc",
    doc: "Help. Any attribute is help about that name.",
    parent: None,
    entries: DOC_ENTRIES,
    dynamic: Some(|target, name| Ok(Value::Doc(help(target)?.about(name)))),
};

const DOC_ENTRIES: &[Entry] = &[
    method(
        "at",
        &[required("reference", Integer)],
        "string",
        "The address of a reference of the help; 0 is that of the thing itself.",
        |target, bound| Ok(help(target)?.reference(bound.integer(0).unwrap_or(0))?.into()),
    ),
    method(
        "call",
        &[optional("how", Text)],
        "string",
        "All names at once: 'l' gives a line for each, 'L' the whole help.",
        |target, bound| match bound.text(0).unwrap_or("l") {
            "l" => Ok(help(target)?.lines().into()),
            "L" => Ok(help(target)?.texts().into()),
            other => Err(bound.refuse("how", &other.into(), "'l' and 'L'")),
        },
    ),
];
