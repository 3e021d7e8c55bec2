//! The course of a run, as the page shows it: few enough points to be drawn and sent at once.

use heapy_engine::{Grow, Sample, Timeline};
use serde::{Deserialize, Serialize};

use crate::format;
use crate::list::List;

/// Moments of one course.
const MOST_MOMENTS: usize = 600;

/// Growths of one course.
const MOST_GROWTHS: usize = 200;

/// Functions that are named of who asked for memory.
const MOST_FRAMES: usize = 3;

/// How much was live when, and when memory grew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Course {
    /// Nanoseconds of the whole run, or of the run so far.
    pub end_nanos: u64,
    /// Most bytes of live blocks at once.
    pub peak_bytes: u64,
    /// Moments, ascending.
    pub moments: List<Moment>,
    /// Growths of linear memory, ascending; the last ones where there are many.
    pub growths: List<Growth>,
    /// Growths before those.
    pub more: u64,
}

/// A moment of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moment {
    /// Nanoseconds since the guest began.
    pub at_nanos: u64,
    /// Bytes of live blocks.
    pub live_bytes: u64,
    /// Bytes of linear memory.
    pub memory_bytes: u64,
}

/// A growth of linear memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Growth {
    /// Nanoseconds since the guest began.
    pub at_nanos: u64,
    /// Bytes of linear memory before.
    pub memory_bytes: u64,
    /// Bytes by which it grew; none where it was refused.
    pub grown_bytes: u64,
    /// Bytes of live blocks.
    pub live_bytes: u64,
    /// Why, in words.
    pub cause: String,
    /// Who asked, innermost first.
    pub by: String,
}

impl Course {
    /// What is shown of a timeline: of moments close to each other the one with most live bytes.
    pub(crate) fn of(timeline: &Timeline) -> Self {
        let together = timeline.samples.len().div_ceil(MOST_MOMENTS).max(1);
        let highest = |samples: &[Sample]| samples.iter().max_by_key(|sample| sample.live_bytes).copied();
        let moment = |sample: Sample| Moment {
            at_nanos: sample.at_nanos,
            live_bytes: sample.live_bytes,
            memory_bytes: sample.memory_bytes,
        };
        let left_out = timeline.grows.len().saturating_sub(MOST_GROWTHS);
        Self {
            end_nanos: timeline.end_nanos.max(timeline.samples.last().map_or(0, |sample| sample.at_nanos)),
            peak_bytes: timeline.peak_bytes.max(timeline.highest().map_or(0, |sample| sample.live_bytes)),
            moments: timeline.samples.chunks(together).filter_map(highest).map(moment).collect(),
            growths: timeline.grows[left_out..].iter().map(growth).collect(),
            more: timeline.grows_left_out + left_out as u64,
        }
    }
}

fn growth(grow: &Grow) -> Growth {
    let frames: Vec<String> = grow.frames.iter().take(MOST_FRAMES).map(|frame| format::visible(frame)).collect();
    Growth {
        at_nanos: grow.at_nanos,
        memory_bytes: grow.memory_bytes,
        grown_bytes: grow.grown_bytes,
        live_bytes: grow.live_bytes,
        cause: grow.cause().words().to_owned(),
        by: frames.join(" < "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_keeps_its_peaks() {
        let sample = |at_nanos: u64| Sample { at_nanos, live_bytes: 100 + at_nanos % 7, ..Sample::default() };
        let mut timeline = Timeline { samples: (0..5000).map(sample).collect(), ..Timeline::default() };
        timeline.samples[3333].live_bytes = 9000;
        let course = Course::of(&timeline);
        assert!(course.moments.len() <= MOST_MOMENTS);
        assert!(course.moments.iter().any(|moment| moment.live_bytes == 9000));
        assert_eq!((course.end_nanos, course.peak_bytes), (4999, 9000));
        assert_eq!(Course::of(&Timeline::default()).moments.len(), 0);
    }
}
