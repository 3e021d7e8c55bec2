//! Blocks of pools and arenas that the user has named: what is live inside of other blocks.
//!
//! Their functions tell the host of every block (see `instrument::pool_probes`), which keeps them here, a map for each pool.
//! A block that has others inside of it is *watched*: its release and its change of size come to the host too, for what is
//! inside goes with it. In a snapshot it stands as what is inside of it and what is left.
//!
//! Time O(log blocks) for each block; where it lies in a block that is not known yet, that one is looked for besides.

use std::collections::{BTreeMap, HashMap};

use heapy_guest::abi::allocator;
use wasmtime::{AsContext, AsContextMut};

use super::handles::{set_word, value};
use super::state::{GivenTwice, State};
use super::walk::Anchor;
use crate::functions::carve::{Cutter, Handed, carve};
use crate::functions::{Label, Told};
use crate::instrument::{InstrumentMap, PoolAct, PoolFunction, PoolKind, PoolSize};
use crate::live::{Birth, layout};
use crate::paused::{ContextKey, LiveBlock};

/// Serials of blocks of pools have this bit, so that they are no serial of the live table.
const SERIAL_BIT: u64 = 1 << 62;

/// A block that a pool has handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Inner {
    size: u32,
    tag: u32,
    /// Which pool of that name.
    handle: u32,
    /// Number among all blocks of pools: later ones have greater ones.
    order: u64,
    /// Whether it lies in no block of another allocator.
    alone: bool,
}

/// The pools of one name.
#[derive(Debug, Default)]
struct Level {
    blocks: BTreeMap<u32, Inner>,
    /// Where and as which number each handle has handed out, in that order; what is gone is left in until half is.
    handed_out: HashMap<u32, Vec<(u32, u64)>>,
}

/// Blocks of all pools.
#[derive(Debug, Default)]
pub(crate) struct Pools {
    levels: Vec<Level>,
    /// Blocks of the live table that have some inside of them: address and size.
    holders: BTreeMap<u32, u32>,
    /// Ranges, by their starts, that are known to lie in no block.
    outside: BTreeMap<u32, u32>,
    /// Blocks handed out so far.
    count: u64,
    /// The last one, if no other was allocated since: level and address.
    last: Option<(u32, u32)>,
}

/// A block of a pool that was inside of another.
pub(super) struct Held {
    level: usize,
    address: u32,
    inner: Inner,
}

/// What a function of a pool tells.
struct Event {
    entry: PoolFunction,
    result: u32,
    block: u32,
    handle: u32,
    size: u32,
    v: u32,
}

/// Blocks of a snapshot after all pools had their turn.
pub(super) struct Cut {
    pub(super) blocks: Vec<LiveBlock>,
    pub(super) told: Told,
    pub(super) notes: Vec<String>,
}

impl Pools {
    /// None yet.
    pub(crate) fn new(map: &InstrumentMap) -> Self {
        Self { levels: map.pools.iter().map(|_| Level::default()).collect(), ..Self::default() }
    }

    /// Whether any were named.
    pub(crate) fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Whether a block of the live table has some inside of it.
    pub(crate) fn holds(&self, address: u32) -> bool {
        self.holders.contains_key(&address)
    }

    /// Whether an address lies in a block that is known to have others inside.
    fn holder(&self, address: u32) -> bool {
        let before = self.holders.range(..=address).next_back();
        before.is_some_and(|(start, size)| address - start < (*size).max(1))
    }

    /// The number from which on a handle has given out blocks when it stood at a mark: the block that begins there or is
    /// the last one before it, in the block that both are inside of.
    fn since(&self, level: usize, handle: u32, mark: u32) -> Option<u64> {
        let holder = self.holders.range(..=mark).next_back().filter(|(start, size)| mark - **start <= **size);
        let range = holder.map_or(0..=u32::MAX, |(&start, &size)| start..=start.saturating_add(size));
        let blocks = &self.levels[level].blocks;
        let of_handle = |(_, inner): &(&u32, &Inner)| inner.handle == handle;
        let before = blocks.range(*range.start()..mark).rev().find(of_handle).map(|(_, inner)| inner.order + 1);
        before.or_else(|| blocks.range(mark..=*range.end()).find(of_handle).map(|(_, inner)| inner.order))
    }

