//! Allocators of the guest's own: pools and arenas that cut blocks of the language's allocator into smaller ones.
//!
//! The guest registers an allocator and tells of every block that it hands out and takes back; [`carve`] cuts the large
//! blocks in a snapshot. Telling takes O(log blocks).

use std::collections::BTreeMap;

use heapy_guest::abi::{code, limit};

use super::carve::{Carved, Cutter, Handed, carve};
use super::error::Refusal;
use crate::paused::LiveBlock;

/// Serials of the blocks of registered allocators have this bit, so that they are no serial of the live table.
const SERIAL_BIT: u64 = 1 << 63;

/// The guest's own allocators and their blocks.
#[derive(Debug, Default)]
pub(super) struct Pools {
    allocators: Vec<Cutter>,
    blocks: BTreeMap<u64, Handed>,
    told: u64,
}

impl Pools {
    /// Registers an allocator and gives its number.
    pub(super) fn register(&mut self, name: &str, kind: u32) -> Result<u32, Refusal> {
        let Some(cutter) = Cutter::new(name, kind) else {
            let message = format!("allocator: kind {kind}; accepted are 0 (pool) and 1 (arena)");
            return Err(Refusal::new(code::ARGUMENT, message));
        };
        if self.allocators.len() >= limit::ALLOCATORS {
            return Err(Refusal::limit("registered allocators", limit::ALLOCATORS));
        }
        self.allocators.push(cutter);
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
        let serial = SERIAL_BIT | self.told;
        self.blocks.insert(address, Handed { cutter: allocator, size, serial, born: None });
        Ok(())
    }

    /// A registered allocator has taken a block back.
    pub(super) fn freed(&mut self, allocator: u32, address: u64) -> Result<(), Refusal> {
        self.known(allocator)?;
        if self.blocks.get(&address).is_none_or(|handed| handed.cutter != allocator) {
            let message = format!("freed: {address:#x} is no block of allocator {allocator}");
            return Err(Refusal::new(code::NOT_FOUND, message));
        }
        self.blocks.remove(&address);
        Ok(())
    }

    /// A registered allocator has taken everything back.
    pub(super) fn reset(&mut self, allocator: u32) -> Result<(), Refusal> {
        self.known(allocator)?;
        self.blocks.retain(|_, handed| handed.cutter != allocator);
        Ok(())
    }

    /// The block of a registered allocator at an address.
    pub(super) fn block_at(&self, address: u64) -> Option<LiveBlock> {
        self.blocks.get(&address).map(|handed| handed.live(address, None))
    }

    /// Cuts live blocks, ascending by address, into what the guest said is inside of them; and what to say of that.
    pub(super) fn carve(&self, blocks: Vec<LiveBlock>, memory_bytes: u64) -> (Carved, Option<String>) {
        let handed_out = self.blocks.iter().map(|(&address, &handed)| (address, handed));
        let carved = carve(&self.allocators, handed_out, blocks, memory_bytes);
        let strays = carved.strays;
        let note = (strays > 0).then(|| {
            format!(
                "{strays} blocks that a registered allocator told of reach into another or cross the end of a block or of \
                 the memory"
            )
        });
        (carved, note)
    }

    fn known(&self, allocator: u32) -> Result<(), Refusal> {
        if (allocator as usize) < self.allocators.len() {
            return Ok(());
        }
        let message = format!("{allocator} is no registered allocator ({} registered)", self.allocators.len());
        Err(Refusal::new(code::NOT_FOUND, message))
    }
}

#[cfg(test)]
mod tests {
    use heapy_guest::abi::allocator;

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
        let (carved, note) = pools.carve(vec![outer(1024, 256), outer(2048, 16)], 1 << 16);
        assert_eq!(spans(&carved), [(1024, 16), (1040, 40), (1088, 40), (1128, 152), (2048, 16)]);
        assert_eq!(carved.blocks[1].usable, 48);
        assert_eq!(carved.rests.iter().map(|rest| rest.0).collect::<Vec<_>>(), [1024, 1128]);
        assert!(carved.links.iter().all(|link| link.to == 1024 || link.from == 1024));
        assert_eq!(note, None);
    }

    #[test]
    fn usable_bytes_are_counted_once() {
        let mut pools = Pools::default();
        let arena = pools.register("frame", allocator::ARENA).expect("there is room");
        for (address, size) in [(1024, 8), (1036, 100), (1136, 20), (1200, 80)] {
            pools.allocated(arena, address, size).expect("is free");
        }
        let (carved, _) = pools.carve(vec![outer(1024, 256)], 1 << 16);
        assert_eq!(carved.blocks.iter().map(|block| block.usable).sum::<u64>(), 256);
        assert!(carved.blocks.windows(2).all(|pair| pair[0].address + pair[0].size <= pair[1].address));
    }

    #[test]
    fn an_arena_holds_its_blocks_and_a_pool_does_not() {
        for (kind, held) in [(allocator::ARENA, true), (allocator::POOL, false)] {
            let mut pools = Pools::default();
            let id = pools.register("x", kind).expect("there is room");
            pools.allocated(id, 1040, 40).expect("is free");
            let (carved, _) = pools.carve(vec![outer(1024, 256)], 1 << 16);
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
        let (carved, note) = pools.carve(vec![outer(1024, 256)], 1 << 16);
        assert_eq!(spans(&carved), [(512, 16), (1024, 256)]);
        assert!(note.is_some_and(|note| note.starts_with("3 blocks")));
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
            let (carved, _) = pools.carve(vec![outer(100, 200), outer(310, 50), outer(360, 100)], 512);
            for pair in carved.blocks.windows(2) {
                proptest::prop_assert!(pair[0].address + pair[0].size <= pair[1].address);
            }
            let ends: Vec<u64> = carved.blocks.iter().map(|block| block.address + block.size).collect();
            proptest::prop_assert!(ends.iter().all(|&end| end <= 512));
        }
    }
}
