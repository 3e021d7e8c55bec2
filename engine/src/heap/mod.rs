//! The frozen model: objects, edges, roots, types and calling contexts of one snapshot.
//!
//! Tables are arrays with one column per property, indexed by dense ids; edges are compressed rows in both directions.
//! Objects stand in the order of instance, address and family, so that Heapy's "ascending address order" is the order
//! of ids. A heap cannot change, so that any number of questions can be asked of it at once.

mod builder;
mod column;
mod contents;
mod context;
mod edge;
mod edge_table;
mod facts;
mod object;
mod object_table;
mod relation_name;
mod root;
mod rows;
mod staged_column;
#[cfg(test)]
mod tests;
mod totals;
mod types;
mod vocabulary;

pub use builder::{HeapBuilder, HeapError};
pub use contents::HeldValue;
pub use context::{Context, Frame};
pub use edge::{EdgeEvidence, EdgeLink, EdgeRecord, Link, Relation};
pub use facts::{Facts, Seen};
pub use object::{Family, ObjectKey, ObjectRecord, TypeEvidence};
pub use root::{RootPlace, RootRecord};
pub use totals::ContextTotals;
pub use types::{Field, Shape, TypeRecord};
pub use vocabulary::Vocabulary;

use contents::Contents;
use edge_table::EdgeTable;
use object_table::ObjectTable;

use crate::id::{ContextId, FrameId, ObjectId, TypeId};

/// An edge of a frozen heap, seen from one of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge<'heap> {
    /// The object at the other end.
    pub other: ObjectId,
    /// Where in the referrer the reference is.
    pub link: EdgeLink<'heap>,
    /// How far into the referent it points.
    pub into: u64,
    /// How sure it is.
    pub evidence: EdgeEvidence,
}

/// A reference from the symbolic root of a frozen heap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Where it is held.
    pub place: RootPlace,
    /// What is held.
    pub to: ObjectId,
    /// Whether the place is known to hold references, or only happens to hold an address.
    pub conservative: bool,
    /// How far into the target it points.
    pub into: u64,
}

/// The heap of a guest at one moment; made by a [`HeapBuilder`].
#[derive(Debug)]
pub struct Heap {
    objects: ObjectTable,
    edges: EdgeTable,
    roots: Vec<Root>,
    root_object: Option<ObjectId>,
    types: Vec<TypeRecord>,
    frames: Vec<Frame>,
    contexts: Vec<Context>,
    contents: Contents,
    totals: Vec<ContextTotals>,
    context_numbers: Vec<Option<ContextId>>,
    vocabulary: Vocabulary,
    facts: Facts,
}

/// How much memory the tables of a heap take, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResidentSize {
    /// Objects with all their properties, and where the rows of their edges are.
    pub objects: usize,
    /// Edges in both directions.
    pub edges: usize,
}

impl Heap {
    /// Number of objects, reachable or not.
    #[must_use]
    pub fn object_count(&self) -> usize {
        self.objects.len()
    }

    /// Number of edges between objects.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// How much memory objects and edges take. Types, contexts and roots come on top; they do not grow with the heap.
    #[must_use]
    pub fn resident_size(&self) -> ResidentSize {
        let objects = self.objects.resident_bytes() + self.edges.row_bytes();
        ResidentSize { objects, edges: self.edges.resident_bytes() }
    }

    /// Whether the capture was told to hold contents.
    #[must_use]
    pub const fn holds_contents(&self) -> bool {
        self.facts.contents
    }

    /// Which objects have equal bytes: those with an equal number. None for objects whose contents are not held.
    #[must_use]
    pub fn content(&self, object: ObjectId) -> Option<u32> {
        self.contents.class(object)
    }

    /// The bytes of an object, from its first one on, as far as they are held; none where they are not. O(log V).
    #[must_use]
    pub fn bytes(&self, object: ObjectId) -> Option<&[u8]> {
        let held = self.contents.bytes_of_class(self.contents.class(object)?)?;
        // A damaged file may hold more.
        let size = usize::try_from(self.size(object)).unwrap_or(usize::MAX);
        Some(&held[..held.len().min(size)])
    }

    /// The values of an object's fields by offset, where they are held.
    #[must_use]
    pub fn values(&self, object: ObjectId) -> &[HeldValue] {
        self.contents.values(object)
    }

    /// Bytes of an object that is a container's buffer that no element takes.
    #[must_use]
    pub fn unused(&self, object: ObjectId) -> u64 {
        self.contents.unused(object)
    }

