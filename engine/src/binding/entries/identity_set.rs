//! Sets with members.

use super::edges::edges_of;
use super::take;
use crate::analysis::{PathOptions, PatternOptions};
use crate::binding::entry::Accepts::{Bool, Edges, IdentitySet, Integer, RelationOrName, Text, UniSet};
use crate::binding::entry::{Bound, Entry, Owner, attribute, method, optional, required};
use crate::binding::{ApiError, Value};
use crate::heap::HeldValue;
use crate::uniset::{IdentitySet as Set, UniSet as AnySet};

fn set(value: &Value) -> Result<&Set, ApiError> {
    uniset(value)?.as_identity().ok_or_else(|| super::mismatch("IdentitySet", value))
}

take!(uniset, Value::Set, AnySet, "IdentitySet");

pub(super) const IDENTITY_SET: Owner = Owner {
    name: "IdentitySet",
    doc: "A set of objects of one heap. It is shown as a table by an equivalence relation.",
    parent: Some("UniSet"),
    entries: ENTRIES,
    dynamic: None,
};

macro_rules! by {
    ($name:literal, $relation:literal) => {
        attribute(
            $name,
            "IdentitySet",
            concat!("A copy that is shown by ", $relation, ": the same as by(\"", $relation, "\")."),
            |target, _| Ok(set(target)?.by($relation)?.into()),
        )
    };
}

