//! Shortest paths between sets.

use heapy_engine::PathOptions;
use serde_json::{Value, json};

use super::graph::{ids, text};
use super::{Graph, Tally};

/// Asks for the paths of the vector.
pub(crate) fn check(tally: &mut Tally, graph: &Graph, vector: &Value) {
    for want in vector["paths"].as_array().unwrap() {
        let place = format!("{}/paths", graph.name);
        let paths = match want.get("pathsin") {
            Some(set) => graph.set(set).pathsin(),
            None => {
                let options = PathOptions {
                    src: want.get("src").map(|src| graph.set(src)),
                    avoid_nodes: want.get("avoid_nodes").map(|avoid| graph.set(avoid)),
                    ..PathOptions::default()
                };
                graph.set(&want["dst"]).get_shpaths(options).unwrap()
            }
        };
        tally.compare(&format!("{place}/numpaths"), &paths.count().to_string(), &want["numpaths"].to_string());
        let wanted = want["first"].as_array().unwrap();
        let first: Vec<String> = paths.iter(0).take(wanted.len().max(30)).map(|path| path.to_string()).collect();
        tally.compare(&format!("{place}/first"), &json!(first), &want["first"]);
        tally.compare(&format!("{place}/text"), &paths.pages().to_string(), &text(&want["text"]));
        if let Some(more) = want.get("more") {
            tally.compare(&format!("{place}/more"), &paths.pages().more().to_string(), &text(more));
        }
        if let Some(steps) = want.get("steps").filter(|steps| !steps.is_null()) {
            tally.compare(&format!("{place}/steps"), &json!(paths.steps()), steps);
        }
        if let Some(sets) = want.get("sets") {
            let got: Vec<Vec<u32>> = paths.sets().iter().map(ids).collect();
            tally.compare(&format!("{place}/sets"), &json!(got), sets);
        }
        if let Some(used) = want.get("used_src") {
            tally.compare(&format!("{place}/used_src"), &json!(ids(&paths.source())), used);
        }
        check_indices(tally, &place, &paths, &first);
    }
}

/// A path found by its index, from either end, is the one that stands there in the list.
fn check_indices(tally: &mut Tally, place: &str, paths: &heapy_engine::Paths, first: &[String]) {
    let Some(count) = paths.count().to_u64().filter(|&count| count > 0 && count <= first.len() as u64) else { return };
    let last = paths.path(-1).map(|path| path.to_string());
    tally.compare(&format!("{place}/last"), &last.as_ref(), &Ok(&first[count as usize - 1]));
    tally.compare(&format!("{place}/past"), &paths.path(count as i64).is_err(), &true);
}
