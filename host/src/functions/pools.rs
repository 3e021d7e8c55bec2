//! Allocators of the guest's own: pools and arenas that cut blocks of the language's allocator into smaller ones.
//!
//! The guest registers an allocator and tells of every block that it hands out and takes back. In a snapshot the large
//! block then stands as the blocks inside of it and the pieces between them, labelled `rest of pool NAME`. No byte is
//! counted twice; gaps under 16 bytes are padding, which the usable size of the block before them shows.
//! Who holds whom: see [`allocator`]. Cutting takes O(blocks), telling O(log blocks).

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use heapy_guest::abi::{allocator, code, limit};

use super::error::Refusal;
use super::told::ToldLink;
use crate::paused::LiveBlock;

/// Gaps below this are padding of the block before them.
const LEAST_REST: u64 = 16;

/// Serials of the blocks of registered allocators have this bit, so that they are no serial of the live table.
const SERIAL_BIT: u64 = 1 << 63;

/// The guest's own allocators and their blocks.
#[derive(Debug, Default)]
pub(super) struct Pools {
    allocators: Vec<Registered>,
    blocks: BTreeMap<u64, Handed>,
    told: u64,
}

#[derive(Debug)]
struct Registered {
    kind: u32,
    rest: Arc<str>,
}

#[derive(Clone, Copy, Debug)]
struct Handed {
    allocator: u32,
    size: u64,
    serial: u64,
}

/// Blocks after cutting.
#[derive(Debug, Default)]
pub(super) struct Carved {
    /// Ascending by address, none inside of another.
    pub(super) blocks: Vec<LiveBlock>,
    /// Labels of the pieces that belong to no told block.
    pub(super) rests: Vec<(u64, Arc<str>)>,
    pub(super) links: Vec<ToldLink>,
    /// What did not fit.
    pub(super) note: Option<String>,
}

impl Pools {
    /// Registers an allocator and gives its number.
    pub(super) fn register(&mut self, name: &str, kind: u32) -> Result<u32, Refusal> {
        let word = match kind {
            allocator::POOL => "pool",
            allocator::ARENA => "arena",
            other => {
                let message = format!("allocator: kind {other}; accepted are 0 (pool) and 1 (arena)");
                return Err(Refusal::new(code::ARGUMENT, message));
            }
        };
        if self.allocators.len() >= limit::ALLOCATORS {
            return Err(Refusal::limit("registered allocators", limit::ALLOCATORS));
        }
        self.allocators.push(Registered { kind, rest: format!("rest of {word} {name}").into() });
        Ok((self.allocators.len() - 1) as u32)
    }

    /// A registered allocator has handed out a block.
    pub(super) fn allocated(&mut self, allocator: u32, address: u64, size: u64) -> Result<(), Refusal> {
        self.known(allocator)?;
        let range = format!("{size} bytes at {address:#x}");
        let end = address.checked_add(size.max(1)).filter(|_| address != 0);
        let end = end.ok_or_else(|| Refusal::new(code::ARGUMENT, format!("allocated: {range} is no block")))?;
        if let Some((&other, handed)) = self.blocks.range(..end).next_back()
            && other + handed.size.max(1) > address
        {
            let message = format!("allocated: {range} overlaps the {} bytes at {other:#x}", handed.size);
            return Err(Refusal::new(code::ARGUMENT, message));
        }
        if self.blocks.len() >= limit::TOLD {
            return Err(Refusal::limit("blocks of registered allocators", limit::TOLD));
        }
        self.told += 1;
        self.blocks.insert(address, Handed { allocator, size, serial: SERIAL_BIT | self.told });
        Ok(())
    }

    /// A registered allocator has taken a block back.
    pub(super) fn freed(&mut self, allocator: u32, address: u64) -> Result<(), Refusal> {
        self.known(allocator)?;
        if self.blocks.get(&address).is_none_or(|handed| handed.allocator != allocator) {
            let message = format!("freed: {address:#x} is no block of allocator {allocator}");
            return Err(Refusal::new(code::NOT_FOUND, message));
        }
        self.blocks.remove(&address);
        Ok(())
    }

