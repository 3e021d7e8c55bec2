//! C and C++: the allocator template of a container, or the variable that takes the result of the call.

use gimli::constants as c;
use heapy_engine::TypeEvidence;

use super::{Caller, Symbols};
use crate::layout::block::{BlockType, Count};
use crate::layout::code;
use crate::layout::dies::DieRef;
use crate::layout::form::{Form, Language, LayoutId};
use crate::layout::types::Layouts;

/// Callers outside of libraries that are asked, from the innermost: wrappers of allocators stand on each other.
const MAX_WRAPPERS: usize = 4;

/// Library code of C++ whose blocks hold one value each, although an allocator for arrays makes them.
const NODES: [&str; 5] = ["__tree", "__hash_table", "list", "make_shared", "allocate_shared"];

const ALLOCATORS: [&str; 21] = [
    "malloc",
    "calloc",
    "realloc",
    "reallocarray",
    "aligned_alloc",
    "memalign",
    "posix_memalign",
    "dlmalloc",
    "dlcalloc",
    "dlrealloc",
    "dlmemalign",
    "internal_memalign",
    "prepend_alloc",
    "tmalloc_small",
    "tmalloc_large",
    "sys_alloc",
    "__rust_alloc",
    "__rdl_alloc",
    "__rust_realloc",
    "__rdl_realloc",
    "__rust_alloc_zeroed",
];

/// Whether a function is part of an allocator, so that its own variables say nothing about the block.
pub(super) fn is_allocator(path: &str) -> bool {
    let name = path.rsplit("::").next().unwrap_or(path);
    ALLOCATORS.contains(&name) || name.starts_with("operator new")
}

/// The type that the callers of an allocation of `size` bytes name.
pub(super) fn type_of(
    symbols: &Symbols<'_>,
    layouts: &mut Layouts,
    callers: &[Caller],
    size: u64,
) -> Option<(BlockType, TypeEvidence)> {
    if let Some(block) = container(symbols, layouts, callers, size) {
        return Some((block, TypeEvidence::DebugInfo));
    }
    // What a container allocates is no value of the variable that holds the container.
    let own = callers.iter().position(|caller| !is_library(caller))?;
    if callers[..own].iter().any(|caller| !caller.path.contains("operator_new")) && own > 0 {
        return None;
    }
    for caller in callers[own..].iter().take(MAX_WRAPPERS) {
        if let Some(found) = by_variable(symbols, layouts, caller, size) {
            return Some(found);
        }
        if !returns_untyped(symbols, caller) {
            return None;
        }
    }
    None
}

fn is_library(caller: &Caller) -> bool {
    caller.language == Language::Cpp && caller.path.starts_with("std::")
}

/// `std::allocator<T>::allocate`: values for a container.
fn container(symbols: &Symbols<'_>, layouts: &mut Layouts, callers: &[Caller], size: u64) -> Option<BlockType> {
    let library = callers.iter().take_while(|caller| is_library(caller)).count();
    let at = callers[..library]
        .iter()
        .position(|caller| caller.path.starts_with("std::allocator<") || caller.path.contains("new_allocator<"))?;
    let ty =
        symbols.parameter(layouts, &callers[at], "_Tp").or_else(|| symbols.parameter(layouts, &callers[at], "T"))?;
    let single = layouts.get(ty).size == size
        && callers[at..library].iter().any(|caller| NODES.iter().any(|node| caller.path.contains(node)));
    Some(if single { BlockType::one(ty) } else { BlockType { ty, count: Count::Many, storage: true } })
}

/// The pointer that is declared in the line of the call takes its result. Where none is, the one type in scope with the
/// requested size may be it.
fn by_variable(
    symbols: &Symbols<'_>,
    layouts: &mut Layouts,
    caller: &Caller,
    size: u64,
) -> Option<(BlockType, TypeEvidence)> {
    let variables = code::variables(symbols.dies, &caller.scope);
    let declared = |at: DieRef| symbols.dies.with_origin(at, |die| (die.line > 0).then_some(die.line));
    let here: Vec<DieRef> = variables
        .iter()
        .copied()
        .filter(|&at| caller.line.is_some() && declared(at) == caller.line && is_variable(symbols, at))
        .collect();
    let mut fitting = pointees(symbols, layouts, &here);
    fitting.retain(|&ty| BlockType::one(ty).fitted(layouts, size).is_some());
    if let [ty] = fitting[..] {
        return Some((BlockType::one(ty), TypeEvidence::DebugInfo));
    }
    let mut sized = pointees(symbols, layouts, &variables);
    sized.retain(|&ty| layouts.get(ty).size == size && matches!(layouts.get(ty).form, Form::Record(_)));
    match sized[..] {
        [ty] => Some((BlockType::one(ty), TypeEvidence::Size)),
        _ => None,
    }
}

fn is_variable(symbols: &Symbols<'_>, at: DieRef) -> bool {
    gimli::DwTag(symbols.dies.die(at).tag) == c::DW_TAG_variable
}

/// The types that variables point to, each once.
fn pointees(symbols: &Symbols<'_>, layouts: &mut Layouts, variables: &[DieRef]) -> Vec<LayoutId> {
    let mut found = Vec::new();
    for &at in variables {
        let Some(die) = symbols.dies.with_origin(at, |die| (die.ty != super::super::dies::NONE).then_some(die.ty))
        else {
            continue;
        };
        let Some(die) = symbols.dies.find(die) else { continue };
        let ty = layouts.take(symbols.dies, symbols.sections, die);
        if let Some(target) = layouts.target(ty)
            && !found.contains(&target)
        {
            found.push(target);
        }
    }
    found
}

/// Whether a function gives a `void *`, so that its caller may know more of what it allocated.
fn returns_untyped(symbols: &Symbols<'_>, caller: &Caller) -> bool {
    let dies = symbols.dies;
    let Some(ty) = dies.type_of(caller.scope.function) else { return false };
    gimli::DwTag(dies.die(ty).tag) == c::DW_TAG_pointer_type && dies.type_of(ty).is_none()
}
