//! Reference patterns.

use heapy_engine::{Mark, ObjectId, ObjectSet, PatternOptions, PatternRow, UniSet};
use serde_json::{Value, json};

use super::graph::text;
use super::{Graph, Tally};

/// Most members of a row that a vector lists; of larger rows it has the number.
const LISTED_MEMBERS: usize = 40;

/// Asks for the patterns of the vector.
pub(crate) fn check(tally: &mut Tally, graph: &Graph, vector: &Value) {
    for want in vector["rp"].as_array().unwrap() {
        let args = &want["args"];
        let place = format!("{}/rp/{args}", graph.name);
        let flag = |name: &str| args.get(name).is_some_and(|flag| flag.as_bool() == Some(true));
        let stop = match args.get("stopkind") {
            // A stop kind of which the graph has no object stops nothing.
            Some(kind) if occurs(vector, kind) => selected(graph, &graph.kind(kind)),
            _ => ObjectSet::empty(graph.count as usize),
        };
        let options = PatternOptions {
            depth: args["depth"].as_u64().unwrap() as usize,
            imdom: flag("imdom"),
            nocyc: flag("nocyc"),
            stop: Some(stop),
            src: None,
        };
        let er = graph.hp.relation(args["er"].as_str().unwrap()).unwrap();
        let pattern = graph.set(&want["x"]).get_rp(Some(&er), options).unwrap();
        tally.compare(&format!("{place}/text"), &pattern.pages().to_string(), &text(&want["text"]));
        if let Some(more) = want.get("more").filter(|_| want["all_lines"].is_null()) {
            tally.compare(&format!("{place}/more"), &pattern.pages().more().to_string(), &text(more));
        }
        let rows: Vec<Value> =
            (0..LISTED_MEMBERS).map_while(|index| pattern.row(index)).map(|row| listed(&row)).collect();
        tally.compare(&format!("{place}/rows"), &json!(rows), &want["rows"]);
        if let Some(lines) = want["all_lines"].as_u64() {
            tally.compare(&format!("{place}/len"), &(pattern.row_count() as u64), &lines);
            if let Some(more) = want.get("more") {
                tally.compare(&format!("{place}/more"), &pattern.pages().more().to_string(), &text(more));
            }
        }
        for row in (0..LISTED_MEMBERS).map_while(|index| pattern.row(index)) {
            let by_label = pattern.row_by_label(&row.label()).map(|found| found.index());
            tally.compare(&format!("{place}/label"), &by_label, &Some(row.index()));
        }
    }
}

fn occurs(vector: &Value, kind: &Value) -> bool {
    !kind.is_null()
        && kind
            .get("type")
            .is_none_or(|name| vector["nodes"].as_array().unwrap().iter().any(|node| node["kind"] == *name))
}

fn selected(graph: &Graph, kind: &UniSet) -> ObjectSet {
    let everything = graph.hp.iso((0..graph.count).map(ObjectId::new)).unwrap();
    let both = UniSet::from(everything).and(kind).unwrap();
    both.as_identity().map(|set| set.nodes().clone()).unwrap()
}

fn listed(row: &PatternRow) -> Value {
    let members: Vec<u32> = row.members().iter().map(|object| object.raw()).collect();
    let members = if members.len() > LISTED_MEMBERS { json!(members.len()) } else { json!(members) };
    let seen = match row.mark() {
        Mark::Seen(earlier) => json!(earlier),
        _ => Value::Null,
    };
    json!([row.label(), row.depth(), members, seen])
}
