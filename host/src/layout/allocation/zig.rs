//! Zig: the generic arguments of containers, which stand in the names of their functions only.

use super::{Caller, Symbols};
use crate::layout::block::{BlockType, Count};
use crate::layout::containers::is_zig_map;
use crate::layout::form::{Form, Language, Layout, Member, Scalar};
use crate::layout::types::Layouts;

/// How the functions of `mem.Allocator` begin, of which the compiler numbers the instances.
const ALLOCATORS: [&str; 14] = [
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

/// Types whose functions keep values of their first argument side by side.
const LISTS: [&str; 3] = ["array_list.Aligned(", "array_list.AlignedManaged(", "array_list.ArrayList("];

/// Containers that a path may go through before the one is found that knows its elements.
const MAX_SEARCH: usize = 8;

/// Whether a function is one of `mem.Allocator` or of an allocator of the standard library.
pub(super) fn is_allocator(caller: &Caller) -> bool {
    caller.language == Language::Zig && {
        let (of, name) = parts(&caller.path);
        of == "mem.Allocator" || of.starts_with("heap.") || ALLOCATORS.iter().any(|prefix| name.starts_with(prefix))
    }
}

/// What the container holds that an allocation is made for: the elements of a list, or the table of a hash map.
pub(super) fn container(symbols: &Symbols<'_>, layouts: &mut Layouts, callers: &[Caller]) -> Option<BlockType> {
    let library = callers.iter().take_while(|caller| caller.language == Language::Zig).take(MAX_SEARCH);
    for caller in library {
        let (of, _) = parts(&caller.path);
        if LISTS.iter().any(|prefix| of.starts_with(prefix)) {
            let element = first_argument(of)?;
            let ty = layouts.by_name(symbols.dies, symbols.sections, element)?;
            return Some(BlockType { ty, count: Count::Many, storage: true });
        }
        if is_zig_map(of) {
            return table(symbols, layouts, of);
        }
        if !of.starts_with("array_list.") {
            break;
        }
    }
    None
}

/// The block of a hash map: a header that leads to its keys and values, which stand behind it with a byte for each place.
fn table(symbols: &Symbols<'_>, layouts: &mut Layouts, of: &str) -> Option<BlockType> {
    let header = layouts.by_name(symbols.dies, symbols.sections, &format!("{of}.Header"))?;
    let mut record = layouts.record(header)?.clone();
    let (name, language, form) = ("u8".to_owned(), Language::Zig, Form::Scalar(Scalar::Unsigned));
    let byte = layouts.declare(Layout { name, unit: None, size: 1, language, form });
    let (ty, offset) = (layouts.array_of(byte, None), layouts.get(header).size);
    let name = "places".to_owned();
    record.members.push(Member { name, offset, ty, bits: None, base: false, artificial: false });
    let name = format!("hash table of {of}");
    let ty = layouts.declare(Layout { name, unit: None, size: offset, language, form: Form::Record(record) });
    Some(BlockType { ty, count: Count::One, storage: true })
}

/// A path without and with its last component: dots inside of parentheses and quotes divide nothing.
fn parts(path: &str) -> (&str, &str) {
    let (mut depth, mut quoted, mut last) = (0usize, false, None);
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'(' | b'[' if !quoted => depth += 1,
            b')' | b']' if !quoted => depth = depth.saturating_sub(1),
            b'.' if !quoted && depth == 0 => last = Some(at),
            _ => {}
        }
    }
    last.map_or(("", path), |at| (&path[..at], &path[at + 1..]))
}

/// `T` of `name(T,...)`.
fn first_argument(of: &str) -> Option<&str> {
    let start = of.find('(')? + 1;
    let mut depth = 0usize;
    for (at, byte) in of[start..].bytes().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b',' if depth == 0 => return Some(&of[start..start + at]),
            b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_divided_outside_of_arguments() {
        let list = "array_list.Aligned(shapes.Entry,null)";
        assert_eq!(parts("array_list.Aligned(shapes.Entry,null).ensureTotalCapacity"), (list, "ensureTotalCapacity"));
        assert_eq!(parts("main"), ("", "main"));
        assert_eq!(first_argument(list), Some("shapes.Entry"));
        assert_eq!(first_argument("array_list.Aligned([2]map.Of(u8,u16),null)"), Some("[2]map.Of(u8,u16)"));
        assert_eq!(first_argument("array_list.Aligned(u8"), None);
    }
}
