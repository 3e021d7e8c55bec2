//! Samples, from a stream of stats or from the snapshots of a recording.

use std::collections::HashMap;
use std::sync::Arc;

use heapy_engine::hpy::{HpyError, Packages};
use heapy_engine::snapshot::{Recording, SnapshotError};
use heapy_engine::{Stat, Use};

use super::Measure;
use super::numbers::date;

/// The heap at one moment, by kinds.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When it was made: a date, or the time since the guest began and what made the snapshot.
    pub at: String,
    /// Number of objects.
    pub count: i64,
    /// Sum of their sizes, in bytes.
    pub size: i64,
    /// Its kinds, the largest first. A name stands once.
    pub rows: Vec<Row>,
}

/// A kind of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The kind.
    pub name: String,
    /// Number of objects.
    pub count: i64,
    /// Sum of their sizes, in bytes.
    pub size: i64,
}

impl Row {
    pub(super) fn value(&self, measure: Measure) -> i64 {
        match measure {
            Measure::Size => self.size,
            Measure::Count => self.count,
        }
    }
}

impl Sample {
    fn new(at: String, stat: &Stat) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for row in stat.rows() {
            let place = *places.entry(&row.name).or_insert_with(|| {
                rows.push(Row { name: row.name.clone(), count: 0, size: 0 });
                rows.len() - 1
            });
            rows[place].count = rows[place].count.saturating_add(row.count);
            rows[place].size = rows[place].size.saturating_add(row.size);
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.size));
        Self { at, count: stat.count(), size: stat.size(), rows }
    }

    pub(super) fn total(&self, measure: Measure) -> i64 {
        match measure {
            Measure::Size => self.size,
            Measure::Count => self.count,
        }
    }

    /// The number of a kind; 0 where the sample does not have it.
    pub(super) fn value(&self, name: &str, measure: Measure) -> i64 {
        self.rows.iter().find(|row| row.name == name).map_or(0, |row| row.value(measure))
    }

    /// The largest kinds by a measure, and what is left over.
    pub(super) fn largest(&self, kinds: usize, measure: Measure) -> (Vec<&Row>, i64) {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.value(measure)));
        rows.truncate(kinds);
        let shown = rows.iter().fold(0i64, |sum, row| sum.saturating_add(row.value(measure)));
        (rows, self.total(measure).saturating_sub(shown))
    }
}

/// The samples of a `.hpy` text, and why the text ends before its end: a package that is still being written, or damage.
#[must_use]
pub fn of_stream(text: &str) -> (Vec<Sample>, Option<HpyError>) {
    let mut samples = Vec::new();
    for package in Packages::new(text) {
        match package {
            Ok(stat) => samples.push(Sample::new(date(stat.time_made()), &stat)),
            Err(error) => return (samples, Some(error)),
        }
    }
    (samples, None)
}

/// A sample of each snapshot of a recording: what the root reaches, by Clodo. Reads one snapshot after the other.
///
/// # Errors
/// [`SnapshotError`] when a snapshot is damaged.
pub fn of_recording(recording: &Recording) -> Result<Vec<Sample>, SnapshotError> {
    let sample = |snapshot: &heapy_engine::snapshot::SnapshotMeta| {
        let hp = Use::new(Arc::new(recording.heap(snapshot.number)?));
        let at = format!("{:.3} s, {}", snapshot.at_nanos as f64 / 1e9, snapshot.reason);
        Ok(Sample::new(at, &hp.heap().stat()))
    };
    recording.snapshots().iter().map(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) const STREAM: &str = ".loader: _load_stat\n.format: SetFormat\n.timemade: 86400.5\n.count: 5\n.size: 100\n\
        .kindname: \n.kindheader: Kind\n.numrows: 3\n.r: 2 60 str\n.r: 1 30 list\n.r: 2 10 str\n.end: .loader: _load_stat\n";

    #[test]
    fn a_stream_gives_its_whole_packages_and_says_where_it_breaks() {
        let (samples, error) = of_stream(&format!("{STREAM}{STREAM}.loader: other\n"));
        assert_eq!(samples.len(), 2);
        assert_eq!(samples[0].at, "1970-01-02 00:00:00 UTC");
        assert_eq!(samples[0].rows[0], Row { name: "str".into(), count: 4, size: 70 });
        assert!(error.unwrap().to_string().contains("other"));
        assert_eq!(of_stream(""), (Vec::new(), None));
    }
}
