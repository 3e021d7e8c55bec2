//! What a guest may ask of Heapy while it runs: the Use API, from inside of the heap that it is about.
//!
//! ```
//! use heapy_guest::hpy;
//!
//! let hp = hpy();
//! println!("{}", hp.heap()); // what is reachable, by kind
//! println!("{}", hp.heapu()); // what is leaked
//! println!("{}", hp.heap().by("Prod").part(0).sp()); // what holds the largest line of allocation
//! ```
//!
//! The questions are answered by the host, `heapy-host` or an embedder, through the import module `heapy`; the page
//! `guest-abi` of the guide lists its functions and limits.
//!
//! # What it costs
//!
//! Nothing where it is off. The feature `enabled` is off by default: the guest then has no import of ours, runs
//! anywhere, and every call answers [`Error`] with the code [`abi::code::DISABLED`]; [`enabled`] tells beforehand. Turn
//! the feature on for the build that runs under Heapy:
//!
//! ```toml
//! [dependencies]
//! heapy-guest = "0.1"
//!
//! [features]
//! heapy = ["heapy-guest/enabled"]
//! ```
//!
//! With it on, a question about a set that is there costs a call of the host; `heap`, `heapu` and `setref` cost a
//! snapshot, which stops the guest for as long as its memory takes to be copied and read.
//!
//! # What it does not do
//!
//! It does not change the heap it looks at: the crate is `no_std` and takes no memory from the guest's allocator, so no
//! buffer of a question is counted. What the guest makes of an answer, such as a `String`, is the guest's own and is
//! counted in the next snapshot, unless it is given to [`hide`].

#![no_std]
#![allow(clippy::result_large_err, reason = "an error carries its message along: there is no heap to put it on")]

#[cfg(test)]
extern crate std;

pub mod abi;
mod allocator;
pub mod check;
mod error;
mod imports;
mod inspect;
mod rows;
mod set;
mod thing;
mod things;
mod use_api;

pub use allocator::{Allocator, Lifetime, register_allocator};
pub use check::{GIB, KIB, Limit, MIB, blocks_under, require, under};
pub use error::Error;
#[cfg(feature = "derive")]
pub use heapy_guest_derive::Inspect;
pub use inspect::{Field, Inspect, hide, label, label_named, label_slice, pin, unpin};
pub use rows::{Object, Objects, Row, Rows};
pub use set::Set;
pub use thing::{Answer, Arg, List, Text, Thing};
pub use things::{Paths, Pattern, Relation, Stat};
pub use use_api::{Use, hpy};

/// Whether this guest was built with Heapy.
///
/// ```
/// if !heapy_guest::enabled() {
///     println!("built without Heapy: nothing is checked");
/// }
/// ```
#[must_use]
pub const fn enabled() -> bool {
    cfg!(all(feature = "enabled", target_family = "wasm"))
}

/// Stores a snapshot under a name, as `--snapshot-at` does, and gives its number.
///
/// # Errors
/// When the heap cannot be read or stored, or without Heapy.
///
/// ```
/// let _ = heapy_guest::snapshot("after start");
/// ```
pub fn snapshot(name: &str) -> Result<u32, Error> {
    Error::check(imports::snapshot(name))
}
