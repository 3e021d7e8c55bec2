//! Building a heap: objects, edges and roots in any order, checked once, then frozen.

use std::collections::HashMap;

use thiserror::Error;

use super::{
    Context, EdgeEvidence, EdgeRecord, Facts, Family, Frame, Heap, Link, ObjectKey, ObjectRecord, Root, RootPlace,
    RootRecord, StoredEdge, TypeRecord, Vocabulary,
};
use crate::id::{ContextId, FrameId, ObjectId, TypeId};

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
    objects: Vec<ObjectRecord>,
    edges: Vec<EdgeRecord>,
    roots: Vec<RootRecord>,
    root_object: Option<ObjectKey>,
    types: Vec<TypeRecord>,
    frames: Vec<Frame>,
    frame_ids: HashMap<Frame, FrameId>,
    contexts: Vec<Context>,
    context_ids: HashMap<Context, ContextId>,
    vocabulary: Vocabulary,
    facts: Facts,
}

impl HeapBuilder {
    /// An empty heap that prints in the given words.
    #[must_use]
    pub fn new(vocabulary: Vocabulary) -> Self {
        Self {
            objects: Vec::new(),
            edges: Vec::new(),
            roots: Vec::new(),
            root_object: None,
            types: Vec::new(),
            frames: Vec::new(),
            frame_ids: HashMap::new(),
            contexts: Vec::new(),
            context_ids: HashMap::new(),
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
        self.add_edge(EdgeRecord { from, to, link: Link::Offset(offset), into, evidence })
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

    /// Checks everything and freezes the heap. Time O((V + E) log (V + E)).
    ///
    /// # Errors
    /// [`HeapError`] names the first thing that does not fit.
    pub fn finish(self) -> Result<Heap, HeapError> {
        self.check()?;
        let mut order: Vec<u32> = (0..self.objects.len() as u32).collect();
        order.sort_by_key(|&key| {
            let record = &self.objects[key as usize];
            (record.instance, record.address, record.family, key)
        });
        let mut ids = vec![ObjectId::new(0); order.len()];
        for (id, &key) in order.iter().enumerate() {
            ids[key as usize] = ObjectId::new(id as u32);
        }
        let id_of = |key: ObjectKey| ids[key.0 as usize];
        let edges = stored_edges(self.edges, id_of);
        let (outgoing, incoming, incoming_rows) = compressed_rows(&edges, order.len());
        let roots = self
            .roots
            .into_iter()
            .map(|root| Root {
                place: root.place,
                to: id_of(root.to),
                conservative: root.conservative,
                into: root.into,
            })
            .collect();
        let mut slots: Vec<Option<ObjectRecord>> = self.objects.into_iter().map(Some).collect();
        let objects: Vec<ObjectRecord> = order.iter().filter_map(|&key| slots[key as usize].take()).collect();
        check_overlap(&objects)?;
        Ok(Heap {
            objects,
            edges,
            outgoing,
            incoming,
            incoming_rows,
            roots,
            root_object: self.root_object.map(id_of),
            types: self.types,
            frames: self.frames,
            contexts: self.contexts,
            vocabulary: self.vocabulary,
            facts: self.facts,
        })
    }

    fn check(&self) -> Result<(), HeapError> {
        for (table, count) in [("objects", self.objects.len()), ("edges", self.edges.len())] {
            if count >= u32::MAX as usize {
                return Err(HeapError::TooMany { table, limit: u32::MAX - 1 });
            }
        }
        let within = |what, index: usize, count: usize| {
            if index < count { Ok(()) } else { Err(HeapError::Dangling { what, index: index as u32, count }) }
        };
        for record in &self.objects {
            for ty in [record.ty, record.class].into_iter().flatten() {
                within("type", ty.index(), self.types.len())?;
            }
            if let Some(context) = record.context {
                within("context", context.index(), self.contexts.len())?;
            }
        }
        let ends = self.edges.iter().flat_map(|edge| [edge.from, edge.to]);
        let held = self.roots.iter().map(|root| root.to).chain(self.root_object);
        for key in ends.chain(held) {
            within("object", key.0 as usize, self.objects.len())?;
        }
        Ok(())
    }
}

fn stored_edges(edges: Vec<EdgeRecord>, id_of: impl Fn(ObjectKey) -> ObjectId) -> Vec<StoredEdge> {
    let mut stored: Vec<StoredEdge> = edges
        .into_iter()
        .map(|edge| StoredEdge {
            from: id_of(edge.from),
            to: id_of(edge.to),
            link: edge.link,
            into: edge.into,
            evidence: edge.evidence,
        })
        .collect();
    // Stable: edges of one holder that have no offsets keep the order in which they were given.
    stored.sort_by_key(|edge| {
        let offset = match edge.link {
            Link::Offset(offset) => offset,
            Link::Given(_) => 0,
        };
        (edge.from, offset)
    });
    stored
}

fn compressed_rows(edges: &[StoredEdge], count: usize) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let mut outgoing = vec![0u32; count + 1];
    let mut incoming = vec![0u32; count + 1];
    for edge in edges {
        outgoing[edge.from.index() + 1] += 1;
        incoming[edge.to.index() + 1] += 1;
    }
    for index in 0..count {
        outgoing[index + 1] += outgoing[index];
        incoming[index + 1] += incoming[index];
    }
    let mut next = incoming.clone();
    let mut rows = vec![0u32; edges.len()];
    for (row, edge) in edges.iter().enumerate() {
        let slot = &mut next[edge.to.index()];
        rows[*slot as usize] = row as u32;
        *slot += 1;
    }
    (outgoing, incoming, rows)
}

fn check_overlap(objects: &[ObjectRecord]) -> Result<(), HeapError> {
    let mut previous: Option<&ObjectRecord> = None;
    for record in objects.iter().filter(|record| record.family == Family::Block) {
        if let Some(before) = previous
            && before.instance == record.instance
            && record.address - before.address < before.size
        {
            return Err(HeapError::Overlap { first: before.address, size: before.size, second: record.address });
        }
        previous = Some(record);
    }
    Ok(())
}
