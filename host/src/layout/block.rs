//! The type of a block: of what, and how many.

use heapy_engine::TypeEvidence;

use super::form::{Form, Language, LayoutId};
use super::slots::Bytes;
use super::types::Layouts;

/// Bytes of the headers that allocators put before what they give.
pub(super) const HEADERS: [u64; 2] = [8, 16];

/// How many values a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Count {
    /// One value, perhaps with a tail of open length.
    One,
    /// Values side by side, as many as fit.
    Many,
    /// Values side by side behind a word or two that tell how many: what C++'s `new T[n]` makes where `T` has a
    /// destructor.
    Counted,
    /// One value behind a header of so many bytes, in which an allocator around another one keeps the size it was asked
    /// for.
    Headed(u8),
    /// Values side by side behind such a header.
    ManyHeaded(u8),
    /// The buckets of a hash table with their control bytes behind them.
    Table,
}

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockType {
    /// The type of the value, or of each of them.
    pub ty: LayoutId,
    /// How many.
    pub count: Count,
    /// Whether the block is backing storage of a container, which owns it.
    pub storage: bool,
}

/// A type of a block and what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidenced {
    /// The type.
    pub block: BlockType,
    /// What it rests on.
    pub evidence: TypeEvidence,
}

/// The operator of C++ that gave a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `operator new`: one value.
    New,
    /// `operator new[]`: several.
    NewArray,
}

impl Operator {
    /// The operator that a function of this name is.
    pub(super) fn named(function: &str) -> Option<Self> {
        let starts = |prefixes: [&str; 2]| prefixes.iter().any(|prefix| function.starts_with(prefix));
        if function == "operator new" || starts(["_Znw", "operator new("]) {
            Some(Self::New)
        } else if starts(["_Zna", "operator new[]"]) {
            Some(Self::NewArray)
        } else {
            None
        }
    }
}

impl BlockType {
    /// One value.
    #[must_use]
    pub const fn one(ty: LayoutId) -> Self {
        Self { ty, count: Count::One, storage: false }
    }

    /// Where the first value begins in a block of `size` bytes.
    #[must_use]
    pub fn first(self, layouts: &Layouts, size: u64) -> u64 {
        match self.count {
            Count::Counted => size.checked_rem(layouts.get(self.ty).size).unwrap_or(0),
            Count::Headed(header) | Count::ManyHeaded(header) => u64::from(header),
            _ => 0,
        }
    }

    /// Values behind a header, in a block of `size` bytes: one, or as many as there is room for.
    pub(super) fn behind(self, layouts: &Layouts, header: u64, size: u64) -> Option<Self> {
        let room = size.checked_sub(header).filter(|_| HEADERS.contains(&header))?;
        let header = header as u8;
        let fitted = self.fitted(layouts, room).or_else(|| {
            // Sizes may have been rounded up to a multiple of eight.
            let exact = layouts.get(self.ty).size;
            self.fitted(layouts, exact).filter(|_| exact > 0 && exact <= room && room - exact < 8)
        })?;
        let count = match fitted.count {
            Count::One => Count::Headed(header),
            Count::Many => Count::ManyHeaded(header),
            _ => return None,
        };
        Some(Self { count, ..fitted })
    }

    /// Whether the bytes of a block bear its type out: a header holds the size that was asked for.
    pub(super) fn is_borne_out(self, value: Bytes<'_>) -> bool {
        match self.count {
            Count::Headed(header) | Count::ManyHeaded(header) => has_header(value, u64::from(header)),
            _ => true,
        }
    }

    /// Values side by side in the storage of a container.
    #[must_use]
    pub const fn storage(ty: LayoutId) -> Self {
        Self { ty, count: Count::Many, storage: true }
    }

    /// The same for a block of `size` bytes that this operator of C++ gave; none where it cannot have given such values.
    pub(super) fn by_operator(self, layouts: &Layouts, operator: Operator, size: u64) -> Option<Self> {
        let of = layouts.get(self.ty);
        // A variable in the line of `new T` may lead to something else.
        if operator == Operator::New && !self.storage && matches!(of.form, Form::Scalar(_)) && of.size != size {
            return None;
        }
        let rest = size.checked_rem(of.size);
        let count = match (operator, self.count) {
            // A larger block than the variable's type asks for is one value of a derived class.
            (Operator::New, Count::Many) if !self.storage => Count::One,
            (Operator::NewArray, Count::One) if rest.is_some_and(|rest| matches!(rest, 4 | 8 | 16)) => Count::Counted,
            (_, count) => count,
        };
        Some(Self { count, ..self })
    }

    /// The type with the count that a block of `size` bytes has room for; none where it cannot hold such values.
    #[must_use]
    pub fn fitted(self, layouts: &Layouts, size: u64) -> Option<Self> {
        let layout = layouts.get(self.ty);
        let strict = layout.language == Language::Rust;
        match self.count {
            Count::Table => Some(self),
            Count::Many if layout.size == 0 => None,
            Count::Many => (!strict || size.is_multiple_of(layout.size)).then_some(self),
            Count::One => one_fitted(self, layouts, size, strict),
            Count::Counted => (layout.size > 0).then_some(self),
            Count::Headed(_) | Count::ManyHeaded(_) => Some(self),
        }
    }
}

/// Whether a block begins with a header of so many bytes, in which the size stands that was asked for.
pub(super) fn has_header(value: Bytes<'_>, header: u64) -> bool {
    let asked = (value.bytes.len() as u64).checked_sub(header);
    // The size may have been rounded up to a multiple of eight.
    let kept = |at: u64| asked.zip(value.number(at, 4)).is_some_and(|(asked, kept)| kept <= asked && asked - kept < 8);
    header >= 4 && (kept(0) || kept(header - 4))
}

fn one_fitted(block: BlockType, layouts: &Layouts, size: u64, strict: bool) -> Option<BlockType> {
    let layout = layouts.get(block.ty);
    let open = has_open_tail(layouts, block.ty);
    if layout.size == size || open && size >= layout.size {
        return Some(block);
    }
    if strict || layout.size == 0 || size < layout.size {
        return None;
    }
    let many = size.is_multiple_of(layout.size) || !matches!(layout.form, Form::Record(_));
    Some(BlockType { count: if many { Count::Many } else { Count::One }, ..block })
}

/// Whether a record ends in an array without a length.
pub(super) fn has_open_tail(layouts: &Layouts, ty: LayoutId) -> bool {
    let Some(last) = layouts.record(ty).and_then(|record| record.members.last()) else { return false };
    matches!(layouts.get(last.ty).form, Form::Array { count: None | Some(0 | 1), .. })
}
