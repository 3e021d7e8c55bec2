//! Building a heap: objects, edges and roots in any order, checked once, then frozen.

use std::collections::HashMap;

use thiserror::Error;

use super::contents::{HeldValue, StagedContents};
use super::edge_table::StagedEdges;
use super::object_table::{ObjectTable, StagedObjects};
use super::{
    Context, ContextTotals, EdgeEvidence, EdgeRecord, Facts, Family, Frame, Heap, ObjectKey, ObjectRecord, Root,
    RootPlace, RootRecord, Shape, TypeRecord, Vocabulary,
};
use crate::id::{ContextId, FrameId, ObjectId, TypeId};

/// Analyses keep a flag in the highest bit of an object's number.
const MAX_OBJECTS: u32 = 1 << 30;
/// Differences of sizes are signed.
const MAX_BYTES: u64 = i64::MAX as u64;
/// Positions of edges end before the value that stands for none.
const MAX_EDGES: u32 = u32::MAX - 1;

/// Why objects and edges do not make a heap.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeapError {
    /// More rows than ids.
    #[error("{table} has more than {limit} rows")]
    TooMany {
        /// The table.
        table: &'static str,
        /// Its limit.
        limit: u32,
    },
    /// An id that the builder has not given.
    #[error("{what} {index} does not exist ({count} given)")]
    Dangling {
        /// What the id is of.
        what: &'static str,
        /// The id.
        index: u32,
        /// How many there are.
        count: usize,
    },
    /// Sizes whose sum no number of bytes holds.
    #[error("the sizes of the objects add up to more than {limit} bytes")]
    TooLarge {
        /// The largest sum.
        limit: u64,
    },
    /// Two blocks that share bytes.
    #[error("blocks at {first:#x} ({size} bytes) and {second:#x} overlap")]
    Overlap {
        /// Start of the first.
        first: u64,
        /// Its size.
        size: u64,
        /// Start of the second.
        second: u64,
    },
}

/// Takes what is known of a heap and freezes it.
#[derive(Debug)]
pub struct HeapBuilder {
    objects: StagedObjects,
    edges: StagedEdges,
    roots: Vec<RootRecord>,
    root_object: Option<ObjectKey>,
    types: Vec<TypeRecord>,
    frames: Vec<Frame>,
    frame_ids: HashMap<Frame, FrameId>,
    contexts: Vec<Context>,
    context_ids: HashMap<Context, ContextId>,
    contents: StagedContents,
    totals: Vec<ContextTotals>,
    context_numbers: Vec<Option<ContextId>>,
    vocabulary: Vocabulary,
    facts: Facts,
}

impl HeapBuilder {
    /// An empty heap that prints in the given words.
    #[must_use]
    pub fn new(vocabulary: Vocabulary) -> Self {
        Self {
            objects: StagedObjects::default(),
            edges: StagedEdges::default(),
            roots: Vec::new(),
            root_object: None,
            types: Vec::new(),
            frames: Vec::new(),
            frame_ids: HashMap::new(),
            contexts: Vec::new(),
            context_ids: HashMap::new(),
            contents: StagedContents::default(),
            totals: Vec::new(),
            context_numbers: Vec::new(),
            vocabulary,
            facts: Facts::default(),
        }
    }

    /// Sets what is known of the snapshot as a whole.
    pub fn set_facts(&mut self, facts: Facts) -> &mut Self {
        self.facts = facts;
        self
    }

    /// Adds a type; its fields may name types that are added later.
    pub fn add_type(&mut self, record: TypeRecord) -> TypeId {
        self.types.push(record);
        TypeId::new((self.types.len() - 1) as u32)
    }

    /// The id that the next added type will have, for types that name each other.
    #[must_use]
    pub fn next_type(&self) -> TypeId {
        TypeId::new(self.types.len() as u32)
    }

    /// Adds a frame of calling contexts, or finds the equal one.
    pub fn add_frame(&mut self, frame: Frame) -> FrameId {
        let frames = &mut self.frames;
        *self.frame_ids.entry(frame).or_insert_with_key(|frame| {
            frames.push(frame.clone());
            FrameId::new((frames.len() - 1) as u32)
        })
    }

