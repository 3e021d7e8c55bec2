//! Values of the API by number, for bindings that can only pass numbers and texts.
//!
//! An interpreter's objects hold a handle each and send requests as JSON; the answer is JSON of one of these forms:
//! `{"v": plain}`, `{"h": handle, "t": type}`, `{"l": [..]}`, `{"o": {..}}` and `{"big": digits}`. Arguments are JSON too:
//! plain values, lists, `{"h": handle}`, `{"o": {..}}` for named ones and `{"big": digits}`. Names that begin with `@` are
//! what every object answers: `@type`, `@text`, `@json`, `@rows` and, for sets with members, `@objects`.
//!
//! A handle keeps its value, and with it the heap, until it is released.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value as Json, json};

use crate::answer::{Answer, Form, ObjectRow, TableRow};
use crate::binding::{self, Value, call, owner, owners};
use crate::id::ObjectId;
use crate::object_description::describe;
use crate::partition::{Partition, Row};
use crate::stat::Stat;
use crate::uniset::{IdentitySet, UniSet};

/// Whole numbers up to this one are exact in JavaScript.
const MOST_EXACT: u64 = (1 << 53) - 1;

/// The form of tables as JSON, with its version; members may be added under one version.
const TABLE_SCHEMA: &str = "heapy-table/1";

/// Columns of numbers that a set with members has beside its names.
const COLUMNS: [&str; 4] = ["addresses", "sizes", "usable", "serials"];

/// Most rows of one answer to `@rows` or `@objects`.
const MOST_ROWS: usize = 10_000;

/// Values by their handles.
#[derive(Debug, Default)]
pub struct Handles {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    values: HashMap<u32, Value>,
    last: u32,
}

impl Handles {
    /// No values yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a value; its handle.
    pub fn keep(&self, value: Value) -> u32 {
        let mut table = self.table();
        let mut handle = table.last.wrapping_add(1);
        while table.values.contains_key(&handle) {
            handle = handle.wrapping_add(1);
        }
        table.last = handle;
        table.values.insert(handle, value);
        handle
    }

    /// Lets go of a value; a handle that is not known is passed over.
    pub fn release(&self, handle: u32) {
        self.table().values.remove(&handle);
    }

    /// Number of values that are kept.
    #[must_use]
    pub fn count(&self) -> usize {
        self.table().values.len()
    }

    /// The value of a handle.
    ///
    /// # Errors
    /// A message when it was released or never given.
    pub fn value(&self, handle: u32) -> Result<Value, String> {
        self.table().values.get(&handle).cloned().ok_or_else(|| format!("object {handle} has been released"))
    }

    /// What an interpreter has to know of the types: `{"types": {NAME: {attributes, methods, columns, ...}}}`.
    #[must_use]
    pub fn describe() -> Json {
        let types: Map<String, Json> =
            owners().iter().map(|owner| (owner.name.to_owned(), description(owner.name))).collect();
        json!({"types": types})
    }

    /// Answers a request: reads an attribute or calls a method of the value of a handle.
    ///
    /// # Errors
    /// The engine's message.
    pub fn ask(&self, handle: u32, name: &str, arguments: Vec<Json>) -> Result<Answer, String> {
        let target = self.value(handle)?;
        let answer = match name {
            "@type" => Form::Value(json!({"v": target.type_name()})),
            "@text" => Form::Value(json!({"v": target.to_string()})),
            "@json" => Form::Value(json!({"v": to_json(&target)})),
            "@rows" => Form::Rows { v: rows(&target, &arguments)? },
            "@objects" => Form::Objects { v: objects(&target, &arguments)? },
            _ => {
                let arguments: Vec<Value> =
                    arguments.into_iter().map(|argument| self.argument(argument)).collect::<Result<_, _>>()?;
                Form::Value(self.answer(call(&target, name, &arguments).map_err(|error| error.to_string())?))
            }
        };
        Ok(Answer(answer))
    }

