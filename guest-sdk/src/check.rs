//! Assertions about the heap, for tests that run inside of the guest.
//!
//! In a guest that was built without Heapy they run what they are given and check nothing; a test that must not pass
//! unseen begins with [`require`].

use core::fmt;

use crate::error::Error;
use crate::set::Set;
use crate::use_api::hpy;

/// 1,024 bytes.
pub const KIB: u64 = 1 << 10;
/// 1,048,576 bytes.
pub const MIB: u64 = 1 << 20;
/// 1,073,741,824 bytes.
pub const GIB: u64 = 1 << 30;

/// What [`assert_heap!`](crate::assert_heap) allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    bytes: u64,
    blocks: u64,
}

/// Fewer bytes than this.
///
/// ```
/// use heapy_guest::{MIB, under};
///
/// assert_eq!(under(4 * MIB).to_string(), "under 4194304 bytes");
/// ```
#[must_use]
pub const fn under(bytes: u64) -> Limit {
    Limit { bytes, blocks: u64::MAX }
}

/// Fewer blocks than this.
///
/// ```
/// assert_eq!(heapy_guest::blocks_under(100).to_string(), "under 100 blocks");
/// ```
#[must_use]
pub const fn blocks_under(blocks: u64) -> Limit {
    Limit { bytes: u64::MAX, blocks }
}

impl Limit {
    /// Both limits.
    ///
    /// ```
    /// use heapy_guest::{KIB, blocks_under, under};
    ///
    /// assert_eq!(under(KIB).and(blocks_under(10)).to_string(), "under 1024 bytes and 10 blocks");
    /// ```
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        const fn smaller(a: u64, b: u64) -> u64 {
            if a < b { a } else { b }
        }
        Self { bytes: smaller(self.bytes, other.bytes), blocks: smaller(self.blocks, other.blocks) }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.bytes, self.blocks) {
            (bytes, u64::MAX) => write!(formatter, "under {bytes} bytes"),
            (u64::MAX, blocks) => write!(formatter, "under {blocks} blocks"),
            (bytes, blocks) => write!(formatter, "under {bytes} bytes and {blocks} blocks"),
        }
    }
}

/// Runs a closure and panics with a table when it leaves blocks behind that nothing reaches.
///
/// What it returns is dropped before the heap is looked at. Blocks whose address still stands in a live frame, or
/// anywhere else that is a root, count as reachable: a leak may go unseen, but what is reported is one.
///
/// ```
/// heapy_guest::assert_no_leaks!(|| "a b c".split(' ').map(String::from).collect::<Vec<_>>());
/// ```
#[macro_export]
macro_rules! assert_no_leaks {
    ($run:expr) => {
        $crate::check::no_leaks($run)
    };
}

/// Runs a closure, gives what it returns, and panics with a table when more was added to the reachable heap than allowed.
///
/// ```
/// use heapy_guest::{MIB, assert_heap, under};
///
/// let words = assert_heap!(under(4 * MIB), || "a b c".split(' ').map(String::from).collect::<Vec<_>>());
/// assert_eq!(words.len(), 3);
/// ```
#[macro_export]
macro_rules! assert_heap {
    ($limit:expr, $run:expr) => {
        $crate::check::heap_within($limit, $run)
    };
}

/// Panics when this guest was built without Heapy, so that a test cannot pass for want of a check.
///
/// # Panics
/// Without the feature `enabled`.
///
/// ```should_panic
/// heapy_guest::require(); // this example was built without
/// ```
pub fn require() {
    assert!(crate::enabled(), "{}", Error::last(crate::abi::code::DISABLED));
}

/// What [`assert_no_leaks!`](crate::assert_no_leaks) does.
///
/// # Panics
/// When blocks were leaked, and when the heap cannot be read.
///
/// ```
/// heapy_guest::check::no_leaks(|| String::from("given back"));
/// ```
#[track_caller]
pub fn no_leaks<T>(run: impl FnOnce() -> T) {
    let hp = hpy();
    // Not `setref`: of `heapu` that keeps numbers only, of which a leak and a release could make zero.
    let ready = hp.call("setrelheapg", &[]).map(drop);
    run_apart(run);
    if !crate::enabled() {
        return;
    }
    let leaks = hp.heapg();
    match ready.and_then(|()| leaks.count()) {
        Ok(0) => {}
        Ok(count) => panic!("leaked blocks: {count}\n{}", by_line(&leaks)),
        Err(error) => panic!("leaks cannot be looked for: {error}"),
    }
}

/// Runs a closure and drops what it gives in a frame that ends with it, so that no place of a live frame keeps an address.
#[inline(never)]
fn run_apart<T>(run: impl FnOnce() -> T) {
    drop(run());
}

/// What [`assert_heap!`](crate::assert_heap) does.
///
/// # Panics
/// When more was added than allowed, and when the heap cannot be read.
///
/// ```
/// let text = heapy_guest::check::heap_within(heapy_guest::under(heapy_guest::KIB), || String::from("short"));
/// assert_eq!(text, "short");
/// ```
#[track_caller]
pub fn heap_within<T>(limit: Limit, run: impl FnOnce() -> T) -> T {
    let hp = hpy();
    let ready = hp.setref();
    let value = run();
    if !crate::enabled() {
        return value;
    }
    let added = hp.heap();
    match ready.and_then(|()| Ok((added.size()?, added.count()?))) {
        Ok((size, count)) if (size as u64) < limit.bytes && (count as u64) < limit.blocks => value,
        Ok((size, count)) => {
            panic!("added blocks: {count}, of {size} bytes; allowed: {limit}\n{}", by_line(&added))
        }
        Err(error) => panic!("the heap cannot be looked at: {error}"),
    }
}

fn by_line(set: &Set) -> Set {
    set.by("Prod")
}
