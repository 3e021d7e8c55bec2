//! One object by itself: what every binding shows of it.

use std::sync::Arc;

use crate::analysis::Hold;
use crate::error::UseError;
use crate::heap::{Family, TypeEvidence};
use crate::id::ObjectId;
use crate::relation::{Place, Rule, producer};
use crate::use_api::Use;
use crate::view::View;

/// What is known of one object without its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectDescription {
    /// Block, module or frame.
    pub family: Family,
    /// Its first byte.
    pub address: u64,
    /// Requested bytes.
    pub size: u64,
    /// Bytes that the allocator committed.
    pub usable: u64,
    /// Its type as tables name it.
    pub type_name: String,
    /// Its class as tables name it.
    pub class_name: String,
    /// What the type rests on.
    pub evidence: TypeEvidence,
    /// `file:line` of its allocation, or the function's name where there is no line.
    pub site: Option<String>,
    /// Equal in two snapshots of a run exactly for the same object.
    pub serial: u64,
    /// The interval between snapshots in which it was made.
    pub age: u32,
    /// The name of its own that a module or a frame has.
    pub name: Option<String>,
    /// How firmly it is held.
    pub hold: Hold,
}

impl Use {
    /// Describes an object. Time O(1) after the first one, which labels all objects.
    ///
    /// # Errors
    /// [`UseError::Argument`] for an id that is not of this heap.
    pub fn describe(&self, object: ObjectId) -> Result<ObjectDescription, UseError> {
        let count = self.view().heap().object_count();
        if object.index() >= count {
            return Err(UseError::Argument {
                function: "describe",
                argument: "object",
                given: object.raw().to_string(),
                accepted: format!("ids below {count}"),
            });
        }
        Ok(describe(self.view(), object))
    }
}

/// Describes an object of the view's heap. Time O(1) after the first one, which labels all objects.
pub(crate) fn describe(view: &Arc<View>, object: ObjectId) -> ObjectDescription {
    let heap = view.heap();
    let name_by = |rule: Rule| {
        let labels = view.labelling(&rule);
        rule.class_name(view, &labels.class(labels.label(object)), Place::Alone)
    };
    let site = heap.context(object).and_then(|context| producer(heap, context));
    ObjectDescription {
        family: heap.family(object),
        address: heap.address(object),
        size: heap.size(object),
        usable: heap.usable(object),
        type_name: name_by(Rule::Type),
        class_name: name_by(Rule::Class),
        evidence: heap.type_evidence(object),
        site: site.map(|(file, line)| line.map_or(file.clone(), |line| format!("{file}:{line}"))),
        serial: heap.serial(object),
        age: heap.age(object),
        name: heap.name(object).map(str::to_owned),
        hold: view.hold(object),
    }
}