    /// The same with arguments and answer as JSON.
    ///
    /// # Errors
    /// The engine's message, or that the arguments are no list.
    pub fn call(&self, handle: u32, name: &str, arguments: &str) -> Result<String, String> {
        let arguments: Vec<Json> =
            serde_json::from_str(arguments).map_err(|error| format!("{name}: the arguments are no list: {error}"))?;
        let answer = self.ask(handle, name, arguments)?;
        serde_json::to_string(&answer).map_err(|error| error.to_string())
    }

    /// A column of numbers of the members of a set, in the order of addresses. Time O(n).
    ///
    /// # Errors
    /// A message when the value is no set with members or has no such column.
    pub fn column(&self, handle: u32, name: &str) -> Result<Vec<f64>, String> {
        let Value::Set(UniSet::Identity(set)) = self.value(handle)? else {
            return Err(format!("{name}: only sets with members have columns"));
        };
        let heap = set.heap();
        match name {
            "addresses" => Ok(numbers(&set, |object| heap.address(object))),
            "sizes" => Ok(numbers(&set, |object| heap.size(object))),
            "usable" => Ok(numbers(&set, |object| heap.usable(object))),
            "serials" => Ok(numbers(&set, |object| heap.serial(object))),
            _ => Err(format!("no column '{name}'; there are {}", COLUMNS.join(", "))),
        }
    }

