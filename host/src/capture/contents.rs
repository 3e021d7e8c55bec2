//! What a heap keeps of contents: of every capture the room in containers that no element takes; where that was asked
//! for, the values of fields, which blocks have equal bytes, and the first of those bytes.
//!
//! Time O(bytes of blocks) with contents, else O(values that have a container in them).

use std::collections::HashMap;

use heapy_engine::{HeapBuilder, HeldValue, ObjectKey};
use rayon::prelude::*;

use super::index::BlockIndex;
use super::typed::Types;
use crate::layout::Rooms;
use crate::paused::Paused;

/// Blocks that one task looks at.
const PIECE: usize = 1 << 12;
/// Fields whose values are kept of one block.
const MAX_VALUES: usize = 200;
/// Bytes that are kept of one block.
const MAX_BYTES: usize = 1 << 16;

/// Tells of each container's buffer how many bytes no element takes. Of two containers that share a buffer the one with
/// less room counts.
pub(super) fn add_unused(
    builder: &mut HeapBuilder,
    paused: &Paused,
    types: &Types,
    index: &BlockIndex,
    keys: &[ObjectKey],
) {
    let typed = types.typed();
    let pieces = (0..paused.blocks.len()).step_by(PIECE).collect::<Vec<_>>();
    let of_piece = |start: usize| -> Vec<(u64, u64)> {
        let mut rooms = Rooms::default();
        let end = paused.blocks.len().min(start + PIECE);
        (start..end).flat_map(|block| rooms.of(typed, paused, block)).collect()
    };
    let mut found: Vec<(u64, u64)> = pieces.into_par_iter().flat_map_iter(of_piece).collect();
    let mut rooms = Rooms::default();
    found.extend((0..typed.statics.len()).flat_map(|position| rooms.of_static(typed, paused, position)));
    let mut by_block: Vec<(u32, u64)> = found
        .into_iter()
        .filter_map(|(address, bytes)| {
            let block = index.find(address)?.block;
            Some((block, bytes.min(paused.blocks[block as usize].size)))
        })
        .collect();
    by_block.sort_unstable();
    by_block.dedup_by_key(|row| row.0);
    for (block, bytes) in by_block {
        builder.add_unused(keys[block as usize], bytes);
    }
}

/// Keeps the values of fields, numbers for equal bytes, and the bytes, equal ones once.
pub(super) fn add_contents(builder: &mut HeapBuilder, paused: &Paused, types: &Types, keys: &[ObjectKey]) {
    let mut numbers: HashMap<&[u8], u32> = HashMap::new();
    for (position, block) in paused.blocks.iter().enumerate() {
        let (Ok(start), Ok(size)) = (usize::try_from(block.address), usize::try_from(block.size)) else { continue };
        let Some(bytes) = paused.memory.get(start..start.saturating_add(size)) else { continue };
        let next = numbers.len() as u32;
        let number = *numbers.entry(bytes).or_insert(next);
        builder.add_content(keys[position], number);
        if number == next {
            builder.add_bytes(number, &bytes[..bytes.len().min(MAX_BYTES)]);
        }
        let Some(fields) = types.typed().fields(paused, position) else { continue };
        for field in fields.into_iter().take(MAX_VALUES) {
            let value = field.value.to_string();
            let held = HeldValue { name: field.name, offset: field.offset, type_name: field.type_name, value };
            builder.add_value(keys[position], held);
        }
    }
}
