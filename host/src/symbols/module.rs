//! What the symbols need of a module's structure: where its sections, bodies, globals and data segments are.
//!
//! One pass over the section headers; neither bodies nor custom sections are read, so that even a module of 70 MB takes
//! milliseconds.

use std::ops::Range;
use std::sync::Arc;

use wasmparser::{ConstExpr, DataKind, Operator, Parser, Payload, TypeRef, ValType};

use super::SymbolsError;

/// The structure of the original module.
#[derive(Debug)]
pub(super) struct ModuleStructure {
    /// The module itself.
    pub(super) bytes: Arc<[u8]>,
    /// `module.name` of each imported function; these have the first function indices.
    pub(super) imported_functions: Vec<String>,
    /// Exported functions by index, in the order of the export section.
    pub(super) exported_functions: Vec<(u32, String)>,
    /// The body of each defined function, in bytes from the start of the module.
    pub(super) bodies: Vec<Range<usize>>,
    /// Where the contents of the code section begin: DWARF counts from there.
    pub(super) code_start: usize,
    /// Bytes of the code section's contents.
    pub(super) code_size: usize,
    /// Globals by index, imports included.
    pub(super) globals: Vec<Global>,
    /// The first memory.
    pub(super) memory: Option<Memory>,
    /// Where each data segment is put in the first memory; empty for passive ones and those of other memories.
    pub(super) data: Vec<Range<u64>>,
    /// Names and contents of the custom sections.
    custom: Vec<(String, Range<usize>)>,
}

/// A global of the module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Global {
    /// Whether the guest can change it.
    pub(super) mutable: bool,
    /// Whether it is an i32 or an i64.
    pub(super) integer: bool,
    /// Its initial value, where that is a constant.
    pub(super) initial: Option<u64>,
    /// Its import or export name.
    pub(super) name: Option<String>,
}

/// The first memory of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    /// Whether addresses have 64 bits.
    pub(super) wide: bool,
    /// Its size before anything runs.
    pub(super) initial_bytes: u64,
}

impl ModuleStructure {
    /// Reads the structure. Time O(sections + functions + segments).
    pub(super) fn read(bytes: Arc<[u8]>) -> Result<Self, SymbolsError> {
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
            custom: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(&bytes) {
            module.add(payload?)?;
        }
        Ok(module)
    }

    /// The contents of the first custom section of this name.
    pub(super) fn custom(&self, name: &str) -> Option<Range<usize>> {
        self.custom.iter().find(|(known, _)| known == name).map(|(_, range)| range.clone())
    }

    /// The position of a defined function among the bodies.
    pub(super) fn body_of(&self, function: u32) -> Option<Range<usize>> {
        let defined = (function as usize).checked_sub(self.imported_functions.len())?;
        self.bodies.get(defined).cloned()
    }

    fn add(&mut self, payload: Payload<'_>) -> Result<(), SymbolsError> {
        match payload {
            Payload::Version { encoding: wasmparser::Encoding::Component, .. } => return Err(SymbolsError::Component),
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
            TypeRef::Func(_) | TypeRef::FuncExact(_) => self.imported_functions.push(name()),
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
