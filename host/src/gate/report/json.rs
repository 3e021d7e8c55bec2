//! A verdict as one JSON object.

use serde_json::{Value, json};

use crate::gate::judge::Verdict;

/// Name and version of the form; fields may be added under one version.
pub const SCHEMA: &str = "heapy-check/1";

/// The verdict as JSON; the guide's page on `check` describes the fields.
#[must_use]
pub fn to_json(verdict: &Verdict) -> Value {
    let snapshots: Vec<Value> = verdict
        .snapshots
        .iter()
        .map(|figures| {
            json!({
                "snapshot": figures.snapshot,
                "reason": figures.reason,
                "count": figures.live_count(),
                "size": figures.live_bytes(),
                "peak": figures.peak_bytes,
                "leaked_count": figures.groups.iter().map(|group| group.leaked_count).sum::<u64>(),
                "leaked_size": figures.groups.iter().map(|group| group.leaked_size).sum::<u64>(),
            })
        })
        .collect();
    let findings: Vec<Value> = verdict
        .findings
        .iter()
        .map(|finding| {
            json!({
                "level": finding.level.word(),
                "rule": finding.rule,
                "message": finding.message,
                "snapshot": finding.snapshot,
                "kind": finding.kind,
                "site": finding.site,
                "count": finding.count,
                "size": finding.bytes,
            })
        })
        .collect();
    json!({
        "schema": SCHEMA,
        "passed": verdict.passed(),
        "rules": verdict.rules,
        "findings": findings,
        "snapshots": snapshots,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::report::tests::hostile_verdict;

    #[test]
    fn findings_keep_the_guests_names_as_they_are() {
        let value = to_json(&hostile_verdict());
        assert_eq!(value["schema"], "heapy-check/1");
        assert_eq!(value["passed"], false);
        assert_eq!(value["findings"][0]["site"], "a,b:c/%.rs:12");
        assert_eq!(value["findings"][0]["size"], 64);
        assert_eq!(value["snapshots"][0]["leaked_count"], 2);
    }
}
