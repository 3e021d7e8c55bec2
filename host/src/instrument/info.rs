//! What is known of a module, parsed once; the passes only read it.
//!
//! Function bodies are scanned in parallel (see [`body`](super::body)); everything else is cheap. Names are kept only as
//! slices of the module's bytes.

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::*;
use wasmparser::{
    BinaryReaderError, CompositeInnerType, ElementItems, Encoding, ExternalKind, FunctionBody, Name, NameSectionReader,
    Operator, Parser, Payload, TypeRef, ValType,
};

use super::body::{BodyFacts, scan_body};
use super::names;
use crate::error::InstrumentError;

/// A section as it stands in the file.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// Its number.
    pub(crate) id: u8,
    /// Its contents.
    pub(crate) range: Range<usize>,
}

/// A function type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Signature {
    /// Types of the parameters.
    pub(crate) params: Vec<ValType>,
    /// Types of the results.
    pub(crate) results: Vec<ValType>,
}

/// An imported function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FunctionImport<'a> {
    /// The module it comes from.
    pub(crate) module: &'a str,
    /// Its name there.
    pub(crate) name: &'a str,
}

/// An export.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExportFacts<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// What it is.
    pub(crate) kind: ExternalKind,
    /// Its index in that index space.
    pub(crate) index: u32,
}

