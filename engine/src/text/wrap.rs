//! Filling of long rows, as Python's `textwrap` does it: words at blanks and after hyphens, long words broken.

/// Columns of a filled line.
const WIDTH: usize = 100;

/// Fills `prefix` and `text` into lines of 100 columns, continued under the end of the prefix. Pieces of `text` between
/// newlines are filled on their own.
pub(crate) fn fill(prefix: &str, text: &str) -> String {
    let indent = " ".repeat(prefix.chars().count());
    let mut lines = Vec::new();
    for (index, piece) in text.split('\n').enumerate() {
        let first = if index == 0 { prefix } else { &indent };
        lines.extend(wrap(&format!("{first}{piece}"), &indent));
    }
    lines.join("\n")
}

fn wrap(text: &str, indent: &str) -> Vec<String> {
    let characters: Vec<char> = expand_tabs(text);
    // The common case, which needs no splitting.
    if characters.len() <= WIDTH {
        let line: String = characters.into_iter().collect();
        let kept = line.trim_end_matches(' ');
        return if kept.is_empty() { Vec::new() } else { vec![kept.to_owned()] };
    }
    let mut chunks = split(&characters);
    chunks.reverse();
    let mut lines: Vec<String> = Vec::new();
    while !chunks.is_empty() {
        let line = next_line(&mut chunks, if lines.is_empty() { 0 } else { indent.len() }, !lines.is_empty());
        if !line.is_empty() {
            let start = if lines.is_empty() { "" } else { indent };
            lines.push(format!("{start}{}", line.into_iter().collect::<String>()));
        }
    }
    lines
}

/// Takes one line's worth from the end of `chunks`, which stand in reverse order.
fn next_line(chunks: &mut Vec<Vec<char>>, indent: usize, continued: bool) -> Vec<char> {
    // An indent as wide as the page would leave no room; one character a line still ends.
    let width = WIDTH.saturating_sub(indent).max(1);
    let mut line: Vec<char> = Vec::new();
    let mut last_blank = None;
    if continued && chunks.last().is_some_and(|chunk| is_blank(chunk)) {
        chunks.pop();
    }
    while let Some(chunk) = chunks.pop_if(|chunk| line.len() + chunk.len() <= width) {
        last_blank = is_blank(&chunk).then_some(line.len());
        line.extend(chunk);
    }
    if let Some(chunk) = chunks.pop_if(|chunk| chunk.len() > width) {
        let mut end = width - line.len();
        let hyphen = chunk[..end].iter().rposition(|&c| c == '-').filter(|&at| at > 0);
        if let Some(at) = hyphen
            && chunk[..at].iter().any(|&c| c != '-')
        {
            end = at + 1;
        }
        // A blank in front of a broken word stays, even where nothing of the word fits behind it.
        last_blank = None;
        line.extend(&chunk[..end]);
        chunks.push(chunk[end..].to_vec());
    }
    if let Some(start) = last_blank {
        line.truncate(start);
    }
    line
}

fn expand_tabs(text: &str) -> Vec<char> {
    let mut characters = Vec::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => {
                let stop = (characters.len() / 8 + 1) * 8;
                characters.resize(stop, ' ');
            }
            '\n' | '\r' | '\u{b}' | '\u{c}' => characters.push(' '),
            other => characters.push(other),
        }
    }
    characters
}

fn is_blank(chunk: &[char]) -> bool {
    chunk.iter().all(|&c| c == ' ')
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_letter(c: char) -> bool {
    is_word(c) && !c.is_numeric()
}

fn is_word_or_punctuation(c: char) -> bool {
    is_word(c) || "!\"'&.,?".contains(c)
}

/// Splits into words, parts of hyphenated words, dashes and runs of blanks.
fn split(text: &[char]) -> Vec<Vec<char>> {
    let mut chunks = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let end = chunk_end(text, at);
        chunks.push(text[at..end].to_vec());
        at = end;
    }
    chunks
}

fn chunk_end(text: &[char], start: usize) -> usize {
    if text[start] == ' ' {
        return start + text[start..].iter().take_while(|&&c| c == ' ').count();
    }
    if let Some(end) = dash_end(text, start) {
        return end;
    }
    (start + 1..text.len())
        .find_map(|at| {
            if text[at] == '-' && is_hyphen(text, at) {
                return Some(at + 1);
            }
            (text[at] == ' ' || dash_end(text, at).is_some()).then_some(at)
        })
        .unwrap_or(text.len())
}

/// The end of a dash of two or more hyphens at `at` that stands between words.
fn dash_end(text: &[char], at: usize) -> Option<usize> {
    let before = *text.get(at.checked_sub(1)?)?;
    let length = text[at..].iter().take_while(|&&c| c == '-').count();
    let after = *text.get(at + length)?;
    (length >= 2 && is_word_or_punctuation(before) && is_word(after)).then_some(at + length)
}

/// Whether the hyphen at `at` joins two words that may be parted behind it.
fn is_hyphen(text: &[char], at: usize) -> bool {
    let is = |index: Option<usize>, test: fn(char) -> bool| index.and_then(|i| text.get(i)).is_some_and(|&c| test(c));
    let letter = |index: Option<usize>| is(index, is_letter);
    let back = |by: usize| at.checked_sub(by);
    let hyphen = |index: Option<usize>| is(index, |c| c == '-');
    let before = (letter(back(1)) && letter(back(2)))
        || (is(back(1), is_word_or_punctuation) && hyphen(back(2)) && letter(back(3)));
    let after = letter(Some(at + 1)) && (letter(Some(at + 2)) || (hyphen(Some(at + 2)) && letter(Some(at + 3))));
    before && after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_fit_stay_as_they_are() {
        assert_eq!(fill("     0      1 ", "app.Node"), "     0      1 app.Node");
    }

    #[test]
    fn long_rows_continue_under_the_name() {
        let name = "word ".repeat(30);
        let filled = fill("     0      1 ", &name);
        let lines: Vec<&str> = filled.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].chars().count() <= WIDTH);
        assert!(lines[1].starts_with("              word"));
    }

    #[test]
    fn a_word_longer_than_a_line_is_broken() {
        let filled = fill(">", &"x".repeat(150));
        let widths: Vec<usize> = filled.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [100, 52]);
    }

    #[test]
    fn hyphenated_words_part_behind_the_hyphen() {
        let parts: Vec<String> = split(&"well-known e-mail a--b 3-4".chars().collect::<Vec<_>>())
            .iter()
            .map(|c| c.iter().collect())
            .collect();
        assert_eq!(parts, ["well-", "known", " ", "e-mail", " ", "a", "--", "b", " ", "3-4"]);
    }
}
