//! Partitions, and the pages of listings.

use std::sync::Arc;

use super::take;
use crate::binding::entry::Accepts::{Integer, IntegerOrText};
use crate::binding::entry::{Bound, Entry, Owner, attribute, method, optional, required};
use crate::binding::{ApiError, Page, Value, call, unknown};
use crate::partition::{Partition, Row};
use crate::text::MorePrinter;

take!(partition, Value::Partition, Arc<Partition>, "Partition");
take!(listing, Value::Page, Page, "MorePrinter");

fn page(value: &Value) -> Result<&MorePrinter, ApiError> {
    Ok(&listing(value)?.printer)
}

pub(super) const PARTITION: Owner = Owner {
    name: "Partition",
    doc: "A set, grouped by its relation. The largest group comes first.",
    parent: None,
    entries: ENTRIES,
    dynamic: None,
};

const ENTRIES: &[Entry] = &[
    attribute("all", "MorePrinter", "The whole table.", |target, _| Ok(partition(target)?.pages().all().into())),
    attribute("count", "number", "Number of objects.", |target, _| Ok(partition(target)?.count().into())),
    attribute("er", "EquivalenceRelation", "The relation by which the set is grouped.", |target, _| {
        Ok(partition(target)?.set().er().into())
    }),
    method(
        "get_nodeset",
        &[optional("start", Integer), optional("end", Integer), optional("step", Integer)],
        "IdentitySet",
        "The objects of several rows together, from start to before end in steps; negative positions count from the end.",
        |target, bound| {
            Ok(partition(target)?.set().slice(bound.integer(0), bound.integer(1), bound.integer(2))?.into())
        },
    ),
    method("get_row", &[required("index", Integer)], "Row", "One row of the table as plain data.", get_row),
    method("get_rows", &[optional("start", Integer)], "Row[]", "The rows from one on, as plain data.", get_rows),
    method(
        "get_rowset",
        &[required("index", Integer)],
        "IdentitySet",
        "The objects of one row: the same as get_set.",
        |target, bound| Ok(partition(target)?.set().part(bound.integer(0).unwrap_or(0))?.into()),
    ),
    method(
        "get_set",
        &[required("index", Integer)],
        "IdentitySet",
        "The objects of one row; negative indices count from the end.",
        |target, bound| Ok(partition(target)?.set().part(bound.integer(0).unwrap_or(0))?.into()),
    ),
    attribute("get_sets", "IdentitySet[]", "The objects of each row.", |target, _| {
        Ok(partition(target)?.set().parts().into())
    }),
    attribute("get_stat", "Stat", "The numbers of the table without the objects.", |target, _| {
        Ok(partition(target)?.set().stat().into())
    }),
    attribute("kindheader", "string", "The header of the kind column.", |target, _| {
        Ok(partition(target)?.kind_header().into())
    }),
    attribute("kindname", "string", "What all objects have in common, in the table of single objects.", |target, _| {
        Ok(partition(target)?.kind_name().into())
    }),
    attribute("more", "MorePrinter", "The next rows of the table.", |target, _| {
        Ok(partition(target)?.pages().more().into())
    }),
    attribute("numrows", "number", "Number of rows.", |target, _| Ok(partition(target)?.row_count().into())),
    attribute("rows", "Row[]", "All rows as plain data.", |target, _| {
        Ok(Value::List(partition(target)?.rows(0).map(row).collect()))
    }),
    attribute("set", "IdentitySet", "The set that is grouped.", |target, _| {
        Ok(partition(target)?.set().clone().into())
    }),
    attribute("size", "number", "Sum of the sizes of the objects, in bytes.", |target, _| {
        Ok(partition(target)?.size().into())
    }),
    attribute("timemade", "number", "When it was made, in seconds.", |target, _| {
        Ok(partition(target)?.set().stat().time_made().into())
    }),
];

fn row(row: Row) -> Value {
    Value::Record(vec![
        ("index".into(), row.index.into()),
        ("count".into(), row.count.into()),
        ("size".into(), row.size.into()),
        ("cumulative".into(), row.cumulative.into()),
        ("name".into(), row.name.into()),
    ])
}

fn get_row(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let partition = partition(target)?;
    let index = bound.integer(0).unwrap_or(0);
    let found = usize::try_from(index).ok().and_then(|index| partition.row(index));
    let rows = partition.row_count();
    found.map(row).ok_or_else(|| crate::error::UseError::PartitionIndex { index, rows }.into())
}

fn get_rows(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let start = bound.count(0)?.unwrap_or(0);
    Ok(Value::List(partition(target)?.rows(start).map(row).collect()))
}

pub(super) const MORE_PRINTER: Owner = Owner {
    name: "MorePrinter",
    doc: "A page of a listing. It prints as that page, and has all names of what is listed too.",
    parent: None,
    entries: MORE_ENTRIES,
    dynamic: Some(|target, name| match &listing(target)?.top {
        Some(top) => call(top, name, &[]),
        None => Err(unknown(target, name)),
    }),
};

const MORE_ENTRIES: &[Entry] = &[
    attribute("all", "MorePrinter", "All lines.", |target, _| Ok(page(target)?.all().into())),
    method(
        "at",
        &[required("key", IntegerOrText)],
        "any",
        "What the index or label gives of what is listed: _.more[3].",
        |target, bound| match (&listing(target)?.top, bound.value(0)) {
            (Some(top), Some(key)) => call(top, "at", std::slice::from_ref(key)),
            _ => Err(unknown(target, "at")),
        },
    ),
    attribute("more", "MorePrinter", "The page after this one; it prints nothing if there is none.", |target, _| {
        Ok(page(target)?.more().into())
    }),
    attribute("prev", "MorePrinter | null", "The page that this one was made from.", |target, _| {
        Ok(page(target)?.prev().into())
    }),
    attribute("top", "any", "What is listed.", |target, _| {
        Ok(listing(target)?.top.as_deref().cloned().unwrap_or(Value::None))
    }),
];
