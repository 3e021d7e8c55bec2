//! Applying edits to a function body, and keeping account of where its instructions went.

use wasm_encoder::{Encode, ValType};

use super::body::BodyFacts;

/// Some bytes of a body replaced by others.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    /// Offset in the original module.
    pub(crate) at: usize,
    /// How many bytes are taken out.
    pub(crate) remove: usize,
    /// What is put in their place.
    pub(crate) insert: Vec<u8>,
}

/// From here on, an offset in the new code is an offset in the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Offset in the new code.
    pub(crate) new: u32,
    /// Offset in the original module; none for code that was added.
    pub(crate) old: Option<u32>,
}

/// Locals that a body is given behind its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MoreLocals {
    /// Of 32 bits; they come first.
    pub(crate) words: u32,
    /// Of 64 bits.
    pub(crate) longs: u32,
}

/// A body as it will stand in the code section.
#[derive(Debug)]
pub(crate) struct NewBody {
    /// Locals and instructions, without the length.
    pub(crate) bytes: Vec<u8>,
    /// Segments, relative to the start of `bytes`; ascending.
    pub(crate) segments: Vec<Segment>,
}

impl NewBody {
    /// A body that is all ours.
    pub(crate) fn added(function: wasm_encoder::Function) -> Self {
        Self { bytes: function.into_raw_body(), segments: vec![Segment { new: 0, old: None }] }
    }

    /// The original body with more locals and the edits applied, which must be in order.
    pub(crate) fn edited(module: &[u8], facts: &BodyFacts, locals: MoreLocals, edits: &[Edit]) -> Self {
        let mut bytes = Vec::with_capacity(facts.end - facts.start + 16 * edits.len() + 8);
        let groups = [(locals.words, ValType::I32), (locals.longs, ValType::I64)];
        let groups = groups.iter().filter(|(count, _)| *count > 0);
        (facts.local_groups + groups.clone().count() as u32).encode(&mut bytes);
        bytes.extend_from_slice(&module[facts.first_group..facts.code]);
        for (count, ty) in groups {
            count.encode(&mut bytes);
            ty.encode(&mut bytes);
        }
        let mut segments = vec![segment(&bytes, facts.code)];
        let mut from = facts.code;
        for edit in edits {
            bytes.extend_from_slice(&module[from..edit.at]);
            bytes.extend_from_slice(&edit.insert);
            from = edit.at + edit.remove;
            segments.push(segment(&bytes, from));
        }
        bytes.extend_from_slice(&module[from..facts.end]);
        Self { bytes, segments }
    }
}

fn segment(bytes: &[u8], old: usize) -> Segment {
    Segment { new: bytes.len() as u32, old: Some(old as u32) }
}
