//! Verdicts as people and programs read them. Names come from the guest, so every format escapes them.

mod github;
mod json;
mod junit;
mod text;

pub use github::to_github;
pub use json::{SCHEMA, to_json};
pub use junit::to_junit;
pub use text::to_text;

use super::judge::Finding;

/// File and line of a finding's site, for formats that point into sources.
fn place(finding: &Finding) -> Option<(&str, u64)> {
    let (file, line) = finding.site.as_deref()?.rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}

/// Control characters as visible escapes, so that a name can neither break a line nor drive a terminal.
fn one_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control()
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
pub(crate) mod tests {
    //! Fixtures that the tests of the gate share.

    use std::sync::Arc;

    use heapy_engine::{Facts, Frame, HeapBuilder, ObjectRecord, RootPlace, Seen, Shape, TypeRecord, Use, Vocabulary};

    use crate::gate::{Figures, Group, Rules, Verdict, judge};

    /// Two nodes, one of them leaked, and a pair.
    pub(crate) fn small_heap() -> Use {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        let named =
            |name: &str| TypeRecord { name: name.into(), unit: None, size: 0, shape: Shape::Opaque, storage: false };
        let (node, pair) = (builder.add_type(named("app::Node")), builder.add_type(named("app::Pair")));
        let mut at = |file: &str, line| {
            let frame =
                Frame { function: "make".into(), file: Some(file.into()), line: Some(line), ..Frame::default() };
            let frame = builder.add_frame(frame);
            builder.add_context(None, frame)
        };
        let (list_site, pair_site) = (at("src/list.rs", 7), at("src/pair.rs", 3));
        let block = |address, size, ty, context| ObjectRecord {
            ty: Some(ty),
            context: Some(context),
            ..ObjectRecord::block(address, size)
        };
        let held = builder.add_object(block(0x1000, 48, node, list_site));
        builder.add_object(block(0x1100, 48, node, list_site));
        let other = builder.add_object(block(0x1200, 16, pair, pair_site));
        builder.add_root(RootPlace::Given("list".into()), held);
        builder.add_root(RootPlace::Given("pair".into()), other);
        builder.set_facts(Facts {
            snapshot: 1,
            reason: "exit".into(),
            peak_bytes: 112,
            globals: Seen::Yes,
            statics: Seen::Yes,
            shadow_stack: Seen::None,
            locals: Seen::Unknown,
            ..Facts::default()
        });
        Use::new(Arc::new(builder.finish().unwrap()))
    }

    /// A verdict with one leak whose names try to break every format.
    pub(crate) fn hostile_verdict() -> Verdict {
        let group = Group {
            kind: "Evil<\"&'>\n::error::x%\u{1b}[2J]]>".into(),
            site: "a,b:c/%.rs:12".into(),
            count: 2,
            size: 64,
            leaked_count: 2,
            leaked_size: 64,
        };
        let figures =
            Figures { snapshot: 1, reason: "exit".into(), peak_bytes: 64, groups: vec![group], doubts: vec![] };
        let rules = Rules::from_toml("[check]\nmax-live = 100").unwrap();
        judge(&rules, None, vec![figures]).unwrap()
    }
}
