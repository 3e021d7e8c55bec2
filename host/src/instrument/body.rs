//! One function body: where it calls, returns and loops.
//!
//! A scan of its operators, in one pass and without recursion. Offsets count from the start of the module.

use wasmparser::{FunctionBody, Operator};

use super::info::malformed;
use crate::error::InstrumentError;

/// What a call leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Callee {
    /// A function.
    Function(u32),
    /// Whatever function of a type, through a table or a reference.
    Type(u32),
}

/// Whether a call comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// It does.
    Normal,
    /// It takes the place of its caller.
    Tail,
}

/// One call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallSite {
    /// Offset of the instruction.
    pub(crate) at: usize,
    /// What it calls.
    pub(crate) callee: Callee,
    /// Whether it comes back.
    pub(crate) kind: CallKind,
    /// Whether it stands inside a loop.
    pub(crate) in_loop: bool,
    /// Whether code may run behind it: not after a tail call, nor when `unreachable` follows.
    pub(crate) goes_on: bool,
}

/// A tail call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TailSite {
    /// Offset of the instruction.
    pub(crate) at: usize,
    /// Its end.
    pub(crate) end: usize,
    /// How many blocks it stands in.
    pub(crate) depth: u32,
}

/// A `return`, which is one byte long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReturnSite {
    /// Offset of the instruction.
    pub(crate) at: usize,
    /// How many blocks it stands in.
    pub(crate) depth: u32,
}

/// Facts of one body.
#[derive(Debug)]
pub(crate) struct BodyFacts {
    /// The body: declared locals and instructions.
    pub(crate) start: usize,
    /// Its end.
    pub(crate) end: usize,
    /// Where the instructions begin.
    pub(crate) code: usize,
    /// Groups of declared locals.
    pub(crate) local_groups: u32,
    /// Where the first group begins.
    pub(crate) first_group: usize,
    /// Declared locals.
    pub(crate) locals: u32,
    /// Calls, in order.
    pub(crate) calls: Vec<CallSite>,
    /// Returns, in order.
    pub(crate) returns: Vec<ReturnSite>,
    /// Tail calls, in order.
    pub(crate) tails: Vec<TailSite>,
    /// Whether it may catch what is thrown in it.
    pub(crate) catches: bool,
    /// Where memory 0 grows.
    pub(crate) grows: Vec<usize>,
    /// Functions whose reference is taken.
    pub(crate) function_references: Vec<u32>,
}

/// Scans a body. Time O(its length).
pub(crate) fn scan_body(body: FunctionBody<'_>) -> Result<BodyFacts, InstrumentError> {
    let range = body.range();
    let mut locals_reader = body.get_locals_reader().map_err(malformed)?;
    let first_group = locals_reader.original_position();
    let local_groups = locals_reader.get_count();
    let mut locals = 0u32;
    for _ in 0..local_groups {
        let (count, _) = locals_reader.read().map_err(malformed)?;
        locals = locals
            .checked_add(count)
            .ok_or_else(|| InstrumentError::Malformed { message: "too many locals".to_owned(), offset: first_group })?;
    }
    let mut reader = body.get_operators_reader().map_err(malformed)?;
    let mut facts = BodyFacts {
        start: range.start,
        end: range.end,
        code: reader.original_position(),
        local_groups,
        first_group,
        locals,
        calls: Vec::new(),
        returns: Vec::new(),
        tails: Vec::new(),
        catches: false,
        grows: Vec::new(),
        function_references: Vec::new(),
    };
    let mut blocks = Blocks::default();
    let mut calls = 0;
    while !reader.eof() {
        let (operator, at) = reader.read_with_offset().map_err(malformed)?;
        if let Operator::Unreachable = operator
            && facts.calls.len() > calls
            && let Some(last) = facts.calls.last_mut()
        {
            last.goes_on = false;
        }
        calls = facts.calls.len();
        facts.visit(&operator, at, &mut blocks)?;
        if let Some(call) = facts.calls[calls..].first()
            && call.kind == CallKind::Tail
        {
            let depth = blocks.is_loop.len() as u32;
            facts.tails.push(TailSite { at, end: reader.original_position(), depth });
        }
    }
    reader.finish().map_err(malformed)?;
    Ok(facts)
}

/// The blocks that are open.
#[derive(Default)]
struct Blocks {
    is_loop: Vec<bool>,
    loops: u32,
}

impl Blocks {
    fn open(&mut self, is_loop: bool) {
        self.is_loop.push(is_loop);
        self.loops += u32::from(is_loop);
    }

    fn close(&mut self) {
        if self.is_loop.pop() == Some(true) {
            self.loops -= 1;
        }
    }
}

impl BodyFacts {
    fn visit(&mut self, operator: &Operator<'_>, at: usize, blocks: &mut Blocks) -> Result<(), InstrumentError> {
        let in_loop = blocks.loops > 0;
        let mut call =
            |callee, kind| self.calls.push(CallSite { at, callee, kind, in_loop, goes_on: kind == CallKind::Normal });
        match *operator {
            Operator::Block { .. } | Operator::If { .. } => blocks.open(false),
            Operator::TryTable { .. } => {
                self.catches = true;
                blocks.open(false);
            }
            Operator::Loop { .. } => blocks.open(true),
            Operator::End => blocks.close(),
            Operator::Call { function_index } => call(Callee::Function(function_index), CallKind::Normal),
            Operator::ReturnCall { function_index } => call(Callee::Function(function_index), CallKind::Tail),
            Operator::CallIndirect { type_index, .. } | Operator::CallRef { type_index } => {
                call(Callee::Type(type_index), CallKind::Normal);
            }
            Operator::ReturnCallIndirect { type_index, .. } | Operator::ReturnCallRef { type_index } => {
                call(Callee::Type(type_index), CallKind::Tail);
            }
            Operator::Return => {
                self.returns.push(ReturnSite { at, depth: blocks.is_loop.len() as u32 });
            }
            Operator::MemoryGrow { mem: 0 } => self.grows.push(at),
            Operator::RefFunc { function_index } => self.function_references.push(function_index),
            Operator::Try { .. }
            | Operator::Catch { .. }
            | Operator::CatchAll
            | Operator::Delegate { .. }
            | Operator::Rethrow { .. } => return unsupported("legacy exception handling (`try`)"),
            Operator::ContNew { .. }
            | Operator::ContBind { .. }
            | Operator::Suspend { .. }
            | Operator::Resume { .. }
            | Operator::ResumeThrow { .. }
            | Operator::ResumeThrowRef { .. }
            | Operator::Switch { .. } => return unsupported("stack switching"),
            _ => {}
        }
        Ok(())
    }
}

fn unsupported(feature: &str) -> Result<(), InstrumentError> {
    Err(InstrumentError::Unsupported { feature: feature.to_owned() })
}
