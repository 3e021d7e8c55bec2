//! A verdict as annotations that GitHub shows at the lines of a change.

use std::fmt::Write;

use super::place;
use crate::gate::judge::{Level, Verdict};

/// One workflow command a finding: errors for failures, notices for notes. `folder` is where relative paths begin, as seen
/// from the top of the repository; empty, or with a slash at its end.
#[must_use]
pub fn to_github(verdict: &Verdict, folder: &str) -> String {
    let mut text = String::new();
    for finding in &verdict.findings {
        let command = match finding.level {
            Level::Failure => "error",
            Level::Note => "notice",
        };
        let place = place(finding)
            .map(|(file, line)| {
                let folder = if file.starts_with('/') { "" } else { folder };
                format!("file={},line={line},", escape_property(&format!("{folder}{file}")))
            })
            .unwrap_or_default();
        let title = escape_property(&format!("heapy-host check: {}", finding.rule));
        let _ = writeln!(text, "::{command} {place}title={title}::{}", escape_data(&finding.message));
    }
    text
}

/// What GitHub's runner undoes in the message of a command.
fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What it undoes in the properties of a command.
fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::report::tests::hostile_verdict;

    #[test]
    fn a_name_cannot_forge_a_command() {
        let text = to_github(&hostile_verdict(), "");
        assert_eq!(text.lines().count(), 1, "{text}");
        let start = "::error file=a%2Cb%3Ac/%25.rs,line=12,title=heapy-host check%3A leaks::2 blocks of Evil";
        assert!(text.starts_with(start), "{text}");
        assert!(text.contains("%0A::error::x%25"), "{text}");
        assert!(to_github(&hostile_verdict(), "app/").starts_with("::error file=app/a%2Cb%3Ac/"));
    }
}
