//! Questions about one object.

use serde::{Deserialize, Serialize};

/// One object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ObjectQuestion {
    /// The snapshot's position in the recording, from 0.
    pub snapshot: usize,
    /// The object's id.
    pub object: u32,
}

/// Everything about one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ObjectDetails {
    /// The object, as lists name it.
    pub brief: Brief,
    /// `block`, `module` or `frame`.
    pub family: String,
    /// Address in the guest's memory.
    pub address: u64,
    /// Requested bytes.
    pub size: u64,
    /// Bytes that the allocator committed.
    pub usable: u64,
    /// Bytes that live only through it.
    pub dominated: u64,
    /// Bytes of it that no element takes, where it is a container's buffer.
    pub wasted: u64,
    /// Number of objects that live only through it, itself included.
    pub dominated_count: u64,
    /// Static type.
    pub type_name: Option<String>,
    /// What the type rests on.
    pub type_evidence: String,
    /// Most-derived type, where it differs.
    pub class_name: Option<String>,
    /// Equal in two snapshots exactly for the same object; none where allocations were not followed.
    pub serial: Option<u64>,
    /// In which interval between snapshots it was made.
    pub age: u32,
    /// The allocator's function that moved it to where it is, where one is known to have.
    pub moved_by: Option<String>,
    /// Whether the root leads to it.
    pub reachable: bool,
    /// The allocating line.
    pub site: String,
    /// The calling context, innermost first.
    pub context: Vec<FrameLine>,
    /// Whether the snapshot holds contents.
    pub contents: bool,
    /// The values of its fields by offset, as far as they are held.
    pub values: Vec<ValueLine>,
    /// How many of its bytes are held, from the first one on.
    pub held: u64,
    /// Who refers to it; the root's places first.
    pub referrers: Links,
    /// What it refers to.
    pub referents: Links,
    /// The first shortest paths from the root, as Heapy prints them; of an unreachable object none.
    pub paths: Vec<String>,
    /// Number of shortest paths; exact, and possibly huge, hence a text.
    pub path_count: String,
}

/// An object as lists name it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Brief {
    /// Its id.
    pub object: u32,
    /// Its kind.
    pub kind: String,
    /// Its address or its name.
    pub text: String,
    /// Its bytes.
    pub size: u64,
}

/// A frame of a calling context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FrameLine {
    /// The function.
    pub function: String,
    /// `file:line`, or the offset in the module.
    pub place: String,
    /// Whether it is the line that is named as the site.
    pub site: bool,
    /// Whether the compiler put it into its caller.
    pub inlined: bool,
}

/// Edges at one end of an object, cut to a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Links {
    /// How many there are.
    pub total: usize,
    /// The first ones.
    pub shown: Vec<LinkLine>,
}

/// An edge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LinkLine {
    /// The relation as it is printed, `?` behind where it is conservative.
    pub relation: String,
    /// The object at the other end; none for a place of the root.
    pub other: Option<Brief>,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ValueLine {
    /// The field.
    pub name: String,
    /// Bytes from the start of the object.
    pub offset: u64,
    /// The field's type.
    pub type_name: String,
    /// Its value, as text.
    pub value: String,
}

/// The first bytes of an object. The answer has two hexadecimal digits for each of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BytesQuestion {
    /// The snapshot's position in the recording, from 0.
    pub snapshot: usize,
    /// The object's id.
    pub object: u32,
    /// How many, at most.
    pub count: usize,
}
