//! What can be wrong with a call.

use thiserror::Error;

use crate::error::UseError;
use crate::hpy::HpyError;

/// Why a call has no result.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiError {
    /// A name that the value does not have.
    #[error("{target} has no attribute '{name}'; it has {accepted}")]
    NoSuchName {
        /// The type of the value.
        target: &'static str,
        /// What was asked for.
        name: String,
        /// The names it has.
        accepted: String,
    },
    /// An argument that does not fit.
    #[error("{function}: {argument} is {given}; accepted: {accepted}")]
    Argument {
        /// The function that was called.
        function: &'static str,
        /// Its argument.
        argument: String,
        /// What was given.
        given: String,
        /// What is accepted.
        accepted: String,
    },
    /// A question without an answer.
    #[error(transparent)]
    Use(#[from] UseError),
    /// A text that is no `.hpy` stream.
    #[error("load: {0}")]
    Hpy(#[from] HpyError),
}
