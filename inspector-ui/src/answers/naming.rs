//! Expressions of what tables show: by their kinds where those have names, so that they mean the same elsewhere.

use heapy_engine::Partition;

use crate::expression::{Combine, KindCall, SetExpression};

/// Relations whose classes can be called by what a row shows.
const NAMED: [&str; 7] = ["Type", "Class", "Clodo", "Prod", "Unit", "Size", "Age"];

/// Longest text of a kind that is put into an expression.
const MOST_LETTERS: usize = 500;

/// The part of a set that a row of its partition shows.
pub(super) fn of_row(of: &SetExpression, by: &str, partition: &Partition, position: usize) -> SetExpression {
    match kind_of_row(by, partition, position) {
        Some(kind) => of.with(Combine::And, kind),
        None => of.part(by, position),
    }
}

/// All objects of the kind of a row, if it has a name.
pub(super) fn kind_of_row(by: &str, partition: &Partition, position: usize) -> Option<SetExpression> {
    if !NAMED.contains(&by) {
        return None;
    }
    let text = partition.kind(position)?.repr();
    let kind: SetExpression = text.parse().ok().filter(|_| text.len() <= MOST_LETTERS)?;
    kind.as_kind().is_some().then_some(kind)
}

/// All objects of the class of this name, if classes of the relation are called by their names.
pub(super) fn kind_named(by: &str, name: &str) -> Option<SetExpression> {
    match by {
        "Type" | "Class" | "Clodo" | "Unit" if name.len() <= MOST_LETTERS => {
            Some(SetExpression::kind(KindCall::named(by, name)))
        }
        "Prod" => KindCall::producer(name).map(SetExpression::kind),
        _ => None,
    }
}