const ENTRIES: &[Entry] = &[
    attribute("all", "MorePrinter", "The whole table.", |target, _| Ok(set(target)?.all().into())),
    method(
        "at",
        &[required("index", Integer)],
        "IdentitySet",
        "The objects of one row of the table: x[index]; negative ones count from the end.",
        |target, bound| Ok(set(target)?.part(bound.integer(0).unwrap_or(0))?.into()),
    ),
    method(
        "by",
        &[required("er", RelationOrName)],
        "IdentitySet",
        "A copy that is shown by another relation, or by the names of several joined by '&': by(\"Type&Size\").",
        by,
    ),
    by!("byage", "Age"),
    by!("byclass", "Class"),
    by!("byclodo", "Clodo"),
    by!("bycontent", "Content"),
    by!("byevidence", "Evidence"),
    by!("byid", "Id"),
    by!("byidset", "Idset"),
    by!("bymodule", "Module"),
    by!("byprod", "Prod"),
    by!("byrcs", "Rcs"),
    by!("bysite", "Site"),
    by!("bysize", "Size"),
    by!("bythread", "Thread"),
    by!("bytype", "Type"),
    by!("byunit", "Unit"),
    by!("byunity", "Unity"),
    by!("byvia", "Via"),
    attribute("count", "number", "Number of objects.", |target, _| Ok(set(target)?.count().into())),
    method(
        "diff",
        &[required("other", IdentitySet)],
        "Stat",
        "What this set has more and less than another one, row by row under this set's relation. The other may be of another snapshot.",
        diff,
    ),
    attribute(
        "dominos",
        "IdentitySet",
        "The objects that live only because of the set, its members included.",
        |target, _| Ok(set(target)?.dominos().into()),
    ),
    attribute("domisize", "number", "The bytes of the dominos: what would go if the set went.", |target, _| {
        Ok(set(target)?.domisize().into())
    }),
    method(
        "dump",
        &[],
        "string",
        "The numbers of the set as one package of a .hpy file. Hosts that have files append it to one.",
        |target, _| Ok(set(target)?.dump().into()),
    ),
    attribute("er", "EquivalenceRelation", "The relation by which the set is shown.", |target, _| {
        Ok(set(target)?.er().into())
    }),
    attribute("fam", "string", "The name of the family of sets it belongs to.", |target, _| {
        Ok(set(target)?.fam().into())
    }),
    method(
        "get_rp",
        &[
            optional("depth", Integer),
            optional("er", RelationOrName),
            optional("imdom", Bool),
            optional("bf", Bool),
            optional("src", IdentitySet),
            optional("stopkind", UniSet),
            optional("nocyc", Bool),
            optional("ref", Text),
        ],
        "ReferencePattern",
        "The reference pattern: a tree of the kinds of objects that hold the set, and those that hold them. depth (7) is how far it goes, er (Clodo) how referrers are grouped, imdom whether only referrers that the root reaches without another one count, src what is the root instead, stopkind what is not followed (modules and frames), nocyc whether objects of a row are left out below it, ref 'imdom' the same as imdom. bf is accepted and has no effect.",
        get_rp,
    ),
    method(
        "get_shpaths",
        &[
            optional("src", IdentitySet),
            optional("avoid_nodes", IdentitySet),
            optional("avoid_edges", Edges),
            optional("typed", Bool),
        ],
        "Paths",
        "All shortest paths to the nearest members of the set: from src (the root), around avoid_nodes and avoid_edges, and over typed references only if typed is true.",
        get_shpaths,
    ),
    attribute(
        "imdom",
        "IdentitySet",
        "The referrers that the root reaches without passing another referrer.",
        |target, _| Ok(set(target)?.imdom().into()),
    ),
    attribute("indisize", "number", "Sum of the sizes of the members, in bytes; the same as size.", |target, _| {
        Ok(set(target)?.indisize().into())
    }),
    attribute(
        "kind",
        "UniSet",
        "The union of the kinds that the members have under the set's relation.",
        |target, _| Ok(set(target)?.kind().into()),
    ),
    attribute("len", "number", "Number of rows of the table, which is not the number of objects.", |target, _| {
        Ok(set(target)?.row_count().into())
    }),
    attribute(
        "maprox",
        "MappingProxy",
        "Operations on every member: x.maprox.next is the set of what the members' fields next refer to.",
        |target, _| Ok(Value::Proxy(set(target)?.maprox())),
    ),
    attribute("more", "MorePrinter", "The next rows of the table.", |target, _| Ok(set(target)?.more().into())),
    attribute("nodes", "number[]", "The addresses of the members, ascending.", nodes),
    attribute("owners", "IdentitySet", "The objects that own the backing storage among the members.", |target, _| {
        Ok(set(target)?.owners().into())
    }),
    attribute("partition", "Partition", "The members grouped by the relation.", |target, _| {
        Ok(Value::Partition(set(target)?.partition().clone()))
    }),
    attribute("parts", "IdentitySet[]", "The groups, one set for each row of the table.", |target, _| {
        Ok(set(target)?.parts().into())
    }),
    attribute("pathsin", "Paths", "The shortest paths from the direct referrers to the set.", |target, _| {
        Ok(set(target)?.pathsin().into())
    }),
    attribute("pathsout", "Paths", "The shortest paths from the set to its referents.", |target, _| {
        Ok(set(target)?.pathsout().into())
    }),
    attribute(
        "prod",
        "MorePrinter | null",
        "The calling context in which the one member was allocated; null where that is unknown.",
        |target, _| Ok(set(target)?.prod()?.into()),
    ),
    attribute("referents", "IdentitySet", "What the members refer to directly, reachable or not.", |target, _| {
        Ok(set(target)?.referents().into())
    }),
    attribute("referrers", "IdentitySet", "The reachable objects that refer to members directly.", |target, _| {
        Ok(set(target)?.referrers().into())
    }),
    attribute("rp", "ReferencePattern", "The reference pattern with its default options; see get_rp.", |target, _| {
        Ok(set(target)?.rp().into())
    }),
    attribute("shpaths", "Paths", "The shortest paths from the root; the same as sp.", |target, _| {
        Ok(set(target)?.shpaths().into())
    }),
    attribute("size", "number", "Sum of the sizes of the members, in bytes.", |target, _| {
        Ok(set(target)?.size().into())
    }),
    method(
        "slice",
        &[optional("start", Integer), optional("end", Integer), optional("step", Integer)],
        "IdentitySet",
        "The objects of several rows of the table: x[start:end:step]; negative positions count from the end.",
        |target, bound| Ok(set(target)?.slice(bound.integer(0), bound.integer(1), bound.integer(2))?.into()),
    ),
    attribute("sp", "Paths", "The shortest paths from the root to the nearest members.", |target, _| {
        Ok(set(target)?.sp().into())
    }),
    attribute("stat", "Stat", "The numbers of the table without the objects.", |target, _| {
        Ok(set(target)?.stat().into())
    }),
    attribute(
        "theone",
        "ObjectView",
        "The one member as plain data: where it is, its size, class and references, the allocator's function that moved it there (moved_by, null where none is known to have), and the values of its fields where the snapshot holds contents.",
        the_one,
    ),
    attribute(
        "wasted",
        "number",
        "Bytes of room in the members that are containers' buffers that no element takes.",
        |target, _| Ok(set(target)?.wasted().into()),
    ),
];

