//! Via, Rcs and Evidence: relations that look at the references to an object.
//!
//! Only references from reachable objects count, and those of the symbolic root. Every edge gets a number in one pass
//! over the referrers, in the order of memory; a second pass collects the numbers of the edges to each object.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;

use super::class::{Class, EvidenceClass, TypeClass};
use super::class_sets::{SetNumbering, SetPool};
use super::labelling::{Labelling, Numbering};
use super::rule::Rule;
use crate::heap::{Edge, EdgeEvidence, EdgeLink, Family, Heap, Relation, Root};
use crate::id::{ObjectId, TypeId};
use crate::view::View;

/// The number of an edge that does not count.
const UNSEEN: u32 = u32::MAX;

/// For how many objects the numbers of the edges to them are fetched together. Referrers lie anywhere in the heap, and
/// the processor waits for many of their edges at once where no branch depends on one of them.
const GATHERED: usize = 256;

/// What the numbers in the sets of a labelling stand for.
#[derive(Debug)]
pub(super) enum SetMembers {
    /// Names of edges.
    Relations(Vec<Relation>),
    /// Classes of referrers under a relation; higher numbers are sorts of roots.
    Referrers { of_referrer: Arc<Labelling>, roots: Vec<&'static str> },
}

impl SetMembers {
    /// The class of the objects with this set of numbers.
    pub(super) fn class(&self, set: &[u32]) -> Class {
        match self {
            Self::Relations(relations) => {
                Class::Via(set.iter().map(|&number| relations[number as usize].clone()).collect())
            }
            Self::Referrers { of_referrer, roots } => {
                let classes = of_referrer.class_count() as u32;
                let class_of = |&number: &u32| match number.checked_sub(classes) {
                    Some(word) => Class::Type(TypeClass::Root(roots[word as usize])),
                    None => of_referrer.class(number),
                };
                Class::Referrers(set.iter().map(class_of).collect::<BTreeSet<_>>())
            }
        }
    }
}

/// Labels objects by the set of relations by which they are referred to. Time O(V + E).
pub(super) fn by_via(view: &Arc<View>) -> Labelling {
    let heap = view.heap();
    let quote = heap.vocabulary().quote;
    let mut names = RelationNumbers::new(heap);
    let numbers = number_edges(view, |holder, edge| names.number(holder, edge));
    let mut relations = names.relations;
    let roots = root_numbers(heap, |root| relations.number(root.place.relation(quote)));
    let relations = relations.into_keys();
    let (column, sets) = by_set(heap, &numbers, &roots, relations.len());
    Labelling::from_sets(column, sets, SetMembers::Relations(relations))
}

/// Labels objects by the set of classes that their referrers have under `inner`. Time O(V + E).
pub(super) fn by_referrers(view: &Arc<View>, inner: &Rule) -> Labelling {
    let heap = view.heap();
    let of_referrer = view.labelling(inner);
    let classes = of_referrer.class_count() as u32;
    let numbers = number_edges_by_holder(view, |holder| of_referrer.label(holder));
    let mut words: Numbering<&'static str> = Numbering::new();
    let roots = root_numbers(heap, |root| classes + words.number(root.place.word()));
    let words = words.into_keys();
    let (column, sets) = by_set(heap, &numbers, &roots, classes as usize + words.len());
    Labelling::from_sets(column, sets, SetMembers::Referrers { of_referrer, roots: words })
}

/// Labels objects by the best evidence among the references to them. Time O(V + E).
pub(super) fn by_evidence(view: &Arc<View>) -> Labelling {
    let grade = |evidence: EdgeEvidence, into: u64| match (evidence, into) {
        (EdgeEvidence::Typed, _) => 0,
        (EdgeEvidence::Conservative, 0) => 1,
        (EdgeEvidence::Conservative, _) => 2,
    };
    let heap = view.heap();
    let numbers = number_edges(view, |_, edge| grade(edge.evidence, edge.into));
    let roots = root_numbers(heap, |root| {
        let evidence = if root.conservative { EdgeEvidence::Conservative } else { EdgeEvidence::Typed };
        grade(evidence, root.into)
    });
    let best = |object| {
        let edges = heap.incoming_positions(object).map(|position| numbers[position]);
        edges.chain(roots.get(&object).into_iter().flatten().copied()).min().unwrap_or(UNSEEN).min(3)
    };
    let column = heap.objects().map(best).collect();
    let classes =
        [EvidenceClass::Typed, EvidenceClass::Conservative, EvidenceClass::Interior, EvidenceClass::Unreferred];
    Labelling::from_columns(column, classes.into_iter().map(Class::Evidence).collect())
}

/// A number for every edge, by position; [`UNSEEN`] for edges from unreachable objects and to the root object.
fn number_edges(view: &Arc<View>, mut number: impl FnMut(ObjectId, &Edge<'_>) -> u32) -> Vec<u32> {
    let heap = view.heap();
    let mut numbers = vec![UNSEEN; heap.edge_count()];
    for holder in view.reachable().iter() {
        let row = heap.outgoing_positions(holder);
        for (slot, edge) in numbers[row].iter_mut().zip(heap.referents(holder)) {
            if heap.root_object() != Some(edge.other) {
                *slot = number(holder, &edge);
            }
        }
    }
    numbers
}

/// As [`number_edges`], where all edges of a referrer have one number.
fn number_edges_by_holder(view: &Arc<View>, number: impl Fn(ObjectId) -> u32) -> Vec<u32> {
    let heap = view.heap();
    let mut numbers = vec![UNSEEN; heap.edge_count()];
    for holder in view.reachable().iter() {
        numbers[heap.outgoing_positions(holder)].fill(number(holder));
    }
    if let Some(root) = heap.root_object() {
        for position in heap.incoming_positions(root) {
            numbers[position] = UNSEEN;
        }
    }
    numbers
}

/// Labels objects by the set of the numbers of the references to them, all of which are below `bound`.
fn by_set(heap: &Heap, numbers: &[u32], roots: &HashMap<ObjectId, Vec<u32>>, bound: usize) -> (Vec<u32>, SetPool) {
    let mut sets = SetNumbering::new(heap.object_count(), bound);
    let (mut gathered, mut list): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    for first in (0..heap.object_count()).step_by(GATHERED) {
        let chunk = first..heap.object_count().min(first + GATHERED);
        gathered.clear();
        gathered.extend(heap.incoming_positions_of(chunk.clone()).map(|position| numbers[position]));
        let mut rest = gathered.as_slice();
        for object in chunk.map(|index| ObjectId::new(index as u32)) {
            let (own, others) = rest.split_at(heap.referrer_count(object));
            rest = others;
            list.clear();
            list.extend(own.iter().filter(|&&number| number != UNSEEN));
            if let Some(held) = roots.get(&object) {
                list.extend_from_slice(held);
            }
            sets.add(&mut list);
        }
    }
    sets.finish()
}

fn root_numbers(heap: &Heap, mut number: impl FnMut(&Root) -> u32) -> HashMap<ObjectId, Vec<u32>> {
    let mut numbers: HashMap<ObjectId, Vec<u32>> = HashMap::new();
    for root in heap.roots() {
        numbers.entry(root.to).or_default().push(number(root));
    }
    numbers
}

/// The type whose layout names the words of a holder, and whether it repeats.
type Layout = Option<(TypeId, bool)>;

/// Bytes of a word, and how many words of a type have a place in the table of names.
const WORD: u64 = 4;
const TABLE_WORDS: u64 = 64;

/// Numbers the names of edges; the name of an offset of a type is made once.
struct RelationNumbers<'heap> {
    heap: &'heap Heap,
    relations: Numbering<Relation>,
    /// The last holder that was asked for, and its layout.
    holder: Option<ObjectId>,
    layout: Layout,
    /// Whether it is a frame: its fields are variables, and have other names than fields of the same type in memory.
    frame: bool,
    /// Names of the first words of every type; the first row is for objects without one.
    table: Vec<u32>,
    by_place: HashMap<(Layout, u64, u64), u32>,
}

impl<'heap> RelationNumbers<'heap> {
    fn new(heap: &'heap Heap) -> Self {
        Self {
            heap,
            relations: Numbering::new(),
            holder: None,
            layout: None,
            frame: false,
            table: vec![UNSEEN; (heap.type_count() + 1) * TABLE_WORDS as usize],
            by_place: HashMap::new(),
        }
    }

