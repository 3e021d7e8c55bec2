//! Reference patterns: which kinds refer to a set, which refer to those, and so on to the roots.
//!
//! Every object that leads to the set within the given number of steps is in the node of its kind; the set itself is a
//! node of its own. Nodes that were opened show their referrers beyond that. Time O(V + edges to those objects).

use std::collections::{BTreeMap, BTreeSet};

use heapy_engine::{Classes, EdgeEvidence, IdentitySet, ObjectId, ObjectSet};

use super::Failure;
use super::kind_graph::kind_graph;
use super::layering;
use super::links::Links;
use super::naming::of_row;
use super::object::brief;
use super::session::{Session, by_relation, object_id};
use crate::expression::SetExpression;
use crate::format;
use crate::protocol::{Pattern, PatternNode, PatternQuestion};

/// Nodes of one answer, whatever was asked for: more cannot be drawn smoothly.
pub(super) const MOST_NODES: usize = 2000;

/// What the root is called.
pub(super) const ROOT: &str = "hp.Root";

struct Walk<'set> {
    set: &'set IdentitySet,
    classes: Classes,
    /// What single objects are called by; none where nodes are groups.
    kinds: Option<Classes>,
    nodes: Vec<PatternNode>,
    node_of_class: BTreeMap<usize, usize>,
    /// Classes that show their referrers however deep they are.
    opened: BTreeSet<usize>,
    /// Nodes, at most.
    most: usize,
    links: Links,
    cut: bool,
}

/// Answers the question.
pub(super) fn pattern(session: &mut Session, question: &PatternQuestion) -> Result<Pattern, Failure> {
    if question.inside {
        return kind_graph(session, question);
    }
    let hp = session.snapshot(question.of.snapshot)?;
    let set = session.set(&question.of)?;
    let heap_set = by_relation(&hp.heap(), &question.by)?;
    let classes = heap_set.er().classes();
    let kinds = hp.relation("Type").map_err(|error| error.to_string())?.classes();
    let whole = PatternNode {
        kind: format::visible(&set.brief()),
        count: set.count() as u64,
        size: set.size(),
        whole: true,
        object: single(&set),
        first: set.nodes().iter().next().map(ObjectId::raw),
        set: Some(question.of.set.clone()),
        ..PatternNode::default()
    };
    let opened = question.opened.iter().map(|object| object_id(&hp, *object).map(|object| classes.of(object)));
    // One is left for the root.
    let most = question.most.clamp(3, MOST_NODES) - 1;
    let mut walk = Walk {
        set: &set,
        opened: opened.collect::<Result<_, _>>()?,
        classes,
        kinds: (question.by == "Id").then_some(kinds),
        nodes: vec![whole],
        node_of_class: BTreeMap::new(),
        most,
        links: Links::between(most + 1),
        cut: false,
    };
    let reached = walk.walk(question.depth.min(32));
    walk.add_roots(&reached);
    walk.name_sets(&heap_set, &question.by);
    let (edges, left_out) = walk.links.into_edges();
    layering::place(&mut walk.nodes, &edges);
    Ok(Pattern { nodes: walk.nodes.into(), edges: edges.into(), cut: walk.cut || left_out })
}

fn single(set: &IdentitySet) -> Option<u32> {
    let mut members = set.nodes().iter();
    members.next().filter(|_| members.next().is_none()).map(ObjectId::raw)
}

