//! Which block an address is in: a bitmap of block starts with ranks, over the range of addresses that holds blocks.
//!
//! A lookup is two memory accesses: the word of the bitmap with its rank, and the block's span. Binary search is four
//! to seven times slower at millions of blocks (design measurement on 8 million blocks, 29 million pointers).
//!
//! Space: 12 bytes for each 64 granules, where a granule is the largest power of two, at most 16, that divides all
//! addresses; plus 8 bytes a block.

use crate::paused::LiveBlock;

/// The largest granule: allocators align at 16 or less.
const MAX_GRANULE_SHIFT: u32 = 4;

/// Finds blocks by address.
#[derive(Debug)]
pub(super) struct BlockIndex {
    /// The first address of a block, and the end of the last block.
    lowest: u64,
    end: u64,
    shift: u32,
    groups: Vec<Group>,
    spans: Vec<Span>,
}

/// 64 granules.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    /// Which of them a block starts in.
    starts: u64,
    /// Blocks that start before them.
    before: u32,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    /// Bytes from the lowest address.
    start: u32,
    /// Bytes that count as the block's own, at least 1.
    size: u32,
}

/// A block that an address is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// Its position among the blocks.
    pub(super) block: u32,
    /// Bytes from its start.
    pub(super) into: u32,
}

impl BlockIndex {
    /// The index of blocks that ascend by address, do not overlap, and lie within 4 GiB.
    pub(super) fn new(blocks: &[LiveBlock]) -> Self {
        let lowest = blocks.first().map_or(0, |block| block.address);
        let end = blocks.last().map_or(0, |block| block.address + block.size.max(1));
        let shift = blocks
            .iter()
            .map(|block| (block.address - lowest).trailing_zeros())
            .min()
            .unwrap_or(MAX_GRANULE_SHIFT)
            .min(MAX_GRANULE_SHIFT);
        let mut groups = vec![Group::default(); ((end - lowest) >> shift >> 6) as usize + 1];
        let mut spans = Vec::with_capacity(blocks.len());
        for block in blocks {
            let start = block.address - lowest;
            let granule = start >> shift;
            groups[(granule >> 6) as usize].starts |= 1 << (granule & 63);
            spans.push(Span { start: start as u32, size: block.size.clamp(1, u64::from(u32::MAX)) as u32 });
        }
        let mut before = 0;
        for group in &mut groups {
            group.before = before;
            before += group.starts.count_ones();
        }
        Self { lowest, end, shift, groups, spans }
    }

    /// Whether an address can be in a block at all; small integers, text and null never pass.
    pub(super) fn is_candidate(&self, address: u64) -> bool {
        address.wrapping_sub(self.lowest) < self.end - self.lowest
    }

    /// The block that holds `address`, at its start or inside. One past the end is not inside.
    pub(super) fn find(&self, address: u64) -> Option<Hit> {
        if !self.is_candidate(address) {
            return None;
        }
        let offset = address - self.lowest;
        let granule = offset >> self.shift;
        let group = self.groups[(granule >> 6) as usize];
        let up_to = group.starts & (u64::MAX >> (63 - (granule & 63)));
        let block = (group.before + up_to.count_ones()).checked_sub(1)?;
        let span = self.spans[block as usize];
        let into = (offset as u32).wrapping_sub(span.start);
        (into < span.size).then_some(Hit { block, into })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(address: u64, size: u64) -> LiveBlock {
        LiveBlock { address, size, usable: size, context: None, serial: address, age: 0 }
    }

    #[test]
    fn starts_and_insides_count_ends_do_not() {
        let index = BlockIndex::new(&[block(0x1010, 16), block(0x1030, 0), block(0x2000, 100)]);
        assert_eq!(index.find(0x1010), Some(Hit { block: 0, into: 0 }));
        assert_eq!(index.find(0x101f), Some(Hit { block: 0, into: 15 }));
        assert_eq!(index.find(0x1020), None);
        assert_eq!(index.find(0x1030), Some(Hit { block: 1, into: 0 }));
        assert_eq!(index.find(0x1031), None);
        assert_eq!(index.find(0x2063), Some(Hit { block: 2, into: 99 }));
        assert_eq!([0, 0x100f, 0x2064, u64::MAX].map(|address| index.find(address)), [None; 4]);
        assert_eq!(BlockIndex::new(&[]).find(0), None);
    }

    proptest! {
        #[test]
        fn agrees_with_a_linear_search(gaps in prop::collection::vec((0u64..90, 0u64..70), 0..60), odd in 0u64..4) {
            let mut blocks = Vec::new();
            let mut at = 0x1000 + odd;
            for (gap, size) in gaps {
                at += gap;
                blocks.push(block(at, size));
                at += size.max(1);
            }
            let index = BlockIndex::new(&blocks);
            for address in 0xf00..at + 64 {
                let wanted = blocks.iter().position(|b| b.address <= address && address - b.address < b.size.max(1));
                let found = index.find(address);
                prop_assert_eq!(found.map(|hit| hit.block as usize), wanted);
                if let Some(hit) = found {
                    prop_assert_eq!(blocks[hit.block as usize].address + u64::from(hit.into), address);
                }
            }
        }
    }
}
