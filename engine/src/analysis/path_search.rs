//! Shortest paths: by which chains of references does one set reach another?
//!
//! Finds **all** shortest paths from a set of sources to the *nearest* members of a set of targets: targets that are
//! further away get no path, and sources that do not lie on such a path drop out. A source that is itself a target
//! gives no path of length 0; the search starts one step out, so that a loop back to a source is not found either.
//! Parallel references are paths of their own.
//!
//! The search goes level by level from both ends at once, always on the side whose frontier is smaller, until the
//! frontiers meet: a heap is wide when looked at from the root and narrow when looked at from one object. What is kept
//! are the objects of each level that lie on some path; paths themselves are counted and listed from those, since there
//! can be more of them than one could store. Time O(V + E), space O(V).
//!
//! Does not rank paths by meaning: they are ordered by the relations along them.

use std::collections::BTreeSet;

use crate::heap::{Edge, EdgeEvidence, Heap, Relation};
use crate::id::ObjectId;
use crate::object_set::ObjectSet;

/// Where a path begins, or an edge comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathEnd {
    /// The symbolic root.
    Root,
    /// An object.
    Object(ObjectId),
}

/// What to search for.
#[derive(Clone, Debug)]
pub(super) struct PathQuery {
    /// Whether the symbolic root is a source.
    pub(super) from_root: bool,
    pub(super) sources: ObjectSet,
    pub(super) targets: ObjectSet,
    /// Objects that no path may pass.
    pub(super) avoid_nodes: ObjectSet,
    /// References that no path may take, whatever their relation.
    pub(super) avoid_edges: BTreeSet<(PathEnd, ObjectId)>,
    /// Whether conservative references are left out.
    pub(super) typed_only: bool,
}

/// One reference on a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hop {
    pub(super) relation: Relation,
    pub(super) to: ObjectId,
    pub(super) conservative: bool,
}

/// The objects that lie on shortest paths.
#[derive(Clone, Debug)]
pub(super) struct PathSearch {
    query: PathQuery,
    /// The objects of each level, ascending; empty where there is no path. The root is not listed.
    levels: Vec<Vec<ObjectId>>,
    /// Whether the root lies on a path.
    root_used: bool,
}

impl PathSearch {
    pub(super) fn new(heap: &Heap, query: PathQuery) -> Self {
        let mut levels = Vec::new();
        let mut root_used = false;
        if let Some(meeting) = Frontiers::new(heap, &query).meet() {
            levels = meeting.levels();
            let first = levels.get(1).map_or(&[][..], Vec::as_slice);
            root_used = query.from_root
                && heap
                    .roots()
                    .iter()
                    .any(|root| query.allows_root(root.to, root.conservative) && first.binary_search(&root.to).is_ok());
        }
        Self { query, levels, root_used }
    }

    pub(super) fn query(&self) -> &PathQuery {
        &self.query
    }

    /// The objects of each level, ascending, sources first; none where there is no path.
    pub(super) fn levels(&self) -> &[Vec<ObjectId>] {
        &self.levels
    }

    /// Whether paths begin at the symbolic root.
    pub(super) fn uses_root(&self) -> bool {
        self.root_used
    }

    /// Number of references of each path; 0 where there is no path.
    pub(super) fn steps(&self) -> usize {
        self.levels.len().saturating_sub(1)
    }

    /// The references from `from`, which is of level `level`, to the next level, ordered by relation.
    pub(super) fn hops(&self, heap: &Heap, level: usize, from: PathEnd) -> Vec<Hop> {
        let Some(next) = self.levels.get(level + 1) else { return Vec::new() };
        let on_path = |to: ObjectId| next.binary_search(&to).is_ok();
        let mut hops: Vec<Hop> = match from {
            PathEnd::Root => {
                let quote = heap.vocabulary().quote;
                let roots = heap.roots().iter().filter(|root| self.query.allows_root(root.to, root.conservative));
                roots
                    .filter(|root| on_path(root.to))
                    .map(|root| Hop {
                        relation: root.place.relation(quote),
                        to: root.to,
                        conservative: root.conservative,
                    })
                    .collect()
            }
            PathEnd::Object(object) => {
                let edges = heap.referents(object).filter(|edge| on_path(edge.other));
                edges
                    .filter(|edge| self.query.allows(object, edge.other, edge))
                    .map(|edge| Hop {
                        relation: heap.relation(object, &edge),
                        to: edge.other,
                        conservative: edge.evidence == EdgeEvidence::Conservative,
                    })
                    .collect()
            }
        };
        hops.sort();
        hops
    }

