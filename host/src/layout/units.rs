//! Which units the debug information has, where they are, and what was split off from them.

use std::collections::HashMap;

use rayon::prelude::*;

use super::dies::NONE;
use super::sections::{Reader, Sections};
use crate::module::split_unit;

/// A unit's head.
type Header<'module> = gimli::UnitHeader<Reader<'module>>;

/// The heads of all units in `.debug_info`, and why the list ended early.
pub(super) fn headers<'module>(dwarf: &gimli::Dwarf<Reader<'module>>) -> (Vec<Header<'module>>, Option<String>) {
    let mut headers = Vec::new();
    let mut iterator = dwarf.units();
    loop {
        match iterator.next() {
            Ok(Some(header)) => headers.push(header),
            Ok(None) => return (headers, None),
            Err(error) => return (headers, Some(error.to_string())),
        }
    }
}

/// The units that can be read, in parallel, each with the offset from which its entries are counted: those that were
/// split off stand behind all others.
pub(super) fn open<'module>(
    sections: &'module Sections,
    dwarf: &gimli::Dwarf<Reader<'module>>,
    headers: Vec<Header<'module>>,
) -> Vec<(u32, Opened<'module>)> {
    let open: Vec<Opened<'_>> = headers.into_par_iter().map(|header| opened(sections, dwarf, header)).collect();
    let own = open.iter().filter(|unit| unit.split.is_none());
    let mut next = own.map(|unit| unit.header.saturating_add(unit.length)).max().unwrap_or(0);
    // A unit that was split off has left its head behind.
    next = next.max(open.iter().map(|unit| unit.header.saturating_add(1)).max().unwrap_or(0));
    let placed = open.into_iter().map(|unit| {
        let start = if unit.split.is_some() { next } else { unit.header };
        next = if unit.split.is_some() { next.saturating_add(unit.length) } else { next };
        (start, unit)
    });
    placed.collect()
}

/// Where the types of type units are in `.debug_info`, by their signatures.
pub(super) type Signatures = HashMap<u64, u32>;

pub(super) fn signatures(headers: &[gimli::UnitHeader<Reader<'_>>]) -> Signatures {
    let typed = headers.iter().filter_map(|header| match header.type_() {
        gimli::UnitType::Type { type_signature, type_offset } => {
            let start = header.debug_info_offset()?.0;
            Some((type_signature.0, u32::try_from(start.checked_add(type_offset.0)?).ok()?))
        }
        _ => None,
    });
    typed.collect()
}

/// A unit that can be read.
pub(super) struct Opened<'module> {
    /// Where its header is in `.debug_info`.
    pub(super) header: u32,
    /// Bytes of its entries, wherever these are.
    pub(super) length: u32,
    /// The unit itself.
    pub(super) unit: gimli::Result<gimli::Unit<Reader<'module>>>,
    /// What it was split off into.
    pub(super) split: Option<gimli::Dwarf<Reader<'module>>>,
}

/// Reads the head of a unit, and of what was split off from it.
fn opened<'module>(
    sections: &'module Sections,
    dwarf: &gimli::Dwarf<Reader<'module>>,
    header: gimli::UnitHeader<Reader<'module>>,
) -> Opened<'module> {
    let start = header.debug_info_offset().map_or(NONE as usize, |offset| offset.0) as u32;
    let length = header.length_including_self() as u32;
    let unit = dwarf.unit(header);
    let id = unit.as_ref().ok().and_then(|unit| unit.dwo_id);
    let split = id.and_then(|id| {
        let split = sections.debug().split(id)?;
        let inside = split_unit(&split, id)?;
        Some((split, inside))
    });
    match (unit, split) {
        (Ok(skeleton), Some((split, mut unit))) => {
            unit.copy_relocated_attributes(&skeleton);
            let length = unit.header.length_including_self() as u32;
            Opened { header: start, length, unit: Ok(unit), split: Some(split) }
        }
        (unit, _) => Opened { header: start, length, unit, split: None },
    }
}
