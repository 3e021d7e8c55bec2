//! Layouts as the engine's types, from which it names relations.

use std::collections::HashMap;

use heapy_engine::{Field, HeapBuilder, Relation, Shape, TypeId, TypeRecord};

use super::block::{BlockType, Count};
use super::containers;
use super::form::{Form, Language, LayoutId};
use super::keyed::{self, Keyed};
use super::names;
use super::present::{self, View};
use super::slots::{Bytes, Points, Slots};
use super::types::Layouts;
use super::typing::{StaticVariable, Typed, bytes_of};
use crate::paused::Paused;

/// The engine's ids of the types that a heap needs.
#[derive(Debug)]
pub struct TypeIds {
    ids: HashMap<BlockType, TypeId>,
}

/// A word of a typed block that is or may be a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where it is, from the start of the block.
    pub offset: u64,
    /// Whether the type says that it is one.
    pub sure: bool,
    /// Its name, where the type and the offset alone do not give it.
    pub relation: Option<Relation>,
}

/// Finds the references of typed blocks. One for each thread.
#[derive(Debug)]
pub struct References<'a> {
    typed: &'a Typed,
    paused: &'a Paused,
    slots: Slots,
    by_value: HashMap<LayoutId, bool>,
}

impl TypeIds {
    /// Adds the types of all blocks and statics of `typed` to a builder. Time linear in the types they consist of.
    #[must_use]
    pub fn add(builder: &mut HeapBuilder, typed: &Typed) -> Self {
        let first = builder.next_type().raw();
        let mut writer = Writer { layouts: &typed.layouts, first, ids: HashMap::new(), pending: Vec::new() };
        for block in &typed.blocks {
            for ty in [block.ty, block.class].into_iter().flatten() {
                writer.id(ty);
            }
        }
        for variable in typed.statics.iter().chain(typed.frames.iter().flatten()) {
            writer.id(BlockType::one(variable.ty));
        }
        let mut next = 0;
        while next < writer.pending.len() {
            let record = writer.record(writer.pending[next]);
            builder.add_type(record);
            next += 1;
        }
        Self { ids: writer.ids }
    }

    /// The id of a type of a block of the same [`Typed`].
    #[must_use]
    pub fn get(&self, ty: BlockType) -> Option<TypeId> {
        self.ids.get(&ty).copied()
    }
}

struct Writer<'a> {
    layouts: &'a Layouts,
    first: u32,
    ids: HashMap<BlockType, TypeId>,
    /// In the order of ids.
    pending: Vec<BlockType>,
}

impl Writer<'_> {
    fn id(&mut self, ty: BlockType) -> TypeId {
        if let Some(&known) = self.ids.get(&ty) {
            return known;
        }
        let id = TypeId::new(self.first + self.pending.len() as u32);
        self.ids.insert(ty, id);
        self.pending.push(ty);
        id
    }

    fn record(&mut self, block: BlockType) -> TypeRecord {
        let layout = self.layouts.get(block.ty);
        let (name, size, unit) = (layout.name.clone(), layout.size, layout.unit.clone());
        match block.count {
            Count::One => {
                let shape = self.shape(block.ty);
                TypeRecord { name, unit, size, shape, storage: block.storage }
            }
            // A value behind a header does not begin where the block does: its references are named one by one.
            Count::Headed(_) => TypeRecord { name, unit, size: 0, shape: Shape::Opaque, storage: block.storage },
            // Values behind a count do not begin where the block does: their references are named one by one.
            Count::Many | Count::Table | Count::Counted | Count::ManyHeaded(_) => {
                let element = self.id(BlockType::one(block.ty));
                let shape = if size > 0 { Shape::Array { element, stride: size } } else { Shape::Opaque };
                let name = match block.count {
                    Count::Table => format!("hash table of {name}"),
                    _ => names::array(&name, layout.language, None),
                };
                TypeRecord { name, unit, size: 0, shape, storage: block.storage }
            }
        }
    }

    fn shape(&mut self, ty: LayoutId) -> Shape {
        match present::view(self.layouts, ty, None) {
            View::Opaque => Shape::Opaque,
            View::Scalar => Shape::Scalar,
            View::Pointer => Shape::Pointer,
            View::Array(element) => {
                let stride = self.layouts.get(element).size;
                let element = self.id(BlockType::one(element));
                if stride > 0 { Shape::Array { element, stride } } else { Shape::Opaque }
            }
            View::Parts(parts) => {
                let mut slots = Slots::default();
                let of = self.layouts.get(ty).size;
                let fields = parts.into_iter().filter(|part| !part.name.is_empty()).filter_map(|part| {
                    let layout = self.layouts.get(part.ty);
                    let open = matches!(layout.form, Form::Array { count: None | Some(0), .. });
                    // Payloads without references would hide those with them.
                    let empty = layout.size == 0 && !open;
                    let covers = layout.size == of && slots.pointless(self.layouts, part.ty);
                    (!empty && !covers).then(|| Field {
                        name: part.name,
                        offset: part.offset,
                        size: if open { u64::MAX } else { layout.size },
                        ty: Some(self.id(BlockType::one(part.ty))),
                    })
                });
                Shape::Struct(fields.collect())
            }
        }
    }
}

impl<'a> References<'a> {
    /// Finds references in the blocks of `paused`, for which `typed` was made.
    #[must_use]
    pub fn new(typed: &'a Typed, paused: &'a Paused) -> Self {
        Self { typed, paused, slots: Slots::default(), by_value: HashMap::new() }
    }

