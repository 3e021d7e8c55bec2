//! What all sets share.

use super::set_of;
use crate::binding::doc::Doc;
use crate::binding::entry::Accepts::{IdentitySet, ObjectOrSet, UniSet};
use crate::binding::entry::{Bound, Entry, Owner, attribute, method, required};
use crate::binding::{ApiError, Value};
use crate::uniset::UniSet as Set;

fn set(value: &Value) -> Result<Set, ApiError> {
    match value {
        Value::Set(set) => Ok(set.clone()),
        Value::Relation(relation) => Ok(relation.as_kind().into()),
        other => Err(super::mismatch("UniSet", other)),
    }
}

pub(super) const UNISET: Owner = Owner {
    name: "UniSet",
    doc: "A set of objects. It has members (an IdentitySet) or a rule (a Kind); a relation is one too, in which everything is. Where a set is an argument, a text stands for the type of that name.",
    parent: None,
    entries: ENTRIES,
    dynamic: None,
};

const ENTRIES: &[Entry] = &[
    method("and", &[required("other", UniSet)], "UniSet", "What is in both sets: x & y.", |target, bound| {
        binary(target, bound, Set::and)
    }),
    method("as_bool", &[], "boolean", "False for Nothing only.", |target, _| Ok(set(target)?.as_bool().into())),
    method(
        "biper",
        &[],
        "EquivalenceRelation",
        "The relation with two classes: 0 for what is in this set, 1 for what is not.",
        |target, _| Ok(set(target)?.biper().into()),
    ),
    attribute("brief", "string", "A short text.", |target, _| Ok(set(target)?.brief().into())),
    attribute(
        "dictof",
        "Kind",
        "The kind of the backing storage that members own; of Nothing, of the storage without an owner.",
        |target, _| Ok(set(target)?.dictof().into()),
    ),
    method(
        "disjoint",
        &[required("other", UniSet)],
        "boolean",
        "Whether no object is in both sets.",
        |target, bound| compare(target, bound, Set::disjoint),
    ),
    attribute("doc", "Doc", "Overview of the attributes; x.doc.sp is help about one of them.", |target, _| {
        Ok(Value::Doc(Doc::of(target)))
    }),
    method(
        "eq",
        &[required("other", UniSet)],
        "boolean",
        "Whether both sets have the same objects: x == y, decided on the heap.",
        |target, bound| compare(target, bound, Set::equals),
    ),
    method(
        "ge",
        &[required("other", UniSet)],
        "boolean",
        "Whether all of the other set is in this one: x >= y.",
        |target, bound| compare(target, bound, |a, b| b.is_subset(a)),
    ),
    method(
        "get_ckc",
        &[],
        "Classification",
        "How members are selected: the relation, the name of its class, and how the class of an object is compared with it.",
        ckc,
    ),
    method(
        "get_render",
        &[required("object", IdentitySet)],
        "string",
        "The text by which listings of this set show the one object of the argument.",
        render,
    ),
    method(
        "gt",
        &[required("other", UniSet)],
        "boolean",
        "Whether all of the other set is in this one, which has more: x > y.",
        |target, bound| compare(target, bound, |a, b| b.is_strict_subset(a)),
    ),
    method(
        "has",
        &[required("object", ObjectOrSet)],
        "boolean",
        "Whether an object, or every member of a set, is in this set.",
        has,
    ),
    method(
        "le",
        &[required("other", UniSet)],
        "boolean",
        "Whether all of this set is in the other one: x <= y, decided on the heap.",
        |target, bound| compare(target, bound, Set::is_subset),
    ),
    method(
        "lt",
        &[required("other", UniSet)],
        "boolean",
        "Whether all of this set is in the other one, which has more: x < y.",
        |target, bound| compare(target, bound, Set::is_strict_subset),
    ),
    method(
        "ne",
        &[required("other", UniSet)],
        "boolean",
        "Whether the sets have different objects: x != y.",
        |target, bound| compare(target, bound, |a, b| Ok(!a.equals(b)?)),
    ),
    method("not", &[], "UniSet", "Everything that is not in this set: ~x.", |target, _| {
        Ok(set(target)?.invert().into())
    }),
    method(
        "or",
        &[required("other", UniSet)],
        "UniSet",
        "What is in one of the sets or both: x | y.",
        |target, bound| binary(target, bound, Set::or),
    ),
    attribute(
        "repr",
        "string",
        "The text that gives a kind again when it is evaluated; of a set with members its table.",
        |target, _| Ok(set(target)?.repr().into()),
    ),
    method("sub", &[required("other", UniSet)], "UniSet", "What is in this set only: x - y.", |target, bound| {
        binary(target, bound, Set::sub)
    }),
    method(
        "xor",
        &[required("other", UniSet)],
        "UniSet",
        "What is in one of the sets only: x ^ y.",
        |target, bound| binary(target, bound, Set::xor),
    ),
];

type Answer<T> = Result<T, crate::error::UseError>;

/// The set of the target and that of the argument.
fn operands(target: &Value, bound: &Bound<'_>) -> Result<(Set, Set), ApiError> {
    let set = set(target)?;
    let given = bound.value(0).ok_or_else(|| bound.refuse("other", &Value::None, UniSet.words()))?;
    let other = set_of(set.view(), given)?;
    Ok((set, other))
}

fn binary(target: &Value, bound: &Bound<'_>, operator: fn(&Set, &Set) -> Answer<Set>) -> Result<Value, ApiError> {
    let (set, other) = operands(target, bound)?;
    Ok(operator(&set, &other)?.into())
}

fn compare(target: &Value, bound: &Bound<'_>, operator: fn(&Set, &Set) -> Answer<bool>) -> Result<Value, ApiError> {
    let (set, other) = operands(target, bound)?;
    Ok(operator(&set, &other)?.into())
}

fn ckc(target: &Value, _: &Bound<'_>) -> Result<Value, ApiError> {
    let classification = set(target)?.get_ckc();
    Ok(Value::Record(vec![
        ("relation".into(), classification.relation.into()),
        ("class".into(), classification.class.into()),
        ("comparison".into(), classification.comparison.into()),
    ]))
}

fn render(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let set = set(target)?;
    let argument = bound.identity(0).ok_or_else(|| bound.refuse("object", &Value::None, IdentitySet.words()))?;
    crate::uniset::same_heap("get_render", set.view(), argument.view())?;
    Ok(set.render(argument.theone()?.object).into())
}

fn has(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let set = set(target)?;
    let members = match bound.value(0) {
        Some(Value::Integer(address)) => {
            let object = set.view().object_at(0, address.unsigned_abs())?;
            return Ok(set.contains(object).into());
        }
        _ => bound.set(0).ok_or_else(|| bound.refuse("object", &Value::None, ObjectOrSet.words()))?,
    };
    Ok(set.has(&members)?.into())
}
