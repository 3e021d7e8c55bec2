//! The type of a block from the call that allocated it.
//!
//! Inlining leaves the generic functions of a container in the debug information of its caller, each with its
//! parameters: the innermost one that still knows its element decides. Where a language has no generics, the variable
//! that takes the result does.

mod c_like;
mod rust;
mod taker;
mod zig;

use heapy_engine::TypeEvidence;

use super::block::{BlockType, Evidenced, Operator};
use super::code::{self, CodeIndex, Place, Scope};
use super::dies::{DieRef, Dies, STACK_FRAME};
use super::flow::Flows;
use super::form::{Language, LayoutId};
use super::lines::Lines;
use super::names;
use super::sections::Sections;
use super::types::{Layouts, language_of};
use super::typing::StaticVariable;
use crate::paused::RawFrame;

/// Frames of a context that are looked at, from the innermost.
const MAX_FRAMES: usize = 48;

/// Variables of one activation that are named.
const MAX_VARIABLES: usize = 1000;

/// What the types of allocations are read from.
pub(super) struct Symbols<'a> {
    pub(super) sections: &'a Sections,
    pub(super) dies: &'a Dies,
    pub(super) code: &'a CodeIndex,
    pub(super) lines: &'a Lines,
    pub(super) flows: &'a Flows,
    pub(super) statics: &'a [StaticVariable],
}

/// A function on the way to the allocation, real or inlined.
pub(super) struct Caller {
    pub(super) scope: Scope,
    /// The place of the call in the module that left its activation, the same for a function and what is inlined there.
    pub(super) place: u32,
    /// Its path without generic arguments and parameters.
    pub(super) path: String,
    pub(super) language: Language,
    /// The line of the call in it.
    pub(super) line: Option<u32>,
}

impl Symbols<'_> {
    /// The callers of an allocation, innermost first, as far as the debug information knows them.
    pub(super) fn callers(&self, frames: &[RawFrame]) -> Vec<Caller> {
        let mut callers = Vec::new();
        for frame in frames.iter().take(MAX_FRAMES) {
            let Some(place) = frame.offset.and_then(|offset| (offset as usize).checked_sub(self.sections.code_start))
            else {
                continue;
            };
            for scope in self.code.scopes(self.dies, place as u32) {
                let language = language_of(self.dies, scope.function);
                let line =
                    scope.line.or_else(|| self.lines.line(self.dies, self.sections, scope.function.unit, place as u32));
                let (path, place) = (self.path(scope.function, language), frame.offset.unwrap_or_default());
                callers.push(Caller { path, place, language, line, scope });
            }
        }
        callers
    }

    /// The variables in scope at the place of a frame that lie in its part of the shadow stack, by offset. Of variables
    /// that share their bytes the innermost counts.
    pub(super) fn frame_variables(&self, layouts: &mut Layouts, frame: RawFrame) -> Vec<StaticVariable> {
        let Some(place) = frame.offset.and_then(|offset| (offset as usize).checked_sub(self.sections.code_start))
        else {
            return Vec::new();
        };
        let scopes = self.code.scopes(self.dies, place as u32);
        let on_stack = scopes.last().is_some_and(|whole| self.dies.die(whole.function).flags & STACK_FRAME != 0);
        let mut found: Vec<StaticVariable> = Vec::new();
        for at in scopes.iter().filter(|_| on_stack).flat_map(|scope| code::variables(self.dies, scope)) {
            let Some(Place::Frame(offset)) = code::place(self.dies, self.sections, at) else { continue };
            let (Ok(address), Some(ty), Some(name)) =
                (u64::try_from(offset), self.dies.type_of(at), self.dies.name(self.sections, at))
            else {
                continue;
            };
            let language = language_of(self.dies, at);
            let ty = layouts.take(self.dies, self.sections, ty);
            let size = layouts.get(ty).size;
            let end = address.saturating_add(size);
            let apart = |other: &StaticVariable| end <= other.address || other.address + other.size <= address;
            if size > 0 && end <= u64::from(u32::MAX) && found.iter().all(apart) && found.len() < MAX_VARIABLES {
                found.push(StaticVariable { address, name: names::clean(name, language), ty, size });
            }
        }
        found.sort_by_key(|variable| variable.address);
        found
    }

    /// The path of a function without the arguments of its own name: `alloc::boxed::{impl#0}::new`.
    fn path(&self, function: DieRef, language: Language) -> String {
        let path = names::path(self.dies, self.sections, function, "", language);
        let own = self.dies.name(self.sections, function).unwrap_or_default();
        let Some(generic) = own.find('<').filter(|&at| at > 0 && !own.starts_with("operator")) else { return path };
        match path.rfind(&own[..generic]) {
            Some(at) => path[..at + generic].to_owned(),
            None => path,
        }
    }

    /// The type that a generic parameter of a caller stands for.
    fn parameter(&self, layouts: &mut Layouts, caller: &Caller, name: &str) -> Option<LayoutId> {
        let parameters = code::parameters(self.dies, self.sections, caller.scope.function);
        let &(_, die) = parameters.iter().find(|&&(known, _)| known == name)?;
        Some(layouts.take(self.dies, self.sections, die))
    }
}

/// What the callers of an allocation say of its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// This type.
    Type(Evidenced),
    /// That it is a `void *` to them all, or a `char *` to some: what it holds is for others to say.
    Bytes(Option<BlockType>),
    /// Nothing.
    Nothing,
}

/// What the callers of an allocation of `size` bytes say about its type, with the operator that made it.
pub(super) fn type_of_allocation(
    symbols: &Symbols<'_>,
    layouts: &mut Layouts,
    frames: &[RawFrame],
    operator: Option<Operator>,
    size: u64,
) -> Named {
    let callers = symbols.callers(frames);
    let Some(own) = callers.iter().position(|caller| !c_like::is_allocator(caller)) else { return Named::Nothing };
    let found = match callers[own].language {
        Language::Rust => match rust::type_of(symbols, layouts, &callers[own..]) {
            Some(block) => Named::Type(Evidenced { block, evidence: TypeEvidence::DebugInfo }),
            None => Named::Nothing,
        },
        _ => c_like::type_of(symbols, layouts, &callers[own..], size),
    };
    let Named::Type(Evidenced { block, evidence }) = found else { return found };
    let Some(fitted) = block.fitted(layouts, size) else { return Named::Nothing };
    // A program's own operator may be inlined.
    let operator = operator.or_else(|| callers[..own].iter().find_map(|caller| Operator::named(&caller.path)));
    let Some(operator) = operator else { return Named::Type(Evidenced { block: fitted, evidence }) };
    match fitted.by_operator(layouts, operator, size) {
        Some(block) => Named::Type(Evidenced { block, evidence }),
        None => Named::Nothing,
    }
}
