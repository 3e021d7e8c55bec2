//! Allocator entries: a probe is put into the body itself.
//!
//! ```text
//! Before: (func $malloc (param i32) (result i32) BODY)
//! After:  (func $malloc (param i32) (result i32)
//!           (local.set $size (local.get 0))
//!           (local.set $p (block (result i32) BODY))     ;; in which `return` has become `br`
//!           RECORD $p
//!           (local.get $p))
//! ```
//!
//! The function keeps its index, so that calls, tables and exports lead to the probe, and no call is added. (A probe around
//! the original body in a function of its own costs a call at each allocation and each release, 3 to 5 % of the time of a
//! guest that does little else.) Entries that lead to other entries count their activations, and those do nothing while the
//! count is not zero: each block is told once.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, ValType};

use super::allocators::{Entry, Role};
use super::body::{BodyFacts, TailSite};
use super::info::ModuleInfo;
use super::live_table::{Added, Nesting, NewBlock, Scratch};
use super::rewrite::{Edit, MoreLocals};

/// Locals of a probe, behind those of the body.
struct Locals {
    first: u32,
}

impl Locals {
    const MORE: MoreLocals = MoreLocals { words: 6, longs: 2 };

    fn result(&self) -> u32 {
        self.first
    }

    fn size(&self) -> u32 {
        self.first + 1
    }

    fn context(&self) -> u32 {
        self.first + 2
    }

    /// The block that was passed, or where its address is stored: the body may use the parameter for something else.
    fn passed(&self) -> u32 {
        self.first + 3
    }

    fn scratch(&self) -> Scratch {
        Scratch { cell: self.first + 4, slot: self.first + 5, bits: self.first + 6, bytes: self.first + 7 }
    }

    fn block(&self, address: u32) -> NewBlock {
        NewBlock { address, size: self.size(), context: self.context() }
    }
}

/// The edits that put the probe into an entry's body, in order, and the locals they need. `before` is code to run first.
pub(crate) fn edits(
    info: &ModuleInfo<'_>,
    entry: &Entry,
    body: &BodyFacts,
    added: &Added,
    before: Vec<u8>,
) -> (Vec<Edit>, MoreLocals) {
    let params = info.signature(entry.function).map_or(0, |signature| signature.params.len() as u32);
    let probe = Probe { entry, added, locals: Locals { first: params + body.locals } };
    let mut edits = vec![Edit { at: body.code, remove: 0, insert: probe.prologue(before) }];
    if let Some(epilogue) = probe.epilogue() {
        edits.extend(leaves(info, body));
        edits.push(Edit { at: body.end, remove: 0, insert: epilogue });
        edits.sort_by_key(|edit| edit.at);
    }
    (edits, Locals::MORE)
}

/// The edits by which all that leaves a body leads to the end of the block that it was put into.
pub(super) fn leaves(info: &ModuleInfo<'_>, body: &BodyFacts) -> Vec<Edit> {
    let mut edits: Vec<Edit> = body.returns.iter().map(|site| leave(site.at, 1, site.depth)).collect();
    for tail in &body.tails {
        edits.push(Edit { at: tail.at, remove: 1, insert: vec![returning(info, tail)] });
        edits.push(leave(tail.end, 0, tail.depth));
    }
    edits
}

/// The function `(address, size, V)` that records a block whatever is unusual about it.
pub(crate) fn record_function(added: &Added) -> Function {
    let scratch = Scratch { cell: 3, slot: 4, bits: 5, bytes: 6 };
    with_scratch(|code| added.record_slowly(code, NewBlock { address: 0, size: 1, context: 2 }, scratch))
}

/// The function `(tag, bytes)` that counts temporary allocations and what blocks grow in place.
pub(crate) fn tally_function(added: &Added) -> Function {
    with_scratch(|code| added.tally_body(code))
}

/// The function `(address, header)` that forgets a block whatever is unusual about it.
pub(crate) fn release_function(added: &Added) -> Function {
    with_scratch(|code| added.release_slowly(code, Scratch { cell: 2, slot: 3, bits: 4, bytes: 5 }))
}

/// The function `(from, address, size, V, header)` that gives a block another size.
pub(crate) fn resize_function(added: &Added) -> Function {
    with_scratch(|code| added.resize_body(code, Scratch { cell: 5, slot: 6, bits: 7, bytes: 8 }))
}