    /// Whether an address is known to lie in no block; if not, what lies below it is known up to this address.
    fn known_outside(&self, address: u32) -> Result<(), u32> {
        match self.outside.range(..=address).next_back() {
            Some((_, &end)) if address < end => Ok(()),
            Some((_, &end)) => Err(end),
            None => Err(0),
        }
    }

    /// Remembers that all addresses from `from` up to this one lie in no block.
    fn note_outside(&mut self, from: u32, address: u32) {
        let below = self.outside.range(..=from).next_back();
        let start = below.filter(|(_, end)| **end >= from).map_or(from, |(start, _)| *start);
        self.outside.insert(start, address.saturating_add(1));
    }

    /// A block of the live table has another size in place: what is inside of it stays, as far as there is room.
    pub(super) fn resize_holder(&mut self, address: u32, size: u32) {
        if let Some(before) = self.holders.get_mut(&address) {
            let lost = before.saturating_sub(size);
            *before = size;
            if lost > 0 {
                self.levels.iter_mut().for_each(|level| drop(level.take_range(address.saturating_add(size), lost)));
            }
        }
    }

    /// A block of the live table is gone or moves: takes out what is inside of it.
    pub(super) fn take_held(&mut self, address: u32) -> Vec<Held> {
        let Some(size) = self.holders.remove(&address) else { return Vec::new() };
        let levels = self.levels.iter_mut().enumerate();
        let taken = levels.flat_map(|(level, blocks)| {
            let inside = blocks.take_range(address, size).into_iter();
            inside.map(move |(address, inner)| Held { level, address, inner })
        });
        taken.collect()
    }
}

impl Level {
    fn insert(&mut self, address: u32, inner: Inner) {
        self.blocks.insert(address, inner);
        let list = self.handed_out.entry(inner.handle).or_default();
        list.push((address, inner.order));
        if list.len() > 1024 && list.len().is_power_of_two() {
            let blocks = &self.blocks;
            list.retain(|(address, order)| blocks.get(address).is_some_and(|inner| inner.order == *order));
        }
    }

    /// Takes out what begins in a range or reaches into it.
    fn take_range(&mut self, start: u32, size: u32) -> Vec<(u32, Inner)> {
        let end = start.saturating_add(size.max(1));
        let before = self.blocks.range(..start).next_back();
        let reaching = before.filter(|(address, inner)| inner.size > start - **address).map(|(address, _)| *address);
        let first = reaching.unwrap_or(start);
        let found: Vec<u32> = self.blocks.range(first..end).map(|(address, _)| *address).collect();
        found.into_iter().filter_map(|address| Some((address, self.blocks.remove(&address)?))).collect()
    }
}

impl State {
    /// A function of a pool has made a block, or takes some back; see [`layout::HostFunction::Pool`].
    pub(crate) fn pool_event(&mut self, mut store: impl AsContextMut, anchor: Anchor, told: [u32; 6]) {
        self.answer_request(&mut store);
        let [entry, result, block, handle, size, v] = told;
        let Some(&entry) = self.map.pool_functions.get(entry as usize) else { return };
        let event = Event { entry, result: !result, block: !block, handle, size, v };
        let level = entry.pool as usize;
        match entry.act {
            PoolAct::Allocate | PoolAct::AllocateOut => {
                let size = self.size_of(&store, &event);
                self.insert_inner(store, anchor, level, (event.result, size), &event);
            }
            PoolAct::Release => self.release_inner(store, level, event.block),
            PoolAct::Reset => self.reset(store, level, &event),
            PoolAct::Resize => self.resize_inner(store, anchor, level, event.block, &event),
            PoolAct::Reallocate => self.resize_inner(store, anchor, level, event.result, &event),
        }
    }

    /// Bytes of the block that is told.
    fn size_of(&self, store: impl AsContext, event: &Event) -> u32 {
        let element = match event.entry.size {
            PoolSize::Passed => return event.size,
            PoolSize::Fixed(bytes) => bytes,
            PoolSize::Field(offset) => {
                let memory = self.handles.memory.map(|memory| memory.data(&store)).unwrap_or_default();
                let at = event.handle as usize + offset as usize;
                let word = memory.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
                word.map_or(0, u32::from_le_bytes)
            }
        };
        if event.entry.counted { element.wrapping_mul(event.size) } else { element }
    }

