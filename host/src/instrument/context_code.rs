//! Calling contexts: the code that keeps V.

use wasm_encoder::{BlockType, Catch, Encode, Instruction, ValType};

use super::body::{BodyFacts, CallKind, CallSite};
use super::info::ModuleInfo;
use super::rewrite::{Edit, MoreLocals};

/// The factor of the hash.
const FACTOR: i32 = 0x9E37_79B1_u32 as i32;

/// Indices that the code needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ContextGlobals {
    /// The global V.
    pub(crate) context: u32,
    /// The first of the globals that keep the V of an outermost activation.
    pub(crate) first_kept: u32,
}

/// How V is set before a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// It is left as it is.
    None,
    /// To what it was at entry.
    Entry,
    /// To a hash of what it was at entry and the site.
    SiteOfEntry(i32),
    /// The same, where V still is what it was at entry.
    SiteOfCurrent(i32),
}

/// What is to be done to one function.
#[derive(Debug)]
pub(crate) struct ContextPlan<'a> {
    pub(crate) function: u32,
    /// What is to be done before calls, in order.
    pub(crate) settings: Vec<(&'a CallSite, Setting)>,
    /// Which of the keeping globals is its own, and the types of its results.
    pub(crate) keeps: Option<(u32, Vec<ValType>)>,
}

impl ContextPlan<'_> {
    /// What the function needs in addition.
    pub(crate) fn locals(&self) -> MoreLocals {
        let words = if self.keeps.is_some() { 2 } else { u32::from(self.needs_entry()) };
        MoreLocals { words, longs: 0 }
    }

    fn needs_entry(&self) -> bool {
        self.settings.iter().any(|(_, setting)| matches!(setting, Setting::Entry | Setting::SiteOfEntry(_)))
    }

    /// The edits of the function's body, in order.
    pub(crate) fn edits(&self, info: &ModuleInfo<'_>, body: &BodyFacts, globals: ContextGlobals) -> Vec<Edit> {
        let params = info.signature(self.function).map_or(0, |signature| signature.params.len() as u32);
        let code = Code {
            entry: params + body.locals,
            saved: params + body.locals + 1,
            context: globals.context,
            kept: self.keeps.as_ref().map(|(kept, _)| globals.first_kept + kept),
        };
        let mut edits = Vec::with_capacity(self.settings.len() + 1);
        if self.keeps.is_some() || self.needs_entry() {
            edits.push(insert(body.code, self.prologue(&code, info.tags > 0)));
        }
        for (call, setting) in &self.settings {
            edits.push(insert(call.at, code.before_call(*setting)));
        }
        if self.keeps.is_some() {
            for call in body.calls.iter().filter(|call| call.kind == CallKind::Tail) {
                edits.push(insert(call.at, code.restore()));
            }
            for site in &body.returns {
                edits.push(Edit { at: site.at, remove: 1, insert: encode(&[Instruction::Br(site.depth)]) });
            }
            edits.push(insert(body.end, code.epilogue(info.tags > 0)));
            // Stable: of two edits before one tail call, V is set first.
            edits.sort_by_key(|edit| edit.at);
        }
        edits
    }

    fn prologue(&self, code: &Code, exceptions: bool) -> Vec<u8> {
        let Some((_, results)) = &self.keeps else {
            return encode(&[Instruction::GlobalGet(code.context), Instruction::LocalSet(code.entry)]);
        };
        let kept = code.kept.unwrap_or_default();
        let ty = results.first().map_or(BlockType::Empty, |ty| BlockType::Result(*ty));
        let mut start = encode(&[
            Instruction::GlobalGet(kept),
            Instruction::LocalTee(code.saved),
            Instruction::GlobalGet(code.context),
            Instruction::LocalGet(code.saved),
            Instruction::Select,
            Instruction::LocalTee(code.entry),
            Instruction::GlobalSet(kept),
        ]);
        if exceptions {
            let caught = BlockType::Result(ValType::Ref(wasm_encoder::RefType::EXNREF));
            Instruction::Block(ty).encode(&mut start);
            Instruction::Block(caught).encode(&mut start);
            Instruction::TryTable(ty, vec![Catch::AllRef { label: 0 }].into()).encode(&mut start);
        } else {
            Instruction::Block(ty).encode(&mut start);
        }
        start
    }
}

/// Where things are in one function.
struct Code {
    entry: u32,
    saved: u32,
    context: u32,
    kept: Option<u32>,
}

impl Code {
    fn before_call(&self, setting: Setting) -> Vec<u8> {
        let set = Instruction::GlobalSet(self.context);
        let hash = |of, site| {
            encode(&[
                of,
                Instruction::I32Const(FACTOR),
                Instruction::I32Mul,
                Instruction::I32Const(site),
                Instruction::I32Add,
                set.clone(),
            ])
        };
        match setting {
            Setting::None => Vec::new(),
            Setting::Entry => encode(&[Instruction::LocalGet(self.entry), set]),
            Setting::SiteOfEntry(site) => hash(Instruction::LocalGet(self.entry), site),
            Setting::SiteOfCurrent(site) => hash(Instruction::GlobalGet(self.context), site),
        }
    }

    fn restore(&self) -> Vec<u8> {
        match self.kept {
            Some(kept) => encode(&[Instruction::LocalGet(self.saved), Instruction::GlobalSet(kept)]),
            None => Vec::new(),
        }
    }

    /// The body's own `end` has closed the innermost block by now.
    fn epilogue(&self, exceptions: bool) -> Vec<u8> {
        let mut end = Vec::new();
        if exceptions {
            end = encode(&[Instruction::Br(1), Instruction::End]);
            end.extend(self.restore());
            end.extend(encode(&[Instruction::ThrowRef, Instruction::End]));
        }
        end.extend(self.restore());
        Instruction::End.encode(&mut end);
        end
    }
}

fn insert(at: usize, insert: Vec<u8>) -> Edit {
    Edit { at, remove: 0, insert }
}

fn encode(instructions: &[Instruction<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for instruction in instructions {
        instruction.encode(&mut bytes);
    }
    bytes
}
