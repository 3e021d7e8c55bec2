//! Flame graphs: the calling contexts of a set, as a tree of boxes.
//!
//! The tree is made of functions from the outermost caller inwards, or from the allocating line outwards. Only boxes
//! that can be seen are sent: those of at least one part in [`FINEST`] of the whole. Weights are sums of the set, or of
//! all allocations of the run where those were counted. Time O(n + contexts x depth).

use std::collections::BTreeMap;

use heapy_engine::{ContextId, Frame, Heap, IdentitySet};

use super::Failure;
use super::session::Session;
use crate::format;
use crate::order::largest_first;
use crate::protocol::{Sites, SitesQuestion, Weight, WeightBox};

/// A box narrower than this part of the whole is not sent.
const FINEST: u64 = 2000;

/// Levels of boxes; deeper ones are not sent.
const MOST_LEVELS: usize = 200;

/// A function under the functions above it.
#[derive(Default)]
struct Node {
    children: BTreeMap<(String, String), usize>,
    weight: u64,
    own: u64,
    count: u64,
}

/// Weight and number of each calling context.
type Sums = BTreeMap<Option<ContextId>, (u64, u64)>;

/// Answers the question.
pub(super) fn sites(session: &mut Session, question: &SitesQuestion) -> Result<Sites, Failure> {
    let set = session.set(&question.of)?;
    let known = known_weights(set.heap());
    if !known.contains(&question.weight) {
        return Err(format!("this snapshot does not know its {}", question.weight.title()));
    }
    let sums = if question.weight.of_run() {
        sums_of_run(set.heap(), question.weight)
    } else {
        sums_of_set(&set, question.weight)
    };
    let nodes = tree(set.heap(), sums, question);
    Ok(boxes(&nodes, known))
}

/// What was counted in this snapshot.
fn known_weights(heap: &Heap) -> Vec<Weight> {
    let totals = heap.totals();
    let peak = totals.iter().any(|row| row.peak_bytes.is_some());
    let knows = |weight: &Weight| match weight {
        Weight::Bytes | Weight::Blocks => true,
        Weight::Peak => peak,
        Weight::Allocated | Weight::Allocations | Weight::Temporary => !totals.is_empty(),
    };
    Weight::ALL.into_iter().filter(knows).collect()
}

fn sums_of_set(set: &IdentitySet, weight: Weight) -> Sums {
    let heap = set.heap();
    let mut sums = Sums::new();
    for object in set.nodes().iter() {
        let sum = sums.entry(heap.context(object)).or_default();
        sum.0 += if weight == Weight::Bytes { heap.size(object) } else { 1 };
        sum.1 += 1;
    }
    sums
}

fn sums_of_run(heap: &Heap, weight: Weight) -> Sums {
    let mut sums = Sums::new();
    for row in heap.totals() {
        let more = match weight {
            Weight::Peak => row.peak_bytes.unwrap_or(0),
            Weight::Allocated => row.bytes,
            Weight::Temporary => row.temporary,
            Weight::Bytes | Weight::Blocks | Weight::Allocations => row.allocations,
        };
        let sum = sums.entry(row.context).or_default();
        // Figures of a damaged file may be of any size.
        *sum = (sum.0.saturating_add(more), sum.1.saturating_add(row.allocations));
    }
    sums
}

fn tree(heap: &Heap, sums: Sums, question: &SitesQuestion) -> Vec<Node> {
    let mut nodes = vec![Node::default()];
    for (context, (weight, count)) in sums {
        let names = names_of(heap, context, question);
        let Some(names) = names.strip_prefix_of(&question.below) else { continue };
        let mut at = 0;
        add(&mut nodes[at], weight, count);
        for name in names.iter().take(MOST_LEVELS) {
            let next = nodes.len();
            let child = *nodes[at].children.entry(name.clone()).or_insert(next);
            if child == next {
                nodes.push(Node::default());
            }
            at = child;
            add(&mut nodes[at], weight, count);
        }
        nodes[at].own = nodes[at].own.saturating_add(weight);
    }
    nodes
}

fn add(node: &mut Node, weight: u64, count: u64) {
    node.weight = node.weight.saturating_add(weight);
    node.count = node.count.saturating_add(count);
}

/// Functions and places of a context from the top of the picture downwards.
struct Names(Vec<(String, String)>);

impl Names {
    /// What comes after the functions that were zoomed into; none where it does not begin with them.
    fn strip_prefix_of(&self, below: &[String]) -> Option<&[(String, String)]> {
        let begins = self.0.len() >= below.len() && self.0.iter().zip(below).all(|((name, _), wanted)| name == wanted);
        begins.then(|| &self.0[below.len().saturating_sub(1).min(self.0.len())..])
    }
}

fn names_of(heap: &Heap, context: Option<ContextId>, question: &SitesQuestion) -> Names {
    let Some(context) = context else { return Names(vec![("unknown".into(), String::new())]) };
    let all = question.library || heap.frames_of(context).all(|frame| frame.library);
    let shown = heap.frames_of(context).filter(|frame| all || !frame.library);
    let mut names: Vec<_> = shown.map(|frame| (format::visible(&frame.function), place(frame))).collect();
    if !question.inverted {
        names.reverse();
    }
    Names(names)
}

/// `file:line`, or the offset in the module's code.
pub(super) fn place(frame: &Frame) -> String {
    match (&frame.file, frame.line, frame.offset) {
        (Some(file), Some(line), _) => format!("{file}:{line}"),
        (Some(file), None, _) => file.clone(),
        (None, _, Some(offset)) => format!("+{offset:#x}"),
        (None, _, None) => String::new(),
    }
}

/// The boxes that can be seen, widest first beside each other.
fn boxes(nodes: &[Node], known: Vec<Weight>) -> Sites {
    let whole = nodes[0].weight;
    let mut boxes = Vec::new();
    let mut pending = vec![(0usize, ("all".to_owned(), String::new()), 0usize, 0u64)];
    while let Some((index, (name, place), depth, start)) = pending.pop() {
        let node = &nodes[index];
        boxes.push(WeightBox {
            name,
            place,
            depth,
            start,
            weight: node.weight,
            own: node.own,
            count: node.count,
            object: None,
        });
        let mut children: Vec<_> = node.children.iter().collect();
        largest_first(&mut children, |(_, child)| nodes[**child].weight);
        let mut at = start;
        let mut wide = Vec::new();
        for (name, child) in children {
            let weight = nodes[*child].weight;
            if weight.saturating_mul(FINEST) >= whole && weight > 0 {
                wide.push((*child, name.clone(), depth + 1, at));
            }
            at = at.saturating_add(weight);
        }
        pending.extend(wide.into_iter().rev());
    }
    let narrow = nodes.len() - boxes.len();
    Sites { boxes: boxes.into(), narrow, known }
}