    fn insert_inner(
        &mut self,
        mut store: impl AsContextMut,
        anchor: Anchor,
        level: usize,
        (address, size): (u32, u32),
        event: &Event,
    ) {
        // What the pool calls has the V of who called the pool: that must not be taken for the same context.
        let v = (event.v ^ (level as u32 + 1).wrapping_mul(0x9E37_79B1)).rotate_left(15).wrapping_mul(0x85EB_CA6B);
        let tag = self.tag(&mut store, anchor, v);
        let alone = !self.watch_holder(&mut store, address);
        let taken = self.pools.levels[level].take_range(address, size);
        if let Some((other, before)) = taken.first() {
            self.problems.overlaps += 1;
            self.problems.overlap.get_or_insert(GivenTwice { address: *other, before: before.tag, again: tag });
        }
        let gone: i64 = taken.iter().filter(|(_, inner)| inner.alone).map(|(_, inner)| i64::from(inner.size)).sum();
        self.pools.count += 1;
        let inner = Inner { size, tag, handle: event.handle, order: self.pools.count, alone };
        self.pools.levels[level].insert(address, inner);
        self.contexts.count(tag, size);
        self.last_elsewhere = None;
        set_word(&self.handles.last, &mut store, layout::LAST_ELSEWHERE);
        self.pools.last = Some((level as u32, address));
        self.add_live_bytes(store, if alone { i64::from(size) } else { 0 } - gone);
    }

    /// Has the release of the block around an address come to the host. False where there is none.
    fn watch_holder(&mut self, mut store: impl AsContextMut, address: u32) -> bool {
        if self.pools.holder(address) {
            return true;
        }
        let Err(floor) = self.pools.known_outside(address) else { return false };
        let memory = self.handles.live.data_mut(&mut store);
        match self.table.holder(memory, address, floor) {
            Ok(block) => {
                // One without a cell comes to the host anyway.
                self.table.put_watched(memory, block);
                self.pools.holders.insert(block.address, block.size);
                true
            }
            Err(from) => {
                self.pools.note_outside(from, address);
                false
            }
        }
    }

    fn release_inner(&mut self, mut store: impl AsContextMut, level: usize, address: u32) {
        if address == 0 {
            return;
        }
        let Some(inner) = self.pools.levels[level].blocks.remove(&address) else {
            self.wild(&store, address);
            return;
        };
        // The address is what stands for no cell, unless another allocation has come in between.
        let last = value(&self.handles.last, &mut store) == u64::from(layout::LAST_ELSEWHERE)
            && self.last_elsewhere.is_none()
            && self.pools.last == Some((level as u32, address));
        if last {
            self.contexts.count_temporary(inner.tag);
            self.pools.last = None;
        }
        self.inner_gone(store, level, (address, inner));
    }

    /// A block of a pool is gone: what later pools have cut from it goes too.
    fn inner_gone(&mut self, store: impl AsContextMut, level: usize, (address, inner): (u32, Inner)) {
        let above = self.pools.levels[level + 1..].iter_mut();
        let mut gone = if inner.alone { i64::from(inner.size) } else { 0 };
        for level in above {
            let taken = level.take_range(address, inner.size);
            gone += taken.iter().filter(|(_, inner)| inner.alone).map(|(_, inner)| i64::from(inner.size)).sum::<i64>();
        }
        if gone != 0 {
            self.add_live_bytes(store, -gone);
        }
    }

    fn reset(&mut self, mut store: impl AsContextMut, level: usize, event: &Event) {
        let since = match event.block {
            0 => 0,
            mark => match self.pools.since(level, event.handle, mark) {
                Some(order) => order,
                None => return,
            },
        };
        let Some(list) = self.pools.levels[level].handed_out.get_mut(&event.handle) else { return };
        let first = list.partition_point(|(_, order)| *order < since);
        for (address, order) in list.split_off(first) {
            let blocks = &mut self.pools.levels[level].blocks;
            if blocks.get(&address).is_some_and(|inner| inner.order == order)
                && let Some(inner) = blocks.remove(&address)
            {
                self.inner_gone(&mut store, level, (address, inner));
            }
        }
    }

