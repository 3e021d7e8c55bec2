//! Containers inside typed values: how many elements they hold, and for how many they have room.
//!
//! Reads a copy of the memory; a pointer is followed where a string keeps its length before its text. Walks visit only values whose type has a container somewhere
//! inside, and are bounded as those of `slots` are.

use std::collections::{HashMap, HashSet};

use super::block::{BlockType, Count};
use super::containers::{self, Known};
use super::form::{Form, Language, LayoutId};
use super::slots::{self, Bytes};
use super::types::Layouts;
use super::typing::{Typed, bytes_of};
use crate::paused::Paused;

/// Deepest nesting of values that is followed.
const MAX_NESTING: u32 = 48;
/// Containers that are read of one block.
const MAX_ROOMS: usize = 1 << 16;

/// The room of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// Where its elements are: of a hash table inside of its block; 0 where they are in the container itself.
    pub(super) address: u64,
    /// Elements in use.
    pub(super) length: u64,
    /// Elements there is room for.
    pub(super) capacity: u64,
    /// Bytes that an element takes.
    pub(super) element_bytes: u64,
    /// Whether the elements are a text.
    pub(super) text: bool,
    /// Where in the value the text of a string begins that keeps it in itself.
    pub(super) within: Option<u64>,
}

/// Finds the rooms of typed values; remembers which types have none.
#[derive(Debug, Default)]
pub struct Rooms {
    holding: HashMap<LayoutId, bool>,
}

impl Rooms {
    /// Bytes of buffers that no element takes, as buffer and bytes, for the containers in a block.
    pub fn of(&mut self, typed: &Typed, paused: &Paused, block: usize) -> Vec<(u64, u64)> {
        let (Some(found), Some(of)) = (typed.blocks.get(block), paused.blocks.get(block)) else { return Vec::new() };
        let Some(ty) = found.class.or(found.ty) else { return Vec::new() };
        self.unused(typed, ty, bytes_of(paused, of.address, of.size, typed.word))
    }

    /// The same for a variable with static storage.
    pub fn of_static(&mut self, typed: &Typed, paused: &Paused, position: usize) -> Vec<(u64, u64)> {
        let Some(of) = typed.statics.get(position) else { return Vec::new() };
        self.unused(typed, BlockType::one(of.ty), bytes_of(paused, of.address, of.size, typed.word))
    }

    fn unused(&mut self, typed: &Typed, ty: BlockType, value: Bytes<'_>) -> Vec<(u64, u64)> {
        let layouts = &typed.layouts;
        let rooms = self.rooms(layouts, ty, value).into_iter().filter(|room| room.address > 0);
        let unused = rooms.map(|room| {
            let spare = room.capacity.saturating_sub(room.length);
            (room.address, spare.saturating_mul(room.element_bytes))
        });
        unused.filter(|&(_, bytes)| bytes > 0).collect()
    }

    fn rooms(&mut self, layouts: &Layouts, block: BlockType, value: Bytes<'_>) -> Vec<Room> {
        let mut found = Vec::new();
        if !self.holds(layouts, block.ty) {
            return found;
        }
        let (size, length) = (layouts.get(block.ty).size, value.bytes.len() as u64);
        let first = block.first(layouts, length);
        let count = length.saturating_sub(first).checked_div(size).unwrap_or(0);
        let mut pending: Vec<(LayoutId, u64, u32)> = match block.count {
            Count::One | Count::Headed(_) => vec![(block.ty, first, 0)],
            Count::Many | Count::Counted | Count::ManyHeaded(_) => {
                (0..count).map(|index| (block.ty, first + index * size, 0)).collect()
            }
            Count::Table => containers::occupied(size, value).into_iter().map(|offset| (block.ty, offset, 0)).collect(),
        };
        let mut budget = value.bytes.len().saturating_mul(8) + 4096;
        while let Some((ty, offset, nesting)) = pending.pop() {
            budget -= 1;
            if budget == 0 || found.len() >= MAX_ROOMS {
                break;
            }
            if offset >= length || nesting > MAX_NESTING || !self.holds(layouts, ty) {
                continue;
            }
            match room(layouts, value, ty, offset) {
                Some(room) => found.push(room),
                None => inside(layouts, value, (ty, offset, nesting), &mut pending),
            }
        }
        found
    }

