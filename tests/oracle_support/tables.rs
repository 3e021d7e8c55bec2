//! Partitions and their printed tables, under each relation.

use heapy_engine::{IdentitySet, Row};
use serde_json::{Value, json};

use super::graph::{ids, text};
use super::{Graph, Tally};

/// Asks for the table of all nodes under each relation of the vector.
pub(crate) fn check(tally: &mut Tally, graph: &Graph, vector: &Value) {
    for (relation, want) in vector["tables"].as_object().unwrap() {
        let set = graph.all().by(relation).unwrap();
        let place = format!("{}/tables/{relation}", graph.name);
        check_texts(tally, &place, &set, want);
        check_rows(tally, &place, &set, want);
        for part in want["index"].as_array().unwrap() {
            let got = set.part(part["i"].as_i64().unwrap()).unwrap();
            tally.compare(&format!("{place}/index"), &json!(ids(&got)), &part["ids"]);
            tally.compare(&format!("{place}/index/text"), &got.to_string(), &text(&part["text"]));
        }
        let got = set.slice(Some(1), Some(3), None).unwrap();
        tally.compare(&format!("{place}/slice"), &json!(ids(&got)), &want["slice_1_3"]["ids"]);
        tally.compare(&format!("{place}/slice/text"), &got.to_string(), &text(&want["slice_1_3"]["text"]));
    }
}

fn check_texts(tally: &mut Tally, place: &str, set: &IdentitySet, want: &Value) {
    tally.compare(place, &set.to_string(), &text(&want["text"]));
    if let Some(more) = want.get("more") {
        tally.compare(&format!("{place}/more"), &set.more().to_string(), &text(more));
        tally.compare(&format!("{place}/more_more"), &set.more().more().to_string(), &text(&want["more_more"]));
    }
    if let Some(all) = want.get("all") {
        tally.compare(&format!("{place}/all"), &set.all().to_string(), &text(all));
    }
}

fn check_rows(tally: &mut Tally, place: &str, set: &IdentitySet, want: &Value) {
    let partition = set.partition();
    let got = json!([partition.row_count(), partition.count(), partition.size()]);
    tally.compare(&format!("{place}/totals"), &got, &json!([want["numrows"], want["count"], want["size"]]));
    let header = text(&want["kindheader"]);
    tally.compare(&format!("{place}/kindheader"), &partition.kind_header(), &header.as_str());
    for (position, row) in want["rows"].as_array().unwrap().iter().enumerate() {
        let members = partition.part(position).map(|part| ids(&part));
        let got = partition.row(position).map(|got| row_like(row, &got, members.as_deref().unwrap_or_default()));
        tally.compare(&format!("{place}/rows"), &got.as_ref(), &Some(row));
    }
}

/// A row with the keys that `want` has.
pub(crate) fn row_like(want: &Value, row: &Row, members: &[u32]) -> Value {
    let value = |key: &str| match key {
        "count" => json!(row.count),
        "size" => json!(row.size),
        "cumulsize" => json!(row.cumulative),
        "name" => json!(row.name),
        "ids" => json!(members),
        other => panic!("unknown column {other}"),
    };
    want.as_object().unwrap().keys().map(|key| (key.clone(), value(key))).collect()
}
