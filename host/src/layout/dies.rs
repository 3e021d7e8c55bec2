//! The debugging entries of a module as flat tables, one per unit, read in parallel.
//!
//! Every later question walks these tables instead of the encoded section: an entry knows its parent and where its
//! subtree ends, so that no walk recurses and no corrupt reference leads astray. 56 bytes an entry; a unit that cannot
//! be read to its end keeps what was read before, and is counted.

use gimli::{AttributeValue, DwAt, Reader as _, constants as c};
use rayon::prelude::*;

use super::attributes::{constant_offset, encoding, number};
use super::sections::{Reader, Sections};
use super::units::{self, Opened, Signatures};

/// No entry, no string, no place.
pub(super) const NONE: u32 = u32::MAX;

/// `DW_AT_declaration`: defined elsewhere.
pub(super) const DECLARATION: u16 = 1;
/// `DW_AT_artificial`: made by the compiler.
pub(super) const ARTIFICIAL: u16 = 2;
/// `DW_AT_export_symbols`: an inline namespace, which paths leave out.
pub(super) const INLINE_NAMESPACE: u16 = 4;
/// [`Die::value`] was given.
pub(super) const HAS_VALUE: u16 = 8;
/// [`Die::extra`] packs bit size and bit offset.
pub(super) const BIT_FIELD: u16 = 16;
/// The location is a list, by its offset, not an expression.
pub(super) const LOCATION_LIST: u16 = 32;
/// The bit offset counts from the most significant bit, as before DWARF 4.
pub(super) const BITS_FROM_TOP: u16 = 64;
/// A variant that several discriminants select.
pub(super) const DISCRIMINANT_LIST: u16 = 128;
/// `DW_AT_virtuality`: a base whose place only the running object tells.
pub(super) const VIRTUAL: u16 = 256;
/// The frame base is the shadow stack's pointer.
pub(super) const STACK_FRAME: u16 = 512;

/// The name is the linkage name, which alone tells the generic arguments of a function of Zig.
const LINKED: u16 = 1024;

/// One debugging entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Die {
    /// Its offset in `.debug_info`.
    pub(super) offset: u32,
    /// Index of its parent in the unit; its own for the root.
    pub(super) parent: u32,
    /// Index behind its last descendant.
    pub(super) end: u32,
    /// What it describes.
    pub(super) tag: u16,
    /// The flags above.
    pub(super) flags: u16,
    name_start: u32,
    name_size: u32,
    /// Offset of its type.
    pub(super) ty: u32,
    /// Offset of the entry it completes or instantiates.
    pub(super) origin: u32,
    /// Types: bytes. Code: number of ranges. Variables: bytes of the location expression. Arrays' dimensions: unused.
    pub(super) size: u32,
    /// Types: containing type. Variant parts: offset of the discriminant. Code: first range. Variables: location.
    pub(super) extra: u32,
    /// Declaration line, or of an inlined call the line of the call.
    pub(super) line: u32,
    /// Members: offset. Enumerators and variants: value. Base types: encoding. Dimensions: count.
    pub(super) value: i64,
}

/// The entries of one unit, in the order of the section.
#[derive(Debug, Default)]
pub(super) struct Unit {
    /// Offset of the unit in `.debug_info`; those that were split off are counted behind its end.
    pub(super) start: u32,
    /// Behind its last byte.
    pub(super) stop: u32,
    /// Its language, as `DW_LANG` numbers it.
    pub(super) language: u16,
    /// Whether the Zig compiler made it, which gives C as its language.
    pub(super) zig: bool,
    /// Its entries.
    pub(super) dies: Vec<Die>,
    /// Code ranges that entries point into, from the start of the code section.
    pub(super) ranges: Vec<(u32, u32)>,
    /// How its location lists are read: the encoding, the address they count from, and where its addresses begin.
    pub(super) places: Option<(gimli::Encoding, u64, gimli::DebugAddrBase)>,
    /// Where its own header is in `.debug_info`; of a unit that was split off that of the one it belongs to.
    pub(super) header: u32,
    /// Its id, where it was split off.
    pub(super) split: Option<gimli::DwoId>,
    /// Why reading stopped early.
    pub(super) broken: Option<String>,
}

/// An entry of a module: its unit and its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct DieRef {
    pub(super) unit: u32,
    pub(super) index: u32,
}

/// All entries of a module.
#[derive(Debug, Default)]
pub(super) struct Dies {
    /// Units by ascending offset.
    pub(super) units: Vec<Unit>,
    /// Why the list of units ended early.
    pub(super) broken: Option<String>,
}

