//! Why a question has no answer, in the host's words, without memory from the heap.

use core::fmt;

use crate::abi::code;
use crate::imports;

/// Bytes of a message that are kept; the rest is cut off.
const MESSAGE_BYTES: usize = 200;

/// Why there is no answer.
///
/// ```
/// let error = heapy_guest::hpy().heap().count().unwrap_err();
/// assert_eq!(error.code(), heapy_guest::abi::code::DISABLED);
/// assert_eq!(error.to_string(), "this guest was built without Heapy: enable the feature `enabled` of heapy-guest");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    code: i32,
    length: usize,
    message: [u8; MESSAGE_BYTES],
}

impl Error {
    /// One of [`code`].
    #[must_use]
    pub const fn code(&self) -> i32 {
        self.code
    }

    /// What the host said, at most 200 bytes of it.
    #[must_use]
    pub fn message(&self) -> &str {
        let kept = &self.message[..self.length];
        core::str::from_utf8(kept).unwrap_or_else(|error| {
            // Cut in the middle of a character.
            core::str::from_utf8(&kept[..error.valid_up_to()]).unwrap_or_default()
        })
    }

    /// The error that the host has just answered with.
    pub(crate) fn last(code: i32) -> Self {
        let mut message = [0; MESSAGE_BYTES];
        if code == code::DISABLED {
            let text = "this guest was built without Heapy: enable the feature `enabled` of heapy-guest";
            return Self::with(code, text);
        }
        let length = usize::try_from(imports::error(&mut message)).unwrap_or_default().min(MESSAGE_BYTES);
        Self { code, length, message }
    }

    /// An answer that is of another sort than was expected.
    pub(crate) fn unexpected(what: &str) -> Self {
        Self::with(code::ARGUMENT, what)
    }

    fn with(code: i32, text: &str) -> Self {
        let mut message = [0; MESSAGE_BYTES];
        let length = text.len().min(MESSAGE_BYTES);
        message[..length].copy_from_slice(&text.as_bytes()[..length]);
        Self { code, length, message }
    }

    /// The number that a function has answered, if it is one.
    pub(crate) fn check(result: i32) -> Result<u32, Self> {
        u32::try_from(result).map_err(|_| Self::last(result))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Error").field("code", &self.code).field("message", &self.message()).finish()
    }
}

impl core::error::Error for Error {}
