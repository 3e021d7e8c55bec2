//! The objects of a frozen heap, one column for each property.
//!
//! Family, types and what they rest on repeat from object to object, so that they are one number: a *shape* that stands
//! for a row of a small table.

use hashbrown::HashMap;

use super::column::{Column, SmallColumn};
use super::object::{Family, ObjectRecord, TypeEvidence};
use crate::id::{ContextId, ObjectId, TypeId};

/// What many objects have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ObjectShape {
    pub(super) family: Family,
    pub(super) ty: Option<TypeId>,
    pub(super) class: Option<TypeId>,
    pub(super) evidence: TypeEvidence,
}

/// An object on its way into a table.
#[derive(Clone, Copy, Debug)]
struct StagedObject {
    address: u64,
    size: u64,
    usable: u64,
    serial: u64,
    shape: u32,
    /// The context's id plus one; 0 for none.
    context: u32,
    instance: u32,
    age: u32,
}

/// Takes objects in any order.
#[derive(Debug, Default)]
pub(super) struct StagedObjects {
    rows: Vec<StagedObject>,
    shapes: Vec<ObjectShape>,
    shape_ids: HashMap<ObjectShape, u32>,
    lengths: Vec<(u32, u64)>,
    names: Vec<(u32, String)>,
}

impl StagedObjects {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn reserve(&mut self, objects: usize) {
        self.rows.reserve_exact(objects);
    }

    pub(super) fn push(&mut self, record: ObjectRecord) {
        let key = self.rows.len() as u32;
        let shape =
            ObjectShape { family: record.family, ty: record.ty, class: record.class, evidence: record.evidence };
        let shapes = &mut self.shapes;
        let shape = *self.shape_ids.entry(shape).or_insert_with(|| {
            shapes.push(shape);
            (shapes.len() - 1) as u32
        });
        self.lengths.extend(record.length.map(|length| (key, length)));
        self.names.extend(record.name.map(|name| (key, name)));
        self.rows.push(StagedObject {
            address: record.address,
            size: record.size,
            usable: record.usable,
            serial: record.serial,
            shape,
            context: record.context.map_or(0, |context| context.raw() + 1),
            instance: record.instance,
            age: record.age,
        });
    }

    pub(super) fn shapes(&self) -> &[ObjectShape] {
        &self.shapes
    }

    /// The sum of what the objects take, if it fits into 64 bits.
    pub(super) fn total(&self) -> Option<u64> {
        self.rows.iter().try_fold(0u64, |total, row| total.checked_add(row.size.max(row.usable)))
    }

    /// The highest context that an object names.
    pub(super) fn max_context(&self) -> Option<u32> {
        self.rows.iter().map(|row| row.context).max().and_then(|context| context.checked_sub(1))
    }

    /// The ids of the objects by their keys: by instance, address and family. None if they come in that order.
    pub(super) fn order(&self) -> Option<Vec<u32>> {
        let place = |key: usize| {
            let row = &self.rows[key];
            (row.instance, row.address, self.shapes[row.shape as usize].family)
        };
        if (1..self.rows.len()).all(|key| place(key - 1) <= place(key)) {
            return None;
        }
        let mut keys: Vec<u32> = (0..self.rows.len() as u32).collect();
        keys.sort_by_key(|&key| place(key as usize));
        let mut ids = vec![0; keys.len()];
        for (id, &key) in keys.iter().enumerate() {
            ids[key as usize] = id as u32;
        }
        Some(ids)
    }

    /// Freezes the objects under the given ids.
    pub(super) fn freeze(mut self, ids: Option<&[u32]>) -> ObjectTable {
        if let Some(ids) = ids {
            let mut sorted = self.rows.clone();
            for (row, &id) in self.rows.iter().zip(ids) {
                sorted[id as usize] = *row;
            }
            self.rows = sorted;
            for (key, _) in &mut self.lengths {
                *key = ids[*key as usize];
            }
            for (key, _) in &mut self.names {
                *key = ids[*key as usize];
            }
            self.lengths.sort_unstable();
            self.names.sort_unstable();
        }
        let rows = &self.rows;
        let column = |value: fn(&StagedObject) -> u64| {
            let max = rows.iter().map(value).max().unwrap_or(0);
            Column::new(max, rows.iter().map(value))
        };
        let surplus = |row: &StagedObject| match row.usable.checked_sub(row.size) {
            Some(surplus) => surplus << 1,
            // An allocator that commits less than was asked for is one whose sizes are misread; keep what it said.
            None => ((row.size - row.usable) << 1) | 1,
        };
        ObjectTable {
            count: rows.len(),
            address: column(|row| row.address),
            size: column(|row| row.size),
            surplus: SmallColumn::new(rows.iter().map(surplus)),
            serial: column(|row| row.serial),
            shape: column(|row| u64::from(row.shape)),
            context: column(|row| u64::from(row.context)),
            instance: column(|row| u64::from(row.instance)),
            age: column(|row| u64::from(row.age)),
            length: Lengths::new(rows.len(), self.lengths),
            names: self.names,
            shapes: self.shapes,
        }
    }
}

