//! C and C++: the allocator template of a container, or the variable that takes the result of the call.

use gimli::constants as c;
use heapy_engine::TypeEvidence;

use super::{Caller, Symbols};
use crate::layout::block::{BlockType, Count, HEADERS};
use crate::layout::code;
use crate::layout::dies::DieRef;
use crate::layout::form::{Form, Language, LayoutId};
use crate::layout::types::Layouts;

/// Callers outside of libraries that are asked, from the innermost: wrappers of allocators stand on each other.
const MAX_WRAPPERS: usize = 8;

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

/// How the functions of Zig's `mem.Allocator` begin, of which the compiler numbers the instances.
const ZIG_ALLOCATORS: [&str; 14] = [
    "rawAlloc",
    "rawRemap",
    "rawResize",
    "allocBytes",
    "allocWith",
    "allocAdvanced",
    "alloc__",
    "alignedAlloc",
    "createAdvanced",
    "create__",
    "dupe",
    "realloc",
    "remap__",
    "resize__",
];

/// Whether a function is part of an allocator, so that its own variables say nothing about the block.
pub(super) fn is_allocator(caller: &Caller) -> bool {
    let name = caller.path.rsplit("::").next().unwrap_or(&caller.path);
    let zig = caller.language == Language::Zig && ZIG_ALLOCATORS.iter().any(|prefix| name.starts_with(prefix));
    zig || ALLOCATORS.contains(&name) || name.starts_with("operator new")
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
    let named = pointees(symbols, layouts, &here);
    let fitting: Vec<BlockType> = named.iter().copied().filter(|block| block.fitted(layouts, size).is_some()).collect();
    if let [block] = fitting[..] {
        return Some((block, TypeEvidence::DebugInfo));
    }
    if let Some(block) = headed(layouts, &named, size) {
        return Some((block, TypeEvidence::DebugInfo));
    }
    let all = pointees(symbols, layouts, &variables);
    let sized = |of: &&BlockType| layouts.get(of.ty).size == size && matches!(layouts.get(of.ty).form, Form::Record(_));
    let sized: Vec<&BlockType> = all.iter().filter(sized).collect();
    match sized[..] {
        [of] => Some((BlockType::one(of.ty), TypeEvidence::Size)),
        [] => headed(layouts, &all, size).map(|block| (block, TypeEvidence::Size)),
        _ => None,
    }
}

fn is_variable(symbols: &Symbols<'_>, at: DieRef) -> bool {
    gimli::DwTag(symbols.dies.die(at).tag) == c::DW_TAG_variable
}

/// What variables point to, each once: a value, or the values of a slice.
fn pointees(symbols: &Symbols<'_>, layouts: &mut Layouts, variables: &[DieRef]) -> Vec<BlockType> {
    let mut found = Vec::new();
    for &at in variables {
        let Some(die) = symbols.dies.with_origin(at, |die| (die.ty != super::super::dies::NONE).then_some(die.ty))
        else {
            continue;
        };
        let Some(die) = symbols.dies.find(die) else { continue };
        let ty = layouts.take(symbols.dies, symbols.sections, die);
        let block = layouts.target(ty).map(BlockType::one).or_else(|| slice(layouts, ty));
        found.extend(block.filter(|block| !found.contains(block)));
    }
    found
}

/// The one type among these that a block of `size` bytes has room for behind an allocator's header.
fn headed(layouts: &Layouts, pointees: &[BlockType], size: u64) -> Option<BlockType> {
    let fitting = pointees.iter().flat_map(|of| HEADERS.map(|header| BlockType::headed(layouts, of.ty, header, size)));
    let fitting: Vec<BlockType> = fitting.flatten().collect();
    match fitting[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// The values of a slice of Zig, which is a struct of a pointer and a length.
fn slice(layouts: &Layouts, ty: LayoutId) -> Option<BlockType> {
    let record = layouts.record(ty).filter(|_| layouts.get(ty).language == Language::Zig)?;
    let [pointer, length] = &record.members[..] else { return None };
    let values = layouts.target(pointer.ty).filter(|_| pointer.name == "ptr" && length.name == "len")?;
    Some(BlockType { ty: values, count: Count::Many, storage: false })
}

/// Whether a function gives a `void *`, so that its caller may know more of what it allocated.
fn returns_untyped(symbols: &Symbols<'_>, caller: &Caller) -> bool {
    let dies = symbols.dies;
    let Some(ty) = dies.type_of(caller.scope.function) else { return false };
    gimli::DwTag(dies.die(ty).tag) == c::DW_TAG_pointer_type && dies.type_of(ty).is_none()
}
