//! The words of a value that may hold addresses, by its layout and its bytes.
//!
//! Padding, integers, payloads of cases that an enum is not in and elements past the length of a container are none.
//! Walks are worklists of bounded length: neither absurd layouts nor absurd bytes can make them long.

use std::collections::HashMap;

use super::block::{BlockType, Count, has_open_tail};
use super::containers::{self, Known};
use super::form::{Form, Language, LayoutId, Record, Scalar, Variant, Variants};
use super::types::Layouts;

/// Deepest nesting of values that is followed.
const MAX_NESTING: u32 = 48;

/// What a word points to, if it is an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Points {
    /// To something the type does not name.
    Untyped,
    /// To a value of this type, or to several.
    Value(LayoutId),
    /// To so many values of this type, which the word's holder owns; into a block that begins with something else it may
    /// lead too.
    Elements(LayoutId, u64),
    /// Into the hash table with buckets of this type.
    Table(LayoutId),
    /// To a value of the type whose vtable is at this address.
    Dynamic(u64),
}

/// A word that may hold an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Where it is, from the start of the block.
    pub offset: u64,
    /// Its value.
    pub value: u64,
    /// What it points to.
    pub points: Points,
    /// Whether the type says that it is a reference; if not, it merely may be.
    pub sure: bool,
}

/// Finds slots; remembers which types have none.
#[derive(Debug, Default)]
pub(super) struct Slots {
    pointless: HashMap<LayoutId, bool>,
}

struct Pending {
    ty: LayoutId,
    offset: u64,
    sure: bool,
    nesting: u32,
    /// How many values, `layouts.get(ty).size` apart.
    count: u64,
}

/// A value being read: its bytes, where they are, and the width of its words.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) word: u64,
    /// The address of the first byte.
    pub(super) address: u64,
    /// The memory that the value is in.
    pub(super) memory: &'a [u8],
}

impl<'a> Bytes<'a> {
    /// `size` bytes of a memory; none of them where not all are in it.
    pub(super) fn new(memory: &'a [u8], address: u64, size: u64, word: u64) -> Self {
        let start = usize::try_from(address).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        Self { bytes: memory.get(start..end).unwrap_or(&[]), word, address, memory }
    }

    /// The same from `start` on.
    pub(super) fn from(&self, start: u64) -> Option<Self> {
        let bytes = self.bytes.get(usize::try_from(start).ok()?..)?;
        Some(Self { bytes, address: self.address.saturating_add(start), ..*self })
    }

    /// The word at an address, inside of the value or elsewhere in the memory.
    pub(super) fn word_at(&self, address: u64) -> Option<u64> {
        Self::new(self.memory, address, self.word, self.word).word(0)
    }

    /// The unsigned number of `size` bytes at `offset`.
    pub(super) fn number(&self, offset: u64, size: u64) -> Option<u64> {
        let start = usize::try_from(offset).ok()?;
        let bytes = self.bytes.get(start..start.checked_add(usize::try_from(size.min(8)).ok()?)?)?;
        let mut value = [0u8; 8];
        value[..bytes.len()].copy_from_slice(bytes);
        Some(u64::from_le_bytes(value))
    }

    /// The word at `offset`.
    pub(super) fn word(&self, offset: u64) -> Option<u64> {
        self.number(offset, self.word)
    }
}

