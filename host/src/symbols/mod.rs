//! What a module says about itself: names of functions, source places of code, symbols of static data, where its
//! memory's parts lie.
//!
//! Everything is read from the original module, when it is first asked for, and kept. A module without names or debug
//! information gets plain answers (`app[17]`), never invented ones. Symbols are hints in custom sections, written by
//! compilers and rewritten by optimisers: what is broken or does not fit the code is left out and said once in
//! [`Symbols::notes`].

mod demangle;
mod dwarf;
mod go;
mod libraries;
mod memory_plan;
mod prologue;
mod statics;
mod type_size;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use heapy_engine::Frame;
use thiserror::Error;

use self::demangle::{Mangling, Readable, clean, demangle};
use self::dwarf::{DebugFrame, DebugFrames, LineTable};
use self::go::GoSymbols;
use self::libraries::{is_library, rust_crate};
pub use self::memory_plan::StaticExtent;
use self::memory_plan::{PlanFacts, static_extent};
pub use self::prologue::ShadowFrame;
pub use self::statics::StaticSymbol;
use crate::layout::Typing;
use crate::module::{ModuleError, ModuleStructure, Names};
use crate::paused::RawFrame;

/// Bytes of stack that wasm-ld gives when nothing is said.
const LLVM_DEFAULT_STACK: u64 = 64 << 10;
/// Bytes of stack that AssemblyScript gives when nothing is said.
const ASSEMBLY_SCRIPT_DEFAULT_STACK: u64 = 32 << 10;
/// Bodies that are looked at to tell whether a nameless global is the stack pointer.
const STACK_POINTER_SAMPLE: usize = 2_000;

/// Why a module has no symbols at all.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SymbolsError {
    /// The bytes are no module.
    #[error("cannot read the module's structure: {0}")]
    Malformed(wasmparser::BinaryReaderError),
    /// The bytes are a component.
    #[error("symbols are those of a core module, and this is a component")]
    Component,
}

impl From<ModuleError> for SymbolsError {
    fn from(error: ModuleError) -> Self {
        match error {
            ModuleError::Malformed(error) => Self::Malformed(error),
            ModuleError::Component => Self::Component,
        }
    }
}

/// The symbols of one module.
///
/// Shared by all snapshots of a guest; safe to ask from several threads.
pub struct Symbols {
    module: Arc<ModuleStructure>,
    line_table: OnceLock<Option<LineTable>>,
    statics: OnceLock<Vec<StaticSymbol>>,
    stack_pointer: OnceLock<Option<u32>>,
    frames: Mutex<HashMap<RawFrame, Arc<[Frame]>>>,
    notes: Mutex<Vec<String>>,
    typing: OnceLock<Typing>,
    go: OnceLock<Option<GoSymbols>>,
    /// What nameless functions are called after.
    label: String,
}

impl Symbols {
    /// The symbols of a module given by its bytes. Reads the section headers only.
    ///
    /// # Errors
    /// [`SymbolsError`] if the bytes are no core module.
    pub fn new(module: Arc<[u8]>) -> Result<Self, SymbolsError> {
        Self::labelled(module, "module")
    }

    /// The same, with the name that stands before the index of a nameless function.
    ///
    /// # Errors
    /// [`SymbolsError`] if the bytes are no core module.
    pub fn labelled(module: Arc<[u8]>, label: &str) -> Result<Self, SymbolsError> {
        Ok(Self::of(ModuleStructure::read(module)?, label))
    }

    /// The same for a module that was read from a file: debug information that was split off is looked for beside it,
    /// and in the folder that it says it was compiled in.
    ///
    /// # Errors
    /// [`SymbolsError`] if the bytes are no core module.
    pub fn of_file(module: Arc<[u8]>, label: &str, file: &Path) -> Result<Self, SymbolsError> {
        let mut module = ModuleStructure::read(module)?;
        module.beside(file);
        Ok(Self::of(module, label))
    }

