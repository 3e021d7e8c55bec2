//! Containers of AssemblyScript's library: their fields, and how they are told by what their objects look like.

use std::collections::BTreeMap;

use super::Objects;
use super::code::FieldCode;

/// The id of `ArrayBuffer`.
const ARRAY_BUFFER: u32 = 1;
/// Elements of an array that are looked at to tell their class.
const SAMPLE: u64 = 64;

/// The fields of a class of the library that are the same for every parameter.
pub(super) fn library_fields(class: &str) -> Option<Vec<FieldCode>> {
    let plain = class.split('<').next().unwrap_or(class);
    let fields: &[(&str, bool)] = match plain {
        "Array" => &[("buffer", true), ("dataStart", true), ("byteLength", false), ("length", false)],
        "ArrayBufferView" | "DataView" => &[("buffer", true), ("dataStart", true), ("byteLength", false)],
        typed if typed.ends_with("Array") && typed.contains(|c: char| c.is_ascii_digit()) => {
            &[("buffer", true), ("dataStart", true), ("byteLength", false)]
        }
        "Map" | "Set" => &[
            ("buckets", true),
            ("bucketsMask", false),
            ("entries", true),
            ("entriesCapacity", false),
            ("entriesOffset", false),
            ("entriesCount", false),
        ],
        _ => return None,
    };
    let field = |(position, &(name, reference)): (usize, &(&str, bool))| FieldCode {
        name: name.to_owned(),
        offset: 4 * position as u64,
        size: 4,
        float: false,
        reference,
        certain: true,
    };
    Some(fields.iter().enumerate().map(field).collect())
}

/// What the objects of an id have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A length and a view of a buffer; the id of its elements if they are objects.
    Array(Option<u32>),
    /// A view of a buffer.
    View,
    /// Buckets and entries.
    Map,
    /// None of these.
    Other,
}

/// The shapes of ids whose classes no constructor tells.
#[derive(Default)]
pub(super) struct Shapes {
    by_id: BTreeMap<u32, (Shape, u64)>,
}

impl Shapes {
    /// Looks at one object.
    pub(super) fn add(&mut self, id: u32, objects: &Objects<'_>, address: u64, size: u64) {
        let found = shape(objects, address, size).unwrap_or(Shape::Other);
        let known = self.by_id.entry(id).or_insert((found, size));
        known.0 = match (known.0, found) {
            (one, other) if one == other => one,
            // An empty array says nothing of its elements.
            (Shape::Array(one), Shape::Array(other)) if one.is_none() || other.is_none() => Shape::Array(one.or(other)),
            _ => Shape::Other,
        };
    }

    /// Id, class and size where the shape and the names that are left tell the class. `free` are classes without an id.
    pub(super) fn names(&self, free: &[&str], name_of: impl Fn(u32) -> Option<String>) -> Vec<(u32, String, u64)> {
        let mut found = Vec::new();
        for (&id, &(shape, size)) in &self.by_id {
            let alone = self.by_id.values().filter(|(other, _)| same_sort(*other, shape)).count() == 1;
            let one_of = |prefixes: &[&str]| {
                let mut fitting = free.iter().filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)));
                match (fitting.next(), fitting.next()) {
                    (Some(only), None) if alone => Some((*only).to_owned()),
                    _ => None,
                }
            };
            let name = match shape {
                Shape::Array(Some(element)) => name_of(element).map(|element| format!("Array<{element}>")),
                Shape::Array(None) => Some(one_of(&["Array<"]).unwrap_or_else(|| "Array".to_owned())),
                Shape::View => Some("ArrayBufferView".to_owned()),
                Shape::Map => one_of(&["Map<", "Set<"]),
                Shape::Other => None,
            };
            found.extend(name.map(|name| (id, name, size)));
        }
        found
    }
}

fn same_sort(one: Shape, other: Shape) -> bool {
    std::mem::discriminant(&one) == std::mem::discriminant(&other)
}

fn shape(objects: &Objects<'_>, address: u64, size: u64) -> Option<Shape> {
    let object = objects.bytes(address, size)?;
    let buffer = |place: u64| {
        let at = object.word(place)?;
        // The size in a header is its object's own.
        let length = objects.bytes(at.checked_sub(4)?, 4)?.number(0, 4)?;
        (objects.id_of(at, length) == Some(ARRAY_BUFFER)).then_some((at, length))
    };
    let view = || {
        let (at, length) = buffer(0)?;
        let (start, bytes) = (object.word(4)?, object.word(8)?);
        (start >= at && start.checked_add(bytes)? <= at.checked_add(length)?).then_some(start)
    };
    match size {
        12 => view().map(|_| Shape::View),
        16 => {
            let start = view()?;
            let (bytes, length) = (object.word(8)?, object.word(12)?);
            (length <= bytes).then(|| Shape::Array(element(objects, start, length)))
        }
        24 => {
            let ((_, buckets), (_, entries)) = (buffer(0)?, buffer(8)?);
            let (mask, capacity) = (object.word(4)?, object.word(12)?);
            let (used, live) = (object.word(16)?, object.word(20)?);
            let fits = mask.checked_add(1)?.checked_mul(4)? == buckets && capacity <= entries;
            (fits && live <= used && used <= capacity).then_some(Shape::Map)
        }
        _ => None,
    }
}

/// The id of all the objects that an array of references holds.
fn element(objects: &Objects<'_>, start: u64, length: u64) -> Option<u32> {
    let mut common = None;
    for index in 0..length.min(SAMPLE) {
        let at = objects.bytes(start.checked_add(4 * index)?, 4)?.number(0, 4)?;
        if at == 0 {
            continue;
        }
        let size = objects.bytes(at.checked_sub(4)?, 4)?.number(0, 4)?;
        let id = objects.id_of(at, size)?;
        if common.is_some_and(|known| known != id) {
            return None;
        }
        common = Some(id);
    }
    common
}
