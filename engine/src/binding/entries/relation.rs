//! Equivalence relations.

use super::take;
use crate::binding::Value;
use crate::binding::doc::Doc;
use crate::binding::entry::Accepts::{ClassArgument, IdentitySet, Relation, SetOrRelation, UniSet};
use crate::binding::entry::{Bound, Entry, Owner, attribute, method, repeated, required};
use crate::relation::{Argument, Arguments, EquivalenceRelation};

take!(relation, Value::Relation, EquivalenceRelation, "EquivalenceRelation");

pub(super) const RELATION: Owner = Owner {
    name: "EquivalenceRelation",
    doc: "A way to group objects. Calling it gives the kind of one of its classes.",
    parent: None,
    entries: ENTRIES,
    dynamic: None,
};

const ENTRIES: &[Entry] = &[
    method(
        "and",
        &[required("other", Relation)],
        "EquivalenceRelation",
        "The finer of two relations, or the one whose classes are pairs: Type & Size.",
        |target, bound| {
            let other = bound.relation(0).ok_or_else(|| bound.refuse("other", &Value::None, Relation.words()))?;
            Ok(relation(target)?.and(other)?.into())
        },
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
        "has",
        &[required("set", UniSet)],
        "boolean",
        "Whether all members of a set are of one class, or a kind is a class of this relation or of a finer one.",
        |target, bound| {
            let set = bound.set(0).ok_or_else(|| bound.refuse("set", &Value::None, UniSet.words()))?;
            Ok(relation(target)?.contains(&set)?.into())
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
        &[required("other", SetOrRelation)],
        "boolean",
        "Whether each class of this relation lies in one class of the other, by the declared order.",
        |target, bound| {
            let accepted = Relation.words();
            let other = bound
                .relation(0)
                .ok_or_else(|| bound.refuse("other", bound.value(0).unwrap_or(&Value::None), accepted))?;
            Ok(relation(target)?.is_finer_or_equal(other)?.into())
        },
    ),
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