    /// The references of a block by offset; none where its type is not known and every word may be one.
    pub fn of(&mut self, block: usize) -> Option<Vec<Reference>> {
        let typed = self.typed.blocks.get(block)?;
        if self.typed.pointer_free.get(block) == Some(&true) {
            return Some(Vec::new());
        }
        let ty = typed.class.or(typed.ty)?;
        let of = self.paused.blocks.get(block)?;
        let mut references = self.at(of.address, of.size, ty);
        let value = bytes_of(self.paused, of.address, of.size, self.typed.word);
        for reference in references.iter_mut().filter(|reference| reference.relation.is_none()) {
            reference.relation = self.typed.owners.relation(self.paused, block, reference.offset, value);
        }
        Some(references)
    }

    /// The references of a typed variable, by offset from the variable.
    pub fn of_variable(&mut self, variable: &StaticVariable) -> Vec<Reference> {
        self.at(variable.address, variable.size, BlockType::one(variable.ty))
    }

    fn at(&mut self, address: u64, size: u64, ty: BlockType) -> Vec<Reference> {
        let layouts = &self.typed.layouts;
        let value = bytes_of(self.paused, address, size, self.typed.word);
        let node = ty.count == Count::One && keyed::is_node(layouts, ty.ty);
        let named = matches!(ty.count, Count::Counted | Count::Table | Count::Headed(_) | Count::ManyHeaded(_))
            || is_environment(layouts, ty.ty)
            || self.named_by_value(ty.ty);
        let found = self.slots.of(layouts, ty, value);
        let buckets =
            if ty.count == Count::Table { containers::occupied(layouts.get(ty.ty).size, value) } else { Vec::new() };
        let groups = containers::group_slots(layouts, ty.ty, value);
        let keyed = Keyed { layouts, paused: self.paused, value };
        let places = if ty.count == Count::One { keyed.places(ty.ty) } else { None };
        let references = found.into_iter().map(|slot| {
            let in_node = if node { keyed.in_node(ty.ty, slot.offset) } else { None };
            let relation = match (ty.count, &groups) {
                _ if in_node.is_some() => in_node,
                _ if places.is_some() => places.as_ref().and_then(|places| keyed.in_places(places, slot.offset)),
                (_, Some((entry, places))) => keyed.in_table(*entry, slot.offset, places),
                (Count::Table, _) => keyed.in_table(ty.ty, slot.offset, &buckets),
                _ if named => relation(layouts, ty, slot.offset, value),
                _ => None,
            };
            // A pointer to nothing in particular is a reference all the same.
            let sure = slot.sure && (slot.points != Points::Untyped || !layouts.is_raw(ty.ty));
            Reference { offset: slot.offset, sure, relation }
        });
        references.collect()
    }

    /// Whether names depend on the case that an enum inside is in.
    fn named_by_value(&mut self, ty: LayoutId) -> bool {
        if let Some(&known) = self.by_value.get(&ty) {
            return known;
        }
        let layouts = &self.typed.layouts;
        let mut seen = std::collections::HashSet::new();
        let mut pending = vec![ty];
        let mut found = false;
        while let Some(at) = pending.pop() {
            if found || !seen.insert(at) {
                continue;
            }
            match &layouts.get(at).form {
                Form::Array { element, .. } => pending.push(*element),
                Form::Record(record) => {
                    pending.extend(record.members.iter().map(|member| member.ty));
                    let payloads = record.variants.iter().flat_map(|variants| &variants.cases);
                    let holding: Vec<LayoutId> = payloads
                        .flat_map(|case| case.members.iter().map(|member| member.ty))
                        .filter(|&payload| !self.slots.pointless(layouts, payload))
                        .collect();
                    found |= holding.len() > 1;
                    pending.extend(holding);
                }
                _ => {}
            }
        }
        self.by_value.insert(ty, found);
        found
    }
}

fn relation(layouts: &Layouts, ty: BlockType, offset: u64, value: Bytes<'_>) -> Option<Relation> {
    let size = layouts.get(ty.ty).size;
    if matches!(ty.count, Count::One | Count::Headed(_)) {
        let first = ty.first(layouts, value.bytes.len() as u64);
        let own = value.from(first)?;
        let name = present::path(layouts, ty.ty, offset.checked_sub(first)?, own)?;
        let field = name.strip_prefix('.')?;
        if is_environment(layouts, ty.ty) {
            return Some(Relation::Captured(captured(field).to_owned()));
        }
        return Some(Relation::Field(field.to_owned()));
    }
    let first = ty.first(layouts, value.bytes.len() as u64);
    let index = offset.checked_sub(first)?.checked_div(size)?;
    let element = value.from(first + index * size)?;
    Some(match present::path(layouts, ty.ty, (offset - first) % size, element) {
        Some(rest) => Relation::Element { index, rest },
        None => Relation::Index(index),
    })
}

/// Whether a type holds the variables that a closure or a future of Rust has captured.
fn is_environment(layouts: &Layouts, ty: LayoutId) -> bool {
    let layout = layouts.get(ty);
    let last = layout.name.rsplit("::").next().unwrap_or(&layout.name);
    layout.language == Language::Rust
        && ["{closure_env#", "{async_fn_env#", "{async_block_env#", "{async_closure_env#", "{gen_"]
            .iter()
            .any(|prefix| last.starts_with(prefix))
}

/// The variable's own name: without the number of the state a future is in, and without the mark of what is captured by
/// reference.
fn captured(field: &str) -> &str {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let own = match field.split_once('.') {
        Some((state, rest)) if number(state) => rest,
        _ => field,
    };
    own.strip_prefix("_ref__").unwrap_or(own)
}
