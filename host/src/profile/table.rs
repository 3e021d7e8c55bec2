//! The table: the kinds of one marked sample beside the other one.

use super::numbers::{percent, short};
use super::sample::Sample;
use super::{LARGEST, Measure};

/// A marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    /// Marker A.
    A,
    /// Marker B.
    B,
}

/// What the third column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Third {
    /// The sum down to this row.
    Cumul,
    /// What A has more than B.
    AMinusB,
    /// What B has more than A.
    BMinusA,
}

/// The choices of the table's header.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Whose largest kinds are listed, in the first column.
    pub of: Marked,
    /// Size or count.
    pub measure: Measure,
    /// The third column.
    pub third: Third,
    /// Of whose total the percents are.
    pub percent_of: Marked,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The kind, `<Total>` or `<Other>`.
    pub name: String,
    /// Its number in sample A.
    pub a: i64,
    /// Its number in sample B.
    pub b: i64,
}

/// The rows: the total, then the largest kinds of the listed sample; `<Other>` stands where its number belongs.
#[must_use]
pub fn lines(a: &Sample, b: &Sample, layout: Layout) -> Vec<Line> {
    let measure = layout.measure;
    let (listed, other) = match layout.of {
        Marked::A => (a, b),
        Marked::B => (b, a),
    };
    let (kinds, rest) = listed.largest(LARGEST, measure);
    let line = |name: &str, listed: i64, other: i64| {
        let (a, b) = if layout.of == Marked::A { (listed, other) } else { (other, listed) };
        Line { name: name.to_owned(), a, b }
    };
    let mut rows: Vec<(i64, Line)> = kinds
        .iter()
        .map(|kind| (kind.value(measure), line(&kind.name, kind.value(measure), other.value(&kind.name, measure))))
        .collect();
    if listed.rows.len() > kinds.len() {
        // What the other sample has of the kinds that are not shown.
        let shown = kinds.iter().fold(0i64, |sum, kind| sum.saturating_add(other.value(&kind.name, measure)));
        let left = line("<Other>", rest, other.total(measure).saturating_sub(shown));
        let place = rows.iter().position(|(value, _)| *value < rest).unwrap_or(rows.len());
        rows.insert(place, (rest, left));
    }
    let total = line("<Total>", listed.total(measure), other.total(measure));
    std::iter::once(total).chain(rows.into_iter().map(|(_, line)| line)).collect()
}

/// The table with its head. The numbers of samples count from 1.
#[must_use]
pub fn table((number_a, a): (usize, &Sample), (number_b, b): (usize, &Sample), layout: Layout) -> String {
    let letter = |marked: Marked| if marked == Marked::A { "A" } else { "B" };
    let measure = if layout.measure == Measure::Size { "Size" } else { "Count" };
    let whole = if layout.percent_of == Marked::A { a } else { b }.total(layout.measure);
    let third = match layout.third {
        Third::Cumul => "Cumul",
        Third::AMinusB => "A-B",
        Third::BMinusA => "B-A",
    };
    let of_total = format!("%{}:Tot", letter(layout.percent_of));
    let mut text = format!("Sample A: {number_a} at {}\nSample B: {number_b} at {}\n", a.at, b.at);
    let head = format!("{} {measure}", letter(layout.of));
    text.push_str(&format!("{head:>8} {of_total:>7} {third:>8} {of_total:>7} Kind\n"));
    let mut cumulated = 0i64;
    for (index, line) in lines(a, b, layout).iter().enumerate() {
        let value = if layout.of == Marked::A { line.a } else { line.b };
        let third = match layout.third {
            Third::AMinusB => line.a.saturating_sub(line.b),
            Third::BMinusA => line.b.saturating_sub(line.a),
            Third::Cumul if index == 0 => value,
            Third::Cumul => {
                cumulated = cumulated.saturating_add(value);
                cumulated
            }
        };
        let (first, second) = (percent(value, whole), percent(third, whole));
        let (value, third) = (short(value), short(third));
        text.push_str(&format!("{value:>8} {first:>7} {third:>8} {second:>7} {}\n", printable(&line.name)));
        if index == 0 {
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// A name without the control characters that would steer a terminal.
pub(super) fn printable(name: &str) -> String {
    name.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::Row;
    use super::*;

    fn sample(rows: &[(&str, i64, i64)]) -> Sample {
        let rows: Vec<Row> = rows.iter().map(|&(name, count, size)| Row { name: name.into(), count, size }).collect();
        let (count, size) = rows.iter().fold((0, 0), |sum, row| (sum.0 + row.count, sum.1 + row.size));
        Sample { at: "noon".into(), count, size, rows }
    }

    #[test]
    fn kinds_of_a_stand_beside_those_of_b() {
        let a = sample(&[("str", 4, 300), ("list", 1, 100)]);
        let b = sample(&[("str", 9, 100), ("dict", 1, 100)]);
        let layout = Layout { of: Marked::A, measure: Measure::Size, third: Third::BMinusA, percent_of: Marked::A };
        let expected = "Sample A: 1 at noon\nSample B: 2 at noon\n  A Size  %A:Tot      B-A  %A:Tot Kind\n     \
            400     100     -200     -50 <Total>\n\n     300      75     -200     -50 str\n     100      25     -100     -25 list";
        assert_eq!(table((1, &a), (2, &b), layout), expected);
    }

    #[test]
    fn the_rest_stands_where_it_belongs() {
        let names: Vec<String> = (0..12).map(|kind| format!("kind {kind}")).collect();
        let rows: Vec<(&str, i64, i64)> =
            names.iter().enumerate().map(|(kind, name)| (name.as_str(), 1, 100 - kind as i64)).collect();
        let (a, b) = (sample(&rows), sample(&rows[..11]));
        let layout = Layout { of: Marked::A, measure: Measure::Size, third: Third::Cumul, percent_of: Marked::A };
        let lines = lines(&a, &b, layout);
        assert_eq!(lines[1], Line { name: "<Other>".into(), a: 179, b: 90 });
        assert_eq!(lines.len(), 12);
    }
}
