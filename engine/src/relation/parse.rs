//! Reading relations in the forms in which they are printed.

use crate::error::UseError;
use crate::heap::Relation;

/// Reads a relation, with or without the leading `_`; keys may stand in single or double quotes.
///
/// # Errors
/// [`UseError::BadRelation`] for anything else.
pub fn parse_relation(text: &str) -> Result<Relation, UseError> {
    parse(text).ok_or_else(|| UseError::BadRelation { text: text.to_owned() })
}

fn parse(text: &str) -> Option<Relation> {
    if let Some(index) = text.strip_prefix("list(_)[") {
        return Some(Relation::Member(index.strip_suffix(']')?.parse().ok()?));
    }
    let text = text.strip_prefix('_').unwrap_or(text);
    if text == ".??" {
        return Some(Relation::Unknown);
    }
    if let Some(rest) = text.strip_prefix("->") {
        return parse_internal(rest);
    }
    if let Some(rest) = text.strip_prefix('.') {
        return parse_dotted(rest);
    }
    if let Some(rest) = text.strip_prefix('[') {
        return parse_index(rest);
    }
    parse_offset(text.strip_prefix('+')?)
}

fn parse_internal(rest: &str) -> Option<Relation> {
    if let Some(index) = rest.strip_prefix("f_valuestack[") {
        return Some(Relation::ValueStack(index.strip_suffix(']')?.parse().ok()?));
    }
    (!rest.is_empty()).then(|| Relation::Internal(rest.to_owned()))
}

fn parse_dotted(rest: &str) -> Option<Relation> {
    if let Some(name) = rest.strip_prefix("f_locals[") {
        return Some(Relation::Local(unquoted(name.strip_suffix(']')?)?));
    }
    if let Some(name) = rest.strip_prefix("f_locals [") {
        return Some(Relation::Captured(unquoted(name.strip_suffix(']')?)?));
    }
    if let Some(index) = rest.strip_prefix("keys()[") {
        return Some(Relation::KeyAt(index.strip_suffix(']')?.parse().ok()?));
    }
    let starts_well = rest.chars().next().is_some_and(|c| !c.is_whitespace() && !"[]()+->.".contains(c));
    starts_well.then(|| Relation::Field(rest.to_owned()))
}

/// What stands behind `[`: `3]`, `3].x`, `"key"]`, `-3]` or `true]`.
fn parse_index(rest: &str) -> Option<Relation> {
    if rest.starts_with(['"', '\'']) {
        return Some(Relation::Key(unquoted(rest.strip_suffix(']')?)?));
    }
    if !rest.starts_with(|first: char| first.is_ascii_digit()) {
        let key = rest.strip_suffix(']').filter(|key| is_literal(key))?;
        return Some(Relation::Literal(key.to_owned()));
    }
    let (index, rest) = rest.split_once(']')?;
    let index = index.parse().ok()?;
    match rest.chars().next() {
        None => Some(Relation::Index(index)),
        Some('.' | '[') => Some(Relation::Element { index, rest: rest.to_owned() }),
        Some(_) => None,
    }
}

/// A number below zero, or a name with its path.
fn is_literal(key: &str) -> bool {
    let digits = key.strip_prefix('-').unwrap_or("");
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let named = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.');
    number || !key.is_empty() && key.chars().all(named)
}

fn parse_offset(rest: &str) -> Option<Relation> {
    let (offset, into) = match rest.split_once("&+") {
        Some((offset, into)) => (offset, number(into)?),
        None => (rest, 0),
    };
    Some(Relation::Offset { offset: number(offset)?, into })
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// A text in quotes, without them and with its escapes resolved.
fn unquoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let inner = text.get(1..)?.strip_suffix(quote)?;
    let mut plain = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next()? {
                'n' => plain.push('\n'),
                'r' => plain.push('\r'),
                't' => plain.push('\t'),
                'x' => {
                    let digits: String = characters.by_ref().take(2).collect();
                    plain.push(char::from(u8::from_str_radix(&digits, 16).ok()?));
                }
                other => plain.push(other),
            },
            other if other == quote => return None,
            other => plain.push(other),
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_forms_are_read_back() {
        let relations = [
            Relation::Unknown,
            Relation::Field("a.b".into()),
            Relation::Index(3),
            Relation::Element { index: 3, rest: ".x".into() },
            Relation::Key("it's".into()),
            Relation::Literal("-3".into()),
            Relation::Literal("Color::Red".into()),
            Relation::KeyAt(2),
            Relation::Internal("vtable".into()),
            Relation::Local("x".into()),
            Relation::Captured("x".into()),
            Relation::ValueStack(7),
            Relation::Member(0),
            Relation::Offset { offset: 24, into: 0 },
            Relation::Offset { offset: 24, into: 4 },
        ];
        for relation in relations {
            for quote in ['"', '\''] {
                assert_eq!(parse_relation(&relation.printed(quote)).as_ref(), Ok(&relation));
            }
        }
    }

    #[test]
    fn what_is_no_relation_is_refused() {
        for text in ["", "a", "[", "[]", "[x y]", "[-]", "[-x]", "[\"a]", ".f_locals[x]", "->", "+zz", "[3]x", "["] {
            assert!(parse_relation(text).is_err(), "{text:?}");
        }
    }
}
