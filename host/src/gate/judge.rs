//! From figures and rules to a verdict.

use std::cmp::Reverse;

use super::baseline::Baseline;
use super::figures::{Figures, Group};
use super::pattern::Pattern;
use super::rules::{Growth, Leaks, Limit, Moment, Rules, RulesError};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A rule is broken: the check fails.
    Failure,
    /// Something to know; the check does not fail for it.
    Note,
}

impl Level {
    /// The word for it in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Note => "note",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub level: Level,
    /// The rule that it is about, in the words of `heapy.toml`: `leaks`, `limit 2`, ...
    pub rule: String,
    /// What was found, in one sentence.
    pub message: String,
    /// The snapshot, if it is about one.
    pub snapshot: Option<u32>,
    /// The kind, if it is about one.
    pub kind: Option<String>,
    /// The line that allocates, if it is about one.
    pub site: Option<String>,
    /// Number of blocks in question.
    pub count: u64,
    /// Bytes in question.
    pub bytes: u64,
}

impl Finding {
    /// A finding about no snapshot, kind or site in particular.
    #[must_use]
    pub fn new(level: Level, rule: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            level,
            rule: rule.into(),
            message: message.into(),
            snapshot: None,
            kind: None,
            site: None,
            count: 0,
            bytes: 0,
        }
    }

    fn about(mut self, figures: &Figures, group: Option<&Group>) -> Self {
        self.snapshot = Some(figures.snapshot);
        self.kind = group.map(|group| group.kind.clone());
        self.site = group.map(|group| group.site.clone());
        self
    }

    fn measured(mut self, count: u64, bytes: u64) -> Self {
        (self.count, self.bytes) = (count, bytes);
        self
    }
}

/// The outcome of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The rules that were judged, in the words of `heapy.toml`.
    pub rules: Vec<String>,
    /// What was found: failures first, in the order of the rules.
    pub findings: Vec<Finding>,
    /// The figures that were judged, in the order of time.
    pub snapshots: Vec<Figures>,
}

impl Verdict {
    /// Whether no rule is broken.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.level != Level::Failure)
    }

    /// Adds what another judge, such as a rule file, found; failures stay in front.
    pub fn extend(&mut self, rule: impl Into<String>, findings: impl IntoIterator<Item = Finding>) {
        self.rules.push(rule.into());
        self.findings.extend(findings);
        self.findings.sort_by_key(|finding| finding.level);
    }
}

/// Judges the snapshots of a run, which stand in the order of time. Time O(rules · groups).
///
/// # Errors
/// [`RulesError::NoSnapshot`] when a rule asks for a snapshot that the run did not make.
pub fn judge(rules: &Rules, baseline: Option<&Baseline>, snapshots: Vec<Figures>) -> Result<Verdict, RulesError> {
    let mut verdict = Verdict::default();
    if let Some(last) = snapshots.last() {
        if rules.leaks == Leaks::Forbid {
            verdict.extend("leaks", leaks(rules, last));
        }
        if let Some(most) = rules.max_peak {
            verdict.extend("max-peak", over("max-peak", last, "peak", last.peak_bytes, most.0, "bytes"));
        }
    }
    if let Some(most) = rules.max_live {
        let each = snapshots.iter().flat_map(|it| over("max-live", it, "live", it.live_bytes(), most.0, "bytes"));
        verdict.extend("max-live", each);
    }
    if let Some(most) = rules.max_live_blocks {
        let each = snapshots.iter().flat_map(|it| over("max-live-blocks", it, "live", it.live_count(), most, "blocks"));
        verdict.extend("max-live-blocks", each);
    }
    for (index, limit) in rules.limit.iter().enumerate() {
        let rule = format!("limit {}", index + 1);
        let chosen = match &limit.snapshot {
            Some(moment) => vec![at(&snapshots, moment, "limit", index)?],
            None => snapshots.iter().collect(),
        };
        let found: Vec<Finding> = chosen.into_iter().flat_map(|figures| limited(&rule, limit, figures)).collect();
        verdict.extend(rule, found);
    }
    for (index, growth) in rules.growth.iter().enumerate() {
        let from = at(&snapshots, growth.from.as_ref().unwrap_or(&Moment::Named("first".into())), "growth", index)?;
        let to = at(&snapshots, growth.to.as_ref().unwrap_or(&Moment::Named("last".into())), "growth", index)?;
        let rule = format!("growth {}", index + 1);
        let found = grown(&rule, growth, from, to);
        verdict.extend(rule, found);
    }
    if let Some(baseline) = baseline {
        verdict.extend("baseline", baseline.compare(&snapshots));
    }
    verdict.snapshots = snapshots;
    Ok(verdict)
}

