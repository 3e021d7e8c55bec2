//! When a snapshot is taken.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// A moment at which a snapshot is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// When the guest ends, however it ends.
    Exit,
    /// When most bytes are live, within 1 %. It is known to have been the peak only when the guest ends, and is given out
    /// then.
    Peak,
    /// Whenever the guest is about to ask for more memory.
    Grow,
    /// Again and again after this time, where the guest can stop then; see [`Pause`](super::Pause).
    Every(Duration),
    /// Whenever a function is called: an import (`name` or `module.name`), an export, or a name of the name section.
    Call(String),
}

/// A condition that cannot be understood.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "`{text}` is no snapshot condition; there are exit, peak, grow, every:DURATION (as in every:500ms) and call:NAME"
)]
pub struct ConditionError {
    /// What was given.
    pub text: String,
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || ConditionError { text: text.to_owned() };
        match text.split_once(':') {
            None => match text {
                "exit" => Ok(Self::Exit),
                "peak" => Ok(Self::Peak),
                "grow" => Ok(Self::Grow),
                _ => Err(fail()),
            },
            Some(("every", rest)) => duration(rest).map(Self::Every).ok_or_else(fail),
            Some(("call", name)) if !name.is_empty() => Ok(Self::Call(name.to_owned())),
            Some(_) => Err(fail()),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit => f.write_str("exit"),
            Self::Peak => f.write_str("peak"),
            Self::Grow => f.write_str("grow"),
            Self::Every(period) => write!(f, "every:{}us", period.as_micros()),
            Self::Call(name) => write!(f, "call:{name}"),
        }
    }
}

/// A time such as `250ms`, `1.5s` or `2m`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let period = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
    (!period.is_zero()).then_some(period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read() {
        assert_eq!("exit".parse(), Ok(Condition::Exit));
        assert_eq!("every:1.5s".parse(), Ok(Condition::Every(Duration::from_millis(1500))));
        assert_eq!("call:sched_yield".parse(), Ok(Condition::Call("sched_yield".to_owned())));
        assert_eq!("call:a::b".parse(), Ok(Condition::Call("a::b".to_owned())));
    }

    #[test]
    fn others_are_refused_by_name() {
        for text in ["", "never", "every:", "every:0ms", "every:5", "every:-1s", "call:", "exit:now"] {
            assert_eq!(text.parse::<Condition>(), Err(ConditionError { text: text.to_owned() }));
        }
    }
}
