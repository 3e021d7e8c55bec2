//! The host's side of the live table.

use std::collections::HashMap;

use heapy_engine::Extents;

use super::layout::{CELL, CELLS_MAX, Cell, LIVE_TABLE, TAG_FIRST, TAG_NOWHERE, TAG_WATCHED};

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
    pub(crate) size: u32,
    /// Context and interval of birth.
    pub(crate) tag: u32,
}

/// What is known of the table besides its memory, which every operation is given.
#[derive(Debug)]
pub(crate) struct Table {
    granule_log2: u32,
    /// Blocks that have no cell.
    outliers: HashMap<u32, Cell>,
    /// Tags of blocks whose cells have another one.
    watched: HashMap<u32, u32>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(granule_log2: u32, memory: &mut [u8]) -> Self {
        let nowhere = Cell { size: 0, tag: TAG_NOWHERE };
        if let Some(first) = memory.get_mut(LIVE_TABLE as usize..(LIVE_TABLE + CELL) as usize) {
            first.copy_from_slice(&nowhere.pack().to_le_bytes());
        }
        Self { granule_log2, outliers: HashMap::new(), watched: HashMap::new() }
    }

    /// The block that begins at an address.
    pub(crate) fn get(&self, memory: &[u8], address: u32) -> Option<Block> {
        let cell = match self.place(memory, address) {
            Some(place) => Cell::unpack(u64::from_le_bytes(memory.get(place..place + 8)?.try_into().ok()?)),
            None => *self.outliers.get(&address)?,
        };
        (cell.tag >= TAG_WATCHED).then(|| self.block(address, cell))
    }

    fn block(&self, address: u32, cell: Cell) -> Block {
        let watched = if cell.tag == TAG_WATCHED { self.watched.get(&address).copied() } else { None };
        Block { address, size: cell.size, tag: watched.unwrap_or(cell.tag) }
    }

    /// Puts a block in, over one that is there.
    pub(crate) fn put(&mut self, memory: &mut [u8], block: Block) {
        let cell = Cell { size: block.size, tag: block.tag };
        match self.place(memory, block.address) {
            Some(place) => memory[place..place + 8].copy_from_slice(&cell.pack().to_le_bytes()),
            None => {
                self.outliers.insert(block.address, cell);
            }
        }
    }

    /// Puts a block in whose release is to come to the host. False where that cannot be told: it has no cell.
    pub(crate) fn put_watched(&mut self, memory: &mut [u8], block: Block) -> bool {
        let Some(place) = self.place(memory, block.address) else { return false };
        let cell = Cell { size: block.size, tag: TAG_WATCHED };
        memory[place..place + 8].copy_from_slice(&cell.pack().to_le_bytes());
        self.watched.insert(block.address, block.tag);
        true
    }

    /// The place of an address's cell as probes count it; none for addresses without one.
    pub(crate) fn probe_place(&self, memory: &[u8], address: u32) -> Option<u32> {
        self.place(memory, address).map(|place| (place as u64 - LIVE_TABLE) as u32)
    }

    /// Takes a block out.
    pub(crate) fn take(&mut self, memory: &mut [u8], address: u32) -> Option<Block> {
        let block = self.get(memory, address)?;
        match self.place(memory, address) {
            Some(place) => {
                let empty = Cell { size: block.tag, tag: 0 };
                memory[place..place + 8].copy_from_slice(&empty.pack().to_le_bytes());
                self.watched.remove(&address);
            }
            None => {
                self.outliers.remove(&address);
            }
        }
        Some(block)
    }

    /// The tag of the block that began at an address last, where none does now. Blocks without a cell are not remembered.
    pub(crate) fn last(&self, memory: &[u8], address: u32) -> Option<u32> {
        let place = self.place(memory, address)?;
        let cell = cell_of(memory.get(place..place + 8)?);
        (cell.tag == 0 && cell.size >= TAG_FIRST).then_some(cell.size)
    }

    /// The block that an address lies in, behind its start; one that begins more than 4 MiB before is not found. Time
    /// O(cells in between).
    pub(crate) fn around(&self, memory: &[u8], address: u32) -> Option<Block> {
        self.holder(memory, address, 0).ok().filter(|block| block.address < address)
    }

