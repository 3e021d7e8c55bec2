//! Type descriptors: what Go's runtime knows of the types of values, in the memory of every program.

use std::collections::HashMap;
use std::ops::Range;

use super::WORD;
use super::image::View;

/// Most fields of a struct that are read.
const MAX_FIELDS: u64 = 1 << 14;
/// Longest name of a type.
const MAX_NAME: u64 = 1 << 14;
/// Bytes of what all descriptors have in common.
const COMMON: u64 = 48;
/// The name of a type has a star in front that does not belong to it.
const EXTRA_STAR: u64 = 2;

/// What a type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `bool`.
    Bool,
    /// A number with a sign.
    Signed,
    /// A number without; `uintptr` too, which the collector takes for a number.
    Unsigned,
    /// A number with a fraction.
    Float,
    /// Two of these.
    Complex,
    /// So many values of a type.
    Array(u64, u64),
    /// A channel.
    Channel,
    /// A function value.
    Function,
    /// An interface.
    Interface,
    /// A map.
    Map,
    /// A pointer to a type.
    Pointer(u64),
    /// A slice of a type.
    Slice(u64),
    /// `string`.
    Text,
    /// A struct.
    Struct,
    /// `unsafe.Pointer`.
    Unsafe,
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its name.
    pub(crate) name: String,
    /// Bytes from the start of the struct.
    pub(crate) offset: u64,
    /// The descriptor of its type.
    pub(crate) ty: u64,
    /// Its size in bytes.
    pub(crate) size: u64,
}

/// Reads descriptors in a memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Descriptors<'a> {
    view: View<'a>,
    start: u64,
    end: u64,
}

impl<'a> Descriptors<'a> {
    /// Those of a program: `types` is where the linker has put them.
    pub(crate) fn new(memory: &'a [u8], types: &Range<u64>) -> Self {
        Self { view: View(memory), start: types.start, end: types.end }
    }

    /// Bytes of a value.
    pub(crate) fn size(self, ty: u64) -> Option<u64> {
        self.view.word(ty)
    }

    /// What it is; none for what is no descriptor.
    pub(crate) fn kind(self, ty: u64) -> Option<Kind> {
        if ty < self.start || !ty.is_multiple_of(WORD) || ty > u64::from(u32::MAX) {
            return None;
        }
        let target = || self.view.word(ty + COMMON);
        Some(match self.view.number(ty + 23, 1)? & 31 {
            1 => Kind::Bool,
            2..=6 => Kind::Signed,
            7..=12 => Kind::Unsigned,
            13 | 14 => Kind::Float,
            15 | 16 => Kind::Complex,
            17 => Kind::Array(target()?, self.view.word(ty + COMMON + 16)?),
            18 => Kind::Channel,
            19 => Kind::Function,
            20 => Kind::Interface,
            21 => Kind::Map,
            22 => Kind::Pointer(target()?),
            23 => Kind::Slice(target()?),
            24 => Kind::Text,
            25 => Kind::Struct,
            26 => Kind::Unsafe,
            _ => return None,
        })
    }

    /// The name as the source has it, with the package's name: `main.Node`, `map[string]int`.
    pub(crate) fn name(self, ty: u64) -> Option<&'a str> {
        let offset = u64::try_from(self.view.signed(ty + 40)?).ok().filter(|&offset| offset > 0)?;
        let at = self.start.checked_add(offset).filter(|&at| at < self.end)?;
        let name = self.text(at)?;
        let star = self.view.number(ty + 20, 1)? & EXTRA_STAR != 0;
        if star { name.strip_prefix('*') } else { Some(name) }
    }

    /// A name: a byte of flags, its length, its bytes.
    fn text(self, at: u64) -> Option<&'a str> {
        let (length, start) = self.view.variable(at.checked_add(1)?)?;
        let bytes = self.view.bytes(start..start.checked_add(length.min(MAX_NAME))?)?;
        std::str::from_utf8(bytes).ok()
    }

    /// The fields of a struct.
    pub(crate) fn fields(self, ty: u64) -> Option<Vec<Part>> {
        let (first, count) = (self.view.word(ty + COMMON + 8)?, self.view.word(ty + COMMON + 16)?);
        if first >= self.view.0.len() as u64 {
            return None;
        }
        let field = |index: u64| {
            let at = first + 3 * WORD * index;
            let ty = self.view.word(at + 8)?;
            let name = self.text(self.view.word(at)?)?.to_owned();
            Some(Part { name, offset: self.view.word(at + 16)?, ty, size: self.size(ty)? })
        };
        (count <= MAX_FIELDS).then(|| (0..count).map(field).collect())?
    }

    /// Descriptors of structs by name, for the names that are wanted. Time O(bytes of all descriptors).
    pub(crate) fn structs(self, wanted: &[&'static str]) -> HashMap<&'static str, u64> {
        let mut found = HashMap::new();
        let last = self.end.min(self.view.0.len() as u64).saturating_sub(COMMON);
        for at in (self.start.next_multiple_of(WORD)..last).step_by(WORD as usize) {
            if self.view.number(at + 23, 1).is_none_or(|kind| kind & 31 != 25) {
                continue;
            }
            let name = self.name(at).and_then(|name| wanted.iter().find(|wanted| **wanted == name));
            if let Some(name) = name.filter(|_| self.fields(at).is_some_and(|fields| !fields.is_empty())) {
                found.entry(*name).or_insert(at);
            }
        }
        found
    }
}