/// Facts of one module.
#[derive(Debug, Default)]
pub(crate) struct ModuleInfo<'a> {
    /// The whole file.
    pub(crate) bytes: &'a [u8],
    /// Its sections, in order.
    pub(crate) sections: Vec<Section>,
    /// How many entries the type section has (recursive groups count once).
    pub(crate) type_groups: u32,
    /// The function type at each type index; none where the type is no function.
    pub(crate) types: Vec<Option<Signature>>,
    /// Imported functions; they have the first indices.
    pub(crate) imports: Vec<FunctionImport<'a>>,
    /// Type index of each function, imports included.
    pub(crate) function_types: Vec<u32>,
    /// Number of tables, imports included.
    pub(crate) tables: u32,
    /// Number of memories, imports included.
    pub(crate) memories: u32,
    /// Number of tags, imports included.
    pub(crate) tags: u32,
    /// Globals: type and whether they can change; imports included.
    pub(crate) globals: Vec<(ValType, bool)>,
    /// Exports, in order.
    pub(crate) exports: Vec<ExportFacts<'a>>,
    /// The start function.
    pub(crate) start: Option<u32>,
    /// Bodies of the defined functions, in order.
    pub(crate) bodies: Vec<BodyFacts>,
    /// Whether each function's address may be in a table or a reference.
    pub(crate) address_taken: Vec<bool>,
    /// Names of functions, as the name section has them.
    pub(crate) function_names: Vec<(u32, &'a str)>,
    /// Names of globals.
    pub(crate) global_names: Vec<(u32, &'a str)>,
}

impl<'a> ModuleInfo<'a> {
    /// Parses a module. Time O(its size).
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, InstrumentError> {
        check_header(bytes)?;
        let mut info = Self { bytes, ..Self::default() };
        let mut bodies: Vec<FunctionBody<'a>> = Vec::new();
        let mut taken: Vec<u32> = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(malformed)?;
            if let Some((id, range)) = payload.as_section() {
                info.sections.push(Section { id, range });
            }
            match payload {
                Payload::CodeSectionEntry(body) => bodies.push(body),
                Payload::ElementSection(reader) => read_elements(reader, &mut taken)?,
                other => info.read_section(other, &mut taken)?,
            }
        }
        let imported = info.imports.len();
        if info.function_types.len() != imported + bodies.len() {
            let message = "function and code section have inconsistent lengths".to_owned();
            return Err(InstrumentError::Malformed { message, offset: bytes.len() });
        }
        let scanned: Result<Vec<BodyFacts>, InstrumentError> =
            bodies.into_par_iter().with_min_len(64).map(scan_body).collect();
        info.bodies = scanned?;
        for body in &info.bodies {
            taken.extend(&body.function_references);
        }
        info.address_taken = vec![false; info.function_types.len()];
        for function in taken {
            if let Some(slot) = info.address_taken.get_mut(function as usize) {
                *slot = true;
            }
        }
        info.check_indices()?;
        Ok(info)
    }

    /// Number of functions, imports included.
    pub(crate) fn function_count(&self) -> u32 {
        self.function_types.len() as u32
    }

    /// Number of imported functions.
    pub(crate) fn imported(&self) -> u32 {
        self.imports.len() as u32
    }

    /// The body of a function; none for imports.
    pub(crate) fn body(&self, function: u32) -> Option<&BodyFacts> {
        self.bodies.get(function.checked_sub(self.imported())? as usize)
    }

    /// The signature of a function.
    pub(crate) fn signature(&self, function: u32) -> Option<&Signature> {
        let ty = *self.function_types.get(function as usize)?;
        self.types.get(ty as usize)?.as_ref()
    }

    /// Functions by every name they go under: name section first, then exports. The first of equal names wins.
    pub(crate) fn functions_by_name(&self) -> HashMap<&'a str, u32> {
        let mut named = HashMap::new();
        for &(function, name) in &self.function_names {
            named.entry(name).or_insert(function);
        }
        for export in self.exports.iter().filter(|export| is_function(export.kind)) {
            named.entry(export.name).or_insert(export.index);
        }
        named
    }

    fn read_section(&mut self, payload: Payload<'a>, taken: &mut Vec<u32>) -> Result<(), InstrumentError> {
        match payload {
            Payload::TypeSection(reader) => {
                self.type_groups = reader.count();
                for group in reader {
                    for ty in group.map_err(malformed)?.into_types() {
                        self.types.push(signature_of(&ty.composite_type.inner));
                    }
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    let import = import.map_err(malformed)?;
                    self.read_import(import.module, import.name, import.ty)?;
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    self.function_types.push(ty.map_err(malformed)?);
                }
            }
            Payload::TableSection(reader) => {
                self.tables += reader.count();
                for table in reader {
                    if let wasmparser::TableInit::Expr(init) = table.map_err(malformed)?.init {
                        read_constant(&init, taken)?;
                    }
                }
            }
            Payload::MemorySection(reader) => {
                for memory in reader {
                    self.add_memory(memory.map_err(malformed)?)?;
                }
            }
            Payload::TagSection(reader) => self.tags += reader.count(),
            Payload::GlobalSection(reader) => {
                for global in reader {
                    let global = global.map_err(malformed)?;
                    self.globals.push((global.ty.content_type, global.ty.mutable));
                    read_constant(&global.init_expr, taken)?;
                }
            }
            Payload::ExportSection(reader) => {
                for export in reader {
                    let export = export.map_err(malformed)?;
                    if export.name.starts_with(names::PREFIX) {
                        return Err(InstrumentError::AlreadyInstrumented { name: export.name.to_owned() });
                    }
                    self.exports.push(ExportFacts { name: export.name, kind: export.kind, index: export.index });
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::CustomSection(reader) if reader.name() == "name" => {
                self.read_names(NameSectionReader::new(wasmparser::BinaryReader::new(
                    reader.data(),
                    reader.data_offset(),
                )));
            }
            _ => {}
        }
        Ok(())
    }

    fn read_import(&mut self, module: &'a str, name: &'a str, ty: TypeRef) -> Result<(), InstrumentError> {
        match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.imports.push(FunctionImport { module, name });
                self.function_types.push(ty);
            }
            TypeRef::Table(_) => self.tables += 1,
            TypeRef::Memory(memory) => self.add_memory(memory)?,
            TypeRef::Global(global) => self.globals.push((global.content_type, global.mutable)),
            TypeRef::Tag(_) => self.tags += 1,
        }
        Ok(())
    }

    fn add_memory(&mut self, memory: wasmparser::MemoryType) -> Result<(), InstrumentError> {
        let feature = match memory {
            memory if memory.memory64 => "64-bit memories (memory64)",
            memory if memory.shared => "threads (shared memory)",
            memory if memory.page_size_log2.is_some_and(|log2| log2 != 16) => "custom page sizes",
            _ => {
                self.memories += 1;
                return Ok(());
            }
        };
        Err(InstrumentError::Unsupported { feature: feature.to_owned() })
    }

    /// A name section that is damaged is no reason to refuse the module: what can be read of it is used.
    fn read_names(&mut self, reader: NameSectionReader<'a>) {
        for name in reader {
            match name {
                Ok(Name::Function(map)) => {
                    self.function_names.extend(map.into_iter().flatten().map(|naming| (naming.index, naming.name)));
                }
                Ok(Name::Global(map)) => {
                    self.global_names.extend(map.into_iter().flatten().map(|naming| (naming.index, naming.name)));
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
        let count = self.function_types.len();
        self.function_names.retain(|&(function, _)| (function as usize) < count);
    }

    /// Everything later passes index with must exist; the engine validates the rest.
    fn check_indices(&self) -> Result<(), InstrumentError> {
        let functions = self.function_count();
        let bad = |message: String, offset: usize| Err(InstrumentError::Malformed { message, offset });
        for function in 0..functions {
            if self.signature(function).is_none() {
                return bad(format!("function {function} has no function type"), 0);
            }
        }
        let exported = self.exports.iter().filter(|export| is_function(export.kind)).map(|export| export.index);
        if let Some(function) = exported.chain(self.start).find(|&function| function >= functions) {
            return bad(format!("function {function} does not exist"), 0);
        }
        for body in &self.bodies {
            for call in &body.calls {
                let known = match call.callee {
                    super::body::Callee::Function(function) => function < functions,
                    super::body::Callee::Type(ty) => (ty as usize) < self.types.len(),
                };
                if !known {
                    return bad("a call leads to nothing that exists".to_owned(), call.at);
                }
            }
        }
        Ok(())
    }
}

/// Whether an export is a function.
pub(crate) fn is_function(kind: ExternalKind) -> bool {
    matches!(kind, ExternalKind::Func | ExternalKind::FuncExact)
}

/// The decoder's error as ours.
pub(crate) fn malformed(error: BinaryReaderError) -> InstrumentError {
    InstrumentError::Malformed { message: error.message().to_string(), offset: error.offset() }
}

fn signature_of(inner: &CompositeInnerType) -> Option<Signature> {
    match inner {
        CompositeInnerType::Func(ty) => {
            Some(Signature { params: ty.params().to_vec(), results: ty.results().to_vec() })
        }
        _ => None,
    }
}

fn check_header(bytes: &[u8]) -> Result<(), InstrumentError> {
    if !bytes.starts_with(b"\0asm") {
        let start = match bytes.get(..bytes.len().min(4)) {
            None | Some([]) => "nothing, it is empty".to_owned(),
            Some(start) => start.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
        };
        return Err(InstrumentError::NotWasm { start });
    }
    match Parser::new(0).parse(bytes, true).map_err(malformed)? {
        wasmparser::Chunk::Parsed { payload: Payload::Version { encoding: Encoding::Component, .. }, .. } => {
            Err(InstrumentError::Component)
        }
        _ => Ok(()),
    }
}

fn read_elements<'a>(
    reader: wasmparser::ElementSectionReader<'a>,
    taken: &mut Vec<u32>,
) -> Result<(), InstrumentError> {
    for element in reader {
        match element.map_err(malformed)?.items {
            ElementItems::Functions(functions) => {
                for function in functions {
                    taken.push(function.map_err(malformed)?);
                }
            }
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions {
                    read_constant(&expression.map_err(malformed)?, taken)?;
                }
            }
        }
    }
    Ok(())
}

fn read_constant(init: &wasmparser::ConstExpr<'_>, taken: &mut Vec<u32>) -> Result<(), InstrumentError> {
    for operator in init.get_operators_reader() {
        if let Operator::RefFunc { function_index } = operator.map_err(malformed)? {
            taken.push(function_index);
        }
    }
    Ok(())
}
