//! Types along typed pointers, to a fixed point.
//!
//! Statics and typed blocks lend the types of their pointers to what these lead to. Better evidence stays; pointers that
//! disagree with it are counted and mark their target, for the reader to see.

use std::collections::VecDeque;

use heapy_engine::TypeEvidence;

use super::block::{BlockType, Count, has_header};
use super::form::{Form, Language, Layout, LayoutId, Scalar};
use super::run_time::Vtables;
use super::slots::{Bytes, Points, Slot, Slots};
use super::types::Layouts;
use super::typing::{StaticVariable, TypedBlock, bytes_of};
use crate::paused::Paused;

/// What types are propagated over.
pub(super) struct Graph<'a> {
    pub(super) paused: &'a Paused,
    pub(super) word: u64,
    pub(super) statics: &'a [StaticVariable],
    pub(super) vtables: &'a Vtables,
    pub(super) untyped: Untyped,
}

/// What a block is that only pointers to nothing in particular lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untyped {
    /// Bytes, by its own program's word.
    Bytes,
    /// Something that is not known.
    Unknown,
}

/// The block that holds `address`, and how far into it that is.
pub(super) fn find(paused: &Paused, address: u64) -> Option<(usize, u64)> {
    let after = paused.blocks.partition_point(|block| block.address <= address);
    let block = paused.blocks.get(after.checked_sub(1)?)?;
    let into = address - block.address;
    (into < block.size.max(1)).then_some((after - 1, into))
}

/// Spreads types from statics and typed blocks; what nothing names is `bytes` where those who allocated it
/// say so. Time O(pointers) times the few times a block's type improves.
pub(super) fn propagate(
    graph: &Graph<'_>,
    layouts: &mut Layouts,
    slots: &mut Slots,
    blocks: &mut [TypedBlock],
    bytes: &[(usize, Option<BlockType>)],
) -> u64 {
    let mut spread = Spread {
        graph,
        pending: VecDeque::new(),
        queued: vec![false; blocks.len()],
        disagreeing: Vec::new(),
        untyped: Vec::new(),
    };
    let mut statics = Vec::new();
    for variable in graph.statics {
        // The allocator's own state leads to what is free.
        if layouts.get(variable.ty).name == "struct malloc_state" {
            continue;
        }
        let value = bytes_of(graph.paused, variable.address, variable.size, graph.word);
        statics.extend(slots.of(layouts, BlockType::one(variable.ty), value));
    }
    for slot in &statics {
        spread.follow(layouts, slot, blocks, None);
    }
    for index in 0..blocks.len() {
        spread.queue(index, blocks);
    }
    while let Some(index) = spread.pending.pop_front() {
        spread.queued[index] = false;
        let (block, typed) = (&graph.paused.blocks[index], blocks[index]);
        let Some(ty) = typed.class.or(typed.ty) else { continue };
        let value = bytes_of(graph.paused, block.address, block.size, graph.word);
        for slot in slots.of(layouts, ty, value) {
            spread.follow(layouts, &slot, blocks, Some(index));
        }
    }
    // What only a `void *` leads to is bytes by its own program's word; it may be better known from elsewhere.
    if graph.untyped == Untyped::Unknown {
        spread.untyped.clear();
    }
    if !spread.untyped.is_empty() || !bytes.is_empty() {
        let plain = BlockType::one(bytes_type(layouts));
        let named = bytes.iter().map(|&(index, of)| (index, of.unwrap_or(plain), TypeEvidence::DebugInfo));
        let pointed = spread.untyped.iter().map(|&index| (index, plain, TypeEvidence::Propagated));
        for (index, of, evidence) in named.chain(pointed) {
            if blocks[index].ty.is_none() {
                blocks[index] = TypedBlock { ty: Some(of), evidence, ..blocks[index] };
            }
        }
    }
    spread.disagreeing.sort_unstable();
    spread.disagreeing.dedup();
    spread.disagreeing.len() as u64
}

struct Spread<'a> {
    graph: &'a Graph<'a>,
    pending: VecDeque<usize>,
    queued: Vec<bool>,
    /// Holder and offset of pointers that disagree with their target.
    disagreeing: Vec<(Option<usize>, u64)>,
    /// Targets of pointers to nothing in particular.
    untyped: Vec<usize>,
}

/// The type of blocks that a program treats as nothing but bytes.
fn bytes_type(layouts: &mut Layouts) -> LayoutId {
    let (name, language) = ("bytes".to_owned(), Language::C);
    layouts.declare(Layout { name, unit: None, size: 0, language, form: Form::Unknown })
}

