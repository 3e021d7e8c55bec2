//! The edges of a frozen heap, in both directions.
//!
//! Edges stand by referrer and offset. Forwards, an edge is the id of its referent (three bytes in a heap of up to 16
//! million objects) and one byte with its evidence, whether it points inside its referent, and how many words lie between
//! it and the edge before it in the row. Backwards, an object's row lists the positions of the edges to it; the referrer
//! is found from the position by a sample of every 64th edge. What does not fit into the byte stands in two small
//! columns, by rank. Relations that were given by name are numbers of a table.

use std::ops::Range;

use hashbrown::HashMap;

use super::column::Column;
use super::edge::{EdgeEvidence, EdgeLink, EdgeRecord, Link, Relation};
use super::object::ObjectKey;
use super::rows::Rows;
use crate::id::ObjectId;

/// Edges from one sample to the next.
const SAMPLE: usize = 64;
/// Bytes of a word; offsets between words of one row count in these.
const WORD: u64 = 4;
/// Bit: conservative evidence.
const CONSERVATIVE: u8 = 0x80;
/// Bit: points past the start of its referent.
const INTERIOR: u8 = 0x40;
/// The gap to the edge before, in words; all ones when the offset stands in its own column.
const GAP: u8 = 0x3f;

/// An edge on its way into a table.
#[derive(Clone, Copy, Debug)]
struct StagedEdge {
    from: u32,
    to: u32,
    offset: u32,
    into: u32,
    /// Number of the given relation, doubled; the lowest bit says conservative. 0 and 1 for edges at an offset.
    link: u32,
}

/// Stands for an offset or a distance of four gibibytes and more, which is kept apart.
const FAR: u32 = u32::MAX;

/// Takes edges in any order.
#[derive(Debug, Default)]
pub(super) struct StagedEdges {
    rows: Vec<StagedEdge>,
    relations: Vec<Relation>,
    relation_ids: HashMap<Relation, u32>,
    /// Offset and distance of the edges that are far, in the order in which they were added.
    far: Vec<(u64, u64)>,
    /// One above the highest key that an edge names.
    ends: u32,
}

impl StagedEdges {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn reserve(&mut self, edges: usize) {
        self.rows.reserve_exact(edges);
    }

    /// One above the highest key that an edge names.
    pub(super) fn ends(&self) -> u32 {
        self.ends
    }

    pub(super) fn push(&mut self, edge: EdgeRecord) {
        let (offset, number) = match edge.link {
            Link::Offset(offset) => (offset, 0),
            Link::Given(relation) => {
                let relations = &mut self.relations;
                let number = *self.relation_ids.entry(relation).or_insert_with_key(|relation| {
                    relations.push(relation.clone());
                    relations.len() as u32
                });
                (0, number)
            }
        };
        let conservative = u32::from(edge.evidence == EdgeEvidence::Conservative);
        self.push_row(edge.from, edge.to, offset, edge.into, number << 1 | conservative);
    }

    /// Adds an edge at an offset.
    #[inline]
    pub(super) fn push_word(&mut self, from: ObjectKey, to: ObjectKey, offset: u64, into: u64, evidence: EdgeEvidence) {
        self.push_row(from, to, offset, into, u32::from(evidence == EdgeEvidence::Conservative));
    }

    #[inline]
    fn push_row(&mut self, from: ObjectKey, to: ObjectKey, offset: u64, into: u64, link: u32) {
        let mut row = StagedEdge { from: from.0, to: to.0, offset: offset as u32, into: into as u32, link };
        if offset >= u64::from(FAR) || into >= u64::from(FAR) {
            // Both are looked up by the number that `into` then holds.
            row.offset = FAR;
            row.into = self.far.len() as u32;
            self.far.push((offset, into));
        }
        self.ends = self.ends.max(row.from.saturating_add(1)).max(row.to.saturating_add(1));
        self.rows.push(row);
    }

    fn offset(&self, row: &StagedEdge) -> u64 {
        if row.offset == FAR { self.far[row.into as usize].0 } else { u64::from(row.offset) }
    }

    fn distance(&self, row: &StagedEdge) -> u64 {
        if row.offset == FAR { self.far[row.into as usize].1 } else { u64::from(row.into) }
    }

