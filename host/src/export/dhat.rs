//! DHAT's JSON, version 2, for its viewer and for Firefox's profiler.
//!
//! The format can leave out life times and accesses, which a snapshot does not know; what it calls the total is then
//! what is alive in the snapshot.

use std::collections::BTreeMap;

use heapy_engine::{Frame, Use};
use serde_json::{Value, json};

use super::stacks::{UNKNOWN, library_frames, weights};

/// The live blocks of each calling context as a program point.
pub(super) fn encode(hp: &Use) -> String {
    let heap = hp.view().heap();
    let mut table: Vec<String> = vec!["[root]".into()];
    let mut indices: BTreeMap<String, usize> = BTreeMap::new();
    let mut index_of = |name: String| {
        *indices.entry(name.clone()).or_insert_with(|| {
            table.push(name);
            table.len() - 1
        })
    };
    let points: Vec<Value> = weights(heap)
        .into_iter()
        .map(|(context, weight)| {
            let frames: Vec<usize> = match context {
                Some(context) => {
                    let frames = heap.frames_of(context).skip(library_frames(heap, context));
                    frames.map(|frame| index_of(described(frame))).collect()
                }
                None => vec![index_of(UNKNOWN.into())],
            };
            json!({"tb": weight.size, "tbk": weight.count, "fs": frames})
        })
        .collect();
    let facts = heap.facts();
    json!({
        "dhatFileVersion": 2,
        "mode": "heapy-live",
        "verb": "Live",
        "bklt": false,
        "bkacc": false,
        "tu": "ns",
        "Mtu": "s",
        "cmd": facts.guest,
        "pid": 0,
        "te": facts.at_nanos,
        "pps": points,
        "ftbl": table,
    })
    .to_string()
}

/// A frame as DHAT writes it: address, function and place.
fn described(frame: &Frame) -> String {
    let place = match (&frame.file, frame.line) {
        (Some(file), Some(line)) => format!(" ({file}:{line}:{})", frame.column.unwrap_or(0)),
        (Some(file), None) => format!(" ({file})"),
        (None, _) => String::new(),
    };
    format!("{:#x}: {}{place}", frame.offset.unwrap_or(0), frame.function)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::report::tests::small_heap;

    #[test]
    fn every_frame_is_in_the_table() {
        let value: Value = serde_json::from_str(&encode(&small_heap())).unwrap();
        assert_eq!(value["ftbl"][1], "0x0: make (src/list.rs:7:0)");
        assert_eq!(value["pps"], json!([{"tb": 96, "tbk": 2, "fs": [1]}, {"tb": 16, "tbk": 1, "fs": [2]}]));
    }
}
