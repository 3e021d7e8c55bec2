//! How families, shapes, relations and places of roots are numbered in the tables.
//!
//! The numbers are part of the format: new ones go to the end.

use crate::heap::{EdgeLink, Family, Relation, RootPlace, TypeEvidence};

/// The number of a family.
pub(super) fn family_code(family: Family) -> u8 {
    match family {
        Family::Block => 0,
        Family::Module => 1,
        Family::Frame => 2,
    }
}

/// The family of a number.
pub(super) fn family(code: u8) -> Option<Family> {
    Some(match code {
        0 => Family::Block,
        1 => Family::Module,
        2 => Family::Frame,
        _ => return None,
    })
}

/// The number of what a type rests on.
pub(super) fn evidence_code(evidence: TypeEvidence) -> u8 {
    match evidence {
        TypeEvidence::None => 0,
        TypeEvidence::Size => 1,
        TypeEvidence::Propagated => 2,
        TypeEvidence::DebugInfo => 3,
        TypeEvidence::RunTime => 4,
        TypeEvidence::Label => 5,
    }
}

/// What the type of a number rests on.
pub(super) fn evidence(code: u8) -> Option<TypeEvidence> {
    Some(match code {
        0 => TypeEvidence::None,
        1 => TypeEvidence::Size,
        2 => TypeEvidence::Propagated,
        3 => TypeEvidence::DebugInfo,
        4 => TypeEvidence::RunTime,
        5 => TypeEvidence::Label,
        _ => return None,
    })
}

/// The numbers of the shapes of types.
pub(super) mod shape {
    pub(in crate::snapshot) const OPAQUE: u8 = 0;
    pub(in crate::snapshot) const STRUCT: u8 = 1;
    pub(in crate::snapshot) const ARRAY: u8 = 2;
    pub(in crate::snapshot) const POINTER: u8 = 3;
    pub(in crate::snapshot) const SCALAR: u8 = 4;
}

/// A relation as it is stored: a code, a number or the id of a text, and a second one where the relation has two.
pub(super) struct StoredLink {
    pub(super) code: u8,
    pub(super) value: u64,
    pub(super) extra: Option<u64>,
}

/// The code of an edge that has an offset and no name of its own.
pub(super) const OFFSET: u8 = 0;

/// Stores where an edge is, or its name; `text` gives the id of a text.
pub(super) fn store_link(link: EdgeLink<'_>, mut text: impl FnMut(&str) -> u32) -> StoredLink {
    let relation = match link {
        EdgeLink::Offset(offset) => return StoredLink { code: OFFSET, value: offset, extra: None },
        EdgeLink::Given(relation) => relation,
    };
    let (code, value) = match relation {
        Relation::Unknown => (1, 0),
        Relation::Identity => (2, 0),
        Relation::Field(name) => (3, u64::from(text(name))),
        Relation::Index(index) => (4, *index),
        Relation::Key(key) => (5, u64::from(text(key))),
        Relation::KeyAt(index) => (6, *index),
        Relation::Internal(name) => (7, u64::from(text(name))),
        Relation::Local(name) => (8, u64::from(text(name))),
        Relation::Captured(name) => (9, u64::from(text(name))),
        Relation::ValueStack(index) => (10, *index),
        Relation::Member(index) => (11, *index),
        Relation::Offset { offset, into } => {
            return StoredLink { code: 12, value: *offset, extra: Some(*into) };
        }
        Relation::Literal(key) => (14, u64::from(text(key))),
        Relation::Element { index, rest } => {
            return StoredLink { code: 13, value: *index, extra: Some(u64::from(text(rest))) };
        }
    };
    StoredLink { code, value, extra: None }
}

