//! Quoting of texts as Python's `repr` does it.

/// The text in single quotes, or in double quotes if it contains a single one and no double one.
pub(crate) fn python_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for character in text.chars() {
        match character {
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other if other == quote => quoted.extend(['\\', other]),
            other if other.is_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(other))),
            other => quoted.push(other),
        }
    }
    quoted.push(quote);
    quoted
}

#[cfg(test)]
mod tests {
    use super::python_repr;

    #[test]
    fn quotes_follow_the_content() {
        assert_eq!(python_repr(".a"), "'.a'");
        assert_eq!(python_repr("['k']"), "\"['k']\"");
        assert_eq!(python_repr("['k\"']"), "'[\\'k\"\\']'");
    }
}
