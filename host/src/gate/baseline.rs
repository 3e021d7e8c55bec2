//! Figures of an earlier run, committed beside the program: no kind and site may exceed them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::figures::Figures;
use super::judge::{Finding, Level};

/// The format of baselines that this program writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// Why a baseline cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BaselineError {
    /// No baseline, or a damaged one.
    #[error("no baseline: {0}")]
    Form(String),
    /// Written by a newer program.
    #[error("baseline of format {found}, this program reads up to {newest}")]
    Newer {
        /// Its format.
        found: u32,
        /// The newest that is read.
        newest: u32,
    },
}

/// Live blocks of one kind from one site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineRow {
    /// The kind.
    pub kind: String,
    /// The line that allocates.
    pub site: String,
    /// Number of blocks.
    pub count: u64,
    /// Sum of their sizes, in bytes.
    pub size: u64,
}

/// One snapshot of a baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct BaselineSnapshot {
    snapshot: u32,
    reason: String,
    rows: Vec<BaselineRow>,
}

/// The figures of a run as they are committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    format: u32,
    snapshots: Vec<BaselineSnapshot>,
}

impl Baseline {
    /// The baseline of a run.
    #[must_use]
    pub fn of(snapshots: &[Figures]) -> Self {
        let rows = |figures: &Figures| {
            let groups = figures.groups.iter();
            groups
                .map(|group| BaselineRow {
                    kind: group.kind.clone(),
                    site: group.site.clone(),
                    count: group.count,
                    size: group.size,
                })
                .collect()
        };
        let snapshots = snapshots
            .iter()
            .map(|figures| BaselineSnapshot {
                snapshot: figures.snapshot,
                reason: figures.reason.clone(),
                rows: rows(figures),
            })
            .collect();
        Self { format: FORMAT, snapshots }
    }

    /// Reads a baseline.
    ///
    /// # Errors
    /// [`BaselineError`] when it is none, or a newer one.
    pub fn from_json(text: &str) -> Result<Self, BaselineError> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let form = |error: serde_json::Error| BaselineError::Form(error.to_string());
        let found = serde_json::from_str::<Version>(text).map_err(form)?.format;
        if found > FORMAT {
            return Err(BaselineError::Newer { found, newest: FORMAT });
        }
        serde_json::from_str(text).map_err(form)
    }

    /// The text to commit; one line a row, so that changes read well.
    ///
    /// # Errors
    /// None in practice: texts and numbers always have a JSON form.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    /// What a run has more of than the baseline fails; what it has less of is a note. Time O(rows log rows).
    #[must_use]
    pub fn compare(&self, snapshots: &[Figures]) -> Vec<Finding> {
        let mut found = Vec::new();
        if snapshots.len() != self.snapshots.len() {
            let message =
                format!("the run made {} snapshots, the baseline has {}", snapshots.len(), self.snapshots.len());
            found.push(Finding::new(Level::Failure, "baseline", message));
        }
        for (figures, base) in snapshots.iter().zip(&self.snapshots) {
            found.extend(compare_snapshot(figures, base));
        }
        found
    }
}

fn compare_snapshot(figures: &Figures, base: &BaselineSnapshot) -> Vec<Finding> {
    let mut pairs: BTreeMap<(&str, &str), [(u64, u64); 2]> = BTreeMap::new();
    for row in &base.rows {
        pairs.entry((&row.kind, &row.site)).or_default()[0] = (row.count, row.size);
    }
    for group in &figures.groups {
        pairs.entry((&group.kind, &group.site)).or_default()[1] = (group.count, group.size);
    }
    let changed = pairs.into_iter().filter(|(_, [before, now])| before != now);
    changed
        .map(|((kind, site), [before, now])| {
            let more = now.0 > before.0 || now.1 > before.1;
            let level = if more { Level::Failure } else { Level::Note };
            let message = format!(
                "{kind} from {site}: {} blocks, {} bytes; the baseline has {} blocks, {} bytes",
                now.0, now.1, before.0, before.1
            );
            Finding {
                snapshot: Some(figures.snapshot),
                kind: Some(kind.to_owned()),
                site: Some(site.to_owned()),
                count: now.0,
                bytes: now.1,
                ..Finding::new(level, "baseline", message)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::figures::Group;

    fn run(count: u64, site: &str) -> Vec<Figures> {
        let group = Group { kind: "Node".into(), site: site.into(), count, size: count * 8, ..Group::default() };
        vec![Figures { snapshot: 1, reason: "exit".into(), groups: vec![group], ..Figures::default() }]
    }

    #[test]
    fn the_same_run_has_no_findings() {
        let text = Baseline::of(&run(3, "a.rs:1")).to_json().unwrap();
        assert!(Baseline::from_json(&text).unwrap().compare(&run(3, "a.rs:1")).is_empty());
    }

    #[test]
    fn more_fails_and_less_is_noted() {
        let baseline = Baseline::of(&run(3, "a.rs:1"));
        let levels = |snapshots: &[Figures]| -> Vec<Level> {
            baseline.compare(snapshots).iter().map(|finding| finding.level).collect()
        };
        assert_eq!(levels(&run(4, "a.rs:1")), [Level::Failure]);
        assert_eq!(levels(&run(2, "a.rs:1")), [Level::Note]);
        assert_eq!(levels(&run(3, "b.rs:1")), [Level::Note, Level::Failure]);
        assert_eq!(levels(&[]), [Level::Failure]);
    }

    #[test]
    fn newer_baselines_are_refused() {
        let error = Baseline::from_json("{\"format\": 2, \"shots\": []}").unwrap_err();
        assert_eq!(error, BaselineError::Newer { found: 2, newest: 1 });
        assert!(matches!(Baseline::from_json("[]"), Err(BaselineError::Form(_))));
    }
}
