//! What the tests of guests share: the protocol in which guests tell their heaps, an embedder that runs them, and the
//! comparison of a snapshot with what was told.

#![allow(dead_code, reason = "each test program uses a part")]

mod checks;
mod protocol;
mod random;
mod run;

pub use checks::{check_mark, site_of};
pub use protocol::{Mark, Reach, ToldBlock, ToldEdge, read_marks};
pub use random::Random;
pub use run::{Run, bytes, heap_of, run, run_calls, run_given, run_script, run_until};
