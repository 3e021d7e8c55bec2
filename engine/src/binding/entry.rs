//! What a description consists of, and how arguments are fitted to it.

use super::error::ApiError;
use super::value::Value;
use crate::relation::EquivalenceRelation;
use crate::stat::Stat;
use crate::uniset::{IdentitySet, UniSet};

/// A type of the API with its names.
#[derive(Debug)]
pub struct Owner {
    /// Its name.
    pub name: &'static str,
    /// What such a value is, in one paragraph.
    pub doc: &'static str,
    /// The type whose names it has too.
    pub parent: Option<&'static str>,
    /// Its own names, in order.
    pub entries: &'static [Entry],
    /// What any other name gives, for types whose names depend on the heap.
    pub dynamic: Option<Dynamic>,
}

/// What a name gives that depends on the heap.
pub type Dynamic = fn(&Value, &str) -> Result<Value, ApiError>;

/// Whether a name is read or called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Read: `x.count`.
    Attribute,
    /// Called: `x.by("Type")`.
    Method,
}

/// The code behind a name.
pub(super) type Run = fn(&Value, &Bound<'_>) -> Result<Value, ApiError>;

/// A name of a type.
#[derive(Debug)]
pub struct Entry {
    /// The name.
    pub name: &'static str,
    /// Whether it is read or called.
    pub form: Form,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// The type of its result, as TypeScript writes it.
    pub result: &'static str,
    /// What it is, in one paragraph.
    pub doc: &'static str,
    pub(super) run: Run,
}

/// Whether and how often an argument is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Required,
    Optional,
    Repeated,
}

/// A parameter of a method.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What may be given.
    pub accepts: Accepts,
    pub(super) presence: Presence,
}

/// What may be given for a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Any set, a relation as one, or the name of a type.
    UniSet,
    /// A set with members.
    IdentitySet,
    /// A set with members, or the address of an object.
    ObjectOrSet,
    /// An equivalence relation.
    Relation,
    /// An equivalence relation, or names of some joined by `&`.
    RelationOrName,
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// An index or a label.
    IntegerOrText,
    /// A truth; 0 and 1 are taken for one.
    Bool,
    /// A stat, or a set whose numbers are taken.
    StatOrSet,
    /// References, as `edges_at` gives them.
    Edges,
    /// A record of sets by row labels.
    SetsByLabel,
    /// Whatever the relation that is called accepts.
    ClassArgument,
}

impl Accepts {
    /// The type as TypeScript writes it.
    #[must_use]
    pub const fn typescript(self) -> &'static str {
        match self {
            Self::UniSet => "UniSet | string",
            Self::IdentitySet => "IdentitySet",
            Self::ObjectOrSet => "IdentitySet | number",
            Self::Relation => "EquivalenceRelation",
            Self::RelationOrName => "EquivalenceRelation | string",
            Self::Text => "string",
            Self::Integer => "number",
            Self::IntegerOrText => "number | string",
            Self::Bool => "boolean",
            Self::StatOrSet => "Stat | IdentitySet",
            Self::Edges => "Edge[]",
            Self::SetsByLabel => "Record<string, IdentitySet>",
            Self::ClassArgument => "string | number | UniSet | SetOfKind | null | []",
        }
    }

    /// What is accepted, for messages.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::UniSet => "a set, an equivalence relation or the name of a type",
            Self::IdentitySet => "a set with members",
            Self::ObjectOrSet => "a set with members, or the address of an object",
            Self::Relation => "an equivalence relation",
            Self::RelationOrName => "an equivalence relation, or names of some joined by '&'",
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::IntegerOrText => "an index or a label",
            Self::Bool => "true or false",
            Self::StatOrSet => "a stat, or a set with members",
            Self::Edges => "a list of references, as edges_at gives them",
            Self::SetsByLabel => "a record of sets with members by row labels",
            Self::ClassArgument => "a text, a number, a set, a set of kinds, null or an empty list",
        }
    }

    fn takes(self, value: &Value) -> bool {
        let is_set = matches!(value, Value::Set(_));
        let is_identity = matches!(value, Value::Set(UniSet::Identity(_)));
        let is_relation = matches!(value, Value::Relation(_));
        let is_text = matches!(value, Value::Text(_));
        let is_integer = matches!(value, Value::Integer(_));
        match self {
            Self::UniSet => is_set || is_relation || is_text,
            Self::IdentitySet => is_identity,
            Self::ObjectOrSet => is_identity || matches!(value, Value::Integer(0..)),
            Self::Relation => is_relation,
            Self::RelationOrName => is_relation || is_text,
            Self::Text => is_text,
            Self::Integer => is_integer,
            Self::IntegerOrText => is_integer || is_text,
            Self::Bool => matches!(value, Value::Bool(_) | Value::Integer(0 | 1)),
            Self::StatOrSet => is_identity || matches!(value, Value::Stat(_)),
            Self::Edges => {
                matches!(value, Value::List(edges) if edges.iter().all(|edge| matches!(edge, Value::Edge(_))))
            }
            Self::SetsByLabel => {
                let identity = |(_, value): &(String, Value)| matches!(value, Value::Set(UniSet::Identity(_)));
                matches!(value, Value::Record(sets) if sets.iter().all(identity))
            }
            Self::ClassArgument => {
                let empty = matches!(value, Value::List(values) if values.is_empty());
                let kinds = matches!(value, Value::Kinds(_) | Value::None);
                is_text || is_set || kinds || empty || matches!(value, Value::Integer(0..))
            }
        }
    }
}