    fn of(module: ModuleStructure, label: &str) -> Self {
        Self {
            module: Arc::new(module),
            line_table: OnceLock::new(),
            statics: OnceLock::new(),
            stack_pointer: OnceLock::new(),
            frames: Mutex::default(),
            notes: Mutex::default(),
            typing: OnceLock::new(),
            go: OnceLock::new(),
            label: clean(label),
        }
    }

    /// The types of the module's blocks. Nothing is read for them before the first question.
    #[must_use]
    pub fn typing(&self) -> &Typing {
        self.typing.get_or_init(|| Typing::of(Arc::clone(&self.module)))
    }

    /// The demangled name of a function: by the name section, else its export or import, else `label[index]`.
    #[must_use]
    pub fn function_name(&self, function: u32) -> String {
        self.readable_name(function).text
    }

    /// The frames at a place in the code, innermost first: the calls that were inlined there, then the function
    /// itself. At least one. Kept, so that asking again costs a lookup.
    #[must_use]
    pub fn frames(&self, place: RawFrame) -> Arc<[Frame]> {
        if let Some(known) = self.kept_frames().get(&place) {
            return Arc::clone(known);
        }
        let frames: Arc<[Frame]> = self.frames_at(place).into();
        self.kept_frames().insert(place, Arc::clone(&frames));
        frames
    }

    /// The frames at a place as `function file:line`, innermost first, inlined ones included.
    #[must_use]
    pub fn described(&self, place: RawFrame) -> Vec<String> {
        let line = |frame: &Frame| match (&frame.file, frame.line) {
            (Some(file), Some(line)) => format!("{} {file}:{line}", frame.function),
            _ => frame.function.to_string(),
        };
        self.frames(place).iter().map(line).collect()
    }

    /// The name of a global: by the name section, else its export or import.
    #[must_use]
    pub fn global_name(&self, global: u32) -> Option<String> {
        let own = self.module.globals.get(global as usize).and_then(|global| global.name.as_deref());
        self.names().global(global).or(own).map(clean)
    }

    /// Whether a global is known to be an integer or an address that holds no object: the stack pointer, the ends of
    /// static data and heap, bases of relocation.
    #[must_use]
    pub fn is_bookkeeping_global(&self, global: u32) -> bool {
        const NAMES: [&str; 16] = [
            "__stack_pointer",
            "__stack_low",
            "__stack_high",
            "__stack_end",
            "__stack_base",
            "__stack_limit",
            "__stack_max",
            "__heap_base",
            "__heap_end",
            "__data_end",
            "__dso_handle",
            "__memory_base",
            "__table_base",
            "__rtti_base",
            "__global_base",
            "__tls_size",
        ];
        self.stack_pointer() == Some(global)
            || self.global_name(global).is_some_and(|name| NAMES.contains(&name.rsplit('/').next().unwrap_or(&name)))
    }

    /// The global that holds the shadow stack's pointer: by its name, else the first global if functions use it so.
    #[must_use]
    pub fn stack_pointer(&self) -> Option<u32> {
        *self.stack_pointer.get_or_init(|| {
            let is_candidate = |global: &crate::module::Global| global.mutable && global.integer;
            let named = (0..self.module.globals.len() as u32).find(|&index| {
                is_candidate(&self.module.globals[index as usize])
                    && self.global_name(index).is_some_and(|name| name.rsplit('/').next() == Some("__stack_pointer"))
            });
            named.or_else(|| self.nameless_stack_pointer().then_some(0))
        })
    }

    /// Bytes of the shadow stack that an activation of the function takes.
    #[must_use]
    pub fn shadow_frame(&self, function: u32) -> ShadowFrame {
        match (self.stack_pointer(), self.module.body_of(function)) {
            (Some(stack_pointer), Some(body)) => prologue::shadow_frame(&self.module.bytes[body], stack_pointer),
            _ => ShadowFrame::Bytes(0),
        }
    }

