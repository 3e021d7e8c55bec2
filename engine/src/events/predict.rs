//! What the next event is expected to be: reader and writer of a chunk make the same guesses, and only what was guessed
//! wrong takes room.
//!
//! Guests repeat themselves: a context follows the one that it followed before, allocates what it allocated before, where
//! the last block of that size was released; blocks are released in the order in which they were made, or against it.

/// Contexts and sizes are guessed from tables of this many entries.
const CONTEXTS: usize = 1 << 12;
/// Neighbours in time are looked up by address in tables of this many entries.
const ADDRESSES: usize = 1 << 15;
/// Sizes that have a stack of released blocks of their own.
const STACKS: usize = 256;
/// Released blocks that are remembered of each.
const STACK: usize = 16;

/// The guesses, and what they rest on. Each chunk begins with an empty one.
pub(super) struct Predictor {
    /// Context that came behind two others.
    follower: Vec<u32>,
    before: [u32; 2],
    /// Last size of a context.
    sizes: Vec<u32>,
    stacks: Vec<[u32; STACK]>,
    tops: Vec<u8>,
    /// Blocks made right after and right before the one at an address.
    next: Vec<u32>,
    previous: Vec<u32>,
    pub(super) allocated: u32,
    stride: u32,
    pub(super) released: u32,
    pub(super) nanos: u64,
}

impl Predictor {
    pub(super) fn new() -> Self {
        Self {
            follower: vec![0; CONTEXTS],
            before: [0; 2],
            sizes: vec![0; CONTEXTS],
            stacks: vec![[0; STACK]; STACKS],
            tops: vec![0; STACKS],
            next: vec![0; ADDRESSES],
            previous: vec![0; ADDRESSES],
            allocated: 0,
            stride: 0,
            released: 0,
            nanos: 0,
        }
    }

    fn follows(&self) -> usize {
        let mixed = self.before[0].wrapping_mul(0x9E37_79B1) ^ self.before[1].wrapping_mul(0x85EB_CA6B);
        (mixed >> 20) as usize % CONTEXTS
    }

    /// The context of the next allocation.
    pub(super) fn context(&self) -> u32 {
        self.follower[self.follows()]
    }

    /// The size that a context allocates.
    pub(super) fn size(&self, context: u32) -> u32 {
        self.sizes[context as usize % CONTEXTS]
    }

    /// Where a block of a size will be: where one of that size was released last, as far behind the last allocation as that
    /// was behind the one before, or where any was released last.
    pub(super) fn places(&self, size: u32) -> [u32; 3] {
        let class = class(size);
        let top = (self.tops[class] as usize + STACK - 1) % STACK;
        [self.stacks[class][top], self.allocated.wrapping_add(self.stride), self.released]
    }

    /// Which block will be released: the last one that was made, and those made after and before the last one that was
    /// released.
    pub(super) fn victims(&self) -> [u32; 3] {
        let at = slot(self.released);
        [self.allocated, self.next[at], self.previous[at]]
    }

    /// An allocation happened.
    pub(super) fn allocate(&mut self, address: u32, size: u32, context: u32) {
        let follows = self.follows();
        self.follower[follows] = context;
        self.before = [self.before[1], context];
        self.sizes[context as usize % CONTEXTS] = size;
        let class = class(size);
        let top = (self.tops[class] as usize + STACK - 1) % STACK;
        if self.stacks[class][top] == address {
            self.stacks[class][top] = 0;
            self.tops[class] = top as u8;
        }
        self.next[slot(self.allocated)] = address;
        self.previous[slot(address)] = self.allocated;
        self.stride = address.wrapping_sub(self.allocated);
        self.allocated = address;
    }

    /// A release happened.
    pub(super) fn release(&mut self, address: u32, size: u32) {
        let class = class(size);
        let top = self.tops[class] as usize;
        self.stacks[class][top] = address;
        self.tops[class] = ((top + 1) % STACK) as u8;
        self.released = address;
    }
}

/// Sizes that allocators serve alike.
fn class(size: u32) -> usize {
    (size.saturating_add(11) / 8) as usize % STACKS
}

fn slot(address: u32) -> usize {
    (address >> 3) as usize % ADDRESSES
}
