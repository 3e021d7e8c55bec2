//! Labels of the rows of a reference pattern: one letter for each level, runs of three and more counted.

/// The letter of the `index`-th child of a row: `a`, `b`, ... and the characters behind `z`.
fn letter(index: u32) -> char {
    u32::from('a').checked_add(index).and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The label of the row at the end of a chain of children; `_` for the first row.
pub(super) fn label(chain: &[u32]) -> String {
    if chain.is_empty() {
        return "_".into();
    }
    let mut label = String::new();
    for run in chain.chunk_by(|a, b| a == b) {
        let letter = letter(run[0]);
        match run.len() {
            1 => label.push(letter),
            2 => label.extend([letter, letter]),
            length => label.push_str(&format!("{letter}{length}")),
        }
    }
    label
}

/// The longest chain that a label can name: deeper rows are found by their index.
const MAX_CHAIN: usize = 1 << 16;

/// The chain of children that a label names: `aa` and `a2` are one. None if it is no label.
pub(super) fn chain(label: &str) -> Option<Vec<u32>> {
    if label == "_" {
        return Some(Vec::new());
    }
    let mut chain: Vec<u32> = Vec::new();
    let mut rest = label;
    while let Some(first) = rest.chars().next() {
        let index = u32::from(first).checked_sub(u32::from('a'))?;
        rest = &rest[first.len_utf8()..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let repeat: usize = if digits == 0 { 1 } else { rest[..digits].parse().ok()? };
        rest = &rest[digits..];
        if repeat == 0 || chain.len() + repeat > MAX_CHAIN {
            return None;
        }
        chain.extend(std::iter::repeat_n(index, repeat));
    }
    if chain.is_empty() { None } else { Some(chain) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_three_and_more_are_counted() {
        for (given, expected) in [
            (&[][..], "_"),
            (&[0], "a"),
            (&[0, 0], "aa"),
            (&[0, 0, 0], "a3"),
            (&[0, 0, 1, 1, 1, 1], "aab4"),
            (&[26], "{"),
        ] {
            assert_eq!(label(given), expected);
            assert_eq!(chain(expected).as_deref(), Some(given));
        }
        assert_eq!(chain("a2b1"), Some(vec![0, 0, 1]));
    }

    #[test]
    fn what_is_no_label_is_refused() {
        for bad in ["", "3", "a0", "A", "a99999999999999999999", "a9999999"] {
            assert_eq!(chain(bad), None, "{bad}");
        }
    }
}
