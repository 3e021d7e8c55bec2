//! AssemblyScript: the class of an object by the id in its header.
//!
//! The id stands in the header that the runtime puts before an object; its name is nowhere in the data, but the
//! constructor of a class asks for an object with a constant size and id (`code`). Where constructors were inlined, what
//! the objects of an id look like may still tell one of the library's containers (`shape`).

mod code;
mod owners;
mod shape;

use std::collections::HashMap;

use self::code::FieldCode;
pub(super) use self::owners::Owners;
use self::shape::Shapes;
use super::form::{Form, Language, Layout, LayoutId, Member, Record, Scalar};
use super::names;
use super::sections::Sections;
use super::slots::Bytes;
use super::types::Layouts;
use crate::paused::Paused;

/// Bytes of an object's header behind the allocator's own word: two of the collector, id and size.
const HEADER_BYTES: u64 = 16;
/// Where the id is in the header.
const ID: u64 = 8;
/// Where the object's size is in the header.
const SIZE: u64 = 12;
/// Ids that the runtime itself gives.
const BUILT_IN: [&str; 3] = ["Object", "ArrayBuffer", "String"];

/// The classes of a module by id.
#[derive(Debug, Default)]
pub(super) struct Classes {
    by_id: HashMap<u32, Class>,
    /// Classes whose methods are named but whose id no constructor tells.
    nameless: Vec<String>,
}

/// A class as far as the code tells it.
#[derive(Clone, Debug, Default)]
struct Class {
    name: String,
    /// Bytes of an object; 0 where they differ.
    size: u64,
    fields: Vec<FieldCode>,
}

/// The classes of the objects of one snapshot.
pub(super) struct Objects<'a> {
    memory: &'a [u8],
    known: HashMap<u32, LayoutId>,
}

impl Classes {
    /// Reads ids, names and fields out of constructors and accessors. Time linear in their bodies.
    pub(super) fn read(sections: &Sections) -> Self {
        let code = code::Code::read(sections);
        if !code.has_runtime() {
            return Self::default();
        }
        let mut by_id: HashMap<u32, Class> =
            (0..).zip(BUILT_IN.map(|name| Class { name: name.to_owned(), ..Class::default() })).collect();
        let mut nameless = Vec::new();
        for class in code.classes() {
            let name = names::clean(&short(class), Language::AssemblyScript);
            match code.made(class) {
                Some((id, size)) => {
                    by_id.entry(id).or_insert_with(|| Class { name, size, fields: code.fields(class) });
                }
                None => nameless.push(name),
            }
        }
        nameless.sort();
        nameless.dedup();
        Self { by_id, nameless }
    }

    /// The classes of the objects in a snapshot. Time linear in its blocks.
    pub(super) fn objects<'a>(&self, layouts: &mut Layouts, paused: &'a Paused) -> Objects<'a> {
        let mut objects = Objects { memory: &paused.memory, known: HashMap::new() };
        if self.by_id.is_empty() {
            return objects;
        }
        let mut shapes = Shapes::default();
        for block in &paused.blocks {
            let Some(id) = objects.id_of(block.address, block.size) else { continue };
            match self.by_id.get(&id) {
                Some(class) => {
                    objects.known.entry(id).or_insert_with(|| class.layout(layouts));
                }
                None => shapes.add(id, &objects, block.address, block.size),
            }
        }
        let taken: Vec<&str> = self.by_id.values().map(|class| class.name.as_str()).collect();
        let free = self.nameless.iter().filter(|name| !taken.contains(&name.as_str()));
        let free: Vec<&str> = free.map(String::as_str).collect();
        for (id, name, size) in shapes.names(&free, |id| self.by_id.get(&id).map(|class| class.name.clone())) {
            let class = Class { name, size, fields: Vec::new() };
            objects.known.insert(id, class.layout(layouts));
        }
        objects
    }
}

