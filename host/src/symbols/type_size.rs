//! How many bytes a value of a DWARF type takes.

use gimli::{AttributeValue, Unit, UnitOffset};

use super::dwarf::BorrowedReader;

/// Typedefs, qualifiers and array levels that are followed: real programs have a few, cyclic DWARF has no end.
const MAX_STEPS: usize = 64;

/// The size of the type that `entry` names, or none where DWARF does not say. Types of other units are not followed.
pub(super) fn size_of_type(unit: &Unit<BorrowedReader<'_>>, ty: UnitOffset) -> gimli::Result<Option<u64>> {
    let mut factor = 1u64;
    let mut at = ty;
    for _ in 0..MAX_STEPS {
        let entry = unit.entry(at)?;
        if let Some(size) = entry.attr_value(gimli::DW_AT_byte_size).and_then(|size| size.udata_value()) {
            return Ok(size.checked_mul(factor));
        }
        match entry.tag() {
            gimli::DW_TAG_pointer_type | gimli::DW_TAG_reference_type | gimli::DW_TAG_rvalue_reference_type => {
                return Ok(u64::from(unit.encoding().address_size).checked_mul(factor));
            }
            gimli::DW_TAG_array_type => {
                let Some(count) = element_count(unit, at)? else { return Ok(None) };
                let Some(product) = factor.checked_mul(count) else { return Ok(None) };
                factor = product;
            }
            _ => {}
        }
        match entry.attr_value(gimli::DW_AT_type) {
            Some(AttributeValue::UnitRef(next)) => at = next,
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// The product of an array's dimensions; none for arrays without end.
fn element_count(unit: &Unit<BorrowedReader<'_>>, array: UnitOffset) -> gimli::Result<Option<u64>> {
    let mut count = 1u64;
    let mut cursor = unit.entries_at_offset(array)?;
    let Some(root) = cursor.next_dfs()?.map(|entry| entry.depth()) else { return Ok(None) };
    while let Some(entry) = cursor.next_dfs()? {
        if entry.depth() <= root {
            break;
        }
        if entry.tag() != gimli::DW_TAG_subrange_type {
            continue;
        }
        let number = |name| entry.attr_value(name).and_then(|value| value.udata_value());
        let lower = number(gimli::DW_AT_lower_bound).unwrap_or(0);
        let elements = match (number(gimli::DW_AT_count), number(gimli::DW_AT_upper_bound)) {
            (Some(count), _) => count,
            (None, Some(upper)) => upper.wrapping_sub(lower).wrapping_add(1),
            (None, None) => return Ok(None),
        };
        match count.checked_mul(elements) {
            Some(product) => count = product,
            None => return Ok(None),
        }
    }
    Ok(Some(count))
}
