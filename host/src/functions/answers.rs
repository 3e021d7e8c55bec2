//! Between records and the values of the Use API.

use std::sync::Arc;

use heapy_engine::binding::{ApiError, Value};
use heapy_engine::{Heap, UniSet, Use};
use heapy_guest::abi::{Record, code, form, limit, sort, tag};

use super::error::Refusal;
use super::handles::Handles;
use super::records::{Argument, Arguments};

/// What a guest holds by a handle.
#[derive(Debug)]
pub(super) enum Thing {
    /// The top object; it looks at no heap until it is asked for one.
    Top(Option<Use>),
    /// Anything else.
    Value(Value),
}

/// Bytes that a handle costs besides what is behind it.
const HANDLE_BYTES: usize = 256;

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

/// Keeps an answer for the guest, unless the record itself can tell it.
pub(super) fn keep(value: Value, handles: &mut Handles<Thing>) -> Result<Record, Refusal> {
    let plain = |tag, payload| Ok(Record { tag, sort: 0, length: 0, payload });
    match value {
        Value::None => plain(tag::NONE, 0),
        Value::Bool(truth) => plain(tag::BOOL, truth.into()),
        Value::Integer(number) => plain(tag::INT, number.cast_unsigned()),
        Value::Float(number) => plain(tag::FLOAT, number.to_bits()),
        Value::Large(digits) => keep(Value::Text(digits), handles),
        value => {
            let (tag, length) = match &value {
                Value::Text(text) => (tag::TEXT, text.len()),
                Value::List(items) => (tag::LIST, items.len()),
                _ => (tag::HANDLE, 0),
            };
            let sort = sort_of(&value);
            let bytes = bytes_of(&value);
            let handle = handles.insert(Thing::Value(value), bytes)?;
            // Longer texts and lists are beyond the limit of bytes.
            Ok(Record { tag, sort, length: length as u32, payload: handle.into() })
        }
    }
}

/// One of the texts of a thing.
pub(super) fn text(thing: &Thing, form: u32) -> Result<String, Refusal> {
    let value = match thing {
        Thing::Value(value) => value,
        Thing::Top(Some(top)) => &Value::Use(top.clone()),
        Thing::Top(None) => return Ok(TOP.to_owned()),
    };
    match form {
        form::STR => Ok(value.to_string()),
        form::REPR => Ok(value.repr()),
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

/// What a top object that has not looked at any heap yet prints: the same as one that has.
const TOP: &str = "Top level interface to Heapy.\nUse eg: hp.doc for more info on hp.";

/// The heap that keeping a value keeps.
pub(super) fn heap_of(value: &Value) -> Option<&Arc<Heap>> {
    match value {
        Value::Use(top) => Some(top.view().heap()),
        Value::Set(set) => Some(set.view().heap()),
        Value::Relation(relation) => Some(relation.view().heap()),
        _ => None,
    }
}

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

/// Refuses answers that list more than a guest may hold, before they are made.
pub(super) fn check_extent(value: &Value, name: &str) -> Result<(), Refusal> {
    let (set, rows) = match (value, name) {
        (Value::Set(UniSet::Identity(set)), "nodes") => (set, 0),
        (Value::Set(UniSet::Identity(set)), "parts") => (set, set.partition().row_count()),
        (Value::Partition(partition), "get_sets") => (partition.set(), partition.row_count()),
        (Value::Partition(partition), "get_rows") => {
            return within(partition.row_count().saturating_mul(5 * HANDLE_BYTES), name);
        }
        _ => return Ok(()),
    };
    let members = set.heap().object_count() / 8 + HANDLE_BYTES;
    let bytes = if rows == 0 { set.count().saturating_mul(HANDLE_BYTES) } else { rows.saturating_mul(members) };
    within(bytes, name)
}

fn within(bytes: usize, name: &str) -> Result<(), Refusal> {
    if bytes <= limit::HANDLE_BYTES {
        return Ok(());
    }
    let message = format!("{name} would answer about {bytes} bytes; a guest may hold {}", limit::HANDLE_BYTES);
    Err(Refusal::new(code::LIMIT, message))
}

/// About what keeping a value takes, its snapshot apart: bits for members and for the rows of a partition.
fn bytes_of(value: &Value) -> usize {
    let content = match value {
        Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(bytes_of).sum(),
        Value::Record(fields) => fields.iter().map(|(name, field)| name.len() + bytes_of(field)).sum(),
        other => heap_of(other).map_or(4096, |heap| heap.object_count() / 4),
    };
    HANDLE_BYTES.saturating_add(content)
}