impl Slots {
    /// Gives the slots of a block that holds values of `block`, by offset. Null words are none.
    pub(super) fn of(&mut self, layouts: &Layouts, block: BlockType, value: Bytes<'_>) -> Vec<Slot> {
        let mut found = Vec::new();
        let size = layouts.get(block.ty).size;
        let length = value.bytes.len() as u64;
        let mut pending = Vec::new();
        match block.count {
            Count::One => {
                pending.push(Pending { ty: block.ty, offset: 0, sure: true, nesting: 0, count: 1 });
                // What a program keeps behind the one value it names may be anything.
                if size > 0 && size < length && !has_open_tail(layouts, block.ty) {
                    words(value, size, length - size, &mut found);
                }
            }
            Count::Many | Count::Counted | Count::ManyHeaded(_) => {
                let offset = block.first(layouts, length);
                let count = length.saturating_sub(offset).checked_div(size).unwrap_or(0);
                if block.count != Count::Counted {
                    words(value, 0, offset, &mut found);
                }
                pending.push(Pending { ty: block.ty, offset, sure: true, nesting: 0, count });
            }
            Count::Headed(header) => {
                let header = u64::from(header);
                words(value, 0, header, &mut found);
                pending.push(Pending { ty: block.ty, offset: header, sure: true, nesting: 0, count: 1 });
            }
            Count::Table => {
                for offset in containers::occupied(size, value) {
                    pending.push(Pending { ty: block.ty, offset, sure: true, nesting: 0, count: 1 });
                }
            }
        }
        // Every value that is visited takes room in the block or is one of few levels of an empty one.
        let mut budget = value.bytes.len().saturating_mul(8) + 4096;
        while let Some(next) = pending.pop() {
            if budget == 0 {
                break;
            }
            budget -= 1;
            self.visit(layouts, next, value, &mut pending, &mut found);
        }
        found.sort_by_key(|slot: &Slot| (slot.offset, !slot.sure));
        found.dedup_by_key(|slot| slot.offset);
        found
    }