    /// Variables in static data, in the order of addresses, none overlapping another.
    #[must_use]
    pub fn statics(&self) -> &[StaticSymbol] {
        self.statics.get_or_init(|| {
            let (symbols, broken) = statics::static_symbols(&self.module, self.names());
            if let Some(error) = broken {
                self.note(format!("the debug information is damaged ({error}): some static data has no names"));
            }
            symbols
        })
    }

    /// Where static data lies, given the lowest address of a live block.
    #[must_use]
    pub fn static_extent(&self, lowest_block: Option<u64>) -> StaticExtent {
        if let Some(go) = self.go() {
            let end = go.program.data.end;
            let first =
                self.module.data.iter().filter(|segment| !segment.is_empty()).map(|segment| segment.start).min();
            return StaticExtent { range: first.unwrap_or(end).min(end)..end, exact: true };
        }
        let segments = self.module.data.iter().filter(|segment| !segment.is_empty()).cloned();
        let symbols = self.statics().iter().map(|symbol| symbol.address..symbol.address.saturating_add(symbol.size));
        // A symbol outside of the memory is one of a dropped variable.
        let initial_bytes = self.module.memory.map_or(0, |memory| memory.initial_bytes);
        let data = segments
            .chain(symbols)
            .filter(|range| range.end <= initial_bytes)
            .reduce(|whole, part| whole.start.min(part.start)..whole.end.max(part.end));
        let stack_pointer = self.stack_pointer();
        let assembly_script =
            stack_pointer.and_then(|index| self.names().global(index)).is_some_and(|name| name.starts_with("~lib/"));
        let facts = PlanFacts {
            data,
            data_end: self.constant_global("__data_end"),
            heap_base: self.constant_global("__heap_base"),
            stack_top: stack_pointer.and_then(|index| self.module.globals[index as usize].initial),
            default_stack: if assembly_script { ASSEMBLY_SCRIPT_DEFAULT_STACK } else { LLVM_DEFAULT_STACK },
            initial_bytes,
        };
        static_extent(&facts, lowest_block)
    }

    /// Whether addresses take 64 bits in memory: those of Go's do, although the first memory has 32.
    #[must_use]
    pub fn has_wide_addresses(&self) -> bool {
        self.module.memory.is_some_and(|memory| memory.wide) || self.go().is_some()
    }

    /// The tables of a Go program; none of other modules.
    fn go(&self) -> Option<&GoSymbols> {
        self.go.get_or_init(|| GoSymbols::find(&self.module)).as_ref()
    }

