//! Rust: `Box<T>`, `Rc<T>`, `Arc<T>`, `Vec<T>`, hash tables and everything built on them.

use super::{Caller, Symbols};
use crate::layout::block::{BlockType, Count};
use crate::layout::form::{Form, Language, Layout, LayoutId, Member, Record};
use crate::layout::types::Layouts;

/// Where the standard library keeps values side by side, with their type as parameter `T`.
const SEQUENCES: [&str; 6] = [
    "alloc::raw_vec::",
    "alloc::vec::",
    "alloc::slice::",
    "alloc::string::",
    "alloc::collections::vec_deque::",
    "alloc::collections::binary_heap::",
];

/// Paths that know nothing of what they allocate, so that their callers are asked.
const SILENT: [&str; 7] =
    ["alloc::alloc::", "core::", "std::alloc::", "std::sys::alloc::", "__rustc::", "__rust", "hashbrown::raw::alloc::"];

/// The type that the innermost generic function names. Own code in between ends the search: what it calls an allocator
/// for, its own generic parameters need not tell.
pub(super) fn type_of(symbols: &Symbols<'_>, layouts: &mut Layouts, callers: &[Caller]) -> Option<BlockType> {
    for caller in callers {
        let path = caller.path.as_str();
        let name = path.rsplit("::").next().unwrap_or(path);
        let mut parameter = |name: &str| symbols.parameter(layouts, caller, name);
        if path.starts_with("alloc::boxed::") {
            if let Some(ty) = parameter("T") {
                let slice = name.contains("slice");
                return Some(if slice { BlockType::storage(ty) } else { BlockType::one(ty) });
            }
        } else if path.starts_with("alloc::rc::") || path.starts_with("alloc::sync::") {
            if let Some(ty) = parameter("T") {
                return counted(symbols, layouts, path, path.contains("_slice"), ty);
            }
        } else if SEQUENCES.iter().any(|prefix| path.starts_with(prefix)) {
            if let Some(ty) = parameter("T") {
                return Some(BlockType::storage(ty));
            }
        } else if path.starts_with("hashbrown::raw::") {
            if let Some(ty) = parameter("T") {
                return Some(BlockType { ty, count: Count::Table, storage: true });
            }
        } else if !SILENT.iter().any(|prefix| path.starts_with(prefix)) && !is_library(path) {
            return None;
        }
    }
    None
}

fn is_library(path: &str) -> bool {
    ["alloc::", "std::", "hashbrown::"].iter().any(|prefix| path.starts_with(prefix))
}

/// The block behind an `Rc<T>` or `Arc<T>`: two counts before the value.
fn counted(symbols: &Symbols<'_>, layouts: &mut Layouts, path: &str, slice: bool, ty: LayoutId) -> Option<BlockType> {
    let names: &[&str] = if path.starts_with("alloc::rc::") {
        &["alloc::rc::RcInner", "alloc::rc::RcBox"]
    } else {
        &["alloc::sync::ArcInner"]
    };
    if slice {
        return Some(BlockType::one(counted_slice(symbols, layouts, names[0], ty)));
    }
    let value = layouts.get(ty).name.clone();
    names.iter().find_map(|name| {
        let found = layouts.by_name(symbols.dies, symbols.sections, &format!("{name}<{value}>"))?;
        layouts.record(found)?;
        Some(BlockType::one(found))
    })
}

/// `RcInner<[T]>`, whose debug information writes the slice as one element.
fn counted_slice(symbols: &Symbols<'_>, layouts: &mut Layouts, name: &str, element: LayoutId) -> LayoutId {
    let value = layouts.array_of(element, None);
    let word = symbols.sections.pointer_bytes();
    let count = layouts.declare(Layout {
        name: "usize".into(),
        unit: None,
        size: word,
        language: Language::Rust,
        form: Form::Scalar(crate::layout::form::Scalar::Unsigned),
    });
    // The value is aligned to at most its own size.
    let size = layouts.get(element).size.max(1);
    let align = (1u64 << size.trailing_zeros().min(4)).max(word);
    let member =
        |name: &str, offset, ty| Member { name: name.into(), offset, ty, bits: None, base: false, artificial: false };
    let start = (2 * word).next_multiple_of(align);
    let members = vec![member("strong", 0, count), member("weak", word, count), member("value", start, value)];
    layouts.declare(Layout {
        name: format!("{name}<{}>", layouts.get(value).name),
        unit: Some("alloc".into()),
        size: start,
        language: Language::Rust,
        form: Form::Record(Record { members, ..Record::default() }),
    })
}