    /// Freezes the edges of a heap of `count` objects, whose keys stand for the given ids.
    pub(super) fn freeze(mut self, count: usize, ids: Option<&[u32]>) -> EdgeTable {
        let mut rows = std::mem::take(&mut self.rows);
        if let Some(ids) = ids {
            for row in &mut rows {
                row.from = ids[row.from as usize];
                row.to = ids[row.to as usize];
            }
        }
        let place = |row: &StagedEdge| (row.from, self.offset(row));
        if !rows.is_sorted_by_key(place) {
            // Stable: edges of one holder that have no offsets keep the order in which they were given.
            rows.sort_by_key(place);
        }
        let mut out_lengths = vec![0u32; count];
        let mut in_lengths = vec![0u32; count];
        for row in &rows {
            out_lengths[row.from as usize] += 1;
            in_lengths[row.to as usize] += 1;
        }
        let words = self.words(&rows);
        let incoming = incoming(&rows, &in_lengths);
        let numbers = rows.iter().map(|row| u64::from(row.link >> 1));
        EdgeTable {
            count: rows.len(),
            to: Column::new(count as u64, rows.iter().map(|row| u64::from(row.to))),
            words,
            given: Column::new(self.relations.len() as u64, numbers),
            relations: self.relations,
            outgoing: Rows::new(&out_lengths),
            incoming_rows: Rows::new(&in_lengths),
            incoming,
        }
    }

    /// Offsets, distances and evidence of sorted edges.
    fn words(&self, rows: &[StagedEdge]) -> Words {
        let mut codes = Vec::with_capacity(rows.len());
        let (mut owners, mut offsets, mut wide_ranks, mut into_ranks) = (vec![], vec![], vec![], vec![]);
        let (mut wide, mut intos): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
        let mut before = (u32::MAX, 0);
        for (position, row) in rows.iter().enumerate() {
            let (offset, into) = (self.offset(row), self.distance(row));
            if position % SAMPLE == 0 {
                owners.push(row.from);
                offsets.push(offset);
                wide_ranks.push(wide.len() as u64);
                into_ranks.push(intos.len() as u64);
            }
            let start = if before.0 == row.from { before.1 } else { 0 };
            let gap = offset - start;
            let mut code = if row.link & 1 == 1 { CONSERVATIVE } else { 0 };
            if gap.is_multiple_of(WORD) && gap / WORD < u64::from(GAP) {
                code |= (gap / WORD) as u8;
            } else {
                code |= GAP;
                wide.push(offset);
            }
            if into != 0 {
                code |= INTERIOR;
                intos.push(into);
            }
            codes.push(code);
            before = (row.from, offset);
        }
        Words {
            codes,
            owners: Column::of(&owners),
            offsets: Column::of(&offsets),
            wide_ranks: Column::of(&wide_ranks),
            into_ranks: Column::of(&into_ranks),
            wide: Column::of(&wide),
            intos: Column::of(&intos),
        }
    }
}

/// The positions of the edges to each object, by object.
fn incoming(rows: &[StagedEdge], lengths: &[u32]) -> Column {
    let mut next = Vec::with_capacity(lengths.len());
    let mut start = 0u32;
    for &length in lengths {
        next.push(start);
        start += length;
    }
    let mut positions = vec![0u32; rows.len()];
    for (position, row) in rows.iter().enumerate() {
        let slot = &mut next[row.to as usize];
        positions[*slot as usize] = position as u32;
        *slot += 1;
    }
    Column::of(&positions)
}

/// Where in their referrers the edges are.
#[derive(Debug)]
struct Words {
    codes: Vec<u8>,
    /// Referrer and offset of every 64th edge.
    owners: Column,
    offsets: Column,
    /// How many entries of `wide` and `intos` are before every 64th edge.
    wide_ranks: Column,
    into_ranks: Column,
    /// Offsets that the byte cannot tell.
    wide: Column,
    /// Distances into the referent of edges that have one.
    intos: Column,
}

impl Words {
    /// The entry of `column` for the edge at `position`, which has one: `ranks` counts those before each sample.
    fn ranked(&self, column: &Column, ranks: &Column, position: usize, has: impl Fn(u8) -> bool) -> u64 {
        let sample = position / SAMPLE;
        let before = self.codes[sample * SAMPLE..position].iter().filter(|&&code| has(code)).count();
        column.get(ranks.get(sample) as usize + before)
    }

    fn wide_offset(&self, position: usize) -> u64 {
        self.ranked(&self.wide, &self.wide_ranks, position, |code| code & GAP == GAP)
    }

    #[inline]
    fn distance(&self, position: usize) -> u64 {
        if self.codes[position] & INTERIOR == 0 {
            return 0;
        }
        self.ranked(&self.intos, &self.into_ranks, position, |code| code & INTERIOR != 0)
    }

    /// The offset of an edge, given that of the edge before it in its row (0 for the first).
    #[inline]
    fn next_offset(&self, position: usize, before: u64) -> u64 {
        match self.codes[position] & GAP {
            GAP => self.wide_offset(position),
            gap => before + u64::from(gap) * WORD,
        }
    }

