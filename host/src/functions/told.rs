//! What a guest says of its own blocks, and how it changes a paused guest before its heap is made.
//!
//! Labels and layouts give exact types without debug information, pins tell what only the host holds, hidden blocks are
//! those of the questioner, and registered allocators cut large blocks into the blocks that they hand out. Said of a
//! block, it holds for that block: once the block is freed it is forgotten, at the latest at the next snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use heapy_guest::abi::{code, limit};

use super::error::Refusal;
use super::pools::Pools;
use crate::paused::{LiveBlock, Paused};

/// What the guest has said, as the capturing side needs it. Addresses are first bytes of [`Paused::blocks`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Layouts by type name.
    pub types: Vec<ToldType>,
    /// Types of blocks, ascending by address.
    pub labels: Vec<Label>,
    /// Blocks that something outside of the guest holds, ascending by address.
    pub pins: Vec<Pin>,
    /// Who holds whom besides what the words in memory say.
    pub links: Vec<ToldLink>,
}

/// The layout of a type that the guest described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldType {
    /// Its full path in the source language.
    pub name: String,
    /// Bytes of one value.
    pub size: u64,
    /// Its fields, ascending by offset.
    pub fields: Vec<ToldField>,
}

/// A field of a described type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldField {
    /// Its name.
    pub name: String,
    /// Bytes from the start of the value.
    pub offset: u64,
    /// Bytes it takes.
    pub size: u64,
    /// The name of its type.
    pub type_name: String,
}

/// The type of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The block's first byte.
    pub address: u64,
    /// The type's name, `[T]` for as many `T` as fit.
    pub type_name: Arc<str>,
}

/// A block that something outside of the guest holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The block's first byte.
    pub address: u64,
    /// Who holds it, in the guest's words.
    pub name: Arc<str>,
}

/// A reference that is not a word in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldLink {
    /// First byte of the holder.
    pub from: u64,
    /// First byte of what it holds.
    pub to: u64,
    /// The relation's name; prints behind `->`.
    pub name: &'static str,
}

/// Something said of one block.
#[derive(Clone, Debug)]
struct Said<T> {
    serial: u64,
    what: T,
}

/// Everything a guest has said so far; bounded by [`limit`].
#[derive(Debug, Default)]
pub(super) struct Sayings {
    types: BTreeMap<String, ToldType>,
    labels: BTreeMap<u64, Said<Arc<str>>>,
    hidden: BTreeMap<u64, Said<()>>,
    pins: BTreeMap<u64, Said<Arc<str>>>,
    /// Names of labels and pins, so that a million labels of one type share one text.
    names: BTreeSet<Arc<str>>,
    pub(super) pools: Pools,
}

impl Sayings {
    /// Learns a layout. The same name and size again adds fields, another size begins anew.
    pub(super) fn describe(&mut self, mut described: ToldType) -> Result<(), Refusal> {
        for field in &described.fields {
            if field.offset.checked_add(field.size).is_none_or(|end| end > described.size) {
                let ToldField { name, offset, size, .. } = field;
                let of = format!("field {name} at {offset} of {size} bytes");
                return Err(Refusal::new(
                    code::ARGUMENT,
                    format!("describe: {of} ends behind {}, which has {} bytes", described.name, described.size),
                ));
            }
        }
        if self.types.len() >= limit::TYPES && !self.types.contains_key(&described.name) {
            return Err(Refusal::limit("described types", limit::TYPES));
        }
        if let Some(known) = self.types.get(&described.name).filter(|known| known.size == described.size) {
            let again = |field: &&ToldField| described.fields.iter().all(|new| new.offset != field.offset);
            let kept: Vec<ToldField> = known.fields.iter().filter(again).cloned().collect();
            described.fields.extend(kept);
        }
        let others = self.types.values().filter(|known| known.name != described.name);
        if described.fields.len() + others.map(|known| known.fields.len()).sum::<usize>() > limit::FIELDS {
            return Err(Refusal::limit("fields in described types", limit::FIELDS));
        }
        described.fields.sort_by_key(|field| field.offset);
        self.types.insert(described.name.clone(), described);
        Ok(())
    }

    /// Whether the layout of a type is known.
    pub(super) fn is_described(&self, name: &str) -> bool {
        self.types.contains_key(name)
    }

    /// Says what type a block is of.
    pub(super) fn label(&mut self, block: &LiveBlock, name: &str) -> Result<(), Refusal> {
        room(&self.labels, block.address, "labels")?;
        let shared = self.name(name)?;
        self.labels.insert(block.address, Said { serial: block.serial, what: shared });
        Ok(())
    }

    /// Leaves a block out of every answer.
    pub(super) fn hide(&mut self, block: &LiveBlock) -> Result<(), Refusal> {
        room(&self.hidden, block.address, "hidden blocks")?;
        self.hidden.insert(block.address, Said { serial: block.serial, what: () });
        Ok(())
    }

    /// Says that something outside of the guest holds a block.
    pub(super) fn pin(&mut self, block: &LiveBlock, name: &str) -> Result<(), Refusal> {
        room(&self.pins, block.address, "pins")?;
        let shared = self.name(name)?;
        self.pins.insert(block.address, Said { serial: block.serial, what: shared });
        Ok(())
    }

    /// Takes a pin back.
    pub(super) fn unpin(&mut self, address: u64) -> Result<(), Refusal> {
        let taken = self.pins.remove(&address);
        taken.map(drop).ok_or_else(|| Refusal::new(code::NOT_FOUND, format!("unpin: {address:#x} is not pinned")))
    }

