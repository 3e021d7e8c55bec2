//! What a heap knows of the contents of its objects: room that no element takes, and, where the capture was told to hold
//! contents, which objects have equal bytes and the values of their fields.
//!
//! All of it is sparse and stands by object; O(log n) to look up.

use super::object::ObjectKey;
use crate::id::ObjectId;

/// The value of a field, as it was when the snapshot was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldValue {
    /// The field: `left`, `name.first`, `[3].key`; of an object that is one plain value empty.
    pub name: String,
    /// Bytes from the start of the object.
    pub offset: u64,
    /// The field's type.
    pub type_name: String,
    /// The value as text: `31`, `true`, `"Ann"`, `Red`, `0x3cfe0`.
    pub value: String,
}

/// Contents on their way into a heap.
#[derive(Clone, Debug, Default)]
pub(super) struct StagedContents {
    pub(super) unused: Vec<(ObjectKey, u64)>,
    pub(super) classes: Vec<(ObjectKey, u32)>,
    pub(super) values: Vec<(ObjectKey, HeldValue)>,
}

/// Contents of a frozen heap.
#[derive(Debug, Default)]
pub(super) struct Contents {
    unused: Vec<(ObjectId, u64)>,
    classes: Vec<(ObjectId, u32)>,
    /// In the order in which they were added.
    objects: Vec<ObjectId>,
    values: Vec<HeldValue>,
}

impl StagedContents {
    /// One past the greatest key.
    pub(super) fn ends(&self) -> usize {
        let keys = self.unused.iter().map(|row| row.0).chain(self.classes.iter().map(|row| row.0));
        keys.chain(self.values.iter().map(|row| row.0)).map(|key| key.0 as usize + 1).max().unwrap_or(0)
    }

    pub(super) fn freeze(self, id_of: impl Fn(ObjectKey) -> ObjectId) -> Contents {
        let mut unused: Vec<_> = self.unused.into_iter().map(|(key, bytes)| (id_of(key), bytes)).collect();
        unused.sort_unstable();
        let mut classes: Vec<_> = self.classes.into_iter().map(|(key, class)| (id_of(key), class)).collect();
        classes.sort_unstable();
        let mut values: Vec<_> = self.values.into_iter().map(|(key, value)| (id_of(key), value)).collect();
        values.sort_by_key(|(object, _)| *object);
        let (objects, values) = values.into_iter().unzip();
        Contents { unused, classes, objects, values }
    }
}

impl Contents {
    pub(super) fn unused(&self, object: ObjectId) -> u64 {
        find(&self.unused, object).unwrap_or(0)
    }

    pub(super) fn class(&self, object: ObjectId) -> Option<u32> {
        find(&self.classes, object)
    }

    pub(super) fn values(&self, object: ObjectId) -> &[HeldValue] {
        let start = self.objects.partition_point(|&other| other < object);
        let count = self.objects[start..].partition_point(|&other| other == object);
        &self.values[start..start + count]
    }
}

fn find<T: Copy>(rows: &[(ObjectId, T)], object: ObjectId) -> Option<T> {
    rows.binary_search_by_key(&object, |row| row.0).ok().map(|at| rows[at].1)
}
