//! `A - B`: what grew, what shrank.

use std::collections::HashMap;

use super::{Reference, Stat, StatFormat, StatRow};
use crate::error::UseError;

impl Stat {
    /// The difference `self - other`: a row for each name whose count or size differs, largest absolute size first.
    /// Rows of one name are added up. Time O(rows log rows).
    ///
    /// # Errors
    /// [`UseError::KindHeader`] when the rows of the two mean different things.
    pub fn minus(&self, other: &Self) -> Result<Self, UseError> {
        if self.kind_header != other.kind_header {
            let (a, b) = (self.kind_header.clone(), other.kind_header.clone());
            return Err(UseError::KindHeader { a, b });
        }
        let reference = summed(other);
        let own = summed(self);
        let in_own: HashMap<&str, ()> = own.iter().map(|row| (row.name.as_str(), ())).collect();
        let in_reference: HashMap<&str, &StatRow> = reference.iter().map(|row| (row.name.as_str(), row)).collect();
        let changed = own.iter().map(|row| match in_reference.get(row.name.as_str()) {
            Some(before) => StatRow {
                count: row.count.saturating_sub(before.count),
                size: row.size.saturating_sub(before.size),
                name: row.name.clone(),
            },
            None => row.clone(),
        });
        let gone = reference.iter().filter(|row| !in_own.contains_key(row.name.as_str())).map(|row| StatRow {
            count: row.count.saturating_neg(),
            size: row.size.saturating_neg(),
            name: row.name.clone(),
        });
        let mut rows: Vec<StatRow> = changed.chain(gone).filter(|row| row.count != 0 || row.size != 0).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.size.unsigned_abs()));
        Ok(Self {
            format: StatFormat::Diff,
            time_made: self.time_made.clone(),
            reference: Some(Reference { count: other.count, size: other.size }),
            count: total(&rows, |row| row.count),
            size: total(&rows, |row| row.size),
            kind_name: String::new(),
            kind_header: self.kind_header.clone(),
            rows,
            headers: None,
        })
    }
}

/// The sum of a column.
pub(super) fn total(rows: &[StatRow], column: impl Fn(&StatRow) -> i64) -> i64 {
    rows.iter().fold(0, |sum, row| sum.saturating_add(column(row)))
}

/// One row for each name, in the order in which names are met.
fn summed(stat: &Stat) -> Vec<StatRow> {
    let mut positions: HashMap<&str, usize> = HashMap::new();
    let mut rows: Vec<StatRow> = Vec::new();
    for row in &stat.rows {
        let position = *positions.entry(&row.name).or_insert(rows.len());
        match rows.get_mut(position) {
            Some(sum) => {
                sum.count = sum.count.saturating_add(row.count);
                sum.size = sum.size.saturating_add(row.size);
            }
            None => rows.push(row.clone()),
        }
    }
    rows
}