    /// How many references lead from `from`, of level `level`, to each position of the next level.
    pub(super) fn hop_targets(&self, heap: &Heap, level: usize, from: PathEnd) -> Vec<usize> {
        let Some(next) = self.levels.get(level + 1) else { return Vec::new() };
        let position = |to: ObjectId| next.binary_search(&to).ok();
        match from {
            PathEnd::Root => {
                let roots = heap.roots().iter().filter(|root| self.query.allows_root(root.to, root.conservative));
                roots.filter_map(|root| position(root.to)).collect()
            }
            PathEnd::Object(object) => {
                let edges = heap.referents(object).filter(|edge| self.query.allows(object, edge.other, edge));
                edges.filter_map(|edge| position(edge.other)).collect()
            }
        }
    }
}

impl PathQuery {
    /// Whether every reference may be taken, so that where it stands need not be looked at.
    fn takes_all(&self) -> bool {
        !self.typed_only && self.avoid_edges.is_empty()
    }

    fn allows(&self, from: ObjectId, to: ObjectId, edge: &Edge<'_>) -> bool {
        (!self.typed_only || edge.evidence == EdgeEvidence::Typed)
            && (self.avoid_edges.is_empty() || !self.avoid_edges.contains(&(PathEnd::Object(from), to)))
    }

    fn allows_root(&self, to: ObjectId, conservative: bool) -> bool {
        !(self.typed_only && conservative)
            && (self.avoid_edges.is_empty() || !self.avoid_edges.contains(&(PathEnd::Root, to)))
    }
}

/// One side of the search: the distance of each object it has met, plus one, and its levels.
struct Side {
    distance: Vec<u32>,
    levels: Vec<Vec<ObjectId>>,
}

/// In place of a distance: never enter.
const AVOIDED: u32 = u32::MAX;

impl Side {
    fn new(count: usize, start: Vec<ObjectId>, avoid: &ObjectSet) -> Self {
        let mut distance = vec![0; count];
        for object in avoid.iter() {
            distance[object.index()] = AVOIDED;
        }
        for object in &start {
            distance[object.index()] = 1;
        }
        Self { distance, levels: vec![start] }
    }

    fn frontier(&self) -> &[ObjectId] {
        self.levels.last().map_or(&[], Vec::as_slice)
    }

    /// The number that objects of the last level carry.
    fn mark(&self) -> u32 {
        self.levels.len() as u32
    }

    fn is_at(&self, object: ObjectId, level: usize) -> bool {
        self.distance[object.index()] == level as u32 + 1
    }
}

struct Frontiers<'search> {
    heap: &'search Heap,
    query: &'search PathQuery,
    forward: Side,
    backward: Side,
}

impl<'search> Frontiers<'search> {
    fn new(heap: &'search Heap, query: &'search PathQuery) -> Self {
        let mut sources = query.sources.clone();
        sources.difference_with(&query.avoid_nodes);
        let mut targets = query.targets.clone();
        targets.difference_with(&query.sources);
        targets.difference_with(&query.avoid_nodes);
        let count = heap.object_count();
        Self {
            heap,
            query,
            forward: Side::new(count, sources.iter().collect(), &query.avoid_nodes),
            backward: Side::new(count, targets.iter().collect(), &query.avoid_nodes),
        }
    }