    /// Every object, in the order of addresses.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = ObjectId> + Clone + use<> {
        (0..self.objects.len()).map(|index| ObjectId::new(index as u32))
    }

    /// What sort of thing the object is.
    #[must_use]
    pub fn family(&self, object: ObjectId) -> Family {
        self.objects.shape(object).family
    }

    /// The instance in whose memory it is.
    #[must_use]
    pub fn instance(&self, object: ObjectId) -> u32 {
        self.objects.instance(object)
    }

    /// Its first byte.
    #[must_use]
    pub fn address(&self, object: ObjectId) -> u64 {
        self.objects.address(object)
    }

    /// Its requested size in bytes.
    #[must_use]
    pub fn size(&self, object: ObjectId) -> u64 {
        self.objects.size(object)
    }

    /// The bytes that its allocator committed for it.
    #[must_use]
    pub fn usable(&self, object: ObjectId) -> u64 {
        self.objects.usable(object)
    }

    /// Its static type, if known.
    #[must_use]
    pub fn type_of(&self, object: ObjectId) -> Option<TypeId> {
        self.objects.shape(object).ty
    }

    /// Its most-derived type: by run-time evidence where there is any, else its static type.
    #[must_use]
    pub fn class_of(&self, object: ObjectId) -> Option<TypeId> {
        let shape = self.objects.shape(object);
        shape.class.or(shape.ty)
    }

    /// What its type rests on.
    #[must_use]
    pub fn type_evidence(&self, object: ObjectId) -> TypeEvidence {
        self.objects.shape(object).evidence
    }

    /// The number of its shape: objects of equal family, type, class and evidence have one number.
    pub(crate) fn shape_number(&self, object: ObjectId) -> u32 {
        self.objects.shape_number(object)
    }

    /// Family, type and class of each shape.
    pub(crate) fn shapes(&self) -> impl ExactSizeIterator<Item = (Family, Option<TypeId>, Option<TypeId>)> + '_ {
        self.objects.shapes().iter().map(|shape| (shape.family, shape.ty, shape.class.or(shape.ty)))
    }

    /// The calling context of its allocation.
    #[must_use]
    pub fn context(&self, object: ObjectId) -> Option<ContextId> {
        self.objects.context(object)
    }

    /// The number that is equal in two snapshots of one run exactly for the same object.
    #[must_use]
    pub fn serial(&self, object: ObjectId) -> u64 {
        self.objects.serial(object)
    }

    /// The interval between snapshots in which it was made.
    #[must_use]
    pub fn age(&self, object: ObjectId) -> u32 {
        self.objects.age(object)
    }

    /// The number of its elements, where its rendering shows that.
    #[must_use]
    pub fn length(&self, object: ObjectId) -> Option<u64> {
        self.objects.length(object)
    }

    /// The name of its own that a module or a frame has.
    #[must_use]
    pub fn name(&self, object: ObjectId) -> Option<&str> {
        self.objects.name(object)
    }

    /// The object that holds `address` in the memory of `instance`, interior addresses too: the block if there is one,
    /// else the module or frame. Time O(log V), and more only where frames or modules stand between blocks.
    #[must_use]
    pub fn find(&self, instance: u32, address: u64) -> Option<ObjectId> {
        let holds = |object: ObjectId| {
            self.instance(object) == instance
                && address.checked_sub(self.address(object)).is_some_and(|into| into < self.size(object).max(1))
        };
        let before = || (0..self.objects.after(instance, address)).rev().map(|index| ObjectId::new(index as u32));
        let block = before().find(|&object| self.family(object) == Family::Block).filter(|&object| holds(object));
        block.or_else(|| {
            before().take_while(|&object| self.family(object) != Family::Block).find(|&object| holds(object))
        })
    }

    /// The edges from an object, by offset.
    pub fn referents(&self, object: ObjectId) -> impl Iterator<Item = Edge<'_>> {
        let mut before = 0;
        self.edges.outgoing(object).map(move |position| {
            before = self.edges.next_offset(position, before);
            self.edge(position, self.edges.referent(position), before)
        })
    }

    /// The objects that an object refers to, one for each edge, by offset: all that a traversal needs.
    #[inline]
    pub fn referent_ids(&self, object: ObjectId) -> impl ExactSizeIterator<Item = ObjectId> + '_ {
        self.edges.outgoing(object).map(|position| self.edges.referent(position))
    }

    /// The objects to whose start an object has a typed reference, one for each edge.
    #[inline]
    pub(crate) fn typed_referents(&self, object: ObjectId) -> impl Iterator<Item = ObjectId> + '_ {
        let positions = self.edges.outgoing(object).filter(|&position| self.edges.is_typed_start(position));
        positions.map(|position| self.edges.referent(position))
    }

    /// The edges to an object from any object, reachable or not, by the referrer's address.
    pub fn referrers(&self, object: ObjectId) -> impl Iterator<Item = Edge<'_>> {
        self.edges.incoming(object).map(|position| self.incoming_edge(position))
    }

    /// The objects that refer to an object, one for each edge, by address: all that a traversal needs.
    #[inline]
    pub fn referrer_ids(&self, object: ObjectId) -> impl ExactSizeIterator<Item = ObjectId> + '_ {
        self.edges.incoming(object).map(|position| self.edges.referrer(position).0)
    }

    /// Number of edges to an object.
    #[must_use]
    pub fn referrer_count(&self, object: ObjectId) -> usize {
        self.edges.incoming_count(object)
    }

    /// The positions of the edges from an object, for columns with a value for each edge.
    #[inline]
    pub(crate) fn outgoing_positions(&self, object: ObjectId) -> std::ops::Range<usize> {
        self.edges.outgoing(object)
    }

    /// The positions of the edges to an object.
    #[inline]
    pub(crate) fn incoming_positions(&self, object: ObjectId) -> impl ExactSizeIterator<Item = usize> + use<'_> {
        self.edges.incoming(object)
    }

    /// As [`Self::incoming_positions`], of the edges to all objects with ids in a range, by object.
    #[inline]
    pub(crate) fn incoming_positions_of(
        &self,
        objects: std::ops::Range<usize>,
    ) -> impl ExactSizeIterator<Item = usize> + use<'_> {
        self.edges.incoming_of(objects)
    }

    /// The edge at a position of [`Self::incoming_positions`].
    pub(crate) fn incoming_edge(&self, position: usize) -> Edge<'_> {
        let (from, start) = self.edges.referrer(position);
        self.edge(position, from, self.edges.offset(start, position))
    }

    #[inline]
    fn edge(&self, position: usize, other: ObjectId, offset: u64) -> Edge<'_> {
        Edge {
            other,
            link: self.edges.link(position, offset),
            into: self.edges.distance(position),
            evidence: self.edges.evidence(position),
        }
    }

    /// What the root refers to.
    #[must_use]
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// The object that stands for the root, in graphs where the root is an object.
    #[must_use]
    pub fn root_object(&self) -> Option<ObjectId> {
        self.root_object
    }

    /// A type.
    #[must_use]
    pub fn type_record(&self, ty: TypeId) -> &TypeRecord {
        &self.types[ty.index()]
    }

    /// Number of types.
    #[must_use]
    pub fn type_count(&self) -> usize {
        self.types.len()
    }

    /// A frame of a calling context.
    #[must_use]
    pub fn frame(&self, frame: FrameId) -> &Frame {
        &self.frames[frame.index()]
    }

    /// A calling context: its innermost frame and the context that called it.
    #[must_use]
    pub fn context_record(&self, context: ContextId) -> Context {
        self.contexts[context.index()]
    }

    /// Number of calling contexts.
    #[must_use]
    pub fn context_count(&self) -> usize {
        self.contexts.len()
    }

    /// The frames of a calling context, innermost first.
    pub fn frames_of(&self, context: ContextId) -> impl Iterator<Item = &Frame> {
        let mut next = Some(context);
        std::iter::from_fn(move || {
            let record = self.contexts[next?.index()];
            next = record.caller;
            Some(&self.frames[record.frame.index()])
        })
    }

    /// The allocator's function that gave an object its place when it was asked for another size (`realloc`): it moved the
    /// block, or made it where it was given none. None where an allocation gave it out, and where that is not known; a
    /// block that changed its size in place keeps the context of its birth, so that nothing tells of it. Time O(1).
    #[must_use]
    pub fn moved_by(&self, object: ObjectId) -> Option<&Frame> {
        self.frames_of(self.context(object)?).next().filter(|frame| frame.reallocates)
    }

    /// What all allocations up to the snapshot came to, one row for each calling context that allocated; none where that
    /// was not counted.
    #[must_use]
    pub fn totals(&self) -> &[ContextTotals] {
        &self.totals
    }

    /// The context of each number that the events of the run use, from number 1; empty for runs without events.
    #[must_use]
    pub fn context_numbers(&self) -> &[Option<ContextId>] {
        &self.context_numbers
    }

    /// The words in which the heap's answers are printed.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// What is known of the snapshot as a whole.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }
}
