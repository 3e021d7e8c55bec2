//! Edges between the nodes of a graph: how many references each stands for, and by which relations.

use std::collections::BTreeMap;

use crate::format;
use crate::order::{by_numbers, largest_first};
use crate::protocol::PatternEdge;

/// Edges of one answer; of more, those stay that stand for most references.
const MOST_EDGES: usize = 6000;

/// Relations that an edge names.
const NAMED_RELATIONS: usize = 3;

/// References whose relations are looked at, for each edge.
const SAMPLED_REFERENCES: u64 = 64;

/// Edges by the nodes of their referrers and referents. They are found by a table of all pairs: there is one look for
/// each of millions of references.
pub(super) struct Links {
    nodes: usize,
    /// The place of each pair's edge in the list, plus one.
    places: Vec<u32>,
    list: Vec<Link>,
}

/// An edge.
struct Link {
    from: usize,
    to: usize,
    count: u64,
    conservative: u64,
    relations: BTreeMap<String, u64>,
}

impl Links {
    /// None yet between so many nodes.
    pub(super) fn between(nodes: usize) -> Self {
        Self { nodes, places: vec![0; nodes * nodes], list: Vec::new() }
    }

    /// One more reference between two nodes; its relation is only made where it is looked at.
    pub(super) fn add(&mut self, (from, to): (usize, usize), conservative: bool, relation: impl FnOnce() -> String) {
        let place = &mut self.places[from * self.nodes + to];
        if *place == 0 {
            self.list.push(Link { from, to, count: 0, conservative: 0, relations: BTreeMap::new() });
            *place = self.list.len() as u32;
        }
        let link = &mut self.list[*place as usize - 1];
        link.count += 1;
        link.conservative += u64::from(conservative);
        if link.count <= SAMPLED_REFERENCES {
            *link.relations.entry(format::visible(&relation())).or_default() += 1;
        }
    }

    /// The edges of the picture, in the order of their nodes, and whether there were more.
    pub(super) fn into_edges(mut self) -> (Vec<PatternEdge>, bool) {
        let cut = self.list.len() > MOST_EDGES;
        let place = |link: &Link| (link.from as u64, link.to as u64);
        by_numbers(&mut self.list, place);
        if cut {
            largest_first(&mut self.list, |link| link.count);
            self.list.truncate(MOST_EDGES);
            by_numbers(&mut self.list, place);
        }
        (self.list.into_iter().map(edge).collect(), cut)
    }
}

fn edge(link: Link) -> PatternEdge {
    let mut relations: Vec<_> = link.relations.into_iter().collect();
    largest_first(&mut relations, |(_, count)| *count);
    let more = relations.len() > NAMED_RELATIONS;
    let mut names: Vec<_> = relations.into_iter().take(NAMED_RELATIONS).map(|(name, _)| name).collect();
    if more {
        names.push("…".into());
    }
    let (from, to, count, conservative) = (link.from, link.to, link.count, link.conservative);
    PatternEdge { from, to, relations: names.join(" "), count, conservative }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_counted_by_pair_and_named_by_the_most_frequent_relations() {
        let mut links = Links::between(3);
        for (pair, name) in [((2, 0), "a"), ((0, 1), "b"), ((2, 0), "c"), ((2, 0), "c")] {
            links.add(pair, name == "a", || name.to_owned());
        }
        let (edges, cut) = links.into_edges();
        let told: Vec<_> =
            edges.iter().map(|edge| (edge.from, edge.to, &*edge.relations, edge.count, edge.conservative)).collect();
        assert_eq!(told, [(0, 1, "b", 1, 0), (2, 0, "c a", 3, 1)]);
        assert!(!cut);
    }

    #[test]
    fn of_too_many_edges_those_of_most_references_stay() {
        let mut links = Links::between(100);
        for from in 0..100 {
            for to in 0..100 {
                (0..=usize::from(from == 99)).for_each(|_| links.add((from, to), false, String::new));
            }
        }
        let (edges, cut) = links.into_edges();
        assert!(cut && edges.len() == MOST_EDGES);
        assert_eq!(edges.iter().filter(|edge| edge.count == 2).count(), 100);
    }
}
