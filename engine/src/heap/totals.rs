//! What all allocations of a run came to, by calling context: those of blocks that are gone too.

use crate::id::ContextId;

/// What the allocations of one calling context came to, from the guest's beginning to the snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContextTotals {
    /// The context; none for all allocations whose context is not known.
    pub context: Option<ContextId>,
    /// Allocations.
    pub allocations: u64,
    /// Requested bytes of all of them, and those by which their blocks grew in place later.
    pub bytes: u64,
    /// How many of their blocks were released.
    pub frees: u64,
    /// How many of those were released before the next allocation of any context.
    pub temporary: u64,
    /// Requested bytes of their live blocks when most bytes were live in all, within 1 % of that peak; none where that
    /// moment was not observed.
    pub peak_bytes: Option<u64>,
}

impl ContextTotals {
    /// Both together; the context is that of `self`.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        let peaks = (self.peak_bytes, other.peak_bytes);
        Self {
            context: self.context,
            allocations: self.allocations.saturating_add(other.allocations),
            bytes: self.bytes.saturating_add(other.bytes),
            frees: self.frees.saturating_add(other.frees),
            temporary: self.temporary.saturating_add(other.temporary),
            peak_bytes: match peaks {
                (None, None) => None,
                (own, other) => Some(own.unwrap_or(0).saturating_add(other.unwrap_or(0))),
            },
        }
    }
}
