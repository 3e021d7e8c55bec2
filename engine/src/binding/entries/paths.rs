//! Shortest paths.

use std::sync::Arc;

use super::edges::edge_value;
use super::take;
use crate::analysis::{Natural, Path, Paths};
use crate::binding::entry::Accepts::Integer;
use crate::binding::entry::{Bound, Entry, Owner, attribute, method, optional, repeated, required};
use crate::binding::{ApiError, Value};

take!(paths, Value::Paths, Arc<Paths>, "Paths");
take!(path, Value::Path, Arc<Path>, "Path");

/// How many paths a list has unless more are asked for.
const LISTED: usize = 100;

pub(super) const PATHS: Owner = Owner {
    name: "Paths",
    doc: "All shortest paths between two sets. They are counted exactly and listed one by one.",
    parent: None,
    entries: ENTRIES,
    dynamic: None,
};

const ENTRIES: &[Entry] = &[
    attribute("Dst", "IdentitySet", "The targets that paths end at.", |target, _| Ok(paths(target)?.target().into())),
    attribute("Src", "IdentitySet", "The sources that paths begin at; the symbolic root is no member.", |target, _| {
        Ok(paths(target)?.source().into())
    }),
    attribute("all", "MorePrinter", "All paths.", |target, _| Ok(paths(target)?.pages().all().into())),
    method(
        "aslist",
        &[optional("start", Integer), optional("count", Integer)],
        "Path[]",
        "Some of the paths, from index start (0) on, as many as count (100).",
        |target, bound| {
            let (start, count) = (bound.count(0)?.unwrap_or(0), bound.count(1)?.unwrap_or(LISTED));
            Ok(paths(target)?.iter(start as u64).take(count).collect::<Vec<_>>().into())
        },
    ),
    method(
        "at",
        &[required("index", Integer)],
        "Path",
        "The path of an index; negative ones count from the end.",
        |target, bound| Ok(paths(target)?.path(bound.integer(0).unwrap_or(0))?.into()),
    ),
    method(
        "avoided",
        &[repeated("levels", Integer)],
        "Paths",
        "The same as copy_but_avoid_edges_at_levels.",
        |target, bound| Ok(Arc::new(paths(target)?.avoided(&levels(bound)?)?).into()),
    ),
    method(
        "copy_but_avoid_edges_at_levels",
        &[repeated("levels", Integer)],
        "Paths",
        "The shortest paths between the same sets that use none of the references at the given levels.",
        |target, bound| Ok(Arc::new(paths(target)?.avoided(&levels(bound)?)?).into()),
    ),
    method(
        "edges_at",
        &[repeated("levels", Integer)],
        "Edge[]",
        "The references between the given levels and their next ones.",
        edges_at,
    ),
    attribute("from_root", "boolean", "Whether paths begin at the symbolic root.", |target, _| {
        Ok(paths(target)?.from_root().into())
    }),
    method(
        "iter",
        &[optional("start", Integer), optional("stop", Integer)],
        "Path[]",
        "The paths from index start (0) to before stop; without stop as many as aslist gives.",
        |target, bound| {
            let start = bound.count(0)?.unwrap_or(0);
            let stop = bound.count(1)?.unwrap_or(start.saturating_add(LISTED));
            let count = stop.saturating_sub(start);
            Ok(paths(target)?.iter(start as u64).take(count).collect::<Vec<_>>().into())
        },
    ),
    attribute("maxpaths", "number", "How many paths a page has.", |target, _| Ok(paths(target)?.max_paths().into())),
    attribute("more", "MorePrinter", "The next paths.", |target, _| Ok(paths(target)?.pages().more().into())),
    attribute("numpaths", "number | bigint", "Number of paths, exactly.", |target, _| {
        Ok(natural(paths(target)?.count()))
    }),
    method(
        "set_maxpaths",
        &[required("paths", Integer)],
        "null",
        "Sets how many paths a page has.",
        |target, bound| {
            paths(target)?.set_max_paths(bound.count(0)?.unwrap_or(0))?;
            Ok(Value::None)
        },
    ),
    attribute("sets", "IdentitySet[]", "The objects at each level, sources first.", |target, _| {
        Ok(paths(target)?.sets().into())
    }),
    attribute("steps", "number", "Number of references of each path.", |target, _| Ok(paths(target)?.steps().into())),
];

fn natural(number: &Natural) -> Value {
    number.to_u64().map_or_else(|| Value::Large(number.to_string()), Value::from)
}

fn levels(bound: &Bound<'_>) -> Result<Vec<usize>, ApiError> {
    let level = |value: &&Value| match value {
        Value::Integer(level) => usize::try_from(*level).map_err(|_| bound.refuse("levels", value, "levels from 0 on")),
        other => Err(bound.refuse("levels", other, Integer.words())),
    };
    bound.rest().iter().map(level).collect()
}

fn edges_at(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let paths = paths(target)?;
    let quote = paths.source().heap().vocabulary().quote;
    let edges = paths.edges_at(&levels(bound)?)?;
    Ok(Value::List(edges.iter().map(|(from, step)| edge_value(*from, step, quote)).collect()))
}

pub(super) const PATH: Owner = Owner {
    name: "Path",
    doc: "A chain of references. It prints as its source and the relations along it.",
    parent: None,
    entries: PATH_ENTRIES,
    dynamic: None,
};

const PATH_ENTRIES: &[Entry] = &[
    attribute("len", "number", "Number of references.", |target, _| Ok(path(target)?.steps.len().into())),
    attribute("path", "string[]", "The relations in order.", |target, _| {
        let path = path(target)?;
        Ok(path.steps.iter().map(|step| path.step_text(step)).collect::<Vec<_>>().into())
    }),
    attribute(
        "relations",
        "string",
        "The relations as one text, which follows the name of the source.",
        |target, _| Ok(path(target)?.relations().into()),
    ),
    attribute("src", "IdentitySet", "The object it begins at; Nothing where that is the root.", |target, _| {
        Ok(path(target)?.src().into())
    }),
    attribute("tgt", "IdentitySet", "The object it ends at.", |target, _| Ok(path(target)?.tgt().into())),
];
