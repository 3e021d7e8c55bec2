//! Questions about the graph of a heap, one per file.
//!
//! The analyses take a heap and sets of objects and give finished values; traversals are loops, because the guest
//! chose the graph.

mod dominators;
mod dominos;
mod hold;
mod leaks;
mod natural;
mod path_search;
mod paths;
mod reachability;
mod reference_pattern;
mod worklist;

pub use dominators::{Dominator, DominatorTree};
pub use dominos::{dominos, imdom};
pub use hold::{Hold, held_by_data};
pub use leaks::{LeakRoot, leak_roots};
pub use natural::Natural;
pub use path_search::PathEnd;
pub use paths::{Path, PathOptions, Paths, Step};
pub use reachability::reach;
pub use reference_pattern::{Mark, PatternOptions, PatternPaths, PatternRow, ReferencePattern};
