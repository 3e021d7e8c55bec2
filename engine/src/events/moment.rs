//! Moments of a run, as users name them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A moment of a run with events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After so many events.
    Event(u64),
    /// Right after so many allocations.
    Allocation(u64),
    /// After so many nanoseconds, as far as the time was noted: every few milliseconds.
    Nanos(u64),
    /// When a snapshot was taken.
    Snapshot(u32),
    /// When most bytes were live, the first time; exact.
    Peak,
    /// After the last event.
    End,
}

/// What is no moment.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{text}` is no moment; there are event:N, allocation:N, time:SECONDS, snapshot:N, peak and end")]
pub struct MomentError {
    /// What was given.
    pub text: String,
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || MomentError { text: text.to_owned() };
        let (word, rest) = text.split_once(':').unwrap_or((text, ""));
        let whole = || rest.parse::<u64>().map_err(|_| fail());
        Ok(match (word, rest.is_empty()) {
            ("peak", true) => Self::Peak,
            ("end", true) => Self::End,
            ("event", false) => Self::Event(whole()?),
            ("allocation", false) => Self::Allocation(whole()?),
            ("snapshot", false) => Self::Snapshot(rest.parse().ok().filter(|number| *number > 0).ok_or_else(fail)?),
            ("time", false) => {
                let seconds: f64 = rest.trim_end_matches('s').parse().map_err(|_| fail())?;
                // A float above the largest whole number becomes that one.
                if seconds >= 0.0 { Self::Nanos((seconds * 1e9) as u64) } else { return Err(fail()) }
            }
            _ => return Err(fail()),
        })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(number) => write!(f, "event:{number}"),
            Self::Allocation(number) => write!(f, "allocation:{number}"),
            Self::Nanos(nanos) => write!(f, "time:{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000),
            Self::Snapshot(number) => write!(f, "snapshot:{number}"),
            Self::Peak => f.write_str("peak"),
            Self::End => f.write_str("end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_they_are_written() {
        for text in ["event:12", "allocation:0", "snapshot:3", "peak", "end", "time:1.500000000"] {
            assert_eq!(text.parse::<Moment>().unwrap().to_string(), text);
        }
        assert_eq!("time:0.25s".parse(), Ok(Moment::Nanos(250_000_000)));
        for text in ["", "event", "event:", "event:-1", "snapshot:0", "time:-1", "time:x", "peak:1", "exit"] {
            assert_eq!(text.parse::<Moment>(), Err(MomentError { text: text.to_owned() }));
        }
    }
}
