//! Where the nodes of a graph of layers stand: the set rightmost, what leads to it left of it, near to what it refers to.
//!
//! The barycentre rule of Sugiyama, Tagawa and Toda (1981), with as many sweeps as make a difference. A layer of many
//! nodes is folded into several columns, so that the picture is not a thin line. Time O(N log N + E).

use crate::protocol::{PatternEdge, PatternNode};

/// Sweeps through all layers.
const SWEEPS: usize = 6;

/// Nodes that a column has at least before its layer is folded.
const LEAST_ROWS: usize = 24;

/// Space between the columns of one layer, as a part of that between layers.
const FOLD: f64 = 0.25;

/// Gives every node its place.
pub(super) fn place(nodes: &mut [PatternNode], edges: &[PatternEdge]) {
    let columns = ordered(nodes, edges);
    let rows = ((nodes.len() as f64).sqrt() * 1.2) as usize;
    let rows = rows.max(LEAST_ROWS);
    let (wide, high) = (PatternNode::SIZE.0 + PatternNode::GAP.0 * FOLD, PatternNode::SIZE.1 + PatternNode::GAP.1);
    let mut left = 0.0;
    // The deepest layer is the leftmost one.
    for column in columns.iter().rev().filter(|column| !column.is_empty()) {
        let folds = column.len().div_ceil(rows);
        // All folds are of about the same height.
        let rows = column.len().div_ceil(folds);
        for (position, node) in column.iter().enumerate() {
            let (fold, row) = (position / rows, position % rows);
            let top = row as f64 * high - rows as f64 * high / 2.0;
            nodes[*node].at = ((left + fold as f64 * wide) as f32, top as f32);
        }
        left += folds as f64 * wide + PatternNode::GAP.0 * (1.0 - FOLD);
    }
}

/// The nodes of each layer from top to bottom.
fn ordered(nodes: &[PatternNode], edges: &[PatternEdge]) -> Vec<Vec<usize>> {
    let deepest = nodes.iter().map(|node| node.layer).max().unwrap_or(0);
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); deepest + 1];
    for (index, node) in nodes.iter().enumerate() {
        columns[node.layer].push(index);
    }
    let mut height = vec![0.0; nodes.len()];
    let settle = |columns: &[Vec<usize>], height: &mut [f64]| {
        for column in columns {
            for (row, node) in column.iter().enumerate() {
                height[*node] = row as f64 - column.len() as f64 / 2.0;
            }
        }
    };
    settle(&columns, &mut height);
    for sweep in 0..SWEEPS {
        let mut sums = vec![(0.0, 0.0); nodes.len()];
        for edge in edges {
            let (mine, other) = if sweep % 2 == 0 { (edge.from, edge.to) } else { (edge.to, edge.from) };
            sums[mine].0 += height[other];
            sums[mine].1 += 1.0;
        }
        let mean = |node: usize| if sums[node].1 > 0.0 { sums[node].0 / sums[node].1 } else { height[node] };
        for column in &mut columns {
            column.sort_by(|one, other| mean(*one).total_cmp(&mean(*other)).then(one.cmp(other)));
        }
        settle(&columns, &mut height);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(layer: usize) -> PatternNode {
        PatternNode { count: 1, size: 1, layer, ..PatternNode::default() }
    }

    fn edge(from: usize, to: usize) -> PatternEdge {
        PatternEdge { from, to, relations: String::new(), count: 1, conservative: 0 }
    }

    #[test]
    fn the_set_is_rightmost() {
        let mut nodes = [node(0), node(1), node(1), node(2)];
        place(&mut nodes, &[edge(1, 0), edge(2, 0), edge(3, 1)]);
        assert!(nodes[0].at.0 > nodes[1].at.0 && nodes[1].at.0 > nodes[3].at.0);
    }

    #[test]
    fn crossings_are_undone() {
        // 1 is above 2; 3 refers to 2 and 4 to 1, so that 4 belongs above 3.
        let mut nodes = [node(0), node(1), node(1), node(2), node(2)];
        place(&mut nodes, &[edge(1, 0), edge(2, 0), edge(3, 2), edge(4, 1)]);
        assert_eq!(nodes[1].at.1 < nodes[2].at.1, nodes[4].at.1 < nodes[3].at.1);
    }

    #[test]
    fn nodes_do_not_overlap_and_long_layers_are_folded() {
        let mut nodes: Vec<PatternNode> = (0..2000).map(|index| node(usize::from(index > 0))).collect();
        let edges: Vec<PatternEdge> = (1..2000).map(|from| edge(from, 0)).collect();
        place(&mut nodes, &edges);
        let (wide, high) = (PatternNode::SIZE.0 as f32, PatternNode::SIZE.1 as f32);
        for (index, one) in nodes.iter().enumerate() {
            for other in &nodes[index + 1..] {
                let apart = ((one.at.0 - other.at.0).abs(), (one.at.1 - other.at.1).abs());
                assert!(apart.0 >= wide || apart.1 >= high, "{one:?} {other:?}");
            }
        }
        let tallest = nodes.iter().map(|node| node.at.1.abs()).fold(0.0, f32::max);
        assert!(tallest < 3000.0, "{tallest}");
    }
}
