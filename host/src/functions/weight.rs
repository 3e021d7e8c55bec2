//! How much memory an answer takes: known before it is made, where a guest chooses how much.
//!
//! Figures are upper bounds of what keeping a value keeps, its snapshot apart, and of what a listing lists. They are
//! rough, for they only have to grow as what they stand for grows.

use std::sync::Arc;

use heapy_engine::binding::Value;
use heapy_engine::{Heap, UniSet};
use heapy_guest::abi::{code, limit};

use super::error::Refusal;

/// Bytes that a handle, or a value in a list, costs besides what is behind it.
const VALUE_BYTES: usize = 256;

/// Fields of a row that is plain data.
const ROW_BYTES: usize = 7 * VALUE_BYTES;

/// Bytes of a reference on a path.
const STEP_BYTES: usize = 96;

/// Items of a list of paths or rows for which no number is given.
const LISTED: i64 = 100;

/// The heap that keeping a value keeps.
pub(super) fn heap_of(value: &Value) -> Option<&Arc<Heap>> {
    match value {
        Value::Use(top) => Some(top.view().heap()),
        Value::Set(set) => Some(set.view().heap()),
        Value::Relation(relation) => Some(relation.view().heap()),
        Value::Partition(partition) => Some(partition.set().heap()),
        Value::Pattern(pattern) => Some(pattern.set().heap()),
        _ => None,
    }
}

/// Bytes that keeping a value takes at most.
pub(super) fn bytes_of(value: &Value) -> usize {
    let objects = heap_of(value).map_or(0, |heap| heap.object_count());
    let set = objects / 8 + VALUE_BYTES;
    let content = match value {
        Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(bytes_of).sum(),
        Value::Record(fields) => fields.iter().map(|(name, field)| name.len() + bytes_of(field)).sum(),
        Value::Set(found) => found.formula_parts().saturating_mul(set),
        Value::Relation(relation) => relation.formula_parts().saturating_mul(set),
        Value::Partition(partition) => set + partition.row_count().saturating_mul(VALUE_BYTES),
        Value::Stat(stat) => stat.rows().iter().map(|row| row.name.len() + 64).sum(),
        Value::Paths(paths) => {
            let objects = paths.source().heap().object_count();
            4 * objects / 8 + paths.steps().saturating_mul(STEP_BYTES)
        }
        Value::Path(path) => path.steps.len().saturating_mul(STEP_BYTES),
        // Rows are made later, when they are asked for.
        Value::Pattern(_) => objects.saturating_mul(16),
        _ => 4096,
    };
    VALUE_BYTES.saturating_add(content)
}

/// Refuses answers that list more than a guest may hold, before they are made.
pub(super) fn check_extent(target: &Value, name: &str, arguments: &[Value]) -> Result<(), Refusal> {
    let mut target = target;
    // A page answers for what it is a page of.
    while let Value::Page(page) = target
        && let Some(top) = &page.top
    {
        target = top;
    }
    let bytes = match (target, name) {
        (Value::Use(top), "leakroots") => top.heapu_set().count().saturating_mul(2 * VALUE_BYTES),
        (Value::Use(top), "totals") => top.view().heap().totals().len().saturating_mul(4 * ROW_BYTES),
        (Value::Set(UniSet::Identity(set)), "nodes") => set.count().saturating_mul(VALUE_BYTES),
        (Value::Set(UniSet::Identity(set)), "parts") => sets(set.partition().row_count(), set.heap()),
        (Value::Partition(partition), "get_sets") => sets(partition.row_count(), partition.set().heap()),
        (Value::Partition(partition), "get_rows" | "rows") => partition.row_count().saturating_mul(ROW_BYTES),
        (Value::Stat(stat), "get_rows" | "get_rows_n_and_other") => stat.rows().len().saturating_mul(ROW_BYTES),
        (Value::Stat(stat), "get_rows_of_kinds") => {
            stat.rows().len().saturating_add(arguments.len()).saturating_mul(ROW_BYTES)
        }
        (Value::Paths(paths), "sets") => sets(paths.steps() + 1, paths.source().heap()),
        (Value::Paths(paths), "aslist") => listed(arguments).saturating_mul((paths.steps() + 1) * STEP_BYTES),
        (Value::Paths(_), "edges_at" | "avoided" | "copy_but_avoid_edges_at_levels") => {
            return distinct(name, arguments);
        }
        (Value::Paths(paths), "iter") => up_to(arguments).saturating_mul((paths.steps() + 1) * STEP_BYTES),
        (Value::Pattern(_), "rows") => listed(arguments).saturating_mul(ROW_BYTES),
        _ => 0,
    };
    within(bytes, name)
}

/// Bytes of as many sets of objects of a heap.
fn sets(count: usize, heap: &Heap) -> usize {
    count.saturating_mul(heap.object_count() / 8 + VALUE_BYTES)
}

/// The second argument, or the one of the name `count`, of a list of some.
fn listed(arguments: &[Value]) -> usize {
    let named = arguments.last().and_then(|last| match last {
        Value::Record(fields) => fields.iter().find(|(name, _)| name == "count").map(|(_, value)| value),
        _ => None,
    });
    match named.or_else(|| arguments.get(1)) {
        Some(Value::Integer(count)) => usize::try_from(*count).unwrap_or(0),
        _ => LISTED as usize,
    }
}

/// Items from the first argument to before the second one.
fn up_to(arguments: &[Value]) -> usize {
    let number = |position: usize, name: &str| {
        let named = arguments.iter().find_map(|argument| match argument {
            Value::Record(fields) => fields.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        });
        match named.or_else(|| arguments.get(position)) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    };
    let start = number(0, "start").unwrap_or(0);
    let stop = number(1, "stop").unwrap_or(start.saturating_add(LISTED));
    usize::try_from(stop.saturating_sub(start)).unwrap_or(0)
}

/// Refuses a level that is named twice: what lies behind it would be listed as often as it is named.
fn distinct(name: &str, levels: &[Value]) -> Result<(), Refusal> {
    let mut numbers: Vec<i64> = levels
        .iter()
        .filter_map(|level| match level {
            Value::Integer(number) => Some(*number),
            _ => None,
        })
        .collect();
    numbers.sort_unstable();
    match numbers.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => Err(Refusal::new(code::ARGUMENT, format!("{name}: level {} is given twice", pair[0]))),
    }
}

pub(super) fn within(bytes: usize, name: &str) -> Result<(), Refusal> {
    if bytes <= limit::HANDLE_BYTES {
        return Ok(());
    }
    let message = format!("{name} would answer up to {bytes} bytes; a guest may hold {}", limit::HANDLE_BYTES);
    Err(Refusal::new(code::LIMIT, message))
}
