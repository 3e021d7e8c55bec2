//! Numbers and texts as they are shown.

/// A number with thousands separators: `1,234,567`.
pub(crate) fn exact(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A difference with its sign and thousands separators; 0 has none.
pub(crate) fn signed(before: u64, after: u64) -> String {
    match after.cmp(&before) {
        std::cmp::Ordering::Less => format!("−{}", exact(before - after)),
        std::cmp::Ordering::Equal => "0".into(),
        std::cmp::Ordering::Greater => format!("+{}", exact(after - before)),
    }
}

/// Bytes in binary units with three digits, for summaries: `154 KiB`.
pub(crate) fn binary(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let decimals = if unit == 0 || value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} {}", UNITS[unit])
}

/// A share in percent: no decimals from 10 on, one below; of nothing it is 0.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 || part == 0 {
        return "0".into();
    }
    let share = 100.0 * part as f64 / whole as f64;
    if share >= 9.95 { format!("{share:.0}") } else { format!("{share:.1}") }
}

/// A share of one, for widths.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).clamp(0.0, 1.0) }
}

/// An address as guests print it.
pub(crate) fn address(address: u64) -> String {
    format!("{address:#x}")
}

/// A time of the run: `00:12.4`.
pub(crate) fn moment(millis: u64) -> String {
    let tenths = millis / 100;
    format!("{:02}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// `one` for 1, else `many`, behind the exact number: `3 blocks`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", exact(number), if number == 1 { one } else { many })
}

/// A name in which a place in a source file keeps no more than its last folder: `…/examples/demo.rs:75`. Names without
/// an absolute path are as they were.
pub(crate) fn short_place(name: &str) -> String {
    let Some(begin) = name.find('/').filter(|at| *at == 0 || name[..*at].ends_with([' ', ':'])) else {
        return name.to_owned();
    };
    let slashes: Vec<usize> = name.match_indices('/').map(|(at, _)| at).collect();
    match slashes.len().checked_sub(2).filter(|kept| *kept > 0) {
        Some(kept) => format!("{}…{}", &name[..begin], &name[slashes[kept]..]),
        None => name.to_owned(),
    }
}

/// A name that a guest has given, safe to show on one line: control and direction characters become visible.
pub(crate) fn visible(name: &str) -> String {
    let hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if !name.contains(hidden) {
        return name.to_owned();
    }
    name.chars()
        .flat_map(|letter| {
            if hidden(letter) { Ok(letter) } else { Err(letter) }
                .map_or_else(|letter| vec![letter], |letter| letter.escape_unicode().collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (u64::MAX, "18,446,744,073,709,551,615")] {
            assert_eq!(exact(number), text);
        }
        assert_eq!((signed(5, 1_005), signed(1_005, 5), signed(7, 7)), ("+1,000".into(), "−1,000".into(), "0".into()));
    }

    #[test]
    fn bytes_have_three_digits_and_a_unit() {
        for (bytes, text) in
            [(0, "0 B"), (999, "999 B"), (1_000, "0.98 KiB"), (157_696, "154 KiB"), (2_202_009, "2.10 MiB")]
        {
            assert_eq!(binary(bytes), text);
        }
    }

    #[test]
    fn percent_has_a_decimal_below_ten() {
        let shown = [(0, 5), (1, 1_000), (99, 1_000), (995, 10_000), (1, 1), (1, 0)].map(|(a, b)| percent(a, b));
        assert_eq!(shown, ["0", "0.1", "9.9", "10", "100", "0"]);
    }

    #[test]
    fn places_keep_their_ends() {
        assert_eq!(short_place("/work/app/src/net/http.rs:80"), "…/net/http.rs:80");
        assert_eq!(short_place("<block from /work/app/src/http.rs:80>"), "<block from …/src/http.rs:80>");
        for kept in ["src/main.rs:57", "/a/b.rs", "app::Node<a/b/c/d>", "unknown"] {
            assert_eq!(short_place(kept), kept);
        }
    }

    #[test]
    fn hostile_names_stay_on_their_line() {
        assert_eq!(visible("plain <b>name</b>"), "plain <b>name</b>");
        assert_eq!(visible("a\nb\u{202e}c\u{0}"), "a\\u{a}b\\u{202e}c\\u{0}");
    }

    #[test]
    fn moments_of_the_run() {
        assert_eq!(
            (moment(0), moment(12_449), moment(3_600_000)),
            ("00:00.0".into(), "00:12.4".into(), "60:00.0".into())
        );
    }
}
