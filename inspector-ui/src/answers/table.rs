//! Windows of partitions.

use std::sync::Arc;

use heapy_engine::{Classes, IdentitySet, ObjectId, Partition};

use super::Failure;
use super::naming::of_row;
use super::session::Session;
use crate::order::largest_first;
use crate::protocol::{DominatedQuestion, Row, SortKey, Table, TableQuestion};

/// Orders of rows that are kept.
const KEPT_ORDERS: usize = 8;

/// Most rows of one answer.
const MOST_ROWS: usize = 500;

/// How long dominated sizes are worked out before the next question has its turn.
const DOMINATED_MILLIS: f64 = 60.0;

/// Answers the question. Time O(V / 64 + n) for a set of n objects, and O(rows) the first time for an order.
pub(super) fn table(session: &mut Session, question: &TableQuestion) -> Result<Table, Failure> {
    let crumbs = session.crumbs(&question.of)?;
    let grouped = session.grouped(&question.of, &question.by)?;
    let partition = Arc::clone(grouped.partition());
    let order = order_of(session, question, &partition);
    let shown = order.as_ref().map_or(partition.row_count(), |order| order.len());
    let from = question.from.min(shown);
    let until = from.saturating_add(question.count.min(MOST_ROWS)).min(shown);
    let colours = Colours::new(&grouped);
    let position = |place: usize| order.as_ref().map_or(place, |order| order[place] as usize);
    let positions: Vec<usize> = (from..until).map(position).collect();
    let only = partition.only_objects(&positions).into_iter();
    let rows = positions.iter().zip(only);
    let rows = rows.filter_map(|(&position, only)| row(question, &partition, (position, only), &colours)).collect();
    Ok(Table {
        crumbs: crumbs.into(),
        header: if grouped.is_empty() { String::new() } else { partition.kind_header().to_owned() },
        count: partition.count() as u64,
        size: partition.size(),
        rows_shown: shown,
        rows_all: partition.row_count(),
        from,
        rows,
    })
}

/// The positions of rows in the order that is asked for; none for Heapy's own.
fn order_of(session: &mut Session, question: &TableQuestion, partition: &Partition) -> Option<Arc<Vec<u32>>> {
    let is_plain = question.sort.key == SortKey::Size && !question.sort.reversed && question.filter.is_empty();
    if is_plain {
        return None;
    }
    let filter = question.filter.to_lowercase();
    let key = (question.of.snapshot, question.of.set.to_string(), question.by.clone(), question.sort, filter);
    if let Some(found) = session.orders.get(&key) {
        return Some(found);
    }
    let filter = key.4.as_str();
    let rows = partition.rows(0).enumerate();
    let mut kept: Vec<(u32, usize, String)> = rows
        .filter(|(_, row)| filter.is_empty() || row.name.to_lowercase().contains(filter))
        .map(|(position, row)| (position as u32, row.count, row.name))
        .collect();
    match question.sort.key {
        // Heapy's order is there already.
        SortKey::Size => {}
        SortKey::Count => largest_first(&mut kept, |(_, count, _)| *count as u64),
        SortKey::Name => kept.sort_by(|one, other| one.2.trim_start().cmp(other.2.trim_start())),
    }
    if question.sort.reversed {
        kept.reverse();
    }
    let order = Arc::new(kept.into_iter().map(|(position, _, _)| position).collect::<Vec<u32>>());
    session.orders.put(key, Arc::clone(&order), KEPT_ORDERS);
    Some(order)
}

/// A row, by its position and its only object.
fn row(
    question: &TableQuestion,
    partition: &Partition,
    (position, object): (usize, Option<ObjectId>),
    colours: &Colours,
) -> Option<Row> {
    let row = partition.row(position)?;
    let kind = match (object, partition.is_identity_form()) {
        (Some(object), true) => colours.kinds.name(colours.kinds.of(object)),
        _ if colours.rows_are_kinds => row.name.clone(),
        _ => String::new(),
    };
    Some(Row {
        index: position,
        name: row.name,
        count: row.count as u64,
        size: row.size,
        object: object.map(ObjectId::raw),
        kind,
        set: of_row(&question.of.set, &question.by, partition, position),
    })
}

/// The dominated sizes of rows, until the time is up. Time O(V + E) for a row of several objects; O(1) for one object, once
/// there is a dominator tree.
pub(super) fn dominated(session: &mut Session, question: &DominatedQuestion) -> Result<Vec<(usize, u64)>, Failure> {
    let partition = Arc::clone(session.grouped(&question.of, &question.by)?.partition());
    let begun = js_sys::Date::now();
    let mut found = Vec::new();
    let rows: Vec<usize> = question.rows.iter().copied().take(MOST_ROWS).collect();
    for (&index, only) in rows.iter().zip(partition.only_objects(&rows)) {
        let held = match only {
            Some(object) => session.dominators(question.of.snapshot)?.held_by(object).map(|(size, _)| size),
            None => None,
        };
        let Some(held) = held.or_else(|| partition.part(index).map(|part| part.domisize())) else { continue };
        found.push((index, held));
        if js_sys::Date::now() - begun > DOMINATED_MILLIS {
            break;
        }
    }
    Ok(found)
}

/// What gives rows their colours.
struct Colours {
    kinds: Classes,
    rows_are_kinds: bool,
}

impl Colours {
    fn new(set: &IdentitySet) -> Self {
        let kinds = set.by("Type").unwrap_or_else(|_| set.clone()).er().classes();
        let rows_are_kinds =
            matches!(set.er().pattern_name().as_str(), "type" | "class") || set.er().header().starts_with("Kind");
        Self { kinds, rows_are_kinds }
    }
}
