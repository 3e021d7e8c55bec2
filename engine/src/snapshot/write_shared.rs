//! The tables that the snapshots of a recording share: texts, types, frames, calling contexts.
//!
//! Texts, frames and contexts are interned over the whole recording, so that each is written once. Types may refer to
//! each other in circles and are shared as a table: a snapshot whose types begin with those of the one before adds only
//! the new ones, else it starts over.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, StringArray, UInt8Array, UInt32Array, UInt64Array};

use super::SnapshotError;
use super::table::{BATCH_ROWS, ColumnType, write_table};
use super::words::shape;
use super::write::{batches, text_batches};
use crate::heap::{Context, Field, Frame, Heap, Shape, TypeRecord};
use crate::id::{ContextId, FrameId, ObjectId, TypeId};

/// Rows of all snapshots so far, and which of them no entry has yet.
#[derive(Debug, Default)]
pub(super) struct SharedTables {
    texts: Interned<String>,
    frames: Interned<Frame>,
    contexts: Interned<Context>,
    types: Vec<TypeRecord>,
    types_written: usize,
    /// The snapshots whose `types` and `fields` make up the present types.
    type_snapshots: Vec<u32>,
    /// Whether the last snapshot has types that no entry had before.
    types_are_new: bool,
}

/// Values with the ids of their first sight.
#[derive(Debug)]
struct Interned<T> {
    ids: HashMap<T, u32>,
    values: Vec<T>,
    written: usize,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self { ids: HashMap::new(), values: Vec::new(), written: 0 }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Interned<T> {
    fn id<Q: Eq + std::hash::Hash + ToOwned<Owned = T> + ?Sized>(&mut self, value: &Q) -> u32
    where
        T: std::borrow::Borrow<Q>,
    {
        if let Some(&id) = self.ids.get(value) {
            return id;
        }
        let id = self.values.len() as u32;
        self.values.push(value.to_owned());
        self.ids.insert(value.to_owned(), id);
        id
    }

    fn new_values(&self) -> &[T] {
        &self.values[self.written..]
    }
}

/// Ids in the file of what a heap refers to.
pub(super) struct SnapshotIds {
    contexts: Vec<u32>,
    names: BTreeMap<ObjectId, u32>,
}

impl SnapshotIds {
    pub(super) fn context(&self, context: ContextId) -> u32 {
        self.contexts[context.index()]
    }

    pub(super) fn name(&self, object: ObjectId) -> Option<u32> {
        self.names.get(&object).copied()
    }
}

impl SharedTables {
    /// Gives everything of a heap its id in the file.
    pub(super) fn intern(&mut self, heap: &Heap, number: u32) -> Result<SnapshotIds, SnapshotError> {
        let mut contexts: Vec<u32> = Vec::with_capacity(heap.context_count());
        for index in 0..heap.context_count() {
            let record = heap.context_record(ContextId::new(index as u32));
            let caller = match record.caller {
                None => None,
                Some(caller) => Some(*contexts.get(caller.index()).ok_or_else(|| SnapshotError::Unwritable {
                    what: "the calling contexts",
                    detail: format!("context {index} comes before its caller {}", caller.raw()),
                })?),
            };
            let frame = FrameId::new(self.frames.id(heap.frame(record.frame)));
            contexts.push(self.contexts.id(&Context { caller: caller.map(ContextId::new), frame }));
        }
        let named = heap.objects().filter_map(|object| Some((object, heap.name(object)?)));
        let names = named.map(|(object, name)| (object, self.texts.id(name))).collect();
        self.intern_types(heap, number);
        Ok(SnapshotIds { contexts, names })
    }

    /// The id of a text.
    pub(super) fn text(&mut self, text: &str) -> u32 {
        self.texts.id(text)
    }