/// The objects of a heap.
#[derive(Debug)]
pub(super) struct ObjectTable {
    count: usize,
    address: Column,
    size: Column,
    /// Twice what usable is above size; odd where it is below.
    surplus: SmallColumn,
    serial: Column,
    shape: Column,
    context: Column,
    instance: Column,
    age: Column,
    length: Lengths,
    /// Names of the few objects that have one, by id.
    names: Vec<(u32, String)>,
    shapes: Vec<ObjectShape>,
}

impl ObjectTable {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    #[inline]
    pub(super) fn shape(&self, object: ObjectId) -> &ObjectShape {
        &self.shapes[self.shape.get(object.index()) as usize]
    }

    /// The number of the object's shape, for labels of what shapes tell.
    #[inline]
    pub(super) fn shape_number(&self, object: ObjectId) -> u32 {
        self.shape.get(object.index()) as u32
    }

    pub(super) fn shapes(&self) -> &[ObjectShape] {
        &self.shapes
    }

    #[inline]
    pub(super) fn address(&self, object: ObjectId) -> u64 {
        self.address.get(object.index())
    }

    #[inline]
    pub(super) fn size(&self, object: ObjectId) -> u64 {
        self.size.get(object.index())
    }

    pub(super) fn usable(&self, object: ObjectId) -> u64 {
        let surplus = self.surplus.get(object.index());
        let size = self.size(object);
        if surplus & 1 == 0 { size + (surplus >> 1) } else { size - (surplus >> 1) }
    }

    pub(super) fn serial(&self, object: ObjectId) -> u64 {
        self.serial.get(object.index())
    }

    #[inline]
    pub(super) fn context(&self, object: ObjectId) -> Option<ContextId> {
        (self.context.get(object.index()) as u32).checked_sub(1).map(ContextId::new)
    }

    pub(super) fn instance(&self, object: ObjectId) -> u32 {
        self.instance.get(object.index()) as u32
    }

    pub(super) fn age(&self, object: ObjectId) -> u32 {
        self.age.get(object.index()) as u32
    }

    pub(super) fn length(&self, object: ObjectId) -> Option<u64> {
        self.length.get(object.raw())
    }

    pub(super) fn name(&self, object: ObjectId) -> Option<&str> {
        let found = self.names.binary_search_by_key(&object.raw(), |&(at, _)| at).ok()?;
        Some(&self.names[found].1)
    }

    /// The first object whose place is behind an address of an instance.
    pub(super) fn after(&self, instance: u32, address: u64) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let object = ObjectId::new(middle as u32);
            if (self.instance(object), self.address(object)) <= (instance, address) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Bytes of memory that it takes.
    pub(super) fn resident_bytes(&self) -> usize {
        let columns = [&self.address, &self.size, &self.serial, &self.shape, &self.context, &self.instance, &self.age];
        let names = self.names.iter().map(|(_, name)| size_of::<(u32, String)>() + name.capacity()).sum::<usize>();
        columns.iter().map(|column| column.resident_bytes()).sum::<usize>()
            + self.surplus.resident_bytes()
            + self.length.resident_bytes()
            + names
            + self.shapes.capacity() * size_of::<ObjectShape>()
    }
}

/// Lengths of objects that show one: a list where they are few, a column of length plus one where they are many.
#[derive(Debug)]
enum Lengths {
    Few(Vec<(u32, u64)>),
    Many(Column),
}

/// Of how many objects one may have a length before the column is smaller than the list.
const OBJECTS_FOR_EACH_LENGTH: usize = 4;

impl Lengths {
    fn new(count: usize, mut lengths: Vec<(u32, u64)>) -> Self {
        if lengths.len() <= count / OBJECTS_FOR_EACH_LENGTH {
            lengths.shrink_to_fit();
            return Self::Few(lengths);
        }
        let mut all = vec![0; count];
        for (object, length) in lengths {
            all[object as usize] = length.saturating_add(1);
        }
        Self::Many(Column::of(&all))
    }

    fn get(&self, object: u32) -> Option<u64> {
        match self {
            Self::Few(lengths) => {
                lengths.binary_search_by_key(&object, |&(at, _)| at).ok().map(|found| lengths[found].1)
            }
            Self::Many(column) => column.get(object as usize).checked_sub(1),
        }
    }

    fn resident_bytes(&self) -> usize {
        match self {
            Self::Few(lengths) => lengths.capacity() * size_of::<(u32, u64)>(),
            Self::Many(column) => column.resident_bytes(),
        }
    }
}
