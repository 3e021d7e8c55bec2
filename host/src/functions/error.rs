//! Why a function has no answer for the guest: a code of the ABI and a message that the guest can fetch.

use std::borrow::Cow;

use heapy_guest::abi::code;

/// A refusal. Never a trap: the guest goes on and may ask what was wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// One of [`code`].
    pub code: i32,
    /// What was given and what is accepted.
    pub message: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn pointer(what: &str, address: u64, length: u64, memory_bytes: usize) -> Self {
        let range = format!("{length} bytes at {address:#x}");
        Self::new(code::POINTER, format!("{what}: {range} are not within the guest's memory of {memory_bytes} bytes"))
    }

    pub(super) fn limit(what: &str, limit: usize) -> Self {
        Self::new(code::LIMIT, format!("a guest may have at most {limit} {what}"))
    }

    pub(super) fn handle(handle: u32) -> Self {
        Self::new(code::HANDLE, format!("{handle} is no handle of this guest, or it was released"))
    }
}
