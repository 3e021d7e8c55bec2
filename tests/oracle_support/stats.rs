//! Stats of sets, their differences and their packages.

use heapy_engine::{SortBy, Stat};
use serde_json::{Value, json};

use super::graph::text;
use super::{Graph, Tally};

/// The time that stands in the vectors' packages.
const TIME: f64 = 1_600_000_000.0;

/// Subtracts each pair of sets of the vector.
pub(crate) fn check(tally: &mut Tally, graph: &Graph, vector: &Value) {
    for want in vector["stat"].as_array().unwrap() {
        let place = format!("{}/stat", graph.name);
        let a = graph.set(&want["a"]).by(want["er"].as_str().unwrap()).unwrap();
        let difference = a.diff(&graph.set(&want["b"])).unwrap().made_at(TIME);
        let mut cumulative = 0;
        let rows: Vec<Value> = difference
            .rows()
            .iter()
            .map(|row| {
                cumulative += row.size;
                json!([row.count, row.size, cumulative, row.name])
            })
            .collect();
        tally.compare(&format!("{place}/rows"), &json!(rows), &want["diff_rows"]);
        tally.compare(&format!("{place}/text"), &difference.to_string(), &text(&want["diff_text"]));
        tally.compare(&format!("{place}/diff_dump"), &difference.dump(), &text(&want["diff_dump"]));
        let totals = json!([difference.count(), difference.size()]);
        tally.compare(&format!("{place}/totals"), &totals, &json!([want["diff_count"], want["diff_size"]]));
        if want.get("a_dump").is_some() {
            check_stat(tally, graph, want);
        }
    }
}

fn check_stat(tally: &mut Tally, graph: &Graph, want: &Value) {
    let place = format!("{}/stat", graph.name);
    let stat = graph.set(&want["a"]).by(want["a_er"].as_str().unwrap()).unwrap().stat().made_at(TIME);
    tally.compare(&format!("{place}/dump"), &stat.dump(), &text(&want["a_dump"]));
    let slice = stat.slice(Some(1), Some(3), None).unwrap();
    tally.compare(&format!("{place}/slice"), &slice.to_string(), &text(&want["a_slice_text"]));
    for (sort_by, question) in [(SortBy::Size, "a_top2_and_other"), (SortBy::Count, "a_top2_and_other_by_count")] {
        tally.compare(&format!("{place}/{question}"), &top(&stat, sort_by), &want[question]);
    }
}

fn top(stat: &Stat, sort_by: SortBy) -> Value {
    stat.get_rows_n_and_other(2, sort_by).iter().map(|row| json!([row.count, row.size, row.name])).collect()
}
