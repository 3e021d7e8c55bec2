//! pprof's profile: live and leaked blocks by calling context, with their kind as a label.
//!
//! Field numbers are those of `profile.proto` of github.com/google/pprof.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use heapy_engine::{Classes, ContextId, Family, Frame, FrameId, Heap, Use, UseError};

use super::protobuf::Message;
use super::stacks::{UNKNOWN, library_frames};

/// What is counted of the blocks of one context and kind: live blocks and bytes, leaked blocks and bytes.
const VALUES: [(&str, &str); 4] =
    [("inuse_objects", "count"), ("inuse_space", "bytes"), ("leaked_objects", "count"), ("leaked_space", "bytes")];

/// The profile, compressed.
pub(super) fn encode(hp: &Use) -> Result<Vec<u8>, UseError> {
    let heap = hp.view().heap();
    let kinds = hp.relation("Type")?.classes();
    let mut samples: BTreeMap<(Option<ContextId>, usize), [u64; 4]> = BTreeMap::new();
    for object in heap.objects().filter(|&object| heap.family(object) == Family::Block) {
        let values = samples.entry((heap.context(object), kinds.of(object))).or_default();
        values[0] += 1;
        values[1] += heap.size(object);
        if !hp.view().reachable().contains(object) {
            values[2] += 1;
            values[3] += heap.size(object);
        }
    }
    Ok(compress(&Profile::default().write(heap, &kinds, &samples)))
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail; an error would leave the profile uncompressed, which readers take as well.
    match encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        Ok(compressed) => compressed,
        Err(_) => bytes.to_vec(),
    }
}

/// The tables of a profile while it is written; locations and functions have one entry each frame, ids from 1.
#[derive(Default)]
struct Profile {
    texts: BTreeMap<String, u64>,
    text_list: Vec<String>,
    locations: BTreeMap<Option<FrameId>, u64>,
}

impl Profile {
    fn write(
        mut self,
        heap: &Heap,
        kinds: &Classes,
        samples: &BTreeMap<(Option<ContextId>, usize), [u64; 4]>,
    ) -> Vec<u8> {
        let mut out = Message::default();
        self.text("");
        for (name, unit) in VALUES {
            let (name, unit) = (self.text(name), self.text(unit));
            out.message(1, |value_type| {
                value_type.number(1, name);
                value_type.number(2, unit);
            });
        }
        let key = self.text("kind");
        for ((context, kind), values) in samples {
            let locations: Vec<u64> = match context {
                Some(context) => self.locations_of(heap, *context),
                None => vec![self.location(None)],
            };
            let kind = self.text(&kinds.name(*kind));
            out.message(2, |sample| {
                sample.numbers(1, locations);
                sample.numbers(2, values.iter().copied());
                sample.message(3, |label| {
                    label.number(1, key);
                    label.number(2, kind);
                });
            });
        }
        let locations = std::mem::take(&mut self.locations);
        for (frame, id) in locations {
            self.write_location(&mut out, frame.map(|frame| heap.frame(frame)), id);
        }
        let comment = self.text("live blocks of one snapshot; what was freed before is not in it");
        let default_type = self.text("inuse_space");
        for text in &self.text_list {
            out.bytes(6, text.as_bytes());
        }
        out.numbers(13, [comment]);
        out.number(14, default_type);
        out.finish()
    }

    fn write_location(&mut self, out: &mut Message, frame: Option<&Frame>, id: u64) {
        let unknown = Frame { function: UNKNOWN.into(), ..Frame::default() };
        let frame = frame.unwrap_or(&unknown);
        let function = self.text(&frame.function);
        let file = self.text(frame.file.as_deref().unwrap_or_default());
        out.message(4, |location| {
            location.number(1, id);
            location.number(3, frame.offset.unwrap_or(0));
            location.message(4, |line| {
                line.number(1, id);
                line.number(2, frame.line.unwrap_or(0).into());
            });
        });
        out.message(5, |written| {
            written.number(1, id);
            written.number(2, function);
            written.number(3, function);
            written.number(4, file);
        });
    }

    fn text(&mut self, text: &str) -> u64 {
        if let Some(&index) = self.texts.get(text) {
            return index;
        }
        let index = self.text_list.len() as u64;
        self.texts.insert(text.to_owned(), index);
        self.text_list.push(text.to_owned());
        index
    }

    fn location(&mut self, frame: Option<FrameId>) -> u64 {
        let next = self.locations.len() as u64 + 1;
        *self.locations.entry(frame).or_insert(next)
    }

    fn locations_of(&mut self, heap: &Heap, context: ContextId) -> Vec<u64> {
        let mut locations = Vec::new();
        let mut next = Some(context);
        while let Some(context) = next {
            let record = heap.context_record(context);
            locations.push(record.frame);
            next = record.caller;
        }
        // Locations that no sample has would be listed as functions without any weight.
        let own = locations.split_off(library_frames(heap, context));
        own.into_iter().map(|frame| self.location(Some(frame))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::gate::report::tests::small_heap;

    #[test]
    fn the_profile_is_compressed_and_names_kinds_and_frames() {
        let bytes = encode(&small_heap()).unwrap();
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
        let text = String::from_utf8_lossy(&plain);
        for name in ["inuse_space", "leaked_objects", "app::Node", "app::Pair", "make", "src/list.rs"] {
            assert!(text.contains(name), "{name}");
        }
    }
}
