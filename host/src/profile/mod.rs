//! The profile browser: samples of a heap over time, as text.
//!
//! A sample is a package of a `.hpy` file or a snapshot of a recording. The graph shows the largest kinds of every sample,
//! stacked or as lines, a kind by the same letter throughout; the table sets two samples, the markers A and B, side by
//! side. Names, columns and forms of numbers are those of Heapy's profile browser, which opens a window for them.

mod graph;
mod numbers;
mod sample;
mod table;

pub use graph::{Graph, graph};
pub use sample::{Row, Sample, of_recording, of_stream};
pub use table::{Layout, Marked, Third, lines, table};

/// Which number of a kind is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The sum of sizes, in bytes.
    Size,
    /// The number of objects.
    Count,
}

/// Kinds of a sample that are shown one by one; the others are `<Other>`.
pub const LARGEST: usize = 10;