    /// Whether values of the type may have a container in them.
    fn holds(&mut self, layouts: &Layouts, ty: LayoutId) -> bool {
        if let Some(&known) = self.holding.get(&ty) {
            return known;
        }
        let mut seen = HashSet::new();
        let mut pending = vec![ty];
        let mut holds = false;
        while let Some(at) = pending.pop() {
            if holds || !seen.insert(at) {
                continue;
            }
            match &layouts.get(at).form {
                Form::Array { element, .. } => pending.push(*element),
                Form::Record(record) => {
                    holds = is_container(layouts, at);
                    if let Some(Known::Places { values, keys, .. }) = containers::known(layouts, at, record) {
                        pending.extend([values.1, keys.1].into_iter().flatten());
                    }
                    pending.extend(record.members.iter().map(|member| member.ty));
                    let cases = record.variants.iter().flat_map(|variants| &variants.cases);
                    pending.extend(cases.flat_map(|case| case.members.iter().map(|member| member.ty)));
                }
                _ => {}
            }
        }
        self.holding.insert(ty, holds);
        holds
    }
}

/// Adds the values inside of one.
fn inside(
    layouts: &Layouts,
    value: Bytes<'_>,
    (ty, offset, nesting): (LayoutId, u64, u32),
    pending: &mut Vec<(LayoutId, u64, u32)>,
) {
    match &layouts.get(ty).form {
        Form::Array { element, count } => {
            let size = layouts.get(*element).size;
            let fitting = (value.bytes.len() as u64 - offset).checked_div(size).unwrap_or(0);
            let count = count.filter(|&count| count > 0).map_or(fitting, |count| count.min(fitting));
            pending.extend((0..count).map(|index| (*element, offset + index * size, nesting + 1)));
        }
        Form::Record(record) => {
            if let Some(places) =
                containers::Places::new(layouts, containers::known(layouts, ty, record), offset, value)
            {
                let parts = places.entries(layouts).flat_map(|entry| [entry.key, entry.value]).flatten();
                return pending.extend(parts.map(|(place, ty)| (ty, place, nesting + 1)));
            }
            let mut add = |place: u64, ty| pending.push((ty, offset.saturating_add(place), nesting + 1));
            record.members.iter().for_each(|member| add(member.offset, member.ty));
            if let Some(variants) = &record.variants {
                let (active, _) = slots::active(layouts, variants, offset, value);
                active.iter().flat_map(|case| &case.members).for_each(|member| add(member.offset, member.ty));
            }
        }
        _ => {}
    }
}

/// Whether a type is a container that tells its room.
fn is_container(layouts: &Layouts, ty: LayoutId) -> bool {
    is_sequence(&layouts.get(ty).name)
        || layouts.record(ty).and_then(|record| containers::known(layouts, ty, record)).is_some_and(|known| {
            matches!(
                known,
                Known::Range { .. }
                    | Known::ShortString { .. }
                    | Known::LocalString { .. }
                    | Known::SharedString { .. }
                    | Known::Table { .. }
                    | Known::Map { .. }
                    | Known::Room { .. }
            )
        })
}

/// Whether it is one of Rust's containers around a buffer.
fn is_sequence(name: &str) -> bool {
    let sequences = ["alloc::vec::Vec<", "alloc::collections::vec_deque::VecDeque<", "alloc::string::String"];
    sequences.iter().any(|prefix| name.starts_with(prefix))
}

