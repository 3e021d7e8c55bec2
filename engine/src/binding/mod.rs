//! One description of the whole Use API, and the one way to call it.
//!
//! Every name that a user can write, with its arguments, its result and a paragraph about it, stands in [`owners`], and
//! beside it the code that answers. Bindings (a page's scripts, Node, the guest, the command line) hold [`Value`]s and
//! call [`call`]; so each offers exactly what is described. The help (`hp.doc`), the TypeScript typings and the guide's
//! reference page are made from the same table and cannot differ from it.
//!
//! Arguments may be given by position, by name in a last [`Value::Record`], or both. What is wrong with them is said with
//! the argument's name, what was given and what is accepted.

mod doc;
mod entries;
mod entry;
mod error;
mod guide;
mod typescript;
mod value;

pub use doc::Doc;
pub use entries::owners;
pub use entry::{Accepts, Dynamic, Entry, Form, Owner, Parameter};
pub use error::ApiError;
pub use guide::guide;
pub use typescript::typescript;
pub use value::{Edge, Page, Value};

use entry::Bound;

use crate::error::UseError;
use crate::uniset::MAX_PARTS;

/// The owner of the values of a type.
#[must_use]
pub fn owner(name: &str) -> Option<&'static Owner> {
    owners().iter().find(|owner| owner.name == name)
}

/// The description of a name of a value: its own, or one that its type shares with others.
#[must_use]
pub fn find(target: &Value, name: &str) -> Option<&'static Entry> {
    let mut next = owner(target.type_name());
    while let Some(owner) = next {
        if let Some(entry) = owner.entries.iter().find(|entry| entry.name == name) {
            return Some(entry);
        }
        next = owner.parent.and_then(self::owner);
    }
    None
}

/// The names that a value has, in order.
#[must_use]
pub fn names(target: &Value) -> Vec<&'static str> {
    names_of(target.type_name())
}

fn names_of(type_name: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    let mut next = owner(type_name);
    while let Some(owner) = next {
        names.extend(owner.entries.iter().map(|entry| entry.name));
        next = owner.parent.and_then(self::owner);
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// Reads an attribute of a value or calls a method of it.
///
/// # Errors
/// [`ApiError`] when the value has no such name, when the arguments do not fit, or when the question has no answer.
pub fn call(target: &Value, name: &str, arguments: &[Value]) -> Result<Value, ApiError> {
    if let Some(entry) = find(target, name) {
        let bound = Bound::new(entry, arguments)?;
        let answer = (entry.run)(target, &bound)?.made_by(target);
        return if formula_parts(&answer) > MAX_PARTS {
            Err(UseError::Formula { function: entry.name, limit: MAX_PARTS }.into())
        } else {
            Ok(answer)
        };
    }
    if let Value::Page(Page { top: Some(top), .. }) = target
        && find(top, name).is_some()
    {
        return call(top, name, arguments);
    }
    let dynamic = owner(target.type_name()).and_then(|owner| owner.dynamic);
    match dynamic {
        Some(attribute) if arguments.is_empty() => attribute(target, name),
        _ => Err(unknown(target, name)),
    }
}

fn unknown(target: &Value, name: &str) -> ApiError {
    ApiError::NoSuchName { target: target.type_name(), name: name.to_owned(), accepted: names(target).join(", ") }
}

/// Of an answer that further ones can be made of, the number of parts of its formula.
fn formula_parts(answer: &Value) -> usize {
    match answer {
        Value::Set(set) => set.formula_parts(),
        Value::Relation(relation) => relation.formula_parts(),
        Value::Kinds(kinds) => kinds.formula_parts(),
        _ => 0,
    }
}
