//! V8's heap snapshot: every object and edge, for the memory panel of Chrome and for memlab.
//!
//! Node 0 is the root; its element `(GC roots)` holds a node for each sort of root, which hold what the guest holds. So
//! that distances come out right, the root refers to the same objects by shortcuts too. Leaked blocks would be dropped
//! as garbage; they hang below `(unreachable)`. Numbers of objects follow from their addresses, so that comparing two
//! snapshots of a run finds the same objects again; a block that has taken the place of a freed one counts as the same.

use std::collections::{BTreeMap, HashMap, HashSet};

use heapy_engine::{Heap, ObjectId, ObjectSet, Relation, RootPlace, Use, UseError, leak_roots};
use serde::Serialize;
use serde_json::{Value, json};

/// Fields of a node in the array of nodes.
const NODE_FIELDS: usize = 6;

/// Kinds of nodes and edges as positions in the type lists below.
const NODE_OBJECT: usize = 3;
const NODE_SYNTHETIC: usize = 9;
const EDGE_ELEMENT: usize = 1;
const EDGE_PROPERTY: usize = 2;
const EDGE_INTERNAL: usize = 3;
const EDGE_SHORTCUT: usize = 5;

/// The snapshot as JSON.
pub(super) fn encode(hp: &Use) -> Result<Vec<u8>, UseError> {
    let heap = hp.view().heap();
    let kinds = hp.relation("Class")?.classes();
    let names: Vec<String> = (0..kinds.count()).map(|number| kinds.name(number)).collect();
    let mut graph = Graph { heap, strings: Strings::default(), nodes: Vec::new(), edges: Vec::new() };
    let groups = root_groups(heap, hp.view().reachable());
    let first_object = 2 + groups.len();
    graph.roots(&groups, first_object);
    let numbers = numbers(heap, first_object);
    for object in heap.objects() {
        let edges = graph.edges_of(object, first_object);
        let name = graph.strings.index(&names[kinds.of(object)]);
        graph.node(NODE_OBJECT, name, numbers[object.index()], heap.size(object), edges);
    }
    Ok(graph.finish())
}

/// What the root holds, by sort; the leak roots come last.
fn root_groups(heap: &Heap, reachable: &ObjectSet) -> Vec<(&'static str, Vec<(String, ObjectId)>)> {
    let mut groups: BTreeMap<&'static str, Vec<(String, ObjectId)>> = BTreeMap::new();
    let quote = heap.vocabulary().quote;
    for root in heap.roots() {
        let sort = match &root.place {
            RootPlace::Module { .. } => "(modules)",
            RootPlace::Frame { .. } => "(frames)",
            RootPlace::Global { .. } => "(globals)",
            RootPlace::Table { .. } => "(tables)",
            RootPlace::Stack { .. } | RootPlace::NativeStack { .. } => "(stack)",
            RootPlace::ThreadLocal { .. } => "(thread locals)",
            RootPlace::Host { .. } => "(host)",
            RootPlace::Given(_) => "(given)",
        };
        groups.entry(sort).or_default().push((root.place.attribute(quote), root.to));
    }
    let mut lost = ObjectSet::full(heap.object_count());
    lost.difference_with(reachable);
    let unreachable: Vec<(String, ObjectId)> = leak_roots(heap, &lost)
        .into_iter()
        .map(|root| (format!("{:#x}", heap.address(root.object)), root.object))
        .collect();
    let mut groups: Vec<_> = groups.into_iter().collect();
    if !unreachable.is_empty() {
        groups.push(("(unreachable)", unreachable));
    }
    groups
}

/// A number for each object: odd, below 2^32 and unique; made of the address where that can be.
fn numbers(heap: &Heap, first_object: usize) -> Vec<u64> {
    const LIMIT: u64 = 1 << 32;
    let mut used: HashSet<u64> = (0..first_object as u64).map(|index| 2 * index + 1).collect();
    let mut spare = LIMIT - 1;
    let mut numbers = Vec::with_capacity(heap.object_count());
    for object in heap.objects() {
        let mut number = (heap.address(object) / 2) | 1;
        if number >= LIMIT || !used.insert(number) {
            while !used.insert(spare) && spare > 2 {
                spare -= 2;
            }
            number = spare;
        }
        numbers.push(number);
    }
    numbers
}

/// Texts and their positions.
#[derive(Default)]
struct Strings {
    positions: HashMap<String, usize>,
    list: Vec<String>,
}

impl Strings {
    fn index(&mut self, text: &str) -> usize {
        if let Some(&index) = self.positions.get(text) {
            return index;
        }
        let index = self.list.len();
        self.positions.insert(text.to_owned(), index);
        self.list.push(text.to_owned());
        index
    }
}

struct Graph<'a> {
    heap: &'a Heap,
    strings: Strings,
    nodes: Vec<u64>,
    edges: Vec<u64>,
}

