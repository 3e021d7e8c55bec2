//! The contents of a typed block: its fields with their values, and the containers it holds with their room.
//!
//! Reads a copy of the memory; texts, fields and nesting are limited, and everything the bytes say is checked against
//! what the memory has.

use heapy_engine::Relation;

use super::block::{BlockType, Count};
use super::containers;
use super::form::{Form, LayoutId, Scalar};
use super::present::{self, View};
use super::room::{self, Room};
use super::slots::Bytes;
use super::types::Layouts;
use super::typing::{Typed, bytes_of};
use crate::paused::Paused;

/// Fields that are given of one block.
pub const MAX_FIELDS: usize = 1000;
/// Bytes of a text that are given.
pub const MAX_TEXT_BYTES: u64 = 200;

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number below zero or of a signed type.
    Signed(i64),
    /// A number.
    Unsigned(u64),
    /// A number with a fraction.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// A character.
    Character(char),
    /// The name of an enumerator.
    Named(String),
    /// An address; 0 is null.
    Pointer(u64),
    /// A text, and whether it goes on.
    Text {
        /// What is given of it.
        text: String,
        /// Whether there is more.
        more: bool,
    },
    /// A container: see [`Container`].
    Container(Container),
    /// Bytes that the type does not describe, at most 16 of them.
    Bytes(Vec<u8>),
}

/// A container inside a block.
#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    /// Where its elements are; 0 where there is no room for any.
    pub address: u64,
    /// Elements in use.
    pub length: u64,
    /// Elements there is room for.
    pub capacity: u64,
    /// Bytes of an element.
    pub element_bytes: u64,
    /// Its text, where it is one, and whether it goes on.
    pub text: Option<(String, bool)>,
}

impl Container {
    /// Bytes of room that no element takes.
    #[must_use]
    pub const fn wasted_bytes(&self) -> u64 {
        self.capacity.saturating_sub(self.length).saturating_mul(self.element_bytes)
    }
}

/// A field of a block with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldValue {
    /// Its name: `left`, `name.first`, `[3].key`; of a block that is one plain value empty.
    pub name: String,
    /// Bytes from the start of the block.
    pub offset: u64,
    /// Its type.
    pub type_name: String,
    /// Its value.
    pub value: Value,
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |f: &mut std::fmt::Formatter<'_>, text: &str, more: bool| {
            write!(f, "{text:?}{}", if more { "..." } else { "" })
        };
        match self {
            Self::Signed(number) => write!(f, "{number}"),
            Self::Unsigned(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Character(character) => write!(f, "{character:?}"),
            Self::Named(name) => f.write_str(name),
            Self::Pointer(0) => f.write_str("null"),
            Self::Pointer(address) => write!(f, "{address:#x}"),
            Self::Text { text: shown, more } => text(f, shown, *more),
            Self::Container(Container { text: Some((shown, more)), .. }) => text(f, shown, *more),
            Self::Container(of) => write!(f, "{} of {} elements at {:#x}", of.length, of.capacity, of.address),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

/// Library types around a key that are looked through.
const MAX_WRAPPERS: usize = 24;

impl Typed {
    /// The fields of a block by offset, at most [`MAX_FIELDS`]; none where the block's type is not known.
    #[must_use]
    pub fn fields(&self, paused: &Paused, block: usize) -> Option<Vec<FieldValue>> {
        let typed = self.blocks.get(block)?;
        let ty = typed.class.or(typed.ty)?;
        let of = paused.blocks.get(block)?;
        let value = bytes_of(paused, of.address, of.size, self.word);
        Some(Reading { layouts: &self.layouts, paused, value, found: Vec::new() }.fields(ty))
    }

    /// The containers in a block, by offset.
    #[must_use]
    pub fn containers(&self, paused: &Paused, block: usize) -> Vec<Container> {
        let fields = self.fields(paused, block).unwrap_or_default();
        let containers = fields.into_iter().filter_map(|field| match field.value {
            Value::Container(container) => Some(container),
            _ => None,
        });
        containers.collect()
    }
}

/// What a map holds under a key, as the source writes it: texts, numbers, names of enumerators; none for other keys.
pub(super) fn under_key(
    layouts: &Layouts,
    paused: &Paused,
    value: Bytes<'_>,
    ty: LayoutId,
    offset: u64,
) -> Option<Relation> {
    let reading = Reading { layouts, paused, value, found: Vec::new() };
    let mut at = ty;
    for _ in 0..MAX_WRAPPERS {
        if let Some(container) = reading.container(at, offset) {
            return container.text.map(|(text, _)| Relation::Key(text));
        }
        let Some(inner) = present::inner(layouts, at) else { break };
        at = inner;
    }
    Some(match reading.plain(at, offset)? {
        Value::Text { text, .. } => Relation::Key(text),
        Value::Character(character) => Relation::Key(character.to_string()),
        Value::Unsigned(number) => Relation::Index(number),
        Value::Signed(number) => under_number(number),
        Value::Bool(truth) => Relation::Literal(truth.to_string()),
        // Names come from the guest.
        Value::Named(name) if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            Relation::Literal(name)
        }
        _ => return None,
    })
}

/// What a map holds under a number.
pub(super) fn under_number(number: i64) -> Relation {
    u64::try_from(number).map_or_else(|_| Relation::Literal(number.to_string()), Relation::Index)
}

struct Reading<'a> {
    layouts: &'a Layouts,
    paused: &'a Paused,
    value: Bytes<'a>,
    found: Vec<FieldValue>,
}

