//! The graph of kinds within a set: which kinds of members refer to which, and what the root holds.
//!
//! The kinds with most bytes are nodes; all others share one. Time O(V + E).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use heapy_engine::{Classes, EdgeEvidence, IdentitySet, ObjectId};

use super::Failure;
use super::layering;
use super::naming::of_row;
use super::pattern::{Links, MOST_NODES, ROOT, edges_of};
use super::session::{Session, by_relation};
use crate::format;
use crate::protocol::{Pattern, PatternEdge, PatternNode, PatternQuestion};

/// Answers the question.
pub(super) fn kind_graph(session: &mut Session, question: &PatternQuestion) -> Result<Pattern, Failure> {
    let set = session.set(&question.of)?;
    let grouped = by_relation(&set, &question.by)?;
    let classes = grouped.er().classes();
    let most = question.most.clamp(1, MOST_NODES);
    let (mut nodes, node_of) = kinds(question, most, &grouped, &classes);
    let mut links = references(&set, &classes, &node_of);
    add_roots(&set, &classes, &node_of, &mut nodes, &mut links);
    let (edges, left_out) = edges_of(links);
    let cut = node_of.len() > most || left_out;
    lay(&mut nodes, &edges);
    layering::place(&mut nodes, &edges);
    Ok(Pattern { nodes: nodes.into(), edges: edges.into(), cut })
}

/// The nodes, and the node of each class.
fn kinds(
    question: &PatternQuestion,
    most: usize,
    grouped: &IdentitySet,
    classes: &Classes,
) -> (Vec<PatternNode>, BTreeMap<usize, usize>) {
    let heap = grouped.heap();
    let mut sums: BTreeMap<usize, (u64, u64, ObjectId)> = BTreeMap::new();
    for object in grouped.nodes().iter() {
        let sum = sums.entry(classes.of(object)).or_insert((0, 0, object));
        (sum.0, sum.1) = (sum.0 + heap.size(object), sum.1 + 1);
    }
    let mut order: Vec<_> = sums.into_iter().collect();
    order.sort_by_key(|(class, (size, _, _))| (Reverse(*size), *class));
    let rows = rows_of(grouped, classes, most);
    let mut nodes: Vec<PatternNode> = Vec::new();
    let mut node_of = BTreeMap::new();
    for (place, (class, (size, count, first))) in order.into_iter().enumerate() {
        let node = place.min(most);
        node_of.insert(class, node);
        if place <= most {
            let own = place < most;
            let kind = format::visible(classes.name(class).trim());
            let row = rows.get(&class).filter(|_| own);
            nodes.push(PatternNode {
                kind: if own { kind } else { "other kinds".into() },
                object: (count == 1 && own).then_some(first.raw()),
                first: Some(first.raw()),
                set: row.map(|row| of_row(&question.of.set, &question.by, grouped.partition(), *row)),
                ..PatternNode::default()
            });
        }
        nodes[node].count += count;
        nodes[node].size += size;
    }
    (nodes, node_of)
}

/// The row of each class in the partition.
fn rows_of(grouped: &IdentitySet, classes: &Classes, most: usize) -> BTreeMap<usize, usize> {
    let partition = grouped.partition();
    let first = |row: usize| partition.part(row).and_then(|part| part.nodes().iter().next());
    let rows = 0..partition.row_count().min(4 * most);
    rows.filter_map(|row| Some((classes.of(first(row)?), row))).collect()
}

fn references(set: &IdentitySet, classes: &Classes, node_of: &BTreeMap<usize, usize>) -> Links {
    let heap = set.heap();
    let quote = heap.vocabulary().quote;
    let mut links = Links::new();
    for object in set.nodes().iter() {
        let Some(&from) = node_of.get(&classes.of(object)) else { continue };
        for edge in heap.referents(object).filter(|edge| set.nodes().contains(edge.other)) {
            let Some(&to) = node_of.get(&classes.of(edge.other)) else { continue };
            let conservative = edge.evidence == EdgeEvidence::Conservative;
            links.entry((from, to)).or_default().add(conservative, || heap.relation(object, &edge).printed(quote));
        }
    }
    links
}

/// Adds the root as the last node, with what it refers to.
fn add_roots(
    set: &IdentitySet,
    classes: &Classes,
    node_of: &BTreeMap<usize, usize>,
    nodes: &mut Vec<PatternNode>,
    links: &mut Links,
) {
    let heap = set.heap();
    let quote = heap.vocabulary().quote;
    let root = nodes.len();
    for place in heap.roots().iter().filter(|place| set.nodes().contains(place.to)) {
        let Some(&to) = node_of.get(&classes.of(place.to)) else { continue };
        nodes[to].rooted = true;
        let name = || format!(".{}", place.place.attribute(quote));
        links.entry((root, to)).or_default().add(place.conservative, name);
    }
    if nodes.iter().any(|node| node.rooted) {
        nodes.push(PatternNode { kind: ROOT.to_owned(), ..PatternNode::default() });
    }
}

/// Gives nodes their layers: each behind all that lead to it from the root, where there is no circle. Time O(V + E).
fn lay(nodes: &mut [PatternNode], edges: &[PatternEdge]) {
    let root = nodes.iter().rposition(|node| node.kind == ROOT).unwrap_or(0);
    let steps = steps_from(nodes.len(), edges, root);
    let last = steps.iter().max().copied().unwrap_or(0);
    for (node, steps) in nodes.iter_mut().zip(steps) {
        node.layer = last - steps;
    }
}

/// The longest way to each node along edges that do not lead back to where a walk has come from; the walk begins at the
/// root. Time O(V + E).
fn steps_from(count: usize, edges: &[PatternEdge], root: usize) -> Vec<usize> {
    let mut referents: Vec<Vec<usize>> = vec![Vec::new(); count];
    for edge in edges {
        referents[edge.from].push(edge.to);
    }
    // A node is done when all that it leads to are; in the reverse order of that no edge leads back, except in circles.
    let (mut on_path, mut seen, mut done) = (vec![false; count], vec![false; count], Vec::with_capacity(count));
    let mut forward: Vec<Vec<usize>> = vec![Vec::new(); count];
    for start in std::iter::once(root).chain(0..count) {
        let mut path: Vec<(usize, usize)> = Vec::new();
        if start < count && !std::mem::replace(&mut seen[start], true) {
            on_path[start] = true;
            path.push((start, 0));
        }
        while let Some((node, next)) = path.pop() {
            let Some(&to) = referents[node].get(next) else {
                on_path[node] = false;
                done.push(node);
                continue;
            };
            path.push((node, next + 1));
            if !on_path[to] {
                forward[node].push(to);
                if !std::mem::replace(&mut seen[to], true) {
                    on_path[to] = true;
                    path.push((to, 0));
                }
            }
        }
    }
    let mut steps = vec![0; count];
    for node in done.into_iter().rev() {
        for &to in &forward[node] {
            steps[to] = steps[to].max(steps[node] + 1);
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_lead_forward_except_for_circles() {
        let edge = |from, to| PatternEdge { from, to, relations: String::new(), count: 1, conservative: 0 };
        let node = |kind: &str| PatternNode { kind: kind.into(), ..PatternNode::default() };
        let mut nodes = [node("a"), node("b"), node("c"), node("alone"), node(ROOT)];
        lay(&mut nodes, &[edge(0, 1), edge(0, 2), edge(1, 2), edge(2, 0), edge(2, 2), edge(4, 0), edge(4, 2)]);
        assert_eq!(nodes.map(|node| node.layer), [2, 1, 0, 3, 3]);
    }
}