impl Graph<'_> {
    fn node(&mut self, kind: usize, name: usize, number: u64, size: u64, edges: u64) {
        self.nodes.extend([kind as u64, name as u64, number, size, edges, 0]);
    }

    fn edge(&mut self, kind: usize, name: usize, node: usize) {
        self.edges.extend([kind as u64, name as u64, (node * NODE_FIELDS) as u64]);
    }

    /// The root, its list of root groups, and the groups.
    fn roots(&mut self, groups: &[(&'static str, Vec<(String, ObjectId)>)], first_object: usize) {
        let empty = self.strings.index("");
        let held: Vec<&(String, ObjectId)> =
            groups.iter().filter(|(sort, _)| *sort != "(unreachable)").flat_map(|(_, list)| list).collect();
        self.edge(EDGE_ELEMENT, 1, 1);
        for (name, object) in &held {
            let name = self.strings.index(name);
            self.edge(EDGE_SHORTCUT, name, first_object + object.index());
        }
        self.node(NODE_SYNTHETIC, empty, 1, 0, 1 + held.len() as u64);
        for position in 0..groups.len() {
            self.edge(EDGE_ELEMENT, position + 1, 2 + position);
        }
        let name = self.strings.index("(GC roots)");
        self.node(NODE_SYNTHETIC, name, 3, 0, groups.len() as u64);
        for (position, (sort, list)) in groups.iter().enumerate() {
            for (name, object) in list {
                let name = self.strings.index(name);
                self.edge(EDGE_INTERNAL, name, first_object + object.index());
            }
            let name = self.strings.index(sort);
            self.node(NODE_SYNTHETIC, name, 2 * position as u64 + 5, 0, list.len() as u64);
        }
    }

    fn edges_of(&mut self, object: ObjectId, first_object: usize) -> u64 {
        let heap = self.heap;
        let mut count = 0;
        for edge in heap.referents(object) {
            let target = first_object + edge.other.index();
            match heap.relation(object, &edge) {
                Relation::Index(index) => self.edge(EDGE_ELEMENT, index as usize, target),
                Relation::Field(name) => {
                    let name = self.strings.index(&name);
                    self.edge(EDGE_PROPERTY, name, target);
                }
                other => {
                    let name = self.strings.index(&other.printed(heap.vocabulary().quote));
                    self.edge(EDGE_INTERNAL, name, target);
                }
            }
            count += 1;
        }
        count
    }

    fn finish(self) -> Vec<u8> {
        let written = File {
            snapshot: description(self.nodes.len() / NODE_FIELDS, self.edges.len() / 3),
            nodes: &self.nodes,
            edges: &self.edges,
            trace_function_infos: [],
            trace_tree: [],
            samples: [],
            locations: [],
            strings: &self.strings.list,
        };
        // Numbers and texts always have a JSON form.
        serde_json::to_vec(&written).unwrap_or_default()
    }
}

/// The file; its fields in the order in which V8 writes them.
#[derive(Serialize)]
struct File<'a> {
    snapshot: Value,
    nodes: &'a [u64],
    edges: &'a [u64],
    trace_function_infos: [u64; 0],
    trace_tree: [u64; 0],
    samples: [u64; 0],
    locations: [u64; 0],
    strings: &'a [String],
}

fn description(node_count: usize, edge_count: usize) -> Value {
    let node_types = [
        "hidden",
        "array",
        "string",
        "object",
        "code",
        "closure",
        "regexp",
        "number",
        "native",
        "synthetic",
        "concatenated string",
        "sliced string",
        "symbol",
        "bigint",
        "object shape",
    ];
    let edge_types = ["context", "element", "property", "internal", "hidden", "shortcut", "weak"];
    json!({
        "meta": {
            "node_fields": ["type", "name", "id", "self_size", "edge_count", "detachedness"],
            "node_types": [node_types, "string", "number", "number", "number", "number"],
            "edge_fields": ["type", "name_or_index", "to_node"],
            "edge_types": [edge_types, "string_or_number", "node"],
            "trace_function_info_fields": ["function_id", "name", "script_name", "script_id", "line", "column"],
            "trace_node_fields": ["id", "function_info_index", "count", "size", "children"],
            "sample_fields": ["timestamp_us", "last_assigned_id"],
            "location_fields": ["object_index", "script_id", "line", "column"],
        },
        "node_count": node_count,
        "edge_count": edge_count,
        "trace_function_count": 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::report::tests::small_heap;

    #[test]
    fn edges_stand_in_the_order_of_nodes_and_leaks_are_kept() {
        let value: Value = serde_json::from_slice(&encode(&small_heap()).unwrap()).unwrap();
        let numbers = |name: &str| -> Vec<u64> { serde_json::from_value(value[name].clone()).unwrap() };
        let (nodes, edges) = (numbers("nodes"), numbers("edges"));
        let texts: Vec<String> = serde_json::from_value(value["strings"].clone()).unwrap();
        assert_eq!(nodes.len(), 7 * NODE_FIELDS);
        let edge_counts: u64 = nodes.chunks(NODE_FIELDS).map(|node| node[4]).sum();
        assert_eq!(edge_counts as usize, edges.len() / 3);
        assert!(edges.chunks(3).all(|edge| (edge[2] as usize) < nodes.len() && edge[2] % 6 == 0));
        let name = |node: &[u64]| texts[node[1] as usize].clone();
        let names: Vec<String> = nodes.chunks(NODE_FIELDS).map(name).collect();
        assert_eq!(names, ["", "(GC roots)", "(given)", "(unreachable)", "app::Node", "app::Node", "app::Pair"]);
        let mut ids: Vec<u64> = nodes.chunks(NODE_FIELDS).map(|node| node[2]).collect();
        assert!(ids.iter().all(|id| id % 2 == 1));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 7);
    }
}
