//! Why a script has no answer.

use std::time::Duration;

use thiserror::Error;

/// Why a script has no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The script threw, or is no JavaScript.
    #[error("{message}")]
    Thrown {
        /// The error's name and message.
        message: String,
        /// The lines of the script that led there, innermost first; none where that is unknown.
        lines: Vec<u32>,
    },
    /// It was stopped from outside.
    #[error("stopped")]
    Stopped,
    /// It ran longer than it may.
    #[error("stopped after {0:?}, which is the limit; see --time-limit")]
    OutOfTime(Duration),
    /// It waits for something that never happens.
    #[error("the script awaits a promise that nothing settles")]
    Stuck,
    /// The interpreter itself failed.
    #[error("the interpreter failed: {0}")]
    Interpreter(String),
}
