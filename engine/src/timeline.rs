//! The course of a run: how much was live when, and when and why memory grew.
//!
//! Snapshots say what is in the heap at one moment, a timeline how it came to be that much. It is sampled, so that a run
//! of any length has at most a few thousand [`Sample`]s; what it says of a moment is exact. Growth of memory is told
//! completely, up to [`GROWS_MAX`], each with the functions that asked for it.

use serde::{Deserialize, Serialize};

use crate::lifetimes::Lifetimes;

/// Growths that are kept; a guest that asks for more memory more often shows the first ones.
pub const GROWS_MAX: usize = 4096;

/// The course of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Nanoseconds from the guest's beginning to its end, or to the last figure of a run that was cut off.
    pub end_nanos: u64,
    /// Most bytes of live blocks at once; exact.
    pub peak_bytes: u64,
    /// Allocations of the whole run; exact.
    pub allocations: u64,
    /// Moments, ascending.
    pub samples: Vec<Sample>,
    /// Growths of the linear memory, ascending by time.
    pub grows: Vec<Grow>,
    /// Growths that were not kept.
    #[serde(default)]
    pub grows_left_out: u64,
    /// The snapshot of the peak; none where there is none.
    #[serde(default)]
    pub peak_snapshot: Option<PeakSnapshot>,
    /// How long blocks lived; none where none was watched.
    #[serde(default)]
    pub lifetimes: Option<Lifetimes>,
}

/// Which snapshot shows the peak, and how near it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeakSnapshot {
    /// Its number; zero for the one that is kept beside the numbered ones.
    pub snapshot: u32,
    /// Requested bytes of blocks that are live in it.
    pub live_bytes: u64,
}

/// One moment of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Nanoseconds since the guest began.
    pub at_nanos: u64,
    /// Requested bytes of live blocks.
    pub live_bytes: u64,
    /// Most of them so far.
    pub peak_bytes: u64,
    /// Allocations so far.
    pub allocations: u64,
    /// Bytes of linear memory.
    pub memory_bytes: u64,
    /// Blocks and what is between them, where they were counted.
    pub extents: Option<Extents>,
}

/// Live blocks and the free extents between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extents {
    /// Live blocks.
    pub blocks: u64,
    /// The address behind the last of them.
    pub end: u64,
    /// Bytes between blocks, headers of the allocator left out as far as they are smaller than 32 bytes.
    pub free_bytes: u64,
    /// The largest extent between two blocks.
    pub largest_free: u64,
}

/// The guest asked for more linear memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grow {
    /// Nanoseconds since the guest began.
    pub at_nanos: u64,
    /// Bytes of linear memory before.
    pub memory_bytes: u64,
    /// Bytes by which it grew; zero where the request failed.
    pub grown_bytes: u64,
    /// Requested bytes of live blocks.
    pub live_bytes: u64,
    /// Blocks and what is between them, where they were counted.
    pub extents: Option<Extents>,
    /// Who asked, innermost first, as `function file:line`.
    pub frames: Vec<String>,
    /// Which of the frames is the first that is the program's own, not the allocator's or a library's.
    #[serde(default)]
    pub program: Option<u32>,
}

/// Why memory grew, as far as the live blocks show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrowCause {
    /// Less lay free than was asked for: what is live needs the memory.
    Live,
    /// Enough lay free, but in no single extent.
    Fragmentation,
    /// An extent that was large enough lay free and was not used: the allocator does not reuse it, or not for this.
    NotReused,
    /// The request failed.
    Refused,
    /// Blocks were not counted.
    Unknown,
}

impl Grow {
    /// Why memory grew.
    #[must_use]
    pub fn cause(&self) -> GrowCause {
        if self.grown_bytes == 0 {
            return GrowCause::Refused;
        }
        match self.extents {
            None => GrowCause::Unknown,
            Some(extents) if extents.largest_free >= self.grown_bytes => GrowCause::NotReused,
            Some(extents) if extents.free_bytes >= self.grown_bytes => GrowCause::Fragmentation,
            Some(_) => GrowCause::Live,
        }
    }
}

impl GrowCause {
    /// In words, as the end of "memory grew: ".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Live => "less lay free in the heap",
            Self::Fragmentation => "as much lay free, but in no single extent",
            Self::NotReused => "a free extent as large was not reused",
            Self::Refused => "the request failed",
            Self::Unknown => "free extents were not counted at that moment",
        }
    }
}

impl Timeline {
    /// The sample with most live bytes, the earliest of equal ones.
    #[must_use]
    pub fn highest(&self) -> Option<&Sample> {
        self.samples.iter().rev().max_by_key(|sample| sample.live_bytes)
    }

    /// The last sample at or before a moment.
    #[must_use]
    pub fn at(&self, nanos: u64) -> Option<&Sample> {
        let next = self.samples.partition_point(|sample| sample.at_nanos <= nanos);
        self.samples[..next].last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grow(grown_bytes: u64, free_bytes: u64, largest_free: u64) -> Grow {
        let extents = Some(Extents { blocks: 1, end: 0, free_bytes, largest_free });
        Grow { grown_bytes, extents, ..Grow::default() }
    }

    #[test]
    fn the_cause_of_growth_is_what_lay_free() {
        assert_eq!(grow(100, 99, 50).cause(), GrowCause::Live);
        assert_eq!(grow(100, 200, 50).cause(), GrowCause::Fragmentation);
        assert_eq!(grow(100, 200, 100).cause(), GrowCause::NotReused);
        assert_eq!(grow(0, 200, 100).cause(), GrowCause::Refused);
        assert_eq!(Grow { grown_bytes: 1, ..Grow::default() }.cause(), GrowCause::Unknown);
    }

    #[test]
    fn moments_are_found() {
        let sample = |at_nanos, live_bytes| Sample { at_nanos, live_bytes, ..Sample::default() };
        let samples = vec![sample(10, 5), sample(20, 9), sample(30, 9)];
        let timeline = Timeline { samples, ..Timeline::default() };
        assert_eq!(timeline.at(9), None);
        assert_eq!(timeline.at(29).map(|sample| sample.at_nanos), Some(20));
        assert_eq!(timeline.highest().map(|sample| sample.at_nanos), Some(20));
    }
}