    fn visit(
        &mut self,
        layouts: &Layouts,
        next: Pending,
        value: Bytes<'_>,
        pending: &mut Vec<Pending>,
        found: &mut Vec<Slot>,
    ) {
        let layout = layouts.get(next.ty);
        let outside = next.offset >= value.bytes.len() as u64;
        if outside || next.nesting > MAX_NESTING || next.count == 0 || self.pointless(layouts, next.ty) {
            return;
        }
        if next.count > 1 {
            if layout.size == 0 {
                return;
            }
            pending.push(Pending { offset: next.offset.saturating_add(layout.size), count: next.count - 1, ..next });
            pending.push(Pending { count: 1, ..next });
            return;
        }
        let at = next.offset;
        match &layout.form {
            // A block of a class without a description is searched as a whole.
            Form::Unknown if next.nesting == 0 => words(value, at, value.bytes.len() as u64, found),
            Form::Unknown => words(value, at, layout.size, found),
            Form::Scalar(Scalar::Address) => push(found, value, at, Points::Untyped, false),
            Form::Scalar(_) => {}
            Form::Pointer(target) => {
                push(found, value, at, target.map_or(Points::Untyped, Points::Value), next.sure);
            }
            Form::Array { element, count } => self.array(layouts, *element, *count, &next, value, pending, found),
            Form::Record(record) => match containers::known(layouts, next.ty, record) {
                Some(known) => known_slots(layouts, known, &next, value, pending, found),
                None => self.record(layouts, record, &next, value, pending, found),
            },
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a walk: what is walked, where, and what is collected")]
    fn array(
        &mut self,
        layouts: &Layouts,
        element: LayoutId,
        count: Option<u64>,
        next: &Pending,
        value: Bytes<'_>,
        pending: &mut Vec<Pending>,
        found: &mut Vec<Slot>,
    ) {
        let of = layouts.get(element);
        let room = (value.bytes.len() as u64).saturating_sub(next.offset);
        if raw_memory(layouts, element) {
            let size = count.map_or(room, |count| count.min(room));
            words(value, next.offset, size, found);
            return;
        }
        let fitting = room.checked_div(of.size).unwrap_or(0);
        let count = count.filter(|&count| count > 0).map_or(fitting, |count| count.min(fitting));
        pending.push(Pending { ty: element, offset: next.offset, sure: next.sure, nesting: next.nesting + 1, count });
    }

    fn record(
        &mut self,
        layouts: &Layouts,
        record: &Record,
        next: &Pending,
        value: Bytes<'_>,
        pending: &mut Vec<Pending>,
        found: &mut Vec<Slot>,
    ) {
        let nesting = next.nesting + 1;
        if record.open {
            words(value, next.offset, layouts.get(next.ty).size, found);
        }
        let sized = record.members.iter().filter(|member| layouts.get(member.ty).size > 0).count();
        let sure = next.sure && !(record.union && sized > 1);
        for member in &record.members {
            if member.bits.is_none() {
                pending.push(Pending {
                    ty: member.ty,
                    offset: next.offset.saturating_add(member.offset),
                    sure,
                    nesting,
                    count: 1,
                });
            }
        }
        let Some(variants) = &record.variants else { return };
        let (active, certain) = active(layouts, variants, next.offset, value);
        for member in active.iter().flat_map(|case| &case.members) {
            let offset = next.offset.saturating_add(member.offset);
            pending.push(Pending { ty: member.ty, offset, sure: sure && certain, nesting, count: 1 });
        }
    }

    /// Whether no value of the type can hold an address.
    pub(super) fn pointless(&mut self, layouts: &Layouts, ty: LayoutId) -> bool {
        if let Some(&known) = self.pointless.get(&ty) {
            return known;
        }
        let mut seen = std::collections::HashSet::new();
        let mut pending = vec![ty];
        let mut pointless = true;
        while let Some(at) = pending.pop() {
            if !seen.insert(at) {
                continue;
            }
            match &layouts.get(at).form {
                Form::Scalar(Scalar::Address) | Form::Pointer(_) | Form::Unknown => pointless = false,
                Form::Scalar(_) => {}
                Form::Array { element, .. } => {
                    pointless &= !raw_memory(layouts, *element);
                    pending.push(*element);
                }
                Form::Record(record) => {
                    pointless &= !record.open;
                    pending.extend(record.members.iter().map(|member| member.ty));
                    let cases = record.variants.iter().flat_map(|variants| &variants.cases);
                    pending.extend(cases.flat_map(|case| case.members.iter().map(|member| member.ty)));
                }
            }
            if !pointless {
                break;
            }
        }
        self.pointless.insert(ty, pointless);
        pointless
    }
}

/// Whether arrays of this type are used as raw memory, in which anything may be kept.
fn raw_memory(layouts: &Layouts, element: LayoutId) -> bool {
    let of = layouts.get(element);
    let raw = match of.language {
        Language::C | Language::Cpp => matches!(of.form, Form::Scalar(Scalar::Character)),
        Language::Zig => of.name == "u8",
        _ => false,
    };
    raw && of.size == 1
}

/// The cases that the bytes may be in, and whether that is one for certain.
pub(super) fn active<'a>(
    layouts: &Layouts,
    variants: &'a Variants,
    offset: u64,
    value: Bytes<'_>,
) -> (Vec<&'a Variant>, bool) {
    let Some((place, ty)) = variants.discriminant else {
        return (variants.cases.iter().collect(), variants.cases.len() == 1);
    };
    let size = layouts.get(ty).size.clamp(1, 8);
    let Some(tag) = value.number(offset.saturating_add(place), size) else { return (Vec::new(), true) };
    let mask = if size == 8 { u64::MAX } else { (1 << (8 * size)) - 1 };
    let selected = variants.cases.iter().find(|case| case.value.is_some_and(|known| known as u64 & mask == tag));
    if let Some(selected) = selected {
        return (vec![selected], true);
    }
    let rest: Vec<&Variant> = variants.cases.iter().filter(|case| case.value.is_none()).collect();
    let certain = rest.len() == 1 && !rest[0].listed;
    (rest, certain)
}

fn push(found: &mut Vec<Slot>, value: Bytes<'_>, offset: u64, points: Points, sure: bool) {
    if let Some(word) = value.word(offset).filter(|&word| word != 0) {
        found.push(Slot { offset, value: word, points, sure });
    }
}

/// Every aligned word of a range, as what merely may be an address.
pub(super) fn words(value: Bytes<'_>, start: u64, size: u64, found: &mut Vec<Slot>) {
    let end = start.saturating_add(size).min(value.bytes.len() as u64);
    let mut offset = start.next_multiple_of(value.word);
    while offset + value.word <= end {
        push(found, value, offset, Points::Untyped, false);
        offset += value.word;
    }
}

fn known_slots(
    layouts: &Layouts,
    known: Known,
    next: &Pending,
    value: Bytes<'_>,
    pending: &mut Vec<Pending>,
    found: &mut Vec<Slot>,
) {
    let at = next.offset;
    let inside = |ty, offset, count| Pending { ty, offset, sure: next.sure, nesting: next.nesting + 1, count };
    match known {
        Known::Opaque => {}
        Known::Buffer { pointer, capacity, element } | Known::Room { pointer, capacity, element, .. } => {
            let capacity = value.word(at.saturating_add(capacity)).unwrap_or(0);
            if capacity > 0 && layouts.get(element).size > 0 {
                push(found, value, at.saturating_add(pointer), Points::Elements(element, capacity), next.sure);
            }
        }
        Known::Range { first, end, element, .. } => {
            let bytes = value
                .word(at.saturating_add(end))
                .unwrap_or(0)
                .wrapping_sub(value.word(at.saturating_add(first)).unwrap_or(0));
            let capacity = bytes.checked_div(layouts.get(element).size).unwrap_or(0);
            if capacity > 0 {
                push(found, value, at.saturating_add(first), Points::Elements(element, capacity), next.sure);
            }
        }
        Known::ShortString { pointer, element } => {
            if let Some(capacity) = containers::long_capacity(value, at, pointer) {
                push(found, value, at.saturating_add(pointer), Points::Elements(element, capacity), next.sure);
            }
        }
        Known::Table { control, mask, element } => {
            if value.word(at.saturating_add(mask)).unwrap_or(0) > 0 {
                push(found, value, at.saturating_add(control), Points::Table(element), next.sure);
            }
        }
        Known::LocalString { pointer, local, element, .. } => {
            let text = value.word(at.saturating_add(pointer)).unwrap_or(0);
            if text != value.address.saturating_add(at).saturating_add(local) {
                let capacity = value.word(at.saturating_add(local)).unwrap_or(0).saturating_add(1);
                push(found, value, at.saturating_add(pointer), Points::Elements(element, capacity), next.sure);
            }
        }
        // The text stands behind what the block begins with.
        Known::SharedString { pointer, element } => {
            push(found, value, at.saturating_add(pointer), Points::Elements(element, 0), next.sure);
        }
        Known::Map { places, place, .. } => {
            push(found, value, at.saturating_add(places), Points::Elements(place, 0), next.sure);
        }
        Known::Places { .. } => {
            let Some(places) = containers::Places::new(layouts, Some(known), at, value) else { return };
            for entry in places.entries(layouts) {
                pending.extend([entry.key, entry.value].into_iter().flatten().map(|(place, ty)| inside(ty, place, 1)));
            }
        }
        Known::Group { slot, .. } => {
            for offset in containers::in_use(layouts, known, at, value) {
                pending.push(inside(slot, offset, 1));
            }
        }
        Known::Slice { pointer, length, element } => {
            if value.word(at.saturating_add(length)).unwrap_or(0) > 0 {
                push(found, value, at.saturating_add(pointer), Points::Value(element), next.sure);
            }
        }
        Known::Dynamic { pointer, vtable } => {
            let vtable = value.word(at.saturating_add(vtable)).unwrap_or(0);
            push(found, value, at.saturating_add(pointer), Points::Dynamic(vtable), next.sure);
        }
        Known::Node { parent, keys, values, length } => {
            pending.push(inside(parent.1, at.saturating_add(parent.0), 1));
            let count = value.number(at.saturating_add(length), 2).unwrap_or(0);
            for (offset, ty) in [keys, values] {
                pending.push(inside(ty, at.saturating_add(offset), containers::NODE_CAPACITY.min(count)));
            }
        }
        Known::InnerNode { data, edges, length } => {
            pending.push(inside(data, at, 1));
            let count = value.number(at.saturating_add(length), 2).unwrap_or(0).min(containers::NODE_CAPACITY) + 1;
            pending.push(inside(edges.1, at.saturating_add(edges.0), count));
        }
    }
}