    /// The block that an address lies in, at its start or behind it; or from where on there is none up to the address. What
    /// begins below `floor`, or more than 4 MiB before, is not looked for. Time O(cells in between).
    pub(crate) fn holder(&self, memory: &[u8], address: u32, floor: u32) -> Result<Block, u32> {
        let cells = memory.get(LIVE_TABLE as usize..).unwrap_or_default();
        let end = (u64::from(address >> self.granule_log2) + 1).min(cells.len() as u64 / CELL);
        let least = u64::from(floor >> self.granule_log2);
        let begin = end.saturating_sub(AROUND_MAX >> self.granule_log2).max(least).min(end);
        let range = cells.get((begin * CELL) as usize..(end * CELL) as usize).unwrap_or_default();
        let found = range.rchunks_exact(CELL as usize).position(|bytes| cell_of(bytes).tag >= TAG_WATCHED);
        let block = found.and_then(|back| self.get(memory, ((end - 1 - back as u64) << self.granule_log2) as u32));
        let Some(block) = block else { return Err(((begin << self.granule_log2) as u32).min(address)) };
        let into = address.checked_sub(block.address).filter(|into| *into < block.size.max(1));
        into.map(|_| block).ok_or(block.address.saturating_add(block.size).min(address))
    }

    /// All blocks of a guest whose memory has `guest` bytes, ascending by address. Time O(cells of that memory).
    pub(crate) fn blocks(&self, memory: &[u8], guest: u64) -> Vec<Block> {
        let cells = self.cells(memory, guest);
        let mut blocks: Vec<Block> = Vec::new();
        for (index, bytes) in cells.chunks_exact(8).enumerate() {
            let cell = cell_of(bytes);
            if cell.tag >= TAG_WATCHED {
                let address = (index as u64) << self.granule_log2;
                blocks.push(self.block(address as u32, cell));
            }
        }
        if !self.outliers.is_empty() {
            let outlier = |(&address, &cell): (&u32, &Cell)| Block { address, size: cell.size, tag: cell.tag };
            blocks.extend(self.outliers.iter().map(outlier));
            blocks.sort_unstable_by_key(|block| block.address);
        }
        blocks
    }

    /// How many blocks there are, and what is free between them, for a guest whose memory has `guest` bytes. Time O(cells of
    /// that memory), no extra space. Blocks without a cell do not count.
    pub(crate) fn extents(&self, memory: &[u8], guest: u64) -> Extents {
        let mut extents = Extents::default();
        for (index, bytes) in self.cells(memory, guest).chunks_exact(8).enumerate() {
            let cell = cell_of(bytes);
            if cell.tag < TAG_WATCHED {
                continue;
            }
            let address = (index as u64) << self.granule_log2;
            let gap = address.saturating_sub(extents.end);
            if extents.blocks > 0 && gap >= LEAST_FREE {
                extents.free_bytes += gap;
                extents.largest_free = extents.largest_free.max(gap);
            }
            extents.blocks += 1;
            extents.end = extents.end.max(address + u64::from(cell.size));
        }
        extents
    }

    /// The cells of a guest's memory.
    fn cells<'a>(&self, memory: &'a [u8], guest: u64) -> &'a [u8] {
        let end = LIVE_TABLE + (guest >> self.granule_log2) * CELL;
        memory.get(LIVE_TABLE as usize..memory.len().min(end as usize)).unwrap_or_default()
    }

    /// Where an address has its cell; none for addresses that are not aligned, and where the memory is smaller than it
    /// should be.
    fn place(&self, memory: &[u8], address: u32) -> Option<usize> {
        let cell = u64::from(address >> self.granule_log2);
        let place = (LIVE_TABLE + cell * CELL) as usize;
        let has_cell = address.trailing_zeros() >= self.granule_log2 && cell < CELLS_MAX;
        (has_cell && place + CELL as usize <= memory.len()).then_some(place)
    }
}

