//! What takes the result of an allocator, followed from function to function for as long as it is returned.
//!
//! An allocator around another one gives what stands behind its own header: its variables that point to the header say
//! nothing of the block.

use super::{Caller, Symbols};
use crate::layout::block::{BlockType, Count};
use crate::layout::flow::{Taken, Taker};
use crate::layout::form::{Form, LayoutId, Scalar};
use crate::layout::types::Layouts;

/// A result on its way outwards.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// Bytes that were added to it so far.
    header: i64,
    /// The first type of bytes that something gave it.
    bytes: Option<(LayoutId, u64)>,
    /// Whether a `void *` took it.
    pub(super) untyped: bool,
}

/// How it goes on with a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It is of this type.
    Taken(BlockType),
    /// The function returns it.
    Returned,
    /// The function keeps it.
    Kept,
}

/// What a pointer that takes the result is declared to lead to.
enum Target {
    Untyped,
    Bytes(LayoutId),
    Value(LayoutId),
}

impl Passed {
    /// Follows the result through the function that `frame` belongs to, with what is inlined there; none where its code
    /// cannot be followed.
    pub(super) fn through(
        &mut self,
        symbols: &Symbols<'_>,
        layouts: &mut Layouts,
        frame: &[Caller],
        size: u64,
    ) -> Option<Way> {
        let place = frame.first()?.place;
        let taken = symbols.flows.taken(symbols.dies, symbols.code, symbols.sections, place)?;
        if let Some(block) = self.taker(symbols, layouts, &taken, size) {
            return Some(Way::Taken(block));
        }
        let Some(delta) = taken.returned else { return Some(Way::Kept) };
        self.header = self.header.saturating_add(delta);
        if let Some(ty) = frame.last().and_then(|caller| symbols.dies.type_of(caller.scope.function)) {
            let pointer = layouts.take(symbols.dies, symbols.sections, ty);
            if let Some((_, block)) = self.pointed(layouts, pointer, size) {
                return Some(Way::Taken(block));
            }
        }
        Some(Way::Returned)
    }

    /// Bytes before what the allocators around the innermost one give, where there are some.
    pub(super) fn header(&self) -> Option<u64> {
        u64::try_from(self.header).ok().filter(|&header| header > 0)
    }

    /// The type of bytes that was given to a block of `size` bytes, where nothing better is known.
    pub(super) fn vague(&self, layouts: &Layouts, size: u64) -> Option<BlockType> {
        let (ty, header) = self.bytes?;
        let block = BlockType { ty, count: Count::Many, storage: false };
        if header == 0 { Some(block) } else { block.behind(layouts, header, size) }
    }

    /// The block by what takes it and fits it best: a struct of its size, a struct that it has room for several of,
    /// something else that is more than bytes. Of equals the first in the order of the code counts.
    fn taker(&mut self, symbols: &Symbols<'_>, layouts: &mut Layouts, taken: &Taken, size: u64) -> Option<BlockType> {
        let before = self.header;
        let mut found: Option<(Fit, BlockType)> = None;
        for &(taker, delta) in &taken.by {
            // What points to the header of what is returned is the allocator's own.
            if taken.returned.is_some_and(|returned| returned != delta) {
                continue;
            }
            self.header = before.saturating_add(delta);
            let Some(pointer) = pointer_of(symbols, layouts, taker) else { continue };
            let Some((fit, block)) = self.pointed(layouts, pointer, size) else { continue };
            // Of what is handed on, a number in it is the allocator's own too.
            let own = taken.returned.is_some() && fit == Fit::Other;
            if !own && found.is_none_or(|(best, _)| fit < best) {
                found = Some((fit, block));
            }
        }
        self.header = before;
        found.map(|(_, block)| block)
    }

    /// The block by the type of a pointer that takes it; notes what is known to be bytes.
    fn pointed(&mut self, layouts: &Layouts, pointer: LayoutId, size: u64) -> Option<(Fit, BlockType)> {
        let header = u64::try_from(self.header).ok()?;
        let ty = match target(layouts, pointer)? {
            Target::Untyped => {
                self.untyped = true;
                return None;
            }
            Target::Bytes(ty) => {
                self.bytes = self.bytes.or(Some((ty, header)));
                return None;
            }
            Target::Value(ty) => ty,
        };
        let one = BlockType::one(ty);
        let room = size.checked_sub(header)?;
        let layout = layouts.get(ty);
        let fitted = if header == 0 { one.fitted(layouts, size) } else { one.behind(layouts, header, size) };
        let block = fitted.filter(|_| layout.size > 0)?;
        let spare = room.checked_sub(layout.size)?;
        let fit = match layout.form {
            Form::Record(_) if spare == 0 || header > 0 && spare < 8 => Fit::Exact,
            Form::Record(_) if matches!(block.count, Count::Many | Count::ManyHeaded(_)) => Fit::Several,
            Form::Record(_) => Fit::Larger,
            _ => Fit::Other,
        };
        Some((fit, block))
    }
}

/// How well a type fits a block, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// A struct of its size.
    Exact,
    /// A struct that it has room for several of.
    Several,
    /// A struct at the start of a larger block.
    Larger,
    /// Numbers or pointers.
    Other,
}

/// The pointer type of what takes a result.
fn pointer_of(symbols: &Symbols<'_>, layouts: &mut Layouts, taker: Taker) -> Option<LayoutId> {
    match taker {
        Taker::Value(ty) => Some(layouts.take(symbols.dies, symbols.sections, ty)),
        Taker::Field(ty, offset) => {
            let holder = layouts.take(symbols.dies, symbols.sections, ty);
            pointer_at(layouts, layouts.target(holder)?, offset)
        }
        Taker::Static(address) => {
            let after = symbols.statics.partition_point(|variable| variable.address <= address);
            let variable = &symbols.statics[after.checked_sub(1)?];
            pointer_at(layouts, variable.ty, address - variable.address)
        }
    }
}

fn target(layouts: &Layouts, pointer: LayoutId) -> Option<Target> {
    let Form::Pointer(target) = layouts.get(pointer).form else { return None };
    let Some(ty) = target else { return Some(Target::Untyped) };
    let of = layouts.get(ty);
    let byte = of.size == 1
        && matches!(of.form, Form::Scalar(Scalar::Character | Scalar::Unsigned | Scalar::Signed | Scalar::Bool));
    Some(if byte { Target::Bytes(ty) } else { Target::Value(ty) })
}

/// The pointer at an offset of a value, through members and elements.
fn pointer_at(layouts: &Layouts, ty: LayoutId, offset: u64) -> Option<LayoutId> {
    let (mut ty, mut offset) = (ty, offset);
    for _ in 0..32 {
        match &layouts.get(ty).form {
            Form::Pointer(_) => return (offset == 0).then_some(ty),
            Form::Array { element, .. } => {
                offset = offset.checked_rem(layouts.get(*element).size)?;
                ty = *element;
            }
            Form::Record(record) => {
                let covers = |at: u64, of: LayoutId| at <= offset && offset - at < layouts.get(of).size;
                let mut inside = record.members.iter().filter(|member| covers(member.offset, member.ty));
                let member = inside.next().filter(|_| !record.union || record.members.len() == 1)?;
                offset -= member.offset;
                ty = member.ty;
            }
            _ => return None,
        }
    }
    None
}
