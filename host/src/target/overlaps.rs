//! Blocks that should not be there together: given out twice at one address, or one reaching into another.
//!
//! Both mean that a specification is wrong, or that a release was not seen. A heap has no place for such blocks, and to
//! refuse the snapshot would lose all others; so they are told, and the lower one ends where the other begins.

use super::state::{GivenTwice, State};
use crate::live::Block;
use crate::paused::{ContextKey, Overlap};

impl State {
    /// The blocks that were given out while they were live; contexts must have their names.
    pub(super) fn overlap(&self) -> Option<Overlap> {
        let GivenTwice { address, before, again } = self.problems.overlap?;
        Some(Overlap {
            count: self.problems.overlaps,
            address: address.into(),
            before: self.given(before),
            again: self.given(again),
        })
    }

    /// Has blocks, which ascend, end where the next one begins; what to say where that changed one. Contexts must have
    /// their names. Time O(n).
    pub(super) fn cut_overlaps(&self, blocks: &mut [Block]) -> Option<String> {
        let mut count = 0u64;
        let mut first: Option<(Block, Block)> = None;
        for index in 1..blocks.len() {
            let (lower, upper) = (blocks[index - 1], blocks[index]);
            let room = upper.address - lower.address;
            if lower.size > room {
                count += 1;
                first.get_or_insert((lower, upper));
                blocks[index - 1].size = room;
            }
        }
        let (lower, upper) = first?;
        let (by, other) = (self.given(lower.tag).0, self.given(upper.tag).0);
        Some(format!(
            "{count} blocks reach into the block behind them and are shown as ending there, the first at {:#x} with {} \
             bytes, by {by}, into that at {:#x}, by {other}: is one of them no allocator, or was a release not seen?",
            lower.address, lower.size, upper.address
        ))
    }

    /// By which specification a block was given out, and in which context.
    fn given(&self, tag: u32) -> (String, Option<ContextKey>) {
        let context = self.contexts.birth(tag).context.checked_sub(1);
        let entries = &self.contexts.contexts().entries;
        let entry = context.and_then(|context| entries.get(context as usize).copied().flatten());
        let by = entry.map_or_else(|| "an allocator".to_owned(), |entry| self.map.specification(entry));
        (by, context.map(ContextKey))
    }
}
