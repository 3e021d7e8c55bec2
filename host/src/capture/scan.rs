//! Words of memory that point at blocks or into them: the conservative edges of a heap.
//!
//! A word counts when it stands at an address that is a multiple of the word size (4 bytes, with 64-bit addresses 8) and
//! its value lies inside a live block, at its start or further in. Compilers keep pointers aligned; packed structures
//! that do not are not seen. An integer or stale bytes of the right value count too: what can be told is that nothing
//! that is held looks unheld.
//!
//! Time O(bytes), in parallel over pieces of about equal bytes; 16 bytes an edge.

use std::ops::Range;

use rayon::prelude::*;

use super::index::BlockIndex;
use crate::paused::LiveBlock;

/// Bytes of blocks that one task scans: large enough to pay for the task, small enough to spread.
const PIECE_BYTES: u64 = 4 << 20;
/// Candidates that are collected before they are looked up, so that the lookups' cache misses overlap.
const BATCH: usize = 64;

/// Whether words have 4 or 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordSize {
    /// 32-bit addresses.
    Four,
    /// 64-bit addresses.
    Eight,
}

impl WordSize {
    pub(super) const fn bytes(self) -> u64 {
        match self {
            Self::Four => 4,
            Self::Eight => 8,
        }
    }
}

/// A word that points at a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    /// The block that holds the word; of other ranges 0.
    pub(super) from: u32,
    /// Where the word is, in bytes from the start of the block or range.
    pub(super) offset: u32,
    /// The block that it points at.
    pub(super) to: u32,
    /// How far into it.
    pub(super) into: u32,
}

/// Memory to scan, and the blocks to find.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner<'paused> {
    pub(super) memory: &'paused [u8],
    pub(super) index: &'paused BlockIndex,
    pub(super) word: WordSize,
}

impl Scanner<'_> {
    /// The pointers in all blocks, in the order of holder and offset.
    pub(super) fn blocks(&self, blocks: &[LiveBlock]) -> Vec<Vec<Pointer>> {
        let scan = |piece: Range<usize>| {
            let mut found = Vec::new();
            for position in piece {
                let block = &blocks[position];
                self.range(block.address..block.address.saturating_add(block.size), position as u32, &mut found);
            }
            found
        };
        pieces(blocks).into_par_iter().map(scan).collect()
    }

    /// Appends the pointers in a range of memory; what is outside of the memory is left out.
    pub(super) fn range(&self, range: Range<u64>, from: u32, found: &mut Vec<Pointer>) {
        let step = self.word.bytes();
        let first = range.start.next_multiple_of(step);
        let end = range.end.min(self.memory.len() as u64);
        if first >= end {
            return;
        }
        let bytes = &self.memory[first as usize..end as usize];
        let lead = (first - range.start) as u32;
        match self.word {
            WordSize::Four => {
                let words = bytes.as_chunks().0.iter().map(|bytes| u64::from(u32::from_le_bytes(*bytes)));
                self.words(words, lead, from, found);
            }
            WordSize::Eight => {
                let words = bytes.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
                self.words(words, lead, from, found);
            }
        }
    }

    fn words(&self, words: impl Iterator<Item = u64>, lead: u32, from: u32, found: &mut Vec<Pointer>) {
        let step = self.word.bytes() as u32;
        let mut batch = [(0u32, 0u64); BATCH];
        let mut filled = 0;
        let mut offset = lead;
        for value in words {
            // Written always and kept only if it counts: most words are no candidates in no pattern that a branch
            // predictor could learn.
            batch[filled] = (offset, value);
            filled += usize::from(self.index.is_candidate(value));
            offset = offset.wrapping_add(step);
            if filled == BATCH {
                self.look_up(&batch, from, found);
                filled = 0;
            }
        }
        self.look_up(&batch[..filled], from, found);
    }

    fn look_up(&self, batch: &[(u32, u64)], from: u32, found: &mut Vec<Pointer>) {
        for &(offset, value) in batch {
            if let Some(hit) = self.index.find(value) {
                found.push(Pointer { from, offset, to: hit.block, into: hit.into });
            }
        }
    }
}

/// Ranges of blocks of about equal bytes.
fn pieces(blocks: &[LiveBlock]) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut start, mut bytes) = (0, 0u64);
    for (position, block) in blocks.iter().enumerate() {
        bytes = bytes.saturating_add(block.size + 16);
        if bytes >= PIECE_BYTES {
            pieces.push(start..position + 1);
            (start, bytes) = (position + 1, 0);
        }
    }
    pieces.push(start..blocks.len());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(address: u64, size: u64) -> LiveBlock {
        LiveBlock { address, size, usable: size, context: None, serial: address, age: 0 }
    }

    fn put(memory: &mut [u8], at: usize, value: u32) {
        memory[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    #[test]
    fn aligned_words_count_wherever_the_block_starts() {
        let mut memory = vec![0u8; 0x400];
        let blocks = [block(0x101, 16), block(0x200, 32), block(0x300, 8)];
        put(&mut memory, 0x104, 0x200);
        put(&mut memory, 0x109, 0x300);
        put(&mut memory, 0x21c, 0x307);
        put(&mut memory, 0x204, 0x308);
        put(&mut memory, 0x208, 7);
        let index = BlockIndex::new(&blocks);
        let scanner = Scanner { memory: &memory, index: &index, word: WordSize::Four };
        let found: Vec<Pointer> = scanner.blocks(&blocks).concat();
        assert_eq!(
            found,
            [Pointer { from: 0, offset: 3, to: 1, into: 0 }, Pointer { from: 1, offset: 28, to: 2, into: 7 },]
        );
    }

    #[test]
    fn wide_words_stand_at_multiples_of_eight() {
        let mut memory = vec![0u8; 0x400];
        let blocks = [block(0x100, 32), block(0x200, 32)];
        memory[0x108..0x110].copy_from_slice(&0x210u64.to_le_bytes());
        memory[0x114..0x11c].copy_from_slice(&0x200u64.to_le_bytes());
        memory[0x118..0x120].copy_from_slice(&0x1_0000_0200u64.to_le_bytes());
        let index = BlockIndex::new(&blocks);
        let scanner = Scanner { memory: &memory, index: &index, word: WordSize::Eight };
        assert_eq!(scanner.blocks(&blocks).concat(), [Pointer { from: 0, offset: 8, to: 1, into: 16 }]);
    }

    #[test]
    fn ranges_beyond_the_memory_are_cut() {
        let memory = vec![0u8; 0x100];
        let blocks = [block(0xf8, 1000)];
        let index = BlockIndex::new(&blocks);
        let scanner = Scanner { memory: &memory, index: &index, word: WordSize::Four };
        assert!(scanner.blocks(&blocks).concat().is_empty());
        let mut found = Vec::new();
        scanner.range(0x1000..0x2000, 0, &mut found);
        scanner.range(u64::MAX - 8..u64::MAX, 0, &mut found);
        assert!(found.is_empty());
    }

    #[test]
    fn pieces_cover_every_block_once_in_order() {
        let blocks: Vec<LiveBlock> = (0..1000).map(|i| block(i << 20, 1 << 18)).collect();
        let covered: Vec<usize> = pieces(&blocks).into_iter().flatten().collect();
        assert_eq!(covered, (0..1000).collect::<Vec<_>>());
    }
}
