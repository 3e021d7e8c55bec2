//! The guest's activations at the moment of the snapshot, and which part of the shadow stack each owns.
//!
//! Prologues tell how many bytes each function takes. The stack pointer and the top of the stack tell how many all
//! together take: where the sum does not fit, no attribution is made, and the words belong to no known frame.

use std::collections::HashMap;
use std::ops::Range;

use crate::paused::Paused;
use crate::symbols::{ShadowFrame, Symbols};

/// One activation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Activation {
    /// The function's name.
    pub(super) name: String,
    /// Its part of the shadow stack; empty where it has none or that is unknown.
    pub(super) shadow: Range<u64>,
    /// Its number, 0 the outermost.
    pub(super) depth: u32,
}

/// All activations, innermost first, and the part of the live shadow stack that belongs to none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Activations {
    pub(super) frames: Vec<Activation>,
    pub(super) unowned: Range<u64>,
}

/// Splits the live shadow stack among the frames.
pub(super) fn activations(paused: &Paused, symbols: &Symbols) -> Activations {
    let live = paused.shadow_stack.clone().unwrap_or(0..0);
    let mut known: HashMap<u32, ShadowFrame> = HashMap::new();
    let sizes: Vec<ShadowFrame> = paused
        .frames
        .iter()
        .map(|frame| *known.entry(frame.function).or_insert_with(|| symbols.shadow_frame(frame.function)))
        .collect();
    let mut ends = owned_ends(&sizes, &live);
    // Without an attribution, frames stand where the stack begins and own nothing.
    ends.resize(paused.frames.len(), ends.last().copied().unwrap_or(live.start));
    let mut start = live.start;
    let mut frames = Vec::with_capacity(paused.frames.len());
    for (position, (frame, end)) in paused.frames.iter().zip(ends).enumerate() {
        let depth = (paused.frames.len() - 1 - position) as u32;
        frames.push(Activation { name: symbols.function_name(frame.function), shadow: start..end, depth });
        start = end;
    }
    Activations { frames, unowned: start..live.end }
}

/// The end of each frame's part, innermost first, as far as it is certain.
fn owned_ends(sizes: &[ShadowFrame], live: &Range<u64>) -> Vec<u64> {
    let mut ends = Vec::with_capacity(sizes.len());
    let mut end = live.start;
    for size in sizes {
        let ShadowFrame::Bytes(bytes) = *size else {
            // From here outwards nothing is certain; what is inside of it is, if there is room for it.
            return if end <= live.end { ends } else { Vec::new() };
        };
        end = end.saturating_add(bytes);
        ends.push(end);
    }
    if end == live.end { ends } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_only_when_the_sum_fits() {
        use ShadowFrame::{Bytes, Unknown};
        assert_eq!(owned_ends(&[Bytes(16), Bytes(0), Bytes(32)], &(100..148)), [116, 116, 148]);
        assert_eq!(owned_ends(&[Bytes(16), Bytes(32)], &(100..164)), Vec::<u64>::new());
        assert_eq!(owned_ends(&[Bytes(16), Unknown, Bytes(32)], &(100..500)), [116]);
        assert_eq!(owned_ends(&[Bytes(u64::MAX), Unknown], &(100..500)), Vec::<u64>::new());
        assert_eq!(owned_ends(&[], &(0..0)), Vec::<u64>::new());
    }
}