/// An attribute.
pub(super) const fn attribute(name: &'static str, result: &'static str, doc: &'static str, run: Run) -> Entry {
    Entry { name, form: Form::Attribute, parameters: &[], result, doc, run }
}

/// A method.
pub(super) const fn method(
    name: &'static str,
    parameters: &'static [Parameter],
    result: &'static str,
    doc: &'static str,
    run: Run,
) -> Entry {
    Entry { name, form: Form::Method, parameters, result, doc, run }
}

/// An argument that must be given.
pub(super) const fn required(name: &'static str, accepts: Accepts) -> Parameter {
    Parameter { name, accepts, presence: Presence::Required }
}

/// An argument that may be left out.
pub(super) const fn optional(name: &'static str, accepts: Accepts) -> Parameter {
    Parameter { name, accepts, presence: Presence::Optional }
}

/// Any number of arguments.
pub(super) const fn repeated(name: &'static str, accepts: Accepts) -> Parameter {
    Parameter { name, accepts, presence: Presence::Repeated }
}

impl Parameter {
    /// Whether it may be left out.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.presence != Presence::Required
    }

    /// Whether any number of them may be given.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.presence == Presence::Repeated
    }
}

/// Arguments that fit an entry.
pub(super) struct Bound<'call> {
    entry: &'static Entry,
    given: Vec<Option<&'call Value>>,
    rest: Vec<&'call Value>,
    named: Vec<(&'call str, &'call Value)>,
}

impl<'call> Bound<'call> {
    /// Fits arguments to the parameters of an entry: by position, then by the names of a last record.
    pub(super) fn new(entry: &'static Entry, arguments: &'call [Value]) -> Result<Self, ApiError> {
        let mut bound = Self { entry, given: vec![None; entry.parameters.len()], rest: Vec::new(), named: Vec::new() };
        let (positional, named) = bound.split(arguments);
        let mut parameters = entry.parameters.iter().enumerate();
        let mut open = None;
        for value in positional {
            let next = open.or_else(|| parameters.next());
            let Some((index, parameter)) = next else {
                return Err(bound.refuse("an argument too many", value, &bound.signature()));
            };
            if parameter.presence == Presence::Repeated {
                open = next;
                // A list stands for what is in it, unless the list itself is what is accepted.
                let spread = match value {
                    Value::List(values) if !parameter.accepts.takes(value) => values.as_slice(),
                    single => std::slice::from_ref(single),
                };
                for value in spread {
                    bound.check(parameter, value)?;
                    bound.rest.push(value);
                }
            } else if !(matches!(value, Value::None) && parameter.is_optional()) {
                bound.check(parameter, value)?;
                bound.given[index] = Some(value);
            }
        }
        for (name, value) in named {
            bound.bind_named(name, value)?;
        }
        for (index, parameter) in entry.parameters.iter().enumerate() {
            if parameter.presence == Presence::Required && bound.given[index].is_none() {
                return Err(bound.refuse(parameter.name, &Value::None, parameter.accepts.words()));
            }
        }
        Ok(bound)
    }