/// A cell as it lies in memory.
fn cell_of(bytes: &[u8]) -> Cell {
    Cell::unpack(bytes.try_into().map_or(0, u64::from_le_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const GUEST: u64 = 1 << 20;

    fn block(address: u32, size: u32) -> Block {
        Block { address, size, tag: 3 }
    }

    fn table() -> (Table, Vec<u8>) {
        let mut memory = vec![0; (LIVE_TABLE + GUEST / 2) as usize];
        (Table::new(4, &mut memory), memory)
    }

    #[test]
    fn the_greatest_size_survives_and_nothing_begins_at_zero() {
        let (mut table, mut memory) = table();
        assert_eq!(table.take(&mut memory, 0), None);
        table.put(&mut memory, block(64, u32::MAX));
        assert_eq!(table.blocks(&memory, GUEST), vec![block(64, u32::MAX)]);
        assert_eq!(table.take(&mut memory, 64), Some(block(64, u32::MAX)));
        assert_eq!(table.blocks(&memory, GUEST), vec![]);
    }

    #[test]
    fn an_empty_place_remembers_what_was_there_last() {
        let (mut table, mut memory) = table();
        assert_eq!(table.last(&memory, 64), None);
        table.put(&mut memory, Block { address: 64, size: 7, tag: 9 });
        assert_eq!(table.last(&memory, 64), None, "it is live");
        table.take(&mut memory, 64);
        assert_eq!(table.last(&memory, 64), Some(9));
        assert_eq!(table.take(&mut memory, 64), None);
        assert_eq!(
            (table.last(&memory, 0), table.last(&memory, 65), table.last(&memory, u32::MAX)),
            (None, None, None)
        );
    }

    #[test]
    fn an_address_inside_of_a_block_finds_it() {
        let (mut table, mut memory) = table();
        table.put(&mut memory, block(256, 100));
        table.put(&mut memory, block(512, 10_000));
        let found = |address| table.around(&memory, address).map(|block| block.address);
        assert_eq!([255, 256, 257, 355, 356].map(found), [None, None, Some(256), Some(256), None]);
        assert_eq!([513, 5000, 10_511, 10_512].map(found), [Some(512), Some(512), Some(512), None]);
        assert_eq!(found(u32::MAX), None);
        let holder = |address, floor| table.holder(&memory, address, floor).map(|block| block.address);
        assert_eq!([256, 355, 512].map(|address| holder(address, 0)), [Ok(256), Ok(256), Ok(512)]);
        // Nothing from there on up to the address.
        assert_eq!([holder(400, 0), holder(255, 0), holder(300, 288)], [Err(356), Err(0), Err(288)]);
    }

    #[test]
    fn extents_are_gaps_between_blocks() {
        let (mut table, mut memory) = table();
        for (address, size) in [(256, 100), (384, 32), (1024, 8), (1040, 8), (4096, 1)] {
            table.put(&mut memory, block(address, size));
        }
        let extents = table.extents(&memory, GUEST);
        let free = [1024 - 416, 4096 - 1048];
        let expected = Extents { blocks: 5, end: 4097, free_bytes: free.iter().sum(), largest_free: free[1] };
        assert_eq!(extents, expected);
    }

    #[test]
    fn a_watched_block_keeps_its_tag() {
        let (mut table, mut memory) = table();
        assert!(table.put_watched(&mut memory, block(512, 40)));
        assert!(!table.put_watched(&mut memory, block(12, 40)));
        assert_eq!(
            (table.get(&memory, 512), table.blocks(&memory, GUEST)),
            (Some(block(512, 40)), vec![block(512, 40)])
        );
        assert_eq!(table.extents(&memory, GUEST).blocks, 1);
        assert_eq!(table.take(&mut memory, 512), Some(block(512, 40)));
        table.put(&mut memory, block(512, 8));
        assert_eq!(table.get(&memory, 512), Some(block(512, 8)));
    }

    proptest! {
        #[test]
        fn agrees_with_a_map(events in prop::collection::vec((1u32..64, prop::option::of(0u32..1 << 27)), 0..80)) {
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
            prop_assert_eq!(table.blocks(&memory, GUEST), model.into_values().collect::<Vec<_>>());
        }
    }
}
