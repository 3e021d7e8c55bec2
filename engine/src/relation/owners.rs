//! Who owns which piece of backing storage.
//!
//! A block whose type is marked as storage belongs to the one object that holds a typed reference to its start;
//! references from frames are borrowings and count only where nothing else refers to it. The owner is looked for
//! among all objects, reachable or not. All owners are found in one walk over the edges: time O(V + E), space four bytes
//! an object, none in heaps without storage.

use hashbrown::HashMap;

use super::clodo::storage_shapes;
use crate::heap::{EdgeEvidence, Family, Heap, Relation};
use crate::id::ObjectId;

/// Who owns a piece of backing storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner<'owners> {
    /// A block or a frame.
    Object(ObjectId),
    /// A symbol of a module's static data.
    Static {
        /// The module.
        module: ObjectId,
        /// The symbol's name.
        symbol: &'owners str,
    },
}

/// No owner has been met.
const NONE: u32 = u32::MAX;
/// Several have been met, so that nobody owns it.
const SEVERAL: u32 = u32::MAX - 1;
/// Bit: the rest is the number of a static. Numbers of objects do not have it.
const STATIC: u32 = 1 << 31;

/// The owners of all storage of a heap.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    /// For each object the number of its owner, [`NONE`] or [`SEVERAL`]; empty where no type is storage.
    of: Vec<u32>,
    /// Module and symbol of each static that owns.
    statics: Vec<(ObjectId, String)>,
}

impl Owners {
    /// The owners of all storage that has one.
    pub(crate) fn new(heap: &Heap) -> Self {
        let storage = storage_shapes(heap);
        if !storage.contains(&true) {
            return Self::default();
        }
        let is_storage = |object: ObjectId| storage[heap.shape_number(object) as usize];
        let mut owners = Self { of: vec![NONE; heap.object_count()], statics: Vec::new() };
        let mut borrowers: HashMap<ObjectId, u32> = HashMap::new();
        let mut statics = HashMap::new();
        for holder in heap.objects() {
            match heap.family(holder) {
                Family::Block => {
                    for held in heap.typed_referents(holder).filter(|&held| held != holder && is_storage(held)) {
                        meet(&mut owners.of[held.index()], holder.raw());
                    }
                }
                Family::Frame => {
                    for held in heap.typed_referents(holder).filter(|&held| is_storage(held)) {
                        meet(borrowers.entry(held).or_insert(NONE), holder.raw());
                    }
                }
                // One module holds all statics, so there the symbol tells owners apart.
                Family::Module => owners.meet_statics(heap, holder, &is_storage, &mut statics),
            }
        }
        for (held, borrower) in borrowers {
            if owners.of[held.index()] == NONE {
                owners.of[held.index()] = borrower;
            }
        }
        owners
    }

    /// The object that holds the reference by which a piece of storage is owned.
    pub(crate) fn get(&self, storage: ObjectId) -> Option<ObjectId> {
        self.owner(storage).map(|owner| match owner {
            Owner::Object(object) | Owner::Static { module: object, .. } => object,
        })
    }

    /// Every piece of storage that has an owner, and the object that holds it, by the storage's address.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ObjectId, ObjectId)> + '_ {
        let storage = (0..self.of.len()).map(|index| ObjectId::new(index as u32));
        storage.filter_map(|storage| Some((storage, self.get(storage)?)))
    }

    /// Who owns a piece of storage.
    pub(super) fn owner(&self, storage: ObjectId) -> Option<Owner<'_>> {
        match self.of.get(storage.index()) {
            None | Some(&(NONE | SEVERAL)) => None,
            Some(&number) if number & STATIC != 0 => {
                let (module, symbol) = self.statics.get((number & !STATIC) as usize)?;
                Some(Owner::Static { module: *module, symbol })
            }
            Some(&number) => Some(Owner::Object(ObjectId::new(number))),
        }
    }

    fn meet_statics(
        &mut self,
        heap: &Heap,
        module: ObjectId,
        is_storage: &impl Fn(ObjectId) -> bool,
        numbers: &mut HashMap<(ObjectId, String), u32>,
    ) {
        for edge in heap.referents(module) {
            if edge.evidence != EdgeEvidence::Typed || edge.into != 0 || !is_storage(edge.other) {
                continue;
            }
            let symbol = symbol_of(&heap.relation(module, &edge));
            let statics = &mut self.statics;
            let number = *numbers.entry((module, symbol)).or_insert_with_key(|key| {
                statics.push(key.clone());
                STATIC | (statics.len() - 1) as u32
            });
            meet(&mut self.of[edge.other.index()], number);
        }
    }
}

