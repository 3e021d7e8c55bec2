//! Symbols of static data, and where static data, the shadow stack and the heap lie in linear memory.
//!
//! Symbols come from DWARF variables at fixed addresses, the symbol table of the linking section, and names of data
//! segments that hold one symbol each (`.data.table`). Linked modules seldom say where the heap begins; what is known is
//! told apart from what is assumed.

use gimli::{AttributeValue, Operation, Reader, Unit};
use rayon::prelude::*;
use wasmparser::{BinaryReader, Linking, LinkingSectionReader, SymbolInfo};

use super::demangle::{clean, demangle};
use super::dwarf::{BorrowedDwarf, BorrowedReader};
use super::type_size::size_of_type;
use crate::module::{ModuleStructure, Names, split_unit};

/// A variable in static data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StaticSymbol {
    /// Its address.
    pub address: u64,
    /// Its bytes; 0 where that is unknown.
    pub size: u64,
    /// Its name, qualified only where the name alone is ambiguous.
    pub name: String,
}

/// A symbol with the scopes that it is in, outermost first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Scoped {
    address: u64,
    size: u64,
    name: String,
    scope: String,
}

/// All symbols in the order of addresses, none overlapping another. Time linear in `.debug_info`, in parallel.
///
/// The second value is what went wrong on the way, if anything did.
pub(super) fn static_symbols(module: &ModuleStructure, names: &Names) -> (Vec<StaticSymbol>, Option<String>) {
    let (mut found, broken) = from_dwarf(module);
    found.extend(from_linking(module));
    found.extend(from_segment_names(module, names));
    // Of symbols at one address the widest stays, then the one with the first name.
    found.sort_by(|a, b| (a.address, b.size, &a.name, &a.scope).cmp(&(b.address, a.size, &b.name, &b.scope)));
    let mut end = 0;
    found.retain(|symbol| {
        let fits = symbol.address >= end && symbol.address != 0;
        if fits {
            end = symbol.address.saturating_add(symbol.size.max(1));
        }
        fits
    });
    (qualified(found), broken)
}

/// Names with their scopes where the name alone occurs more than once.
fn qualified(found: Vec<Scoped>) -> Vec<StaticSymbol> {
    let mut count = std::collections::HashMap::new();
    for symbol in &found {
        *count.entry(symbol.name.clone()).or_insert(0u32) += 1;
    }
    found
        .into_iter()
        .map(|symbol| {
            let ambiguous = count.get(&symbol.name).is_some_and(|&count| count > 1) && !symbol.scope.is_empty();
            let name = if ambiguous { format!("{}::{}", symbol.scope, symbol.name) } else { symbol.name };
            StaticSymbol { address: symbol.address, size: symbol.size, name }
        })
        .collect()
}

fn from_dwarf(module: &ModuleStructure) -> (Vec<Scoped>, Option<String>) {
    let dwarf = module.debug().dwarf();
    let mut headers = Vec::new();
    let mut units = dwarf.units();
    let mut broken = None;
    loop {
        match units.next() {
            Ok(Some(header)) => headers.push(header),
            Ok(None) => break,
            Err(error) => {
                broken = Some(error.to_string());
                break;
            }
        }
    }
    let parts: Vec<(Vec<Scoped>, Option<String>)> = headers
        .into_par_iter()
        .map(|header| {
            let mut found = Vec::new();
            let read = dwarf.unit(header).and_then(|unit| {
                let split = unit.dwo_id.and_then(|id| {
                    let split = module.debug().split(id)?;
                    let mut inside = split_unit(&split, id)?;
                    inside.copy_relocated_attributes(&unit);
                    Some((split, inside))
                });
                match &split {
                    Some((split, inside)) => variables(module, split, inside, &mut found),
                    None => variables(module, &dwarf, &unit, &mut found),
                }
            });
            (found, read.err().map(|error| error.to_string()))
        })
        .collect();
    let mut found = Vec::new();
    for (part, error) in parts {
        found.extend(part);
        broken = broken.or(error);
    }
    (found, broken)
}

