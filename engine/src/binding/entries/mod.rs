//! The description, one file for each type of the API.

mod edges;
mod identity_set;
mod kinds;
mod paths;
mod pattern;
mod relation;
mod root;
mod stat;
mod tables;
mod top;
mod uniset;

use std::sync::Arc;

use super::entry::Owner;
use super::{ApiError, Value};
use crate::relation::{EquivalenceRelation, Rule};
use crate::uniset::UniSet;
use crate::view::View;

/// Every type of the API, each before those that share its names.
#[must_use]
pub fn owners() -> &'static [Owner] {
    OWNERS
}

static OWNERS: &[Owner] = &[
    top::USE,
    uniset::UNISET,
    identity_set::IDENTITY_SET,
    kinds::KIND,
    kinds::SET_OF_KIND,
    relation::RELATION,
    tables::PARTITION,
    tables::MORE_PRINTER,
    stat::STAT,
    paths::PATHS,
    paths::PATH,
    edges::EDGE,
    pattern::PATTERN,
    pattern::PATTERN_PATHS,
    root::MAPPING_PROXY,
    root::ROOT,
    root::DOC,
];

/// A name was asked of a value of another type; [`super::call`] only finds entries by the value's type.
fn mismatch(wanted: &'static str, given: &Value) -> ApiError {
    ApiError::Argument {
        function: "call",
        argument: "target".into(),
        given: given.describe(),
        accepted: format!("a {wanted}"),
    }
}

/// The set that an argument stands for: a relation for itself as a set, a text for the type of that name.
fn set_of(view: &Arc<View>, value: &Value) -> Result<UniSet, ApiError> {
    match value {
        Value::Set(set) => Ok(set.clone()),
        Value::Relation(relation) => Ok(relation.as_kind().into()),
        Value::Text(name) => Ok(EquivalenceRelation::new(Arc::clone(view), Rule::Type).class_named(name)?.into()),
        other => Err(mismatch("UniSet", other)),
    }
}

/// Defines a function that takes a value for one of its variants.
macro_rules! take {
    ($name:ident, $variant:path, $target:ty, $word:literal) => {
        fn $name(value: &crate::binding::Value) -> Result<&$target, crate::binding::ApiError> {
            match value {
                $variant(inner) => Ok(inner),
                other => Err(super::mismatch($word, other)),
            }
        }
    };
}
use take;