/// A function with the locals that a [`Scratch`] names, behind its parameters.
fn with_scratch(body: impl FnOnce(&mut InstructionSink<'_>)) -> Function {
    let mut function = Function::new([(2, ValType::I32), (2, ValType::I64)]);
    let mut code = function.instructions();
    body(&mut code);
    code.end();
    function
}

/// A branch to the end of the body, which has become a block.
fn leave(at: usize, remove: usize, depth: u32) -> Edit {
    let mut insert = Vec::new();
    InstructionSink::new(&mut insert).br(depth);
    Edit { at, remove, insert }
}

/// The first byte of the call that does what a tail call does, and comes back.
fn returning(info: &ModuleInfo<'_>, tail: &TailSite) -> u8 {
    const CALL_REF: u8 = 0x14;
    const RETURN_CALL_REF: u8 = 0x15;
    match info.bytes[tail.at] {
        RETURN_CALL_REF => CALL_REF,
        // `return_call` and `return_call_indirect` are two behind `call` and `call_indirect`.
        other => other - 2,
    }
}

struct Probe<'a> {
    entry: &'a Entry,
    added: &'a Added,
    locals: Locals,
}

impl Probe<'_> {
    fn prologue(&self, before: Vec<u8>) -> Vec<u8> {
        let mut bytes = before;
        let mut code = InstructionSink::new(&mut bytes);
        let locals = &self.locals;
        match self.entry.role {
            Role::Allocate { size, count } => self.save_size(&mut code, size, count),
            Role::AllocateOut { out: passed, size } | Role::Resize { block: passed, size } => {
                self.save_size(&mut code, size, None);
                code.local_get(passed).local_set(locals.passed());
            }
            Role::Reallocate { block, size, count } => {
                self.save_size(&mut code, size, count);
                code.local_get(block).local_set(locals.passed());
            }
            Role::Release { block } => {
                self.added.release(&mut code, block, self.entry.header(), locals.scratch(), self.nesting());
            }
        }
        if self.entry.nests {
            // What the body calls may be on the way to an allocator itself, and then changes V.
            code.global_get(self.added.context).local_set(locals.context());
        }
        self.change_depth(&mut code, 1);
        match self.entry.role {
            Role::Release { .. } if self.counts_depth() => code.block(BlockType::Empty),
            Role::Release { .. } => &mut code,
            _ => code.block(BlockType::Result(ValType::I32)),
        };
        bytes
    }

    /// What comes behind the body, whose own `end` has closed the block; none when the body was not put into one.
    fn epilogue(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut code = InstructionSink::new(&mut bytes);
        if let Role::Release { .. } = self.entry.role {
            if !self.counts_depth() {
                return None;
            }
            self.change_depth(&mut code, -1);
        } else {
            code.local_set(self.locals.result());
            self.change_depth(&mut code, -1);
            if !self.entry.nests {
                code.global_get(self.added.context).local_set(self.locals.context());
            }
            self.tell(&mut code);
            code.local_get(self.locals.result());
        }
        code.end();
        Some(bytes)
    }

    fn tell(&self, code: &mut InstructionSink<'_>) {
        let (locals, result) = (&self.locals, self.locals.result());
        match self.entry.role {
            Role::Allocate { .. } => {
                self.added.record(code, locals.block(result), locals.scratch(), self.nesting());
            }
            Role::AllocateOut { .. } => {
                code.local_get(result).i32_eqz().if_(BlockType::Empty);
                code.local_get(locals.passed()).i32_load(MemArg { offset: 0, align: 2, memory_index: 0 });
                code.local_set(locals.passed());
                self.added.record(code, locals.block(locals.passed()), locals.scratch(), self.nesting());
                code.end();
            }
            Role::Reallocate { .. } => self.tell_resize(code, result),
            Role::Resize { .. } => self.tell_resize(code, locals.passed()),
            Role::Release { .. } => {}
        }
    }

    /// Nothing happened when the result is zero, and nothing is told inside another entry.
    fn tell_resize(&self, code: &mut InstructionSink<'_>, to: u32) {
        let locals = &self.locals;
        let whether = matches!(self.entry.role, Role::Resize { .. });
        match self.nesting() {
            Nesting::Possible => code.i32_const(0).local_get(locals.result()).global_get(self.added.depth).select(),
            Nesting::Ignored => code.local_get(locals.result()),
        };
        if whether {
            // Zig's `bool` is the lowest bit; the others may be anything.
            code.i32_const(1).i32_and();
        }
        code.if_(BlockType::Empty);
        self.added.resize(code, locals.passed(), locals.block(to), self.entry.header());
        code.end();
    }

    fn save_size(&self, code: &mut InstructionSink<'_>, size: u32, count: Option<u32>) {
        code.local_get(size);
        if let Some(count) = count {
            code.local_get(count).i32_mul();
        }
        code.local_set(self.locals.size());
    }

    fn nesting(&self) -> Nesting {
        if self.entry.nested && !self.entry.always() { Nesting::Possible } else { Nesting::Ignored }
    }

    fn counts_depth(&self) -> bool {
        self.entry.nests && !self.entry.always()
    }

    fn change_depth(&self, code: &mut InstructionSink<'_>, by: i32) {
        if self.counts_depth() {
            code.global_get(self.added.depth).i32_const(by).i32_add().global_set(self.added.depth);
        }
    }
}
