//! The `.hpy` stream: Heapy's own text format for stats, both ways.
//!
//! A file is a sequence of packages, each one stat: header lines `.name: value`, one `.r:` line for each row, an `.end`
//! line. Packages follow each other with nothing between, so that a profile grows by appending. A package that was read
//! is written byte for byte as it was; files of guppy open here, and ours there.
//!
//! A name that contains a newline would break the format, which has no escapes: newlines are written as blanks.

mod packages;

use std::fmt::Write as _;

use thiserror::Error;

use crate::stat::{Stat, StatFormat};

pub use packages::{Packages, decode, load};

/// The loader that reads stats.
const LOADER: &str = "_load_stat";

/// Why a text is no package.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum HpyError {
    /// The first line is something else.
    #[error("line {line}: no initial .loader directive, but {found:?}")]
    NoLoader {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// A package of another kind.
    #[error("line {line}: no such loader: {name:?}; accepted is {LOADER}")]
    UnknownLoader {
        /// The line, from 1.
        line: usize,
        /// What was named.
        name: String,
    },
    /// A line that is no header, where headers are expected.
    #[error("line {line}: {found:?} is no header of the form '.name: value'")]
    Header {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// A header whose value does not make sense.
    #[error("line {line}: {name} is {value:?}; accepted: {accepted}")]
    Value {
        /// The line, from 1.
        line: usize,
        /// The header.
        name: String,
        /// Its value.
        value: String,
        /// What is accepted.
        accepted: &'static str,
    },
    /// A header that a stat must have.
    #[error("the package that ends at line {line} has no header .{name}")]
    Missing {
        /// The last line of the package, from 1.
        line: usize,
        /// The header.
        name: &'static str,
    },
    /// A line that is no row, where rows are expected.
    #[error("line {line}: {found:?} is no row of the form '.r: {form}'")]
    Row {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        found: String,
        /// What a row looks like in this package.
        form: &'static str,
    },
}

/// One package.
#[must_use]
pub(crate) fn dump(stat: &Stat) -> String {
    let mut text = format!(".loader: {LOADER}\n");
    let usual;
    let headers = match &stat.headers {
        Some(headers) => headers,
        None => {
            usual = usual_headers(stat);
            &usual
        }
    };
    for (name, value) in headers {
        let _ = writeln!(text, ".{name}: {}", one_line(value));
    }
    for row in &stat.rows {
        let name = one_line(&row.name);
        let _ = match stat.format {
            StatFormat::Id => writeln!(text, ".r: {} {name}", row.size),
            StatFormat::Set | StatFormat::Diff => writeln!(text, ".r: {} {} {name}", row.count, row.size),
        };
    }
    let _ = writeln!(text, ".end: .loader: {LOADER}");
    text
}

fn usual_headers(stat: &Stat) -> Vec<(String, String)> {
    let header = |name: &str, value: String| (name.to_owned(), value);
    let mut headers = vec![header("format", stat.format.word().into()), header("timemade", stat.time_made.clone())];
    if let Some(reference) = stat.reference {
        headers.push(header("b_count", reference.count.to_string()));
        headers.push(header("b_size", reference.size.to_string()));
    }
    headers.push(header("count", stat.count.to_string()));
    headers.push(header("size", stat.size.to_string()));
    let kind = [header("kindname", stat.kind_name.clone()), header("kindheader", stat.kind_header.clone())];
    match stat.format {
        StatFormat::Diff => headers.extend(kind.into_iter().rev()),
        StatFormat::Set | StatFormat::Id => headers.extend(kind),
    }
    headers.push(header("numrows", stat.rows.len().to_string()));
    headers
}

fn one_line(text: &str) -> String {
    text.replace("\r\n", " ").replace(['\n', '\r'], " ")
}
