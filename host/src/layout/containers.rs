//! The containers of standard libraries, by the names and members of their types.
//!
//! Their own declarations do not say what their pointers lead to (Rust's vectors keep a `*mut u8`), how much of it is
//! in use, and what of it is left over from before: this does.

mod cpp;
mod zig;

pub(super) use cpp::long_capacity;
pub(super) use zig::{Places, is_map as is_zig_map};

use super::form::{Form, Language, LayoutId, Record};
use super::slots::Bytes;
use super::types::Layouts;

/// Keys of a node of Rust's B-trees.
pub(super) const NODE_CAPACITY: u64 = 11;
/// Members inside members that are searched for a name.
const MAX_SEARCH: usize = 64;

/// A record whose contents are known better than by its members. Offsets are from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing in it is a reference.
    Opaque,
    /// A pointer to room for so many elements.
    Buffer { pointer: u64, capacity: u64, element: LayoutId },
    /// Pointers to the first element, behind the last, and behind the room for the last.
    Range { first: u64, used: u64, end: u64, element: LayoutId },
    /// A string that keeps short texts in itself. The pointer of a long one is its last word, or its first with the
    /// capacity last; see [`long_capacity`].
    ShortString { pointer: u64, element: LayoutId },
    /// A string that keeps short texts in itself, at `local`, to which its pointer leads then; else the capacity is there.
    LocalString { pointer: u64, length: u64, local: u64, element: LayoutId },
    /// A string that is a pointer to its text, which others may share: before it stand length, capacity and how many
    /// share it.
    SharedString { pointer: u64, element: LayoutId },
    /// A hash table: a pointer to its control bytes, the buckets before them.
    Table { control: u64, mask: u64, element: LayoutId },
    /// A map of Zig: a pointer to the places of its table behind the table's header, the number of entries, the number
    /// of those there is room for beside them, and the bytes that one takes.
    Map { places: u64, place: LayoutId, length: u64, spare: u64, entry_bytes: u64 },
    /// The table of such a map: pointers to values and keys, the number of places, of which a byte each says behind this
    /// header whether it is in use.
    Places { values: (u64, Option<LayoutId>), keys: (u64, Option<LayoutId>), count: u64, header: u64 },
    /// A pointer with a length and room for more; of a text there is no more than its length.
    Room { pointer: u64, length: u64, capacity: u64, element: LayoutId, text: bool },
    /// A group of slots of a map, of which a byte each says whether it is in use.
    Group { control: u64, slots: u64, count: u64, slot: LayoutId },
    /// A pointer with a length.
    Slice { pointer: u64, length: u64, element: LayoutId },
    /// A pointer with a vtable.
    Dynamic { pointer: u64, vtable: u64 },
    /// A node of a B-tree: offsets and types of its parts, offset of the number of keys in use.
    Node { parent: (u64, LayoutId), keys: (u64, LayoutId), values: (u64, LayoutId), length: u64 },
    /// A node of a B-tree that has nodes below.
    InnerNode { data: LayoutId, edges: (u64, LayoutId), length: u64 },
}

