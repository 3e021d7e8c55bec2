//! Strongly connected components of a directed graph, by Tarjan's algorithm with a stack of its own.
//!
//! R. Tarjan, Depth-first search and linear graph algorithms, SIAM J. Comput. 1972. Time O(V + E), extra space O(V).

/// Successors in compressed rows.
#[derive(Debug)]
pub(crate) struct Graph {
    rows: Vec<u32>,
    targets: Vec<u32>,
}

impl Graph {
    /// A graph of `nodes` nodes from its edges, in any order.
    pub(crate) fn new(nodes: usize, edges: &[(u32, u32)]) -> Self {
        let mut rows = vec![0u32; nodes + 1];
        for &(from, _) in edges {
            rows[from as usize + 1] += 1;
        }
        for node in 0..nodes {
            rows[node + 1] += rows[node];
        }
        let mut next = rows.clone();
        let mut targets = vec![0; edges.len()];
        for &(from, to) in edges {
            let slot = &mut next[from as usize];
            targets[*slot as usize] = to;
            *slot += 1;
        }
        Self { rows, targets }
    }

    fn nodes(&self) -> usize {
        self.rows.len() - 1
    }

    /// Successors of a node, parallel edges included.
    pub(crate) fn successors(&self, node: u32) -> &[u32] {
        &self.targets[self.rows[node as usize] as usize..self.rows[node as usize + 1] as usize]
    }
}

/// The components of a graph.
#[derive(Debug)]
pub(crate) struct Components {
    component: Vec<u32>,
    cyclic: Vec<bool>,
    /// Number of nodes of each component.
    sizes: Vec<u32>,
}

impl Components {
    /// Finds them.
    pub(crate) fn new(graph: &Graph) -> Self {
        let nodes = graph.nodes();
        let mut search = Search {
            graph,
            order: vec![0; nodes],
            low: vec![0; nodes],
            next_order: 1,
            stack: Vec::new(),
            component: vec![u32::MAX; nodes],
            cyclic: vec![false; nodes],
            next_component: 0,
        };
        for node in 0..nodes as u32 {
            if search.order[node as usize] == 0 {
                search.run(node);
            }
        }
        let mut sizes = vec![0; search.next_component as usize];
        for &component in &search.component {
            sizes[component as usize] += 1;
        }
        Self { component: search.component, cyclic: search.cyclic, sizes }
    }

    /// The component of a node. Components are numbered so that an edge never leads to a greater number.
    pub(crate) fn of(&self, node: u32) -> u32 {
        self.component[node as usize]
    }

    /// Whether a node is the only one of its component.
    pub(crate) fn alone(&self, node: u32) -> bool {
        self.sizes[self.of(node) as usize] == 1
    }

    /// Whether two nodes lie on a common cycle.
    pub(crate) fn together(&self, first: u32, second: u32) -> bool {
        self.cyclic[first as usize] && self.component[first as usize] == self.component[second as usize]
    }

    /// Whether a node lies on a cycle.
    pub(crate) fn cyclic(&self, node: u32) -> bool {
        self.cyclic[node as usize]
    }
}

struct Search<'a> {
    graph: &'a Graph,
    /// Order of discovery from 1; zero for nodes not seen.
    order: Vec<u32>,
    low: Vec<u32>,
    next_order: u32,
    stack: Vec<u32>,
    component: Vec<u32>,
    cyclic: Vec<bool>,
    next_component: u32,
}

impl Search<'_> {
    fn run(&mut self, root: u32) {
        let mut active = vec![(root, 0usize)];
        self.discover(root);
        while let Some((node, next)) = active.last_mut() {
            let node = *node;
            if let Some(&to) = self.graph.successors(node).get(*next) {
                *next += 1;
                if self.order[to as usize] == 0 {
                    self.discover(to);
                    active.push((to, 0));
                } else if self.component[to as usize] == u32::MAX {
                    self.low[node as usize] = self.low[node as usize].min(self.order[to as usize]);
                }
                continue;
            }
            active.pop();
            if let Some(&(parent, _)) = active.last() {
                self.low[parent as usize] = self.low[parent as usize].min(self.low[node as usize]);
            }
            if self.low[node as usize] == self.order[node as usize] {
                self.close(node);
            }
        }
    }

    fn discover(&mut self, node: u32) {
        self.order[node as usize] = self.next_order;
        self.low[node as usize] = self.next_order;
        self.next_order += 1;
        self.stack.push(node);
    }

    fn close(&mut self, root: u32) {
        let alone = self.stack.last() == Some(&root);
        let cyclic = !alone || self.graph.successors(root).contains(&root);
        while let Some(node) = self.stack.pop() {
            self.component[node as usize] = self.next_component;
            self.cyclic[node as usize] = cyclic;
            if node == root {
                break;
            }
        }
        self.next_component += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_ring_a_tail_and_a_self_loop() {
        let graph = Graph::new(5, &[(0, 1), (1, 2), (2, 0), (2, 3), (4, 4)]);
        let found = Components::new(&graph);
        assert!(found.together(0, 2) && found.cyclic(4));
        assert!(!found.cyclic(3) && !found.together(2, 3));
    }

    proptest! {
        #[test]
        fn agrees_with_mutual_reachability(edges in prop::collection::vec((0u32..12, 0u32..12), 0..40)) {
            let found = Components::new(&Graph::new(12, &edges));
            let mut reach = [[false; 12]; 12];
            for &(from, to) in &edges { reach[from as usize][to as usize] = true; }
            for middle in 0..12 {
                let onward = reach[middle];
                for row in &mut reach {
                    if row[middle] {
                        row.iter_mut().zip(onward).for_each(|(to, next)| *to |= next);
                    }
                }
            }
            for (from, row) in reach.iter().enumerate() {
                prop_assert_eq!(found.cyclic(from as u32), row[from]);
                let members = (0..12).filter(|&to| found.of(to) == found.of(from as u32)).count();
                prop_assert_eq!(found.alone(from as u32), members == 1);
                let greater = (0..12).any(|to| row[to] && found.of(to as u32) > found.of(from as u32));
                prop_assert!(!greater);
                for (to, &there) in row.iter().enumerate() {
                    let both = there && reach[to][from];
                    prop_assert_eq!(found.together(from as u32, to as u32), both);
                }
            }
        }
    }
}
