//! Allocator entries: the body is replaced by a probe, and the original body appended.
//!
//! ```text
//! Before: (func $malloc (param i32) (result i32) BODY)
//! After:  (func $malloc (param i32) (result i32)
//!           (local.set $p (call $original (local.get 0)))
//!           (if (local.get $p) (then RECORD $p))
//!           (local.get $p))
//!         ... (func $original (param i32) (result i32) BODY)
//! ```
//!
//! The function keeps its index, so that calls, tables and exports lead to the probe. Entries that lead to other entries
//! count their activations, and those do nothing while the count is not zero: each block is told once.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, ValType};

use super::allocators::{Entry, Role};
use super::info::ModuleInfo;
use super::live_table::{Added, NewBlock, Scratch};

/// Locals of a probe behind its parameters.
struct Locals {
    params: u32,
}

impl Locals {
    const TYPES: [(u32, ValType); 2] = [(6, ValType::I32), (2, ValType::I64)];

    fn result(&self) -> u32 {
        self.params
    }

    fn size(&self) -> u32 {
        self.params + 1
    }

    fn context(&self) -> u32 {
        self.params + 2
    }

    fn address(&self) -> u32 {
        self.params + 3
    }

    fn scratch(&self) -> Scratch {
        Scratch(self.params + 4)
    }

    fn block(&self) -> NewBlock {
        NewBlock { address: self.address(), size: self.size(), context: self.context() }
    }
}

/// The probe of an entry whose original body is function `original`. `before` is code to run first.
pub(crate) fn probe(info: &ModuleInfo<'_>, entry: &Entry, original: u32, added: &Added, before: &[u8]) -> Function {
    let params = info.signature(entry.function).map_or(0, |signature| signature.params.len() as u32);
    let locals = Locals { params };
    let mut function = Function::new(Locals::TYPES);
    function.raw(before.iter().copied());
    let mut code = function.instructions();
    if entry.nested && !entry.always() {
        code.global_get(added.depth).if_(BlockType::Empty);
        pass_params(&mut code, params);
        code.call(original).return_().end();
    }
    if entry.nests {
        // The original's helpers may be on the way to an allocator themselves, and then change V.
        code.global_get(added.context).local_set(locals.context());
    }
    match entry.role {
        Role::Release { block } => {
            added.release(&mut code, block, entry.header(), locals.scratch());
            call_original(&mut code, entry, original, params, added);
        }
        _ => {
            call_original(&mut code, entry, original, params, added);
            code.local_set(locals.result());
            if !entry.nests {
                code.global_get(added.context).local_set(locals.context());
            }
            after(&mut code, entry, &locals, added);
            code.local_get(locals.result());
        }
    }
    code.end();
    function
}

/// The function `(address, size, V)` that records a block, for probes that do so in unlikely cases.
pub(crate) fn record_function(added: &Added) -> Function {
    let mut function = Function::new([(2, ValType::I32), (2, ValType::I64)]);
    let mut code = function.instructions();
    added.record(&mut code, NewBlock { address: 0, size: 1, context: 2 }, Scratch(3));
    code.end();
    function
}

fn after(code: &mut InstructionSink<'_>, entry: &Entry, locals: &Locals, added: &Added) {
    match entry.role {
        Role::Allocate { size, count } => {
            code.local_get(locals.result()).if_(BlockType::Empty);
            requested(code, size, count, locals);
            code.local_get(locals.result()).local_set(locals.address());
            added.record(code, locals.block(), locals.scratch());
            code.end();
        }
        Role::AllocateOut { out, size } => {
            code.local_get(locals.result()).i32_eqz().if_(BlockType::Empty);
            requested(code, size, None, locals);
            code.local_get(out).i32_load(MemArg { offset: 0, align: 2, memory_index: 0 }).local_set(locals.address());
            added.record(code, locals.block(), locals.scratch());
            code.end();
        }
        Role::Reallocate { block, size, count } => {
            code.local_get(locals.result()).if_(BlockType::Empty);
            requested(code, size, count, locals);
            code.local_get(locals.result()).local_set(locals.address());
            added.resize(code, block, locals.block(), entry.header(), locals.scratch());
            code.end();
        }
        Role::Resize { block, size } => {
            // Zig's `bool` is the lowest bit; the others may be anything.
            code.local_get(locals.result()).i32_const(1).i32_and().if_(BlockType::Empty);
            requested(code, size, None, locals);
            code.local_get(block).local_set(locals.address());
            added.resize(code, block, locals.block(), entry.header(), locals.scratch());
            code.end();
        }
        Role::Release { .. } => {}
    }
}

fn requested(code: &mut InstructionSink<'_>, size: u32, count: Option<u32>, locals: &Locals) {
    code.local_get(size);
    if let Some(count) = count {
        code.local_get(count).i32_mul();
    }
    code.local_set(locals.size());
}

fn pass_params(code: &mut InstructionSink<'_>, params: u32) {
    for param in 0..params {
        code.local_get(param);
    }
}

fn call_original(code: &mut InstructionSink<'_>, entry: &Entry, original: u32, params: u32, added: &Added) {
    let change_depth = |code: &mut InstructionSink<'_>, by: i32| {
        if entry.nests && !entry.always() {
            code.global_get(added.depth).i32_const(by).i32_add().global_set(added.depth);
        }
    };
    change_depth(code, 1);
    pass_params(code, params);
    code.call(original);
    change_depth(code, -1);
}
