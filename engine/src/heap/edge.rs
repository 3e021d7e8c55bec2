//! Edges: who refers to whom, by which relation, on which evidence.

use super::object::ObjectKey;

/// The name of an edge, in the order in which Heapy sorts relations (its kind codes).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// `.??`: traversed, but nothing names it.
    Unknown,
    /// The object itself.
    Identity,
    /// `.name` or `.outer.inner`: a field.
    Field(String),
    /// `[3]`: an element.
    Index(u64),
    /// `[3].x`: a place inside an element.
    Element {
        /// Which element.
        index: u64,
        /// The rest of the name, with its dot or bracket.
        rest: String,
    },
    /// `["key"]`: the value under a key that is a text, here without quotes. Under a whole number it is an
    /// [`Relation::Index`].
    Key(String),
    /// `[-3]` or `[true]`: the value under a key that is neither, as the guest's language writes it.
    Literal(String),
    /// `.keys()[3]`: a key of a mapping, counted in table order.
    KeyAt(u64),
    /// `->name`: not reachable in the guest's language, such as a vtable.
    Internal(String),
    /// `.f_locals["x"]`: a variable of a frame.
    Local(String),
    /// `.f_locals ["x"]`: a variable that a closure or a future has captured.
    Captured(String),
    /// `->f_valuestack[3]`: an operand or spill slot of a frame that has no name.
    ValueStack(u64),
    /// `list(_)[3]`: a member of a set.
    Member(u64),
    /// `+0x18`, or `+0x18&+4` where the word points past the start of its target: an untyped word.
    Offset {
        /// Where the word is, from the start of the holder.
        offset: u64,
        /// How far into its target it points.
        into: u64,
    },
}

/// How sure an edge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeEvidence {
    /// A field of the holder's type says so, or the graph was given.
    Typed,
    /// A word that is the address of a live block, or points into one. Printed with `?` behind.
    Conservative,
}

/// How a builder is told the name of an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// The word at this byte offset of the holder; its relation follows from the holder's type.
    Offset(u64),
    /// The relation itself, as imported graphs have it.
    Given(Relation),
}

/// Where in the referrer a reference of a frozen heap is. [`super::Heap::relation`] names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeLink<'heap> {
    /// The word at this byte offset.
    Offset(u64),
    /// The relation itself, as imported graphs have it.
    Given(&'heap Relation),
}

/// An edge on its way into a heap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeRecord {
    /// The referrer.
    pub from: ObjectKey,
    /// The referent.
    pub to: ObjectKey,
    /// Where in the referrer the reference is.
    pub link: Link,
    /// How far into the referent it points.
    pub into: u64,
    /// How sure it is.
    pub evidence: EdgeEvidence,
}

impl EdgeRecord {
    /// A word at `offset` of `from` that holds the address of `to`.
    #[must_use]
    pub const fn at_offset(from: ObjectKey, to: ObjectKey, offset: u64) -> Self {
        Self { from, to, link: Link::Offset(offset), into: 0, evidence: EdgeEvidence::Conservative }
    }

    /// An edge of an imported graph.
    #[must_use]
    pub const fn given(from: ObjectKey, to: ObjectKey, relation: Relation) -> Self {
        Self { from, to, link: Link::Given(relation), into: 0, evidence: EdgeEvidence::Typed }
    }
}
