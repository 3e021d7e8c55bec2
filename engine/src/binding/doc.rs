//! Help: `hp.doc`, `hp.doc.heap`, `x.doc`.

use std::fmt;

use super::entry::{Entry, Form, Owner};
use super::{ApiError, Value, names_of, owner};

/// Columns of the overview, and how wide each is.
const COLUMNS: usize = 4;
const COLUMN_WIDTH: usize = 20;
/// Width of running text.
const WIDTH: usize = 80;

/// Help about a type, or about one of its names. Prints as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doc {
    owner: &'static str,
    /// The expression by which the user reached the owner: `hp` or `x`.
    prefix: &'static str,
    name: Option<String>,
}

impl Doc {
    /// Help about the type of a value.
    pub(super) fn of(target: &Value) -> Self {
        let prefix = if matches!(target, Value::Use(_)) { "hp" } else { "x" };
        Self { owner: target.type_name(), prefix, name: None }
    }

    /// Help about one of the names.
    #[must_use]
    pub fn about(&self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self.clone() }
    }

    /// The address of a reference: number 0 is that of the thing itself.
    ///
    /// # Errors
    /// [`ApiError::Argument`] when there is no such reference.
    pub fn reference(&self, number: i64) -> Result<String, ApiError> {
        let references = self.references();
        let found = usize::try_from(number).ok().and_then(|number| references.get(number).cloned());
        found.ok_or_else(|| ApiError::Argument {
            function: "doc",
            argument: "reference".into(),
            given: number.to_string(),
            accepted: format!("0 to {}", references.len() - 1),
        })
    }

    /// What each name is, one line for each.
    #[must_use]
    pub fn lines(&self) -> String {
        let entry = |name: &str| self.about(name).entry().map(|(_, entry)| signature(entry));
        names_of(self.owner).into_iter().filter_map(entry).collect::<Vec<_>>().join("\n")
    }

    /// The help about each name.
    #[must_use]
    pub fn texts(&self) -> String {
        let texts: Vec<String> = names_of(self.owner).into_iter().map(|name| self.about(name).to_string()).collect();
        texts.join("\n\n")
    }

    fn references(&self) -> Vec<String> {
        let page = |anchor: String| format!("use-api.md#{}", anchor.to_lowercase());
        let own = page(self.owner.to_owned());
        match self.entry() {
            Some((owner, entry)) => vec![page(format!("{}-{}", owner.name, entry.name)), own],
            None => vec![own],
        }
    }

    fn entry(&self) -> Option<(&'static Owner, &'static Entry)> {
        let name = self.name.as_deref()?;
        let mut next = owner(self.owner);
        while let Some(found) = next {
            if let Some(entry) = found.entries.iter().find(|entry| entry.name == name) {
                return Some((found, entry));
            }
            next = found.parent.and_then(owner);
        }
        None
    }

    fn overview(&self) -> String {
        let prefix = self.prefix;
        let names = names_of(self.owner);
        let doc = owner(self.owner).map_or("", |owner| owner.doc);
        let first = doc.split_once(". ").map_or(doc, |(first, _)| first).trim_end_matches('.');
        let mut lines = vec![format!("{first}. Available attributes:")];
        let rows = names.len().div_ceil(COLUMNS);
        for row in 0..rows {
            let cells = (0..COLUMNS).filter_map(|column| names.get(column * rows + row));
            let line: String = cells.map(|name| format!("{name:COLUMN_WIDTH$}")).collect();
            lines.push(line.trim_end().to_owned());
        }
        lines.push(format!("Use eg: {prefix}.doc.<attribute> for info on <attribute>."));
        lines.join("\n")
    }
}

/// `name(a, [b], *c) -> Result`, as help shows it.
pub(super) fn signature(entry: &Entry) -> String {
    let result = entry.result;
    if entry.form == Form::Attribute {
        return format!("{}: {result}", entry.name);
    }
    let parameters: Vec<String> = entry
        .parameters
        .iter()
        .map(|parameter| {
            let text = format!("{}: {}", parameter.name, parameter.accepts.typescript());
            match (parameter.is_repeated(), parameter.is_optional()) {
                (true, _) => format!("...{text}"),
                (false, true) => format!("[{text}]"),
                (false, false) => text,
            }
        })
        .collect();
    format!("{}({}) -> {result}", entry.name, parameters.join(", "))
}

fn filled(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

impl fmt::Display for Doc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_none() {
            return f.write_str(&self.overview());
        }
        let Some((_, entry)) = self.entry() else { return f.write_str("???") };
        writeln!(f, "{}\n\n{}\n\nReferences", signature(entry), filled(entry.doc))?;
        let references = self.references();
        let lines: Vec<String> =
            references.iter().enumerate().map(|(number, reference)| format!("    [{number}] {reference}")).collect();
        f.write_str(&lines.join("\n"))
    }
}
