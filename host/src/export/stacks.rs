//! Live bytes by calling context: folded lines and speedscope's JSON.

use std::collections::BTreeMap;

use heapy_engine::{ContextId, Family, Frame, Heap, Use};
use serde_json::{Value, json};

/// Live blocks of one calling context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) count: u64,
    pub(super) size: u64,
}

/// What is said of blocks whose calling context is not known.
pub(super) const UNKNOWN: &str = "[unknown]";

/// The live blocks of each calling context. Time O(V + contexts log contexts).
pub(super) fn weights(heap: &Heap) -> BTreeMap<Option<ContextId>, Weight> {
    let mut weights: BTreeMap<Option<ContextId>, Weight> = BTreeMap::new();
    for object in heap.objects().filter(|&object| heap.family(object) == Family::Block) {
        let weight = weights.entry(heap.context(object)).or_default();
        weight.count += 1;
        weight.size += heap.size(object);
    }
    weights
}

/// How many frames at the inner end of a context are of allocators and containers. Profiles leave them out, so that what
/// weighs in them is the function of the program that asked for memory. None where nothing is the program's.
pub(super) fn library_frames(heap: &Heap, context: ContextId) -> usize {
    heap.frames_of(context).position(|frame| !frame.library).unwrap_or(0)
}

/// The frames of a context as texts, the outermost first.
fn names(heap: &Heap, context: Option<ContextId>, name: impl Fn(&Frame) -> String) -> Vec<String> {
    let Some(context) = context else { return vec![UNKNOWN.into()] };
    let mut names: Vec<String> = heap.frames_of(context).skip(library_frames(heap, context)).map(name).collect();
    names.reverse();
    names
}

/// A line a calling context: frames from the outermost, joined by `;`, and its live bytes; sorted.
pub(super) fn folded(hp: &Use) -> String {
    let heap = hp.view().heap();
    // What separates frames and lines cannot stand in a name.
    let plain = |frame: &Frame| frame.function.replace(';', ":").replace(|letter: char| letter.is_control(), " ");
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for (context, weight) in weights(heap) {
        *lines.entry(names(heap, context, plain).join(";")).or_default() += weight.size;
    }
    lines.into_iter().map(|(frames, size)| format!("{frames} {size}\n")).collect()
}

/// One sampled profile in bytes: a sample a calling context.
pub(super) fn speedscope(hp: &Use) -> String {
    let heap = hp.view().heap();
    let mut frames: Vec<Value> = Vec::new();
    let mut indices: BTreeMap<String, usize> = BTreeMap::new();
    let (mut samples, mut sizes) = (Vec::new(), Vec::new());
    for (context, weight) in weights(heap) {
        let mut sample: Vec<usize> = Vec::new();
        let outermost_first: Vec<Option<&Frame>> = match context {
            Some(context) => {
                let frames = heap.frames_of(context).skip(library_frames(heap, context));
                let mut list: Vec<_> = frames.map(Some).collect();
                list.reverse();
                list
            }
            None => vec![None],
        };
        for frame in outermost_first {
            let described = match frame {
                Some(frame) => json!({"name": frame.function, "file": frame.file, "line": frame.line}),
                None => json!({"name": UNKNOWN}),
            };
            let index = *indices.entry(described.to_string()).or_insert_with(|| {
                frames.push(without_nulls(described));
                frames.len() - 1
            });
            sample.push(index);
        }
        samples.push(sample);
        sizes.push(weight.size);
    }
    let total: u64 = sizes.iter().sum();
    json!({
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": concat!("heapy-host ", env!("CARGO_PKG_VERSION")),
        "name": heap.facts().guest,
        "shared": {"frames": frames},
        "profiles": [{
            "type": "sampled",
            "name": format!("live bytes, snapshot {}", heap.facts().snapshot),
            "unit": "bytes",
            "startValue": 0,
            "endValue": total,
            "samples": samples,
            "weights": sizes,
        }],
    })
    .to_string()
}

fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use heapy_engine::{HeapBuilder, ObjectRecord, Vocabulary};

    use super::*;
    use crate::gate::report::tests::small_heap;

    #[test]
    fn a_line_has_the_bytes_of_its_frames() {
        assert_eq!(folded(&small_heap()), "make 112\n");
    }

    #[test]
    fn samples_weigh_their_bytes() {
        let value: Value = serde_json::from_str(&speedscope(&small_heap())).unwrap();
        assert_eq!(value["profiles"][0]["weights"], json!([96, 16]));
        assert_eq!(value["profiles"][0]["endValue"], 112);
        assert_eq!(value["shared"]["frames"][1], json!({"name": "make", "file": "src/pair.rs", "line": 3}));
    }

    #[test]
    fn profiles_begin_with_the_programs_frames() {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        let mut context = None;
        for (name, library) in [("main", false), ("push", true), ("parse", false), ("grow", true), ("malloc", true)] {
            let frame = builder.add_frame(Frame { function: name.into(), library, ..Frame::default() });
            context = Some(builder.add_context(context, frame));
        }
        let alone = builder.add_frame(Frame { function: "malloc".into(), library: true, ..Frame::default() });
        let alone = builder.add_context(None, alone);
        builder.add_object(ObjectRecord { context, ..ObjectRecord::block(0x1000, 8) });
        builder.add_object(ObjectRecord { context: Some(alone), ..ObjectRecord::block(0x2000, 8) });
        let hp = Use::new(Arc::new(builder.finish().unwrap()));
        assert_eq!(folded(&hp), "main;push;parse 8\nmalloc 8\n");
    }
}