impl Walk<'_> {
    /// Goes from referents to referrers; gives all objects that it came to.
    fn walk(&mut self, depth: usize) -> ObjectSet {
        let mut reached = self.set.nodes().clone();
        let mut frontier: Vec<ObjectId> = reached.iter().collect();
        let mut closed = Vec::new();
        let mut layer = 1;
        while !frontier.is_empty() {
            let mut next = Vec::new();
            for object in frontier {
                let Some(to) = self.node_of(object, layer - 1) else { continue };
                if layer > depth && !self.opened.contains(&self.classes.of(object)) {
                    closed.push((object, to));
                    continue;
                }
                self.add_referrers(object, (to, layer), &mut reached, &mut next);
            }
            frontier = next;
            layer += 1;
        }
        let view = self.set.view().clone();
        for (object, to) in closed {
            let unseen = view.referrers_of(object).filter(|edge| !reached.contains(edge.other)).count() as u64;
            self.nodes[to].more += unseen;
            self.cut |= unseen > 0;
        }
        reached
    }

    /// Adds what refers to an object of the node `to`, in the layer behind it.
    fn add_referrers(
        &mut self,
        object: ObjectId,
        (to, layer): (usize, usize),
        reached: &mut ObjectSet,
        next: &mut Vec<ObjectId>,
    ) {
        let view = self.set.view().clone();
        let heap = view.heap();
        let quote = heap.vocabulary().quote;
        for referrer in view.referrers_of(object) {
            let Some(from) = self.node_of(referrer.other, layer) else {
                self.nodes[to].more += 1;
                self.cut = true;
                continue;
            };
            let conservative = referrer.evidence == EdgeEvidence::Conservative;
            let name = || heap.relation(referrer.other, &referrer).printed(quote);
            self.links.add((from, to), conservative, name);
            if reached.insert(referrer.other) {
                let node = &mut self.nodes[from];
                node.count += 1;
                node.size += heap.size(referrer.other);
                node.first = node.first.or(Some(referrer.other.raw()));
                node.object = (node.count == 1).then(|| referrer.other.raw());
                next.push(referrer.other);
            }
        }
    }

    /// The node of an object; none where there are as many nodes already as there may be.
    fn node_of(&mut self, object: ObjectId, layer: usize) -> Option<usize> {
        if self.set.nodes().contains(object) {
            return Some(0);
        }
        let class = self.classes.of(object);
        if let Some(&node) = self.node_of_class.get(&class) {
            return Some(node);
        }
        if self.nodes.len() >= self.most {
            return None;
        }
        let kind = match &self.kinds {
            Some(kinds) => {
                let brief = brief(self.set.heap(), kinds, object);
                format!("{} {}", brief.kind, brief.text)
            }
            None => format::visible(self.classes.name(class).trim()),
        };
        let node = self.nodes.len();
        self.nodes.push(PatternNode { kind, layer, ..PatternNode::default() });
        self.node_of_class.insert(class, node);
        Some(node)
    }

    /// Adds the root as a node behind all others, with what it refers to.
    fn add_roots(&mut self, reached: &ObjectSet) {
        let view = self.set.view().clone();
        let heap = view.heap();
        let quote = heap.vocabulary().quote;
        let root = self.nodes.len();
        for place in heap.roots().iter().filter(|place| reached.contains(place.to)) {
            let Some(to) = self.node_of(place.to, 0) else { continue };
            self.nodes[to].rooted = true;
            let name = || format!(".{}", place.place.attribute(quote));
            self.links.add((root, to), place.conservative, name);
        }
        if self.nodes.iter().any(|node| node.rooted) {
            let layer = self.nodes.iter().map(|node| node.layer).max().unwrap_or(0) + 1;
            let kind = ROOT.to_owned();
            self.nodes.push(PatternNode { kind, layer, ..PatternNode::default() });
        }
    }

    /// Gives each kind the expression of all its objects in the heap.
    fn name_sets(&mut self, heap_set: &IdentitySet, by: &str) {
        if self.kinds.is_some() {
            return;
        }
        let partition = heap_set.partition();
        let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
        if self.classes.count() <= partition.row_count().saturating_mul(64) && !partition.is_identity_form() {
            for position in 0..partition.row_count().min(4096) {
                rows.extend(partition.class_number(position).map(|class| (class, position)));
            }
        }
        for (class, node) in &self.node_of_class {
            let set = |row: &usize| of_row(&SetExpression::heap(), by, partition, *row);
            self.nodes[*node].set = rows.get(class).map(set);
        }
    }
}
