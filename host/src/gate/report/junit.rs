//! A verdict as JUnit XML: a test case for each rule.

use std::fmt::Write;

use super::one_line;
use crate::gate::judge::{Finding, Level, Verdict};

/// The verdict in the form that test dashboards read.
#[must_use]
pub fn to_junit(verdict: &Verdict) -> String {
    let failed = verdict.rules.iter().filter(|rule| broken(verdict, rule).next().is_some()).count();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let totals = format!("tests=\"{}\" failures=\"{failed}\" errors=\"0\"", verdict.rules.len());
    let _ = writeln!(xml, "<testsuites {totals}>\n  <testsuite name=\"heapy-host check\" {totals}>");
    for rule in &verdict.rules {
        let messages: Vec<String> = broken(verdict, rule).map(|finding| escape(&finding.message)).collect();
        let case = format!("    <testcase classname=\"heapy\" name=\"{}\"", escape(rule));
        match messages.as_slice() {
            [] => {
                let _ = writeln!(xml, "{case}/>");
            }
            [first, ..] => {
                let _ = writeln!(xml, "{case}>\n      <failure message=\"{first}\">{}</failure>", messages.join("\n"));
                let _ = writeln!(xml, "    </testcase>");
            }
        }
    }
    let notes: Vec<String> = verdict
        .findings
        .iter()
        .filter(|finding| finding.level == Level::Note)
        .map(|finding| format!("{}: {}", escape(&finding.rule), escape(&finding.message)))
        .collect();
    if !notes.is_empty() {
        let _ = writeln!(xml, "    <system-out>{}</system-out>", notes.join("\n"));
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

/// The failures of one rule.
fn broken<'a>(verdict: &'a Verdict, rule: &'a str) -> impl Iterator<Item = &'a Finding> {
    verdict.findings.iter().filter(move |finding| finding.level == Level::Failure && finding.rule == rule)
}

/// Text for content and attributes of XML; control characters, which XML cannot hold, become visible escapes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in one_line(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => escaped.extend(letter.escape_unicode()),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::report::tests::hostile_verdict;

    #[test]
    fn each_rule_is_a_case_and_names_are_escaped() {
        let xml = to_junit(&hostile_verdict());
        assert!(xml.contains("<testsuites tests=\"2\" failures=\"1\" errors=\"0\">"), "{xml}");
        assert!(xml.contains("<testcase classname=\"heapy\" name=\"max-live\"/>"), "{xml}");
        assert!(xml.contains("Evil&lt;&quot;&amp;&apos;&gt;\\u{a}::error::x%\\u{1b}[2J]]&gt;"), "{xml}");
    }
}
