//! What a Go program carries about itself: its version, its function table, and where its data and types lie.

use std::ops::{Range, RangeInclusive};

use serde::{Deserialize, Serialize};

use super::WORD;
use super::functions::Functions;
use super::image::{Image, View};

/// What the function table begins with, since Go 1.20: number, two zeros, unit of code, bytes of a pointer.
const TABLE_MARK: [u8; 8] = [0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8];
/// Bytes of a version's text.
const VERSION_BYTES: RangeInclusive<u64> = 5..=64;
/// Where the module data has the first word that versions of Go disagree on: the end of the types, or their length.
const AFTER_TYPES: u64 = 304;

/// Addresses have 32 bits, however many their words have.
const MAX_ADDRESS: u64 = 1 << 32;

/// Facts of a Go program that a run needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Program {
    /// `go1.27.3`; empty where the program does not say.
    pub(crate) version: String,
    /// Number of imported functions.
    pub(crate) imported: u32,
    /// Data that may hold pointers.
    pub(crate) pointers: Vec<Range<u64>>,
    /// All data from the first to the last byte.
    pub(crate) data: Range<u64>,
    /// Where type descriptors are.
    pub(crate) types: Range<u64>,
    /// For each defined function the bytes from its return address to that of its caller; zero where a stack ends, or
    /// where the function is not Go's.
    pub(crate) strides: Vec<u32>,
}

impl Program {
    /// The program in a module, with its functions; none if it is not Go's. `defined` is the number of functions with a body.
    pub(crate) fn find(module: &[u8], imported: u32, defined: u32) -> Option<(Self, Functions)> {
        let (image, table) = Image::with_mark(module, &TABLE_MARK)?;
        let view = image.view();
        let at = module_data(view, table)?;
        let word = |offset: u64| view.word(at + offset);
        let within = |range: &Range<u64>| range.start <= range.end && range.end <= MAX_ADDRESS;
        let range = |offset: u64| Some(word(offset)?..word(offset + 8)?).filter(within);
        let (no_pointers, data, zero, zero_no_pointers) = (range(192)?, range(208)?, range(224)?, range(240)?);
        let start = word(296)?;
        // From Go 1.27 on the length of the descriptors comes first.
        let longer = word(AFTER_TYPES)? < start;
        let types = start..word(if longer { AFTER_TYPES + 8 } else { AFTER_TYPES })?;
        let types = Some(types).filter(within)?;
        let inlined = word(if longer { 344 } else { 320 })?;
        let version = version(view, &data).unwrap_or_default();
        let functions = Functions::new(image, table, inlined)?;
        let strides = (0..defined).map(|function| functions.stride(function)).collect();
        let program = Self {
            version,
            imported,
            data: no_pointers.start.min(data.start)..zero.end.max(zero_no_pointers.end),
            pointers: vec![data, zero],
            types,
            strides,
        };
        Some((program, functions))
    }
}

/// The module data: what begins with the address of the function table and that of its names.
fn module_data(view: View<'_>, table: u64) -> Option<u64> {
    let names = table.checked_add(view.word(table + 32)?)?;
    let candidates = view.0.chunks_exact(8).enumerate();
    let found = candidates
        .filter(|(_, bytes)| **bytes == table.to_le_bytes())
        .map(|(index, _)| index as u64 * 8)
        .find(|at| view.word(at + 8) == Some(names));
    // Data segments may begin anywhere, but the linker aligns module data as a pointer.
    found
}

/// The version: a string variable whose text is one.
fn version(view: View<'_>, data: &Range<u64>) -> Option<String> {
    let mut at = data.start.next_multiple_of(WORD);
    while at < data.end.min(view.0.len() as u64) {
        let text = view.word(at).zip(view.word(at + WORD)).filter(|(_, length)| VERSION_BYTES.contains(length));
        let text =
            text.and_then(|(start, length)| std::str::from_utf8(view.bytes(start..start.checked_add(length)?)?).ok());
        let is_version = |text: &&str| {
            let number = text.strip_prefix("go1.").and_then(|rest| rest.chars().next());
            number.is_some_and(|digit| digit.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
        };
        if let Some(text) = text.filter(is_version) {
            return Some(text.to_owned());
        }
        at += WORD;
    }
    None
}
