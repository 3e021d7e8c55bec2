//! The host's side of the live table.

use std::collections::HashMap;

use heapy_engine::Extents;

use super::layout::{CELL, CELLS_MAX, COVERED, Cell, LIVE_TABLE, PAGE, SIZE_LARGE};

/// Smaller gaps between blocks are headers and padding.
const LEAST_FREE: u64 = 32;

/// How far before an address the block is looked for that it may lie in.
const AROUND_MAX: u64 = 1 << 22;

/// A block as the live table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Its address.
    pub(crate) address: u32,
    /// Requested bytes.
    pub(crate) size: u64,
    /// Number of its context; zero for none.
    pub(crate) context: u32,
    /// Interval of birth.
    pub(crate) interval: u32,
}

/// What is known of the table besides its memory, which every operation is given.
#[derive(Debug)]
pub(crate) struct Table {
    granule_log2: u32,
    /// Cells that the memory has room for.
    covered: u64,
    /// Sizes that do not fit their cell, by address.
    large: HashMap<u32, u64>,
    /// Blocks that have no cell.
    outliers: HashMap<u32, Cell>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(granule_log2: u32) -> Self {
        Self { granule_log2, covered: 0, large: HashMap::new(), outliers: HashMap::new() }
    }

    /// Whether an address would have a cell if the table reached that far.
    pub(crate) fn has_cell(&self, address: u32) -> bool {
        address.trailing_zeros() >= self.granule_log2 && u64::from(address >> self.granule_log2) < CELLS_MAX
    }

    /// Whether the table reaches an address.
    pub(crate) fn reaches(&self, address: u32) -> bool {
        u64::from(address >> self.granule_log2) < self.covered
    }

    /// Bytes the table's memory must have to cover a guest memory of `bytes` bytes, in whole pages.
    pub(crate) fn memory_for(&self, bytes: u64) -> u64 {
        let cells = (bytes >> self.granule_log2).min(CELLS_MAX);
        (LIVE_TABLE + cells * CELL).next_multiple_of(PAGE)
    }

    /// Takes note of how far the memory reaches now, and tells the probes.
    pub(crate) fn set_covered(&mut self, memory: &mut [u8]) {
        self.covered = ((memory.len() as u64).saturating_sub(LIVE_TABLE) / CELL).min(CELLS_MAX);
        self.tell_covered(memory);
    }

    /// Tells the probes how far the table reaches, after a request has made them call the host.
    pub(crate) fn tell_covered(&self, memory: &mut [u8]) {
        let covered = self.covered as u32;
        memory[COVERED as usize..COVERED as usize + 4].copy_from_slice(&covered.to_le_bytes());
    }

    /// The block that begins at an address.
    pub(crate) fn get(&self, memory: &[u8], address: u32) -> Option<Block> {
        let cell = match self.place(address) {
            Some(place) => {
                let bits = u64::from_le_bytes(memory.get(place..place + 8)?.try_into().ok()?);
                if bits == 0 {
                    return None;
                }
                Cell::unpack(bits)
            }
            None => *self.outliers.get(&address)?,
        };
        Some(self.block(address, cell))
    }

    /// Puts a block in, over one that is there.
    pub(crate) fn put(&mut self, memory: &mut [u8], block: Block) {
        if block.size >= SIZE_LARGE {
            self.large.insert(block.address, block.size);
        } else if !self.large.is_empty() {
            self.large.remove(&block.address);
        }
        let cell = Cell { size: block.size, context: block.context, interval: block.interval };
        match self.place(block.address) {
            Some(place) => memory[place..place + 8].copy_from_slice(&cell.pack().to_le_bytes()),
            None => {
                self.outliers.insert(block.address, cell);
            }
        }
    }

    /// Takes a block out.
    pub(crate) fn take(&mut self, memory: &mut [u8], address: u32) -> Option<Block> {
        let block = self.get(memory, address)?;
        match self.place(address) {
            Some(place) => memory[place..place + 8].fill(0),
            None => {
                self.outliers.remove(&address);
            }
        }
        self.large.remove(&address);
        Some(block)
    }

    /// The block that an address lies in, behind its start; one that begins more than 4 MiB before is not found. Time
    /// O(cells in between).
    pub(crate) fn around(&self, memory: &[u8], address: u32) -> Option<Block> {
        let mut cell = address >> self.granule_log2;
        let lowest = cell.saturating_sub((AROUND_MAX >> self.granule_log2) as u32);
        while cell > lowest {
            if let Some(block) = self.get(memory, cell << self.granule_log2)
                && block.address <= address
            {
                let inside = u64::from(address - block.address) < block.size && block.address != address;
                return inside.then_some(block);
            }
            cell -= 1;
        }
        None
    }

