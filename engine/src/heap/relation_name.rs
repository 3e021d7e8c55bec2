//! Names of edges: printed forms, and the name that an offset has by the holder's type.

use std::fmt::Write as _;

use super::{Edge, EdgeLink, Family, Heap, Relation, RootPlace, Shape};
use crate::id::{ObjectId, TypeId};

/// How many array and struct levels a name can have; types that contain themselves by mistake end there.
const MAX_LEVELS: usize = 16;

impl Heap {
    /// The relation by which `holder` refers along `edge`, which is one of its outgoing edges.
    #[must_use]
    pub fn relation(&self, holder: ObjectId, edge: &Edge<'_>) -> Relation {
        match edge.link {
            EdgeLink::Given(relation) => relation.clone(),
            EdgeLink::Offset(offset) => self.relation_at(holder, offset, edge.into),
        }
    }

    /// The relation of the word at `offset` of `holder`, which points `into` bytes past the start of its target.
    #[must_use]
    pub fn relation_at(&self, holder: ObjectId, offset: u64, into: u64) -> Relation {
        let untyped = Relation::Offset { offset, into };
        let Some((ty, repeated)) = self.layout_of(holder) else { return untyped };
        let record = self.type_record(ty);
        if let Shape::Array { element, stride } = record.shape
            && stride > 0
            && matches!(self.type_record(element).shape, Shape::Pointer | Shape::Scalar | Shape::Opaque)
        {
            return Relation::Index(offset / stride);
        }
        let mut name = String::new();
        let mut rest = offset;
        if repeated {
            let _ = write!(name, "[{}]", offset / record.size);
            rest = offset % record.size;
        }
        if !self.name_inside(ty, rest, &mut name) {
            return untyped;
        }
        match element_or_field(&name) {
            Some(Relation::Field(variable)) if self.family(holder) == Family::Frame => Relation::Local(variable),
            named => named.unwrap_or(untyped),
        }
    }

    /// The type whose layout names an object's words, and whether the object is several such values, one behind the
    /// other.
    pub(crate) fn layout_of(&self, holder: ObjectId) -> Option<(TypeId, bool)> {
        let ty = self.class_of(holder)?;
        let record = self.type_record(ty);
        let repeated = self.family(holder) == Family::Block
            && matches!(record.shape, Shape::Struct(_))
            && record.size > 0
            && self.size(holder) >= record.size.saturating_mul(2);
        Some((ty, repeated))
    }

    /// Appends the name of the word at `offset` of a value of type `ty`; whether there is one.
    fn name_inside(&self, ty: TypeId, offset: u64, name: &mut String) -> bool {
        let mut ty = ty;
        let mut offset = offset;
        for _ in 0..MAX_LEVELS {
            match &self.type_record(ty).shape {
                Shape::Struct(fields) => {
                    let after = fields.partition_point(|field| field.offset <= offset);
                    // Of fields at one place (a union) the last that is wide enough wins.
                    let found = fields[..after].iter().rev().find(|field| offset - field.offset < field.size.max(1));
                    let Some(field) = found else { return false };
                    name.push('.');
                    name.push_str(&field.name);
                    offset -= field.offset;
                    let Some(inner) = field.ty else {
                        if offset > 0 {
                            let _ = write!(name, "+{offset:#x}");
                        }
                        return true;
                    };
                    ty = inner;
                }
                Shape::Array { element, stride } if *stride > 0 => {
                    let _ = write!(name, "[{}]", offset / stride);
                    offset %= stride;
                    ty = *element;
                }
                Shape::Pointer | Shape::Scalar | Shape::Opaque | Shape::Array { .. } => return !name.is_empty(),
            }
        }
        true
    }
}

/// `[3]`, `[3].x` or `.x` as a relation; none for the empty name.
fn element_or_field(name: &str) -> Option<Relation> {
    if let Some(field) = name.strip_prefix('.') {
        return Some(Relation::Field(field.to_owned()));
    }
    let (index, rest) = name.strip_prefix('[')?.split_once(']')?;
    let index = index.parse().ok()?;
    Some(if rest.is_empty() { Relation::Index(index) } else { Relation::Element { index, rest: rest.to_owned() } })
}

impl Relation {
    /// The kind code by which Heapy orders relations.
    #[must_use]
    pub const fn code(&self) -> i8 {
        match self {
            Self::Unknown => -1,
            Self::Identity => 0,
            Self::Field(_) => 1,
            Self::Index(_) | Self::Element { .. } | Self::Key(_) | Self::Literal(_) => 2,
            Self::KeyAt(_) => 3,
            Self::Internal(_) => 4,
            Self::Local(_) => 6,
            Self::Captured(_) => 7,
            Self::ValueStack(_) => 8,
            Self::Member(_) => 9,
            Self::Offset { .. } => 12,
        }
    }

