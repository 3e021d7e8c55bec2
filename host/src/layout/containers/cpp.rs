//! `std::vector` and `std::string`, of libc++ and of libstdc++.

use super::{Known, member, pointer_member};
use crate::layout::form::LayoutId;
use crate::layout::slots::Bytes;
use crate::layout::types::Layouts;

/// `std::vector`: of libc++, whose newest versions have a `__cap_`, and of libstdc++.
pub(super) fn vector(layouts: &Layouts, ty: LayoutId) -> Option<Known> {
    let find = |names: [&str; 3]| names.iter().find_map(|wanted| member(layouts, ty, wanted));
    let (first, pointer) = find(["__begin_", "_M_start", "__begin_"])?;
    let (end, _) = find(["__end_cap_", "_M_end_of_storage", "__cap_"])?;
    let (used, _) = find(["__end_", "_M_finish", "__end_"])?;
    Some(Known::Range { first, used, end, element: layouts.target(pointer)? })
}

/// `std::string`, by the names of its members.
///
/// That of libc++ has both orders of members that it is built with: capacity, size and pointer, or pointer, size and
/// capacity (ABI version 2, as wasi-libc's libc++ has). The pointer of the long form and the bytes of the short one have
/// the same name. That of libstdc++ is a pointer, a length and room for a short text; before C++11, and where a program
/// still asks for it, a pointer alone.
pub(super) fn string(layouts: &Layouts, ty: LayoutId) -> Option<Known> {
    if let Some((pointer, element)) = pointer_member(layouts, ty, "_M_p") {
        let find = |wanted: &str| member(layouts, ty, wanted).map(|(offset, _)| offset);
        return Some(match find("_M_string_length") {
            Some(length) => Known::LocalString { pointer, length, local: find("_M_local_buf")?, element },
            None => Known::SharedString { pointer, element },
        });
    }
    let (capacity, _) = member(layouts, ty, "__cap_")?;
    let (pointer, element) = pointer_member(layouts, ty, "__data_")?;
    (capacity == 0 && pointer > 0 || pointer == 0 && capacity > 0).then_some(Known::ShortString { pointer, element })
}

/// The capacity of the string of libc++ at `offset`, with the zero behind the text; none for one that keeps a short text
/// in itself. A bit tells them apart: the lowest of the first byte, or the highest of the last one.
pub(in crate::layout) fn long_capacity(value: Bytes<'_>, offset: u64, pointer: u64) -> Option<u64> {
    if pointer > 0 {
        let capacity = value.word(offset)?;
        return (capacity & 1 == 1).then_some(capacity & !1);
    }
    let highest = 1u64 << (8 * value.word - 1);
    let capacity = value.word(offset.checked_add(2 * value.word)?)?;
    (capacity & highest != 0).then_some(capacity & !highest)
}