    /// Takes a last record for named arguments, unless a record is what the parameter in its place accepts.
    fn split(&self, arguments: &'call [Value]) -> (&'call [Value], &'call [(String, Value)]) {
        if let Some((Value::Record(named), positional)) = arguments.split_last() {
            let place = self.entry.parameters.get(positional.len());
            let wants_record = place.is_some_and(|parameter| parameter.accepts == Accepts::SetsByLabel);
            let names_parameter =
                |(name, _): &(String, Value)| self.entry.parameters.iter().any(|parameter| parameter.name == name);
            if !wants_record || (!named.is_empty() && named.iter().all(names_parameter)) {
                return (positional, named);
            }
        }
        (arguments, &[])
    }

    fn bind_named(&mut self, name: &'call str, value: &'call Value) -> Result<(), ApiError> {
        let index = self.entry.parameters.iter().position(|parameter| parameter.name == name);
        let Some(index) = index.filter(|&index| self.entry.parameters[index].presence != Presence::Repeated) else {
            // What a relation is called with has names of its own.
            if self.entry.parameters.iter().any(|parameter| parameter.accepts == Accepts::ClassArgument) {
                if !Accepts::ClassArgument.takes(value) {
                    return Err(self.refuse(name, value, Accepts::ClassArgument.words()));
                }
                self.named.push((name, value));
                return Ok(());
            }
            return Err(self.refuse(name, value, &self.signature()));
        };
        if !matches!(value, Value::None) {
            self.check(&self.entry.parameters[index], value)?;
            self.given[index] = Some(value);
        }
        Ok(())
    }

    fn check(&self, parameter: &Parameter, value: &Value) -> Result<(), ApiError> {
        if parameter.accepts.takes(value) {
            return Ok(());
        }
        Err(self.refuse(parameter.name, value, parameter.accepts.words()))
    }

    fn signature(&self) -> String {
        let names: Vec<String> = self.entry.parameters.iter().map(|parameter| parameter.name.to_owned()).collect();
        if names.is_empty() { "no argument".into() } else { names.join(", ") }
    }

    /// An error about an argument.
    pub(super) fn refuse(&self, argument: &str, given: &Value, accepted: &str) -> ApiError {
        ApiError::Argument {
            function: self.entry.name,
            argument: argument.to_owned(),
            given: given.describe(),
            accepted: accepted.to_owned(),
        }
    }

    /// The argument at this place, if it was given.
    pub(super) fn value(&self, index: usize) -> Option<&'call Value> {
        self.given.get(index).copied().flatten()
    }

    /// The repeated arguments.
    pub(super) fn rest(&self) -> &[&'call Value] {
        &self.rest
    }

    /// Arguments by names that are no parameters, of calls of relations.
    pub(super) fn named(&self) -> &[(&'call str, &'call Value)] {
        &self.named
    }

    pub(super) fn set(&self, index: usize) -> Option<UniSet> {
        match self.value(index)? {
            Value::Set(set) => Some(set.clone()),
            _ => None,
        }
    }

    pub(super) fn identity(&self, index: usize) -> Option<IdentitySet> {
        self.set(index)?.as_identity().cloned()
    }

    pub(super) fn relation(&self, index: usize) -> Option<&'call EquivalenceRelation> {
        match self.value(index)? {
            Value::Relation(relation) => Some(relation),
            _ => None,
        }
    }

    pub(super) fn text(&self, index: usize) -> Option<&'call str> {
        match self.value(index)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn integer(&self, index: usize) -> Option<i64> {
        match self.value(index)? {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn truth(&self, index: usize) -> Option<bool> {
        match self.value(index)? {
            Value::Bool(truth) => Some(*truth),
            Value::Integer(number) => Some(*number != 0),
            _ => None,
        }
    }

    pub(super) fn stat(&self, index: usize) -> Option<Stat> {
        match self.value(index)? {
            Value::Stat(stat) => Some((**stat).clone()),
            Value::Set(UniSet::Identity(set)) => Some(set.by("Type").unwrap_or_else(|_| set.clone()).stat()),
            _ => None,
        }
    }

    /// The whole number at a place as one that is not negative.
    pub(super) fn count(&self, index: usize) -> Result<Option<usize>, ApiError> {
        let Some(number) = self.integer(index) else { return Ok(None) };
        match usize::try_from(number) {
            Ok(number) => Ok(Some(number)),
            Err(_) => {
                let name = self.entry.parameters[index].name;
                Err(self.refuse(name, &Value::Integer(number), "a whole number, not negative"))
            }
        }
    }
}