/// What is known of a record, if it is of a standard library.
pub(super) fn known(layouts: &Layouts, ty: LayoutId, record: &Record) -> Option<Known> {
    let name = layouts.get(ty).name.as_str();
    let parameter = |wanted: &str| record.parameters.iter().find(|(name, _)| name == wanted).map(|&(_, ty)| ty);
    let find = |wanted: &str| member(layouts, ty, wanted).map(|(offset, _)| offset);
    if layouts.get(ty).language == Language::Go {
        return of_go(layouts, record, name);
    }
    if let Some(fat) = fat_pointer(layouts, record) {
        return Some(fat);
    }
    if layouts.get(ty).language == Language::Zig {
        return zig::known(layouts, name, record);
    }
    if name.starts_with("alloc::raw_vec::RawVec<") {
        let (capacity, pointer) = (find("cap")?, first_pointer(layouts, ty)?);
        return Some(Known::Buffer { pointer, capacity, element: parameter("T")? });
    }
    if name.starts_with("hashbrown::raw::RawTable<") {
        return Some(Known::Table { control: find("ctrl")?, mask: find("bucket_mask")?, element: parameter("T")? });
    }
    if name.starts_with("alloc::collections::btree::node::LeafNode<") {
        return leaf_node(layouts, ty);
    }
    if name.starts_with("alloc::collections::btree::node::InternalNode<") {
        let (_, data) = member(layouts, ty, "data")?;
        let (offset, edges) = member(layouts, ty, "edges")?;
        return Some(Known::InnerNode { data, edges: (offset, element_of(layouts, edges)?), length: find("len")? });
    }
    if name.starts_with("core::marker::PhantomData<") {
        return Some(Known::Opaque);
    }
    if name.starts_with("std::vector<") && !name.starts_with("std::vector<bool") {
        return cpp::vector(layouts, ty);
    }
    if name == "std::string" || name.starts_with("std::basic_string<") {
        return cpp::string(layouts, ty);
    }
    None
}

/// Slices, strings and interfaces, which the compiler makes, and groups of maps.
fn of_go(layouts: &Layouts, record: &Record, name: &str) -> Option<Known> {
    match &record.members[..] {
        [pointer, length, capacity] if pointer.artificial => Some(Known::Room {
            pointer: pointer.offset,
            length: length.offset,
            capacity: capacity.offset,
            element: layouts.target(pointer.ty)?,
            text: false,
        }),
        [text, length] if text.artificial && text.name == "str" => Some(Known::Room {
            pointer: text.offset,
            length: length.offset,
            capacity: length.offset,
            element: layouts.target(text.ty)?,
            text: true,
        }),
        [tab, data] if tab.artificial => Some(Known::Dynamic { pointer: data.offset, vtable: tab.offset }),
        [control, slots] if name.starts_with("map.group[") && control.name == "ctrl" && slots.name == "slots" => {
            let Form::Array { element: slot, count: Some(count) } = layouts.get(slots.ty).form else { return None };
            (count <= 8).then_some(Known::Group { control: control.offset, slots: slots.offset, count, slot })
        }
        _ => None,
    }
}

/// Where the slots in use of a map's groups are in a block of them, and the type of a slot.
pub(super) fn group_slots(layouts: &Layouts, group: LayoutId, value: Bytes<'_>) -> Option<(LayoutId, Vec<u64>)> {
    let known = known(layouts, group, layouts.record(group)?)?;
    let Known::Group { slot, .. } = known else { return None };
    let size = layouts.get(group).size.max(1);
    let groups = value.bytes.len() as u64 / size;
    Some((slot, (0..groups).flat_map(|index| in_use(layouts, known, index * size, value)).collect()))
}

/// Where the slots in use of a group at `at` are.
pub(super) fn in_use(layouts: &Layouts, group: Known, at: u64, value: Bytes<'_>) -> Vec<u64> {
    let Known::Group { control, slots, count, slot } = group else { return Vec::new() };
    let size = layouts.get(slot).size;
    let used = |index: &u64| value.number(at + control + index, 1).is_some_and(|byte| byte & 0x80 == 0);
    (0..count).filter(used).map(|index| at + slots + index * size).collect()
}

fn fat_pointer(layouts: &Layouts, record: &Record) -> Option<Known> {
    let [first, second] = &record.members[..] else { return None };
    let pointer = matches!(layouts.get(first.ty).form, Form::Pointer(_)).then_some(first.offset)?;
    match (first.name.as_str(), second.name.as_str()) {
        ("data_ptr", "length") => {
            Some(Known::Slice { pointer, length: second.offset, element: layouts.target(first.ty)? })
        }
        ("pointer", "vtable") => Some(Known::Dynamic { pointer, vtable: second.offset }),
        _ => None,
    }
}

