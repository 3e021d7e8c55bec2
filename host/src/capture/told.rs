//! Types, layouts and references that the guest itself described.

use std::collections::HashMap;

use heapy_engine::{
    EdgeEvidence, EdgeRecord, Field, HeapBuilder, Link, ObjectKey, Relation, Shape, TypeId, TypeRecord,
};

use super::index::BlockIndex;
use crate::functions::Told;

/// The types of labelled blocks, by the block's address.
pub(super) fn label_types(builder: &mut HeapBuilder, told: &Told) -> HashMap<u64, TypeId> {
    let mut types = TypeTable::new(builder, told);
    told.labels.iter().map(|label| (label.address, types.named(builder, &label.type_name))).collect()
}

/// Adds references that are no words in memory.
pub(super) fn add_links(builder: &mut HeapBuilder, told: &Told, index: &BlockIndex, keys: &[ObjectKey]) {
    for link in &told.links {
        if let (Some(from), Some(to)) = (index.find(link.from), index.find(link.to)) {
            builder.add_edge(EdgeRecord {
                from: keys[from.block as usize],
                to: keys[to.block as usize],
                link: Link::Given(Relation::Internal(link.name.to_owned())),
                into: u64::from(to.into),
                evidence: EdgeEvidence::Typed,
            });
        }
    }
}

/// Types by name. Described types come first, so that their ids are known before fields name them.
struct TypeTable {
    by_name: HashMap<String, TypeId>,
    sizes: HashMap<String, u64>,
}

impl TypeTable {
    fn new(builder: &mut HeapBuilder, told: &Told) -> Self {
        let mut table = Self {
            by_name: HashMap::new(),
            sizes: told.types.iter().map(|described| (described.name.clone(), described.size)).collect(),
        };
        // Types may name each other: the ids that they will get are known beforehand.
        let first = builder.next_type().raw();
        for (position, described) in told.types.iter().enumerate() {
            table.by_name.insert(described.name.clone(), TypeId::new(first + position as u32));
        }
        for described in &told.types {
            let fields = described.fields.iter().map(|field| Field {
                name: field.name.clone(),
                offset: field.offset,
                size: field.size,
                ty: table.by_name.get(&field.type_name).copied(),
            });
            let shape = Shape::Struct(fields.collect());
            builder.add_type(record(&described.name, described.size, shape));
        }
        table
    }

    /// The type of this name; `[T]` is an array of `T`, a name that nothing describes is opaque.
    fn named(&mut self, builder: &mut HeapBuilder, name: &str) -> TypeId {
        if let Some(&known) = self.by_name.get(name) {
            return known;
        }
        let element = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).filter(|name| !name.is_empty());
        let shape = match element.and_then(|element| Some((*self.by_name.get(element)?, *self.sizes.get(element)?))) {
            Some((element, stride)) if stride > 0 => Shape::Array { element, stride },
            _ => Shape::Opaque,
        };
        let ty = builder.add_type(record(name, 0, shape));
        self.by_name.insert(name.to_owned(), ty);
        ty
    }
}

fn record(name: &str, size: u64, shape: Shape) -> TypeRecord {
    TypeRecord { name: name.to_owned(), unit: None, size, shape, storage: false }
}