    /// A block has another size, and perhaps another place. In place it keeps where it was born.
    fn resize_inner(&mut self, mut store: impl AsContextMut, anchor: Anchor, level: usize, to: u32, event: &Event) {
        let (size, from) = (self.size_of(&store, event), event.block);
        let old = self.pools.levels[level].blocks.get_mut(&from);
        match old {
            Some(old) if from == to => {
                let (before, tag) = (std::mem::replace(&mut old.size, size), old.tag);
                let alone = old.alone;
                self.contexts.count_grown(tag, size.saturating_sub(before));
                if alone {
                    self.add_live_bytes(store, i64::from(size) - i64::from(before));
                }
            }
            _ => {
                if from != 0 {
                    self.release_inner(&mut store, level, from);
                }
                self.insert_inner(store, anchor, level, (to, size), event);
            }
        }
    }

    /// A block of the live table has moved, and what is inside of it with it, as far as there is room. These are new blocks,
    /// as it is.
    pub(super) fn move_held(&mut self, store: impl AsContextMut, mut held: Vec<Held>, from: u32, to: u32, size: u32) {
        held.sort_by_key(|held| held.inner.order);
        let mut moved = false;
        for Held { level, address, inner } in held {
            let into = address.saturating_sub(from);
            // A guest may claim a block that ends behind all addresses.
            let Some(address) = to.checked_add(into) else { continue };
            if inner.size.max(1) <= size.saturating_sub(into) {
                self.pools.count += 1;
                self.pools.levels[level].insert(address, Inner { order: self.pools.count, ..inner });
                moved = true;
            }
        }
        if moved {
            self.watch_holder(store, to);
        }
    }

    /// The block of a pool that begins at an address, the innermost one.
    pub(super) fn inner_block_at(&self, address: u32) -> Option<LiveBlock> {
        let mut levels = self.pools.levels.iter().enumerate().rev();
        let (level, inner) = levels.find_map(|(at, level)| Some((at, level.blocks.get(&address)?)))?;
        Some(self.handed(level, inner).live(address.into(), None))
    }

    /// Live blocks by the number of their context: how many of pools there are.
    pub(super) fn count_inner(&self, mut count: impl FnMut(Birth)) {
        for inner in self.pools.levels.iter().flat_map(|level| level.blocks.values()) {
            count(self.contexts.birth(inner.tag));
        }
    }

    /// Cuts live blocks into what pools have made of them, one pool after the other.
    pub(super) fn cut_pools(&self, blocks: Vec<LiveBlock>, memory_bytes: u64) -> Cut {
        let cutters: Vec<Cutter> = self
            .map
            .pools
            .iter()
            .filter_map(|pool| {
                let kind = if pool.kind == PoolKind::Arena { allocator::ARENA } else { allocator::POOL };
                Cutter::new(&pool.name, kind)
            })
            .collect();
        let mut cut = Cut { blocks, told: Told::default(), notes: Vec::new() };
        let mut labels = BTreeMap::new();
        for (at, level) in self.pools.levels.iter().enumerate() {
            let handed_out = level.blocks.iter().map(|(&address, inner)| (u64::from(address), self.handed(at, inner)));
            let carved = carve(&cutters, handed_out, std::mem::take(&mut cut.blocks), memory_bytes);
            cut.blocks = carved.blocks;
            // What was left of a block may have been cut once more.
            labels.retain(|&address: &u64, _| !u32::try_from(address).is_ok_and(|at| level.blocks.contains_key(&at)));
            labels.extend(carved.rests);
            cut.told.links.extend(carved.links);
            if carved.strays > 0 {
                let (pool, strays) = (&self.map.pools[at], carved.strays);
                cut.notes.push(format!(
                    "{strays} blocks of {} {} reach into another or cross the end of their block or of the memory, and are not shown",
                    pool.kind.word(),
                    pool.name
                ));
            }
        }
        let label = |(address, type_name)| Label { address, type_name };
        cut.told.labels = labels.into_iter().map(label).collect();
        cut
    }

    fn handed(&self, level: usize, inner: &Inner) -> Handed {
        let birth = self.contexts.birth(inner.tag);
        let age = self.ages.get(birth.interval as usize - 1).copied().unwrap_or(birth.interval);
        Handed {
            cutter: level as u32,
            size: inner.size.into(),
            serial: SERIAL_BIT | inner.order,
            born: Some((birth.context.checked_sub(1).map(ContextKey), age)),
        }
    }
}