    /// All blocks, ascending by address. Time O(cells).
    pub(crate) fn blocks(&self, memory: &[u8]) -> Vec<Block> {
        let cells = memory.get(LIVE_TABLE as usize..).unwrap_or_default();
        let mut blocks: Vec<Block> = Vec::new();
        for (index, bytes) in cells.chunks_exact(8).enumerate() {
            let bits = bytes.try_into().map_or(0, u64::from_le_bytes);
            if bits != 0 {
                let address = (index as u64) << self.granule_log2;
                blocks.push(self.block(address as u32, Cell::unpack(bits)));
            }
        }
        if !self.outliers.is_empty() {
            blocks.extend(self.outliers.iter().map(|(&address, &cell)| self.block(address, cell)));
            blocks.sort_unstable_by_key(|block| block.address);
        }
        blocks
    }

    /// How many blocks there are, and what is free between them. Time O(cells), no extra space. Blocks without a cell do
    /// not count.
    pub(crate) fn extents(&self, memory: &[u8]) -> Extents {
        let cells = memory.get(LIVE_TABLE as usize..).unwrap_or_default();
        let mut extents = Extents::default();
        for (index, bytes) in cells.chunks_exact(8).enumerate() {
            let bits = bytes.try_into().map_or(0, u64::from_le_bytes);
            if bits == 0 {
                continue;
            }
            let block = self.block(((index as u64) << self.granule_log2) as u32, Cell::unpack(bits));
            let address = u64::from(block.address);
            let gap = address.saturating_sub(extents.end);
            if extents.blocks > 0 && gap >= LEAST_FREE {
                extents.free_bytes += gap;
                extents.largest_free = extents.largest_free.max(gap);
            }
            extents.blocks += 1;
            extents.end = extents.end.max(address + block.size);
        }
        extents
    }

    fn block(&self, address: u32, cell: Cell) -> Block {
        let size =
            if cell.size == SIZE_LARGE { self.large.get(&address).copied().unwrap_or(SIZE_LARGE) } else { cell.size };
        Block { address, size, context: cell.context, interval: cell.interval }
    }

    fn place(&self, address: u32) -> Option<usize> {
        (self.has_cell(address) && self.reaches(address))
            .then(|| (LIVE_TABLE + u64::from(address >> self.granule_log2) * CELL) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn block(address: u32, size: u64) -> Block {
        Block { address, size, context: 3, interval: 1 }
    }

    fn table() -> (Table, Vec<u8>) {
        let mut table = Table::new(4);
        let mut memory = vec![0; table.memory_for(1 << 20) as usize];
        table.set_covered(&mut memory);
        (table, memory)
    }

    #[test]
    fn large_sizes_survive() {
        let (mut table, mut memory) = table();
        table.put(&mut memory, block(64, 3 << 30));
        assert_eq!(table.get(&memory, 64), Some(block(64, 3 << 30)));
        assert_eq!(table.take(&mut memory, 64), Some(block(64, 3 << 30)));
        assert_eq!(table.blocks(&memory), vec![]);
    }

    #[test]
    fn extents_are_gaps_between_blocks() {
        let (mut table, mut memory) = table();
        for (address, size) in [(256, 100), (384, 32), (1024, 8), (1040, 8), (4096, 1)] {
            table.put(&mut memory, block(address, size));
        }
        let extents = table.extents(&memory);
        let free = [1024 - 416, 4096 - 1048];
        let expected = Extents { blocks: 5, end: 4097, free_bytes: free.iter().sum(), largest_free: free[1] };
        assert_eq!(extents, expected);
    }

    proptest! {
        #[test]
        fn agrees_with_a_map(events in prop::collection::vec((0u32..64, prop::option::of(0u64..1 << 27)), 0..80)) {
            let (mut table, mut memory) = table();
            let mut model = BTreeMap::new();
            for (step, size) in events {
                let address = step * 12; // some have a cell, some do not
                match size {
                    Some(size) => {
                        table.put(&mut memory, block(address, size));
                        model.insert(address, block(address, size));
                    }
                    None => prop_assert_eq!(table.take(&mut memory, address), model.remove(&address)),
                }
            }
            prop_assert_eq!(table.blocks(&memory), model.into_values().collect::<Vec<_>>());
        }
    }
}
