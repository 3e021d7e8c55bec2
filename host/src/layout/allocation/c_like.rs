//! C and C++: the allocator template of a container, or the variable that takes the result of the call.

use gimli::constants as c;
use heapy_engine::TypeEvidence;

use super::{Caller, Named, Symbols, taker, zig};
use crate::layout::block::{BlockType, Count, Evidenced, HEADERS};
use crate::layout::code;
use crate::layout::dies::DieRef;
use crate::layout::form::{Form, Language, LayoutId};
use crate::layout::types::Layouts;

/// Callers outside of libraries that are asked, from the innermost: wrappers of allocators stand on each other.
const MAX_WRAPPERS: usize = 8;

/// Library code of C++ whose blocks hold one value each, although an allocator for arrays makes them: of libc++, of both
/// libraries, of libstdc++.
const NODES: [&str; 9] = [
    "__tree",
    "__hash_table",
    "list",
    "make_shared",
    "allocate_shared",
    "_M_get_node",
    "_M_allocate_node",
    "_M_create_node",
    "__shared_count",
];

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
pub(super) fn is_allocator(caller: &Caller) -> bool {
    let name = caller.path.rsplit("::").next().unwrap_or(&caller.path);
    zig::is_allocator(caller) || ALLOCATORS.contains(&name) || name.starts_with("operator new")
}

/// The type that the callers of an allocation of `size` bytes name: the template of a container; the variable, field or
/// return type that takes the result, in the innermost function that has one; where none is, a size that fits.
pub(super) fn type_of(symbols: &Symbols<'_>, layouts: &mut Layouts, callers: &[Caller], size: u64) -> Named {
    let named = |block, evidence| Named::Type(Evidenced { block, evidence });
    let generic = zig::container(symbols, layouts, callers).or_else(|| container(symbols, layouts, callers, size));
    if let Some(block) = generic {
        return named(block, TypeEvidence::DebugInfo);
    }
    // What a container allocates is no value of the variable that holds the container.
    let Some(own) = callers.iter().position(|caller| !is_library(caller)) else { return Named::Nothing };
    if callers[..own].iter().any(|caller| !caller.path.contains("operator_new")) && own > 0 {
        return Named::Nothing;
    }
    let mut result = taker::Passed::default();
    let mut asked: Vec<&Caller> = Vec::new();
    for frame in callers[own..].chunk_by(|one, other| one.place == other.place).take(MAX_WRAPPERS) {
        let mut untyped = true;
        // An inlined function may give its result through a pointer, so that its caller knows more all the same.
        asked.extend(frame);
        for caller in frame {
            if let Some(block) = declared(symbols, layouts, caller, size, result.header()) {
                return named(block, TypeEvidence::DebugInfo);
            }
            untyped = returns_untyped(symbols, caller);
            if !untyped {
                break;
            }
        }
        // In C++ base classes and first members have the address of the whole too.
        let followed = frame.iter().all(|caller| caller.language == Language::C);
        let way = if followed { result.through(symbols, layouts, frame, size) } else { None };
        match way {
            Some(taker::Way::Taken(block)) => return named(block, TypeEvidence::DebugInfo),
            Some(taker::Way::Returned) => {}
            Some(taker::Way::Kept) => break,
            None if untyped => {}
            None => break,
        }
    }
    if let Some(block) = asked.iter().find_map(|caller| by_size(symbols, layouts, caller, size, result.header())) {
        return named(block, TypeEvidence::Size);
    }
    match result.vague(layouts, size) {
        None if !result.untyped => Named::Nothing,
        bytes => Named::Bytes(bytes),
    }
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
        && callers[at..library].iter().any(|caller| {
            let path = without_arguments(&caller.path);
            NODES.iter().any(|node| path.contains(node))
        });
    Some(if single { BlockType::one(ty) } else { BlockType { ty, count: Count::Many, storage: true } })
}

/// A path without the generic arguments in it, which may have any name.
fn without_arguments(path: &str) -> String {
    let mut depth = 0usize;
    let outside = |&character: &char| {
        let before = depth;
        match character {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before == 0 && depth == 0
    };
    path.chars().filter(outside).collect()
}

/// What the pointer leads to that is declared in the line of the call, and so takes its result.
fn declared(
    symbols: &Symbols<'_>,
    layouts: &mut Layouts,
    caller: &Caller,
    size: u64,
    header: Option<u64>,
) -> Option<BlockType> {
    let line = |at: DieRef| symbols.dies.with_origin(at, |die| (die.line > 0).then_some(die.line));
    let variables = code::variables(symbols.dies, &caller.scope);
    let here: Vec<DieRef> = variables
        .into_iter()
        .filter(|&at| caller.line.is_some() && line(at) == caller.line && is_variable(symbols, at))
        .collect();
    let named = pointees(symbols, layouts, &here);
    let fits = |block: BlockType| match header {
        Some(header) => block.behind(layouts, header, size),
        None => block.fitted(layouts, size).map(|_| block),
    };
    let fitting: Vec<BlockType> = named.iter().filter_map(|&block| fits(block)).collect();
    one_or_headed(layouts, &fitting, &named, size, header)
}

/// The one struct in scope that variables point to and that has the requested size.
fn by_size(
    symbols: &Symbols<'_>,
    layouts: &mut Layouts,
    caller: &Caller,
    size: u64,
    header: Option<u64>,
) -> Option<BlockType> {
    let all = pointees(symbols, layouts, &code::variables(symbols.dies, &caller.scope));
    let sized = |ty: LayoutId| {
        header.is_none() && layouts.get(ty).size == size && matches!(layouts.get(ty).form, Form::Record(_))
    };
    let sized: Vec<BlockType> = all.iter().filter(|of| sized(of.ty)).map(|of| BlockType::one(of.ty)).collect();
    if sized.len() > 1 { None } else { one_or_headed(layouts, &sized, &all, size, header) }
}

/// The one type that fits, or the one among all that does so behind a header.
fn one_or_headed(
    layouts: &Layouts,
    fitting: &[BlockType],
    all: &[BlockType],
    size: u64,
    header: Option<u64>,
) -> Option<BlockType> {
    match fitting {
        [block] => Some(*block),
        _ => headed(layouts, all, size, header),
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
/// The header is of so many bytes where that is known.
fn headed(layouts: &Layouts, pointees: &[BlockType], size: u64, header: Option<u64>) -> Option<BlockType> {
    let headers = header.map_or(HEADERS, |known| [known; HEADERS.len()]);
    // Sizes may have been rounded up to a multiple of eight: a type of the very size is the better one, and small ones
    // are too like each other.
    for most in [0, 7] {
        let by = |of| headers.map(|header| headed_by(layouts, of, header, size, most));
        let mut fitting: Vec<BlockType> = pointees.iter().flat_map(|of| by(of.ty)).flatten().collect();
        fitting.dedup();
        if let [one] = fitting[..] {
            return Some(one);
        }
    }
    None
}

/// One value behind a header, in a block that has room for both and at most so many bytes more.
fn headed_by(layouts: &Layouts, ty: LayoutId, header: u64, size: u64, most: u64) -> Option<BlockType> {
    let room = size.checked_sub(header)?;
    let spare = room.checked_sub(layouts.get(ty).size)?;
    let record = matches!(layouts.get(ty).form, Form::Record(_)) && layouts.get(ty).size > 0;
    let count = Count::Headed(u8::try_from(header).ok()?);
    let close = spare <= most && spare.saturating_mul(8) <= layouts.get(ty).size;
    (record && close).then_some(BlockType { ty, count, storage: false })
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