fn leaf_node(layouts: &Layouts, ty: LayoutId) -> Option<Known> {
    let (keys, keys_type) = member(layouts, ty, "keys")?;
    let (values, values_type) = member(layouts, ty, "vals")?;
    Some(Known::Node {
        parent: member(layouts, ty, "parent")?,
        keys: (keys, element_of(layouts, keys_type)?),
        values: (values, element_of(layouts, values_type)?),
        length: member(layouts, ty, "len")?.0,
    })
}

fn element_of(layouts: &Layouts, ty: LayoutId) -> Option<LayoutId> {
    match layouts.get(ty).form {
        Form::Array { element, .. } => Some(element),
        _ => None,
    }
}

/// The first member of this name in the record or in the records inside it, level by level.
pub(super) fn member(layouts: &Layouts, ty: LayoutId, wanted: &str) -> Option<(u64, LayoutId)> {
    let mut pending = std::collections::VecDeque::from([(0u64, ty)]);
    for _ in 0..MAX_SEARCH {
        let (start, at) = pending.pop_front()?;
        let Some(record) = layouts.record(at) else { continue };
        for member in &record.members {
            let offset = start.saturating_add(member.offset);
            if member.name == wanted {
                return Some((offset, member.ty));
            }
            pending.push_back((offset, member.ty));
        }
    }
    None
}

/// The first pointer of this name in the record or in the records inside it, and what it leads to.
fn pointer_member(layouts: &Layouts, ty: LayoutId, wanted: &str) -> Option<(u64, LayoutId)> {
    let mut pending = std::collections::VecDeque::from([(0u64, ty)]);
    for _ in 0..MAX_SEARCH {
        let (start, at) = pending.pop_front()?;
        let Some(record) = layouts.record(at) else { continue };
        for member in &record.members {
            let offset = start.saturating_add(member.offset);
            match layouts.target(member.ty) {
                Some(target) if member.name == wanted => return Some((offset, target)),
                _ => pending.push_back((offset, member.ty)),
            }
        }
    }
    None
}

/// The first pointer in the record or in the records inside it.
fn first_pointer(layouts: &Layouts, ty: LayoutId) -> Option<u64> {
    let mut pending = std::collections::VecDeque::from([(0u64, ty)]);
    for _ in 0..MAX_SEARCH {
        let (start, at) = pending.pop_front()?;
        match &layouts.get(at).form {
            Form::Pointer(_) => return Some(start),
            Form::Record(record) => {
                pending.extend(record.members.iter().map(|member| (start.saturating_add(member.offset), member.ty)));
            }
            _ => {}
        }
    }
    None
}

/// Where the buckets in use are in the block of a hash table with buckets of `size` bytes: the buckets first, the last
/// one next to the control bytes, of which there are as many as buckets and one group more.
pub(super) fn occupied(size: u64, value: Bytes<'_>) -> Vec<u64> {
    let Some((control, buckets)) = table_shape(size, value.bytes.len() as u64) else { return Vec::new() };
    let used = |bucket: &u64| value.number(control + bucket, 1).is_some_and(|byte| byte & 0x80 == 0);
    let mut found: Vec<u64> = (0..buckets).filter(used).map(|bucket| control - (bucket + 1) * size).collect();
    found.reverse();
    found
}

/// Offset of the control bytes and number of buckets of a hash table's block.
pub(super) fn table_shape(size: u64, length: u64) -> Option<(u64, u64)> {
    for shift in 1..40 {
        let buckets = 1u64 << shift;
        for (group, align) in [(4, 4), (8, 8), (16, 16), (4, 8), (4, 16)] {
            let control = size.checked_mul(buckets)?.next_multiple_of(align);
            if control + buckets + group == length {
                return Some((control, buckets));
            }
        }
        if size.checked_mul(buckets)? > length {
            break;
        }
    }
    None
}
