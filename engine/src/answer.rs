//! Answers to interpreters, as they are serialized: into JSON, or straight into JavaScript's objects.
//!
//! Rows and objects come by the thousand, so they are structs and not trees of values; their members stand in the order
//! of their names, as in every other answer.

use serde::Serialize;
use serde_json::Value as Json;

use crate::object_description::ObjectDescription;

/// The answer to a request, in one of the forms that [`crate::Handles`] lists.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Answer(pub(crate) Form);

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Form {
    /// Any form.
    Value(Json),
    /// A page of a table.
    Rows { v: Vec<TableRow> },
    /// A page of single objects.
    Objects { v: Vec<ObjectRow> },
}

/// A row of a table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TableRow {
    pub(crate) count: i64,
    pub(crate) cumulative: i64,
    pub(crate) index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) size: i64,
}

/// A single object, in the words of `show --by Id --json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ObjectRow {
    address: u64,
    class: String,
    evidence: &'static str,
    family: &'static str,
    reachable: &'static str,
    serial: u64,
    site: Option<String>,
    size: u64,
    #[serde(rename = "type")]
    type_name: String,
    usable: u64,
}

impl From<ObjectDescription> for ObjectRow {
    fn from(found: ObjectDescription) -> Self {
        Self {
            address: found.address,
            class: found.class_name,
            evidence: found.evidence.word(),
            family: found.family.word(),
            reachable: found.hold.word(),
            serial: found.serial,
            site: found.site,
            size: found.size,
            type_name: found.type_name,
            usable: found.usable,
        }
    }
}
