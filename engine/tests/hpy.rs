//! The `.hpy` stream: guppy's files open, packages come back byte for byte, and no text can break the reader.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use heapy_engine::hpy::{HpyError, Packages, decode, load};
use heapy_engine::{SortBy, Stat, StatFormat, UseError};
use proptest::prelude::*;

/// Two packages in the form in which guppy writes them, and the difference of the second to the first.
const PUBLISHED: &str = include_str!("hpy/published.hpy");

fn stats(text: &str) -> Vec<Stat> {
    Packages::new(text).collect::<Result<_, _>>().unwrap()
}

#[test]
fn published_stats_open_and_print() {
    let stats = stats(PUBLISHED);
    assert_eq!(stats.len(), 3);
    let table = "\
Partition of a set of 25773 objects. Total size = 1966592 bytes.
 Index  Count   %     Size   % Cumulative  % Kind (class / dict of class)
     0  11741  46   837928  43    837928  43 str
     1   5847  23   231296  12   1069224  54 tuple
     2    324   1   169152   9   1238376  63 dict (no owner)
     3    117   0   134904   7   1373280  70 dict of module
     4   1605   6   109140   6   1482420  75 types.CodeType";
    assert!(stats[0].to_string().starts_with(table), "{}", stats[0]);
    assert_eq!(stats[0].time_made(), 1_231_517_359.474_866);
    assert_eq!(stats[0].header("kindname"), Some(""));
    assert_eq!(stats[2].format(), StatFormat::Diff);
    assert_eq!(stats[1].minus(&stats[0]).unwrap().rows(), stats[2].rows());
}

#[test]
fn packages_come_back_byte_for_byte() {
    let dumped: String = stats(PUBLISHED).iter().map(Stat::dump).collect();
    assert_eq!(dumped, PUBLISHED);
    let appended = format!("{PUBLISHED}{}", stats(PUBLISHED)[0].dump());
    assert_eq!(stats(&appended).len(), 4);
}

#[test]
fn headers_of_other_programs_are_kept_in_their_order() {
    let text = ".loader: _load_stat\n.timemade: 5\n.format: SetFormat\n.host: büro\n.kindheader: Type\n.count: 1\n.size: 8\n.r: 1 8 a: b\n.end: .loader: _load_stat\n";
    let stat = load(text).unwrap();
    assert_eq!((stat.header("host"), stat.rows()[0].name.as_str()), (Some("büro"), "a: b"));
    assert_eq!(stat.dump(), text);
    // Latin-1, for files whose character set nobody wrote down.
    let latin: Vec<u8> = text.chars().map(|c| c as u32 as u8).collect();
    assert_eq!(load(&decode(&latin)).unwrap().header("host"), Some("büro"));
}

#[test]
fn what_is_wrong_names_the_line() {
    let error = |text: &str| load(text).unwrap_err();
    assert!(matches!(error(""), HpyError::NoLoader { line: 1, .. }));
    assert_eq!(error("hello\n").to_string(), "line 1: no initial .loader directive, but \"hello\"");
    assert_eq!(error(".loader: _other\n").to_string(), "line 1: no such loader: \"_other\"; accepted is _load_stat");
    let package = |lines: &str| {
        format!(".loader: _load_stat\n.format: SetFormat\n.count: 1\n.size: 8\n.kindheader: Type\n{lines}")
    };
    assert!(matches!(error(&package("nonsense\n")), HpyError::Header { line: 6, .. }));
    assert!(matches!(error(&package(".r: 1 x y\n")), HpyError::Row { line: 6, .. }));
    assert!(matches!(error(&package(".r: 1 8 y\n.count: 2\n")), HpyError::Row { line: 7, .. }));
    assert!(matches!(error(&package("").replace("count: 1", "count: many")), HpyError::Value { line: 3, .. }));
    assert!(matches!(error(&package("").replace(".size: 8\n", "")), HpyError::Missing { name: "size", .. }));
    assert!(matches!(error(&package("").replace("SetFormat", "Other")), HpyError::Value { line: 2, .. }));
    // The end of the text ends a package too.
    assert_eq!(load(&package(".r: 1 8 y")).unwrap().rows().len(), 1);
}

#[test]
fn rows_are_chosen_by_index_slice_and_name() {
    let stat = &stats(PUBLISHED)[0];
    let names = |stat: &Stat| stat.rows().iter().map(|row| row.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&stat.part(-1).unwrap()), ["types.CodeType"]);
    assert_eq!(names(&stat.slice(None, None, Some(-2)).unwrap()), ["types.CodeType", "dict (no owner)", "str"]);
    assert_eq!(names(&stat.slice(Some(-2), Some(99), None).unwrap()), ["dict of module", "types.CodeType"]);
    assert!(stat.slice(Some(3), Some(1), None).unwrap().rows().is_empty());
    assert!(matches!(stat.part(5), Err(UseError::StatIndex { index: 5, rows: 5 })));
    assert!(matches!(stat.slice(None, None, Some(0)), Err(UseError::Step { step: 0 })));
    let chosen: Vec<&str> =
        stat.get_rows_of_kinds(&["tuple", "nothing", "str"]).iter().map(|row| row.name.as_str()).collect();
    assert_eq!(chosen, ["tuple", "str"]);
    let top: Vec<String> = stat.get_rows_n_and_other(2, SortBy::Count).into_iter().map(|row| row.name).collect();
    assert_eq!(top, ["str", "tuple", "<Other>"]);
    let other = load(&stat.dump().replace("Kind (class / dict of class)", "Type")).unwrap();
    let error = stat.minus(&other).unwrap_err().to_string();
    assert_eq!(error, "mismatching table kind header, 'Kind (class / dict of class)' vs 'Type'");
}

proptest! {
    #[test]
    fn any_text_is_an_error_or_stats(text in "(\\.(loader|end|format|count|size|kindheader|r): ?[ -~]{0,20}\n|[ -~]{0,9}\n){0,12}") {
        for stat in Packages::new(&text).flatten() {
            let _ = stat.to_string();
        }
    }

    #[test]
    fn a_mutated_file_is_an_error_or_stats(at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut bytes = PUBLISHED.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = value;
        let text = decode(&bytes);
        for stat in Packages::new(&text).flatten() {
            prop_assert_eq!(load(&stat.dump()).map(|again| again.to_string()).ok(), Some(stat.to_string()));
        }
    }

    #[test]
    fn a_difference_added_up_is_the_difference_of_the_totals(
        a in prop::collection::vec((0i64..100, 0i64..1000, "[a-e]"), 0..8),
        b in prop::collection::vec((0i64..100, 0i64..1000, "[a-e]"), 0..8),
    ) {
        let package = |rows: &[(i64, i64, String)]| {
            let (count, size) = rows.iter().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
            let lines: String = rows.iter().map(|(count, size, name)| format!(".r: {count} {size} {name}\n")).collect();
            load(&format!(".loader: _load_stat\n.format: SetFormat\n.count: {count}\n.size: {size}\n.kindheader: Type\n{lines}")).unwrap()
        };
        let (a, b) = (package(&a), package(&b));
        let difference = a.minus(&b).unwrap();
        prop_assert_eq!(difference.count(), a.count() - b.count());
        prop_assert_eq!(difference.size(), a.size() - b.size());
        prop_assert!(difference.rows().is_sorted_by_key(|row| std::cmp::Reverse(row.size.abs())));
        prop_assert!(a.minus(&a).unwrap().rows().is_empty());
    }
}
