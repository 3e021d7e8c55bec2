//! The algebra of identity sets.

use heapy_engine::{IdentitySet, UniSet};
use serde_json::{Value, json};

use super::graph::ids;
use super::{Graph, Tally};

/// Combines and compares each pair of sets of the vector.
pub(crate) fn check(tally: &mut Tally, graph: &Graph, vector: &Value) {
    for want in vector["sets"].as_array().unwrap() {
        let (a, b) = (graph.set(&want["a"]), graph.set(&want["b"]));
        let mut same = |question: &str, got: Value| {
            tally.compare(&format!("{}/sets/{question}", graph.name), &got, &want[question]);
        };
        let members = |set: IdentitySet| json!(ids(&set));
        same("and", members(a.and(&b).unwrap()));
        same("or", members(a.or(&b).unwrap()));
        same("sub", members(a.sub(&b).unwrap()));
        same("xor", members(a.xor(&b).unwrap()));
        let (x, y) = (UniSet::from(a.clone()), UniSet::from(b.clone()));
        same("le", json!(x.is_subset(&y).unwrap()));
        same("lt", json!(x.is_strict_subset(&y).unwrap()));
        same("ge", json!(y.is_subset(&x).unwrap()));
        same("gt", json!(y.is_strict_subset(&x).unwrap()));
        same("eq", json!(x.equals(&y).unwrap()));
        same("ne", json!(!x.equals(&y).unwrap()));
        same("disjoint", json!(x.disjoint(&y).unwrap()));
        same("bool", json!(x.as_bool()));
        same("count", json!(a.count()));
        same("size", json!(a.size()));
        same("len", json!(a.row_count()));
    }
}
