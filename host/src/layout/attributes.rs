//! Values of attributes of debugging entries.

use gimli::AttributeValue;

use super::sections::Reader;

/// A constant, whatever its form.
pub(super) fn number(value: &AttributeValue<Reader<'_>>) -> Option<i64> {
    match value {
        AttributeValue::Sdata(value) => Some(*value),
        other => other.udata_value().map(|value| value as i64).or_else(|| other.sdata_value()),
    }
}

/// The encoding of a base type.
pub(super) fn encoding(value: &AttributeValue<Reader<'_>>) -> Option<i64> {
    match value {
        AttributeValue::Encoding(encoding) => Some(i64::from(encoding.0)),
        other => number(other),
    }
}

/// `DW_OP_plus_uconst N` or `DW_OP_constu N`: how DWARF 2 writes the offset of a member.
pub(super) fn constant_offset(
    expression: gimli::Expression<Reader<'_>>,
    unit: &gimli::Unit<Reader<'_>>,
) -> Option<i64> {
    match expression.operations(unit.encoding()).next() {
        Ok(Some(gimli::Operation::PlusConstant { value } | gimli::Operation::UnsignedConstant { value })) => {
            Some(value as i64)
        }
        _ => None,
    }
}
