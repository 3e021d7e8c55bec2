//! A vector's graph as a heap.

use std::collections::HashMap;
use std::sync::Arc;

use heapy_engine::{
    Argument, Arguments, EdgeRecord, HeapBuilder, IdentitySet, Kind, ObjectId, ObjectRecord, Shape, TypeRecord, UniSet,
    Use, Vocabulary, parse_relation,
};
use serde_json::Value;

/// A graph of the oracle, with the words by which vectors refer to it.
#[derive(Debug)]
pub(crate) struct Graph {
    /// The vector's name.
    pub(crate) name: String,
    /// What the questions are asked of.
    pub(crate) hp: Use,
    /// Number of nodes.
    pub(crate) count: u32,
}

impl Graph {
    /// Builds the graph of a vector; node 0 stands for the root.
    pub(crate) fn build(vector: &Value) -> Self {
        let mut builder = HeapBuilder::new(Vocabulary::python());
        let mut types = HashMap::new();
        let nodes = vector["nodes"].as_array().unwrap();
        let mut keys = Vec::new();
        for node in nodes {
            let kind = text(&node["kind"]);
            let ty = *types.entry(kind.clone()).or_insert_with(|| {
                builder.add_type(TypeRecord { name: kind, unit: None, size: 0, shape: Shape::Opaque, storage: false })
            });
            let block = ObjectRecord::block(node["addr"].as_u64().unwrap(), node["size"].as_u64().unwrap());
            keys.push(builder.add_object(ObjectRecord { ty: Some(ty), length: node["len"].as_u64(), ..block }));
        }
        for edge in vector["edges"].as_array().unwrap() {
            let end = |name: &str| keys[edge[name].as_u64().unwrap() as usize];
            let relation = parse_relation(&text(&edge["rel"])).unwrap();
            builder.add_edge(EdgeRecord::given(end("from"), end("to"), relation));
        }
        builder.set_root_object(keys[0]);
        let heap = builder.finish().unwrap();
        Self { name: text(&vector["name"]), hp: Use::new(Arc::new(heap)), count: nodes.len() as u32 }
    }

    /// The set of the nodes that a vector lists.
    pub(crate) fn set(&self, ids: &Value) -> IdentitySet {
        self.hp.iso(numbers(ids).into_iter().map(ObjectId::new)).unwrap()
    }

    /// All nodes but the root.
    pub(crate) fn all(&self) -> IdentitySet {
        self.hp.iso((1..self.count).map(ObjectId::new)).unwrap()
    }

    /// A relation by its name.
    pub(crate) fn call(&self, relation: &str, arguments: &[Argument]) -> Kind {
        self.hp.relation(relation).unwrap().call(&Arguments::positional(arguments)).unwrap()
    }

    /// The set that a vector's kind specification describes.
    pub(crate) fn kind(&self, spec: &Value) -> UniSet {
        let list = |value: &Value| -> Vec<UniSet> { value.as_array().unwrap().iter().map(|s| self.kind(s)).collect() };
        let texts = |value: &Value| -> Vec<Argument> {
            value.as_array().unwrap().iter().map(|s| Argument::Text(text(s))).collect()
        };
        if let Some(parts) = spec.get("or") {
            return self.hp.union(&list(parts)).unwrap();
        }
        if let Some(parts) = spec.get("and") {
            let parts = list(parts);
            return parts[1..].iter().fold(parts[0].clone(), |both, part| both.and(part).unwrap());
        }
        if let Some(inner) = spec.get("not") {
            return self.kind(inner).invert();
        }
        if let Some(ids) = spec.get("ids") {
            return self.set(ids).into();
        }
        let kind = if let Some(name) = spec.get("type") {
            self.call("Type", &[Argument::Text(text(name))])
        } else if let Some(size) = spec.get("size") {
            self.call("Size", &[Argument::Number(size.as_u64().unwrap())])
        } else if let Some(relations) = spec.get("via") {
            self.call("Via", &texts(relations))
        } else if let Some(names) = spec.get("rcs") {
            self.call("Rcs", &texts(names))
        } else {
            panic!("unknown kind specification {spec}")
        };
        kind.alt(spec.get("alt").map_or("==", |alt| alt.as_str().unwrap())).unwrap()
    }
}

/// The text of a JSON value that is one.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The numbers of a JSON list.
pub(crate) fn numbers(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|number| number.as_u64().unwrap() as u32).collect()
}

/// The ids of a set's members, as vectors list them.
pub(crate) fn ids(set: &IdentitySet) -> Vec<u32> {
    set.nodes().iter().map(ObjectId::raw).collect()
}