impl Spread<'_> {
    fn queue(&mut self, index: usize, blocks: &[TypedBlock]) {
        if blocks[index].ty.is_some() && !self.queued[index] {
            self.queued[index] = true;
            self.pending.push_back(index);
        }
    }

    fn follow(&mut self, layouts: &mut Layouts, slot: &Slot, blocks: &mut [TypedBlock], holder: Option<usize>) {
        if !slot.sure {
            return;
        }
        let Some((target, into)) = find(self.graph.paused, slot.value) else { return };
        let size = self.graph.paused.blocks[target].size;
        let proposed = match slot.points {
            Points::Untyped => {
                self.untyped.extend((into == 0 || has_header(self.value(target), into)).then_some(target));
                return;
            }
            Points::Value(ty) if into == 0 => pointed(layouts, ty),
            Points::Value(ty) if has_header(self.value(target), into) => {
                match pointed(layouts, ty).behind(layouts, into, size) {
                    Some(headed) => headed,
                    None => return,
                }
            }
            Points::Elements(ty, _) if into == 0 => BlockType::storage(ty),
            Points::Table(ty) => BlockType { ty, count: Count::Table, storage: true },
            Points::Dynamic(vtable) if into == 0 => match self.graph.vtables.rust(vtable) {
                Some(ty) => return self.class(layouts, target, BlockType::one(ty), size, blocks),
                None => return,
            },
            _ => return,
        };
        self.propose(layouts, target, proposed, size, blocks, (holder, slot.offset));
    }

    fn value(&self, block: usize) -> Bytes<'_> {
        let of = &self.graph.paused.blocks[block];
        bytes_of(self.graph.paused, of.address, of.size, self.graph.word)
    }

    fn propose(
        &mut self,
        layouts: &Layouts,
        target: usize,
        proposed: BlockType,
        size: u64,
        blocks: &mut [TypedBlock],
        by: (Option<usize>, u64),
    ) {
        let fitted = proposed.fitted(layouts, size);
        let typed = &mut blocks[target];
        let weak = typed.ty.is_none() || typed.evidence < TypeEvidence::Propagated;
        match (fitted, typed.ty) {
            (Some(fitted), _) if weak => {
                typed.ty = Some(fitted);
                typed.evidence = TypeEvidence::Propagated;
                self.queue(target, blocks);
            }
            (Some(fitted), Some(known))
                if typed.evidence == TypeEvidence::Propagated && vague(layouts, known) && !vague(layouts, fitted) =>
            {
                typed.ty = Some(fitted);
                self.queue(target, blocks);
            }
            (_, Some(known)) if !agree(layouts, known, proposed) => {
                typed.contradicted = true;
                self.disagreeing.push(by);
            }
            _ => {}
        }
    }

    fn class(&mut self, layouts: &Layouts, target: usize, class: BlockType, size: u64, blocks: &mut [TypedBlock]) {
        let typed = &mut blocks[target];
        let Some(fitted) = class.fitted(layouts, size) else { return };
        if typed.evidence < TypeEvidence::DebugInfo {
            typed.ty = Some(fitted);
            typed.evidence = TypeEvidence::RunTime;
            self.queue(target, blocks);
        } else if typed.ty != Some(fitted) && typed.class.is_none() {
            typed.class = Some(fitted);
        }
    }
}

/// What a plain pointer leads to: one value, or several of a type of which nobody allocates one.
fn pointed(layouts: &Layouts, ty: LayoutId) -> BlockType {
    match layouts.get(ty).form {
        Form::Array { element, count: None } => BlockType { ty: element, count: Count::Many, storage: false },
        Form::Scalar(_) if layouts.get(ty).size == 1 => BlockType { ty, count: Count::Many, storage: false },
        _ => BlockType::one(ty),
    }
}

/// Whether a type says no more than "bytes".
fn vague(layouts: &Layouts, block: BlockType) -> bool {
    let layout = layouts.get(block.ty);
    layout.size <= 1 && matches!(layout.form, Form::Scalar(Scalar::Character | Scalar::Unsigned | Scalar::Signed))
}

/// Whether a pointer may rightly lead to what is known: the same type, a part at its start, or bytes.
fn agree(layouts: &Layouts, known: BlockType, pointed: BlockType) -> bool {
    let mut at = known.ty;
    for _ in 0..32 {
        if at == pointed.ty || layouts.get(at).name == layouts.get(pointed.ty).name {
            return true;
        }
        at = match &layouts.get(at).form {
            Form::Array { element, .. } => *element,
            Form::Record(record) => match record.members.first() {
                Some(first) if first.offset == 0 => first.ty,
                _ => break,
            },
            _ => break,
        };
    }
    let target = layouts.get(pointed.ty);
    target.size <= 1 || matches!(target.form, Form::Unknown) || derived(layouts, known.ty, pointed.ty)
}

/// Whether `known` begins with a base class of the same name stem as `pointed`, as nodes of C++ containers do.
fn derived(layouts: &Layouts, known: LayoutId, pointed: LayoutId) -> bool {
    let smaller = layouts.get(pointed).size <= layouts.get(known).size;
    smaller && layouts.get(known).name.starts_with("std::") && layouts.get(pointed).name.starts_with("std::")
}
