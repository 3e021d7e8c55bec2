//! `Use`, the top object.

use super::{set_of, take};
use crate::analysis::LeakRoot;
use crate::binding::doc::Doc;
use crate::binding::entry::Accepts::{Bool, Integer, ObjectOrSet, StatOrSet, Text, UniSet};
use crate::binding::entry::{Bound, Entry, Owner, attribute, method, optional, repeated, required};
use crate::binding::{ApiError, Value};
use crate::error::UseError;
use crate::hpy::{Packages, load};
use crate::totals::SiteTotals;
use crate::uniset::{IdentitySet, UniSet as Set};
use crate::use_api::Use;

take!(hp, Value::Use, Use, "Use");

pub(super) const USE: Owner = Owner {
    name: "Use",
    doc: "Top level interface to Heapy. Every question about a heap starts here.",
    parent: None,
    entries: ENTRIES,
    dynamic: None,
};

macro_rules! relation {
    ($name:literal, $doc:literal) => {
        attribute($name, "EquivalenceRelation", $doc, |target, _| Ok(hp(target)?.relation($name)?.into()))
    };
}

const ENTRIES: &[Entry] = &[
    relation!(
        "Age",
        "Relation by the interval between snapshots in which an object was made. Age(n) is the kind of objects made in interval n; 0 is before the first snapshot."
    ),
    attribute("Anything", "Kind", "The kind with every object of the heap.", |target, _| {
        Ok(hp(target)?.anything().into())
    }),
    relation!(
        "Class",
        "Relation by class: the most-derived type that run-time evidence shows, or the type where there is none. Class is finer than Type."
    ),
    relation!(
        "Clodo",
        "Relation by class or owner: an object's class, and backing storage that one value owns by the class of that owner. Clodo(tc) is Class(tc); Clodo({dictof: tc}) is the storage owned by such objects, Clodo({dictof: []}) that without an owner."
    ),
    relation!(
        "Content",
        "Relation by contents: objects with equal bytes are one class. Only for snapshots that hold contents (heapy-host run --contents)."
    ),
    relation!(
        "Evidence",
        "Relation by how sure the references to an object are: typed, conservative, interior (they point past its start) or unreferred."
    ),
    relation!(
        "Id",
        "Relation by identity: each object is a class of its own. Id(address) is the kind of the one object at this address, or of the object that the address lies in."
    ),
    relation!("Idset", "Relation by identity that gives sets: Idset(address) is the same as iso(address)."),
    relation!(
        "Module",
        "Relation by module object: one class for each module and one for everything else. Module(\"app\") is the kind of that module, Module() of what is no module."
    ),
    attribute("Nothing", "IdentitySet", "The empty set.", |target, _| Ok(hp(target)?.nothing().into())),
    relation!(
        "Prod",
        "Relation by producer: file and line of the allocation, outside of the allocator and of container libraries. Prod(\"src/app.rs\", 12) is a line, Prod(\"src/\") what comes from files whose names begin so, Prod({function: \"app::cache\"}) what the lines of a function allocate, or of all functions of a type or module, Prod() what is unknown."
    ),
    relation!(
        "Rcs",
        "Relation by the set of Clodo classes of the referrers. Rcs(k, ...) is the kind of the objects that are referred to by exactly these kinds."
    ),
    attribute(
        "Root",
        "Root",
        "The symbolic root. Its attributes lead to everything that is reachable: hp.Root.i0_modules[\"app\"].cache.",
        |target, _| Ok(hp(target)?.root().into()),
    ),
    relation!("Site", "Relation by the whole calling context of the allocation. Site is finer than Prod."),
    relation!(
        "Size",
        "Relation by individual size: the requested bytes. Size(24) is the kind of objects of 24 bytes; Size(24).alt(\">=\") of those of 24 and more."
    ),
    relation!("Thread", "Relation by the threads from whose stacks and thread-local data an object is reachable."),
    relation!(
        "Type",
        "Relation by static type. Type(\"app::Node\") is the kind of a type by the name that tables show."
    ),
    relation!("Unit", "Relation by the crate, translation unit or module whose code allocated the object."),
    relation!("Unity", "Relation that puts all objects into one class. Unity() is Anything."),
    relation!(
        "Via",
        "Relation by the set of relations by which the referrers refer to an object. Via(\".next\", \"[0]\") is the kind of the objects that are referred to in exactly these ways."
    ),
    attribute("doc", "Doc", "Overview of the attributes; hp.doc.heap is help about one of them.", |target, _| {
        Ok(Value::Doc(Doc::of(target)))
    }),
    method(
        "findex",
        &[repeated("kinds", UniSet)],
        "EquivalenceRelation",
        "Makes a relation of a sequence of kinds: an object's class is the index of the first kind that contains it, or the number of kinds if none does. Calling the relation with an index gives that class.",
        findex,
    ),
    method(
        "heap",
        &[],
        "IdentitySet",
        "The objects that the root reaches. After setref only those that were made since.",
        |target, _| Ok(hp(target)?.heap().into()),
    ),
    method(
        "heapg",
        &[],
        "IdentitySet",
        "The objects that the root does not reach, as a set. Deprecated in favour of heapu; kept because Heapy has it.",
        |target, _| Ok(hp(target)?.heapg().into()),
    ),
    method(
        "heapu",
        &[optional("abs", Bool), optional("stat", Bool)],
        "Stat | IdentitySet",
        "What the root does not reach: the leaks. A stat by Type; after setref the difference to then, unless abs is true. With stat: false the set itself, by Type; leakroots says with which objects the leaks begin.",
        heapu,
    ),
    method(
        "idset",
        &[repeated("nodes", ObjectOrSet)],
        "IdentitySet",
        "The set of the given objects: addresses, or sets whose members are taken. The same as iso.",
        iso,
    ),
    method(
        "iso",
        &[repeated("nodes", ObjectOrSet), optional("instance", Integer)],
        "IdentitySet",
        "The set of the given objects: addresses (of the memory of instance 0 unless another is named; addresses inside an object mean that object), or sets whose members are taken.",
        iso,
    ),
    method(
        "leakroots",
        &[],
        "LeakRoot[]",
        "The objects with which leaks begin, those that hold most first: unreachable objects that no other unreachable object holds, and one for each circle that nothing else holds. Each comes with the number of objects of its circle and the bytes that only it holds.",
        leak_roots,
    ),
    method(
        "load",
        &[required("text", Text), optional("use_readline", Bool)],
        "Stat",
        "The first stat of the text of a .hpy file, which is read as a whole: use_readline has no effect. Hosts that have files take a file's name as well.",
        |_, bound| Ok(load(bound.text(0).unwrap_or_default())?.into()),
    ),
    method("loadall", &[required("text", Text)], "Stat[]", "All stats of the text of a .hpy file, in order.", load_all),
    method(
        "monitor",
        &[],
        "null",
        "No window opens here: the error says that heapy-host GUEST shows a running guest in the inspector.",
        |target, _| Ok(hp(target)?.monitor().map(|()| Value::None)?),
    ),
    method(
        "pb",
        &[optional("filename", Text)],
        "null",
        "No window opens here: the error says that the command heapy-host pb shows a .hpy file as the profile browser does.",
        |target, _| Ok(hp(target)?.pb().map(|()| Value::None)?),
    ),
    method(
        "setref",
        &[optional("reachable", UniSet), optional("unreachable", StatOrSet)],
        "null",
        "Sets a reference in time: heap shows only what is not in it, heapu the difference to it. Without arguments the present heap is the reference. Objects of an earlier snapshot are told by their serial, never by their address.",
        setref,
    ),
    method(
        "setrelheap",
        &[optional("reference", UniSet)],
        "null",
        "Sets what heap is relative to: a set, or the present heap. Nothing undoes it.",
        |target, bound| {
            let hp = hp(target)?;
            hp.setrelheap(reference(hp, bound)?);
            Ok(Value::None)
        },
    ),
    method(
        "setrelheapg",
        &[optional("reference", UniSet)],
        "null",
        "Sets what heapg is relative to: a set, or what is unreachable now. Nothing undoes it.",
        |target, bound| {
            let hp = hp(target)?;
            hp.setrelheapg(reference(hp, bound)?);
            Ok(Value::None)
        },
    ),
    method(
        "setrelheapu",
        &[optional("reference", StatOrSet)],
        "null",
        "Sets what heapu is relative to: a stat, the numbers of a set by Type, or what is unreachable now. Nothing undoes it.",
        |target, bound| {
            hp(target)?.setrelheapu(bound.stat(0));
            Ok(Value::None)
        },
    ),
    attribute(
        "sonokind",
        "SetOfKind",
        "The empty set of kinds: sonokind.refdby is the kind of the objects that nothing refers to.",
        |target, _| Ok(Value::Kinds(hp(target)?.sonokind())),
    ),
    method(
        "totals",
        &[optional("by", Text)],
        "Totals[]",
        "What all allocations up to the snapshot came to, those of blocks that are gone too, by 'Prod' (line of allocation, the default), 'Site' (calling context) or 'Unit'; most bytes first.",
        totals,
    ),
    method("union", &[repeated("sets", UniSet)], "UniSet", "The union of sets; Nothing for none.", union),
];

