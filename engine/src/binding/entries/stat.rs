//! Stats.

use std::sync::Arc;

use super::take;
use crate::binding::entry::Accepts::{Integer, StatOrSet, Text};
use crate::binding::entry::{Bound, Entry, Owner, attribute, method, optional, repeated, required};
use crate::binding::{ApiError, Value};
use crate::error::UseError;
use crate::stat::{SortBy, Stat, StatRow};
use crate::uniset::UniSet;

take!(stat, Value::Stat, Arc<Stat>, "Stat");

pub(super) const STAT: Owner = Owner {
    name: "Stat",
    doc: "The numbers of a table without its objects. What .hpy files hold.",
    parent: None,
    entries: ENTRIES,
    dynamic: None,
};

const ENTRIES: &[Entry] = &[
    attribute("all", "MorePrinter", "The whole table.", |target, _| Ok(stat(target)?.pages().all().into())),
    method("at", &[required("index", Integer)], "Stat", "One row as a stat of its own: s[index].", |target, bound| {
        Ok(stat(target)?.part(bound.integer(0).unwrap_or(0))?.into())
    }),
    attribute("b_count", "number | null", "Number of objects of what was subtracted, of a difference.", |target, _| {
        Ok(stat(target)?.reference().map(|reference| reference.count).into())
    }),
    attribute("b_size", "number | null", "Bytes of what was subtracted, of a difference.", |target, _| {
        Ok(stat(target)?.reference().map(|reference| reference.size).into())
    }),
    attribute("count", "number", "Number of objects.", |target, _| Ok(stat(target)?.count().into())),
    method(
        "dump",
        &[],
        "string",
        "The stat as one package of a .hpy file. Hosts that have files append it to one.",
        |target, _| Ok(stat(target)?.dump().into()),
    ),
    attribute("format_name", "string", "SetFormat, IdFormat or DiffFormat.", |target, _| {
        Ok(stat(target)?.format().word().into())
    }),
    method("get_row", &[required("index", Integer)], "Row", "One row as plain data.", get_row),
    method("get_rows", &[optional("start", Integer)], "Row[]", "The rows from one on, as plain data.", get_rows),
    method(
        "get_rows_n_and_other",
        &[required("n", Integer), optional("sortby", Text)],
        "Row[]",
        "The first n rows by 'Size' or by 'Count', and a row <Other> with the rest in front of the first row that is smaller.",
        get_rows_n_and_other,
    ),
    method(
        "get_rows_of_kinds",
        &[repeated("kinds", Text)],
        "Row[]",
        "The rows of the given names, in this order; names without a row are passed over.",
        get_rows_of_kinds,
    ),
    method(
        "header",
        &[required("name", Text)],
        "string | null",
        "The value of a line of the head of the .hpy package that it was read from.",
        |target, bound| Ok(stat(target)?.header(bound.text(0).unwrap_or_default()).into()),
    ),
    attribute("kindheader", "string", "The header of the kind column.", |target, _| {
        Ok(stat(target)?.kind_header().into())
    }),
    attribute("kindname", "string", "What all objects have in common, in the table of single objects.", |target, _| {
        Ok(stat(target)?.kind_name().into())
    }),
    attribute("len", "number", "Number of rows.", |target, _| Ok(stat(target)?.rows().len().into())),
    attribute("more", "MorePrinter", "The next rows of the table.", |target, _| {
        Ok(stat(target)?.pages().more().into())
    }),
    attribute("numrows", "number", "Number of rows; the same as len.", |target, _| {
        Ok(stat(target)?.rows().len().into())
    }),
    attribute("size", "number", "Sum of the sizes of the objects, in bytes.", |target, _| {
        Ok(stat(target)?.size().into())
    }),
    method(
        "slice",
        &[optional("start", Integer), optional("end", Integer), optional("step", Integer)],
        "Stat",
        "Several rows as a stat of their own: s[start:end:step]; the step may be negative.",
        |target, bound| Ok(stat(target)?.slice(bound.integer(0), bound.integer(1), bound.integer(2))?.into()),
    ),
    method(
        "sub",
        &[required("other", StatOrSet)],
        "Stat",
        "The difference to another stat, or to the numbers of a set, row by row, largest absolute size first: a - b.",
        |target, bound| {
            let other = match bound.value(0) {
                Some(Value::Stat(other)) => (**other).clone(),
                Some(Value::Set(UniSet::Identity(set))) => set.stat(),
                other => return Err(bound.refuse("other", other.unwrap_or(&Value::None), StatOrSet.words())),
            };
            Ok(stat(target)?.minus(&other)?.into())
        },
    ),
    attribute("timemade", "number", "When it was made, in seconds.", |target, _| Ok(stat(target)?.time_made().into())),
];

fn row(index: usize, row: &StatRow, cumulative: i64) -> Value {
    Value::Record(vec![
        ("index".into(), index.into()),
        ("count".into(), row.count.into()),
        ("size".into(), row.size.into()),
        ("cumulative".into(), cumulative.into()),
        ("name".into(), row.name.clone().into()),
    ])
}

fn numbered<'rows>(rows: impl IntoIterator<Item = &'rows StatRow>) -> Vec<Value> {
    let mut cumulative = 0i64;
    let mut number = |(index, next): (usize, &StatRow)| {
        cumulative = cumulative.saturating_add(next.size);
        row(index, next, cumulative)
    };
    rows.into_iter().enumerate().map(&mut number).collect()
}

fn get_row(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let stat = stat(target)?;
    let index = bound.integer(0).unwrap_or(0);
    let rows = numbered(stat.rows());
    let found = usize::try_from(index).ok().and_then(|index| rows.get(index).cloned());
    found.ok_or_else(|| UseError::StatIndex { index, rows: rows.len() }.into())
}

fn get_rows(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let start = bound.count(0)?.unwrap_or(0);
    Ok(Value::List(numbered(stat(target)?.rows()).into_iter().skip(start).collect()))
}

fn get_rows_n_and_other(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let sort_by = SortBy::parse(bound.text(1).unwrap_or("Size"))?;
    let rows = stat(target)?.get_rows_n_and_other(bound.count(0)?.unwrap_or(0), sort_by);
    Ok(Value::List(numbered(&rows)))
}

fn get_rows_of_kinds(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let names = bound.rest().iter().filter_map(|value| match value {
        Value::Text(name) => Some(name.as_str()),
        _ => None,
    });
    Ok(Value::List(numbered(stat(target)?.get_rows_of_kinds(&names.collect::<Vec<_>>()))))
}
