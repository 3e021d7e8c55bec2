//! The structure of an original module, read once for its symbols and its types: where its sections, bodies, globals,
//! data and element segments are.
//!
//! One pass over the section headers; neither bodies nor custom sections are read, so that even a module of 70 MB takes
//! milliseconds. Names and debug sections are looked for at the first question.

mod debug;
mod names;
mod split;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, Operator, Parser, Payload, SubType, TypeRef, ValType,
};

pub(crate) use self::debug::{DebugSections, Reader};
pub(crate) use self::names::Names;
pub(crate) use self::split::unit as split_unit;

/// Why a module has no structure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModuleError {
    /// The bytes are no module.
    #[error(transparent)]
    Malformed(#[from] wasmparser::BinaryReaderError),
    /// The bytes are a component.
    #[error("a component is no core module")]
    Component,
}

/// The structure of the original module.
#[derive(Debug)]
pub(crate) struct ModuleStructure {
    /// The module itself.
    pub(crate) bytes: Arc<[u8]>,
    /// `module.name` of each imported function; these have the first function indices.
    pub(crate) imported_functions: Vec<String>,
    /// Exported functions by index, in the order of the export section.
    pub(crate) exported_functions: Vec<(u32, String)>,
    /// The body of each defined function, in bytes from the start of the module.
    pub(crate) bodies: Vec<Range<usize>>,
    /// Where the contents of the code section begin: DWARF counts from there.
    pub(crate) code_start: usize,
    /// Bytes of the code section's contents.
    pub(crate) code_size: usize,
    /// Globals by index, imports included.
    pub(crate) globals: Vec<Global>,
    /// The first memory.
    pub(crate) memory: Option<Memory>,
    /// Where each data segment is put in the first memory; empty for passive ones and those of other memories.
    pub(crate) data: Vec<Range<u64>>,
    /// Where the bytes of each data segment are in the module.
    data_bytes: Vec<Range<usize>>,
    /// The module's types.
    pub(crate) types: Vec<SubType>,
    /// The type of each function, imports included.
    pub(crate) functions: Vec<u32>,
    /// The type of each exception tag, imports included.
    pub(crate) tags: Vec<u32>,
    /// Function indices by slot of table 0, from constant element segments.
    pub(crate) table: HashMap<u32, u32>,
    /// Names and contents of the custom sections.
    custom: Vec<(String, Range<usize>)>,
    /// The module's file, beside which split debug information may lie.
    file: Option<PathBuf>,
    names: OnceLock<Names>,
    debug: OnceLock<DebugSections>,
}

/// A global of the module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Global {
    /// Whether the guest can change it.
    pub(crate) mutable: bool,
    /// Whether it is an i32 or an i64.
    pub(crate) integer: bool,
    /// Its initial value, where that is a constant.
    pub(crate) initial: Option<u64>,
    /// Its import or export name.
    pub(crate) name: Option<String>,
}

/// The first memory of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Whether addresses have 64 bits.
    pub(crate) wide: bool,
    /// Its size before anything runs.
    pub(crate) initial_bytes: u64,
}

impl ModuleStructure {
    /// Reads the structure. Time O(sections + functions + segments).
    ///
    /// # Errors
    /// What is wrong with the module itself; broken custom sections are no error.
    pub(crate) fn read(bytes: Arc<[u8]>) -> Result<Self, ModuleError> {
        let mut module = Self {
            bytes: Arc::clone(&bytes),
            imported_functions: Vec::new(),
            exported_functions: Vec::new(),
            bodies: Vec::new(),
            code_start: 0,
            code_size: 0,
            globals: Vec::new(),
            memory: None,
            data: Vec::new(),
            data_bytes: Vec::new(),
            types: Vec::new(),
            functions: Vec::new(),
            tags: Vec::new(),
            table: HashMap::new(),
            custom: Vec::new(),
            file: None,
            names: OnceLock::new(),
            debug: OnceLock::new(),
        };
        for payload in Parser::new(0).parse_all(&bytes) {
            module.add(payload?)?;
        }
        Ok(module)
    }

    /// Tells where the module was read from.
    pub(crate) fn beside(&mut self, file: &Path) {
        self.file = Some(file.to_owned());
    }

    /// The names of the name section, read at the first question.
    pub(crate) fn names(&self) -> &Names {
        self.names.get_or_init(|| {
            let Some(range) = self.custom("name") else { return Names::default() };
            let count = self.imported_functions.len() + self.bodies.len();
            Names::read(&self.bytes, range, count)
        })
    }

    /// The name of a function in the name section, as it stands there.
    pub(crate) fn function_name(&self, function: u32) -> Option<&str> {
        self.names().function(&self.bytes, function)
    }

