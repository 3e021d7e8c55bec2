//! Stat: the numbers of a partition without its objects.
//!
//! A stat is what remains when the heap is gone: rows of count, size and name under a header. It prints like the
//! partition it was made from, can be subtracted from another one, and is what `.hpy` files hold (see [`crate::hpy`]).
//! A long-lived profile is a file of many stats, so a stat keeps every header line it was read with.

mod difference;
mod rows;
mod table;

use std::sync::Arc;

use crate::error::UseError;
use crate::text::MorePrinter;
use crate::uniset::IdentitySet;

pub use rows::SortBy;

/// How the rows of a stat were made, and how it prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatFormat {
    /// One row for each class.
    Set,
    /// One row for each object.
    Id,
    /// The difference of two stats.
    Diff,
}

impl StatFormat {
    /// The word in `.hpy` files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Set => "SetFormat",
            Self::Id => "IdFormat",
            Self::Diff => "DiffFormat",
        }
    }

    /// The format of a word of `.hpy` files.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Set, Self::Id, Self::Diff].into_iter().find(|format| format.word() == word)
    }
}

/// A row of a stat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatRow {
    /// Number of objects; negative where a difference has fewer.
    pub count: i64,
    /// Sum of their sizes, in bytes.
    pub size: i64,
    /// What they have in common, or the text of the one object.
    pub name: String,
}

/// The totals of what a difference was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Number of objects of B.
    pub count: i64,
    /// Sum of their sizes, in bytes.
    pub size: i64,
}

/// Rows of count, size and name, with their totals.
#[derive(Clone, Debug, PartialEq)]
pub struct Stat {
    pub(crate) format: StatFormat,
    /// When it was made, in seconds; as the text it was read with, if it was.
    pub(crate) time_made: String,
    pub(crate) reference: Option<Reference>,
    pub(crate) count: i64,
    pub(crate) size: i64,
    pub(crate) kind_name: String,
    pub(crate) kind_header: String,
    pub(crate) rows: Vec<StatRow>,
    /// Header lines in the order in which they were read, where that is not the usual one.
    pub(crate) headers: Option<Vec<(String, String)>>,
}

impl Stat {
    /// The numbers of a set under its relation.
    #[must_use]
    pub fn of(set: &IdentitySet) -> Self {
        let partition = set.partition();
        let format = if partition.is_identity_form() { StatFormat::Id } else { StatFormat::Set };
        let rows = partition
            .rows(0)
            .map(|row| StatRow { count: row.count as i64, size: signed(row.size), name: row.name })
            .collect();
        Self {
            format,
            time_made: seconds(set.heap().facts().at_nanos as f64 / 1e9),
            reference: None,
            count: partition.count() as i64,
            size: signed(partition.size()),
            kind_name: partition.kind_name(),
            kind_header: partition.kind_header().to_owned(),
            rows,
            headers: None,
        }
    }

    /// The same made at another time, in seconds; hosts that have a clock give the seconds since 1970.
    #[must_use]
    pub fn made_at(mut self, time: f64) -> Self {
        self.time_made = seconds(time);
        if let Some(header) = self.headers.iter_mut().flatten().find(|(name, _)| name == "timemade") {
            header.1.clone_from(&self.time_made);
        }
        self
    }

    /// How it was made and how it prints.
    #[must_use]
    pub fn format(&self) -> StatFormat {
        self.format
    }

    /// When it was made, in seconds: of a heap since its guest began, of a file since 1970.
    #[must_use]
    pub fn time_made(&self) -> f64 {
        self.time_made.parse().unwrap_or(0.0)
    }

    /// Number of objects.
    #[must_use]
    pub fn count(&self) -> i64 {
        self.count
    }

    /// Sum of their sizes, in bytes.
    #[must_use]
    pub fn size(&self) -> i64 {
        self.size
    }

    /// The totals of B, of a difference.
    #[must_use]
    pub fn reference(&self) -> Option<Reference> {
        self.reference
    }

    /// What all its objects have in common, in the identity form.
    #[must_use]
    pub fn kind_name(&self) -> &str {
        &self.kind_name
    }

    /// The header of the kind column.
    #[must_use]
    pub fn kind_header(&self) -> &str {
        &self.kind_header
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[StatRow] {
        &self.rows
    }

    /// A header line of the file it was read from, by its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().flatten().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The first page of its table; its `more` and `all` give the rest.
    #[must_use]
    pub fn pages(&self) -> MorePrinter {
        MorePrinter::new(Arc::new(self.clone()))
    }

    /// One package of a `.hpy` file.
    #[must_use]
    pub fn dump(&self) -> String {
        crate::hpy::dump(self)
    }
}

impl std::fmt::Display for Stat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.pages().fmt(f)
    }
}

impl IdentitySet {
    /// The numbers of the set under its relation.
    #[must_use]
    pub fn stat(&self) -> Stat {
        Stat::of(self)
    }

    /// What this set has more and less than `other`, row by row under this set's relation. The sets may be of
    /// different heaps, since rows are matched by name.
    ///
    /// # Errors
    /// [`UseError::KindHeader`] when the relation means something else in the other heap's vocabulary.
    pub fn diff(&self, other: &Self) -> Result<Stat, UseError> {
        let mut reference = other.by_rule(self.rule().clone()).stat();
        let mut own = self.stat();
        // The empty set is by Clodo whatever it was asked for, and has no row that could mean something else.
        if other.is_empty() {
            reference.kind_header.clone_from(&own.kind_header);
        } else if self.is_empty() {
            own.kind_header.clone_from(&reference.kind_header);
        }
        own.minus(&reference)
    }

    /// One package of a `.hpy` file with the numbers of the set.
    #[must_use]
    pub fn dump(&self) -> String {
        self.stat().dump()
    }
}

/// Six decimals, as Python's `%f`.
fn seconds(time: f64) -> String {
    format!("{time:.6}")
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