    /// A registered allocator has taken everything back.
    pub(super) fn reset(&mut self, allocator: u32) -> Result<(), Refusal> {
        self.known(allocator)?;
        self.blocks.retain(|_, handed| handed.allocator != allocator);
        Ok(())
    }

    /// The block of a registered allocator at an address.
    pub(super) fn block_at(&self, address: u64) -> Option<LiveBlock> {
        self.blocks.get(&address).map(|handed| handed.live(address, None))
    }

    /// Cuts live blocks, ascending by address, into what the guest said is inside of them.
    pub(super) fn carve(&self, blocks: Vec<LiveBlock>, memory_bytes: u64) -> Carved {
        if self.blocks.is_empty() {
            return Carved { blocks, ..Carved::default() };
        }
        let mut carved = Carved::default();
        let mut strays = 0u64;
        let mut inside = self.blocks.iter().map(|(&address, &handed)| (address, handed)).peekable();
        let mut parts = Vec::new();
        for block in blocks {
            let end = block.address + block.size;
            while let Some((address, handed)) = inside.next_if(|(address, _)| *address < block.address) {
                let free = address + handed.size <= block.address;
                strays += u64::from(!carved.push_alone(address, handed, free, memory_bytes));
            }
            parts.clear();
            while let Some((address, handed)) = inside.next_if(|(address, _)| *address < end) {
                if address + handed.size <= end {
                    parts.push((address, handed));
                } else {
                    strays += 1;
                }
            }
            if parts.is_empty() { carved.blocks.push(block) } else { self.cut(block, &parts, &mut carved) }
        }
        for (address, handed) in inside {
            strays += u64::from(!carved.push_alone(address, handed, true, memory_bytes));
        }
        carved.note = (strays > 0).then(|| {
            format!("{strays} blocks that a registered allocator told of cross the end of a block or of the memory")
        });
        carved
    }

