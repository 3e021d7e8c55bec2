//! Kinds in expressions: a relation and what it is called with, `hp.Type("app::Session")`.
//!
//! Kinds name what they mean, so that they stand for the same in every snapshot; the row of a table does not.

use std::fmt;

use heapy_engine::Argument;

/// Symbols that a kind can be compared with, longest first.
const ALTERNATIVES: [&str; 6] = ["<=", ">=", "==", "!=", "<", ">"];

/// A kind: the class of a relation that arguments describe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KindCall {
    /// The relation's name.
    pub relation: String,
    /// What it is called with.
    pub words: Vec<Word>,
    /// Which classes are meant by comparison with that one, such as `>=`; none for that one alone.
    pub alternative: Option<&'static str>,
}

/// An argument of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Word {
    /// A name.
    Text(String),
    /// A size, a line, an interval.
    Number(u64),
}

impl Word {
    /// The engine's argument.
    pub(crate) fn argument(&self) -> Argument {
        match self {
            Self::Text(text) => Argument::Text(text.clone()),
            Self::Number(number) => Argument::Number(*number),
        }
    }
}

impl KindCall {
    /// The objects that were made since an interval began: those of that interval and of later ones.
    pub(crate) fn made_since(interval: u32) -> Self {
        Self::age(interval, ">=")
    }

    /// The objects that were made before an interval began.
    pub(crate) fn made_before(interval: u32) -> Self {
        Self::age(interval, "<")
    }

    fn age(interval: u32, symbol: &'static str) -> Self {
        let words = vec![Word::Number(u64::from(interval))];
        Self { relation: "Age".into(), words, alternative: Some(symbol) }
    }

    /// A class by its name.
    pub(crate) fn named(relation: &str, name: &str) -> Self {
        Self { relation: relation.to_owned(), words: vec![Word::Text(name.to_owned())], alternative: None }
    }

    /// What a line allocated, by the line's name; none where that is no place in a file.
    pub(crate) fn producer(place: &str) -> Option<Self> {
        let (file, line) = place.rsplit_once(':')?;
        let words = vec![Word::Text(file.to_owned()), Word::Number(line.parse().ok()?)];
        Some(Self { relation: "Prod".into(), words, alternative: None })
    }

    /// What a crumb says: the arguments alone, without the relation where a name tells enough.
    pub(crate) fn label(&self) -> String {
        match (self.words.as_slice(), self.alternative) {
            ([Word::Text(name)], None) => name.clone(),
            ([Word::Text(file), Word::Number(line)], None) => format!("{file}:{line}"),
            _ => self.to_string().trim_start_matches("hp.").to_owned(),
        }
    }
}

impl fmt::Display for KindCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hp.{}(", self.relation)?;
        for (index, word) in self.words.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            match word {
                Word::Number(number) => write!(f, "{comma}{number}"),
                // A text of JSON is a text of JavaScript.
                Word::Text(text) => {
                    write!(f, "{comma}{}", serde_json::to_string(text).map_err(|_| fmt::Error)?)
                }
            }?;
        }
        f.write_str(")")?;
        match self.alternative {
            Some(symbol) => write!(f, ".alt(\"{symbol}\")"),
            None => Ok(()),
        }
    }
}

/// A text in quotes of either sort at the beginning, and what follows it; none where no quote stands there.
pub(crate) fn quoted_text(text: &str) -> Result<Option<(String, &str)>, String> {
    let Some(quote) = text.chars().next().filter(|letter| matches!(letter, '"' | '\'')) else { return Ok(None) };
    let mut read = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            letter if letter == quote => return Ok(Some((read, &text[at + 1..]))),
            '\\' => read.push(escaped(&mut letters)?),
            letter => read.push(letter),
        }
    }
    Err("the set ends where a closing quote should stand".into())
}

/// The character that an escape of JavaScript or Python stands for.
fn escaped(letters: &mut impl Iterator<Item = (usize, char)>) -> Result<char, String> {
    let digits = |letters: &mut dyn Iterator<Item = (usize, char)>, count: usize| {
        let digits: String = letters.take(count).map(|(_, letter)| letter).collect();
        let code = u32::from_str_radix(&digits, 16).ok();
        code.and_then(char::from_u32).ok_or_else(|| format!("{digits:?} is the number of no character"))
    };
    match letters.next().map(|(_, letter)| letter) {
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('t') => Ok('\t'),
        Some('b') => Ok('\u{8}'),
        Some('f') => Ok('\u{c}'),
        Some('x') => digits(letters, 2),
        Some('u') => digits(letters, 4),
        Some(letter) => Ok(letter),
        None => Err("the set ends where an escaped character should stand".into()),
    }
}

/// `.alt("SYMBOL")` at the beginning: the symbol and what follows.
pub(crate) fn read_alternative(text: &str) -> Option<(&'static str, &str)> {
    let rest = text.trim_start().strip_prefix(".alt(")?;
    let (quote, rest) = rest.split_at_checked(1).filter(|(quote, _)| matches!(*quote, "\"" | "'"))?;
    let symbol = ALTERNATIVES.into_iter().find(|symbol| rest.starts_with(symbol))?;
    let rest = rest[symbol.len()..].strip_prefix(quote)?.strip_prefix(')')?;
    Some((symbol, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_scripts_and_tables_write_them() {
        let read = |text| quoted_text(text).map(|found| found.map(|(text, rest)| (text, rest.to_owned())));
        assert_eq!(read("\"a\\\"b\" rest"), Ok(Some(("a\"b".into(), " rest".into()))));
        assert_eq!(read(r"'it\'s\x1b\u00e4\n'"), Ok(Some(("it's\u{1b}ä\n".into(), String::new()))));
        assert_eq!(read("3"), Ok(None));
        assert!(read("\"open").is_err() && read("'\\").is_err() && read(r#""\uzzzz""#).is_err());
    }

    #[test]
    fn lines_are_kinds() {
        let line = KindCall::producer("C:/app/main.rs:57").expect("a place");
        assert_eq!(
            (line.to_string().as_str(), line.label().as_str()),
            ("hp.Prod(\"C:/app/main.rs\", 57)", "C:/app/main.rs:57")
        );
        assert_eq!((KindCall::producer("unknown"), KindCall::producer("main.rs:x")), (None, None));
    }

    #[test]
    fn comparisons_are_those_that_kinds_have() {
        assert_eq!(read_alternative(".alt(\">=\").referrers"), Some((">=", ".referrers")));
        assert_eq!(read_alternative(".alt('<')"), Some(("<", "")));
        assert_eq!((read_alternative(".alt(\"=>\")"), read_alternative(".alt(\">)")), (None, None));
    }
}