/// The room of the value of type `ty` at `offset`, if it is a container or a slice.
pub(super) fn room(layouts: &Layouts, value: Bytes<'_>, ty: LayoutId, offset: u64) -> Option<Room> {
    let record = layouts.record(ty)?;
    let name = layouts.get(ty).name.as_str();
    let word = |place: u64| value.word(offset.saturating_add(place));
    let plain = |address, length, capacity, element: LayoutId, text| Room {
        element_bytes: layouts.get(element).size,
        address,
        length,
        capacity,
        text,
        within: None,
    };
    if is_sequence(name) {
        return sequence(layouts, value, ty, offset);
    }
    match containers::known(layouts, ty, record)? {
        Known::Slice { pointer, length, element } => {
            let length = word(length)?;
            let bytes = name.ends_with("]u8") || name.ends_with(" u8");
            let text = name.ends_with("str") || layouts.get(element).language == Language::Zig && bytes;
            Some(plain(word(pointer)?, length, length, element, text))
        }
        Known::Room { pointer, length, capacity, element, text } => {
            let text = text || layouts.get(element).language == Language::Zig && layouts.get(element).name == "u8";
            Some(plain(word(pointer)?, word(length)?, word(capacity)?, element, text))
        }
        Known::Range { first, used, end, element } => {
            let (size, start) = (layouts.get(element).size, word(first)?);
            let used = word(used)?.wrapping_sub(start).checked_div(size)?;
            Some(plain(start, used, word(end)?.wrapping_sub(start).checked_div(size)?, element, false))
        }
        known @ (Known::ShortString { .. } | Known::LocalString { .. } | Known::SharedString { .. }) => {
            string(layouts, known, value, (ty, offset))
        }
        Known::Map { places, length, spare, entry_bytes, .. } => {
            let length = value.number(offset.saturating_add(length), 4)?;
            let spare = value.number(offset.saturating_add(spare), 4)?;
            let capacity = length.saturating_add(spare);
            let address = word(places)?;
            Some(Room { address, length, capacity, element_bytes: entry_bytes, text: false, within: None })
        }
        Known::Table { control, mask, element } => {
            let buckets = word(mask)?.saturating_add(1);
            let capacity = if buckets < 8 { buckets.saturating_sub(1) } else { buckets / 8 * 7 };
            // The table of an empty map is a constant.
            let address = if buckets > 1 { word(control)? } else { 0 };
            let (items, _) = containers::member(layouts, ty, "items")?;
            Some(plain(address, word(items)?, capacity, element, false))
        }
        _ => None,
    }
}

/// The room of one of Rust's containers around a buffer.
fn sequence(layouts: &Layouts, value: Bytes<'_>, ty: LayoutId, offset: u64) -> Option<Room> {
    let word = |place: u64| value.word(offset.saturating_add(place));
    let (buffer, raw) = containers::member(layouts, ty, "buf")?;
    let Known::Buffer { pointer, capacity, element } = containers::known(layouts, raw, layouts.record(raw)?)? else {
        return None;
    };
    let (len, _) = containers::member(layouts, ty, "len")?;
    let (capacity, length) = (word(buffer + capacity)?, word(len)?);
    let element_bytes = layouts.get(element).size;
    // Values without a size have room for any number.
    let capacity = if element_bytes == 0 { length } else { capacity };
    let address = if capacity > 0 { word(buffer + pointer)? } else { 0 };
    let text = layouts.get(ty).name == "alloc::string::String";
    Some(Room { address, length, capacity, element_bytes, text, within: None })
}

/// The room of a string of C++.
fn string(layouts: &Layouts, known: Known, value: Bytes<'_>, (ty, offset): (LayoutId, u64)) -> Option<Room> {
    let word = |place: u64| value.word(offset.checked_add(place)?);
    let room = |element: LayoutId, length, capacity| {
        let element_bytes = layouts.get(element).size;
        // Texts of wider characters are elements.
        Room { address: 0, length, capacity, element_bytes, text: element_bytes == 1, within: None }
    };
    match known {
        Known::ShortString { pointer, element } => {
            if let Some(capacity) = containers::long_capacity(value, offset, pointer) {
                // The last character is for the zero behind the text.
                let room = room(element, word(value.word)?, capacity.saturating_sub(1));
                return Some(Room { address: word(pointer)?, ..room });
            }
            let own = layouts.get(ty).size;
            let capacity = own.checked_div(layouts.get(element).size)?.saturating_sub(2);
            let (start, length) = match pointer {
                0 => (offset, value.number(offset.checked_add(own.checked_sub(1)?)?, 1)?),
                _ => (offset.saturating_add(1), value.number(offset, 1)? >> 1),
            };
            Some(Room { within: Some(start), ..room(element, length.min(capacity), capacity) })
        }
        Known::LocalString { pointer, length, local, element } => {
            let (text, length, start) = (word(pointer)?, word(length)?, offset.checked_add(local)?);
            if text == value.address.checked_add(start)? {
                let room_bytes = layouts.get(ty).size.checked_sub(local)?;
                let capacity = room_bytes.checked_div(layouts.get(element).size)?.saturating_sub(1);
                return Some(Room { within: Some(start), ..room(element, length.min(capacity), capacity) });
            }
            Some(Room { address: text, ..room(element, length, word(local)?) })
        }
        Known::SharedString { pointer, element } => {
            let text = word(pointer)?;
            let before = |words: u64| value.word_at(text.checked_sub(words * value.word)?);
            Some(Room { address: text, ..room(element, before(3)?, before(2)?) })
        }
        _ => None,
    }
}
