//! The module as an object: its static data, with its symbols as fields.

use heapy_engine::{Family, Field, HeapBuilder, ObjectRecord, Shape, TypeId, TypeRecord};

use super::typed::Types;
use crate::symbols::{StaticExtent, StaticSymbol};

/// The object of a module whose static data lies in `extent`.
pub(super) fn module_record(name: &str, extent: &StaticExtent, ty: TypeId) -> ObjectRecord {
    let size = extent.range.end - extent.range.start;
    ObjectRecord {
        family: Family::Module,
        ty: Some(ty),
        name: Some(name.to_owned()),
        ..ObjectRecord::block(extent.range.start, size)
    }
}

/// The type of a module: a struct of its symbols.
pub(super) fn add_module_type(
    builder: &mut HeapBuilder,
    name: &str,
    extent: &StaticExtent,
    symbols: &[StaticSymbol],
    types: &Types,
) -> TypeId {
    let fields = symbols
        .iter()
        .filter(|symbol| extent.range.contains(&symbol.address))
        .map(|symbol| Field {
            name: symbol.name.clone(),
            offset: symbol.address - extent.range.start,
            size: symbol.size,
            ty: types.of_static(symbol.address),
        })
        .collect();
    builder.add_type(TypeRecord {
        name: name.to_owned(),
        unit: None,
        size: extent.range.end - extent.range.start,
        shape: Shape::Struct(fields),
        storage: false,
    })
}
