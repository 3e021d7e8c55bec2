//! Where a module keeps what the layouts are read from: code, data segments, names and debug sections.
//!
//! One pass over the section headers; no function body and no custom section is looked into.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use gimli::{EndianSlice, LittleEndian};
use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, KnownCustom, Name, Operator, Parser, Payload, SubType, TypeRef,
};

use super::LayoutError;

/// How the debug sections are read: borrowed from the module.
pub(super) type Reader<'module> = EndianSlice<'module, LittleEndian>;

/// The places in an original module that types are read from.
#[derive(Debug)]
pub(super) struct Sections {
    /// The module itself.
    pub(super) bytes: Arc<[u8]>,
    /// Where the contents of the code section begin; debug information counts from there.
    pub(super) code_start: usize,
    /// Bodies of the defined functions, from the start of the module.
    pub(super) bodies: Vec<Range<usize>>,
    /// Number of imported functions.
    pub(super) imported_functions: u32,
    /// The module's types.
    pub(super) types: Vec<SubType>,
    /// The type of each function, imports included.
    pub(super) functions: Vec<u32>,
    /// The type of each exception tag, imports included.
    pub(super) tags: Vec<u32>,
    /// Whether addresses have eight bytes.
    pub(super) wide: bool,
    /// Active segments of the first memory: their address and where their bytes are in the module.
    pub(super) data: Vec<(u64, Range<usize>)>,
    /// Names out of the name section, by function index.
    pub(super) function_names: HashMap<u32, Range<usize>>,
    /// Function indices by slot of table 0, from constant element segments.
    pub(super) table: HashMap<u32, u32>,
    custom: HashMap<String, Range<usize>>,
}

impl Sections {
    /// Reads the section headers. Time O(sections + functions).
    ///
    /// # Errors
    /// What is wrong with the module itself; broken custom sections are no error.
    pub(super) fn read(bytes: Arc<[u8]>) -> Result<Self, LayoutError> {
        let mut sections = Self {
            bytes: Arc::clone(&bytes),
            code_start: 0,
            bodies: Vec::new(),
            imported_functions: 0,
            types: Vec::new(),
            functions: Vec::new(),
            tags: Vec::new(),
            wide: false,
            data: Vec::new(),
            function_names: HashMap::new(),
            table: HashMap::new(),
            custom: HashMap::new(),
        };
        for payload in Parser::new(0).parse_all(&bytes) {
            sections.add(payload?)?;
        }
        Ok(sections)
    }

    /// Bytes of a pointer.
    pub(super) const fn pointer_bytes(&self) -> u64 {
        if self.wide { 8 } else { 4 }
    }

    /// The contents of a custom section, empty where there is none.
    pub(super) fn custom(&self, name: &str) -> &[u8] {
        self.custom.get(name).map_or(&[], |range| &self.bytes[range.clone()])
    }

    /// The debug sections, for gimli.
    pub(super) fn dwarf(&self) -> gimli::Dwarf<Reader<'_>> {
        let load = |id: gimli::SectionId| Ok(EndianSlice::new(self.custom(id.name()), LittleEndian));
        let loaded: Result<_, std::convert::Infallible> = gimli::Dwarf::load(load);
        let Ok(dwarf) = loaded;
        dwarf
    }

    /// The name of a function in the name section, as it stands there.
    pub(super) fn function_name(&self, function: u32) -> Option<&str> {
        let range = self.function_names.get(&function)?;
        std::str::from_utf8(self.bytes.get(range.clone())?).ok()
    }

    /// `size` bytes of initialised data at an address, where a segment has them all.
    pub(super) fn initial_data(&self, address: u64, size: usize) -> Option<&[u8]> {
        self.data.iter().find_map(|(start, range)| {
            let within = usize::try_from(address.checked_sub(*start)?).ok()?;
            let from = range.start.checked_add(within)?;
            let to = from.checked_add(size)?;
            (to <= range.end).then(|| &self.bytes[from..to])
        })
    }

    fn add(&mut self, payload: Payload<'_>) -> Result<(), LayoutError> {
        match payload {
            Payload::Version { encoding: wasmparser::Encoding::Component, .. } => return Err(LayoutError::Component),
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    match import?.ty {
                        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                            self.imported_functions += 1;
                            self.functions.push(ty);
                        }
                        TypeRef::Tag(tag) => self.tags.push(tag.func_type_idx),
                        TypeRef::Memory(memory) => self.wide |= memory.memory64,
                        _ => {}
                    }
                }
            }
            Payload::TypeSection(groups) => {
                for group in groups {
                    self.types.extend(group?.into_types());
                }
            }
            Payload::FunctionSection(functions) => {
                for ty in functions {
                    self.functions.push(ty?);
                }
            }
            Payload::TagSection(tags) => {
                for tag in tags {
                    self.tags.push(tag?.func_type_idx);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories.into_iter().take(1) {
                    self.wide |= memory?.memory64;
                }
            }
            Payload::CodeSectionStart { range, .. } => self.code_start = range.start,
            Payload::CodeSectionEntry(body) => self.bodies.push(body.range()),
            Payload::DataSection(segments) => {
                for segment in segments {
                    self.add_segment(&segment?);
                }
            }
            Payload::ElementSection(elements) => {
                for element in elements {
                    self.add_elements(element?);
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    self.add_names(names);
                } else {
                    let start = section.data_offset();
                    self.custom.insert(section.name().to_owned(), start..start + section.data().len());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add_segment(&mut self, segment: &wasmparser::Data<'_>) {
        if let DataKind::Active { memory_index: 0, offset_expr } = &segment.kind
            && let Some(address) = constant(offset_expr)
        {
            let start = segment.data.as_ptr() as usize - self.bytes.as_ptr() as usize;
            self.data.push((address, start..start + segment.data.len()));
        }
    }

    fn add_elements(&mut self, element: wasmparser::Element<'_>) {
        let ElementKind::Active { table_index: None | Some(0), offset_expr } = &element.kind else { return };
        let (Some(start), ElementItems::Functions(functions)) = (constant(offset_expr), element.items) else { return };
        for (slot, function) in functions.into_iter().enumerate() {
            let Ok(function) = function else { return };
            self.table.insert((start as u32).wrapping_add(slot as u32), function);
        }
    }

    /// A name section is a hint: what can be read of it is used.
    fn add_names(&mut self, names: wasmparser::NameSectionReader<'_>) {
        for name in names {
            let Ok(Name::Function(functions)) = name else { continue };
            for naming in functions {
                let Ok(naming) = naming else { return };
                let start = naming.name.as_ptr() as usize - self.bytes.as_ptr() as usize;
                self.function_names.insert(naming.index, start..start + naming.name.len());
            }
        }
    }
}

/// The value of a constant expression that is one constant.
fn constant(expression: &ConstExpr<'_>) -> Option<u64> {
    let mut operators = expression.get_operators_reader();
    let value = match operators.read().ok()? {
        Operator::I32Const { value } => u64::from(value as u32),
        Operator::I64Const { value } => value as u64,
        _ => return None,
    };
    matches!(operators.read().ok()?, Operator::End).then_some(value)
}
