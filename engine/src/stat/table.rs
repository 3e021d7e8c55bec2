//! Stats as tables.

use super::{Stat, StatFormat};
use crate::text::{Listing, fill};

const SET_HEADER: &str = " Index  Count   %     Size   % Cumulative  % ";
const ID_HEADER: &str = " Index     Size   %   Cumulative  %   ";
const DIFF_HEADER: &str = " Index  Count     Size  Cumulative  % of B ";

impl Listing for Stat {
    fn label(&self) -> Vec<String> {
        let (count, size) = (self.count, self.size);
        let plural = if count == 1 { "" } else { "s" };
        match self.format {
            StatFormat::Set => {
                vec![format!("Partition of a set of {count} object{plural}. Total size = {size} bytes.")]
            }
            StatFormat::Id => {
                vec![format!("Set of {count} {} object{plural}. Total size = {size} bytes.", self.kind_name)]
            }
            StatFormat::Diff => self.summary(),
        }
    }

    fn header(&self) -> Option<String> {
        if self.count == 0 && self.size == 0 {
            return Some(String::new());
        }
        let columns = match self.format {
            StatFormat::Set => SET_HEADER,
            StatFormat::Id => ID_HEADER,
            StatFormat::Diff => DIFF_HEADER,
        };
        Some(fill(columns, &self.kind_header))
    }

    fn line(&self, index: usize) -> Option<String> {
        let row = self.rows.get(index)?;
        let cumulative = self.cumulative(index);
        let prefix = match self.format {
            StatFormat::Set => format!(
                "{index:6} {:6} {:>3} {:8} {:>3} {cumulative:9} {:>3} ",
                row.count,
                percent(row.count, self.count, 0),
                row.size,
                percent(row.size, self.size, 0),
                percent(cumulative, self.size, 0),
            ),
            StatFormat::Id => format!(
                "{index:6} {:8} {:>5} {cumulative:9} {:>5} ",
                row.size,
                percent(row.size, self.size, 1),
                percent(cumulative, self.size, 1),
            ),
            StatFormat::Diff => {
                format!("{index:6} {:6} {:8} {cumulative:9} {} ", row.count, row.size, self.percent_of_b(cumulative))
            }
        };
        Some(fill(&prefix, &row.name))
    }

    fn more_message(&self, next: usize) -> String {
        format!("<{} more rows. Type e.g. '_.more' to view.>", self.rows.len() - next)
    }
}

impl Stat {
    /// Sum of the sizes of the rows up to and with `index`, in bytes.
    fn cumulative(&self, index: usize) -> i64 {
        self.rows[..=index].iter().fold(0, |sum, row| sum.saturating_add(row.size))
    }

    fn summary(&self) -> Vec<String> {
        let (b_count, b_size) = self.reference.map_or((0, 0), |reference| (reference.count, reference.size));
        let (a_count, a_size) = (self.count.saturating_add(b_count), self.size.saturating_add(b_size));
        let mut lines = vec![
            "Summary of difference operation (A-B).".into(),
            "        Count     Size".into(),
            format!("  A    {a_count:6} {a_size:8}"),
            format!("  B    {b_count:6} {b_size:8}"),
            format!("  A-B  {:6} {:8}  = {} % of B", self.count, self.size, self.percent_of_b(self.size)),
            String::new(),
        ];
        if self.count != 0 || self.size != 0 {
            lines.push("Differences by kind, largest absolute size diffs first.".into());
        }
        lines
    }

    fn percent_of_b(&self, size: i64) -> String {
        match self.reference {
            Some(reference) if reference.size != 0 => {
                format!("{:>9}", three_digits(size as f64 * 100.0 / reference.size as f64))
            }
            _ => "   (n.a.)".into(),
        }
    }
}

/// `100 * part / whole`; of a whole of 0 it is 0.
fn percent(part: i64, whole: i64, decimals: usize) -> String {
    let value = if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
    format!("{value:.decimals$}")
}

/// A number with three significant digits, as C's `%.3g` prints it.
fn three_digits(value: f64) -> String {
    let scientific = format!("{value:.2e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |digits: &str| {
        if digits.contains('.') {
            digits.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            digits.to_owned()
        }
    };
    if (-4..3).contains(&exponent) {
        let decimals = usize::try_from(2 - exponent).unwrap_or(0);
        return trimmed(&format!("{value:.decimals$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::three_digits;

    #[test]
    fn numbers_have_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (65.384_615, "65.4"),
            (100.0, "100"),
            (999.6, "1e+03"),
            (1234.0, "1.23e+03"),
            (0.000_123_4, "0.000123"),
            (0.000_012_34, "1.23e-05"),
            (-21.565_7, "-21.6"),
            (5.0, "5"),
        ] {
            assert_eq!(three_digits(value), text);
        }
    }
}
