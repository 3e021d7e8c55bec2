//! Between records and the values of the Use API.

use std::fmt::{self, Display, Write};

use heapy_engine::binding::{ApiError, Value};
use heapy_engine::{UniSet, Use};
use heapy_guest::abi::{Record, code, form, limit, sort, tag};

use super::error::Refusal;
use super::handles::Handles;
use super::records::{Argument, Arguments};
use super::weight::{bytes_of, heap_of, within};

/// What a guest holds by a handle.
#[derive(Debug)]
pub(super) enum Thing {
    /// The top object; it looks at no heap until it is asked for one.
    Top(Option<Use>),
    /// Anything else.
    Value(Value),
}

/// The arguments as the API takes them; names go into a last record.
pub(super) fn values(arguments: Arguments, handles: &Handles<Thing>) -> Result<Vec<Value>, Refusal> {
    let mut values = Vec::with_capacity(arguments.positional.len() + 1);
    for argument in arguments.positional {
        values.push(value(argument, handles)?);
    }
    if !arguments.named.is_empty() {
        let named = arguments.named.into_iter().map(|(name, argument)| Ok((name, value(argument, handles)?)));
        values.push(Value::Record(named.collect::<Result<_, Refusal>>()?));
    }
    Ok(values)
}

/// Lists are as deep as the reader of records allows.
fn value(argument: Argument, handles: &Handles<Thing>) -> Result<Value, Refusal> {
    Ok(match argument {
        Argument::None => Value::None,
        Argument::Bool(truth) => Value::Bool(truth),
        Argument::Int(number) => Value::Integer(number),
        Argument::Float(number) => Value::Float(number),
        Argument::Text(text) => Value::Text(text),
        Argument::List(items) => {
            Value::List(items.into_iter().map(|item| value(item, handles)).collect::<Result<_, _>>()?)
        }
        Argument::Handle(handle) => match handles.get(handle)? {
            Thing::Value(value) => value.clone(),
            Thing::Top(Some(top)) => Value::Use(top.clone()),
            Thing::Top(None) => Value::None,
        },
    })
}

/// Keeps an answer for the guest, unless the record itself can tell it. `least` are the bytes that it keeps of what it
/// was made of.
pub(super) fn keep(value: Value, least: usize, handles: &mut Handles<Thing>) -> Result<Record, Refusal> {
    let plain = |tag, payload| Ok(Record { tag, sort: 0, length: 0, payload });
    match value {
        Value::None => plain(tag::NONE, 0),
        Value::Bool(truth) => plain(tag::BOOL, truth.into()),
        Value::Integer(number) => plain(tag::INT, number.cast_unsigned()),
        Value::Float(number) => plain(tag::FLOAT, number.to_bits()),
        Value::Large(digits) => keep(Value::Text(digits), least, handles),
        value => {
            let (tag, length) = match &value {
                Value::Text(text) => (tag::TEXT, text.len()),
                Value::List(items) => (tag::LIST, items.len()),
                _ => (tag::HANDLE, 0),
            };
            let sort = sort_of(&value);
            let bytes = bytes_of(&value).max(least);
            let handle = handles.insert(Thing::Value(value), bytes)?;
            // Longer texts and lists are beyond the limit of bytes.
            Ok(Record { tag, sort, length: length as u32, payload: handle.into() })
        }
    }
}

/// Whether a thing answers the same to the same name whatever was asked before: paths can be told how many a page has, and
/// patterns grow.
pub(super) const fn is_frozen(thing: &Thing) -> bool {
    matches!(thing, Thing::Value(Value::Set(_) | Value::Stat(_) | Value::Partition(_) | Value::Relation(_)))
}

/// One of the texts of a thing.
pub(super) fn text(thing: &Thing, form: u32) -> Result<String, Refusal> {
    let value = match thing {
        Thing::Value(value) => value,
        Thing::Top(Some(top)) => &Value::Use(top.clone()),
        Thing::Top(None) => return Ok(TOP.to_owned()),
    };
    match form {
        form::STR => written(value),
        form::REPR => match value {
            Value::Text(_) | Value::Set(_) | Value::Relation(_) => {
                let objects = heap_of(value).map_or(0, |heap| heap.object_count());
                let parts = match value {
                    Value::Set(UniSet::Kind(kind)) => UniSet::from(kind.clone()).formula_parts(),
                    Value::Relation(relation) => relation.formula_parts(),
                    _ => 0,
                };
                within(parts.saturating_mul(objects).saturating_mul(ADDRESS_BYTES), "text")?;
                Ok(value.repr())
            }
            other => written(other),
        },
        form::BRIEF => Ok(match value {
            Value::Set(set) => set.brief(),
            other => other.to_string().lines().next().unwrap_or_default().to_owned(),
        }),
        other => {
            let message = format!("text: form {other}; accepted are 0 (str), 1 (repr) and 2 (brief)");
            Err(Refusal::new(code::ARGUMENT, message))
        }
    }
}

/// Bytes of an address in a text, and the comma behind it.
const ADDRESS_BYTES: usize = 12;

/// The text of a value, which may be made line by line and would not end.
fn written(value: &impl Display) -> Result<String, Refusal> {
    let mut text = Bounded(String::new());
    match write!(text, "{value}") {
        Ok(()) => Ok(text.0),
        Err(fmt::Error) => {
            let message = format!("text: longer than {} bytes; ask for a part or for pages", limit::TEXT_BYTES);
            Err(Refusal::new(code::LIMIT, message))
        }
    }
}

/// A text that ends at the limit.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if self.0.len() + piece.len() > limit::TEXT_BYTES {
            return Err(fmt::Error);
        }
        self.0.push_str(piece);
        Ok(())
    }
}

/// What a top object that has not looked at any heap yet prints: the same as one that has.
const TOP: &str = "Top level interface to Heapy.\nUse eg: hp.doc for more info on hp.";

/// The refusal that an error of the API is for a guest.
impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        let code = match &error {
            ApiError::NoSuchName { .. } => code::NAME,
            ApiError::Use(heapy_engine::UseError::NotInThisBuild { .. }) => code::UNAVAILABLE,
            ApiError::Use(heapy_engine::UseError::NoObject { .. }) => code::NOT_FOUND,
            _ => code::ARGUMENT,
        };
        Self::new(code, error.to_string())
    }
}

const fn sort_of(value: &Value) -> u16 {
    match value {
        Value::Use(_) => sort::USE,
        Value::Set(UniSet::Identity(_)) => sort::SET,
        Value::Set(UniSet::Kind(_)) => sort::KIND,
        Value::Relation(_) => sort::RELATION,
        Value::Partition(_) => sort::PARTITION,
        Value::Stat(_) => sort::STAT,
        Value::Paths(_) | Value::Path(_) => sort::PATHS,
        Value::Pattern(_) => sort::PATTERN,
        Value::Text(_) => sort::TEXT,
        Value::List(_) => sort::LIST,
        _ => sort::OTHER,
    }
}
