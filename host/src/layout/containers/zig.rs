//! Slices, lists and hash maps of Zig.

use super::Known;
use crate::layout::form::{LayoutId, Record};
use crate::layout::slots::Bytes;
use crate::layout::types::Layouts;

/// How the types begin that keep a hash map's entries: in the newest standard library, and before.
const MAPS: [&str; 2] = ["hash_map.Custom(", "hash_map.HashMapUnmanaged("];
/// How the block of such a map is called.
pub(in crate::layout) const TABLE: &str = "hash table of ";

/// What is known of a record of Zig.
pub(super) fn known(layouts: &Layouts, name: &str, record: &Record) -> Option<Known> {
    if let [first, second] = &record.members[..]
        && let Some(element) = layouts.target(first.ty).filter(|_| first.name == "ptr" && second.name == "len")
    {
        return Some(Known::Slice { pointer: first.offset, length: second.offset, element });
    }
    if ["array_list.Aligned(", "array_list.AlignedManaged("].iter().any(|prefix| name.starts_with(prefix)) {
        return list(layouts, record);
    }
    if is_map(name) {
        return map(layouts, record);
    }
    name.strip_prefix(TABLE).filter(|of| is_map(of)).and_then(|_| table(layouts, record))
}

/// Whether a type of this name, and no part of one, is a hash map.
pub(in crate::layout) fn is_map(name: &str) -> bool {
    name.ends_with(')') && MAPS.iter().any(|prefix| name.starts_with(prefix))
}

fn list(layouts: &Layouts, record: &Record) -> Option<Known> {
    let find = |wanted: &str| record.members.iter().find(|member| member.name == wanted);
    let (items, capacity) = (find("items")?, find("capacity")?);
    let Known::Slice { pointer, length, element } = known(layouts, "", layouts.record(items.ty)?)? else { return None };
    let inside = |offset: u64| items.offset.saturating_add(offset);
    Some(Known::Room {
        pointer: inside(pointer),
        length: inside(length),
        capacity: capacity.offset,
        element,
        text: false,
    })
}

/// The map itself, whose header was put with it as a parameter: see [`Layouts::take`].
fn map(layouts: &Layouts, record: &Record) -> Option<Known> {
    let find = |wanted: &str| record.members.iter().find(|member| member.name == wanted);
    let (_, header) = record.parameters.iter().find(|(name, _)| name == "Header")?;
    let places = find("metadata")?;
    let place = layouts.target(places.ty)?;
    let part = |wanted: &str| {
        let (_, pointer) = super::member(layouts, *header, wanted)?;
        Some(layouts.target(pointer).map_or(0, |of| layouts.get(of).size))
    };
    let entry_bytes = part("keys")?.saturating_add(part("values")?).saturating_add(layouts.get(place).size);
    let (length, spare) = (find("size")?.offset, find("available")?.offset);
    Some(Known::Map { places: places.offset, place, length, spare, entry_bytes })
}

fn table(layouts: &Layouts, record: &Record) -> Option<Known> {
    let find = |wanted: &str| record.members.iter().find(|member| member.name == wanted);
    let part = |wanted: &str| find(wanted).map(|member| (member.offset, layouts.target(member.ty)));
    let (count, header) = (find("capacity")?.offset, find("places")?.offset);
    Some(Known::Places { values: part("values")?, keys: part("keys")?, count, header })
}

/// Where keys and values in use are in the block of a map's table.
#[derive(Debug)]
pub(in crate::layout) struct Places {
    /// Where the first key would be, and the type of keys.
    keys: Option<(u64, LayoutId)>,
    /// The same of the values.
    values: Option<(u64, LayoutId)>,
    /// The places in use, ascending.
    used: Vec<u64>,
}

/// An entry of a map's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::layout) struct Entry {
    /// Where its key is, and of which type.
    pub(in crate::layout) key: Option<(u64, LayoutId)>,
    /// The same of its value.
    pub(in crate::layout) value: Option<(u64, LayoutId)>,
}

impl Places {
    /// Those of a table that begins at `at`; none where it is no table. Time linear in its places.
    pub(in crate::layout) fn new(layouts: &Layouts, known: Option<Known>, at: u64, value: Bytes<'_>) -> Option<Self> {
        let Known::Places { values, keys, count, header } = known? else { return None };
        // The pointers lead into the block itself.
        let part = |(place, ty): (u64, Option<LayoutId>)| {
            let start = value.word(at.checked_add(place)?)?.checked_sub(value.address)?;
            ty.filter(|&ty| start < value.bytes.len() as u64 && layouts.get(ty).size > 0).map(|ty| (start, ty))
        };
        let first = at.checked_add(header)?;
        let count = value.number(at.checked_add(count)?, 4)?.min((value.bytes.len() as u64).saturating_sub(first));
        let is_used = |place: &u64| value.number(first + place, 1).is_some_and(|byte| byte & 0x80 != 0);
        Some(Self { keys: part(keys), values: part(values), used: (0..count).filter(is_used).collect() })
    }

    /// The entries, in the order of the table.
    pub(in crate::layout) fn entries(&self, layouts: &Layouts) -> impl Iterator<Item = Entry> {
        let place = |part: Option<(u64, LayoutId)>, index: u64| {
            part.map(|(start, ty)| (start.saturating_add(index.saturating_mul(layouts.get(ty).size)), ty))
        };
        self.used.iter().map(move |&index| Entry { key: place(self.keys, index), value: place(self.values, index) })
    }

    /// The entry that the word at `offset` is part of, and its number.
    pub(in crate::layout) fn at(&self, layouts: &Layouts, offset: u64) -> Option<(u64, Entry)> {
        let index = |(start, ty): (u64, LayoutId)| offset.checked_sub(start)?.checked_div(layouts.get(ty).size);
        // What of the two is further behind ends the other.
        let mut parts: Vec<(u64, LayoutId)> = self.keys.into_iter().chain(self.values).collect();
        parts.sort_unstable();
        let place = parts.into_iter().rev().find_map(index)?;
        let number = self.used.binary_search(&place).ok()?;
        Some((number as u64, self.entries(layouts).nth(number)?))
    }
}
