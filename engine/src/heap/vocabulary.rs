//! The words and quotes in which a heap's answers are printed.
//!
//! Captured wasm heaps and graphs that were exported from Python are printed by the same code; only what is given here
//! differs.

/// How a heap calls its backing storage, and how it quotes keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    /// What storage that belongs to one owner is called: `buffer` for wasm, `dict` for Python.
    pub storage: String,
    /// The quote around keys and names of locals when printing. Both quotes are accepted when parsing.
    pub quote: char,
    /// Whether objects are rendered as Python's: `0x1000*3` for sized containers.
    pub length_suffix: bool,
}

impl Vocabulary {
    /// The words for a wasm guest: `buffer of T`, `["key"]`.
    #[must_use]
    pub fn wasm() -> Self {
        Self { storage: "buffer".into(), quote: '"', length_suffix: true }
    }

    /// The words for a graph of Python objects: `dict of T`, `['key']`.
    #[must_use]
    pub fn python() -> Self {
        Self { storage: "dict".into(), quote: '\'', length_suffix: true }
    }
}
