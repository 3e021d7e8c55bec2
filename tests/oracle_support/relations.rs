//! Reachability and the neighbours of sets.

use serde_json::{Value, json};

use super::graph::ids;
use super::{Graph, Tally};

/// Asks for the reachable nodes, and for the neighbours of each set of the vector.
pub(crate) fn check(tally: &mut Tally, graph: &Graph, vector: &Value) {
    let place = format!("{}/relations", graph.name);
    tally.compare(&format!("{place}/reachable"), &json!(ids(&graph.hp.heap())), &vector["reachable"]);
    tally.compare(&format!("{place}/unreachable"), &json!(ids(&graph.hp.heapu_set())), &vector["unreachable"]);
    for want in vector["relations"].as_array().unwrap() {
        let set = graph.set(&want["x"]);
        tally.compare(&format!("{place}/referrers"), &json!(ids(&set.referrers())), &want["referrers"]);
        tally.compare(&format!("{place}/referents"), &json!(ids(&set.referents())), &want["referents"]);
        tally.compare(&format!("{place}/imdom"), &json!(ids(&set.imdom())), &want["imdom"]);
        tally.compare(&format!("{place}/dominos"), &json!(ids(&set.dominos())), &want["dominos"]);
        tally.compare(&format!("{place}/domisize"), &json!(set.domisize()), &want["domisize"]);
        tally.compare(&format!("{place}/indisize"), &json!(set.indisize()), &want["indisize"]);
    }
}
