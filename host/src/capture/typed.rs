//! What types say about the words that were found: which are references, which only look like addresses, and how they
//! are called.
//!
//! A word of a firmly typed holder that its type does not give room for a reference (padding, a length, the payload of a
//! case that an enum is not in) is no edge; so is such a word of a typed static variable. Other holders, and static data
//! between variables, keep every word.

use heapy_engine::{
    EdgeEvidence, EdgeRecord, Field, HeapBuilder, Link, ObjectKey, Relation, Shape, TypeEvidence, TypeId, TypeRecord,
};
use rayon::prelude::*;

use super::scan::Pointer;
use crate::layout::{
    BlockType, Count, Form, Language, LayoutId, Reference, References, StaticVariable, TypeIds, Typed,
};
use crate::paused::Paused;

/// A pointer with what the type of its holder says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    /// The pointer.
    pub(super) pointer: Pointer,
    /// How sure it is a reference.
    pub(super) evidence: EdgeEvidence,
    /// Its name, where type and offset alone do not give it.
    pub(super) relation: Option<Relation>,
}

/// The types of a capture.
#[derive(Debug)]
pub(super) struct Types {
    typed: Typed,
    ids: TypeIds,
}

impl Types {
    /// Adds the types that `typed` needs to the builder.
    pub(super) fn new(builder: &mut HeapBuilder, typed: Typed) -> Self {
        let ids = TypeIds::add(builder, &typed);
        Self { typed, ids }
    }

    /// The types of the blocks.
    pub(super) const fn typed(&self) -> &Typed {
        &self.typed
    }

    /// Static type, class and evidence of a block.
    pub(super) fn of(&self, block: usize) -> (Option<TypeId>, Option<TypeId>, TypeEvidence) {
        let found = self.typed.blocks.get(block).copied().unwrap_or_default();
        let id = |ty: Option<_>| ty.and_then(|ty| self.ids.get(ty));
        (id(found.ty), id(found.class), found.evidence)
    }

    /// The type of the static variable at an address.
    pub(super) fn of_static(&self, address: u64) -> Option<TypeId> {
        let at = self.typed.statics.binary_search_by_key(&address, |variable| variable.address).ok()?;
        self.ids.get(BlockType::one(self.typed.statics[at].ty))
    }

    /// Judges the pointers of blocks, which stand in the order of holder and offset, piece by piece in parallel.
    pub(super) fn judge(&self, paused: &Paused, pieces: Vec<Vec<Pointer>>) -> Vec<Vec<Judged>> {
        let judge = |piece: Vec<Pointer>| {
            let mut references = References::new(&self.typed, paused);
            let mut judged = Vec::with_capacity(piece.len());
            for held in piece.chunk_by(|one, other| one.from == other.from) {
                match references.of(held[0].from as usize) {
                    Some(known) => {
                        let firm = self.is_firm(paused, held[0].from as usize);
                        judged.extend(held.iter().filter_map(|&pointer| {
                            let found = by(&known, pointer, u64::from(pointer.offset));
                            if firm { found } else { found.or_else(|| Some(unknown(pointer))) }
                        }));
                    }
                    None => judged.extend(held.iter().map(|&pointer| unknown(pointer))),
                }
            }
            judged
        };
        pieces.into_par_iter().map(judge).collect()
    }

    /// Whether a block's type is sure enough to leave out words that are no references by it: what such a block holds must
    /// not look leaked because its type is wrong. A type that rests on a size, or that a pointer disagrees with, may be. So
    /// may one of C or C++ that has not the size of the block: a struct may begin a larger one.
    fn is_firm(&self, paused: &Paused, block: usize) -> bool {
        let found = self.typed.blocks.get(block).copied().unwrap_or_default();
        if paused.go.as_ref().is_some_and(|go| go.pointer_free.get(block) == Some(&true)) {
            return true;
        }
        let Some(of) = found.class.or(found.ty) else { return false };
        // What was asked for is what it is.
        if self.typed.layouts.get(of.ty).language == Language::Go && found.evidence == TypeEvidence::RunTime {
            return true;
        }
        if found.evidence <= TypeEvidence::Size || found.contradicted {
            return false;
        }
        let layout = self.typed.layouts.get(of.ty);
        if matches!(layout.language, Language::Rust | Language::AssemblyScript | Language::Go) {
            return true;
        }
        // Programs keep anything in bytes.
        if matches!(layout.form, Form::Scalar(_)) && layout.size <= 1 {
            return false;
        }
        let exact = of.count == Count::One && paused.blocks.get(block).is_some_and(|block| block.size == layout.size);
        let numbers = of.count == Count::Many
            && matches!(layout.form, Form::Scalar(_))
            && found.evidence >= TypeEvidence::DebugInfo;
        exact || of.storage || of.count == Count::Counted || numbers
    }

