//! How the questions of a vector are asked; one file for each family of questions.

mod findex;
mod formats;
mod graph;
mod kinds;
mod paths;
mod patterns;
mod relations;
mod sets;
mod stats;
mod tables;
mod tally;

use std::path::Path;

use serde_json::Value;

pub(crate) use formats::check_formats;
pub(crate) use graph::Graph;
pub(crate) use tally::Tally;

/// Reads a vector.
pub(crate) fn read_json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{} is no JSON: {error}", path.display()))
}

/// Asks every question about one graph.
pub(crate) fn check_graph(tally: &mut Tally, vector: &Value) {
    let graph = Graph::build(vector);
    tables::check(tally, &graph, vector);
    sets::check(tally, &graph, vector);
    kinds::check(tally, &graph, vector);
    relations::check(tally, &graph, vector);
    findex::check(tally, &graph, vector);
    paths::check(tally, &graph, vector);
    patterns::check(tally, &graph, vector);
    stats::check(tally, &graph, vector);
}
