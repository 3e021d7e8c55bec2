//! The line of a place in the code: what the debug information says of the innermost frame.

use std::collections::HashMap;
use std::sync::Mutex;

use super::dies::Dies;
use super::sections::Sections;

/// Address and line by ascending address; the line 0 ends a sequence.
type Rows = std::sync::Arc<[(u32, u32)]>;

/// Rows of the line tables, unit by unit, read when first asked for.
#[derive(Debug, Default)]
pub(super) struct Lines {
    units: Mutex<HashMap<u32, Rows>>,
}

impl Lines {
    /// The line of `place`, which is in the code of the unit with this number.
    pub(super) fn line(&self, dies: &Dies, sections: &Sections, unit: u32, place: u32) -> Option<u32> {
        let mut units = self.units.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let rows = units.entry(unit).or_insert_with(|| rows(dies, sections, unit).unwrap_or_default().into());
        let after = rows.partition_point(|&(address, _)| address <= place);
        let &(_, line) = rows.get(after.checked_sub(1)?)?;
        (line > 0).then_some(line)
    }
}

fn rows(dies: &Dies, sections: &Sections, unit: u32) -> gimli::Result<Vec<(u32, u32)>> {
    let dwarf = sections.dwarf();
    let start = gimli::DebugInfoOffset(dies.units[unit as usize].header as usize);
    let unit = dwarf.unit(dwarf.unit_header(start)?)?;
    let mut found = Vec::new();
    let Some(program) = unit.line_program.clone() else { return Ok(found) };
    // A row takes at least a byte of the program.
    let mut rows = program.rows();
    while let Ok(Some((_, row))) = rows.next_row() {
        let line = if row.end_sequence() { 0 } else { row.line().map_or(0, |line| line.get() as u32) };
        if row.address() > 0 {
            found.push((row.address() as u32, line));
        }
    }
    // Of rows at one address the last one counts, and the end of a sequence only where nothing begins.
    found.sort_by_key(|&(address, line)| (address, line > 0));
    Ok(found)
}
