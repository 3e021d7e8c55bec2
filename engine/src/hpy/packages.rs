//! Reading packages.

use std::borrow::Cow;

use super::{HpyError, LOADER};
use crate::stat::{Reference, Stat, StatFormat, StatRow};

/// The text of a file: UTF-8, or where it is not that Latin-1, since the format declares no character set.
#[must_use]
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
    }
}

/// The first package of a text.
///
/// # Errors
/// [`HpyError`] names the line. The empty text has no package: [`HpyError::NoLoader`].
pub fn load(text: &str) -> Result<Stat, HpyError> {
    Packages::new(text).next().unwrap_or(Err(HpyError::NoLoader { line: 1, found: String::new() }))
}

/// The packages of a text, one after the other. After an error there is no next one.
#[derive(Clone, Debug)]
pub struct Packages<'text> {
    rest: &'text str,
    /// Number of lines taken so far.
    line: usize,
}

impl<'text> Packages<'text> {
    /// Reads `text` from its start.
    #[must_use]
    pub fn new(text: &'text str) -> Self {
        Self { rest: text, line: 0 }
    }

    /// What has not been read yet.
    #[must_use]
    pub fn rest(&self) -> &'text str {
        self.rest
    }

    fn next_line(&mut self) -> Option<&'text str> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        Some(line.strip_suffix('\r').unwrap_or(line))
    }

    fn package(&mut self, first: &str) -> Result<Stat, HpyError> {
        let Some(loader) = first.strip_prefix(".loader:").map(str::trim) else {
            return Err(HpyError::NoLoader { line: self.line, found: first.to_owned() });
        };
        if loader != LOADER {
            return Err(HpyError::UnknownLoader { line: self.line, name: loader.to_owned() });
        }
        let mut draft = Draft::default();
        while let Some(line) = self.next_line() {
            if line.starts_with(".end") {
                break;
            }
            match line.strip_prefix(".r: ").or_else(|| line.strip_prefix(".r:")) {
                Some(row) => draft.add_row(row, self.line)?,
                None if draft.in_rows => return Err(draft.bad_row(line, self.line)),
                None => draft.add_header(line, self.line)?,
            }
        }
        draft.finish(self.line)
    }
}

impl Iterator for Packages<'_> {
    type Item = Result<Stat, HpyError>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.next_line()?;
        let package = self.package(first);
        if package.is_err() {
            self.rest = "";
        }
        Some(package)
    }
}

/// A package on its way.
#[derive(Default)]
struct Draft {
    headers: Vec<(String, String)>,
    lines: Vec<usize>,
    format: Option<StatFormat>,
    rows: Vec<StatRow>,
    in_rows: bool,
}

impl Draft {
    fn add_header(&mut self, line: &str, number: usize) -> Result<(), HpyError> {
        let parts = line.strip_prefix('.').and_then(|header| header.split_once(':'));
        let Some((name, value)) = parts else {
            return Err(HpyError::Header { line: number, found: line.to_owned() });
        };
        let value = value.strip_prefix(' ').unwrap_or(value);
        if name == "format" {
            let accepted = "SetFormat, IdFormat and DiffFormat";
            let wrong = || HpyError::Value { line: number, name: name.into(), value: value.into(), accepted };
            self.format = Some(StatFormat::of_word(value.trim()).ok_or_else(wrong)?);
        }
        self.headers.push((name.to_owned(), value.to_owned()));
        self.lines.push(number);
        Ok(())
    }

    fn add_row(&mut self, row: &str, number: usize) -> Result<(), HpyError> {
        self.in_rows = true;
        let format = self.format.ok_or(HpyError::Missing { line: number, name: "format" })?;
        let parsed = match format {
            StatFormat::Id => take_number(row).map(|(size, name)| (1, size, name)),
            StatFormat::Set | StatFormat::Diff => take_number(row).and_then(|(count, rest)| {
                let (size, name) = take_number(rest)?;
                Some((count, size, name))
            }),
        };
        let (count, size, name) = parsed.ok_or_else(|| self.bad_row(row, number))?;
        self.rows.push(StatRow { count, size, name: name.to_owned() });
        Ok(())
    }

    fn bad_row(&self, found: &str, line: usize) -> HpyError {
        let form = if self.format == Some(StatFormat::Id) { "SIZE TEXT" } else { "COUNT SIZE NAME" };
        HpyError::Row { line, found: found.to_owned(), form }
    }

    fn finish(self, line: usize) -> Result<Stat, HpyError> {
        let format = self.format.ok_or(HpyError::Missing { line, name: "format" })?;
        let reference = if format == StatFormat::Diff {
            Some(Reference { count: self.number("b_count", line)?, size: self.number("b_size", line)? })
        } else {
            None
        };
        Ok(Stat {
            format,
            time_made: self.text("timemade").unwrap_or("0.000000").to_owned(),
            reference,
            count: self.number("count", line)?,
            size: self.number("size", line)?,
            kind_name: self.text("kindname").unwrap_or_default().to_owned(),
            kind_header: self.text("kindheader").ok_or(HpyError::Missing { line, name: "kindheader" })?.to_owned(),
            rows: self.rows,
            headers: Some(self.headers),
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &'static str, end: usize) -> Result<i64, HpyError> {
        let position = self.headers.iter().position(|(header, _)| header == name);
        let position = position.ok_or(HpyError::Missing { line: end, name })?;
        let value = &self.headers[position].1;
        value.trim().parse().map_err(|_| HpyError::Value {
            line: self.lines[position],
            name: name.into(),
            value: value.clone(),
            accepted: "a whole number of 64 bits",
        })
    }
}

/// A number at the start of a row, and what follows behind one blank.
fn take_number(text: &str) -> Option<(i64, &str)> {
    let (number, rest) = text.split_once(' ').unwrap_or((text, ""));
    Some((number.parse().ok()?, rest))
}