/// Adds the variables of one unit that have a fixed address.
fn variables(
    module: &ModuleStructure,
    dwarf: &BorrowedDwarf<'_>,
    unit: &Unit<BorrowedReader<'_>>,
    found: &mut Vec<Scoped>,
) -> gimli::Result<()> {
    let mut scopes: Vec<(isize, String)> = Vec::new();
    let mut cursor = unit.entries();
    while let Some(entry) = cursor.next_dfs()? {
        let depth = entry.depth();
        while scopes.last().is_some_and(|(scope, _)| *scope >= depth) {
            scopes.pop();
        }
        match entry.tag() {
            gimli::DW_TAG_namespace | gimli::DW_TAG_subprogram => {
                let name = name_of(dwarf, unit, entry.attr_value(gimli::DW_AT_name));
                scopes.push((depth, name.unwrap_or_default()));
            }
            gimli::DW_TAG_variable => {
                let Some(AttributeValue::Exprloc(place)) = entry.attr_value(gimli::DW_AT_location) else { continue };
                let Some(address) = fixed_address(module, dwarf, unit, place)? else { continue };
                let declaration = match entry.attr_value(gimli::DW_AT_specification) {
                    Some(AttributeValue::UnitRef(offset)) => Some(unit.entry(offset)?),
                    _ => None,
                };
                let attribute = |name| {
                    entry.attr_value(name).or_else(|| declaration.as_ref().and_then(|entry| entry.attr_value(name)))
                };
                let name = name_of(dwarf, unit, attribute(gimli::DW_AT_name)).or_else(|| {
                    name_of(dwarf, unit, attribute(gimli::DW_AT_linkage_name)).map(|raw| demangle(&raw).text)
                });
                let Some(name) = name else { continue };
                let size = match attribute(gimli::DW_AT_type) {
                    Some(AttributeValue::UnitRef(ty)) => size_of_type(unit, ty)?,
                    _ => None,
                };
                let scope: Vec<&str> =
                    scopes.iter().map(|(_, name)| name.as_str()).filter(|name| !name.is_empty()).collect();
                found.push(Scoped {
                    address,
                    size: size.unwrap_or(0),
                    name: clean(&name),
                    scope: clean(&scope.join("::")),
                });
            }
            _ => {}
        }
    }
    Ok(())
}

fn name_of<R: Reader>(dwarf: &gimli::Dwarf<R>, unit: &Unit<R>, value: Option<AttributeValue<R>>) -> Option<String> {
    let text = dwarf.attr_string(unit, value?).ok()?;
    text.to_string_lossy().ok().map(|text| text.into_owned()).filter(|text| !text.is_empty())
}

/// The address of `DW_OP_addr X`, or of `DW_OP_WASM_location global; DW_OP_addr X; DW_OP_plus` where that global is a
/// constant, as position-independent code has it.
fn fixed_address(
    module: &ModuleStructure,
    dwarf: &BorrowedDwarf<'_>,
    unit: &Unit<BorrowedReader<'_>>,
    place: gimli::Expression<BorrowedReader<'_>>,
) -> gimli::Result<Option<u64>> {
    let mut base = None;
    let mut address = None;
    let mut operations = place.operations(unit.encoding());
    while let Some(operation) = operations.next()? {
        match operation {
            Operation::Address { address: at } => address = Some(at),
            Operation::AddressIndex { index } => address = Some(dwarf.address(unit, index)?),
            Operation::WasmGlobal { index } => {
                let global = module.globals.get(index as usize).filter(|global| !global.mutable);
                let Some(value) = global.and_then(|global| global.initial) else { return Ok(None) };
                base = Some(value);
            }
            Operation::Plus if base.is_some() && address.is_some() => {}
            // Anything else is a part of a variable, or one that the optimiser keeps in pieces.
            _ => return Ok(None),
        }
    }
    // The linker leaves variables that it dropped at the end of the address space.
    let tombstone = |at: u64| (0xffff_fffe..=0xffff_ffff).contains(&at) || at >= u64::MAX - 1;
    Ok(address.filter(|&at| !tombstone(at)).map(|at| at.wrapping_add(base.unwrap_or(0))))
}

/// Symbols of a module that was linked with its symbol table kept, or that is an object file.
fn from_linking(module: &ModuleStructure) -> Vec<Scoped> {
    let Some(range) = module.custom("linking") else { return Vec::new() };
    let reader = BinaryReader::new(&module.bytes[range.clone()], range.start);
    let Ok(sections) = LinkingSectionReader::new(reader) else { return Vec::new() };
    let mut found = Vec::new();
    for table in sections.subsections().filter_map(Result::ok) {
        let Linking::SymbolTable(symbols) = table else { continue };
        for symbol in symbols.into_iter().filter_map(Result::ok) {
            if let SymbolInfo::Data { name, symbol: Some(place), .. } = symbol
                && let Some(segment) = module.data.get(place.index as usize)
                && !segment.is_empty()
            {
                found.push(Scoped {
                    address: segment.start.saturating_add(u64::from(place.offset)),
                    size: u64::from(place.size),
                    name: demangle(name).text,
                    scope: String::new(),
                });
            }
        }
    }
    found
}

/// `.data.table`, `.bss.cache`: a segment that is one symbol. `.data` and `.rodata` alone are no symbols.
fn from_segment_names(module: &ModuleStructure, names: &Names) -> Vec<Scoped> {
    let one_symbol = |(index, place): (usize, &std::ops::Range<u64>)| {
        let name = names.segment(index as u32)?;
        let symbol =
            [".data.rel.ro.", ".data.", ".bss.", ".tdata.", ".tbss."].iter().find_map(|p| name.strip_prefix(p))?;
        let address = (!place.is_empty() && !symbol.is_empty()).then_some(place.start)?;
        Some(Scoped { address, size: place.end - place.start, name: demangle(symbol).text, scope: String::new() })
    };
    module.data.iter().enumerate().filter_map(one_symbol).collect()
}
