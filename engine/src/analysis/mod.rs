//! Questions about the graph of a heap, one per file.

mod reachability;

pub use reachability::reach;