fn sets(hp: &Use, bound: &Bound<'_>) -> Result<Vec<Set>, ApiError> {
    bound.rest().iter().map(|value| set_of(hp.view(), value)).collect()
}

fn findex(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let hp = hp(target)?;
    Ok(hp.findex(&sets(hp, bound)?)?.into())
}

fn union(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let hp = hp(target)?;
    Ok(hp.union(&sets(hp, bound)?)?.into())
}

fn iso(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let hp = hp(target)?;
    let instance = bound.count(1)?.unwrap_or(0);
    let instance = u32::try_from(instance)
        .map_err(|_| bound.refuse("instance", &Value::from(instance), "the number of an instance, below 2^32"))?;
    let mut found = hp.nothing();
    for value in bound.rest() {
        let members = match value {
            Value::Set(Set::Identity(set)) => set.clone(),
            Value::Integer(address) => hp.iso_at(instance, &[address.unsigned_abs()])?,
            other => return Err(bound.refuse("nodes", other, ObjectOrSet.words())),
        };
        found = found.or(&members)?;
    }
    Ok(found.into())
}

fn heapu(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let hp = hp(target)?;
    if bound.truth(1) == Some(false) {
        return Ok(hp.heapu_set().into());
    }
    Ok(hp.heapu(bound.truth(0) == Some(true))?.into())
}

