//! Cutting blocks into the blocks that pools and arenas have made of them.
//!
//! A large block then stands as the blocks inside of it and the pieces between them, labelled `rest of pool NAME`. No byte
//! is counted twice; gaps under 16 bytes are padding, which the usable size of the block before them shows. Who holds
//! whom: see [`allocator`]. Time O(blocks).

use std::ops::Range;
use std::sync::Arc;

use heapy_guest::abi::allocator;

use super::told::ToldLink;
use crate::paused::{ContextKey, LiveBlock};

/// Gaps below this are padding of the block before them.
const LEAST_REST: u64 = 16;

/// A pool or arena.
#[derive(Clone, Debug)]
pub(crate) struct Cutter {
    kind: u32,
    rest: Arc<str>,
}

/// A block that one has handed out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handed {
    /// Which one, by its place.
    pub(crate) cutter: u32,
    /// Bytes.
    pub(crate) size: u64,
    /// Tells it from all others.
    pub(crate) serial: u64,
    /// Where and when it was handed out; what is known of the block around it, where that is not known.
    pub(crate) born: Option<(Option<ContextKey>, u32)>,
}

/// Blocks after cutting.
#[derive(Debug, Default)]
pub(crate) struct Carved {
    /// Ascending by address, none inside of another.
    pub(crate) blocks: Vec<LiveBlock>,
    /// Labels of the pieces that belong to no block that was handed out.
    pub(crate) rests: Vec<(u64, Arc<str>)>,
    /// Who holds whom.
    pub(crate) links: Vec<ToldLink>,
    /// Blocks that were handed out and did not fit.
    pub(crate) strays: u64,
}

impl Cutter {
    /// One of the kinds of [`allocator`].
    pub(crate) fn new(name: &str, kind: u32) -> Option<Self> {
        let word = match kind {
            allocator::POOL => "pool",
            allocator::ARENA => "arena",
            _ => return None,
        };
        Some(Self { kind, rest: format!("rest of {word} {name}").into() })
    }
}

/// Cuts live blocks, ascending by address, into what was handed out inside of them, ascending too. What reaches into one
/// that was handed out below it does not fit: sizes may be claimed wrongly.
pub(crate) fn carve(
    cutters: &[Cutter],
    handed_out: impl Iterator<Item = (u64, Handed)>,
    blocks: Vec<LiveBlock>,
    memory_bytes: u64,
) -> Carved {
    let mut carved = Carved::default();
    let mut inside = handed_out.peekable();
    if inside.peek().is_none() {
        return Carved { blocks, ..carved };
    }
    let mut parts = Vec::new();
    for block in blocks {
        let end = block.address + block.size;
        while let Some((address, handed)) = inside.next_if(|(address, _)| *address < block.address) {
            let free = address + handed.size <= block.address;
            carved.strays += u64::from(!carved.push_alone(address, handed, free, memory_bytes));
        }
        parts.clear();
        let mut free_from = block.address;
        while let Some((address, handed)) = inside.next_if(|(address, _)| *address < end) {
            if address >= free_from && address + handed.size <= end {
                free_from = address + handed.size.max(1);
                parts.push((address, handed));
            } else {
                carved.strays += 1;
            }
        }
        if parts.is_empty() { carved.blocks.push(block) } else { cut(cutters, block, &parts, &mut carved) }
    }
    for (address, handed) in inside {
        carved.strays += u64::from(!carved.push_alone(address, handed, true, memory_bytes));
    }
    carved
}

fn cut(cutters: &[Cutter], block: LiveBlock, parts: &[(u64, Handed)], carved: &mut Carved) {
    let cutter = &cutters[parts[0].1.cutter as usize];
    let first = carved.blocks.len();
    let mut rests = Vec::new();
    let mut at = block.address;
    for &(address, handed) in parts {
        carved.gap(&block, at..address, at == block.address, &mut rests);
        // A block of no bytes keeps its address to itself.
        at = address + handed.size.max(1).min(block.address + block.size - address);
        carved.blocks.push(LiveBlock { usable: at - address, ..handed.live(address, Some(&block)) });
    }
    carved.gap(&block, at..block.address + block.size, false, &mut rests);
    carved.rests.extend(rests.iter().map(|&address| (address, Arc::clone(&cutter.rest))));
    let mut link = |from, to, name| carved.links.push(ToldLink { from, to, name });
    if cutter.kind == allocator::ARENA {
        let start = block.address;
        let start = if carved.blocks[first].address == start { start } else { parts[0].0 };
        for piece in carved.blocks[first..].iter().filter(|piece| piece.address != start) {
            link(start, piece.address, "block");
            link(piece.address, start, "arena");
        }
    } else if let Some((&head, others)) = rests.split_first() {
        for &other in others {
            link(head, other, "rest");
            link(other, head, "rest");
        }
        for &(address, _) in parts {
            link(address, head, "pool");
        }
    }
}

impl Handed {
    /// The block at an address; what is not known of it is that of the block that it is inside of.
    pub(crate) fn live(self, address: u64, inside: Option<&LiveBlock>) -> LiveBlock {
        LiveBlock {
            address,
            size: self.size,
            usable: self.size,
            context: self.born.map_or_else(|| inside.and_then(|block| block.context), |(context, _)| context),
            serial: self.serial,
            age: self.born.map_or_else(|| inside.map_or(0, |block| block.age), |(_, age)| age),
        }
    }
}

impl Carved {
    /// A told block that lies in no block of the language's allocator, as in a static array.
    fn push_alone(&mut self, address: u64, handed: Handed, free: bool, memory_bytes: u64) -> bool {
        let fits = free && address + handed.size <= memory_bytes;
        if fits {
            self.blocks.push(handed.live(address, None));
        }
        fits
    }

    fn gap(&mut self, block: &LiveBlock, range: Range<u64>, leading: bool, rests: &mut Vec<u64>) {
        let size = range.end - range.start;
        if size >= LEAST_REST || (leading && size > 0) {
            self.blocks.push(LiveBlock { address: range.start, size, usable: size, ..*block });
            rests.push(range.start);
        } else if let Some(before) = self.blocks.last_mut()
            && size > 0
        {
            before.usable += size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_into_another_does_not_fit() {
        let handed = |address, size| (address, Handed { cutter: 0, size, serial: address, born: None });
        let block = LiveBlock { address: 100, size: 100, usable: 100, context: None, serial: 1, age: 1 };
        let cutters = [Cutter::new("words", allocator::POOL).unwrap()];
        let inside = [handed(100, 40), handed(120, 30), handed(150, 0), handed(160, 41)];
        let carved = carve(&cutters, inside.into_iter(), vec![block], 1000);
        let found: Vec<_> = carved.blocks.iter().map(|block| (block.address, block.size)).collect();
        assert_eq!((found, carved.strays), (vec![(100, 40), (150, 0), (151, 49)], 2));
    }
}