fn by(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let set = set(target)?;
    match bound.relation(0) {
        Some(relation) => Ok(set.by_relation(relation)?.into()),
        None => Ok(set.by(bound.text(0).unwrap_or_default())?.into()),
    }
}

fn diff(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let other = bound.identity(0).ok_or_else(|| bound.refuse("other", &Value::None, IdentitySet.words()))?;
    Ok(set(target)?.diff(&other)?.into())
}

fn get_rp(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let set = set(target)?;
    let reference = bound.text(7).unwrap_or("gc");
    if !["gc", "gcx", "imdom"].contains(&reference) {
        return Err(bound.refuse("ref", &reference.into(), "'gc', 'gcx' (all referrers) and 'imdom'"));
    }
    let stop = bound.value(5).map(|stop| super::set_of(set.view(), stop)).transpose()?;
    for other in [bound.set(4).as_ref(), stop.as_ref()].into_iter().flatten() {
        crate::uniset::same_heap("get_rp", set.view(), other.view())?;
    }
    let named = bound.text(1).map(|name| set.by(name)).transpose()?.map(|set| set.er());
    let options = PatternOptions {
        depth: bound.count(0)?.unwrap_or(PatternOptions::default().depth),
        imdom: bound.truth(2) == Some(true) || reference == "imdom",
        src: bound.identity(4).map(|set| set.nodes().clone()),
        stop: stop.map(|stop| stop.select()),
        nocyc: bound.truth(6) == Some(true),
    };
    Ok(set.get_rp(bound.relation(1).or(named.as_ref()), options)?.into())
}

fn get_shpaths(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let options = PathOptions {
        src: bound.identity(0),
        avoid_nodes: bound.identity(1),
        avoid_edges: edges_of(bound.value(2)),
        typed_only: bound.truth(3) == Some(true),
    };
    Ok(set(target)?.get_shpaths(options)?.into())
}

fn nodes(target: &Value, _: &Bound<'_>) -> Result<Value, ApiError> {
    let set = set(target)?;
    Ok(Value::List(set.nodes().iter().map(|object| set.heap().address(object).into()).collect()))
}

fn the_one(target: &Value, _: &Bound<'_>) -> Result<Value, ApiError> {
    let set = set(target)?;
    let one = set.theone()?;
    let fields = one.fields.into_iter().map(|field| {
        let to = set.heap().address(field.to);
        Value::Record(vec![("relation".into(), field.relation.into()), ("to".into(), to.into())])
    });
    Ok(Value::Record(vec![
        ("family".into(), one.family.word().into()),
        ("instance".into(), one.instance.into()),
        ("address".into(), one.address.into()),
        ("size".into(), one.size.into()),
        ("usable".into(), one.usable.into()),
        ("class".into(), one.class.into()),
        ("evidence".into(), one.type_evidence.word().into()),
        ("name".into(), one.name.into()),
        ("moved_by".into(), one.moved_by.into()),
        ("fields".into(), Value::List(fields.collect())),
        ("wasted".into(), one.wasted.into()),
        ("values".into(), Value::List(one.values.into_iter().map(held_value).collect())),
    ]))
}

fn held_value(held: HeldValue) -> Value {
    Value::Record(vec![
        ("name".into(), held.name.into()),
        ("offset".into(), held.offset.into()),
        ("type".into(), held.type_name.into()),
        ("value".into(), held.value.into()),
    ])
}