    fn intern_types(&mut self, heap: &Heap, number: u32) {
        let types = || (0..heap.type_count()).map(|index| heap.type_record(TypeId::new(index as u32)));
        let continued = heap.type_count() >= self.types.len() && self.types.iter().eq(types().take(self.types.len()));
        if !continued {
            self.types.clear();
            self.types_written = 0;
            self.type_snapshots.clear();
        }
        self.types.extend(types().skip(self.types.len()).cloned());
        self.types_are_new = self.types.len() > self.types_written || self.type_snapshots.is_empty();
        if self.types_are_new && self.type_snapshots.last() != Some(&number) {
            self.type_snapshots.push(number);
        }
    }

    /// The entries that make up each shared table of the last of the snapshots that were written, which are given in order.
    pub(super) fn segments(&self, all: &[u32]) -> BTreeMap<String, Vec<String>> {
        let entries = |table: &str, numbers: &[u32]| {
            (table.to_owned(), numbers.iter().map(|number| format!("{number}/{table}.arrow")).collect())
        };
        BTreeMap::from([
            entries("strings", all),
            entries("frames", all),
            entries("contexts", all),
            entries("types", &self.type_snapshots),
            entries("fields", &self.type_snapshots),
        ])
    }

    /// The rows that no entry has yet, as tables.
    pub(super) fn new_rows(&self) -> Result<Vec<(&'static str, Vec<u8>)>, SnapshotError> {
        let mut tables = vec![
            ("strings", strings(self.texts.new_values())?),
            ("frames", frames(self.frames.new_values())?),
            ("contexts", contexts(self.contexts.new_values())?),
        ];
        if self.types_are_new {
            let new = self.types_written..self.types.len();
            tables.push(("types", types(&self.types[new.clone()])?));
            tables.push(("fields", fields(&self.types[new.clone()], new.start)?));
        }
        Ok(tables)
    }

