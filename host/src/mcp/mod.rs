//! Questions about recordings over the Model Context Protocol, for programs that read.
//!
//! [`serve`] speaks JSON-RPC, a message a line, over any pair of streams. There are few tools, and their answers are
//! short: tables are cut with a note of what is missing, and every answer carries what it rests on and what it cannot
//! show. The tools give evidence, such as paths, counts and sites; what follows from it is for the reader to say.

mod answers;
mod protocol;
mod tools;

pub use protocol::serve;
pub use tools::{Asked, Load, Query, Tools};
