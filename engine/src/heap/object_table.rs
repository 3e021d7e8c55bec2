//! The objects of a frozen heap, one column for each property.
//!
//! Family, types and what they rest on repeat from object to object, so that they are one number: a *shape* that stands
//! for a row of a small table.

use hashbrown::HashMap;

use super::column::{Column, SmallColumn};
use super::object::{Family, ObjectRecord, TypeEvidence};
use super::staged_column::StagedColumn;
use crate::id::{ContextId, ObjectId, TypeId};

/// What many objects have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ObjectShape {
    pub(super) family: Family,
    pub(super) ty: Option<TypeId>,
    pub(super) class: Option<TypeId>,
    pub(super) evidence: TypeEvidence,
}

/// Takes objects in any order.
#[derive(Debug, Default)]
pub(super) struct StagedObjects {
    count: usize,
    address: StagedColumn,
    size: StagedColumn,
    surplus: StagedColumn,
    serial: StagedColumn,
    shape: StagedColumn,
    /// The context's id plus one; 0 for none.
    context: StagedColumn,
    instance: StagedColumn,
    age: StagedColumn,
    shapes: Vec<ObjectShape>,
    shape_ids: HashMap<ObjectShape, u32>,
    /// The number of the shape of the object before.
    shape_before: u32,
    /// One above the highest context that an object names.
    contexts_end: u32,
    total: u128,
    lengths: Vec<(u32, u64)>,
    names: Vec<(u32, String)>,
}

impl StagedObjects {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn reserve(&mut self, objects: usize) {
        for column in self.columns() {
            column.reserve(objects);
        }
    }

    fn columns(&mut self) -> [&mut StagedColumn; 8] {
        [
            &mut self.address,
            &mut self.size,
            &mut self.surplus,
            &mut self.serial,
            &mut self.shape,
            &mut self.context,
            &mut self.instance,
            &mut self.age,
        ]
    }

    #[inline]
    pub(super) fn push(&mut self, record: ObjectRecord) {
        let key = self.count as u32;
        let shape =
            ObjectShape { family: record.family, ty: record.ty, class: record.class, evidence: record.evidence };
        let shape = self.shape_number(shape);
        self.lengths.extend(record.length.map(|length| (key, length)));
        self.names.extend(record.name.map(|name| (key, name)));
        let context = record.context.map_or(0, |context| context.raw() + 1);
        self.contexts_end = self.contexts_end.max(context);
        self.total += u128::from(record.size.max(record.usable));
        self.address.push(record.address);
        self.size.push(record.size);
        self.surplus.push(surplus(record.size, record.usable));
        self.serial.push(record.serial);
        self.shape.push(shape.into());
        self.context.push(context.into());
        self.instance.push(record.instance.into());
        self.age.push(record.age.into());
        self.count += 1;
    }

    #[inline]
    fn shape_number(&mut self, shape: ObjectShape) -> u32 {
        // Neighbours are often alike.
        if self.shapes.get(self.shape_before as usize) != Some(&shape) {
            let shapes = &mut self.shapes;
            self.shape_before = *self.shape_ids.entry(shape).or_insert_with(|| {
                shapes.push(shape);
                (shapes.len() - 1) as u32
            });
        }
        self.shape_before
    }

    pub(super) fn shapes(&self) -> &[ObjectShape] {
        &self.shapes
    }

    /// The sum of what the objects take, in bytes.
    pub(super) fn total(&self) -> u128 {
        self.total
    }

    /// The highest context that an object names.
    pub(super) fn max_context(&self) -> Option<u32> {
        self.contexts_end.checked_sub(1)
    }

    /// The ids of the objects by their keys: by instance, address and family. None if they come in that order.
    pub(super) fn order(&self) -> Option<Vec<u32>> {
        let place = |key: usize| (self.instance.get(key), self.address.get(key));
        let family = |key: usize| self.shapes[self.shape.get(key) as usize].family;
        let in_order = |first: usize, second: usize| {
            let (before, behind) = (place(first), place(second));
            before < behind || before == behind && family(first) <= family(second)
        };
        if (1..self.count).all(|key| in_order(key - 1, key)) {
            return None;
        }
        let mut keys: Vec<u32> = (0..self.count as u32).collect();
        keys.sort_by_key(|&key| (place(key as usize), family(key as usize)));
        let mut ids = vec![0; keys.len()];
        for (id, &key) in keys.iter().enumerate() {
            ids[key as usize] = id as u32;
        }
        Some(ids)
    }

    /// Freezes the objects under the given ids.
    pub(super) fn freeze(mut self, ids: Option<&[u32]>) -> ObjectTable {
        if let Some(ids) = ids {
            for column in self.columns() {
                column.permute(ids);
            }
            for (key, _) in &mut self.lengths {
                *key = ids[*key as usize];
            }
            for (key, _) in &mut self.names {
                *key = ids[*key as usize];
            }
            self.lengths.sort_unstable();
            self.names.sort_unstable();
        }
        ObjectTable {
            count: self.count,
            address: self.address.freeze(),
            size: self.size.freeze(),
            surplus: self.surplus.freeze_small(),
            serial: self.serial.freeze(),
            shape: self.shape.freeze(),
            context: self.context.freeze(),
            instance: self.instance.freeze(),
            age: self.age.freeze(),
            length: Lengths::new(self.count, self.lengths),
            names: self.names,
            shapes: self.shapes,
        }
    }
}

/// Twice what usable is above size; odd where it is below.
fn surplus(size: u64, usable: u64) -> u64 {
    match usable.checked_sub(size) {
        Some(surplus) => surplus << 1,
        // An allocator that commits less than was asked for is one whose sizes are misread; keep what it said.
        None => ((size - usable) << 1) | 1,
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
