//! A verdict as text for a terminal or a log.

use std::fmt::Write;

use super::one_line;
use crate::gate::judge::{Level, Verdict};

/// Most findings of one level that are listed; the rest is counted.
const MOST_LISTED: usize = 50;

/// The report: what was judged, what was found, and the outcome in the last line.
#[must_use]
pub fn to_text(verdict: &Verdict) -> String {
    let mut text = String::new();
    for figures in &verdict.snapshots {
        let (count, bytes) = (figures.live_count(), figures.live_bytes());
        let reason = one_line(&figures.reason);
        let _ = writeln!(text, "snapshot {} ({reason}): {count} live blocks, {bytes} bytes", figures.snapshot);
    }
    for level in [Level::Failure, Level::Note] {
        let found: Vec<_> = verdict.findings.iter().filter(|finding| finding.level == level).collect();
        for finding in found.iter().take(MOST_LISTED) {
            let _ = writeln!(text, "{} [{}] {}", level.word(), one_line(&finding.rule), one_line(&finding.message));
        }
        if found.len() > MOST_LISTED {
            let _ = writeln!(text, "{} more of level {}", found.len() - MOST_LISTED, level.word());
        }
    }
    let failures = verdict.findings.iter().filter(|finding| finding.level == Level::Failure).count();
    let rules = counted(verdict.rules.len(), "rule");
    let _ = match failures {
        0 => writeln!(text, "check passed: {rules} kept"),
        _ => writeln!(text, "check failed: {}, {rules}", counted(failures, "finding")),
    };
    text
}

/// `1 rule` or `3 rules`.
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::report::tests::hostile_verdict;

    #[test]
    fn the_report_ends_with_the_outcome() {
        let text = to_text(&hostile_verdict());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "snapshot 1 (exit): 2 live blocks, 64 bytes");
        assert!(lines[1].starts_with("failure [leaks] 2 blocks of Evil"), "{text}");
        assert_eq!(lines[2], "check failed: 1 finding, 2 rules");
        assert!(!text.contains('\u{1b}'));
    }
}
