//! Names and lines of Go programs, by the table of functions that they carry.

use heapy_engine::Frame;
use wasmparser::{BinaryReader, FunctionBody, Operator};

use super::demangle::clean;
use super::libraries::is_go_library;
use crate::go::{BLOCK_BITS, FIRST_FUNCTION, Functions, Program};
use crate::module::ModuleStructure;
use crate::paused::RawFrame;

/// The tables of a Go program.
#[derive(Debug)]
pub(super) struct GoSymbols {
    pub(super) program: Program,
    functions: Functions,
}

impl GoSymbols {
    /// Those of a module; none if it is not Go's.
    pub(super) fn find(module: &ModuleStructure) -> Option<Self> {
        let (imported, defined) = (module.imported_functions.len() as u32, module.bodies.len() as u32);
        let (program, functions) = Program::find(&module.bytes, imported, defined)?;
        Some(Self { program, functions })
    }

    /// The name of a function.
    pub(super) fn name(&self, function: u32) -> Option<&str> {
        self.functions.name(function.checked_sub(self.program.imported)?)
    }

    /// The frames at a place, innermost first; none where the tables do not know the function.
    pub(super) fn frames(&self, module: &ModuleStructure, place: RawFrame) -> Option<Vec<Frame>> {
        let function = place.function.checked_sub(self.program.imported)?;
        let block = place.block.or_else(|| self.block(module, place.function, place.offset?)).unwrap_or(0);
        // Where it goes on lies behind the call.
        let found = self.functions.frames(function, block.saturating_sub(1));
        let frame = |frame: crate::go::GoFrame| Frame {
            library: is_go_library(&frame.function),
            unit: Some(clean(package(&frame.function))),
            function: clean(&frame.function),
            file: frame.file.as_deref().map(clean),
            line: frame.line,
            column: None,
            offset: place.offset.map(u64::from),
            inlined: frame.inlined,
            reallocates: false,
        };
        (!found.is_empty()).then(|| found.into_iter().map(frame).collect())
    }

    /// Where a function goes on after the call at an offset: what it has put on its stack last.
    fn block(&self, module: &ModuleStructure, function: u32, offset: u32) -> Option<u16> {
        let range = module.body_of(function)?;
        let reader = BinaryReader::new(&module.bytes[range.clone()], range.start);
        let own = u64::from(function.checked_sub(self.program.imported)?) + FIRST_FUNCTION;
        let mut last = None;
        let mut operators = FunctionBody::new(reader).get_operators_reader().ok()?;
        while !operators.eof() {
            let (operator, at) = operators.read_with_offset().ok()?;
            if at as u64 > u64::from(offset) {
                break;
            }
            if let Operator::I64Const { value } = operator
                && value as u64 >> BLOCK_BITS == own
            {
                last = Some(value as u16);
            }
        }
        last
    }
}

/// The package of a function: `main` of `main.(*List).Push`, `container/list` of `container/list.New`.
pub(super) fn package(function: &str) -> &str {
    let path = function.rfind('/').map_or(0, |slash| slash + 1);
    function[path..].find('.').map_or(function, |dot| &function[..path + dot])
}
