//! Kinds, their alternatives and formulas of them.

use heapy_engine::UniSet;
use serde_json::{Value, json};

use super::graph::ids;
use super::{Graph, Tally};

/// Selects by each kind of the vector, and by its complement.
pub(crate) fn check(tally: &mut Tally, graph: &Graph, vector: &Value) {
    let all = UniSet::from(graph.all());
    for want in vector["kinds"].as_array().unwrap() {
        let kind = graph.kind(&want["kind"]);
        let place = format!("{}/kinds/{}", graph.name, want["kind"]);
        let members = |set: UniSet| json!(set.as_identity().map(ids));
        tally.compare(&place, &members(all.and(&kind).unwrap()), &want["selected"]);
        tally.compare(&format!("{place}/rest"), &members(all.sub(&kind).unwrap()), &want["rest"]);
        if let Some(brief) = want["brief"].as_str() {
            tally.compare(&format!("{place}/brief"), &kind.brief().as_str(), &brief);
        }
    }
}
