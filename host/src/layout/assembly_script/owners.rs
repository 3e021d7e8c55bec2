//! Whose the buffers are: arrays and maps keep their elements in a buffer of their own, whose class says nothing of them.
//!
//! The class of the owner names the words of the buffer: `[i]` for arrays, `["key"]`, `[3]` and `.keys()[i]` for maps and sets.

use std::collections::HashMap;

use heapy_engine::Relation;

use super::super::block::BlockType;
use super::super::propagate::find;
use super::super::slots::Bytes;
use super::super::types::Layouts;
use super::super::typing::TypedBlock;
use super::super::values::under_number;
use super::HEADER_BYTES;
use crate::paused::Paused;

/// Where a map keeps the address of its entries.
const ENTRIES: u64 = 8;
/// Bytes of a reference.
const WORD: u64 = 4;
/// Longest key that is read, in bytes.
const MAX_KEY_BYTES: u64 = 400;

/// What the words of a buffer are to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elements {
    /// References side by side.
    References,
    /// Keys, values and links to the next entry.
    Entries {
        /// Bytes from entry to entry.
        stride: u64,
        /// Bytes of a key.
        key: u64,
        /// Where values end, from the start of the entry.
        end: u64,
        /// What a key is.
        sort: Key,
    },
}

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Text,
    Signed,
    Unsigned,
    Bool,
    /// A number with a fraction, or an object.
    Other,
}

/// The owners of the buffers of a snapshot.
#[derive(Debug, Default)]
pub(in crate::layout) struct Owners {
    by_buffer: HashMap<usize, Elements>,
}

impl Owners {
    /// Reads the fields of all arrays and maps. Time linear in them.
    pub(in crate::layout) fn new(layouts: &Layouts, paused: &Paused, blocks: &[TypedBlock]) -> Self {
        let mut by_buffer = HashMap::new();
        for (block, typed) in paused.blocks.iter().zip(blocks) {
            let Some(BlockType { ty, .. }) = typed.ty else { continue };
            let Some((at, elements)) = elements(&layouts.get(ty).name) else { continue };
            let buffer = word(paused, block.address + at).and_then(|address| find(paused, address));
            if let Some((buffer, 0)) = buffer {
                by_buffer.insert(buffer, elements);
            }
        }
        Self { by_buffer }
    }

    /// The name of the word at `offset` of a buffer; none where its owner does not tell.
    pub(in crate::layout) fn relation(
        &self,
        paused: &Paused,
        block: usize,
        offset: u64,
        value: Bytes<'_>,
    ) -> Option<Relation> {
        Some(match *self.by_buffer.get(&block)? {
            Elements::References => Relation::Index(offset / WORD),
            Elements::Entries { stride, key, end, sort } => {
                let (index, within) = (offset / stride, offset % stride);
                let number = value.number(index * stride, key)?;
                let part = |rest: &str| Relation::Element { index, rest: rest.to_owned() };
                let unused = 64 - 8 * key.clamp(1, 8) as u32;
                match sort {
                    _ if within < key => Relation::KeyAt(index),
                    _ if within >= end => part(".taggedNext"),
                    Key::Text => string(paused, number).map_or_else(|| part(".value"), Relation::Key),
                    Key::Signed => under_number(((number << unused) as i64) >> unused),
                    Key::Unsigned => Relation::Index(number),
                    Key::Bool => Relation::Literal((number != 0).to_string()),
                    Key::Other => part(".value"),
                }
            }
        })
    }
}

/// Where an object of this class keeps the address of its elements, and what they are; none for other classes.
fn elements(class: &str) -> Option<(u64, Elements)> {
    let (name, arguments) = class.strip_suffix('>')?.split_once('<')?;
    match name {
        "Array" | "StaticArray" if size_of(arguments).is_none() => Some((0, Elements::References)),
        "Map" => {
            let (key, value) = arguments.split_once(", ")?;
            Some((ENTRIES, entries(key, size_of(value).unwrap_or(WORD))))
        }
        "Set" => Some((ENTRIES, entries(arguments, 0))),
        _ => None,
    }
}

/// Entries are laid out as a class of key, value and link is, each part at a multiple of its size.
fn entries(key: &str, value: u64) -> Elements {
    let bytes = size_of(key).unwrap_or(WORD);
    let behind_value = bytes.next_multiple_of(value.max(1)) + value;
    let end = behind_value.next_multiple_of(WORD) + WORD;
    let stride = end.next_multiple_of(bytes.max(value).max(WORD));
    let sort = match key {
        "String" | "string" => Key::Text,
        "bool" => Key::Bool,
        "i8" | "i16" | "i32" | "i64" | "isize" => Key::Signed,
        "u8" | "u16" | "u32" | "u64" | "usize" => Key::Unsigned,
        _ => Key::Other,
    };
    Elements::Entries { stride, key: bytes, end: behind_value, sort }
}

/// Bytes of a number; none for references.
fn size_of(class: &str) -> Option<u64> {
    match class {
        "bool" | "i8" | "u8" => Some(1),
        "i16" | "u16" => Some(2),
        "i32" | "u32" | "f32" | "isize" | "usize" => Some(4),
        "i64" | "u64" | "f64" => Some(8),
        _ => None,
    }
}

/// The string whose object is at an address, with the size of its bytes before it.
fn string(paused: &Paused, address: u64) -> Option<String> {
    let size = word(paused, address.checked_sub(HEADER_BYTES)? + super::SIZE)?;
    let start = usize::try_from(address).ok()?;
    let bytes = paused.memory.get(start..start.checked_add(usize::try_from(size.min(MAX_KEY_BYTES)).ok()?)?)?;
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    Some(String::from_utf16_lossy(&units))
}

fn word(paused: &Paused, address: u64) -> Option<u64> {
    Bytes::new(&paused.memory, address, WORD, WORD).word(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_lie_as_the_runtime_lays_them() {
        assert_eq!(entries("String", 4), Elements::Entries { stride: 12, key: 4, end: 8, sort: Key::Text });
        assert_eq!(entries("String", 8), Elements::Entries { stride: 24, key: 4, end: 16, sort: Key::Text });
        assert_eq!(entries("u8", 0), Elements::Entries { stride: 8, key: 1, end: 1, sort: Key::Unsigned });
        assert_eq!(entries("i64", 1), Elements::Entries { stride: 16, key: 8, end: 9, sort: Key::Signed });
        assert_eq!(elements("Array<i32>"), None);
        assert_eq!(elements("Array<String>"), Some((0, Elements::References)));
        assert_eq!(elements("Ring"), None);
    }
}
