//! Iteration: the rows of a set's table, and its objects.

use crate::error::Error;
use crate::set::Set;
use crate::thing::{Answer, List, Text, Thing};

/// A row of a table.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its first byte.
    pub address: u64,
    /// Its requested size in bytes.
    pub size: u64,
}

/// The rows of a table, largest first; ends early when a row cannot be read.
#[derive(Debug)]
pub struct Rows {
    list: Option<List>,
    next: u32,
}

/// The objects of a set, in the order of their addresses; ends early when one cannot be read.
#[derive(Debug)]
pub struct Objects {
    list: Option<List>,
    next: u32,
}

impl Rows {
    pub(crate) fn new(set: &Set) -> Self {
        let rows = set.call("partition", &[]).and_then(Answer::thing).and_then(|partition| partition.call("rows", &[]));
        Self { list: rows.and_then(Answer::list).ok(), next: 0 }
    }
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let answer = next_of(self.list.as_ref()?, &mut self.next)?;
        row(&answer.thing().ok()?).ok()
    }
}

impl Objects {
    pub(crate) fn new(set: &Set) -> Self {
        Self { list: set.call("nodes", &[]).and_then(Answer::list).ok(), next: 0 }
    }
}

impl Iterator for Objects {
    type Item = Object;

    fn next(&mut self) -> Option<Object> {
        let answer = next_of(self.list.as_ref()?, &mut self.next)?;
        object(&answer.thing().ok()?).ok()
    }
}

fn next_of(list: &List, next: &mut u32) -> Option<Answer> {
    if *next == list.length() {
        return None;
    }
    *next += 1;
    list.get(*next - 1).ok()
}

fn row(row: &Thing) -> Result<Row, Error> {
    Ok(Row {
        index: row.call("index", &[])?.int()?,
        count: row.call("count", &[])?.int()?,
        size: row.call("size", &[])?.int()?,
        cumulative: row.call("cumulsize", &[])?.int()?,
        kind: row.call("name", &[])?.text()?,
    })
}

fn object(object: &Thing) -> Result<Object, Error> {
    Ok(Object {
        address: object.call("address", &[])?.int()?.cast_unsigned(),
        size: object.call("size", &[])?.int()?.cast_unsigned(),
    })
}
