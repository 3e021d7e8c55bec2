//! Reference patterns.

use std::sync::Arc;

use super::take;
use crate::analysis::{PatternPaths, PatternRow, ReferencePattern};
use crate::binding::entry::Accepts::{Integer, IntegerOrText, SetsByLabel};
use crate::binding::entry::{Bound, Entry, Owner, attribute, method, optional, required};
use crate::binding::{ApiError, Value};
use crate::uniset::{IdentitySet, UniSet};

take!(pattern, Value::Pattern, Arc<ReferencePattern>, "ReferencePattern");
take!(row_paths, Value::PatternPaths, Arc<PatternPaths>, "PatternPaths");

pub(super) const PATTERN: Owner = Owner {
    name: "ReferencePattern",
    doc: "A tree of the kinds of objects that hold a set. Its rows are made as they are asked for; a row's set is an attribute by the row's label: rp.a3b.",
    parent: None,
    entries: ENTRIES,
    dynamic: Some(|target, name| Ok(pattern(target)?.part_by_label(name)?.into())),
};

const ENTRIES: &[Entry] = &[
    attribute("all", "MorePrinter", "All rows; makes them.", |target, _| Ok(pattern(target)?.pages().all().into())),
    method(
        "at",
        &[required("key", IntegerOrText)],
        "IdentitySet",
        "The objects of a row, by its index (negative ones count from the end) or its label.",
        at,
    ),
    attribute("len", "number", "Number of rows; makes them all.", |target, _| Ok(pattern(target)?.row_count().into())),
    attribute("more", "MorePrinter", "The next rows.", |target, _| Ok(pattern(target)?.pages().more().into())),
    method(
        "paths",
        &[required("key", IntegerOrText), optional("andsets", SetsByLabel)],
        "PatternPaths",
        "The paths along the rows from the row of an index or label down to the first row; andsets restricts rows, given by label.",
        paths,
    ),
    method("reset", &[], "ReferencePattern", "The same pattern of which nothing has been made yet.", |target, _| {
        Ok(Arc::new(pattern(target)?.reset()).into())
    }),
    method(
        "rows",
        &[optional("start", Integer), optional("count", Integer)],
        "PatternRow[]",
        "Some of the rows as plain data, from index start (0) on, as many as count (100).",
        rows,
    ),
    attribute("set", "IdentitySet", "The set that it is the pattern of.", |target, _| {
        Ok(pattern(target)?.set().clone().into())
    }),
];

/// How many rows a list has unless more are asked for.
const LISTED: usize = 100;

fn at(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let pattern = pattern(target)?;
    match bound.text(0) {
        Some(label) => Ok(pattern.part_by_label(label)?.into()),
        None => Ok(pattern.part(bound.integer(0).unwrap_or(0))?.into()),
    }
}

fn paths(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let key = bound.value(0).map(ToString::to_string).unwrap_or_default();
    let mut andsets: Vec<(String, IdentitySet)> = Vec::new();
    if let Some(Value::Record(sets)) = bound.value(1) {
        for (label, value) in sets {
            if let Value::Set(UniSet::Identity(set)) = value {
                andsets.push((label.clone(), set.clone()));
            }
        }
    }
    Ok(Value::PatternPaths(Arc::new(pattern(target)?.paths(&key, &andsets)?)))
}

fn rows(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let pattern = pattern(target)?;
    let (start, count) = (bound.count(0)?.unwrap_or(0), bound.count(1)?.unwrap_or(LISTED));
    let rows = (start..start.saturating_add(count)).map_while(|index| pattern.row(index));
    Ok(Value::List(rows.map(|row| row_value(pattern, &row)).collect()))
}

fn row_value(pattern: &ReferencePattern, row: &PatternRow) -> Value {
    let heap = pattern.set().heap();
    Value::Record(vec![
        ("index".into(), row.index().into()),
        ("label".into(), row.label().into()),
        ("depth".into(), row.depth().into()),
        ("mark".into(), row.mark().text().into()),
        ("kind".into(), row.kind().into()),
        ("count".into(), row.members().len().into()),
        ("size".into(), row.members().iter().map(|&object| heap.size(object)).sum::<u64>().into()),
    ])
}

pub(super) const PATTERN_PATHS: Owner = Owner {
    name: "PatternPaths",
    doc: "Paths along the rows of a reference pattern. They print as a tree, one object to a line.",
    parent: None,
    entries: PATHS_ENTRIES,
    dynamic: None,
};

const PATHS_ENTRIES: &[Entry] = &[
    attribute("all", "MorePrinter", "All lines.", |target, _| Ok(row_paths(target)?.pages().all().into())),
    attribute("more", "MorePrinter", "The next lines.", |target, _| Ok(row_paths(target)?.pages().more().into())),
];
