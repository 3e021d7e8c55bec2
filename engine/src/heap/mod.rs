//! The frozen model: objects, edges, roots, types and calling contexts of one snapshot.
//!
//! Tables are arrays with one column per property, indexed by dense ids; edges are compressed rows in both directions.
//! Objects stand in the order of instance, address and family, so that Heapy's "ascending address order" is the order
//! of ids. A heap cannot change, so that any number of questions can be asked of it at once.

mod builder;
mod context;
mod edge;
mod facts;
mod object;
mod relation_name;
mod root;
mod types;
mod vocabulary;

pub use builder::{HeapBuilder, HeapError};
pub use context::{Context, Frame};
pub use edge::{EdgeEvidence, EdgeLink, EdgeRecord, Link, Relation};
pub use facts::{Facts, Seen};
pub use object::{Family, ObjectKey, ObjectRecord, TypeEvidence};
pub use root::{RootPlace, RootRecord};
pub use types::{Field, Shape, TypeRecord};
pub use vocabulary::Vocabulary;

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
    objects: Vec<ObjectRecord>,
    edges: Vec<StoredEdge>,
    /// `outgoing[i]..outgoing[i + 1]` are the edges of object `i`.
    outgoing: Vec<u32>,
    /// `incoming_rows[incoming[i]..incoming[i + 1]]` are the positions of the edges to object `i`.
    incoming: Vec<u32>,
    incoming_rows: Vec<u32>,
    roots: Vec<Root>,
    root_object: Option<ObjectId>,
    types: Vec<TypeRecord>,
    frames: Vec<Frame>,
    contexts: Vec<Context>,
    vocabulary: Vocabulary,
    facts: Facts,
}

#[derive(Debug)]
struct StoredEdge {
    from: ObjectId,
    to: ObjectId,
    link: Link,
    into: u64,
    evidence: EdgeEvidence,
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

    /// Every object, in the order of addresses.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = ObjectId> + use<> {
        (0..self.objects.len()).map(|index| ObjectId::new(index as u32))
    }

    /// What sort of thing the object is.
    #[must_use]
    pub fn family(&self, object: ObjectId) -> Family {
        self.objects[object.index()].family
    }

    /// The instance in whose memory it is.
    #[must_use]
    pub fn instance(&self, object: ObjectId) -> u32 {
        self.objects[object.index()].instance
    }

    /// Its first byte.
    #[must_use]
    pub fn address(&self, object: ObjectId) -> u64 {
        self.objects[object.index()].address
    }

    /// Its requested size in bytes.
    #[must_use]
    pub fn size(&self, object: ObjectId) -> u64 {
        self.objects[object.index()].size
    }

    /// The bytes that its allocator committed for it.
    #[must_use]
    pub fn usable(&self, object: ObjectId) -> u64 {
        self.objects[object.index()].usable
    }

    /// Its static type, if known.
    #[must_use]
    pub fn type_of(&self, object: ObjectId) -> Option<TypeId> {
        self.objects[object.index()].ty
    }

    /// Its most-derived type: by run-time evidence where there is any, else its static type.
    #[must_use]
    pub fn class_of(&self, object: ObjectId) -> Option<TypeId> {
        let record = &self.objects[object.index()];
        record.class.or(record.ty)
    }

    /// What its type rests on.
    #[must_use]
    pub fn type_evidence(&self, object: ObjectId) -> TypeEvidence {
        self.objects[object.index()].evidence
    }

    /// The calling context of its allocation.
    #[must_use]
    pub fn context(&self, object: ObjectId) -> Option<ContextId> {
        self.objects[object.index()].context
    }

    /// The number that is equal in two snapshots of one run exactly for the same object.
    #[must_use]
    pub fn serial(&self, object: ObjectId) -> u64 {
        self.objects[object.index()].serial
    }

    /// The interval between snapshots in which it was made.
    #[must_use]
    pub fn age(&self, object: ObjectId) -> u32 {
        self.objects[object.index()].age
    }

    /// The number of its elements, where its rendering shows that.
    #[must_use]
    pub fn length(&self, object: ObjectId) -> Option<u64> {
        self.objects[object.index()].length
    }

    /// The name of its own that a module or a frame has.
    #[must_use]
    pub fn name(&self, object: ObjectId) -> Option<&str> {
        self.objects[object.index()].name.as_deref()
    }

    /// The object that holds `address` in the memory of `instance`, interior addresses too. Time O(log V).
    #[must_use]
    pub fn find(&self, instance: u32, address: u64) -> Option<ObjectId> {
        let after = self.objects.partition_point(|record| (record.instance, record.address) <= (instance, address));
        let candidate = self.objects[..after].iter().rposition(|record| record.family == Family::Block)?;
        let record = &self.objects[candidate];
        let inside = record.instance == instance && address - record.address < record.size.max(1);
        inside.then(|| ObjectId::new(candidate as u32))
    }

    /// The edges from an object, by offset.
    pub fn referents(&self, object: ObjectId) -> impl Iterator<Item = Edge<'_>> {
        let range = self.outgoing[object.index()] as usize..self.outgoing[object.index() + 1] as usize;
        self.edges[range].iter().map(|edge| edge.seen_from(edge.to))
    }

    /// The edges to an object from any object, reachable or not, by the referrer's address.
    pub fn referrers(&self, object: ObjectId) -> impl Iterator<Item = Edge<'_>> {
        let range = self.incoming[object.index()] as usize..self.incoming[object.index() + 1] as usize;
        self.incoming_rows[range].iter().map(|&row| {
            let edge = &self.edges[row as usize];
            edge.seen_from(edge.from)
        })
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

impl StoredEdge {
    fn seen_from(&self, other: ObjectId) -> Edge<'_> {
        let link = match &self.link {
            Link::Offset(offset) => EdgeLink::Offset(*offset),
            Link::Given(relation) => EdgeLink::Given(relation),
        };
        Edge { other, link, into: self.into, evidence: self.evidence }
    }
}