    fn number(&mut self, holder: ObjectId, edge: &Edge<'_>) -> u32 {
        let offset = match edge.link {
            EdgeLink::Given(relation) => return self.relations.number_of_ref(relation),
            EdgeLink::Offset(offset) => offset,
        };
        if self.holder != Some(holder) {
            self.holder = Some(holder);
            self.layout = self.heap.layout_of(holder);
            self.frame = self.heap.family(holder) == Family::Frame;
        }
        if self.frame {
            return self.relations.number(self.heap.relation(holder, edge));
        }
        let row = match self.layout {
            None => 0,
            Some((ty, false)) => ty.index() + 1,
            Some((_, true)) => return self.number_of_place(holder, edge, offset),
        };
        if offset % WORD != 0 || offset / WORD >= TABLE_WORDS || edge.into != 0 {
            return self.number_of_place(holder, edge, offset);
        }
        let slot = row * TABLE_WORDS as usize + (offset / WORD) as usize;
        if self.table[slot] == UNSEEN {
            self.table[slot] = self.relations.number(self.heap.relation(holder, edge));
        }
        self.table[slot]
    }

    fn number_of_place(&mut self, holder: ObjectId, edge: &Edge<'_>, offset: u64) -> u32 {
        // How far past the start of the referent matters only where no name says what is there.
        let place = (self.layout, offset, edge.into);
        if let Some(&number) = self.by_place.get(&place) {
            return number;
        }
        let number = self.relations.number(self.heap.relation(holder, edge));
        self.by_place.insert(place, number);
        number
    }
}
