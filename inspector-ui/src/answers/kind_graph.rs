//! The graph of kinds within a set: which kinds of members refer to which, and what the root holds.
//!
//! The kinds with most bytes are nodes; all others share one. Time O(V + E).

use std::collections::BTreeMap;

use heapy_engine::{Classes, EdgeEvidence, IdentitySet, ObjectId};

use super::Failure;
use super::layering;
use super::links::Links;
use super::naming::of_row;
use super::pattern::{MOST_NODES, ROOT};
use super::session::Session;
use crate::format;
use crate::order::largest_first;
use crate::protocol::{Pattern, PatternEdge, PatternNode, PatternQuestion};

/// Answers the question.
pub(super) fn kind_graph(session: &mut Session, question: &PatternQuestion) -> Result<Pattern, Failure> {
    let set = session.set(&question.of)?;
    let grouped = session.grouped(&question.of, &question.by)?;
    let classes = grouped.er().classes();
    let most = question.most.clamp(1, MOST_NODES);
    let (mut nodes, node_of) = kinds(question, most, &grouped, &classes);
    let cut = nodes.len() > most;
    // One is the root.
    let mut links = Links::between(nodes.len() + 1);
    add_references(&set, &classes, &node_of, &mut links);
    add_roots(&set, &classes, &node_of, &mut nodes, &mut links);
    let (edges, left_out) = links.into_edges();
    lay(&mut nodes, &edges);
    layering::place(&mut nodes, &edges);
    Ok(Pattern { nodes: nodes.into(), edges: edges.into(), cut: cut || left_out })
}

/// The node of each class; none of classes without members.
type NodeOf = Vec<Option<u32>>;

/// The nodes, and the node of each class.
fn kinds(
    question: &PatternQuestion,
    most: usize,
    grouped: &IdentitySet,
    classes: &Classes,
) -> (Vec<PatternNode>, NodeOf) {
    let heap = grouped.heap();
    let mut sums: Vec<Option<(u64, u64, ObjectId)>> = vec![None; classes.count()];
    for object in grouped.nodes().iter() {
        let sum = sums[classes.of(object)].get_or_insert((0, 0, object));
        (sum.0, sum.1) = (sum.0 + heap.size(object), sum.1 + 1);
    }
    let sums = sums.into_iter().enumerate();
    let mut order: Vec<_> = sums.filter_map(|(class, sum)| Some((class, sum?))).collect();
    // Ascending by class as they come.
    largest_first(&mut order, |(_, (size, _, _))| *size);
    let rows = rows_of(grouped, most);
    let mut nodes: Vec<PatternNode> = Vec::new();
    let mut node_of = vec![None; classes.count()];
    for (place, (class, (size, count, first))) in order.into_iter().enumerate() {
        let node = place.min(most);
        node_of[class] = Some(node as u32);
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

/// The row of each class in the partition, of the first rows.
fn rows_of(grouped: &IdentitySet, most: usize) -> BTreeMap<usize, usize> {
    let partition = grouped.partition();
    let rows = 0..partition.row_count().min(4 * most);
    rows.filter_map(|row| Some((partition.class_number(row)?, row))).collect()
}

fn add_references(set: &IdentitySet, classes: &Classes, node_of: &NodeOf, links: &mut Links) {
    let heap = set.heap();
    let quote = heap.vocabulary().quote;
    for object in set.nodes().iter() {
        let Some(from) = node_of[classes.of(object)] else { continue };
        for edge in heap.referents(object).filter(|edge| set.nodes().contains(edge.other)) {
            let Some(to) = node_of[classes.of(edge.other)] else { continue };
            let conservative = edge.evidence == EdgeEvidence::Conservative;
            let relation = || heap.relation(object, &edge).printed(quote);
            links.add((from as usize, to as usize), conservative, relation);
        }
    }
}

/// Adds the root as the last node, with what it refers to.
fn add_roots(set: &IdentitySet, classes: &Classes, node_of: &NodeOf, nodes: &mut Vec<PatternNode>, links: &mut Links) {
    let heap = set.heap();
    let quote = heap.vocabulary().quote;
    let root = nodes.len();
    for place in heap.roots().iter().filter(|place| set.nodes().contains(place.to)) {
        let Some(to) = node_of[classes.of(place.to)].map(|to| to as usize) else { continue };
        nodes[to].rooted = true;
        let name = || format!(".{}", place.place.attribute(quote));
        links.add((root, to), place.conservative, name);
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