impl Reading<'_> {
    fn fields(mut self, ty: BlockType) -> Vec<FieldValue> {
        let size = self.layouts.get(ty.ty).size;
        let mut pending: Vec<(LayoutId, u64, String)> = Vec::new();
        match ty.count {
            Count::One | Count::Headed(_) => {
                pending.push((ty.ty, ty.first(self.layouts, self.value.bytes.len() as u64), String::new()));
            }
            Count::Many | Count::Counted | Count::ManyHeaded(_) => {
                let length = self.value.bytes.len() as u64;
                let start = ty.first(self.layouts, length);
                let room = length.saturating_sub(start);
                let count = room.checked_div(size).unwrap_or(0).min(MAX_FIELDS as u64);
                pending.extend((0..count).rev().map(|index| (ty.ty, start + index * size, format!("[{index}]"))));
            }
            Count::Table => {
                let buckets = containers::occupied(size, self.value);
                let named = buckets.into_iter().take(MAX_FIELDS).enumerate();
                pending.extend(named.map(|(index, offset)| (ty.ty, offset, format!("[{index}]"))));
                pending.reverse();
            }
        }
        while let Some((ty, offset, name)) = pending.pop() {
            if self.found.len() >= MAX_FIELDS {
                break;
            }
            self.visit(ty, offset, name, &mut pending);
        }
        self.found
    }

    fn visit(&mut self, ty: LayoutId, offset: u64, name: String, pending: &mut Vec<(LayoutId, u64, String)>) {
        if let Some(container) = self.container(ty, offset) {
            return self.push(ty, offset, name, Value::Container(container));
        }
        let inner = present::unwrapped(self.layouts, ty);
        if inner != ty {
            return pending.push((inner, offset, name));
        }
        let known = self.layouts.record(ty).and_then(|record| containers::known(self.layouts, ty, record));
        if let Some(places) = containers::Places::new(self.layouts, known, offset, self.value) {
            let of = |part: Option<(u64, LayoutId)>, index: usize, what: &str| {
                part.map(|(place, ty)| (ty, place, format!("{name}[{index}].{what}")))
            };
            let entries = places.entries(self.layouts).take(MAX_FIELDS).enumerate();
            let parts =
                entries.flat_map(|(index, entry)| [of(entry.key, index, "key"), of(entry.value, index, "value")]);
            let first = pending.len();
            pending.extend(parts.flatten());
            return pending[first..].reverse();
        }
        match present::view(self.layouts, ty, Some((self.value, offset))) {
            View::Parts(parts) => {
                for part in parts.into_iter().rev() {
                    if part.name.is_empty() {
                        continue;
                    }
                    let path = if name.is_empty() { part.name } else { format!("{name}.{}", part.name) };
                    if let Some((first, bits)) = part.bits {
                        self.bit_field(part.ty, offset, path, first, bits);
                    } else if self.layouts.get(part.ty).size > 0 {
                        pending.push((part.ty, offset + part.offset, path));
                    }
                }
            }
            View::Array(element) => {
                let size = self.layouts.get(element).size;
                let length = self.layouts.get(ty).size.checked_div(size).unwrap_or(0).min(MAX_FIELDS as u64);
                if let Some(text) = self.inline_text(element, offset, length) {
                    return self.push(ty, offset, name, text);
                }
                pending.extend(
                    (0..length).rev().map(|index| (element, offset + index * size, format!("{name}[{index}]"))),
                );
            }
            View::Pointer | View::Scalar | View::Opaque => {
                if let Some(value) = self.plain(ty, offset) {
                    self.push(ty, offset, name, value);
                }
            }
        }
    }

    fn push(&mut self, ty: LayoutId, offset: u64, name: String, value: Value) {
        let type_name = self.layouts.get(ty).name.clone();
        self.found.push(FieldValue { name, offset, type_name, value });
    }

    fn bit_field(&mut self, ty: LayoutId, offset: u64, name: String, first: u32, bits: u32) {
        let byte = offset + u64::from(first / 8);
        let room = (self.value.bytes.len() as u64).saturating_sub(byte).min(8);
        let Some(word) = self.value.number(byte, room) else { return };
        let shifted = word.checked_shr(first % 8).unwrap_or(0);
        let mask = 1u64.checked_shl(bits).map_or(u64::MAX, |bit| bit - 1);
        self.push(ty, byte, name, Value::Unsigned(shifted & mask));
    }

    fn plain(&self, ty: LayoutId, offset: u64) -> Option<Value> {
        let layout = self.layouts.get(ty);
        let size = layout.size.min(8);
        Some(match &layout.form {
            Form::Scalar(scalar) => scalar_value(scalar, self.value.number(offset, size)?, size),
            Form::Pointer(target) => {
                let address = self.value.word(offset)?;
                let text = target.filter(|&target| is_character(self.layouts, target));
                match text.and_then(|_| self.text_until_nul(address)) {
                    Some((text, more)) => Value::Text { text, more },
                    None => Value::Pointer(address),
                }
            }
            Form::Record(_) => Value::Pointer(self.value.word(offset)?),
            Form::Unknown | Form::Array { .. } => {
                let end = (offset + layout.size.clamp(1, 16)).min(self.value.bytes.len() as u64);
                Value::Bytes(self.value.bytes.get(offset as usize..end as usize)?.to_vec())
            }
        })
    }

    /// The container that a value is, if it is one.
    fn container(&self, ty: LayoutId, offset: u64) -> Option<Container> {
        let room = room::room(self.layouts, self.value, ty, offset)?;
        let Room { address, length, capacity, element_bytes, .. } = room;
        let text = match room.within {
            Some(start) if room.text => {
                let start = usize::try_from(start).ok()?;
                let bytes = self.value.bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)?;
                Some((String::from_utf8_lossy(bytes).into_owned(), false))
            }
            _ => room.text.then(|| self.text(address, length)).flatten(),
        };
        Some(Container { address, length, capacity, element_bytes, text })
    }

    fn text(&self, address: u64, length: u64) -> Option<(String, bool)> {
        let shown = length.min(MAX_TEXT_BYTES);
        let start = usize::try_from(address).ok()?;
        let bytes = self.paused.memory.get(start..start.checked_add(usize::try_from(shown).ok()?)?)?;
        Some((String::from_utf8_lossy(bytes).into_owned(), shown < length))
    }

    fn text_until_nul(&self, address: u64) -> Option<(String, bool)> {
        if address == 0 {
            return None;
        }
        let rest = self.paused.memory.get(usize::try_from(address).ok()?..)?;
        let shown = &rest[..rest.len().min(MAX_TEXT_BYTES as usize)];
        let length = shown.iter().position(|&byte| byte == 0).unwrap_or(shown.len());
        let text = std::str::from_utf8(&shown[..length]).ok()?;
        Some((text.to_owned(), length == shown.len()))
    }

    /// The text in an array of characters.
    fn inline_text(&self, element: LayoutId, offset: u64, length: u64) -> Option<Value> {
        if !is_character(self.layouts, element) {
            return None;
        }
        let start = usize::try_from(offset).ok()?;
        let bytes = self.value.bytes.get(start..start + usize::try_from(length.min(MAX_TEXT_BYTES)).ok()?)?;
        let used = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        let text = std::str::from_utf8(&bytes[..used]).ok()?.to_owned();
        Some(Value::Text { text, more: used == bytes.len() && length > MAX_TEXT_BYTES })
    }
}

fn is_character(layouts: &Layouts, ty: LayoutId) -> bool {
    let layout = layouts.get(ty);
    layout.size == 1 && layout.name == "char" && layout.form_is_character()
}

fn scalar_value(scalar: &Scalar, number: u64, size: u64) -> Value {
    let unused = 64 - 8 * size.clamp(1, 8) as u32;
    let signed = ((number << unused) as i64) >> unused;
    match scalar {
        Scalar::Signed => Value::Signed(signed),
        Scalar::Unsigned | Scalar::Address => Value::Unsigned(number),
        Scalar::Float if size == 4 => Value::Float(f64::from(f32::from_bits(number as u32))),
        Scalar::Float => Value::Float(f64::from_bits(number)),
        Scalar::Bool => Value::Bool(number != 0),
        Scalar::Character => char::from_u32(number as u32).map_or(Value::Unsigned(number), Value::Character),
        Scalar::Enumeration(names) => names
            .iter()
            .find(|&&(known, _)| known == signed || known as u64 == number)
            .map_or(Value::Signed(signed), |(_, name)| Value::Named(name.clone())),
    }
}
