//! Everything that is read of a guest while it is paused, before any of it is interpreted.
//!
//! The side that runs the guest fills it (copying, so that the pause is short); the side that captures turns it into a
//! heap. Neither needs to know the other: what signals a slow path and how memories are seen stays behind this.

use std::ops::Range;
use std::sync::Arc;

use crate::functions::Told;
use crate::go::GoHeap;

/// One frame of a backtrace as the engine gives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RawFrame {
    /// The function's index in its module, imports included; the same in the original and the instrumented module.
    pub function: u32,
    /// Offset in the original module, in bytes from its start; none where it is not known.
    pub offset: Option<u32>,
    /// Of frames on a stack of Go's the number by which the function goes on, in place of an offset.
    pub block: Option<u16>,
}

impl RawFrame {
    /// A place in a function's code.
    #[must_use]
    pub const fn at(function: u32, offset: Option<u32>) -> Self {
        Self { function, offset, block: None }
    }

    /// A function of Go's and where it goes on.
    #[must_use]
    pub const fn in_block(function: u32, block: u16) -> Self {
        Self { function, offset: None, block: Some(block) }
    }
}

/// Key of a calling context in a [`RawContexts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContextKey(pub u32);

/// The calling contexts seen so far.
#[derive(Clone, Debug, Default)]
pub struct RawContexts {
    /// Frames of each context, innermost first; indexed by [`ContextKey`]. The first is the caller of the allocator: the
    /// allocator's own frames are left out.
    pub frames: Vec<Arc<[RawFrame]>>,
    /// The allocator's function that was called from there, the outermost of its layers (`malloc`, `operator new`); none
    /// where it is not known. As long as `frames`.
    pub entries: Vec<Option<u32>>,
    /// The allocator's functions that give blocks another size, ascending.
    pub reallocators: Arc<[u32]>,
}

/// A live block of a guest allocator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveBlock {
    /// Its first byte, as the guest sees it.
    pub address: u64,
    /// Requested bytes.
    pub size: u64,
    /// Bytes that the allocator committed, header included; equal to `size` where that is unknown.
    pub usable: u64,
    /// Where it was allocated; none for blocks whose context was lost or not recorded.
    pub context: Option<ContextKey>,
    /// Equal in two snapshots of a run exactly for the same block.
    pub serial: u64,
    /// The interval between snapshots in which it was made.
    pub age: u32,
}

/// The value of a mutable global that can hold an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalValue {
    /// Its index in the original module.
    pub index: u32,
    /// Its value, zero-extended.
    pub value: u64,
}

/// A word of the guest's native stack, or a callee-saved register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NativeWord {
    /// Its value; guest addresses are in its lower half, and for 32-bit memories in either half.
    pub value: u64,
    /// Which of [`Paused::frames`] it belongs to, where that is known.
    pub frame: Option<u32>,
}

/// What all allocations of one calling context came to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawTotals {
    /// The context; none for those whose context was lost or not recorded.
    pub context: Option<ContextKey>,
    /// Allocations.
    pub allocations: u64,
    /// Requested bytes of them, and those by which their blocks grew in place.
    pub bytes: u64,
    /// Blocks of them that are gone.
    pub frees: u64,
    /// How many of those went before the next allocation.
    pub temporary: u64,
    /// Bytes of their live blocks at the peak, where that was observed.
    pub peak_bytes: Option<u64>,
}

/// A release of what is no live block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WildRelease {
    /// The address that was released.
    pub address: u64,
    /// Who released it, innermost first; the allocator's own frames are left out.
    pub frames: Vec<RawFrame>,
    /// The live block that the address lies inside of, and where that was allocated.
    pub inside: Option<(u64, Option<ContextKey>)>,
    /// Of an address at which a block was that has been released since: where that was allocated.
    pub last: Option<Option<ContextKey>>,
    /// Who released that, innermost first; known where every release is told.
    pub released: Option<Arc<[RawFrame]>>,
}

/// Blocks that were given out where a live one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// How many there were.
    pub count: u64,
    /// The address of the first of them.
    pub address: u64,
    /// Who gave out the live one, and where it was allocated.
    pub before: (String, Option<ContextKey>),
    /// The same of the other one.
    pub again: (String, Option<ContextKey>),
}

/// A guest at one moment.
#[derive(Clone, Debug, Default)]
pub struct Paused {
    /// Number of the snapshot, from 1; zero for one that has none, such as that of the peak.
    pub number: u32,
    /// What made it: `exit`, `peak`, `call:sched_yield`, ...
    pub reason: String,
    /// Nanoseconds since the guest began.
    pub at_nanos: u64,
    /// Number of allocations so far.
    pub allocations: u64,
    /// Most bytes of live blocks at once so far.
    pub peak_bytes: u64,
    /// The linear memory that holds the allocators' heap.
    pub memory: Vec<u8>,
    /// Live blocks, ascending by address.
    pub blocks: Vec<LiveBlock>,
    /// Mutable integer globals of the original module, the stack pointer included.
    pub globals: Vec<GlobalValue>,
    /// The live part of the shadow stack, from the stack pointer to its top; none where there is no stack pointer.
    pub shadow_stack: Option<Range<u64>>,
    /// Whether the guest is inside a call. When it is not, there are no frames and no native words.
    pub running: bool,
    /// The guest's frames, innermost first.
    pub frames: Vec<RawFrame>,
    /// Words of the native stack and of callee-saved registers; none where they could not be read.
    pub native_words: Option<Vec<NativeWord>>,
    /// The calling contexts that blocks refer to.
    pub contexts: RawContexts,
    /// Whether events tell contexts by their numbers, so that these are to be kept.
    pub numbered_contexts: bool,
    /// Totals of each context that allocated.
    pub totals: Vec<RawTotals>,
    /// Things the user should know before trusting an answer, one sentence each.
    pub notes: Vec<String>,
    /// The first releases of what was no live block.
    pub wild_releases: Vec<WildRelease>,
    /// Blocks that were given out while they were live.
    pub overlap: Option<Overlap>,
    /// What the guest has said of its own blocks; empty for guests that say nothing.
    pub told: Told,
    /// What is known of the heap of a Go guest besides.
    pub go: Option<GoHeap>,
}