    /// The offset of an edge of a row that starts at `start`.
    fn offset(&self, start: usize, position: usize) -> u64 {
        let sample = position / SAMPLE * SAMPLE;
        let (mut at, mut offset) =
            if start < sample { (sample + 1, self.offsets.get(sample / SAMPLE)) } else { (start, 0) };
        while at <= position {
            offset = self.next_offset(at, offset);
            at += 1;
        }
        offset
    }

    fn resident_bytes(&self) -> usize {
        let columns = [&self.owners, &self.offsets, &self.wide_ranks, &self.into_ranks, &self.wide, &self.intos];
        self.codes.capacity() + columns.iter().map(|column| column.resident_bytes()).sum::<usize>()
    }
}

/// The edges of a heap.
#[derive(Debug)]
pub(super) struct EdgeTable {
    count: usize,
    to: Column,
    words: Words,
    /// Number of the given relation of each edge; 0 for those at an offset.
    given: Column,
    relations: Vec<Relation>,
    outgoing: Rows,
    incoming_rows: Rows,
    /// Positions of edges, by referent.
    incoming: Column,
}

impl EdgeTable {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The positions of the edges from an object.
    #[inline]
    pub(super) fn outgoing(&self, object: ObjectId) -> Range<usize> {
        self.outgoing.range(object.index())
    }

    /// The positions of the edges to an object, ascending.
    #[inline]
    pub(super) fn incoming(&self, object: ObjectId) -> impl ExactSizeIterator<Item = usize> + use<'_> {
        self.incoming_rows.range(object.index()).map(|row| self.incoming.get(row) as usize)
    }

    /// The positions of the edges to objects with ids in a range, by object.
    pub(super) fn incoming_of(&self, objects: Range<usize>) -> impl ExactSizeIterator<Item = usize> + use<'_> {
        let start = self.incoming_rows.range(objects.start).start;
        let end = objects.last().map_or(start, |last| self.incoming_rows.range(last).end);
        (start..end).map(|row| self.incoming.get(row) as usize)
    }

    /// Number of edges to an object.
    pub(super) fn incoming_count(&self, object: ObjectId) -> usize {
        self.incoming_rows.length(object.index())
    }

    /// The referent of an edge.
    #[inline]
    pub(super) fn referent(&self, position: usize) -> ObjectId {
        ObjectId::new(self.to.get(position) as u32)
    }

    /// The referrer of an edge, and where its row starts. Time O(1) on average.
    #[inline]
    pub(super) fn referrer(&self, position: usize) -> (ObjectId, usize) {
        let mut owner = self.words.owners.get(position / SAMPLE) as usize;
        let mut row = self.outgoing.range(owner);
        while row.end <= position {
            owner += 1;
            row = row.end..row.end + self.outgoing.length(owner);
        }
        (ObjectId::new(owner as u32), row.start)
    }

    /// The offset of an edge of the row that starts at `start`.
    pub(super) fn offset(&self, start: usize, position: usize) -> u64 {
        self.words.offset(start, position)
    }

    /// The offset of an edge, given that of the edge before it in its row (0 for the first).
    #[inline]
    pub(super) fn next_offset(&self, position: usize, before: u64) -> u64 {
        self.words.next_offset(position, before)
    }

    /// How an edge at `offset` is named.
    #[inline]
    pub(super) fn link(&self, position: usize, offset: u64) -> EdgeLink<'_> {
        match (self.given.get(position) as usize).checked_sub(1) {
            Some(number) => EdgeLink::Given(&self.relations[number]),
            None => EdgeLink::Offset(offset),
        }
    }

    #[inline]
    pub(super) fn distance(&self, position: usize) -> u64 {
        self.words.distance(position)
    }

    #[inline]
    pub(super) fn evidence(&self, position: usize) -> EdgeEvidence {
        if self.words.codes[position] & CONSERVATIVE == 0 { EdgeEvidence::Typed } else { EdgeEvidence::Conservative }
    }

    /// Whether an edge is a typed one to the start of its referent.
    #[inline]
    pub(super) fn is_typed_start(&self, position: usize) -> bool {
        self.words.codes[position] & (CONSERVATIVE | INTERIOR) == 0
    }

    /// Bytes of memory that tell which edges belong to which object.
    pub(super) fn row_bytes(&self) -> usize {
        self.outgoing.resident_bytes() + self.incoming_rows.resident_bytes()
    }

    /// Bytes of memory that the edges take.
    pub(super) fn resident_bytes(&self) -> usize {
        self.to.resident_bytes()
            + self.words.resident_bytes()
            + self.given.resident_bytes()
            + self.incoming.resident_bytes()
            + self.relations.capacity() * size_of::<Relation>()
    }
}