/// Leaked groups that no suppression fits, suppressions that fit nothing, and doubts about both.
fn leaks(rules: &Rules, figures: &Figures) -> Vec<Finding> {
    let mut used = vec![false; rules.suppress.len()];
    let mut found = Vec::new();
    for group in figures.groups.iter().filter(|group| group.leaked_count > 0) {
        let mut suppressed = false;
        for (index, suppression) in rules.suppress.iter().enumerate() {
            if fits(suppression.kind.as_ref(), suppression.site.as_ref(), group) {
                suppressed = true;
                used[index] = true;
            }
        }
        if !suppressed {
            let (count, bytes) = (group.leaked_count, group.leaked_size);
            let message = format!(
                "{} of {} leaked: nothing refers to {} any more ({bytes} bytes), allocated at {}",
                blocks(count),
                group.kind,
                if count == 1 { "it" } else { "them" },
                group.site
            );
            let finding = Finding::new(Level::Failure, "leaks", message);
            found.push(finding.about(figures, Some(group)).measured(count, bytes));
        }
    }
    found.sort_by_key(|finding| Reverse(finding.bytes));
    if !found.is_empty() {
        found.extend(figures.doubts.iter().map(|doubt| Finding::new(Level::Note, "leaks", doubt).about(figures, None)));
    }
    for (index, suppression) in rules.suppress.iter().enumerate().filter(|(index, _)| !used[*index]) {
        let message = format!("suppress {} fits no leak any more: {}", index + 1, suppression.reason);
        found.push(Finding::new(Level::Note, "leaks", message));
    }
    found
}

fn fits(kind: Option<&Pattern>, site: Option<&Pattern>, group: &Group) -> bool {
    kind.is_none_or(|pattern| pattern.matches(&group.kind)) && site.is_none_or(|pattern| pattern.matches(&group.site))
}

/// `1 block` or `3 blocks`.
fn blocks(count: u64) -> String {
    if count == 1 { "1 block".into() } else { format!("{count} blocks") }
}

/// The finding that a figure is above its limit, if it is.
fn over(rule: &str, figures: &Figures, what: &str, found: u64, most: u64, unit: &str) -> Option<Finding> {
    if found <= most {
        return None;
    }
    let message = format!("{what} {found} {unit}, {most} allowed ({} more)", found - most);
    let (count, bytes) = if unit == "bytes" { (0, found) } else { (found, 0) };
    Some(Finding::new(Level::Failure, rule, message).about(figures, None).measured(count, bytes))
}

fn limited(rule: &str, limit: &Limit, figures: &Figures) -> Vec<Finding> {
    let fitting = || figures.groups.iter().filter(|group| fits(limit.kind.as_ref(), limit.site.as_ref(), group));
    let count = fitting().map(|group| group.count).sum();
    let bytes = fitting().map(|group| group.size).sum();
    let name = match (&limit.kind, &limit.site) {
        (Some(kind), Some(site)) => format!("{} from {}", kind.0, site.0),
        (Some(kind), None) => kind.0.clone(),
        (None, Some(site)) => site.0.clone(),
        (None, None) => "*".into(),
    };
    let measures = [(count, limit.count, "blocks"), (bytes, limit.bytes.map(|limit| limit.0), "bytes")];
    let broken = measures.into_iter().filter_map(|(found, most, unit)| over(rule, figures, &name, found, most?, unit));
    broken
        .map(|finding| {
            let finding = finding.measured(count, bytes);
            let only = |pattern: &Option<Pattern>| pattern.as_ref().map(|pattern| pattern.0.clone());
            Finding { kind: only(&limit.kind), site: only(&limit.site), ..finding }
        })
        .collect()
}

/// The growth that is too much, and the groups that it is made of, the largest first.
fn grown(rule: &str, growth: &Growth, from: &Figures, to: &Figures) -> Vec<Finding> {
    const MOST_GROUPS: usize = 5;
    let what = format!("growth from snapshot {} to {}", from.snapshot, to.snapshot);
    let count = to.live_count().saturating_sub(from.live_count());
    let bytes = to.live_bytes().saturating_sub(from.live_bytes());
    let measures = [(count, growth.count, "blocks"), (bytes, growth.bytes.map(|limit| limit.0), "bytes")];
    let mut found: Vec<Finding> =
        measures.into_iter().filter_map(|(found, most, unit)| over(rule, to, &what, found, most?, unit)).collect();
    if found.is_empty() {
        return found;
    }
    let before = |group: &Group| from.groups.iter().find(|old| old.kind == group.kind && old.site == group.site);
    let mut more: Vec<(u64, u64, &Group)> = to
        .groups
        .iter()
        .map(|group| {
            let (count, size) = before(group).map_or((0, 0), |old| (old.count, old.size));
            (group.count.saturating_sub(count), group.size.saturating_sub(size), group)
        })
        .filter(|(count, size, _)| *count > 0 || *size > 0)
        .collect();
    more.sort_by_key(|(count, size, _)| (Reverse(*size), Reverse(*count)));
    found.extend(more.into_iter().take(MOST_GROUPS).map(|(count, bytes, group)| {
        let message = format!("{bytes} bytes in {} of {} more, from {}", blocks(count), group.kind, group.site);
        Finding::new(Level::Note, rule, message).about(to, Some(group)).measured(count, bytes)
    }));
    found
}

