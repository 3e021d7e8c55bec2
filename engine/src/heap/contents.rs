//! What a heap knows of the contents of its objects: room that no element takes, and, where the capture was told to hold
//! contents, which objects have equal bytes, those bytes, and the values of their fields.
//!
//! All of it is sparse and stands by object, bytes by what they are equal to, so that equal ones are held once; O(log n)
//! to look up.

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
    pub(super) bytes: ClassBytes,
}

/// The bytes of classes of equal contents, one behind the other.
#[derive(Clone, Debug, Default)]
pub(super) struct ClassBytes {
    /// Class, and where its bytes end; they begin where those of the row before end.
    rows: Vec<(u32, usize)>,
    all: Vec<u8>,
}

impl ClassBytes {
    pub(super) fn add(&mut self, class: u32, bytes: &[u8]) {
        self.all.extend_from_slice(bytes);
        self.rows.push((class, self.all.len()));
    }

    /// Row numbers by class; of two rows of a class the first one counts.
    fn order(&self) -> Vec<(u32, u32)> {
        let mut order: Vec<_> = self.rows.iter().enumerate().map(|(row, (class, _))| (*class, row as u32)).collect();
        order.sort_unstable();
        order.dedup_by_key(|row| row.0);
        order
    }

    fn row(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).map_or(0, |before| self.rows[before].1);
        &self.all[start..self.rows[row].1]
    }
}

/// Contents of a frozen heap.
#[derive(Debug, Default)]
pub(super) struct Contents {
    unused: Vec<(ObjectId, u64)>,
    classes: Vec<(ObjectId, u32)>,
    /// In the order in which they were added.
    objects: Vec<ObjectId>,
    values: Vec<HeldValue>,
    bytes: ClassBytes,
    /// Class and row of its bytes.
    bytes_of_class: Vec<(u32, u32)>,
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
        let bytes_of_class = self.bytes.order();
        Contents { unused, classes, objects, values, bytes: self.bytes, bytes_of_class }
    }
}

impl Contents {
    pub(super) fn unused(&self, object: ObjectId) -> u64 {
        find(&self.unused, object).unwrap_or(0)
    }

    pub(super) fn class(&self, object: ObjectId) -> Option<u32> {
        find(&self.classes, object)
    }

    pub(super) fn bytes_of_class(&self, class: u32) -> Option<&[u8]> {
        let at = self.bytes_of_class.binary_search_by_key(&class, |row| row.0).ok()?;
        Some(self.bytes.row(self.bytes_of_class[at].1 as usize))
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
