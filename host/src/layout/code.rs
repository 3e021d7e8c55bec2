//! From a place in the code to the functions that it is in, inlined ones too, and the variables in scope there.

use gimli::constants as c;

use super::dies::{Die, DieRef, Dies, LOCATION_LIST, NONE};
use super::sections::Sections;

/// Deepest nesting of inlined functions and blocks that is followed.
const MAX_DEPTH: usize = 256;

/// Which function's code is where.
#[derive(Debug, Default)]
pub(super) struct CodeIndex {
    /// Start, end and entry of each function that has code, by start.
    functions: Vec<(u32, u32, DieRef)>,
}

/// A function that a place in the code is in: a real one or one inlined into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// The subprogram or inlined subroutine.
    pub(super) function: DieRef,
    /// The blocks inside it that hold the place, outermost first.
    pub(super) blocks: Vec<DieRef>,
    /// The line in this function, where the entry of what is inlined into it tells.
    pub(super) line: Option<u32>,
}

impl CodeIndex {
    /// Lists every function that has code. Time linear in the entries.
    pub(super) fn new(dies: &Dies) -> Self {
        let mut functions = Vec::new();
        for (number, unit) in dies.units.iter().enumerate() {
            for (index, die) in unit.dies.iter().enumerate() {
                if gimli::DwTag(die.tag) == c::DW_TAG_subprogram {
                    let at = DieRef { unit: number as u32, index: index as u32 };
                    functions.extend(ranges(dies, at).iter().map(|&(low, high)| (low, high, at)));
                }
            }
        }
        functions.sort_unstable();
        Self { functions }
    }

    /// Where functions start.
    pub(super) fn starts(&self) -> impl Iterator<Item = u32> + '_ {
        self.functions.iter().map(|&(low, ..)| low)
    }

    /// The function whose code holds `place`, counted from the start of the code section.
    pub(super) fn function(&self, place: u32) -> Option<DieRef> {
        let after = self.functions.partition_point(|&(low, ..)| low <= place);
        let &(_, high, at) = self.functions.get(after.checked_sub(1)?)?;
        (place < high).then_some(at)
    }

    /// The scopes that `place` is in, innermost first; empty where no function is known.
    pub(super) fn scopes(&self, dies: &Dies, place: u32) -> Vec<Scope> {
        let Some(function) = self.function(place) else { return Vec::new() };
        let mut scopes = vec![Scope { function, blocks: Vec::new(), line: None }];
        let mut at = function;
        for _ in 0..MAX_DEPTH {
            let inside = dies.children(at).find(|&child| {
                let tag = gimli::DwTag(dies.die(child).tag);
                matches!(tag, c::DW_TAG_inlined_subroutine | c::DW_TAG_lexical_block)
                    && ranges(dies, child).iter().any(|&(low, high)| (low..high).contains(&place))
            });
            let Some(inside) = inside else { break };
            let die = dies.die(inside);
            if gimli::DwTag(die.tag) == c::DW_TAG_inlined_subroutine {
                if let Some(outer) = scopes.last_mut() {
                    outer.line = (die.line > 0).then_some(die.line);
                }
                scopes.push(Scope { function: inside, blocks: Vec::new(), line: None });
            } else if let Some(scope) = scopes.last_mut() {
                scope.blocks.push(inside);
            }
            at = inside;
        }
        scopes.reverse();
        scopes
    }
}

/// The code ranges of a function, inlined function or block.
pub(super) fn ranges(dies: &Dies, at: DieRef) -> &[(u32, u32)] {
    let die = dies.die(at);
    if die.extra == NONE || die.size == NONE {
        return &[];
    }
    let first = die.extra as usize;
    dies.unit(at).ranges.get(first..first.saturating_add(die.size as usize)).unwrap_or(&[])
}

/// The parameters and variables of a scope, its blocks included, innermost block first.
pub(super) fn variables(dies: &Dies, scope: &Scope) -> Vec<DieRef> {
    let holders = scope.blocks.iter().rev().chain(std::iter::once(&scope.function));
    let mut found = Vec::new();
    for &holder in holders {
        found.extend(dies.children(holder).filter(|&child| {
            matches!(gimli::DwTag(dies.die(child).tag), c::DW_TAG_variable | c::DW_TAG_formal_parameter)
        }));
    }
    found
}

/// The generic parameters of a function by name, with the entries of their types; of a method its class's too.
pub(super) fn parameters<'a>(dies: &Dies, sections: &'a Sections, function: DieRef) -> Vec<(&'a str, DieRef)> {
    let origin = dies.root_origin(function);
    let mut found = Vec::new();
    let mut holders = vec![function, origin];
    if let Some(at) = dies.find(dies.die(function).origin) {
        holders.push(at);
    }
    let class = dies.parent(origin).filter(|&parent| {
        matches!(gimli::DwTag(dies.die(parent).tag), c::DW_TAG_structure_type | c::DW_TAG_class_type)
    });
    holders.extend(class);
    for holder in holders {
        for child in dies.children(holder) {
            if gimli::DwTag(dies.die(child).tag) == c::DW_TAG_template_type_parameter
                && let (Some(name), Some(ty)) = (dies.name(sections, child), dies.type_of(child))
                && !found.iter().any(|&(known, _)| known == name)
            {
                found.push((name, ty));
            }
        }
    }
    found
}

