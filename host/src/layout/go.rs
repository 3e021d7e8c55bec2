//! Types of Go guests, by the descriptors that their runtime keeps for its collector.
//!
//! The descriptor of a block's type was an argument of its allocation, or stands before a larger block, or in its span:
//! it is the type, not a guess. Slices, strings and interfaces are one reference each; of a map's groups only the slots
//! in use count.

use std::collections::HashMap;

use heapy_engine::TypeEvidence;

use super::block::BlockType;
use super::form::{Form, Language, Layout, LayoutId, Member, Record, Scalar};
use super::names;
use super::types::Layouts;
use super::typing::TypedBlock;
use crate::go::{Descriptors, GoHeap, Kind, WORD};
use crate::paused::Paused;

/// Types that are read of one guest.
const MAX_TYPES: usize = 1 << 18;
/// Larger values do not fit into a memory.
const MAX_SIZE: u64 = 1 << 32;
/// Blocks that may hold several objects: of this size, without pointers.
const SHARED_BYTES: u64 = 16;
/// What channels and maps point to.
const CHANNEL: &str = "runtime.hchan";
const MAP: &str = "maps.Map";

/// The types taken so far, by their descriptors.
#[derive(Debug, Default)]
pub(super) struct GoTypes {
    known: HashMap<u64, LayoutId>,
    pending: Vec<(u64, LayoutId)>,
    /// The runtime's own structs; none before they were looked for.
    own: Option<HashMap<&'static str, u64>>,
}

impl GoTypes {
    /// The types of all blocks. Time linear in blocks and in the types they need.
    pub(super) fn blocks(&mut self, layouts: &mut Layouts, paused: &Paused, go: &GoHeap) -> Vec<TypedBlock> {
        let descriptors = Descriptors::new(&paused.memory, &go.descriptors);
        self.own.get_or_insert_with(|| descriptors.structs(&[CHANNEL, MAP]));
        let mut blocks = Vec::with_capacity(paused.blocks.len());
        for (position, block) in paused.blocks.iter().enumerate() {
            let ty = go.types.get(position).copied().filter(|&ty| ty != 0);
            let shared = block.usable == SHARED_BYTES && go.pointer_free.get(position) == Some(&true);
            let found = ty.and_then(|ty| self.block(layouts, descriptors, ty, block.size, shared));
            blocks.push(match found {
                Some(found) => TypedBlock { ty: Some(found), evidence: TypeEvidence::RunTime, ..TypedBlock::default() },
                None => TypedBlock::default(),
            });
        }
        blocks
    }

    /// One value, or several in the storage of a slice, a map or a channel.
    fn block(
        &mut self,
        layouts: &mut Layouts,
        descriptors: Descriptors<'_>,
        ty: u64,
        size: u64,
        shared: bool,
    ) -> Option<BlockType> {
        let id = self.take(layouts, descriptors, ty)?;
        match layouts.get(id).size {
            own if own == size => Some(BlockType::one(id)),
            own if own == 0 || own > size => None,
            // Objects of other types may follow in a block that several share.
            own if shared && own > 1 => None,
            _ => Some(BlockType::storage(id)),
        }
    }

    /// The layout of a descriptor's type, with what it consists of; none for what is no descriptor.
    fn take(&mut self, layouts: &mut Layouts, descriptors: Descriptors<'_>, ty: u64) -> Option<LayoutId> {
        let taken = self.declare(layouts, descriptors, ty);
        while let Some((ty, id)) = self.pending.pop() {
            let form = self.form(layouts, descriptors, ty).unwrap_or(Form::Unknown);
            layouts.define(id, form);
        }
        taken
    }

    fn declare(&mut self, layouts: &mut Layouts, descriptors: Descriptors<'_>, ty: u64) -> Option<LayoutId> {
        if let Some(&known) = self.known.get(&ty) {
            return Some(known);
        }
        descriptors.kind(ty)?;
        let size = descriptors.size(ty).filter(|&size| size <= MAX_SIZE)?;
        if self.known.len() >= MAX_TYPES {
            return None;
        }
        let name = match descriptors.name(ty) {
            Some(name) => names::clean(name, Language::Go),
            None => format!("<type at {ty:#x}>"),
        };
        let unit = package(&name);
        let layout = Layout { name, unit, size, language: Language::Go, form: Form::Unknown };
        let id = layouts.declare_numbered(layout, ty);
        self.known.insert(ty, id);
        self.pending.push((ty, id));
        Some(id)
    }

