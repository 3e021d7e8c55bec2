//! Patterns for the names of kinds and sites.

use serde::Deserialize;

/// A text in which `*` stands for any characters; everything else stands for itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Pattern(pub String);

impl Pattern {
    /// Whether the whole of `text` fits. Time O(length of the pattern · length of the text).
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut pieces = self.0.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let pieces: Vec<&str> = pieces.collect();
        let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
        for piece in middle {
            let Some(at) = rest.find(piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        let fits = |pattern: &str, text: &str| Pattern(pattern.into()).matches(text);
        assert!(fits("src/parser.rs:*", "src/parser.rs:12"));
        assert!(fits("*", ""));
        assert!(fits("*::Node<*>", "app::Node<u8>"));
        assert!(fits("a*b*c", "aXbYbZc"));
        assert!(!fits("a*b", "aXbY"));
        assert!(!fits("ab", "abc"));
        assert!(!fits("ab*ba", "aba"));
    }
}
