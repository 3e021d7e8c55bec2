//! References as values.

use std::sync::Arc;

use super::take;
use crate::analysis::{PathEnd, Step};
use crate::binding::Value;
use crate::binding::entry::{Entry, Owner, attribute};
use crate::binding::value::Edge;
use crate::id::ObjectId;

take!(edge, Value::Edge, Arc<Edge>, "Edge");

pub(super) const EDGE: Owner = Owner {
    name: "Edge",
    doc: "A reference between two objects. It prints as its relation.",
    parent: None,
    entries: ENTRIES,
    dynamic: None,
};

const ENTRIES: &[Entry] = &[
    attribute("from_root", "boolean", "Whether it comes from the symbolic root.", |target, _| {
        Ok((edge(target)?.from == PathEnd::Root).into())
    }),
    attribute("relation", "string", "Its name, with ? behind where it only looks like a reference.", |target, _| {
        Ok(edge(target)?.relation.clone().into())
    }),
];

/// References as the levels of paths give them.
pub(super) fn edge_value(from: PathEnd, step: &Step, quote: char) -> Value {
    let mark = if step.conservative { "?" } else { "" };
    let relation = format!("{}{mark}", step.relation.printed(quote));
    Value::Edge(Arc::new(Edge { from, to: step.to, relation }))
}

/// The ends of a list of references.
pub(super) fn edges_of(value: Option<&Value>) -> Vec<(PathEnd, ObjectId)> {
    let Some(Value::List(edges)) = value else { return Vec::new() };
    let ends = |value: &Value| match value {
        Value::Edge(edge) => Some((edge.from, edge.to)),
        _ => None,
    };
    edges.iter().filter_map(ends).collect()
}
