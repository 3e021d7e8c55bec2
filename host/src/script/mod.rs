//! Scripts in the host: the API's JavaScript in an interpreter of our own.
//!
//! A script sees `hp`, `print` and `console.log`, and nothing else of the machine: no files, no network, no clock but
//! JavaScript's own. Its memory and its time are limited, and [`Stop`] ends it between two of its steps; a question
//! that the engine is answering at that moment is answered first.
//!
//! The objects that a script sees are made by the same file as in the browser and in Node, `www/js/api.js`: proxies
//! over handles, whose names come from the engine's one description of the API. The interpreter only carries requests
//! across, see [`Native`].

mod error;
mod interpreter;
mod limits;
mod native;
mod recorded;
mod shell;

pub use error::ScriptError;
pub use interpreter::{Form, Interpreter};
pub use limits::{Limits, Stop};
pub use native::Native;
pub use recorded::{Load, LoadAt, Recorded};
pub use shell::{Vocabulary, is_complete};
