//! Why the server cannot start, or a source cannot answer.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;

/// Why the server cannot start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// No threads to serve on.
    #[error("cannot start the server's threads: {0}")]
    Runtime(io::Error),
    /// No secret to guard the page with.
    #[error("the system gives no random bytes for the inspector's token: {0}")]
    Random(getrandom::Error),
}

/// Why a source cannot answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// No such recording.
    #[error("there is no recording {index}: {count} can be had")]
    NoRecording {
        /// The number asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A snapshot was asked of a guest that does not run.
    #[error("no guest is running")]
    NotRunning,
    /// Anything else, in the source's words.
    #[error("{0}")]
    Failed(String),
}