    /// The new rows have their entries now.
    pub(super) fn commit(&mut self) {
        self.texts.written = self.texts.values.len();
        self.frames.written = self.frames.values.len();
        self.contexts.written = self.contexts.values.len();
        self.types_written = self.types.len();
    }
}

fn strings(texts: &[String]) -> Result<Vec<u8>, SnapshotError> {
    let ranges = text_batches(texts.iter().map(String::len))?;
    let batch =
        |range: Range<usize>| -> Vec<ArrayRef> { vec![Arc::new(StringArray::from_iter_values(texts[range].iter()))] };
    write_table(&[("text", ColumnType::Text)], ranges.into_iter().map(batch))
}

fn frames(frames: &[Frame]) -> Result<Vec<u8>, SnapshotError> {
    use ColumnType::{Bool, Text, U32, U64};
    let columns = [
        ("function", Text),
        ("file", Text),
        ("line", U32),
        ("column", U32),
        ("unit", Text),
        ("offset", U64),
        ("inlined", Bool),
        ("library", Bool),
        ("reallocates", Bool),
    ];
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let ranges = text_batches(
        frames.iter().map(|frame| frame.function.len().max(length(&frame.file)).max(length(&frame.unit))),
    )?;
    let batch = |range: Range<usize>| -> Vec<ArrayRef> {
        let frames = &frames[range];
        vec![
            Arc::new(StringArray::from_iter_values(frames.iter().map(|frame| &frame.function))),
            Arc::new(frames.iter().map(|frame| frame.file.as_deref()).collect::<StringArray>()),
            Arc::new(frames.iter().map(|frame| frame.line).collect::<UInt32Array>()),
            Arc::new(frames.iter().map(|frame| frame.column).collect::<UInt32Array>()),
            Arc::new(frames.iter().map(|frame| frame.unit.as_deref()).collect::<StringArray>()),
            Arc::new(frames.iter().map(|frame| frame.offset).collect::<UInt64Array>()),
            Arc::new(frames.iter().map(|frame| Some(frame.inlined)).collect::<BooleanArray>()),
            Arc::new(frames.iter().map(|frame| Some(frame.library)).collect::<BooleanArray>()),
            Arc::new(frames.iter().map(|frame| Some(frame.reallocates)).collect::<BooleanArray>()),
        ]
    };
    write_table(&columns, ranges.into_iter().map(batch))
}

fn contexts(contexts: &[Context]) -> Result<Vec<u8>, SnapshotError> {
    let batch = |range: Range<usize>| -> Vec<ArrayRef> {
        let contexts = &contexts[range];
        vec![
            Arc::new(contexts.iter().map(|context| context.caller.map(ContextId::raw)).collect::<UInt32Array>()),
            Arc::new(UInt32Array::from_iter_values(contexts.iter().map(|context| context.frame.raw()))),
        ]
    };
    let columns = [("caller", ColumnType::U32), ("frame", ColumnType::U32)];
    write_table(&columns, batches(contexts.len(), BATCH_ROWS).map(batch))
}

fn types(types: &[TypeRecord]) -> Result<Vec<u8>, SnapshotError> {
    use ColumnType::{Bool, Text, U8, U32, U64};
    let columns = [
        ("name", Text),
        ("unit", Text),
        ("size", U64),
        ("shape", U8),
        ("element", U32),
        ("stride", U64),
        ("storage", Bool),
    ];
    let ranges = text_batches(types.iter().map(|ty| ty.name.len().max(ty.unit.as_ref().map_or(0, String::len))))?;
    let array = |ty: &TypeRecord| match ty.shape {
        Shape::Array { element, stride } => Some((element.raw(), stride)),
        _ => None,
    };
    let batch = |range: Range<usize>| -> Vec<ArrayRef> {
        let types = &types[range];
        vec![
            Arc::new(StringArray::from_iter_values(types.iter().map(|ty| &ty.name))),
            Arc::new(types.iter().map(|ty| ty.unit.as_deref()).collect::<StringArray>()),
            Arc::new(UInt64Array::from_iter_values(types.iter().map(|ty| ty.size))),
            Arc::new(UInt8Array::from_iter_values(types.iter().map(|ty| shape_code(&ty.shape)))),
            Arc::new(types.iter().map(|ty| array(ty).map(|(element, _)| element)).collect::<UInt32Array>()),
            Arc::new(types.iter().map(|ty| array(ty).map(|(_, stride)| stride)).collect::<UInt64Array>()),
            Arc::new(types.iter().map(|ty| Some(ty.storage)).collect::<BooleanArray>()),
        ]
    };
    write_table(&columns, ranges.into_iter().map(batch))
}

fn shape_code(shape: &Shape) -> u8 {
    match shape {
        Shape::Opaque => shape::OPAQUE,
        Shape::Struct(_) => shape::STRUCT,
        Shape::Array { .. } => shape::ARRAY,
        Shape::Pointer => shape::POINTER,
        Shape::Scalar => shape::SCALAR,
    }
}

fn fields(types: &[TypeRecord], first: usize) -> Result<Vec<u8>, SnapshotError> {
    use ColumnType::{Text, U32, U64};
    let columns = [("owner", U32), ("name", Text), ("offset", U64), ("size", U64), ("type", U32)];
    let mut rows: Vec<(u32, &Field)> = Vec::new();
    for (index, ty) in types.iter().enumerate() {
        if let Shape::Struct(fields) = &ty.shape {
            rows.extend(fields.iter().map(|field| ((first + index) as u32, field)));
        }
    }
    let ranges = text_batches(rows.iter().map(|(_, field)| field.name.len()))?;
    let batch = |range: Range<usize>| -> Vec<ArrayRef> {
        let rows = &rows[range];
        vec![
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|(owner, _)| *owner))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, field)| &field.name))),
            Arc::new(UInt64Array::from_iter_values(rows.iter().map(|(_, field)| field.offset))),
            Arc::new(UInt64Array::from_iter_values(rows.iter().map(|(_, field)| field.size))),
            Arc::new(rows.iter().map(|(_, field)| field.ty.map(TypeId::raw)).collect::<UInt32Array>()),
        ]
    };
    write_table(&columns, ranges.into_iter().map(batch))
}