    /// Adds a calling context, or finds the equal one.
    pub fn add_context(&mut self, caller: Option<ContextId>, frame: FrameId) -> ContextId {
        let contexts = &mut self.contexts;
        *self.context_ids.entry(Context { caller, frame }).or_insert_with_key(|context| {
            contexts.push(*context);
            ContextId::new((contexts.len() - 1) as u32)
        })
    }

    /// Adds an object.
    pub fn add_object(&mut self, record: ObjectRecord) -> ObjectKey {
        self.objects.push(record);
        ObjectKey((self.objects.len() - 1) as u32)
    }

    /// Adds an edge. Parallel edges are kept.
    pub fn add_edge(&mut self, edge: EdgeRecord) -> &mut Self {
        self.edges.push(edge);
        self
    }

    /// Makes room for this many objects and edges, for builders that know their number.
    pub fn reserve(&mut self, objects: usize, edges: usize) -> &mut Self {
        self.objects.reserve(objects);
        self.edges.reserve(edges);
        self
    }

    /// Adds a word at `offset` of `from` that points `into` bytes past the start of `to`. The way for readers and
    /// scanners of millions of edges: nothing is allocated for an edge, and edges that come in the order of their
    /// holders' addresses and offsets are not sorted again.
    pub fn add_word(
        &mut self,
        from: ObjectKey,
        to: ObjectKey,
        offset: u64,
        into: u64,
        evidence: EdgeEvidence,
    ) -> &mut Self {
        self.edges.push_word(from, to, offset, into, evidence);
        self
    }

    /// The key of the object that was added as the `index`-th, for readers of tables whose edges name objects by
    /// their position.
    #[must_use]
    pub const fn key(index: u32) -> ObjectKey {
        ObjectKey(index)
    }

    /// Adds a reference from the root that is known to be one.
    pub fn add_root(&mut self, place: RootPlace, to: ObjectKey) -> &mut Self {
        self.add_root_record(RootRecord { place, to, conservative: false, into: 0 })
    }

    /// Adds a reference from the root.
    pub fn add_root_record(&mut self, root: RootRecord) -> &mut Self {
        self.roots.push(root);
        self
    }

    /// Makes an object stand for the root, as in graphs of Python objects: it is a member of the heap, its edges are
    /// the roots, and edges that lead to it are not seen.
    pub fn set_root_object(&mut self, object: ObjectKey) -> &mut Self {
        self.root_object = Some(object);
        self
    }

    /// Puts an object among those whose bytes are equal: all with this number.
    pub fn add_content(&mut self, object: ObjectKey, class: u32) -> &mut Self {
        self.contents.classes.push((object, class));
        self
    }

    /// Holds the bytes of the objects with this number, from their first one on and as many as are to be held.
    pub fn add_bytes(&mut self, class: u32, bytes: &[u8]) -> &mut Self {
        self.contents.bytes.add(class, bytes);
        self
    }

    /// Adds the value of a field; those of an object by offset.
    pub fn add_value(&mut self, object: ObjectKey, value: HeldValue) -> &mut Self {
        self.contents.values.push((object, value));
        self
    }

    /// Says how many bytes of a container's buffer no element takes.
    pub fn add_unused(&mut self, buffer: ObjectKey, bytes: u64) -> &mut Self {
        self.contents.unused.push((buffer, bytes));
        self
    }

    /// Says what the allocations of a calling context came to.
    pub fn add_totals(&mut self, totals: ContextTotals) -> &mut Self {
        self.totals.push(totals);
        self
    }

    /// Says which context the next number of the run's events stands for.
    pub fn add_context_number(&mut self, context: Option<ContextId>) -> &mut Self {
        self.context_numbers.push(context);
        self
    }

    /// What the numbers stand for, which the heap then does not know.
    pub(crate) fn take_context_numbers(&mut self) -> Vec<Option<ContextId>> {
        std::mem::take(&mut self.context_numbers)
    }

