//! Equivalence relations.

use super::{set_of, take};
use crate::binding::doc::Doc;
use crate::binding::entry::Accepts::{ClassArgument, IdentitySet, UniSet};
use crate::binding::entry::{Bound, Entry, Owner, attribute, method, repeated, required};
use crate::binding::{ApiError, Value};
use crate::error::UseError;
use crate::relation::{Argument, Arguments, EquivalenceRelation};
use crate::uniset::UniSet as Set;

take!(relation, Value::Relation, EquivalenceRelation, "EquivalenceRelation");

pub(super) const RELATION: Owner = Owner {
    name: "EquivalenceRelation",
    doc: "A way to group objects. Calling it gives the kind of one of its classes. It is a set too: every object is in it, and a set with members if these are of one class.",
    parent: Some("UniSet"),
    entries: ENTRIES,
    dynamic: None,
};

const ENTRIES: &[Entry] = &[
    method(
        "and",
        &[required("other", UniSet)],
        "EquivalenceRelation | UniSet",
        "Of two relations the finer one, or the one whose classes are pairs: Type & Size. With a set the formula of both.",
        and,
    ),
    method(
        "call",
        &[repeated("arguments", ClassArgument)],
        "Kind",
        "The class that the arguments describe, as a kind: Type(\"app::Node\"), Size(24), Via(\".next\"). What each relation accepts is told with its name at Use.",
        |target, bound| Ok(relation(target)?.call(&arguments(bound))?.into()),
    ),
    attribute(
        "dictof",
        "EquivalenceRelation",
        "The relation that puts backing storage into the class that its owner has under this one.",
        |target, _| Ok(relation(target)?.dictof().into()),
    ),
    attribute("doc", "Doc", "Overview of the attributes.", |target, _| Ok(Value::Doc(Doc::of(target)))),
    method(
        "eq",
        &[required("other", UniSet)],
        "boolean",
        "Whether both are the same relation; compared with a set, whether that is everything.",
        |target, bound| order(target, bound, |a, b| Ok(a == b), Set::equals),
    ),
    method(
        "ge",
        &[required("other", UniSet)],
        "boolean",
        "Whether each class of the other relation lies in one class of this one, by the declared order.",
        |target, bound| order(target, bound, |a, b| b.is_finer_or_equal(a), |a, b| b.is_subset(a)),
    ),
    method(
        "gt",
        &[required("other", UniSet)],
        "boolean",
        "Whether this relation is coarser than the other one, by the declared order.",
        |target, bound| {
            order(target, bound, |a, b| Ok(a != b && b.is_finer_or_equal(a)?), |a, b| b.is_strict_subset(a))
        },
    ),
    method(
        "has",
        &[required("set", UniSet)],
        "boolean",
        "Whether all members of a set are of one class, or a kind is a class of this relation or of a finer one.",
        |target, bound| {
            let relation = relation(target)?;
            let given = bound.value(0).ok_or_else(|| bound.refuse("set", &Value::None, UniSet.words()))?;
            Ok(relation.contains(&set_of(relation.view(), given)?)?.into())
        },
    ),
    attribute("header", "string", "The header of the kind column of its tables.", |target, _| {
        Ok(relation(target)?.header().into())
    }),
    method(
        "image",
        &[required("set", IdentitySet)],
        "UniSet",
        "The union of the kinds of the members of a set under this relation: Type[x].",
        |target, bound| {
            let set = bound.identity(0).ok_or_else(|| bound.refuse("set", &Value::None, IdentitySet.words()))?;
            Ok(relation(target)?.image(&set)?.into())
        },
    ),
    method(
        "le",
        &[required("other", UniSet)],
        "boolean",
        "Whether each class of this relation lies in one class of the other, by the declared order.",
        |target, bound| order(target, bound, EquivalenceRelation::is_finer_or_equal, Set::is_subset),
    ),
    method(
        "lt",
        &[required("other", UniSet)],
        "boolean",
        "Whether this relation is finer than the other one, by the declared order.",
        |target, bound| order(target, bound, |a, b| Ok(a != b && a.is_finer_or_equal(b)?), Set::is_strict_subset),
    ),
    method("ne", &[required("other", UniSet)], "boolean", "Whether the relations differ.", |target, bound| {
        order(target, bound, |a, b| Ok(a != b), |a, b| Ok(!a.equals(b)?))
    }),
    attribute(
        "refdby",
        "EquivalenceRelation",
        "The relation by the set of classes that the referrers have under this one. Clodo.refdby is Rcs.",
        |target, _| Ok(relation(target)?.refdby().into()),
    ),
    attribute("repr", "string", "The text that gives the relation again when it is evaluated.", |target, _| {
        Ok(relation(target)?.repr().into())
    }),
    method(
        "sokind",
        &[repeated("arguments", ClassArgument)],
        "SetOfKind",
        "The set of the one class that the arguments describe; its method and adds further ones.",
        |target, bound| Ok(Value::Kinds(relation(target)?.sokind(&arguments(bound))?)),
    ),
];

fn and(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let relation = relation(target)?;
    match bound.value(0) {
        Some(Value::Relation(other)) => Ok(relation.and(other)?.into()),
        given => {
            let other = set_of(relation.view(), given.unwrap_or(&Value::None))?;
            Ok(Set::from(relation.as_kind()).and(&other)?.into())
        }
    }
}

type Order<T> = fn(&T, &T) -> Result<bool, UseError>;

/// Compares with another relation by the order among relations, and with a set as sets.
fn order(
    target: &Value,
    bound: &Bound<'_>,
    relations: Order<EquivalenceRelation>,
    sets: Order<Set>,
) -> Result<Value, ApiError> {
    let relation = relation(target)?;
    match bound.value(0) {
        Some(Value::Relation(other)) => Ok(relations(relation, other)?.into()),
        given => {
            let other = set_of(relation.view(), given.unwrap_or(&Value::None))?;
            Ok(sets(&relation.as_kind().into(), &other)?.into())
        }
    }
}

fn arguments(bound: &Bound<'_>) -> Arguments {
    Arguments {
        positional: bound.rest().iter().map(|value| argument(value)).collect(),
        named: bound.named().iter().map(|(name, value)| ((*name).to_owned(), argument(value))).collect(),
    }
}

fn argument(value: &Value) -> Argument {
    match value {
        Value::Text(text) => Argument::Text(text.clone()),
        Value::Integer(number) => Argument::Number(number.unsigned_abs()),
        Value::Set(set) => Argument::Set(set.clone()),
        Value::Kinds(kinds) => Argument::Kinds(kinds.clone()),
        Value::List(values) if values.is_empty() => Argument::Empty,
        _ => Argument::None,
    }
}