/// Notes that an owner was met.
fn meet(slot: &mut u32, owner: u32) {
    if *slot == NONE || *slot == owner {
        *slot = owner;
    } else {
        *slot = SEVERAL;
    }
}

/// The symbol in a module's relation: its first field.
fn symbol_of(relation: &Relation) -> String {
    match relation {
        Relation::Field(name) => name.split(['.', '[']).next().unwrap_or(name).to_owned(),
        other => other.printed('"'),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::heap::{EdgeRecord, HeapBuilder, Link, ObjectRecord, Shape, TypeRecord, Vocabulary};

    /// The owner by its definition: asked of one piece of storage.
    fn naive(heap: &Heap, storage: ObjectId) -> Option<(ObjectId, Option<String>)> {
        let (mut holders, mut borrowers) = (BTreeSet::new(), BTreeSet::new());
        for edge in heap.referrers(storage) {
            if edge.evidence != EdgeEvidence::Typed || edge.into != 0 || edge.other == storage {
                continue;
            }
            match heap.family(edge.other) {
                Family::Block => holders.insert((edge.other, None)),
                Family::Module => holders.insert((edge.other, Some(symbol_of(&heap.relation(edge.other, &edge))))),
                Family::Frame => borrowers.insert((edge.other, None)),
            };
        }
        let candidates = if holders.is_empty() { borrowers } else { holders };
        if candidates.len() == 1 { candidates.into_iter().next() } else { None }
    }

    /// An edge: from, to, how far into, whether typed, and a symbol for edges of modules.
    type Row = (usize, usize, u64, bool, u8);

    fn heap(families: &[u8], edges: &[Row]) -> Heap {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        let record =
            |name: &str, storage| TypeRecord { name: name.into(), unit: None, size: 8, shape: Shape::Opaque, storage };
        let (plain, storage) = (builder.add_type(record("plain", false)), builder.add_type(record("buffer", true)));
        let keys: Vec<_> = families
            .iter()
            .enumerate()
            .map(|(index, family)| {
                let block = ObjectRecord::block(0x1000 + 64 * index as u64, 48);
                builder.add_object(match family {
                    0 => ObjectRecord { family: Family::Module, ..block },
                    1 => ObjectRecord { family: Family::Frame, ..block },
                    2..=3 => ObjectRecord { ty: Some(plain), ..block },
                    _ => ObjectRecord { ty: Some(storage), ..block },
                })
            })
            .collect();
        for &(from, to, into, typed, symbol) in edges {
            let (from, to) = (from % keys.len(), to % keys.len());
            let link = match families[from] {
                0 => Link::Given(Relation::Field(format!("S{symbol}.x"))),
                _ => Link::Offset(u64::from(symbol) * 4),
            };
            let evidence = if typed { EdgeEvidence::Typed } else { EdgeEvidence::Conservative };
            builder.add_edge(EdgeRecord { from: keys[from], to: keys[to], link, into, evidence });
        }
        builder.finish().unwrap()
    }

    proptest! {
        #[test]
        fn owners_are_as_defined(
            families in prop::collection::vec(0u8..8, 1..12),
            edges in prop::collection::vec((0usize..12, 0usize..12, 0u64..2, any::<bool>(), 0u8..3), 0..40),
        ) {
            let heap = heap(&families, &edges);
            let owners = Owners::new(&heap);
            let is_storage = |object| storage_shapes(&heap)[heap.shape_number(object) as usize];
            for object in heap.objects() {
                let expected = if is_storage(object) { naive(&heap, object) } else { None };
                let found = owners.owner(object).map(|owner| match owner {
                    Owner::Object(owner) => (owner, None),
                    Owner::Static { module, symbol } => (module, Some(symbol.to_owned())),
                });
                prop_assert_eq!(owners.get(object), expected.as_ref().map(|owner| owner.0));
                prop_assert_eq!(found, expected);
            }
        }
    }
}