    /// Expands the smaller frontier until both share objects; none if one side cannot go on.
    fn meet(mut self) -> Option<Meeting<'search>> {
        if self.backward.frontier().is_empty() {
            return None;
        }
        loop {
            // The root is met by its references only, so its first step is taken before anything else.
            let root_waits = self.query.from_root && self.forward.levels.len() == 1;
            let forward_smaller = self.forward.frontier().len() <= self.backward.frontier().len();
            let next = if root_waits || forward_smaller { self.step_forward() } else { self.step_backward() };
            if next == 0 {
                return None;
            }
            let (ours, other) = if root_waits || forward_smaller {
                (&self.forward, &self.backward)
            } else {
                (&self.backward, &self.forward)
            };
            let mark = other.mark();
            let mut shared: Vec<ObjectId> =
                ours.frontier().iter().copied().filter(|object| other.distance[object.index()] == mark).collect();
            if !shared.is_empty() {
                shared.sort_unstable();
                return Some(Meeting { frontiers: self, shared });
            }
        }
    }

    fn step_forward(&mut self) -> usize {
        let mark = self.forward.mark() + 1;
        let mut next = Vec::new();
        let distance = &mut self.forward.distance;
        let mut enter = |object: ObjectId| {
            let slot = &mut distance[object.index()];
            if *slot == 0 {
                *slot = mark;
                next.push(object);
            }
        };
        if self.query.from_root && mark == 2 {
            for root in self.heap.roots().iter().filter(|root| self.query.allows_root(root.to, root.conservative)) {
                enter(root.to);
            }
        }
        for &object in self.forward.levels.last().map_or(&[][..], Vec::as_slice) {
            if self.query.takes_all() {
                self.heap.referent_ids(object).for_each(&mut enter);
                continue;
            }
            for edge in self.heap.referents(object) {
                if self.query.allows(object, edge.other, &edge) {
                    enter(edge.other);
                }
            }
        }
        let count = next.len();
        self.forward.levels.push(next);
        count
    }

    fn step_backward(&mut self) -> usize {
        let mark = self.backward.mark() + 1;
        let mut next = Vec::new();
        for &object in self.backward.levels.last().map_or(&[][..], Vec::as_slice) {
            if self.query.takes_all() {
                for other in self.heap.referrer_ids(object) {
                    let slot = &mut self.backward.distance[other.index()];
                    if *slot == 0 {
                        *slot = mark;
                        next.push(other);
                    }
                }
                continue;
            }
            for edge in self.heap.referrers(object) {
                let slot = &mut self.backward.distance[edge.other.index()];
                if *slot == 0 && self.query.allows(edge.other, object, &edge) {
                    *slot = mark;
                    next.push(edge.other);
                }
            }
        }
        let count = next.len();
        self.backward.levels.push(next);
        count
    }
}

/// Two frontiers that share objects.
struct Meeting<'search> {
    frontiers: Frontiers<'search>,
    shared: Vec<ObjectId>,
}

impl Meeting<'_> {
    /// The objects of each level that lie on a path: from the shared ones down to the sources and up to the targets.
    fn levels(self) -> Vec<Vec<ObjectId>> {
        let Self { frontiers, shared } = self;
        let (below, above) = (frontiers.forward.levels.len() - 1, frontiers.backward.levels.len() - 1);
        let mut levels = vec![shared.clone()];
        let mut at = shared.clone();
        for level in (0..below).rev() {
            at = frontiers.referrers_at(&at, level);
            levels.push(at.clone());
        }
        levels.reverse();
        at = shared;
        for level in (0..above).rev() {
            at = frontiers.referents_at(&at, level);
            levels.push(at.clone());
        }
        levels
    }
}

impl Frontiers<'_> {
    fn referrers_at(&self, objects: &[ObjectId], level: usize) -> Vec<ObjectId> {
        let mut found = Vec::new();
        for &object in objects {
            let edges = self.heap.referrers(object);
            let from = edges.filter(|edge| self.forward.is_at(edge.other, level));
            found.extend(from.filter(|edge| self.query.allows(edge.other, object, edge)).map(|edge| edge.other));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn referents_at(&self, objects: &[ObjectId], level: usize) -> Vec<ObjectId> {
        let mut found = Vec::new();
        for &object in objects {
            let edges = self.heap.referents(object);
            let to = edges.filter(|edge| self.backward.is_at(edge.other, level));
            found.extend(to.filter(|edge| self.query.allows(object, edge.other, edge)).map(|edge| edge.other));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
