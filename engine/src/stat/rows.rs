//! Choosing rows of a stat.

use super::difference::total;
use super::{Stat, StatRow};
use crate::error::UseError;

/// By which column the largest rows are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// The sum of sizes.
    Size,
    /// The number of objects.
    Count,
}

impl SortBy {
    /// The column of a word: `Size` or `Count`.
    ///
    /// # Errors
    /// [`UseError::Argument`] for any other word.
    pub fn parse(word: &str) -> Result<Self, UseError> {
        match word {
            "Size" => Ok(Self::Size),
            "Count" => Ok(Self::Count),
            other => Err(UseError::Argument {
                function: "get_rows_n_and_other",
                argument: "sortby",
                given: format!("'{other}'"),
                accepted: "'Size' and 'Count'".into(),
            }),
        }
    }
}

impl Stat {
    /// The row of an index as a stat of its own; negative ones count from the end.
    ///
    /// # Errors
    /// [`UseError::StatIndex`] when there is no such row.
    pub fn part(&self, index: i64) -> Result<Self, UseError> {
        let rows = self.rows.len();
        let from_start = if index < 0 { index.checked_add(rows as i64) } else { Some(index) };
        let row = from_start.and_then(|position| self.rows.get(usize::try_from(position).ok()?));
        row.map(|row| self.with_rows(vec![row.clone()])).ok_or(UseError::StatIndex { index, rows })
    }

    /// The rows from `start` to before `end` in steps of `step`, which may be negative, as a stat of their own.
    ///
    /// # Errors
    /// [`UseError::Step`] for a step of 0.
    pub fn slice(&self, start: Option<i64>, end: Option<i64>, step: Option<i64>) -> Result<Self, UseError> {
        let step = step.unwrap_or(1);
        if step == 0 {
            return Err(UseError::Step { step });
        }
        let length = self.rows.len() as i64;
        // Backwards, the position in front of the first row stands for "to the start".
        let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
        let clamp = |position: i64| {
            let from_start = if position < 0 { position.saturating_add(length) } else { position };
            from_start.clamp(lowest, highest)
        };
        let mut at = start.map_or(if step > 0 { lowest } else { highest }, clamp);
        let end = end.map_or(if step > 0 { highest } else { lowest }, clamp);
        let mut rows = Vec::new();
        while (step > 0 && at < end) || (step < 0 && at > end) {
            rows.extend(self.rows.get(at as usize).cloned());
            at = at.saturating_add(step);
        }
        Ok(self.with_rows(rows))
    }

    fn with_rows(&self, rows: Vec<StatRow>) -> Self {
        let (count, size) = (total(&rows, |row| row.count), total(&rows, |row| row.size));
        Self { rows, count, size, headers: None, ..self.clone() }
    }

    /// The rows with the given names, in this order; a name without a row is passed over.
    #[must_use]
    pub fn get_rows_of_kinds(&self, names: &[&str]) -> Vec<&StatRow> {
        names.iter().filter_map(|name| self.rows.iter().find(|row| row.name == *name)).collect()
    }

    /// The first `n` rows by size (as they stand) or by count, and where there are more a row `<Other>` with the
    /// rest, in front of the first row that is smaller.
    #[must_use]
    pub fn get_rows_n_and_other(&self, n: usize, sort_by: SortBy) -> Vec<StatRow> {
        let mut rows = self.rows.clone();
        let column = |row: &StatRow| match sort_by {
            SortBy::Size => row.size,
            SortBy::Count => row.count,
        };
        if sort_by == SortBy::Count {
            rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        }
        if rows.len() <= n {
            return rows;
        }
        let rest = rows.split_off(n);
        let other = StatRow {
            count: total(&rest, |row| row.count),
            size: total(&rest, |row| row.size),
            name: "<Other>".into(),
        };
        let place = rows.iter().position(|row| column(row) < column(&other)).unwrap_or(rows.len());
        rows.insert(place, other);
        rows
    }
}
