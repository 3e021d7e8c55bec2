//! The graph: how the largest kinds grow and shrink from sample to sample, in letters.

use std::collections::HashMap;

use super::numbers::short;
use super::sample::Sample;
use super::table::printable;
use super::{LARGEST, Measure};

/// How kinds are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Graph {
    /// Stacked, so that a bar is as high as its sample.
    Bars,
    /// Each at its own height.
    Lines,
}

/// Columns and rows of the drawing.
const COLUMNS: usize = 64;
const ROWS: i64 = 16;
/// What stands for kinds that are not among the largest.
const OTHER: char = '.';
/// Letters of kinds, the largest first.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The drawing, below it the places of the markers (numbers from 1) and what the letters mean. Where there are more
/// samples than columns, a column shows the last of those that fall into it.
#[must_use]
pub fn graph(samples: &[Sample], (a, b): (usize, usize), measure: Measure, how: Graph) -> String {
    if samples.is_empty() {
        return "-- No Sample --".into();
    }
    let letters = letters(samples, measure);
    let width = (COLUMNS / samples.len()).clamp(1, 4);
    let columns = samples.len().min(COLUMNS);
    let column_of = |sample: usize| sample * columns / samples.len();
    let mut shown = vec![0; columns];
    for sample in 0..samples.len() {
        shown[column_of(sample)] = sample;
    }
    let bars: Vec<Vec<(char, i64)>> = shown.iter().map(|&sample| bar(&samples[sample], &letters, measure)).collect();
    let height = |bar: &Vec<(char, i64)>| match how {
        Graph::Bars => bar.iter().fold(0i64, |sum, (_, value)| sum.saturating_add(*value)),
        Graph::Lines => bar.iter().map(|(_, value)| *value).max().unwrap_or(0),
    };
    let highest = bars.iter().map(height).max().unwrap_or(0).max(1);
    let mut text = String::new();
    for row in (1..=ROWS).rev() {
        let label = if row == ROWS { short(highest) } else { String::new() };
        let cells: String = bars.iter().map(|bar| cell(bar, row, highest, how).to_string().repeat(width)).collect();
        text.push_str(&format!("{label:>8} |{}\n", cells.trim_end()));
    }
    text.push_str(&format!("{:>8} +{}\n", 0, "-".repeat(columns * width)));
    let mut marks = vec![' '; columns * width];
    for (number, letter) in [(b, 'B'), (a, 'A')] {
        marks[column_of(number - 1) * width] = letter;
    }
    text.push_str(&format!("{:>8}  {}\n", "", marks.into_iter().collect::<String>().trim_end()));
    let mut legend: Vec<(&str, char)> = letters.into_iter().collect();
    legend.sort_by_key(|(_, letter)| LETTERS.find(*letter));
    for (name, letter) in legend {
        text.push_str(&format!("{letter:>8}  {}\n", printable(name)));
    }
    text.push_str(&format!("{OTHER:>8}  <Other>"));
    text
}

/// The letters of the kinds that are among the largest of any sample, by their numbers in all samples together.
fn letters(samples: &[Sample], measure: Measure) -> HashMap<&str, char> {
    let mut sums: HashMap<&str, i64> = HashMap::new();
    for sample in samples {
        for kind in sample.largest(LARGEST, measure).0 {
            let sum = sums.entry(&kind.name).or_default();
            *sum = sum.saturating_add(kind.value(measure));
        }
    }
    let mut kinds: Vec<(&str, i64)> = sums.into_iter().collect();
    kinds.sort_unstable_by(|(name, sum), (other, more)| more.cmp(sum).then(name.cmp(other)));
    kinds.into_iter().map(|(name, _)| name).zip(LETTERS.chars()).collect()
}

/// The parts of a bar from the bottom up: the largest kinds, then the rest.
fn bar(sample: &Sample, letters: &HashMap<&str, char>, measure: Measure) -> Vec<(char, i64)> {
    let (kinds, _) = sample.largest(LARGEST, measure);
    let known = kinds.iter().filter_map(|kind| Some((*letters.get(kind.name.as_str())?, kind.value(measure).max(0))));
    let mut parts: Vec<(char, i64)> = known.collect();
    let shown = parts.iter().fold(0i64, |sum, (_, value)| sum.saturating_add(*value));
    parts.push((OTHER, sample.total(measure).saturating_sub(shown).max(0)));
    parts
}

/// What a bar shows in a row, which counts from 1 at the bottom: the kind in the middle of it, or nothing.
fn cell(bar: &[(char, i64)], row: i64, highest: i64, how: Graph) -> char {
    let in_rows = |value: i64| i128::from(value) * i128::from(2 * ROWS);
    let (highest, row) = (i128::from(highest), i128::from(row));
    match how {
        Graph::Bars => {
            let middle = (2 * row - 1) * highest;
            let mut top = 0i64;
            for (letter, value) in bar {
                top = top.saturating_add(*value);
                if in_rows(top) > middle {
                    return *letter;
                }
            }
            ' '
        }
        Graph::Lines => {
            let at = |value: i64| value > 0 && (in_rows(value) + 2 * highest - 1) / (2 * highest) == row;
            bar.iter().find(|(_, value)| at(*value)).map_or(' ', |(letter, _)| *letter)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Row;
    use super::*;

    fn sample(rows: &[(&str, i64)]) -> Sample {
        let rows: Vec<Row> = rows.iter().map(|&(name, size)| Row { name: name.into(), count: 1, size }).collect();
        let size = rows.iter().map(|row| row.size).sum();
        Sample { at: "noon".into(), count: rows.len() as i64, size, rows }
    }

    #[test]
    fn bars_are_as_high_as_their_samples() {
        let samples = [sample(&[("list", 50), ("str", 50)]), sample(&[("list", 150), ("str", 50)])];
        let text = graph(&samples, (1, 2), Measure::Size, Graph::Bars);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "     200 |    bbbb");
        assert_eq!(lines[8], "         |bbbbaaaa");
        assert_eq!(lines[15], "         |aaaaaaaa");
        assert_eq!(lines[17], "          A   B");
        assert_eq!(lines[18..20], ["       a  list", "       b  str"]);
    }

    #[test]
    fn lines_stand_at_their_heights() {
        let samples = [sample(&[("list", 160), ("str", 10)])];
        let text = graph(&samples, (1, 1), Measure::Size, Graph::Lines);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines[0], lines[15]), ("     160 |aaaa", "         |bbbb"));
        assert_eq!(lines[7], "         |");
    }

    #[test]
    fn many_samples_and_none_have_a_graph() {
        assert_eq!(graph(&[], (1, 1), Measure::Size, Graph::Bars), "-- No Sample --");
        let many: Vec<Sample> = (0..1000).map(|size| sample(&[("list", size)])).collect();
        let text = graph(&many, (1, 1000), Measure::Count, Graph::Bars);
        assert!(text.lines().next().unwrap().len() <= 10 + COLUMNS, "{text}");
        let odd = graph(&[sample(&[("odd", i64::MAX), ("negative", -5)])], (1, 1), Measure::Size, Graph::Lines);
        assert!(odd.contains("a  odd"), "{odd}");
    }
}
