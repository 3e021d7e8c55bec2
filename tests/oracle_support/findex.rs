//! Classification by the first matching kind.

use heapy_engine::{Argument, Arguments, UniSet};
use serde_json::{Value, json};

use super::graph::{ids, text};
use super::tables::row_like;
use super::{Graph, Tally};

/// Classifies all nodes by each list of kinds of the vector.
pub(crate) fn check(tally: &mut Tally, graph: &Graph, vector: &Value) {
    let all = graph.all();
    for want in vector["findex"].as_array().unwrap() {
        let place = format!("{}/findex", graph.name);
        let relation = match want.get("kinds") {
            Some(kinds) => {
                let kinds: Vec<UniSet> = kinds.as_array().unwrap().iter().map(|spec| graph.kind(spec)).collect();
                graph.hp.findex(&kinds).unwrap()
            }
            None => UniSet::from(graph.set(&want["biper"])).biper(),
        };
        let class = |index: u64| {
            let kind = relation.call(&Arguments::positional([Argument::Number(index)])).unwrap();
            let selected = UniSet::from(all.clone()).and(&kind.into()).unwrap();
            selected.as_identity().map(ids).unwrap()
        };
        if let Some(classes) = want.get("classes").and_then(Value::as_array) {
            let got: Vec<_> = (0..classes.len() as u64).map(class).collect();
            if classes[0].is_array() {
                tally.compare(&format!("{place}/classes"), &json!(got), &want["classes"]);
            } else {
                let counts: Vec<_> = got.iter().map(Vec::len).collect();
                tally.compare(&format!("{place}/counts"), &json!(counts), &want["classes"]);
            }
        }
        if let Some(members) = want.get("in").filter(|members| !members.is_null()) {
            tally.compare(&format!("{place}/in"), &json!(class(0)), members);
        }
        let set = all.by_relation(&relation).unwrap();
        let partition = set.partition();
        let rows = want["rows"].as_array().unwrap();
        tally.compare(&format!("{place}/numrows"), &partition.row_count(), &rows.len());
        for (position, row) in rows.iter().enumerate() {
            let members = partition.part(position).map(|part| ids(&part)).unwrap_or_default();
            let got = partition.row(position).map(|got| row_like(row, &got, &members));
            tally.compare(&format!("{place}/rows"), &got.as_ref(), &Some(row));
        }
        if let Some(table) = want.get("text") {
            tally.compare(&format!("{place}/text"), &set.to_string(), &text(table));
        }
    }
}