/// Where a variable is, as DWARF writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At this address of the memory.
    Static(u64),
    /// In this local of the function.
    Local(u32),
    /// At this offset of the frame base.
    Frame(i64),
}

/// The place of a variable, where one simple expression gives it.
pub(super) fn place(dies: &Dies, sections: &Sections, at: DieRef) -> Option<Place> {
    let die = dies.die(at);
    if die.flags & LOCATION_LIST != 0 || die.extra == NONE || die.size == NONE {
        return None;
    }
    let start = die.extra as usize;
    let bytes = sections.bytes.get(start..start.checked_add(die.size as usize)?)?;
    expression(bytes, sections.pointer_bytes(), |index| indexed(dies, sections, at, index))
}

/// The address of this number in the table that the addresses of an entry's unit are in.
fn indexed(dies: &Dies, sections: &Sections, at: DieRef, index: gimli::DebugAddrIndex<usize>) -> Option<u64> {
    let (encoding, _, base) = dies.unit(at).places?;
    sections.dwarf().debug_addr.get_address(encoding.address_size, base, index).ok()
}

/// Reads an expression of one operation.
pub(super) fn expression(
    bytes: &[u8],
    pointer_bytes: u64,
    indexed: impl Fn(gimli::DebugAddrIndex<usize>) -> Option<u64>,
) -> Option<Place> {
    let encoding = gimli::Encoding { address_size: pointer_bytes as u8, format: gimli::Format::Dwarf32, version: 4 };
    let expression = gimli::Expression(gimli::EndianSlice::new(bytes, gimli::LittleEndian));
    let mut operations = expression.operations(encoding);
    let operation = operations.next().ok()??;
    let address = match operation {
        gimli::Operation::Address { address } => Some(address),
        gimli::Operation::AddressIndex { index } => Some(indexed(index)?),
        _ => None,
    };
    match operation {
        _ if let Some(address) = address => {
            let dead = address == 0 || address >= u64::from(u32::MAX) - 1 && pointer_bytes == 4;
            (!dead && matches!(operations.next(), Ok(None))).then_some(Place::Static(address))
        }
        gimli::Operation::WasmLocal { index } => Some(Place::Local(index)),
        gimli::Operation::FrameOffset { offset } => Some(Place::Frame(offset)),
        _ => None,
    }
}

/// The parts of a variable that an optimiser has put at places of their own: offset in the variable, size, address.
pub(super) fn pieces(dies: &Dies, sections: &Sections, at: DieRef) -> Vec<(u64, u64, u64)> {
    let die = dies.die(at);
    let bytes = (die.extra as usize)
        .checked_add(die.size as usize)
        .and_then(|end| sections.bytes.get(die.extra as usize..end))
        .filter(|_| die.flags & LOCATION_LIST == 0 && die.extra != NONE);
    let address_size = sections.pointer_bytes() as u8;
    let encoding = gimli::Encoding { address_size, format: gimli::Format::Dwarf32, version: 4 };
    let expression = gimli::Expression(gimli::EndianSlice::new(bytes.unwrap_or_default(), gimli::LittleEndian));
    let (mut operations, mut found) = (expression.operations(encoding), Vec::new());
    let (mut offset, mut only) = (0u64, None);
    let mut count = 0;
    // Every operation takes a byte of the expression.
    while let Ok(Some(operation)) = operations.next() {
        match operation {
            gimli::Operation::Piece { size_in_bits, .. } => {
                let size = size_in_bits / 8;
                found.extend(only.filter(|_| count == 1).map(|address| (offset, size, address)));
                offset = offset.saturating_add(size);
                (only, count) = (None, 0);
            }
            gimli::Operation::Address { address } => {
                only = Some(address).filter(|&address| address > 0);
                count += 1;
            }
            gimli::Operation::AddressIndex { index } => {
                only = indexed(dies, sections, at, index).filter(|&address| address > 0);
                count += 1;
            }
            _ => count += 1,
        }
    }
    found
}

/// A variable with static storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Static {
    /// Its address.
    pub(super) address: u64,
    /// Its entry.
    pub(super) die: DieRef,
}

/// Every variable that has a place.
pub(super) fn all_variables(dies: &Dies) -> impl Iterator<Item = DieRef> + '_ {
    dies.units.iter().enumerate().flat_map(|(number, unit)| {
        let variable = |die: &Die| gimli::DwTag(die.tag) == c::DW_TAG_variable && die.extra != NONE;
        let placed = unit.dies.iter().enumerate().filter(move |(_, die)| variable(die));
        placed.map(move |(index, _)| DieRef { unit: number as u32, index: index as u32 })
    })
}

/// Every variable with static storage, by address; of several at one address the first that has a type.
pub(super) fn statics(dies: &Dies, sections: &Sections) -> Vec<Static> {
    let mut found = Vec::new();
    for at in all_variables(dies) {
        if let Some(Place::Static(address)) = place(dies, sections, at) {
            found.push(Static { address, die: at });
        }
    }
    found.sort_by_key(|variable| (variable.address, dies.type_of(variable.die).is_none()));
    found.dedup_by_key(|variable| variable.address);
    found
}
