//! The values that calls take and give.

use std::fmt;
use std::sync::Arc;

use super::doc::Doc;
use crate::analysis::{Path, PathEnd, Paths, PatternPaths, ReferencePattern};
use crate::id::ObjectId;
use crate::partition::Partition;
use crate::relation::EquivalenceRelation;
use crate::root_state::RootState;
use crate::stat::Stat;
use crate::text::MorePrinter;
use crate::uniset::{IdentitySet, MappingProxy, SetOfKind, UniSet};
use crate::use_api::Use;

/// A reference between two objects, or from the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where it comes from.
    pub from: PathEnd,
    /// What it leads to.
    pub to: ObjectId,
    /// Its name.
    pub relation: String,
}

/// A page of a listing, and what is listed.
#[derive(Clone, Debug)]
pub struct Page {
    /// The page.
    pub printer: MorePrinter,
    /// What it is a page of.
    pub top: Option<Arc<Value>>,
}

/// A value of the Use API. Displays as its `str`.
#[derive(Clone, Debug)]
pub enum Value {
    /// No value.
    None,
    /// A truth.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A whole number too large for 64 bits, in decimal digits.
    Large(String),
    /// A text.
    Text(String),
    /// Values in order.
    List(Vec<Value>),
    /// Named values: named arguments, and results that are plain data.
    Record(Vec<(String, Value)>),
    /// The top object.
    Use(Use),
    /// A set: with members, or by a rule.
    Set(UniSet),
    /// An equivalence relation.
    Relation(EquivalenceRelation),
    /// A set of kinds.
    Kinds(SetOfKind),
    /// A partition.
    Partition(Arc<Partition>),
    /// Numbers without objects.
    Stat(Arc<Stat>),
    /// Shortest paths.
    Paths(Arc<Paths>),
    /// One path.
    Path(Arc<Path>),
    /// A reference pattern.
    Pattern(Arc<ReferencePattern>),
    /// Paths along a reference pattern.
    PatternPaths(Arc<PatternPaths>),
    /// A page of a listing.
    Page(Page),
    /// An operation on every member of a set.
    Proxy(MappingProxy),
    /// The symbolic root, or an attribute of it.
    Root(RootState),
    /// Help.
    Doc(Doc),
    /// A reference.
    Edge(Arc<Edge>),
}

impl Value {
    /// The name of its type in the description.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::None => "null",
            Self::Bool(_) => "boolean",
            Self::Integer(_) | Self::Float(_) => "number",
            Self::Large(_) => "bigint",
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Record(_) => "record",
            Self::Use(_) => "Use",
            Self::Set(UniSet::Identity(_)) => "IdentitySet",
            Self::Set(UniSet::Kind(_)) => "Kind",
            Self::Relation(_) => "EquivalenceRelation",
            Self::Kinds(_) => "SetOfKind",
            Self::Partition(_) => "Partition",
            Self::Stat(_) => "Stat",
            Self::Paths(_) => "Paths",
            Self::Path(_) => "Path",
            Self::Pattern(_) => "ReferencePattern",
            Self::PatternPaths(_) => "PatternPaths",
            Self::Page(_) => "MorePrinter",
            Self::Proxy(_) => "MappingProxy",
            Self::Root(_) => "Root",
            Self::Doc(_) => "Doc",
            Self::Edge(_) => "Edge",
        }
    }

    /// The same; of a page one that knows what it is a page of, which its maker is or knows.
    pub(super) fn made_by(self, maker: &Self) -> Self {
        match (self, maker) {
            (Self::Page(page), Self::Page(before)) => {
                Self::Page(Page { top: page.top.or_else(|| before.top.clone()), ..page })
            }
            (Self::Page(page), maker) => {
                Self::Page(Page { top: page.top.or_else(|| Some(Arc::new(maker.clone()))), ..page })
            }
            (other, _) => other,
        }
    }

    /// What it is, for messages: its type and, if that is short, its text.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::None => "nothing".into(),
            Self::Bool(_) | Self::Integer(_) | Self::Float(_) | Self::Large(_) => self.to_string(),
            Self::Text(text) => format!("'{text}'"),
            Self::Set(set) => format!("{} {}", self.type_name(), set.brief()),
            other => format!("a {}", other.type_name()),
        }
    }

    /// The text that stands for it in a console: of a set its table or the text that gives it again.
    #[must_use]
    pub fn repr(&self) -> String {
        match self {
            Self::Text(text) => crate::text::python_repr(text),
            Self::Set(set) => set.repr(),
            Self::Relation(relation) => relation.repr(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("null"),
            Self::Bool(truth) => truth.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Large(text) | Self::Text(text) => f.write_str(text),
            Self::List(values) => {
                for (index, value) in values.iter().enumerate() {
                    f.write_str(if index == 0 { "[" } else { ", " })?;
                    f.write_str(&value.repr())?;
                }
                f.write_str(if values.is_empty() { "[]" } else { "]" })
            }
            Self::Record(values) => {
                let texts: Vec<String> =
                    values.iter().map(|(name, value)| format!("{name}: {}", value.repr())).collect();
                write!(f, "{{{}}}", texts.join(", "))
            }
            Self::Use(hp) => hp.fmt(f),
            Self::Set(set) => set.fmt(f),
            Self::Relation(relation) => relation.fmt(f),
            Self::Kinds(kinds) => kinds.fmt(f),
            Self::Partition(partition) => partition.pages().fmt(f),
            Self::Stat(stat) => stat.fmt(f),
            Self::Paths(paths) => paths.pages().fmt(f),
            Self::Path(path) => path.fmt(f),
            Self::Pattern(pattern) => pattern.pages().fmt(f),
            Self::PatternPaths(paths) => paths.pages().fmt(f),
            Self::Page(page) => page.printer.fmt(f),
            Self::Proxy(_) => f.write_str("MappingProxy"),
            Self::Root(root) => root.fmt(f),
            Self::Doc(doc) => doc.fmt(f),
            Self::Edge(edge) => f.write_str(&edge.relation),
        }
    }
}

macro_rules! from {
    ($($source:ty => |$value:ident| $made:expr;)*) => {
        $(impl From<$source> for Value {
            fn from($value: $source) -> Self {
                $made
            }
        })*
    };
}

from! {
    bool => |value| Self::Bool(value);
    i64 => |value| Self::Integer(value);
    f64 => |value| Self::Float(value);
    usize => |value| i64::try_from(value).map_or_else(|_| Self::Large(value.to_string()), Self::Integer);
    u64 => |value| i64::try_from(value).map_or_else(|_| Self::Large(value.to_string()), Self::Integer);
    u32 => |value| Self::Integer(value.into());
    String => |value| Self::Text(value);
    &str => |value| Self::Text(value.to_owned());
    UniSet => |value| Self::Set(value);
    IdentitySet => |value| Self::Set(value.into());
    crate::uniset::Kind => |value| Self::Set(value.into());
    EquivalenceRelation => |value| Self::Relation(value);
    Stat => |value| Self::Stat(Arc::new(value));
    MorePrinter => |value| Self::Page(Page { printer: value, top: None });
    Arc<Paths> => |value| Self::Paths(value);
    Arc<ReferencePattern> => |value| Self::Pattern(value);
    Path => |value| Self::Path(Arc::new(value));
    RootState => |value| Self::Root(value);
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}