fn leak_roots(target: &Value, _: &Bound<'_>) -> Result<Value, ApiError> {
    let hp = hp(target)?;
    let record = |root: LeakRoot| -> Result<Value, UseError> {
        Ok(Value::Record(vec![
            ("set".into(), hp.iso([root.object])?.into()),
            ("circle".into(), root.circle.into()),
            ("held".into(), root.held_bytes.into()),
        ]))
    };
    Ok(Value::List(hp.leak_roots().into_iter().map(record).collect::<Result<_, _>>()?))
}

fn totals(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let rows = hp(target)?.totals(bound.text(0).unwrap_or("Prod"))?;
    let record = |row: SiteTotals| {
        let SiteTotals { name, totals } = row;
        Value::Record(vec![
            ("name".into(), name.into()),
            ("allocations".into(), totals.allocations.into()),
            ("bytes".into(), totals.bytes.into()),
            ("frees".into(), totals.frees.into()),
            ("temporary".into(), totals.temporary.into()),
            ("peak".into(), totals.peak_bytes.map_or(Value::None, Value::from)),
        ])
    };
    Ok(Value::List(rows.into_iter().map(record).collect()))
}

fn load_all(_: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let stats: Result<Vec<_>, _> = Packages::new(bound.text(0).unwrap_or_default()).collect();
    Ok(stats?.into())
}

/// The members of the set that the first argument stands for.
fn reference(hp: &Use, bound: &Bound<'_>) -> Result<Option<IdentitySet>, ApiError> {
    let members = |set: Set| match set {
        Set::Identity(set) => set,
        Set::Kind(kind) => kind.select(),
    };
    bound.value(0).map(|value| Ok(members(set_of(hp.view(), value)?))).transpose()
}

/// Without arguments both references become the present state; with some, only those that are given.
fn setref(target: &Value, bound: &Bound<'_>) -> Result<Value, ApiError> {
    let hp = hp(target)?;
    match (reference(hp, bound)?, bound.stat(1)) {
        (None, None) => hp.setref(None, None),
        (reachable, unreachable) => {
            if reachable.is_some() {
                hp.setrelheap(reachable);
            }
            if unreachable.is_some() {
                hp.setrelheapu(unreachable);
            }
        }
    }
    Ok(Value::None)
}