    fn form(&mut self, layouts: &mut Layouts, descriptors: Descriptors<'_>, ty: u64) -> Option<Form> {
        Some(match descriptors.kind(ty)? {
            Kind::Bool => Form::Scalar(Scalar::Bool),
            Kind::Signed => Form::Scalar(Scalar::Signed),
            Kind::Unsigned => Form::Scalar(Scalar::Unsigned),
            Kind::Float => Form::Scalar(Scalar::Float),
            Kind::Complex => {
                let size = descriptors.size(ty)? / 2;
                let part = scalar(layouts, if size == 4 { "float32" } else { "float64" }, size, Scalar::Float);
                Form::Array { element: part, count: Some(2) }
            }
            Kind::Array(element, count) => {
                let element = self.declare(layouts, descriptors, element)?;
                let fits = layouts.get(element).size.checked_mul(count) == descriptors.size(ty);
                fits.then_some(Form::Array { element, count: Some(count) })?
            }
            Kind::Channel => Form::Pointer(self.own_struct(layouts, descriptors, CHANNEL)),
            Kind::Map => Form::Pointer(self.own_struct(layouts, descriptors, MAP)),
            Kind::Function | Kind::Unsafe => Form::Pointer(None),
            Kind::Pointer(target) => Form::Pointer(self.declare(layouts, descriptors, target)),
            Kind::Slice(element) => {
                let element = self.declare(layouts, descriptors, element)?;
                parts(layouts, &[("array", 0, Some(element)), ("len", WORD, None), ("cap", 2 * WORD, None)])
            }
            Kind::Text => {
                let byte = scalar(layouts, "uint8", 1, Scalar::Unsigned);
                parts(layouts, &[("str", 0, Some(byte)), ("len", WORD, None)])
            }
            Kind::Interface => {
                let data = Layout { form: Form::Pointer(None), ..plain("unsafe.Pointer", WORD) };
                let data = layouts.declare(data);
                let tab = scalar(layouts, "uintptr", WORD, Scalar::Unsigned);
                let member = |name: &str, offset, ty| made(name, offset, ty);
                let members = vec![member("tab", 0, tab), member("data", WORD, data)];
                Form::Record(Record { members, ..Record::default() })
            }
            Kind::Struct => self.record(layouts, descriptors, ty)?,
        })
    }

    fn record(&mut self, layouts: &mut Layouts, descriptors: Descriptors<'_>, ty: u64) -> Option<Form> {
        let size = descriptors.size(ty)?;
        let mut members = Vec::new();
        for part in descriptors.fields(ty)? {
            let fits = part.offset.checked_add(part.size).is_some_and(|end| end <= size);
            let Some(id) = self.declare(layouts, descriptors, part.ty).filter(|_| fits) else { continue };
            let name = names::clean(&part.name, Language::Go);
            members.push(Member { artificial: false, ..made(&name, part.offset, id) });
        }
        Some(Form::Record(Record { members, ..Record::default() }))
    }

    fn own_struct(
        &mut self,
        layouts: &mut Layouts,
        descriptors: Descriptors<'_>,
        name: &'static str,
    ) -> Option<LayoutId> {
        let ty = *self.own.as_ref()?.get(name)?;
        self.declare(layouts, descriptors, ty)
    }
}

/// A record that the compiler makes: pointers to what is given, and numbers.
fn parts(layouts: &mut Layouts, of: &[(&str, u64, Option<LayoutId>)]) -> Form {
    let mut members = Vec::new();
    for &(name, offset, target) in of {
        let ty = match target {
            Some(target) => {
                let pointer = plain(&names::pointer(&layouts.get(target).name, false, Language::Go), WORD);
                let layout = Layout { form: Form::Pointer(Some(target)), ..pointer };
                // Types of one name may be two, so that pointers to them are two as well.
                layouts.declare_numbered(layout, u64::from(target.0))
            }
            None => scalar(layouts, "int", WORD, Scalar::Signed),
        };
        members.push(made(name, offset, ty));
    }
    Form::Record(Record { members, ..Record::default() })
}

fn made(name: &str, offset: u64, ty: LayoutId) -> Member {
    Member { name: name.to_owned(), offset, ty, bits: None, base: false, artificial: true }
}

fn plain(name: &str, size: u64) -> Layout {
    Layout { name: name.to_owned(), unit: None, size, language: Language::Go, form: Form::Unknown }
}

fn scalar(layouts: &mut Layouts, name: &str, size: u64, form: Scalar) -> LayoutId {
    layouts.declare(Layout { form: Form::Scalar(form), ..plain(name, size) })
}

/// The package of a named type.
fn package(name: &str) -> Option<String> {
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    name.split_once('.').filter(|_| plain).map(|(package, _)| package.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_types_have_a_package() {
        assert_eq!(package("main.Node").as_deref(), Some("main"));
        assert_eq!(package("[]main.Node"), None);
        assert_eq!(package("int"), None);
    }
}