    fn name(&mut self, name: &str) -> Result<Arc<str>, Refusal> {
        if let Some(shared) = self.names.get(name) {
            return Ok(Arc::clone(shared));
        }
        if self.names.len() >= limit::TYPES {
            return Err(Refusal::limit("names of labels and pins", limit::TYPES));
        }
        let shared: Arc<str> = name.into();
        self.names.insert(Arc::clone(&shared));
        Ok(shared)
    }

    /// Puts everything into a paused guest, and forgets what was said of blocks that are no more.
    pub(super) fn apply(&mut self, paused: &mut Paused) {
        let (mut carved, note) = self.pools.carve(std::mem::take(&mut paused.blocks), paused.memory.len() as u64);
        keep_living(&mut self.hidden, &carved.blocks);
        carved.blocks.retain(|block| !self.hidden.contains_key(&block.address));
        keep_living(&mut self.labels, &carved.blocks);
        keep_living(&mut self.pins, &carved.blocks);
        paused.notes.extend(note);
        paused.blocks = carved.blocks;
        // What is known of the host's own pools stands already, unless a block was cut once more.
        let Told { labels: known, links: mut held, .. } = std::mem::take(&mut paused.told);
        let mut labels: BTreeMap<u64, Arc<str>> =
            known.into_iter().map(|label| (label.address, label.type_name)).collect();
        labels.extend(carved.rests);
        held.append(&mut carved.links);
        labels.extend(self.labels.iter().map(|(&address, said)| (address, Arc::clone(&said.what))));
        paused.told = Told {
            types: self.types.values().cloned().collect(),
            labels: labels.into_iter().map(|(address, type_name)| Label { address, type_name }).collect(),
            pins: self.pins.iter().map(|(&address, said)| Pin { address, name: Arc::clone(&said.what) }).collect(),
            links: held,
        };
    }
}

fn room<T>(said: &BTreeMap<u64, T>, address: u64, what: &str) -> Result<(), Refusal> {
    if said.len() < limit::TOLD || said.contains_key(&address) {
        return Ok(());
    }
    Err(Refusal::limit(&format!("{what}; those of freed blocks are dropped at the next snapshot"), limit::TOLD))
}

/// Drops what was said of blocks that were freed, even if their place was taken again. Both are ascending by address.
fn keep_living<T>(said: &mut BTreeMap<u64, Said<T>>, blocks: &[LiveBlock]) {
    said.retain(|address, said| {
        let found = blocks.binary_search_by_key(address, |block| block.address);
        found.is_ok_and(|index| said.serial == blocks[index].serial)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(address: u64, serial: u64) -> LiveBlock {
        LiveBlock { address, size: 16, usable: 16, context: None, serial, age: 0 }
    }

    fn paused(blocks: &[LiveBlock]) -> Paused {
        Paused { memory: vec![0; 1 << 16], blocks: blocks.to_vec(), ..Paused::default() }
    }

    #[test]
    fn labels_end_with_their_block() {
        let mut sayings = Sayings::default();
        sayings.label(&block(64, 1), "app::Page").expect("there is room");
        sayings.label(&block(96, 2), "app::Page").expect("there is room");
        let mut at = paused(&[block(64, 1), block(96, 7)]);
        sayings.apply(&mut at);
        assert_eq!(at.told.labels, [Label { address: 64, type_name: "app::Page".into() }]);
        // The block comes back, what was said of it does not.
        let mut later = paused(&[block(64, 1), block(96, 2)]);
        sayings.apply(&mut later);
        assert_eq!(later.told.labels.len(), 1);
    }

    #[test]
    fn hidden_blocks_are_not_there() {
        let mut sayings = Sayings::default();
        sayings.hide(&block(64, 1)).expect("there is room");
        let mut at = paused(&[block(64, 1), block(96, 2)]);
        sayings.apply(&mut at);
        assert_eq!(at.blocks, [block(96, 2)]);
        // Another block at its place is shown.
        let mut later = paused(&[block(64, 3)]);
        sayings.apply(&mut later);
        assert_eq!(later.blocks, [block(64, 3)]);
    }

    #[test]
    fn pins_are_taken_back_once() {
        let mut sayings = Sayings::default();
        sayings.pin(&block(64, 1), "window").expect("there is room");
        let mut at = paused(&[block(64, 1)]);
        sayings.apply(&mut at);
        assert_eq!(at.told.pins, [Pin { address: 64, name: "window".into() }]);
        assert_eq!(sayings.unpin(64), Ok(()));
        assert_eq!(sayings.unpin(64).map_err(|refusal| refusal.code), Err(code::NOT_FOUND));
    }

    #[test]
    fn layouts_fit_into_their_type() {
        let field = |offset, size| ToldField { name: "f".into(), offset, size, type_name: "u32".into() };
        let described = |fields| ToldType { name: "T".into(), size: 8, fields };
        let mut sayings = Sayings::default();
        assert_eq!(sayings.describe(described(vec![field(4, 4), field(0, 4)])), Ok(()));
        assert_eq!(sayings.types["T"].fields[0].offset, 0);
        assert_eq!(sayings.describe(described(vec![field(2, 2)])), Ok(()));
        assert_eq!(sayings.types["T"].fields.iter().map(|field| field.offset).collect::<Vec<_>>(), [0, 2, 4]);
        assert!(sayings.describe(described(vec![field(5, 4)])).is_err());
        assert!(sayings.describe(described(vec![field(u64::MAX, 4)])).is_err());
    }
}
