//! What a shell needs of the language: names to complete, and whether a line is complete.

use std::collections::BTreeSet;

use serde_json::Value;

use super::native::Native;

/// Names that a line can be completed with.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// Names behind a dot, of any type.
    members: BTreeSet<String>,
    /// Names of the top object.
    top: BTreeSet<String>,
}

impl Vocabulary {
    /// The names of the description of the API.
    #[must_use]
    pub fn of(native: &dyn Native) -> Self {
        let description: Value = serde_json::from_str(&native.describe()).unwrap_or_default();
        let mut vocabulary = Self::default();
        for (name, described) in description["types"].as_object().into_iter().flatten() {
            let lists = ["attributes", "methods", "columns"].map(|list| described[list].as_array());
            let names = lists.into_iter().flatten().flatten().filter_map(Value::as_str);
            let names: Vec<String> = names.map(str::to_owned).collect();
            if name == "Use" {
                vocabulary.top.extend(names);
            } else {
                vocabulary.members.extend(names);
            }
        }
        vocabulary.top.extend(["moment", "snapshot", "snapshots"].map(str::to_owned));
        vocabulary
    }

    /// Where the name under the cursor begins, and the names that begin like it.
    #[must_use]
    pub fn completions(&self, line: &str, position: usize) -> (usize, Vec<&str>) {
        let Some(before) = line.get(..position) else { return (position, Vec::new()) };
        let is_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
        let start = before.trim_end_matches(is_name).len();
        let begun = &before[start..];
        let is_top = |owner: &str| {
            let rest = owner.strip_suffix(".doc").unwrap_or(owner).strip_suffix("hp");
            rest.is_some_and(|rest| !rest.ends_with(|letter| is_name(letter) || letter == '.'))
        };
        let names: Box<dyn Iterator<Item = &str>> = match before[..start].strip_suffix('.') {
            None => Box::new(["hp", "print"].into_iter()),
            Some(owner) if is_top(owner) => Box::new(self.top.iter().map(String::as_str)),
            Some(_) => Box::new(self.members.iter().map(String::as_str)),
        };
        (start, names.filter(|name| name.starts_with(begun)).collect())
    }
}

/// Whether every bracket and every template text of a piece of JavaScript is closed. Regular expressions with brackets
/// or quotes in them are not understood; a line that looks open can always be ended by an empty one.
#[must_use]
pub fn is_complete(source: &str) -> bool {
    if source.ends_with("\n\n") {
        return true;
    }
    let mut open: Vec<char> = Vec::new();
    let mut letters = source.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' | '\'' => skip_text(&mut letters, letter),
            '`' if !close_template(&mut letters) => return false,
            '/' if letters.peek() == Some(&'/') => while letters.next_if(|letter| *letter != '\n').is_some() {},
            '(' | '[' | '{' => open.push(letter),
            // A bracket too many is an error that the interpreter tells better.
            ')' | ']' | '}' if open.pop().is_none() => return true,
            _ => {}
        }
    }
    open.is_empty()
}

/// Skips a text to its closing quote or the end of its line.
fn skip_text(letters: &mut impl Iterator<Item = char>, quote: char) {
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '\n' => return,
            other if other == quote => return,
            _ => {}
        }
    }
}

/// Skips a template text; whether it ends.
fn close_template(letters: &mut impl Iterator<Item = char>) -> bool {
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '`' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Vocabulary { members: names(&["byid", "bysize", "size"]), top: names(&["heap", "heapu", "iso"]) }
    }

    #[test]
    fn names_are_completed_behind_their_owner() {
        let complete = |line: &str| {
            let vocabulary = vocabulary();
            let (start, names) = vocabulary.completions(line, line.len());
            (start, names.join(" "))
        };
        assert_eq!(complete("hp.he"), (3, "heap heapu".into()));
        assert_eq!(complete("print(hp.doc.he"), (13, "heap heapu".into()));
        assert_eq!(complete("hp.heap().by"), (10, "byid bysize".into()));
        assert_eq!(complete("x.s"), (2, "size".into()));
        assert_eq!(complete("1 + h"), (4, "hp".into()));
        assert_eq!(complete("chp.he"), (4, String::new()));
    }

    #[test]
    fn open_brackets_ask_for_another_line() {
        for complete in ["1 + 1", "f('(')", "f(\"[\") // (", "f)", "`a\n`", "{ a: [1] }", "'it\\'s ('", "(1\n\n"] {
            assert!(is_complete(complete), "{complete:?}");
        }
        for open in ["f(", "[1,", "{", "`a", "if (x) {\n  f()"] {
            assert!(!is_complete(open), "{open:?}");
        }
    }
}
