//! The classes that relations put objects into, as values that can be compared and named.

use std::collections::BTreeSet;

use crate::heap::Relation;
use crate::id::{ContextId, ObjectId, TypeId};

/// What an object is, when asked for its type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TypeClass {
    /// A type of the heap.
    Declared(TypeId),
    /// No type, but the place of allocation is known: its name.
    FromSite(String),
    /// Neither type nor place: the size in bytes tells such blocks apart.
    Untyped(u64),
    /// A module object.
    Module,
    /// A frame object.
    Frame,
    /// A static symbol of a module, where that is the owner of backing storage.
    Static(String),
    /// What the symbolic root refers from, as a referrer: `global`, `stack`, ...
    Root(&'static str),
}

/// How sure the references to an object are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EvidenceClass {
    /// A typed reference leads to it.
    Typed,
    /// Only words that look like its address do.
    Conservative,
    /// Only words that look like addresses of its inside do.
    Interior,
    /// Nothing reachable refers to it.
    Unreferred,
}

/// One class of an equivalence relation. Equal classes of one relation are one class.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The class of everything.
    All,
    /// A type or class.
    Type(TypeClass),
    /// Backing storage of an owner of this class, or of no owner.
    Storage(Option<TypeClass>),
    /// The owner's class under another relation, for `dictof` of that relation; none without an owner.
    OwnerIn(Option<Box<Class>>),
    /// No backing storage.
    NotStorage,
    /// A size in bytes.
    Size(u64),
    /// The object itself.
    Object(ObjectId),
    /// A module, or no module.
    Module(Option<ObjectId>),
    /// File and line of allocation; none where unknown.
    Producer(Option<(String, Option<u32>)>),
    /// The classes of the referrers.
    Referrers(BTreeSet<Class>),
    /// The relations by which the referrers refer to it.
    Via(BTreeSet<Relation>),
    /// The position of the first kind that contains it.
    Index(u32),
    /// One class of each relation of a product.
    Product(Vec<Class>),
    /// The crate, translation unit or module that allocated it.
    Unit(Option<String>),
    /// The calling context of the allocation.
    Site(Option<ContextId>),
    /// The interval between snapshots in which it was made.
    Age(u32),
    /// The number of what it contains; none where that is not held.
    Content(Option<u32>),
    /// The threads from whose roots it is reachable.
    Threads(Vec<u32>),
    /// How sure the references to it are.
    Evidence(EvidenceClass),
}
