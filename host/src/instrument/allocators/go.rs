//! Go's allocator: the functions that give out objects, by the names in the program's own table of functions.
//!
//! `runtime.mallocgc` leads to one function for each sort of object, and since Go 1.26 compiled code calls many of them
//! directly: those innermost ones are probed, so that each object is told once. Where there are none (before Go 1.24)
//! `mallocgc` itself is. Their arguments and results are on Go's stack in linear memory.

use super::Evidence;
use crate::go::Program;
use crate::instrument::info::ModuleInfo;

/// What every allocating function's name begins with.
const PREFIX: &str = "runtime.mallocgc";
/// Functions that an allocating one calls to do a part of its work.
const PARTS: [&str; 4] = ["SlowPath", "Stub", "Reuse", "Debug"];
/// Functions that only pass on to an allocating one.
const LAYERS: [&str; 2] = ["runtime.newobject", "runtime.newarray"];
/// Sorts that take no third argument and give a second result.
const TWO_ARGUMENTS: [&str; 3] = ["Tiny", "SmallScanNoHeader", "SmallScanHeader"];

/// A function that gives out objects.
#[derive(Clone, Debug)]
pub(crate) struct GoEntry {
    /// The function.
    pub(crate) function: u32,
    /// Its name.
    pub(crate) name: String,
    /// Bytes from the stack pointer behind the function's return to the result.
    pub(crate) result: u32,
    /// Whether several objects may share a block.
    pub(crate) tiny: bool,
}

/// The allocator of a Go program.
#[derive(Clone, Debug)]
pub(crate) struct GoAllocator {
    /// The program.
    pub(crate) program: Program,
    /// What is probed, by function.
    pub(crate) entries: Vec<GoEntry>,
    /// All functions whose business is to allocate, ascending.
    pub(crate) labels: Vec<u32>,
    /// Why it is taken for one.
    pub(crate) evidence: Evidence,
}

/// The allocator of a Go program; none in other modules.
pub(super) fn find(info: &ModuleInfo<'_>) -> Option<GoAllocator> {
    let (program, functions) = Program::find(info.bytes, info.imported(), info.bodies.len() as u32)?;
    let named = functions.named().filter(|(_, name)| name.starts_with(PREFIX));
    let named: Vec<(u32, &str)> = named.filter(|&(function, _)| is_go(info, info.imported() + function)).collect();
    let inner = |name: &str| name.len() > PREFIX.len() && !PARTS.iter().any(|part| name.contains(part));
    let any = named.iter().any(|(_, name)| inner(name));
    let entries = named.iter().filter(|(_, name)| if any { inner(name) } else { *name == PREFIX });
    let mut entries: Vec<GoEntry> = entries.map(|&(function, name)| entry(info.imported() + function, name)).collect();
    entries.sort_by_key(|entry| entry.function);
    let first = entries.first()?;
    let kept = info.function_names.iter().any(|&(function, name)| function == first.function && name == first.name);
    let evidence = if kept { Evidence::Name } else { Evidence::FunctionTable };
    let label = |name: &str| name.starts_with(PREFIX) || LAYERS.contains(&name);
    let labels = functions.named().filter(|(_, name)| label(name)).map(|(function, _)| info.imported() + function);
    let labels = labels.collect();
    Some(GoAllocator { program, entries, labels, evidence })
}

fn entry(function: u32, name: &str) -> GoEntry {
    let sort = &name[PREFIX.len()..];
    // The result stands behind the arguments, and those behind the return address, which is gone by then.
    let result = if TWO_ARGUMENTS.contains(&sort) { 16 } else { 24 };
    GoEntry { function, name: name.to_owned(), result, tiny: sort.is_empty() || sort.starts_with("Tiny") }
}

/// Whether a function has the one parameter and the one result that all of Go's have, and a body.
fn is_go(info: &ModuleInfo<'_>, function: u32) -> bool {
    let word = [wasmparser::ValType::I32];
    info.body(function).is_some()
        && info.signature(function).is_some_and(|signature| signature.params == word && signature.results == word)
        && info.globals.first() == Some(&(wasmparser::ValType::I32, true))
}