    /// Checks everything and freezes the heap. Time O((V + E) log (V + E)).
    ///
    /// # Errors
    /// [`HeapError`] names the first thing that does not fit.
    pub fn finish(self) -> Result<Heap, HeapError> {
        self.check()?;
        let ids = self.objects.order();
        let ids = ids.as_deref();
        let id_of = |key: ObjectKey| ObjectId::new(ids.map_or(key.0, |ids| ids[key.0 as usize]));
        let roots = self.roots.into_iter().map(|root| Root {
            place: root.place,
            to: id_of(root.to),
            conservative: root.conservative,
            into: root.into,
        });
        let objects = self.objects.freeze(ids);
        check_overlap(&objects)?;
        Ok(Heap {
            roots: roots.collect(),
            root_object: self.root_object.map(id_of),
            edges: self.edges.freeze(objects.len(), ids),
            objects,
            types: self.types,
            frames: self.frames,
            contexts: self.contexts,
            contents: self.contents.freeze(id_of),
            totals: self.totals,
            context_numbers: self.context_numbers,
            vocabulary: self.vocabulary,
            facts: self.facts,
        })
    }

    fn check(&self) -> Result<(), HeapError> {
        let tables = [("objects", self.objects.len(), MAX_OBJECTS), ("edges", self.edges.len(), MAX_EDGES)];
        for (table, count, limit) in tables {
            if count > limit as usize {
                return Err(HeapError::TooMany { table, limit });
            }
        }
        let within = |what, index: usize, count: usize| {
            if index < count { Ok(()) } else { Err(HeapError::Dangling { what, index: index as u32, count }) }
        };
        for shape in self.objects.shapes() {
            for ty in [shape.ty, shape.class].into_iter().flatten() {
                within("type", ty.index(), self.types.len())?;
            }
        }
        if self.objects.total() > u128::from(MAX_BYTES) {
            return Err(HeapError::TooLarge { limit: MAX_BYTES });
        }
        for record in &self.types {
            let inner: &mut dyn Iterator<Item = TypeId> = match &record.shape {
                Shape::Struct(fields) => &mut fields.iter().filter_map(|field| field.ty),
                Shape::Array { element, .. } => &mut std::iter::once(*element),
                Shape::Opaque | Shape::Pointer | Shape::Scalar => &mut std::iter::empty(),
            };
            for ty in inner {
                within("type", ty.index(), self.types.len())?;
            }
        }
        for (index, context) in self.contexts.iter().enumerate() {
            within("frame", context.frame.index(), self.frames.len())?;
            // A caller comes before what it calls, so that no chain of callers is endless.
            context.caller.map_or(Ok(()), |caller| within("calling context", caller.index(), index))?;
        }
        if let Some(context) = self.objects.max_context() {
            within("context", context as usize, self.contexts.len())?;
        }
        let of_totals = self.totals.iter().filter_map(|totals| totals.context);
        for context in of_totals.chain(self.context_numbers.iter().copied().flatten()) {
            within("context", context.index(), self.contexts.len())?;
        }
        if let Some(end) = self.edges.ends().checked_sub(1) {
            within("object", end as usize, self.objects.len())?;
        }
        if let Some(end) = self.contents.ends().checked_sub(1) {
            within("object", end, self.objects.len())?;
        }
        for key in self.roots.iter().map(|root| root.to).chain(self.root_object) {
            within("object", key.0 as usize, self.objects.len())?;
        }
        Ok(())
    }
}

fn check_overlap(objects: &ObjectTable) -> Result<(), HeapError> {
    let mut previous: Option<ObjectId> = None;
    let blocks = (0..objects.len()).map(|index| ObjectId::new(index as u32));
    for block in blocks.filter(|&object| objects.shape(object).family == Family::Block) {
        let second = objects.address(block);
        if let Some(before) = previous
            && objects.instance(before) == objects.instance(block)
            && second - objects.address(before) < objects.size(before)
        {
            return Err(HeapError::Overlap { first: objects.address(before), size: objects.size(before), second });
        }
        previous = Some(block);
    }
    Ok(())
}
