//! Completion of scripts from the description of the API: what can follow the chain before the cursor?
//!
//! Only chains that begin with `hp` are understood: `hp.heap().by("Type")[0].re` has a type at each step, and the
//! description says which names that type has.

use heapy_engine::binding::{Entry, Form, Owner, owner};

/// The type of `hp`.
const TOP: &str = "Use";

/// What could be written at the cursor.
#[derive(Debug)]
pub(super) struct Completion {
    /// Where the word begins that would be replaced, in bytes.
    pub from: usize,
    /// The names that fit, in order.
    pub entries: Vec<&'static Entry>,
}

/// What can follow the text before the cursor; none where nothing is known to fit.
pub(super) fn complete(before: &str) -> Option<Completion> {
    let from = before.rfind(|letter: char| !is_word(letter)).map_or(0, |at| at + 1);
    let (chain, word) = (before.get(..from)?.strip_suffix('.')?, &before[from..]);
    let known = type_of(chain_at_end(chain))?;
    let fits =
        |entry: &&'static Entry| entry.name.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
    let mut entries: Vec<_> = entries_of(known).into_iter().filter(fits).collect();
    entries.sort_by_key(|entry| entry.name);
    entries.dedup_by_key(|entry| entry.name);
    (!entries.is_empty()).then_some(Completion { from, entries })
}

/// What is written into a script for a name.
pub(super) fn written(entry: &Entry) -> String {
    match entry.form {
        Form::Attribute => entry.name.to_owned(),
        Form::Method if entry.parameters.is_empty() => format!("{}()", entry.name),
        Form::Method => format!("{}(", entry.name),
    }
}

/// A name with its parameters and what it gives.
pub(super) fn signature(entry: &Entry) -> String {
    let parameter = |parameter: &heapy_engine::binding::Parameter| {
        let mark = if parameter.is_optional() { "?" } else { "" };
        let many = if parameter.is_repeated() { "..." } else { "" };
        format!("{many}{}{mark}", parameter.name)
    };
    let parameters: Vec<_> = entry.parameters.iter().map(parameter).collect();
    let called = if entry.form == Form::Method { format!("({})", parameters.join(", ")) } else { String::new() };
    format!("{}{called}: {}", entry.name, entry.result)
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The longest chain of names, calls and indices that the text ends with.
fn chain_at_end(text: &str) -> &str {
    let mut depth = 0usize;
    for (at, letter) in text.char_indices().rev() {
        match letter {
            ')' | ']' => depth += 1,
            '(' | '[' if depth > 0 => depth -= 1,
            _ if depth > 0 || is_word(letter) || letter == '.' => {}
            _ => return &text[at + letter.len_utf8()..],
        }
    }
    text
}

/// The type of a chain that begins with `hp`.
fn type_of(chain: &str) -> Option<&'static Owner> {
    let mut rest = chain.strip_prefix("hp").filter(|rest| !rest.starts_with(is_word))?;
    let mut known = owner(TOP)?;
    while let Some(letter) = rest.chars().next() {
        match letter {
            '.' => {
                let end = rest[1..].find(|letter: char| !is_word(letter)).map_or(rest.len(), |end| end + 1);
                let name = &rest[1..end];
                let entry = entries_of(known).into_iter().find(|entry| entry.name == name)?;
                known = result_type(entry.result)?;
                rest = &rest[end..];
            }
            // A call or an index: of a set it is a set again.
            '(' | '[' => rest = after_brackets(rest)?,
            _ => return None,
        }
    }
    Some(known)
}

/// The first type of the API in a type as TypeScript writes it.
fn result_type(result: &str) -> Option<&'static Owner> {
    result.split(|letter: char| !is_word(letter)).find_map(owner)
}

/// What follows the bracket that closes the first one.
fn after_brackets(text: &str) -> Option<&str> {
    let mut depth = 0usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&text[at + 1..]);
        }
    }
    None
}

/// The names of a type and of those whose names it has too.
fn entries_of(known: &'static Owner) -> Vec<&'static Entry> {
    let mut entries: Vec<&'static Entry> = Vec::new();
    let mut next = Some(known);
    while let Some(owner) = next {
        entries.extend(owner.entries.iter());
        next = owner.parent.and_then(heapy_engine::binding::owner);
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        complete(text).map_or_else(Vec::new, |found| found.entries.iter().map(|entry| entry.name).collect())
    }

    #[test]
    fn chains_are_followed_by_their_types() {
        assert!(names("hp.").contains(&"heap") && names("hp.").contains(&"iso"));
        assert_eq!(names("hp.heap().domi"), ["dominos", "domisize"]);
        assert_eq!(names("print(hp.heap().by(\"Type (x\".length)[0].referr"), ["referrers"]);
        assert!(names("const s = hp.heap().byprod[0].").contains(&"imdom"));
    }

    #[test]
    fn nothing_is_guessed() {
        for text in ["", "hp", "x.", "hpx.", "hp.nothing_like_it.", "hp.heap().size.", "hp.heap(.", "\"ä\"."] {
            assert_eq!(names(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_is_written_can_go_on() {
        let found = complete("hp.heap").expect("a completion");
        assert_eq!(found.from, 3);
        let heap = found.entries.iter().find(|entry| entry.name == "heap").expect("heap");
        assert_eq!(written(heap), "heap()");
        assert!(signature(heap).starts_with("heap(): "));
    }
}