    fn argument(&self, argument: Json) -> Result<Value, String> {
        Ok(match argument {
            Json::Null => Value::None,
            Json::Bool(truth) => Value::Bool(truth),
            Json::String(text) => Value::Text(text),
            Json::Number(number) => match number.as_i64() {
                Some(integer) => Value::Integer(integer),
                None => number_value(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::Array(items) => {
                Value::List(items.into_iter().map(|item| self.argument(item)).collect::<Result<_, _>>()?)
            }
            Json::Object(mut fields) => {
                if let Some(handle) = fields.get("h").and_then(Json::as_u64) {
                    return self.value(u32::try_from(handle).unwrap_or(u32::MAX));
                }
                match (fields.remove("big"), fields.remove("o")) {
                    (Some(Json::String(digits)), _) => {
                        digits.parse().map_or_else(|_| Value::Large(digits.clone()), Value::Integer)
                    }
                    (_, Some(Json::Object(named))) => Value::Record(
                        named
                            .into_iter()
                            .map(|(name, value)| Ok((name, self.argument(value)?)))
                            .collect::<Result<_, String>>()?,
                    ),
                    _ => return Err("an argument is of no known form".into()),
                }
            }
        })
    }

    fn answer(&self, value: Value) -> Json {
        match value {
            Value::None => json!({"v": null}),
            Value::Bool(truth) => json!({"v": truth}),
            Value::Integer(number) if number.unsigned_abs() <= MOST_EXACT => json!({"v": number}),
            Value::Integer(number) => json!({"big": number.to_string()}),
            Value::Float(number) => json!({"v": number}),
            Value::Large(digits) => json!({"big": digits}),
            Value::Text(text) => json!({"v": text}),
            Value::List(values) => json!({"l": values.into_iter().map(|value| self.answer(value)).collect::<Vec<_>>()}),
            Value::Record(fields) => {
                let fields: Map<String, Json> =
                    fields.into_iter().map(|(name, value)| (name, self.answer(value))).collect();
                json!({"o": fields})
            }
            object => {
                let name = object.type_name();
                json!({"h": self.keep(object), "t": name})
            }
        }
    }
}

/// A number of each member. Time O(n); one loop for each column, since a million numbers are read in a few milliseconds.
fn numbers(set: &IdentitySet, of: impl Fn(ObjectId) -> u64) -> Vec<f64> {
    // Filled in place: a vector that grows looks at its room for every number.
    let mut numbers = vec![0.0; set.count()];
    for (number, object) in numbers.iter_mut().zip(set.nodes().iter()) {
        *number = of(object) as f64;
    }
    numbers
}

/// JavaScript has one sort of number: those that are whole count as integers.
fn number_value(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= MOST_EXACT as f64 {
        Value::Integer(number as i64)
    } else {
        Value::Float(number)
    }
}

fn description(name: &str) -> Json {
    let (mut attributes, mut methods) = (Vec::new(), Vec::new());
    let mut next = owner(name);
    while let Some(owner) = next {
        for entry in owner.entries {
            match entry.form {
                binding::Form::Attribute => attributes.push(entry.name),
                binding::Form::Method => methods.push(entry.name),
            }
        }
        next = owner.parent.and_then(binding::owner);
    }
    let columns: &[&str] = if name == "IdentitySet" { &COLUMNS } else { &[] };
    let any_name = owner(name).is_some_and(|owner| owner.dynamic.is_some());
    let has_rows = matches!(name, "IdentitySet" | "Partition" | "Stat");
    json!({
        "index": methods.contains(&"at"),
        "rows": has_rows,
        "callable": methods.contains(&"call"),
        "anyName": any_name,
        "attributes": attributes,
        "methods": methods,
        "columns": columns,
    })
}

/// What `toJSON` gives: a table with its rows, in the words of `show --json`, or the text of what has none.
fn to_json(value: &Value) -> Json {
    match value {
        Value::Set(UniSet::Identity(set)) => table_json(set),
        Value::Partition(partition) => table_json(partition.set()),
        Value::Stat(stat) => json!({
            "schema": TABLE_SCHEMA,
            "count": stat.count(),
            "size": stat.size(),
            "by": stat.kind_header(),
            "rows": stat_rows(stat, 0, usize::MAX),
        }),
        Value::Use(hp) => serde_json::to_value(hp.view().heap().facts()).unwrap_or_default(),
        other => Json::String(other.to_string()),
    }
}

fn table_json(set: &IdentitySet) -> Json {
    json!({
        "schema": TABLE_SCHEMA,
        "count": set.count(),
        "size": set.size(),
        "by": set.partition().kind_header(),
        "rows": partition_rows(set.partition(), 0, usize::MAX),
    })
}

/// From which row on, and how many at most.
fn page(arguments: &[Json]) -> (usize, usize) {
    let number =
        |index: usize| arguments.get(index).and_then(Json::as_u64).and_then(|number| usize::try_from(number).ok());
    (number(0).unwrap_or(0), number(1).unwrap_or(MOST_ROWS).min(MOST_ROWS))
}

/// Single objects in the order of addresses.
fn objects(value: &Value, arguments: &[Json]) -> Result<Vec<ObjectRow>, String> {
    let Value::Set(UniSet::Identity(set)) = value else {
        return Err(format!("a {} has no members to list", value.type_name()));
    };
    let (start, most) = page(arguments);
    Ok(set.nodes().iter().skip(start).take(most).map(|object| describe(set.view(), object).into()).collect())
}

fn rows(value: &Value, arguments: &[Json]) -> Result<Vec<TableRow>, String> {
    let (start, most) = page(arguments);
    let rows = match value {
        Value::Set(UniSet::Identity(set)) => partition_rows(set.partition(), start, most),
        Value::Partition(partition) => partition_rows(partition, start, most),
        Value::Stat(stat) => stat_rows(stat, start, most),
        other => return Err(format!("a {} has no rows", other.type_name())),
    };
    Ok(rows.into_iter().map(|row| TableRow { name: row.kind, kind: None, ..row }).collect())
}

fn partition_rows(partition: &Partition, start: usize, most: usize) -> Vec<TableRow> {
    // The sum of all sizes is below 2^63.
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let row = |row: Row| TableRow {
        count: row.count as i64,
        cumulative: signed(row.cumulative),
        index: row.index,
        kind: Some(row.name),
        name: None,
        size: signed(row.size),
    };
    partition.rows(start).take(most).map(row).collect()
}

fn stat_rows(stat: &Stat, start: usize, most: usize) -> Vec<TableRow> {
    let mut cumulative = 0i64;
    let rows = stat.rows().iter().enumerate().map(|(index, row)| {
        cumulative = cumulative.saturating_add(row.size);
        TableRow { count: row.count, cumulative, index, kind: Some(row.name.clone()), name: None, size: row.size }
    });
    rows.skip(start).take(most).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::heap::{HeapBuilder, ObjectRecord, RootPlace, Vocabulary};
    use crate::use_api::Use;

    fn small() -> (Handles, u32) {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        for (address, size) in [(0x1000, 8), (0x2000, 24), (0x3000, 8)] {
            let object = builder.add_object(ObjectRecord::block(address, size));
            builder.add_root(RootPlace::Given(format!("r{address}")), object);
        }
        let handles = Handles::new();
        let hp = handles.keep(Value::Use(Use::new(Arc::new(builder.finish().unwrap()))));
        (handles, hp)
    }

    fn ask(handles: &Handles, handle: u32, name: &str, arguments: &str) -> Json {
        serde_json::from_str(&handles.call(handle, name, arguments).unwrap()).unwrap()
    }

    #[test]
    fn objects_are_answered_by_handles_until_they_are_released() {
        let (handles, hp) = small();
        let heap = ask(&handles, hp, "heap", "[]");
        assert_eq!(heap["t"], "IdentitySet");
        let set = heap["h"].as_u64().unwrap() as u32;
        assert_eq!(ask(&handles, set, "count", "[]"), json!({"v": 3}));
        assert_eq!(ask(&handles, set, "by", "[\"Size\"]")["t"], "IdentitySet");
        assert_eq!(ask(&handles, set, "sub", &format!("[{{\"h\":{set}}}]"))["t"], "IdentitySet");
        assert_eq!(handles.column(set, "sizes").unwrap(), [8.0, 24.0, 8.0]);
        assert_eq!(ask(&handles, set, "@rows", "[0,1]")["v"][0]["count"], 1);
        let before = handles.count();
        handles.release(set);
        assert_eq!(handles.count(), before - 1);
        assert!(handles.call(set, "count", "[]").unwrap_err().contains("released"));
    }

    #[test]
    fn pages_of_a_table_are_of_one_partition() {
        let (handles, hp) = small();
        let set = ask(&handles, hp, "heap", "[]")["h"].as_u64().unwrap() as u32;
        let partition = || match handles.value(set) {
            Ok(Value::Set(UniSet::Identity(set))) => Arc::clone(set.partition()),
            other => panic!("{other:?}"),
        };
        ask(&handles, set, "@rows", "[0,1]");
        let kept = partition();
        ask(&handles, set, "@rows", "[1,1]");
        assert!(Arc::ptr_eq(&kept, &partition()));
        let weak = Arc::downgrade(&kept);
        drop(kept);
        handles.release(set);
        assert!(weak.upgrade().is_none(), "a released set is gone with its partition");
    }

    #[test]
    fn failures_have_the_engines_words() {
        let (handles, hp) = small();
        let failure = |name: &str, arguments: &str| handles.call(hp, name, arguments).unwrap_err();
        assert!(failure("heaps", "[]").contains("'heaps'"));
        assert!(failure("iso", "[{}]").contains("no known form"));
        assert!(failure("iso", "7").contains("no list"));
        assert!(failure("iso", "[{\"h\":9999}]").contains("released"));
        assert!(handles.column(hp, "sizes").is_err());
        let set = ask(&handles, hp, "heap", "[]")["h"].as_u64().unwrap() as u32;
        assert!(handles.column(set, "colours").unwrap_err().contains("addresses"));
    }

    #[test]
    fn every_type_of_the_description_is_described() {
        let described = Handles::describe();
        for owner in owners() {
            assert!(described["types"][owner.name]["attributes"].is_array(), "{}", owner.name);
        }
        assert_eq!(described["types"]["EquivalenceRelation"]["callable"], true);
        assert_eq!(described["types"]["IdentitySet"]["index"], true);
        assert_eq!(described["types"]["MappingProxy"]["anyName"], true);
    }
}
