//! Numbers in few letters, as Heapy's profile browser writes them.

/// A number in at most six letters: plain up to 99999, then in thousands with K, M, G or T.
pub(super) fn short(number: i64) -> String {
    let (mut value, mut unit) = (number, 0);
    let units = ["", "K", "M", "G", "T"];
    while unit + 1 < units.len() && (value.unsigned_abs() > 99_999 || value != 0 && value % 1000 == 0) {
        value /= 1000;
        unit += 1;
    }
    format!("{value}{}", units[unit])
}

/// Percent of a whole: whole ones from 10 up, two digits down to a hundredth, `---` of nothing.
pub(super) fn percent(part: i64, whole: i64) -> String {
    if whole == 0 {
        return "---".into();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    let size = percent.abs();
    if size >= 10.0 {
        format!("{}", percent as i64)
    } else if size >= 0.01 {
        two_digits(percent)
    } else if size < 1e-10 {
        "0".into()
    } else {
        exponential(percent)
    }
}

/// Two significant digits without zeros at the end.
fn two_digits(value: f64) -> String {
    let decimals = (1 - value.abs().log10().floor() as i32).clamp(0, 4) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// One digit and an exponent of two digits, as C writes it.
fn exponential(value: f64) -> String {
    let text = format!("{value:.0e}");
    match text.split_once("e-") {
        Some((digits, exponent)) => format!("{digits}e-{exponent:0>2}"),
        None => text,
    }
}

/// A moment in seconds since 1970, as a date.
pub(super) fn date(seconds: f64) -> String {
    if !(0.0..1e12).contains(&seconds) {
        return format!("{seconds} s");
    }
    let seconds = seconds as i64;
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 0000-03-01, so that the leap day is the last of its year; H. Hinnant, "chrono-compatible low-level date
    // algorithms".
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0, 999, 99_999, 100_000, 123_456, 5_000, 12_000_000, -123_456, i64::MAX].map(short);
        assert_eq!(shown, ["0", "999", "99999", "100K", "123K", "5K", "12M", "-123K", "9223372T"]);
    }

    #[test]
    fn percents_are_as_heapy_writes_them() {
        assert_eq!(percent(1, 0), "---");
        let parts = [500_000, 99_999, 12_345, 1_000, 50, 0].map(|part| percent(part, 1_000_000));
        assert_eq!(parts, ["50", "10", "1.2", "0.1", "5e-03", "0"]);
        assert_eq!(percent(-25, 100), "-25");
    }

    #[test]
    fn dates_are_of_the_calendar() {
        assert_eq!(date(0.0), "1970-01-01 00:00:00 UTC");
        assert_eq!(date(1_231_517_359.5), "2009-01-09 16:09:19 UTC");
        assert_eq!(date(951_782_400.0), "2000-02-29 00:00:00 UTC");
        assert_eq!(date(f64::NAN), "NaN s");
    }
}