    fn cut(&self, block: LiveBlock, parts: &[(u64, Handed)], carved: &mut Carved) {
        let registered = &self.allocators[parts[0].1.allocator as usize];
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
        carved.rests.extend(rests.iter().map(|&address| (address, Arc::clone(&registered.rest))));
        let mut link = |from, to, name| carved.links.push(ToldLink { from, to, name });
        if registered.kind == allocator::ARENA {
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

    fn known(&self, allocator: u32) -> Result<(), Refusal> {
        if (allocator as usize) < self.allocators.len() {
            return Ok(());
        }
        let message = format!("{allocator} is no registered allocator ({} registered)", self.allocators.len());
        Err(Refusal::new(code::NOT_FOUND, message))
    }
}

impl Handed {
    fn live(self, address: u64, inside: Option<&LiveBlock>) -> LiveBlock {
        LiveBlock {
            address,
            size: self.size,
            usable: self.size,
            context: inside.and_then(|block| block.context),
            serial: self.serial,
            age: inside.map_or(0, |block| block.age),
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

    fn outer(address: u64, size: u64) -> LiveBlock {
        LiveBlock { address, size, usable: size, context: None, serial: 1, age: 0 }
    }

    fn spans(carved: &Carved) -> Vec<(u64, u64)> {
        carved.blocks.iter().map(|block| (block.address, block.size)).collect()
    }

    #[test]
    fn a_block_is_cut_into_what_is_inside_of_it() {
        let mut pools = Pools::default();
        let pool = pools.register("nodes", allocator::POOL).expect("there is room");
        pools.allocated(pool, 1040, 40).expect("is free");
        pools.allocated(pool, 1088, 40).expect("is free");
        let carved = pools.carve(vec![outer(1024, 256), outer(2048, 16)], 1 << 16);
        assert_eq!(spans(&carved), [(1024, 16), (1040, 40), (1088, 40), (1128, 152), (2048, 16)]);
        assert_eq!(carved.blocks[1].usable, 48);
        assert_eq!(carved.rests.iter().map(|rest| rest.0).collect::<Vec<_>>(), [1024, 1128]);
        assert!(carved.links.iter().all(|link| link.to == 1024 || link.from == 1024));
        assert_eq!(carved.note, None);
    }

    #[test]
    fn usable_bytes_are_counted_once() {
        let mut pools = Pools::default();
        let arena = pools.register("frame", allocator::ARENA).expect("there is room");
        for (address, size) in [(1024, 8), (1036, 100), (1136, 20), (1200, 80)] {
            pools.allocated(arena, address, size).expect("is free");
        }
        let carved = pools.carve(vec![outer(1024, 256)], 1 << 16);
        assert_eq!(carved.blocks.iter().map(|block| block.usable).sum::<u64>(), 256);
        assert!(carved.blocks.windows(2).all(|pair| pair[0].address + pair[0].size <= pair[1].address));
    }

    #[test]
    fn an_arena_holds_its_blocks_and_a_pool_does_not() {
        for (kind, held) in [(allocator::ARENA, true), (allocator::POOL, false)] {
            let mut pools = Pools::default();
            let id = pools.register("x", kind).expect("there is room");
            pools.allocated(id, 1040, 40).expect("is free");
            let carved = pools.carve(vec![outer(1024, 256)], 1 << 16);
            assert_eq!(carved.links.iter().any(|link| link.from == 1024 && link.to == 1040), held);
            assert!(carved.links.iter().any(|link| link.from == 1040 && link.to == 1024));
        }
    }

    #[test]
    fn blocks_that_do_not_fit_are_left_out_and_noted() {
        let mut pools = Pools::default();
        let pool = pools.register("nodes", allocator::POOL).expect("there is room");
        pools.allocated(pool, 1020, 16).expect("is free");
        pools.allocated(pool, 1270, 16).expect("is free");
        pools.allocated(pool, 65_530, 16).expect("is free");
        pools.allocated(pool, 512, 16).expect("is free");
        let carved = pools.carve(vec![outer(1024, 256)], 1 << 16);
        assert_eq!(spans(&carved), [(512, 16), (1024, 256)]);
        assert!(carved.note.is_some_and(|note| note.starts_with("3 blocks")));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let mut pools = Pools::default();
        let pool = pools.register("nodes", allocator::POOL).expect("there is room");
        let refused = |result: Result<(), Refusal>| result.map_err(|refusal| refusal.code);
        pools.allocated(pool, 100, 10).expect("is free");
        assert_eq!(refused(pools.allocated(pool, 105, 10)), Err(code::ARGUMENT));
        assert_eq!(refused(pools.allocated(pool, 95, 6)), Err(code::ARGUMENT));
        assert_eq!(refused(pools.allocated(pool, 0, 8)), Err(code::ARGUMENT));
        assert_eq!(refused(pools.allocated(pool, u64::MAX, 8)), Err(code::ARGUMENT));
        assert_eq!(refused(pools.allocated(pool + 1, 200, 8)), Err(code::NOT_FOUND));
        assert_eq!(refused(pools.freed(pool, 101)), Err(code::NOT_FOUND));
        assert_eq!(refused(pools.freed(pool, 100)), Ok(()));
        assert_eq!(refused(pools.freed(pool, 100)), Err(code::NOT_FOUND));
        assert!(pools.register("x", 2).is_err());
    }

    proptest::proptest! {
        #[test]
        fn carved_blocks_never_overlap(told in proptest::collection::vec((1u64..600, 0u64..64), 0..40)) {
            let mut pools = Pools::default();
            let id = pools.register("x", allocator::POOL).expect("there is room");
            for (address, size) in told {
                let _ = pools.allocated(id, address, size);
            }
            let carved = pools.carve(vec![outer(100, 200), outer(310, 50), outer(360, 100)], 512);
            for pair in carved.blocks.windows(2) {
                proptest::prop_assert!(pair[0].address + pair[0].size <= pair[1].address);
            }
            let ends: Vec<u64> = carved.blocks.iter().map(|block| block.address + block.size).collect();
            proptest::prop_assert!(ends.iter().all(|&end| end <= 512));
        }
    }
}