    /// The printed form without the leading `_`; keys stand in the given quote.
    #[must_use]
    pub fn printed(&self, quote: char) -> String {
        let quoted = |text: &str| quoted(text, quote);
        match self {
            Self::Unknown => ".??".into(),
            Self::Identity => String::new(),
            Self::Field(name) => format!(".{name}"),
            Self::Index(index) => format!("[{index}]"),
            Self::Element { index, rest } => format!("[{index}]{rest}"),
            Self::Key(key) => format!("[{}]", quoted(key)),
            Self::Literal(key) => format!("[{key}]"),
            Self::KeyAt(index) => format!(".keys()[{index}]"),
            Self::Internal(name) => format!("->{name}"),
            Self::Local(name) => format!(".f_locals[{}]", quoted(name)),
            Self::Captured(name) => format!(".f_locals [{}]", quoted(name)),
            Self::ValueStack(index) => format!("->f_valuestack[{index}]"),
            Self::Member(index) => format!("list(_)[{index}]"),
            Self::Offset { offset, into: 0 } => format!("+{offset:#x}"),
            Self::Offset { offset, into } => format!("+{offset:#x}&+{into}"),
        }
    }
}

/// Longest key that is printed in full, as the limited repr has it.
const KEY_CHARACTERS: usize = 30;

/// `text` in quotes, escaped, with its middle left out when it is long.
fn quoted(text: &str, quote: char) -> String {
    let mut escaped: Vec<char> = Vec::new();
    for character in text.chars() {
        match character {
            '\n' => escaped.extend("\\n".chars()),
            '\r' => escaped.extend("\\r".chars()),
            '\t' => escaped.extend("\\t".chars()),
            '\\' => escaped.extend("\\\\".chars()),
            other if other == quote => escaped.extend(['\\', other]),
            other if other.is_control() => escaped.extend(format!("\\x{:02x}", u32::from(other)).chars()),
            other => escaped.push(other),
        }
    }
    if escaped.len() + 2 > KEY_CHARACTERS {
        let head = (KEY_CHARACTERS - 3) / 2;
        let tail = KEY_CHARACTERS - 3 - head;
        let mut cut: String = std::iter::once(quote).chain(escaped[..head - 1].iter().copied()).collect();
        cut.push_str("...");
        cut.extend(&escaped[escaped.len() - (tail - 1)..]);
        cut.push(quote);
        return cut;
    }
    std::iter::once(quote).chain(escaped).chain(std::iter::once(quote)).collect()
}

impl RootPlace {
    /// The relation by which the root refers from this place: an attribute of `hp.Root`.
    #[must_use]
    pub fn relation(&self, quote: char) -> Relation {
        Relation::Field(self.attribute(quote))
    }

    /// The attribute of `hp.Root`, without the dot.
    #[must_use]
    pub fn attribute(&self, quote: char) -> String {
        let quoted = |text: &str| quoted(text, quote);
        match self {
            Self::Module { instance, name } => format!("i{instance}_modules[{}]", quoted(name)),
            Self::Frame { instance, thread, frame } => format!("i{instance}_t{thread}_f{frame}"),
            Self::Global { instance, name } => format!("i{instance}_globals[{}]", quoted(name)),
            Self::Table { instance, table, element } => format!("i{instance}_tables[{table}][{element}]"),
            Self::Stack { instance, thread, offset } => format!("i{instance}_t{thread}_stack+{offset:#x}"),
            Self::NativeStack { instance, thread, slot } => format!("i{instance}_t{thread}_locals[{slot}]"),
            Self::ThreadLocal { instance, thread, name } => format!("i{instance}_t{thread}_tls[{}]", quoted(name)),
            Self::Host { instance, name } => format!("i{instance}_host[{}]", quoted(name)),
            Self::Given(name) => name.clone(),
        }
    }

    /// What sort of root it is, as a referrer's class shows it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Module { .. } => "module",
            Self::Frame { .. } => "frame",
            Self::Global { .. } => "global",
            Self::Table { .. } => "table",
            Self::Stack { .. } => "stack",
            Self::NativeStack { .. } => "local",
            Self::ThreadLocal { .. } => "tls",
            Self::Host { .. } => "host",
            Self::Given(_) => "given",
        }
    }

    /// The thread it belongs to, if it belongs to one.
    #[must_use]
    pub const fn thread(&self) -> Option<u32> {
        match self {
            Self::Frame { thread, .. }
            | Self::Stack { thread, .. }
            | Self::NativeStack { thread, .. }
            | Self::ThreadLocal { thread, .. } => Some(*thread),
            _ => None,
        }
    }
}