/// The given relation of a stored one; `text` finds the text of an id. None if code or id do not exist.
pub(super) fn relation<'text>(stored: &StoredLink, text: impl Fn(u64) -> Option<&'text str>) -> Option<Relation> {
    let named = || text(stored.value).map(str::to_owned);
    Some(match stored.code {
        1 => Relation::Unknown,
        2 => Relation::Identity,
        3 => Relation::Field(named()?),
        4 => Relation::Index(stored.value),
        5 => Relation::Key(named()?),
        6 => Relation::KeyAt(stored.value),
        7 => Relation::Internal(named()?),
        8 => Relation::Local(named()?),
        9 => Relation::Captured(named()?),
        10 => Relation::ValueStack(stored.value),
        11 => Relation::Member(stored.value),
        12 => Relation::Offset { offset: stored.value, into: stored.extra? },
        13 => Relation::Element { index: stored.value, rest: text(stored.extra?)?.to_owned() },
        14 => Relation::Literal(named()?),
        _ => return None,
    })
}

/// A place of a root as it is stored. Columns that a place does not use are empty.
#[derive(Default)]
pub(super) struct StoredPlace {
    pub(super) code: u8,
    pub(super) instance: Option<u32>,
    pub(super) thread: Option<u32>,
    pub(super) number: Option<u32>,
    pub(super) position: Option<u64>,
    pub(super) name: Option<String>,
}

/// Stores a place of a root.
pub(super) fn store_place(place: &RootPlace) -> StoredPlace {
    let mut stored = StoredPlace { code: place_code(place), ..StoredPlace::default() };
    match place {
        RootPlace::Module { instance, name }
        | RootPlace::Global { instance, name }
        | RootPlace::Host { instance, name } => {
            stored.instance = Some(*instance);
            stored.name = Some(name.clone());
        }
        RootPlace::Frame { instance, thread, frame } => {
            stored.instance = Some(*instance);
            stored.thread = Some(*thread);
            stored.number = Some(*frame);
        }
        RootPlace::Table { instance, table, element } => {
            stored.instance = Some(*instance);
            stored.number = Some(*table);
            stored.position = Some(*element);
        }
        RootPlace::Stack { instance, thread, offset: position }
        | RootPlace::NativeStack { instance, thread, slot: position } => {
            stored.instance = Some(*instance);
            stored.thread = Some(*thread);
            stored.position = Some(*position);
        }
        RootPlace::ThreadLocal { instance, thread, name } => {
            stored.instance = Some(*instance);
            stored.thread = Some(*thread);
            stored.name = Some(name.clone());
        }
        RootPlace::Given(name) => stored.name = Some(name.clone()),
    }
    stored
}

fn place_code(place: &RootPlace) -> u8 {
    match place {
        RootPlace::Given(_) => 0,
        RootPlace::Module { .. } => 1,
        RootPlace::Frame { .. } => 2,
        RootPlace::Global { .. } => 3,
        RootPlace::Table { .. } => 4,
        RootPlace::Stack { .. } => 5,
        RootPlace::NativeStack { .. } => 6,
        RootPlace::ThreadLocal { .. } => 7,
        RootPlace::Host { .. } => 8,
    }
}

/// The place of a stored one; none if the code does not exist or a column that it needs is empty.
pub(super) fn place(stored: StoredPlace) -> Option<RootPlace> {
    let StoredPlace { code, instance, thread, number, position, name } = stored;
    Some(match code {
        0 => RootPlace::Given(name?),
        1 => RootPlace::Module { instance: instance?, name: name? },
        2 => RootPlace::Frame { instance: instance?, thread: thread?, frame: number? },
        3 => RootPlace::Global { instance: instance?, name: name? },
        4 => RootPlace::Table { instance: instance?, table: number?, element: position? },
        5 => RootPlace::Stack { instance: instance?, thread: thread?, offset: position? },
        6 => RootPlace::NativeStack { instance: instance?, thread: thread?, slot: position? },
        7 => RootPlace::ThreadLocal { instance: instance?, thread: thread?, name: name? },
        8 => RootPlace::Host { instance: instance?, name: name? },
        _ => return None,
    })
}
