//! Printed tables and text packages that need no graph.

use heapy_engine::hpy::{Packages, load};
use heapy_engine::{SortBy, Stat};
use serde_json::{Value, json};

use super::Tally;
use super::graph::text;

/// Asks every question of the formats vector.
pub(crate) fn check_formats(tally: &mut Tally, vector: &Value) {
    for want in vector["packages"].as_array().unwrap() {
        check_package(tally, want);
    }
    for want in vector["differences"].as_array().unwrap() {
        let (a, b) = (load(&text(&want["a"])).unwrap(), load(&text(&want["b"])).unwrap());
        tally.compare("formats/formats/a_rows", &rows(&a), &want["a_rows"]);
        tally.compare("formats/formats/b_rows", &rows(&b), &want["b_rows"]);
        let difference = a.minus(&b).unwrap().made_at(1_600_000_000.0);
        tally.compare("formats/formats/diff", &difference.to_string(), &text(&want["text"]));
        tally.compare("formats/formats/diff/more", &difference.pages().more().to_string(), &text(&want["more"]));
        tally.compare("formats/formats/diff/all", &difference.pages().all().to_string(), &text(&want["all"]));
        tally.compare("formats/formats/diff/dump", &difference.dump(), &text(&want["dump"]));
        tally.compare("formats/formats/diff/kindheader", &json!(difference.kind_header()), &want["kindheader"]);
        let again = load(&difference.dump()).unwrap();
        tally.compare("formats/formats/diff/loaded", &again.to_string(), &text(&want["text"]));
    }
    let stream = text(&vector["stream"]["text"]);
    let loaded: Vec<String> = Packages::new(&stream).map(|package| package.unwrap().to_string()).collect();
    tally.compare("formats/formats/stream", &json!(loaded), &vector["stream"]["loaded"]);
    let again: String = Packages::new(&stream).map(|package| package.unwrap().dump()).collect();
    tally.compare("formats/formats/stream/redump", &again, &stream);
}

fn check_package(tally: &mut Tally, want: &Value) {
    let stat = load(&text(&want["package"])).unwrap();
    let mut same = |question: &str, got: String| {
        tally.compare(&format!("formats/formats/{question}"), &got, &text(&want[question]));
    };
    same("text", stat.to_string());
    same("more", stat.pages().more().to_string());
    same("more_more", stat.pages().more().more().to_string());
    same("all", stat.pages().all().to_string());
    same("redump", stat.dump());
    same("format", stat.format().word().to_owned());
    same("kindheader", stat.kind_header().to_owned());
    if want.get("slice_1_3").is_some() {
        same("slice_1_3", stat.slice(Some(1), Some(3), None).unwrap().to_string());
        same("item_last", stat.part(-1).unwrap().to_string());
    }
    tally.compare("formats/formats/rows", &rows(&stat), &want["rows"]);
    let top = stat.get_rows_n_and_other(3, SortBy::Size);
    let top: Vec<Value> = top.iter().map(|row| json!([row.count, row.size, row.name])).collect();
    tally.compare("formats/formats/top3_other", &json!(top), &want["top3_other"]);
}

fn rows(stat: &Stat) -> Value {
    stat.rows().iter().map(|row| json!([row.count, row.size, row.name])).collect()
}
