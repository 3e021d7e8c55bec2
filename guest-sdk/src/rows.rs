//! Iteration: the rows of a set's table, and its objects.

use crate::error::Error;
use crate::set::Set;
use crate::thing::{Answer, List, Text, Thing};

/// A row of a table.
///
/// ```
/// let largest = heapy_guest::hpy().heap().rows().next();
/// if let Some(row) = largest {
///     println!("{} bytes in {} of {}", row.size, row.count, row.kind);
/// }
/// ```
#[derive(Debug)]
pub struct Row {
    /// Its position, from 0.
    pub index: i64,
    /// Number of objects.
    pub count: i64,
    /// Their size in bytes.
    pub size: i64,
    /// The size of this row and of those before it.
    pub cumulative: i64,
    /// What its objects have in common.
    pub kind: Text,
}

/// An object of a set.
///
/// ```
/// for object in heapy_guest::hpy().heap().objects().take(3) {
///     println!("{:#x}: {}, {} bytes", object.address, object.class, object.size);
/// }
/// ```
#[derive(Debug)]
pub struct Object {
    /// Its first byte.
    pub address: u64,
    /// Its requested size in bytes.
    pub size: i64,
    /// Its class.
    pub class: Text,
}

/// The rows of a table, largest first; ends early when a row cannot be read.
#[derive(Debug)]
pub struct Rows {
    list: Option<List>,
    next: u32,
}

/// The objects of a set, largest first; ends early when one cannot be read.
#[derive(Debug)]
pub struct Objects {
    objects: Set,
    next: i64,
}

impl Rows {
    pub(crate) fn new(set: &Set) -> Self {
        let rows = set.call("partition", &[]).and_then(Answer::thing);
        let rows = rows.and_then(|partition| partition.call("get_rows", &[])).and_then(Answer::list);
        Self { list: rows.ok(), next: 0 }
    }
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let list = self.list.as_ref()?;
        if self.next == list.length() {
            return None;
        }
        self.next += 1;
        row(&list.get(self.next - 1).and_then(Answer::thing).ok()?).ok()
    }
}

impl Objects {
    pub(crate) fn new(set: &Set) -> Self {
        Self { objects: set.by("Id"), next: 0 }
    }
}

impl Iterator for Objects {
    type Item = Object;

    fn next(&mut self) -> Option<Object> {
        let one = self.objects.part(self.next).call("theone", &[]).and_then(Answer::thing).ok()?;
        self.next += 1;
        object(&one).ok()
    }
}

fn row(row: &Thing) -> Result<Row, Error> {
    Ok(Row {
        index: row.call("index", &[])?.int()?,
        count: row.call("count", &[])?.int()?,
        size: row.call("size", &[])?.int()?,
        cumulative: row.call("cumulative", &[])?.int()?,
        kind: row.call("name", &[])?.text()?,
    })
}

fn object(object: &Thing) -> Result<Object, Error> {
    Ok(Object {
        address: object.call("address", &[])?.int()?.cast_unsigned(),
        size: object.call("size", &[])?.int()?,
        class: object.call("class", &[])?.text()?,
    })
}
