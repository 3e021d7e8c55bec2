//! From a depth first search to immediate dominators: semidominators, then nearest common ancestors.
//!
//! The *semidominator* of a number is the lowest number from which a path leads to it whose steps in between all have
//! higher numbers than it. The immediate dominator is the nearest ancestor of the number's parent in the dominator tree
//! that is not above the semidominator.

use super::search::Search;

/// The number of the immediate dominator of each number.
pub(super) fn immediate_dominators(search: &Search) -> Vec<u32> {
    let semi = semidominators(search);
    let mut tree = Ancestors::with_capacity(semi.len());
    let above = search.parents.iter().zip(&semi).skip(1);
    for (&parent, &semi) in above {
        tree.add(tree.nearest(parent, semi));
    }
    tree.nodes.into_iter().map(|node| node.parent).collect()
}

fn semidominators(search: &Search) -> Vec<u32> {
    let mut semi = search.first_referrers.clone();
    let mut forest =
        Forest { links: search.parents.iter().map(|&above| Link { above, least: 0 }).collect(), path: Vec::new() };
    for number in (1..semi.len() as u32).rev() {
        let mut least = semi[number as usize];
        let row = search.rows[number as usize] as usize..search.rows[number as usize + 1] as usize;
        for &referrer in &search.referrers[row] {
            // Nothing is below the root, and an object's reference to itself says nothing.
            if least > 0 && referrer != number {
                least = least.min(forest.least_semi(referrer, number + 1));
            }
        }
        semi[number as usize] = least;
        forest.links[number as usize].least = least;
    }
    semi
}

/// The part of the search tree whose semidominators are known, with compressed paths.
struct Forest {
    links: Vec<Link>,
    path: Vec<u32>,
}

/// A way upwards in the search tree, and the least semidominator on it, its start included and its end not.
#[derive(Clone, Copy)]
struct Link {
    above: u32,
    least: u32,
}

impl Forest {
    /// The least semidominator among `number` and its ancestors that are numbered `linked` or above.
    #[inline]
    fn least_semi(&mut self, number: u32, linked: u32) -> u32 {
        let link = self.links[number as usize];
        if link.above < linked { link.least } else { self.compress(number, linked) }
    }

    fn compress(&mut self, number: u32, linked: u32) -> u32 {
        let mut at = number;
        let mut link = self.links[at as usize];
        while link.above >= linked {
            self.path.push(at);
            at = link.above;
            link = self.links[at as usize];
        }
        while let Some(below) = self.path.pop() {
            let below = &mut self.links[below as usize];
            link.least = link.least.min(below.least);
            *below = link;
        }
        link.least
    }
}

/// The dominator tree as it grows: every number is added after the one above it.
struct Ancestors {
    nodes: Vec<Node>,
}

/// A node of the tree with a jump pointer: the lengths of jumps are such that any ancestor is found in O(log V) steps.
#[derive(Clone, Copy)]
struct Node {
    parent: u32,
    jump: u32,
    depth: u32,
}

impl Ancestors {
    /// The tree of the root alone.
    fn with_capacity(count: usize) -> Self {
        let mut nodes = Vec::with_capacity(count);
        nodes.push(Node { parent: 0, jump: 0, depth: 0 });
        Self { nodes }
    }

    /// Adds the next number under `parent`.
    fn add(&mut self, parent: u32) {
        let above = self.nodes[parent as usize];
        let jumped = self.nodes[above.jump as usize];
        // Two jumps of one length follow each other: the next one is as long as both and one more.
        let beyond = self.nodes[jumped.jump as usize];
        let equal = above.depth - jumped.depth == jumped.depth - beyond.depth;
        let jump = if equal { jumped.jump } else { parent };
        self.nodes.push(Node { parent, jump, depth: above.depth + 1 });
    }

    /// The nearest ancestor of `number`, itself included, that is not above `limit`.
    fn nearest(&self, mut number: u32, limit: u32) -> u32 {
        while number > limit {
            let node = self.nodes[number as usize];
            number = if node.jump > limit { node.jump } else { node.parent };
        }
        number
    }
}