impl Dies {
    /// Reads all units in parallel. Time linear in the debug information.
    pub(super) fn read(sections: &Sections) -> Self {
        let dwarf = sections.dwarf();
        let (headers, broken) = units::headers(&dwarf);
        let signatures = units::signatures(&headers);
        let placed = units::open(sections, &dwarf, headers);
        let read = |(start, unit)| read_unit(sections, &dwarf, unit, start, &signatures);
        let mut units: Vec<Unit> = placed.into_par_iter().map(read).collect();
        units.sort_by_key(|unit| unit.start);
        Self { units, broken }
    }

    /// The entry at an offset of `.debug_info`.
    pub(super) fn find(&self, offset: u32) -> Option<DieRef> {
        if offset == NONE {
            return None;
        }
        let unit = self.units.partition_point(|unit| unit.start <= offset).checked_sub(1)?;
        let index = self.units[unit].dies.binary_search_by_key(&offset, |die| die.offset).ok()?;
        Some(DieRef { unit: unit as u32, index: index as u32 })
    }

    /// An entry.
    pub(super) fn die(&self, at: DieRef) -> &Die {
        &self.units[at.unit as usize].dies[at.index as usize]
    }

    /// The unit of an entry.
    pub(super) fn unit(&self, at: DieRef) -> &Unit {
        &self.units[at.unit as usize]
    }

    /// The parent; none for the root of a unit.
    pub(super) fn parent(&self, at: DieRef) -> Option<DieRef> {
        let parent = self.die(at).parent;
        (parent != at.index).then_some(DieRef { unit: at.unit, index: parent })
    }

    /// The children, in order.
    pub(super) fn children(&self, at: DieRef) -> impl Iterator<Item = DieRef> + '_ {
        let dies = &self.unit(at).dies;
        let end = dies[at.index as usize].end;
        let mut next = at.index + 1;
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let child = next;
            next = dies[child as usize].end.max(child + 1);
            Some(DieRef { unit: at.unit, index: child })
        })
    }

    /// The type entry that `at` names, if it names one.
    pub(super) fn type_of(&self, at: DieRef) -> Option<DieRef> {
        self.find(self.with_origin(at, |die| (die.ty != NONE).then_some(die.ty))?)
    }

    /// What `read` finds on the entry or, failing that, on those it completes or instantiates.
    pub(super) fn with_origin<T>(&self, at: DieRef, read: impl Fn(&Die) -> Option<T>) -> Option<T> {
        let mut at = at;
        // An origin's origin is a declaration: chains are short, and cyclic ones end here.
        for _ in 0..4 {
            let die = self.die(at);
            if let Some(found) = read(die) {
                return Some(found);
            }
            at = self.find(die.origin)?;
        }
        None
    }

    /// The last entry of the chain of origins: where parent and parameters are to be looked up.
    pub(super) fn root_origin(&self, at: DieRef) -> DieRef {
        let mut at = at;
        for _ in 0..4 {
            match self.find(self.die(at).origin) {
                Some(origin) => at = origin,
                None => break,
            }
        }
        at
    }

    /// The entry's own name.
    pub(super) fn name<'module>(&self, sections: &'module Sections, at: DieRef) -> Option<&'module str> {
        let (start, size) =
            self.with_origin(at, |die| (die.name_start != NONE).then_some((die.name_start, die.name_size)))?;
        let text = sections.bytes.get(start as usize..start as usize + size as usize)?;
        std::str::from_utf8(text).ok()
    }
}

/// Entries that a unit may have for its size, so that one-byte entries cannot fill the memory.
fn most_entries(bytes: usize) -> usize {
    bytes / 2 + 4096
}

fn read_unit<'module>(
    sections: &'module Sections,
    dwarf: &gimli::Dwarf<Reader<'module>>,
    opened: Opened<'module>,
    start: u32,
    signatures: &Signatures,
) -> Unit {
    let stop = start.saturating_add(opened.length);
    let mut table = Unit { start, stop, header: opened.header, ..Unit::default() };
    let dwarf = opened.split.as_ref().unwrap_or(dwarf);
    let result = opened.unit.and_then(|unit| {
        table.places = Some((unit.encoding(), unit.low_pc, unit.addr_base));
        table.split = unit.dwo_id.filter(|_| opened.split.is_some());
        let mut reading = Reading { sections, dwarf, unit: &unit, signatures, table: &mut table, open: Vec::new() };
        reading.entries()
    });
    if let Err(error) = result {
        table.broken = Some(error.to_string());
    }
    close_to(&mut table.dies, &mut Vec::new(), 0);
    table
}

/// Ends the subtrees that are open below `depth`.
fn close_to(dies: &mut [Die], open: &mut Vec<u32>, depth: usize) {
    let end = dies.len() as u32;
    while open.len() > depth {
        if let Some(index) = open.pop() {
            dies[index as usize].end = end;
        }
    }
}