fn at<'a>(
    snapshots: &'a [Figures],
    moment: &Moment,
    entry: &'static str,
    index: usize,
) -> Result<&'a Figures, RulesError> {
    let found = match moment {
        Moment::Number(number) => snapshots.iter().find(|figures| figures.snapshot == *number),
        Moment::Named(name) if name == "first" => snapshots.first(),
        Moment::Named(name) if name == "last" => snapshots.last(),
        Moment::Named(name) => snapshots.iter().find(|figures| figures.reason == *name),
    };
    found.ok_or_else(|| RulesError::NoSnapshot {
        entry,
        position: index + 1,
        asked: match moment {
            Moment::Number(number) => number.to_string(),
            Moment::Named(name) => format!("{name:?}"),
        },
        made: snapshots.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(kind: &str, site: &str, count: u64, size: u64, leaked: (u64, u64)) -> Group {
        Group { kind: kind.into(), site: site.into(), count, size, leaked_count: leaked.0, leaked_size: leaked.1 }
    }

    fn run() -> Vec<Figures> {
        let figures = |snapshot, reason: &str, groups| Figures {
            snapshot,
            reason: reason.into(),
            peak_bytes: 500,
            groups,
            doubts: vec!["roots in locals were not seen".into()],
        };
        vec![
            figures(1, "call:mark", vec![group("Node", "a.rs:1", 2, 64, (0, 0))]),
            figures(2, "exit", vec![group("Node", "a.rs:1", 5, 160, (3, 96)), group("Pair", "b.rs:2", 1, 8, (1, 8))]),
        ]
    }

    fn messages(rules: &str) -> Vec<String> {
        let rules = Rules::from_toml(rules).unwrap();
        let verdict = judge(&rules, None, run()).unwrap();
        verdict
            .findings
            .iter()
            .map(|found| format!("{} {}: {}", found.level.word(), found.rule, found.message))
            .collect()
    }

    #[test]
    fn leaks_fail_unless_suppressed() {
        assert_eq!(
            messages("[[check.suppress]]\nkind = \"P*\"\nreason = \"known\""),
            [
                "failure leaks: 3 blocks of Node leaked: nothing refers to them any more (96 bytes), allocated at a.rs:1",
                "note leaks: roots in locals were not seen",
            ]
        );
        assert!(messages("[[check.suppress]]\nsite = \"*\"\nreason = \"all\"").is_empty());
        assert!(messages("[check]\nleaks = \"allow\"").is_empty());
    }

    #[test]
    fn suppressions_that_fit_nothing_are_told() {
        let rules =
            "[[check.suppress]]\nsite = \"*\"\nreason = \"all\"\n[[check.suppress]]\nkind = \"Gone\"\nreason = \"old\"";
        assert_eq!(messages(rules), ["note leaks: suppress 2 fits no leak any more: old"]);
    }

    #[test]
    fn limits_are_judged_in_every_snapshot_they_name() {
        let rules = "[check]\nleaks = \"allow\"\nmax-live = 167\nmax-live-blocks = 1\nmax-peak = 499\n\
                     [[check.limit]]\nkind = \"Node\"\ncount = 4\n[[check.limit]]\nsite = \"b.rs:*\"\nbytes = 8";
        assert_eq!(
            messages(rules),
            [
                "failure max-peak: peak 500 bytes, 499 allowed (1 more)",
                "failure max-live: live 168 bytes, 167 allowed (1 more)",
                "failure max-live-blocks: live 2 blocks, 1 allowed (1 more)",
                "failure max-live-blocks: live 6 blocks, 1 allowed (5 more)",
                "failure limit 1: Node 5 blocks, 4 allowed (1 more)",
            ]
        );
    }

    #[test]
    fn growth_names_what_it_is_made_of() {
        let rules = "[check]\nleaks = \"allow\"\n[[check.growth]]\nfrom = \"call:mark\"\nbytes = 100\n";
        assert_eq!(
            messages(rules),
            [
                "failure growth 1: growth from snapshot 1 to 2 104 bytes, 100 allowed (4 more)",
                "note growth 1: 96 bytes in 3 blocks of Node more, from a.rs:1",
                "note growth 1: 8 bytes in 1 block of Pair more, from b.rs:2",
            ]
        );
    }

    #[test]
    fn a_snapshot_that_was_not_made_is_bad_input() {
        let rules = Rules::from_toml("[[check.growth]]\nfrom = \"call:other\"\ncount = 0").unwrap();
        assert_eq!(
            judge(&rules, None, run()).unwrap_err().to_string(),
            "growth 1 asks for snapshot \"call:other\", the run made 2"
        );
    }
}