    /// Whether a static variable is an array of numbers: programs that bring their own allocator take their memory from
    /// such arrays.
    fn may_be_memory(&self, variable: LayoutId) -> bool {
        let layouts = &self.typed.layouts;
        match layouts.get(variable).form {
            Form::Array { element, .. } => matches!(layouts.get(element).form, Form::Scalar(_)),
            _ => false,
        }
    }

    /// Judges the pointers of static data that begins at `start`.
    pub(super) fn judge_statics(&self, paused: &Paused, start: u64, pointers: Vec<Pointer>) -> Vec<Judged> {
        self.judge_variables(paused, start, pointers, &self.typed.statics, Doubtful::Dropped)
    }

    /// Judges the pointers in the part of the shadow stack that belongs to a frame and begins at `start`. The stack is
    /// reused: a word that is no reference by the variable there may be one of a variable that shares the place.
    pub(super) fn judge_frame(&self, paused: &Paused, frame: usize, start: u64, pointers: Vec<Pointer>) -> Vec<Judged> {
        let of_frame = self.typed.frames.get(frame).map_or(&[][..], Vec::as_slice);
        let placed = |variable: &StaticVariable| StaticVariable {
            address: variable.address.saturating_add(start),
            ..variable.clone()
        };
        let variables: Vec<StaticVariable> = of_frame.iter().map(placed).collect();
        self.judge_variables(paused, start, pointers, &variables, Doubtful::Kept)
    }

    /// The type of an activation: a struct of its variables on the shadow stack, of which it owns `size` bytes.
    pub(super) fn frame_type(&self, builder: &mut HeapBuilder, frame: usize, name: &str, size: u64) -> Option<TypeId> {
        let variables = self.typed.frames.get(frame)?;
        let owned = variables.iter().filter(|variable| variable.address.saturating_add(variable.size) <= size);
        let fields: Vec<Field> = owned
            .map(|variable| Field {
                name: variable.name.clone(),
                offset: variable.address,
                size: variable.size,
                ty: self.ids.get(BlockType::one(variable.ty)),
            })
            .collect();
        let shape = (!fields.is_empty()).then_some(Shape::Struct(fields))?;
        Some(builder.add_type(TypeRecord { name: name.to_owned(), unit: None, size, shape, storage: false }))
    }

    fn judge_variables(
        &self,
        paused: &Paused,
        start: u64,
        pointers: Vec<Pointer>,
        variables: &[StaticVariable],
        doubtful: Doubtful,
    ) -> Vec<Judged> {
        let mut references = References::new(&self.typed, paused);
        let mut current: Option<(usize, Vec<Reference>)> = None;
        let mut judged = Vec::with_capacity(pointers.len());
        for pointer in pointers {
            let address = start + u64::from(pointer.offset);
            let after = variables.partition_point(|variable| variable.address <= address);
            let inside = after.checked_sub(1).filter(|&at| address - variables[at].address < variables[at].size);
            let Some(at) = inside else {
                judged.push(unknown(pointer));
                continue;
            };
            if current.as_ref().is_none_or(|(known, _)| *known != at) {
                current = Some((at, references.of_variable(&variables[at])));
            }
            if let Some((_, known)) = &current {
                match by(known, pointer, address - variables[at].address) {
                    Some(found) => judged.push(Judged { relation: None, ..found }),
                    None if doubtful == Doubtful::Kept || self.may_be_memory(variables[at].ty) => {
                        judged.push(unknown(pointer));
                    }
                    None => {}
                }
            }
        }
        judged
    }
}

/// What becomes of words that are no references by the type of the variable they are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubtful {
    Kept,
    Dropped,
}

/// Adds the edge of a pointer. `blocks` are the blocks' keys, by position.
pub(super) fn add_edge(builder: &mut HeapBuilder, from: ObjectKey, blocks: &[ObjectKey], found: Judged) {
    let Judged { pointer, evidence, relation } = found;
    let (to, into) = (blocks[pointer.to as usize], u64::from(pointer.into));
    match relation {
        Some(relation) => {
            builder.add_edge(EdgeRecord { from, to, link: Link::Given(relation), into, evidence });
        }
        None => {
            builder.add_word(from, to, u64::from(pointer.offset), into, evidence);
        }
    }
}

fn unknown(pointer: Pointer) -> Judged {
    Judged { pointer, evidence: EdgeEvidence::Conservative, relation: None }
}

fn by(references: &[Reference], pointer: Pointer, offset: u64) -> Option<Judged> {
    let at = references.binary_search_by_key(&offset, |reference| reference.offset).ok()?;
    let reference = &references[at];
    let evidence = if reference.sure { EdgeEvidence::Typed } else { EdgeEvidence::Conservative };
    Some(Judged { pointer, evidence, relation: reference.relation.clone() })
}
