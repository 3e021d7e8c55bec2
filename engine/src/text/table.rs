//! The tables of partitions: set form and identity form.

use crate::partition::{Partition, Row};
use crate::text::{Listing, fill};

/// `100 * part / whole` as Python prints it with `%.0f`: to the nearest, ties to even. A whole of 0 gives 0.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "0".into() } else { format!("{:.0}", part as f64 * 100.0 / whole as f64) }
}

/// `100 * part / whole` with one decimal. A whole of 0 gives 0.
pub(crate) fn percent_tenths(part: u64, whole: u64) -> String {
    let value = if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
    format!("{value:.1}")
}

/// `s` unless there is exactly one.
pub(crate) const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

const SET_HEADER: &str = " Index  Count   %     Size   % Cumulative  % ";
const IDENTITY_HEADER: &str = " Index     Size   %   Cumulative  %   ";

impl Listing for Partition {
    fn label(&self) -> Vec<String> {
        let (count, size) = (self.count(), self.size());
        let plural = plural(count);
        vec![if self.is_identity_form() {
            format!("Set of {count} {} object{plural}. Total size = {size} bytes.", self.kind_name())
        } else {
            format!("Partition of a set of {count} object{plural}. Total size = {size} bytes.")
        }]
    }

    fn header(&self) -> Option<String> {
        let columns = if self.is_identity_form() { IDENTITY_HEADER } else { SET_HEADER };
        Some(fill(columns, self.kind_header()))
    }

    fn line(&self, index: usize) -> Option<String> {
        let row = self.row(index)?;
        let prefix = if self.is_identity_form() { self.identity_prefix(&row) } else { self.set_prefix(&row) };
        Some(fill(&prefix, &row.name))
    }

    fn more_message(&self, next: usize) -> String {
        format!("<{} more rows. Type e.g. '_.more' to view.>", self.row_count() - next)
    }
}

impl Partition {
    fn set_prefix(&self, row: &Row) -> String {
        format!(
            "{:6} {:6} {:>3} {:8} {:>3} {:9} {:>3} ",
            row.index,
            row.count,
            percent(row.count as u64, self.count() as u64),
            row.size,
            percent(row.size, self.size()),
            row.cumulative,
            percent(row.cumulative, self.size()),
        )
    }

    fn identity_prefix(&self, row: &Row) -> String {
        format!(
            "{:6} {:8} {:>5} {:9} {:>5} ",
            row.index,
            row.size,
            percent_tenths(row.size, self.size()),
            row.cumulative,
            percent_tenths(row.cumulative, self.size()),
        )
    }
}