    /// The debug sections, with those of other files that belong to them; looked for at the first question.
    pub(crate) fn debug(&self) -> &DebugSections {
        self.debug.get_or_init(|| DebugSections::find(self, self.file.as_deref()))
    }

    /// Whether addresses have eight bytes.
    pub(crate) fn is_wide(&self) -> bool {
        self.memory.is_some_and(|memory| memory.wide)
    }

    /// `size` bytes of initialised data at an address, where a segment has them all.
    pub(crate) fn initial_data(&self, address: u64, size: usize) -> Option<&[u8]> {
        self.data.iter().zip(&self.data_bytes).find_map(|(place, bytes)| {
            let within = usize::try_from(address.checked_sub(place.start)?).ok()?;
            let from = bytes.start.checked_add(within)?;
            let to = from.checked_add(size)?;
            (!place.is_empty() && to <= bytes.end).then(|| &self.bytes[from..to])
        })
    }

    /// The contents of the first custom section of this name.
    pub(crate) fn custom(&self, name: &str) -> Option<Range<usize>> {
        self.custom.iter().find(|(known, _)| known == name).map(|(_, range)| range.clone())
    }

    /// The position of a defined function among the bodies.
    pub(crate) fn body_of(&self, function: u32) -> Option<Range<usize>> {
        let defined = (function as usize).checked_sub(self.imported_functions.len())?;
        self.bodies.get(defined).cloned()
    }

    fn add(&mut self, payload: Payload<'_>) -> Result<(), ModuleError> {
        match payload {
            Payload::Version { encoding: wasmparser::Encoding::Component, .. } => return Err(ModuleError::Component),
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    self.add_import(import?);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    self.add_memory(memory?);
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let global = global?;
                    let ty = global.ty;
                    self.globals.push(Global {
                        mutable: ty.mutable,
                        integer: is_integer(ty.content_type),
                        initial: constant(&global.init_expr),
                        name: None,
                    });
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    self.add_export(export?);
                }
            }
            Payload::CodeSectionStart { range, .. } => {
                self.code_start = range.start;
                self.code_size = range.len();
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body.range()),
            Payload::DataSection(segments) => {
                for segment in segments {
                    let segment = segment?;
                    self.data.push(placed(&segment));
                    let start = segment.data.as_ptr() as usize - self.bytes.as_ptr() as usize;
                    self.data_bytes.push(start..start + segment.data.len());
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
            Payload::ElementSection(elements) => {
                for element in elements {
                    self.add_elements(element?);
                }
            }
            Payload::CustomSection(section) => {
                let start = section.data_offset();
                self.custom.push((section.name().to_owned(), start..start + section.data().len()));
            }
            _ => {}
        }
        Ok(())
    }

    fn add_import(&mut self, import: wasmparser::Import<'_>) {
        let name = || format!("{}.{}", import.module, import.name);
        match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.imported_functions.push(name());
                self.functions.push(ty);
            }
            TypeRef::Tag(tag) => self.tags.push(tag.func_type_idx),
            TypeRef::Memory(memory) => self.add_memory(memory),
            TypeRef::Global(ty) => self.globals.push(Global {
                mutable: ty.mutable,
                integer: is_integer(ty.content_type),
                initial: None,
                name: Some(import.name.to_owned()),
            }),
            _ => {}
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

    fn add_memory(&mut self, memory: wasmparser::MemoryType) {
        if self.memory.is_none() {
            let page = memory.page_size_log2.unwrap_or(16).min(16);
            let initial_bytes = memory.initial.checked_shl(page).unwrap_or(u64::MAX);
            self.memory = Some(Memory { wide: memory.memory64, initial_bytes });
        }
    }

    fn add_export(&mut self, export: wasmparser::Export<'_>) {
        match export.kind {
            wasmparser::ExternalKind::Func | wasmparser::ExternalKind::FuncExact => {
                self.exported_functions.push((export.index, export.name.to_owned()));
            }
            wasmparser::ExternalKind::Global => {
                if let Some(global) = self.globals.get_mut(export.index as usize) {
                    global.name.get_or_insert_with(|| export.name.to_owned());
                }
            }
            _ => {}
        }
    }
}

fn is_integer(ty: ValType) -> bool {
    matches!(ty, ValType::I32 | ValType::I64)
}

fn placed(segment: &wasmparser::Data<'_>) -> Range<u64> {
    match &segment.kind {
        DataKind::Active { memory_index: 0, offset_expr } => {
            constant(offset_expr).map_or(0..0, |start| start..start.saturating_add(segment.data.len() as u64))
        }
        _ => 0..0,
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