struct Reading<'read, 'module> {
    sections: &'read Sections,
    dwarf: &'read gimli::Dwarf<Reader<'module>>,
    unit: &'read gimli::Unit<Reader<'module>>,
    signatures: &'read Signatures,
    table: &'read mut Unit,
    open: Vec<u32>,
}

/// What the attributes of one entry say about code before the ranges are read.
#[derive(Default)]
struct Code<'module> {
    low: Option<u64>,
    high: Option<AttributeValue<Reader<'module>>>,
    ranges: Option<AttributeValue<Reader<'module>>>,
}

impl<'module> Reading<'_, 'module> {
    fn entries(&mut self) -> gimli::Result<()> {
        let limit = most_entries((self.table.stop - self.table.start) as usize);
        let mut entries = self.unit.entries_raw(None)?;
        let result = loop {
            if entries.is_empty() || self.table.dies.len() >= limit {
                break Ok(());
            }
            if let Err(error) = self.entry(&mut entries) {
                break Err(error);
            }
        };
        close_to(&mut self.table.dies, &mut self.open, 0);
        result
    }

    fn entry(&mut self, entries: &mut gimli::EntriesRaw<'_, Reader<'module>>) -> gimli::Result<()> {
        let offset = self.table.start.saturating_add(entries.next_offset().0 as u32);
        let depth = usize::try_from(entries.next_depth()).unwrap_or(0);
        let Some(abbreviation) = entries.read_abbreviation()? else { return Ok(()) };
        close_to(&mut self.table.dies, &mut self.open, depth);
        let index = self.table.dies.len() as u32;
        let mut die = Die {
            offset,
            // Stray siblings of the root count as its children, so that there is one root.
            parent: self.open.last().copied().unwrap_or(0),
            end: index + 1,
            tag: abbreviation.tag().0,
            flags: 0,
            name_start: NONE,
            name_size: 0,
            ty: NONE,
            origin: NONE,
            size: NONE,
            extra: NONE,
            line: 0,
            value: 0,
        };
        let mut code = Code::default();
        for &specification in abbreviation.attributes() {
            let attribute = entries.read_attribute(specification)?;
            self.attribute(&mut die, &mut code, attribute.name(), attribute.value());
        }
        self.place_code(&mut die, code);
        self.table.dies.push(die);
        self.open.push(index);
        Ok(())
    }

    fn attribute(
        &mut self,
        die: &mut Die,
        code: &mut Code<'module>,
        name: DwAt,
        value: AttributeValue<Reader<'module>>,
    ) {
        match name {
            c::DW_AT_name if die.flags & LINKED == 0 => self.name(die, value),
            c::DW_AT_linkage_name if self.table.zig && die.tag == c::DW_TAG_subprogram.0 => {
                self.name(die, value);
                die.flags |= LINKED;
            }
            c::DW_AT_type => die.ty = self.reference(value),
            c::DW_AT_abstract_origin | c::DW_AT_specification => die.origin = self.reference(value),
            c::DW_AT_containing_type | c::DW_AT_discr => die.extra = self.reference(value),
            c::DW_AT_byte_size => {
                die.size = number(&value).map_or(NONE, |size| u32::try_from(size).unwrap_or(NONE - 1))
            }
            c::DW_AT_data_member_location => match value {
                AttributeValue::Exprloc(expression) => set_value(die, constant_offset(expression, self.unit)),
                other => set_value(die, number(&other)),
            },
            c::DW_AT_const_value | c::DW_AT_discr_value | c::DW_AT_count => set_value(die, number(&value)),
            c::DW_AT_encoding => set_value(die, encoding(&value)),
            c::DW_AT_upper_bound => set_value(die, number(&value).and_then(|bound| bound.checked_add(1))),
            c::DW_AT_decl_line if die.line == 0 => die.line = number(&value).unwrap_or(0) as u32,
            c::DW_AT_call_line => die.line = number(&value).unwrap_or(0) as u32,
            c::DW_AT_bit_size => bits(die, 16, number(&value)),
            c::DW_AT_data_bit_offset => bits(die, 0, number(&value)),
            c::DW_AT_bit_offset => {
                die.flags |= BITS_FROM_TOP;
                bits(die, 0, number(&value));
            }
            c::DW_AT_location => self.location(die, value),
            c::DW_AT_frame_base => {
                if let AttributeValue::Exprloc(expression) = value
                    && let Ok(Some(gimli::Operation::WasmLocal { .. } | gimli::Operation::WasmGlobal { .. })) =
                        expression.operations(self.unit.encoding()).next()
                {
                    die.flags |= STACK_FRAME;
                }
            }
            c::DW_AT_low_pc => code.low = self.dwarf.attr_address(self.unit, value).ok().flatten(),
            c::DW_AT_high_pc => code.high = Some(value),
            c::DW_AT_ranges => code.ranges = Some(value),
            c::DW_AT_declaration => set_flag(die, DECLARATION, &value),
            c::DW_AT_artificial => set_flag(die, ARTIFICIAL, &value),
            c::DW_AT_export_symbols => set_flag(die, INLINE_NAMESPACE, &value),
            c::DW_AT_virtuality => {
                let virtual_ = matches!(value, AttributeValue::Virtuality(kind) if kind != c::DW_VIRTUALITY_none);
                die.flags |= if virtual_ { VIRTUAL } else { 0 };
            }
            c::DW_AT_discr_list => die.flags |= DISCRIMINANT_LIST,
            c::DW_AT_language => {
                if let AttributeValue::Language(language) = value {
                    self.table.language = language.0;
                }
            }
            c::DW_AT_producer => {
                let producer = self.dwarf.attr_string(self.unit, value).map(|text| text.slice().to_vec());
                self.table.zig |= producer.is_ok_and(|text| text.starts_with(b"zig"));
            }
            _ => {}
        }
    }

    fn name(&self, die: &mut Die, value: AttributeValue<Reader<'module>>) {
        let Ok(text) = self.dwarf.attr_string(self.unit, value) else { return };
        let start = (text.slice().as_ptr() as usize).wrapping_sub(self.sections.bytes.as_ptr() as usize);
        if start < self.sections.bytes.len() {
            die.name_start = start as u32;
            die.name_size = text.len() as u32;
        }
    }

    fn reference(&self, value: AttributeValue<Reader<'module>>) -> u32 {
        match value {
            AttributeValue::UnitRef(offset) => self.table.start.saturating_add(offset.0 as u32),
            AttributeValue::DebugTypesRef(signature) => self.signatures.get(&signature.0).copied().unwrap_or(NONE),
            AttributeValue::DebugInfoRef(offset) if self.table.split.is_none() => {
                u32::try_from(offset.0).unwrap_or(NONE)
            }
            _ => NONE,
        }
    }

    fn location(&self, die: &mut Die, value: AttributeValue<Reader<'module>>) {
        if let AttributeValue::Exprloc(expression) = value {
            let slice = expression.0.slice();
            die.extra = (slice.as_ptr() as usize).wrapping_sub(self.sections.bytes.as_ptr() as usize) as u32;
            die.size = slice.len() as u32;
        } else if let Ok(Some(offset)) = self.dwarf.attr_locations_offset(self.unit, value) {
            die.flags |= LOCATION_LIST;
            die.extra = offset.0 as u32;
        }
    }

    /// Ranges that start at 0 or at the end of the address space are code that the linker left out.
    fn place_code(&mut self, die: &mut Die, code: Code<'module>) {
        let first = self.table.ranges.len();
        let dead = u64::from(u32::MAX) - 2;
        let add = |ranges: &mut Vec<(u32, u32)>, low: u64, high: u64| {
            if low > 0 && low < high && high < dead {
                ranges.push((low as u32, high as u32));
            }
        };
        if let (Some(low), Some(high)) = (code.low, code.high) {
            let high = match high {
                AttributeValue::Udata(size) => low.saturating_add(size),
                other => self.dwarf.attr_address(self.unit, other).ok().flatten().unwrap_or(0),
            };
            add(&mut self.table.ranges, low, high);
        } else if let Some(ranges) = code.ranges
            && let Ok(Some(mut list)) = self.dwarf.attr_ranges(self.unit, ranges)
        {
            // A list is bounded by its section; entries that share one long list must not square that.
            for _ in 0..4096 {
                let Ok(Some(range)) = list.next() else { break };
                add(&mut self.table.ranges, range.begin, range.end);
            }
        } else {
            return;
        }
        die.extra = first as u32;
        die.size = (self.table.ranges.len() - first) as u32;
    }
}

fn set_value(die: &mut Die, value: Option<i64>) {
    if let Some(value) = value {
        die.value = value;
        die.flags |= HAS_VALUE;
    }
}

fn set_flag(die: &mut Die, flag: u16, value: &AttributeValue<Reader<'_>>) {
    if matches!(value, AttributeValue::Flag(true)) {
        die.flags |= flag;
    }
}

fn bits(die: &mut Die, shift: u32, value: Option<i64>) {
    if die.extra == NONE {
        die.extra = 0;
    }
    let value = value.and_then(|value| u16::try_from(value).ok()).unwrap_or(0);
    die.extra |= u32::from(value) << shift;
    die.flags |= BIT_FIELD;
}