    /// What was wrong with the symbols so far, one sentence each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    fn kept_frames(&self) -> std::sync::MutexGuard<'_, HashMap<RawFrame, Arc<[Frame]>>> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names(&self) -> &Names {
        let names = self.module.names();
        if let Some(error) = &names.broken {
            self.note(format!("the name section is damaged ({error}): some functions have no names"));
        }
        names
    }

    fn line_table(&self) -> Option<&LineTable> {
        let opened = self.line_table.get_or_init(|| match LineTable::open(&self.module)? {
            Ok(table) => Some(table),
            Err(error) => {
                self.note(format!("the debug information is not used: {error}"));
                None
            }
        });
        opened.as_ref()
    }

    fn readable_name(&self, function: u32) -> Readable {
        let module = &self.module;
        if let Some(name) = self.names().function(&module.bytes, function) {
            return demangle(name);
        }
        let exported = module.exported_functions.iter().find(|(index, _)| *index == function).map(|(_, name)| name);
        if let Some(name) = self.go().and_then(|go| go.name(function)) {
            return Readable { text: clean(name), mangling: Mangling::Plain };
        }
        match exported.or_else(|| module.imported_functions.get(function as usize)) {
            Some(name) => demangle(name),
            None => Readable { text: format!("{}[{function}]", self.label), mangling: Mangling::Plain },
        }
    }

    fn frames_at(&self, place: RawFrame) -> Vec<Frame> {
        if let Some(frames) = self.go().and_then(|go| go.frames(&self.module, place)) {
            return frames;
        }
        let own = self.readable_name(place.function);
        let debug = self.debug_frames(place);
        if debug.frames.is_empty() {
            return vec![self.frame(place, &own, &DebugFrame::default(), debug.unit.as_deref())];
        }
        let last = debug.frames.len() - 1;
        let frame = |(index, frame): (usize, &DebugFrame)| {
            // The name section has the whole name where DWARF may have the last part of it only.
            let has_own = index == last && !own.text.starts_with(&format!("{}[", self.label));
            let readable = match &frame.function {
                Some(function) if !has_own => demangle(function),
                _ => own.clone(),
            };
            self.frame(place, &readable, frame, debug.unit.as_deref())
        };
        debug.frames.iter().enumerate().map(frame).collect()
    }

    fn debug_frames(&self, place: RawFrame) -> DebugFrames {
        let inside = |offset: u32| (offset as usize).checked_sub(self.module.code_start);
        let Some(probe) = place.offset.and_then(inside) else { return DebugFrames::default() };
        let Some(table) = self.line_table() else { return DebugFrames::default() };
        table.frames(probe as u64).unwrap_or_else(|error| {
            self.note(format!("the debug information is damaged ({error}): some places have no line"));
            DebugFrames::default()
        })
    }

    fn frame(&self, place: RawFrame, name: &Readable, debug: &DebugFrame, unit: Option<&str>) -> Frame {
        let file = debug.file.as_deref().map(clean);
        Frame {
            library: is_library(&name.text, name.mangling, file.as_deref()),
            unit: Some(self.unit_of(name, unit)),
            function: name.text.clone(),
            file,
            line: debug.line,
            column: debug.column,
            offset: place.offset.map(u64::from),
            inlined: debug.inlined,
            reallocates: false,
        }
    }

    /// The crate of a Rust function, the module of an AssemblyScript one, else the translation unit, else the module.
    fn unit_of(&self, name: &Readable, unit: Option<&str>) -> String {
        let by_name = match name.mangling {
            Mangling::Rust => rust_crate(&name.text).map(str::to_owned),
            Mangling::AssemblyScript => {
                let path = name.text.split(['#', '<']).next().unwrap_or(&name.text);
                path.rsplit_once('/').map(|(module, _)| module.to_owned())
            }
            Mangling::Cpp | Mangling::Plain => None,
        };
        // Rust names its units `src/main.rs/@/app.0123-cgu.0`.
        let by_debug = || unit.map(|unit| clean(unit.split("/@/").next().unwrap_or(unit)));
        by_name.or_else(by_debug).unwrap_or_else(|| self.label.clone())
    }

    fn constant_global(&self, wanted: &str) -> Option<u64> {
        let named =
            |index: &usize| self.global_name(*index as u32).is_some_and(|name| name.rsplit('/').next() == Some(wanted));
        let index = (0..self.module.globals.len()).find(named)?;
        self.module.globals[index].initial.filter(|_| !self.module.globals[index].mutable)
    }

    /// Whether global 0 has the look of LLVM's stack pointer and a function lowers it as a prologue does.
    fn nameless_stack_pointer(&self) -> bool {
        let Some(global) = self.module.globals.first() else { return false };
        let initial_bytes = self.module.memory.map_or(0, |memory| memory.initial_bytes);
        let plausible = global.initial.is_some_and(|top| top >= 1024 && top % 16 == 0 && top <= initial_bytes);
        let lowers = |body: &std::ops::Range<usize>| matches!(prologue::shadow_frame(&self.module.bytes[body.clone()], 0), ShadowFrame::Bytes(bytes) if bytes > 0);
        global.mutable
            && global.integer
            && plausible
            && self.module.bodies.iter().take(STACK_POINTER_SAMPLE).any(lowers)
    }
}

impl std::fmt::Debug for Symbols {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Symbols").field("label", &self.label).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
