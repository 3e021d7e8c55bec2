//! Limits in bytes as people write them: `4096`, `"64 KiB"`, `"1.5 MiB"`.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// A number of bytes that a rule allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteLimit(pub u64);

/// Units by their name; without one the number counts bytes.
const UNITS: [(&str, u64); 8] = [
    ("", 1),
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

impl FromStr for ByteLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = &text[digits.len()..];
        let digits = digits.trim_end();
        let wrong = || format!("{text:?} is no number of bytes: write 4096, \"64 KiB\" or \"1.5 MB\"");
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        if let Ok(whole) = digits.parse::<u64>() {
            return whole.checked_mul(*factor).map(Self).ok_or_else(wrong);
        }
        let number = digits.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        let bytes = number.ok_or_else(wrong)? * *factor as f64;
        // Above 2^53 a fraction of a unit is no longer exact.
        if bytes < (1u64 << 53) as f64 { Ok(Self(bytes as u64)) } else { Err(wrong()) }
    }
}

impl<'de> Deserialize<'de> for ByteLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(Self(number)),
            Written::Text(text) => text.parse().map_err(de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_binary_and_decimal_units() {
        for (text, bytes) in [("0", 0), ("4096", 4096), ("64 KiB", 65_536), ("1.5MiB", 1_572_864), ("2 kB", 2_000)] {
            assert_eq!(text.parse(), Ok(ByteLimit(bytes)), "{text}");
        }
    }

    #[test]
    fn what_is_no_limit_is_named() {
        for text in ["", "KiB", "-1", "1 KB", "1e400", "18446744073709551615 GiB"] {
            let error = text.parse::<ByteLimit>().unwrap_err();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }
}
