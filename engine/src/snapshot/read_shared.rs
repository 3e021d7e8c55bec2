//! The shared tables of a snapshot: texts, types, frames, calling contexts.

use super::SnapshotError;
use super::read::Tables;
use super::record_batch::Batch;
use super::table::ColumnType;
use super::words::shape;
use crate::heap::{Field, Frame, HeapBuilder, Shape, TypeRecord};
use crate::id::{ContextId, FrameId, TypeId};

/// What objects and edges of a snapshot refer to by id.
pub(super) struct Shared {
    texts: Vec<String>,
    contexts: Vec<ContextId>,
}

impl Shared {
    /// The text of an id.
    pub(super) fn text(&self, id: u64) -> Option<&str> {
        self.texts.get(usize::try_from(id).ok()?).map(String::as_str)
    }

    /// The heap's context of an id in the file.
    pub(super) fn context(&self, batch: &Batch<'_>, id: u32) -> Result<ContextId, SnapshotError> {
        let context = self.contexts.get(id as usize).copied();
        context.ok_or_else(|| batch.wrong(format!("context {id} does not exist ({} given)", self.contexts.len())))
    }
}

/// Reads the shared tables and tells the builder of types, frames and contexts.
pub(super) fn read_shared(tables: &Tables<'_>, builder: &mut HeapBuilder) -> Result<Shared, SnapshotError> {
    let mut texts = Vec::new();
    tables.read("strings", |batch, _| {
        let column = batch.complete("text", ColumnType::Text)?;
        for row in 0..batch.rows {
            texts.push(column.text(row).ok_or_else(|| batch.wrong(format!("text {row} is damaged")))?.to_owned());
        }
        Ok(())
    })?;
    for record in types(tables)? {
        builder.add_type(record);
    }
    let frames = frames(tables, builder)?;
    let contexts = contexts(tables, &frames, builder)?;
    Ok(Shared { texts, contexts })
}

fn types(tables: &Tables<'_>) -> Result<Vec<TypeRecord>, SnapshotError> {
    let mut types: Vec<TypeRecord> = Vec::new();
    tables.read("types", |batch, _| {
        let (names, units) = (batch.complete("name", ColumnType::Text)?, batch.optional("unit", ColumnType::Text)?);
        let (sizes, shapes) = (batch.u64s("size")?, batch.u8s("shape")?);
        let (elements, strides) =
            (batch.optional("element", ColumnType::U32)?, batch.optional("stride", ColumnType::U64)?);
        let storage = batch.complete("storage", ColumnType::Bool)?;
        for row in 0..batch.rows {
            let shape = match (shapes.at(row), elements.u32(row), strides.u64(row)) {
                (shape::OPAQUE, ..) => Shape::Opaque,
                (shape::STRUCT, ..) => Shape::Struct(Vec::new()),
                (shape::ARRAY, Some(element), Some(stride)) => Shape::Array { element: TypeId::new(element), stride },
                (shape::POINTER, ..) => Shape::Pointer,
                (shape::SCALAR, ..) => Shape::Scalar,
                (code, ..) => return Err(batch.wrong(format!("type {row} has no shape of kind {code}"))),
            };
            types.push(TypeRecord {
                name: names.text(row).ok_or_else(|| batch.wrong(format!("the name of type {row} is damaged")))?.into(),
                unit: units.text(row).map(str::to_owned),
                size: sizes.at(row),
                shape,
                storage: storage.bool(row) == Some(true),
            });
        }
        Ok(())
    })?;
    fields(tables, &mut types)?;
    let exists = |ty: &TypeId| ty.index() < types.len();
    for (index, record) in types.iter().enumerate() {
        let known = match &record.shape {
            Shape::Array { element, .. } => exists(element),
            Shape::Struct(fields) => fields.iter().filter_map(|field| field.ty.as_ref()).all(exists),
            _ => true,
        };
        if !known {
            return Err(tables.wrong("types", format!("type {index} refers to a type that does not exist")));
        }
    }
    Ok(types)
}

fn fields(tables: &Tables<'_>, types: &mut [TypeRecord]) -> Result<(), SnapshotError> {
    tables.read("fields", |batch, _| {
        let owners = batch.u32s("owner")?;
        let names = batch.complete("name", ColumnType::Text)?;
        let (offsets, sizes) = (batch.u64s("offset")?, batch.u64s("size")?);
        let field_types = batch.optional("type", ColumnType::U32)?;
        for row in 0..batch.rows {
            let owner = types.get_mut(owners.at(row) as usize).map(|owner| &mut owner.shape);
            let Some(Shape::Struct(fields)) = owner else {
                return Err(batch.wrong(format!("field {row} belongs to type {}, which is no struct", owners.at(row))));
            };
            fields.push(Field {
                name: names.text(row).ok_or_else(|| batch.wrong(format!("the name of field {row} is damaged")))?.into(),
                offset: offsets.at(row),
                size: sizes.at(row),
                ty: field_types.u32(row).map(TypeId::new),
            });
        }
        Ok(())
    })?;
    Ok(())
}

fn frames(tables: &Tables<'_>, builder: &mut HeapBuilder) -> Result<Vec<FrameId>, SnapshotError> {
    let mut ids = Vec::new();
    tables.read("frames", |batch, _| {
        let functions = batch.complete("function", ColumnType::Text)?;
        let (files, units) = (batch.optional("file", ColumnType::Text)?, batch.optional("unit", ColumnType::Text)?);
        let (lines, columns) = (batch.optional("line", ColumnType::U32)?, batch.optional("column", ColumnType::U32)?);
        let offsets = batch.optional("offset", ColumnType::U64)?;
        let inlined = batch.complete("inlined", ColumnType::Bool)?;
        let library = batch.complete("library", ColumnType::Bool)?;
        let reallocates = batch.added("reallocates", ColumnType::Bool)?;
        for row in 0..batch.rows {
            let function = functions.text(row);
            ids.push(builder.add_frame(Frame {
                function:
                    function.ok_or_else(|| batch.wrong(format!("the function of frame {row} is damaged")))?.into(),
                file: files.text(row).map(str::to_owned),
                line: lines.u32(row),
                column: columns.u32(row),
                unit: units.text(row).map(str::to_owned),
                offset: offsets.u64(row),
                inlined: inlined.bool(row) == Some(true),
                library: library.bool(row) == Some(true),
                reallocates: reallocates.and_then(|column| column.bool(row)) == Some(true),
            }));
        }
        Ok(())
    })?;
    Ok(ids)
}

fn contexts(
    tables: &Tables<'_>,
    frames: &[FrameId],
    builder: &mut HeapBuilder,
) -> Result<Vec<ContextId>, SnapshotError> {
    let mut ids: Vec<ContextId> = Vec::new();
    tables.read("contexts", |batch, _| {
        let (callers, own) = (batch.optional("caller", ColumnType::U32)?, batch.u32s("frame")?);
        for row in 0..batch.rows {
            let frame = own.at(row);
            let known = frames.get(frame as usize).copied();
            let frame = known.ok_or_else(|| batch.wrong(format!("frame {frame} does not exist")))?;
            // A caller comes before what it calls: otherwise contexts could run in a circle.
            let caller = match callers.u32(row) {
                None => None,
                Some(caller) => Some(ids.get(caller as usize).copied().ok_or_else(|| {
                    batch.wrong(format!("context {} names the later context {caller} as its caller", ids.len()))
                })?),
            };
            ids.push(builder.add_context(caller, frame));
        }
        Ok(())
    })?;
    Ok(ids)
}