impl Objects<'_> {
    /// The class of the block at `address`, if it is an object of a known class.
    pub(super) fn class_of(&self, address: u64, size: u64) -> Option<LayoutId> {
        if self.known.is_empty() {
            return None;
        }
        self.known.get(&self.id_of(address, size)?).copied()
    }

    /// The id of the object at `address`. The size in its header must be its own: blocks of the raw heap have no header,
    /// and what stands before them seldom has the number of their bytes.
    fn id_of(&self, address: u64, size: u64) -> Option<u32> {
        let start = address.checked_sub(HEADER_BYTES)?;
        let header = self.bytes(start, HEADER_BYTES)?;
        (header.number(SIZE, 4) == Some(size)).then(|| header.number(ID, 4).map(|id| id as u32))?
    }

    fn bytes(&self, address: u64, size: u64) -> Option<Bytes<'_>> {
        let found = Bytes::new(self.memory, address, size, 4);
        (found.bytes.len() as u64 == size).then_some(found)
    }
}

impl Class {
    fn layout(&self, layouts: &mut Layouts) -> LayoutId {
        let library = shape::library_fields(&self.name);
        let form = match self.name.as_str() {
            "String" => Form::Array { element: scalar(layouts, "char", 2, Scalar::Character), count: None },
            _ if library.is_some() || !self.fields.is_empty() => {
                Form::Record(self.record(layouts, library.unwrap_or_default()))
            }
            _ => Form::Unknown,
        };
        let size = if matches!(form, Form::Record(_)) { self.size } else { 0 };
        let (name, language) = (self.name.clone(), Language::AssemblyScript);
        layouts.declare(Layout { name, unit: None, size, language, form })
    }

    /// The fields, and between them bytes that no accessor names and that may be anything.
    fn record(&self, layouts: &mut Layouts, library: Vec<FieldCode>) -> Record {
        let mut fields = if library.is_empty() { self.fields.clone() } else { library };
        fields.sort_by_key(|field| field.offset);
        fields.dedup_by_key(|field| field.offset);
        let mut members = Vec::new();
        let mut end = 0;
        for field in fields {
            if field.offset < end || field.offset + field.size > self.size {
                continue;
            }
            members.extend(self.gap(layouts, end, field.offset));
            let ty = field.layout(layouts);
            end = field.offset + field.size;
            members.push(Member {
                name: field.name,
                offset: field.offset,
                ty,
                bits: None,
                base: false,
                artificial: false,
            });
        }
        members.extend(self.gap(layouts, end, self.size));
        Record { members, ..Record::default() }
    }

    fn gap(&self, layouts: &mut Layouts, start: u64, end: u64) -> Option<Member> {
        let size = end.checked_sub(start).filter(|&size| size > 0)?;
        let (name, language, form) = (format!("{size} bytes"), Language::AssemblyScript, Form::Unknown);
        let ty = layouts.declare(Layout { name, unit: None, size, language, form });
        Some(Member { name: String::new(), offset: start, ty, bits: None, base: false, artificial: true })
    }
}

impl FieldCode {
    fn layout(&self, layouts: &mut Layouts) -> LayoutId {
        if self.reference {
            let (name, language, form) = ("reference".to_owned(), Language::AssemblyScript, Form::Pointer(None));
            return layouts.declare(Layout { name, unit: None, size: self.size, language, form });
        }
        let (name, form) = match (self.float, self.size) {
            (true, 4) => ("f32", Scalar::Float),
            (true, _) => ("f64", Scalar::Float),
            (false, 1) => ("u8", Scalar::Unsigned),
            (false, 2) => ("u16", Scalar::Unsigned),
            (false, 4) if self.certain => ("u32", Scalar::Unsigned),
            // Without the collector's calls nothing tells a reference from a number.
            (false, 4) => ("i32", Scalar::Address),
            (false, _) => ("u64", Scalar::Unsigned),
        };
        scalar(layouts, name, self.size, form)
    }
}

fn scalar(layouts: &mut Layouts, name: &str, size: u64, form: Scalar) -> LayoutId {
    let (name, language) = (name.to_owned(), Language::AssemblyScript);
    layouts.declare(Layout { name, unit: None, size, language, form: Form::Scalar(form) })
}

/// `~lib/map/Map<~lib/string/String,shapes/Ring>` as the source has it: `Map<String, Ring>`.
fn short(class: &str) -> String {
    let mut text = String::new();
    for part in class.split_inclusive(['<', ',', '>', '|']) {
        let from = part.rfind('/').map_or(0, |at| at + 1);
        text.push_str(&part[from..]);
    }
    text.replace(',', ", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_the_source_has_them() {
        assert_eq!(short("~lib/map/Map<~lib/string/String,shapes/Ring>"), "Map<String, Ring>");
        assert_eq!(short("shapes/Ring"), "Ring");
    }
}
