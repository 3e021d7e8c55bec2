//! What the guests have in common: the amount of work, and a checksum that keeps it from being optimised away.

/// The amount of work: the first argument, or `default`.
pub fn rounds(default: u32) -> u32 {
    std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A small generator of numbers that are the same in every run (Marsaglia's xorshift, 2003).
pub struct Numbers(u32);

impl Numbers {
    /// Begins at a seed other than zero.
    pub fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// The next number below `limit`.
    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % limit
    }
}
