//! Probes in Go's allocator.
//!
//! ```text
//! Before: (func $mallocgcTiny (param i32) (result i32) BODY)
//! After:  (func $mallocgcTiny (param i32) (result i32)
//!           (if (i32.eqz (local.get 0))                    ;; entered, not resumed
//!             (then (local.set $size (i32.load offset=8 (global.get $SP)))
//!                   (local.set $type (i32.load offset=16 (global.get $SP)))))
//!           (local.set $unwinds (block (result i32) BODY)) ;; in which `return` has become `br`
//!           (if (i32.eqz (local.get $unwinds))
//!             (then (call $record (global.get $SP) WHERE (local.get $size) (local.get $type))))
//!           (local.get $unwinds))
//! ```
//!
//! Go's stacks are in linear memory, and a function leaves WebAssembly's stack whenever its goroutine waits: the calling
//! context is there to be read, and nowhere else. `$record` walks the return addresses with a table of the functions'
//! frame sizes, a few loads and additions for each frame, and makes V of them and of the type: a context is a stack and a
//! type. Of a function that is active several times only the innermost activation counts, so that recursion makes no
//! contexts without end. Nothing is written but the live table's memory.
//!
//! A cell is written over whatever is there, for objects go without being given back one by one.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, ValType};

use super::allocation_probes::leaves;
use super::allocators::GoEntry;
use super::body::BodyFacts;
use super::info::ModuleInfo;
use super::live_table::{Added, NewBlock, Scratch};
use super::rewrite::{Edit, MoreLocals};
use crate::go::{BLOCK_BITS, FIRST_FUNCTION};
use crate::live::layout::{self, HostFunction};

/// Go's stack pointer.
const STACK_POINTER: u32 = 0;
/// Frames that a context tells.
pub(crate) const MAX_FRAMES: u32 = 32;
/// Frames that are walked over for that: functions that are active several times count once.
pub(crate) const MAX_STEPS: u32 = 256;
/// Bytes that tiny objects share.
const TINY_BYTES: i32 = 16;
/// In what `$record` is told of the place of the result: the object may share a block.
const MAY_SHARE: u32 = 1;

/// The edits that put the probe into a body, in order, and the locals they need. `before` is code to run first.
pub(super) fn edits(
    info: &ModuleInfo<'_>,
    entry: &GoEntry,
    body: &BodyFacts,
    record: u32,
    before: Vec<u8>,
) -> (Vec<Edit>, MoreLocals) {
    let first = 1 + body.locals;
    let (size, ty, unwinds) = (first, first + 1, first + 2);
    let load = |offset| MemArg { offset, align: 2, memory_index: 0 };
    let mut prologue = before;
    let mut code = InstructionSink::new(&mut prologue);
    code.local_get(0).i32_eqz().if_(BlockType::Empty);
    code.global_get(STACK_POINTER).i32_load(load(8)).local_set(size);
    code.global_get(STACK_POINTER).i32_load(load(16)).local_set(ty).end();
    code.block(BlockType::Result(ValType::I32));
    let mut epilogue = Vec::new();
    let mut code = InstructionSink::new(&mut epilogue);
    code.local_tee(unwinds).i32_eqz().if_(BlockType::Empty);
    let place = entry.result | if entry.tiny { MAY_SHARE } else { 0 };
    code.global_get(STACK_POINTER).i32_const(place as i32).local_get(size).local_get(ty).call(record).end();
    code.local_get(unwinds).end();
    let mut edits = vec![Edit { at: body.code, remove: 0, insert: prologue }];
    edits.extend(leaves(info, body));
    edits.push(Edit { at: body.end, remove: 0, insert: epilogue });
    edits.sort_by_key(|edit| edit.at);
    (edits, MoreLocals { words: 3, longs: 0 })
}

/// Locals of `$record`: its parameters, then its own.
struct Locals;

impl Locals {
    const POINTER: u32 = 0;
    const PLACE: u32 = 1;
    const SIZE: u32 = 2;
    const TYPE: u32 = 3;
    const ADDRESS: u32 = 4;
    const CONTEXT: u32 = 5;
    const AT: u32 = 6;
    const LAST: u32 = 7;
    const LEFT: u32 = 8;
    const CELL: u32 = 9;
    const SLOT: u32 = 10;
    /// Bytes of the block before the object, where it shares one.
    const BEFORE: u32 = 11;
    const TOTAL: u32 = 12;
    /// Number of the walk, and frames that it may still go over.
    const WALK: u32 = 13;
    const STEPS: u32 = 14;
    const BITS: u32 = 15;
    const BYTES: u32 = 16;
    const COUNTER: u32 = 17;
}

/// `$record`, a function `(stack pointer, place of the result, size, type)`; `functions` have a frame size in the table.
pub(super) fn record_function(added: &Added, functions: u32) -> Function {
    let mut function = Function::new([(11, ValType::I32), (3, ValType::I64)]);
    let mut code = function.instructions();
    let load = |offset| MemArg { offset, align: 2, memory_index: 0 };
    code.local_get(Locals::POINTER).local_get(Locals::PLACE).i32_const(!(MAY_SHARE as i32)).i32_and().i32_add();
    code.i32_load(load(0)).local_tee(Locals::ADDRESS).i32_eqz().if_(BlockType::Empty).return_().end();
    // Nothing was saved by an activation that was resumed: the arguments may still be where they were.
    code.local_get(Locals::SIZE).i32_eqz().if_(BlockType::Empty);
    code.local_get(Locals::POINTER).i32_load(load(0)).local_set(Locals::SIZE);
    code.local_get(Locals::POINTER).i32_load(load(8)).local_set(Locals::TYPE).end();
    hash(added, &mut code, functions);
    code.local_get(Locals::SIZE).local_set(Locals::TOTAL);
    code.local_get(Locals::PLACE).i32_const(MAY_SHARE as i32).i32_and().if_(BlockType::Empty);
    code.local_get(Locals::ADDRESS).i32_const(TINY_BYTES - 1).i32_and().local_tee(Locals::BEFORE);
    code.local_get(Locals::SIZE).i32_add().local_set(Locals::TOTAL);
    code.local_get(Locals::ADDRESS).local_get(Locals::BEFORE).i32_sub().local_set(Locals::ADDRESS).end();
    store(added, &mut code);
    code.end();
    function
}

/// Makes V of the type and the return addresses.
fn hash(added: &Added, code: &mut InstructionSink<'_>, functions: u32) {
    code.local_get(Locals::TYPE);
    mix(code);
    if added.contexts {
        walk(added, code, functions);
    }
    code.local_get(Locals::CONTEXT).i32_const(15).i32_shr_u().local_get(Locals::CONTEXT).i32_xor();
    mix(code);
    // Never zero, and the bits by which slots are found depend on all others.
    code.local_get(Locals::CONTEXT).i32_const(13).i32_shr_u().local_get(Locals::CONTEXT).i32_xor();
    code.i32_const(1).i32_or().local_set(Locals::CONTEXT);
}

/// Spreads what is on the stack over the bits of V.
fn mix(code: &mut InstructionSink<'_>) {
    const FACTOR: i32 = 0x9E37_79B1_u32 as i32;
    code.i32_const(FACTOR).i32_mul().local_set(Locals::CONTEXT);
}

/// Mixes return addresses into V, from the innermost on.
fn walk(added: &Added, code: &mut InstructionSink<'_>, functions: u32) {
    let table = |offset| MemArg { offset, align: 2, memory_index: added.memory };
    let seen = table(layout::STRIDES + layout::STRIDE_WALK);
    code.i32_const(0).i32_const(0).i32_load(table(layout::WALK)).i32_const(1).i32_add().local_tee(Locals::WALK);
    code.i32_store(table(layout::WALK));
    code.local_get(Locals::POINTER).i32_const(8).i32_sub().local_set(Locals::AT);
    // The last address of which eight bytes can be read.
    code.memory_size(0).i32_const(16).i32_shl().i32_const(8).i32_sub().local_set(Locals::LAST);
    code.i32_const(MAX_FRAMES as i32).local_set(Locals::LEFT).i32_const(MAX_STEPS as i32).local_set(Locals::STEPS);
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(Locals::AT).local_get(Locals::LAST).i32_gt_u().br_if(1);
    code.local_get(Locals::AT).i64_load(MemArg { offset: 0, align: 3, memory_index: 0 });
    code.local_tee(Locals::COUNTER).i64_const(i64::from(BLOCK_BITS)).i64_shr_u().i64_const(FIRST_FUNCTION as i64);
    code.i64_sub().i32_wrap_i64().local_tee(Locals::SLOT).i32_const(functions as i32).i32_ge_u().br_if(1);
    code.local_get(Locals::SLOT).i32_const(layout::STRIDE_LOG2 as i32).i32_shl().local_tee(Locals::SLOT);
    code.i32_load(table(layout::STRIDES)).local_tee(Locals::CELL).i32_eqz().br_if(1);
    code.local_get(Locals::AT).local_get(Locals::CELL).i32_add().local_set(Locals::AT);
    code.local_get(Locals::STEPS).i32_const(1).i32_sub().local_tee(Locals::STEPS).i32_eqz().br_if(1);
    code.local_get(Locals::SLOT).i32_load(seen).local_get(Locals::WALK).i32_eq().br_if(0);
    code.local_get(Locals::SLOT).local_get(Locals::WALK).i32_store(seen);
    code.local_get(Locals::COUNTER).i64_const(i64::from(BLOCK_BITS)).i64_rotl().i32_wrap_i64();
    code.local_get(Locals::COUNTER).i32_wrap_i64().i32_xor();
    code.local_get(Locals::CONTEXT).i32_const(7).i32_rotl().i32_xor();
    mix(code);
    code.local_get(Locals::LEFT).i32_const(1).i32_sub().local_tee(Locals::LEFT).br_if(0).end().end();
}

/// Writes the cell and counts, or has the host do it.
fn store(added: &Added, code: &mut InstructionSink<'_>) {
    let block = NewBlock { address: Locals::ADDRESS, size: Locals::TOTAL, context: Locals::CONTEXT };
    let scratch = Scratch { cell: Locals::CELL, slot: Locals::SLOT, bits: Locals::BITS, bytes: Locals::BYTES };
    code.block(BlockType::Empty);
    added.find_slot(code, block, scratch);
    added.write_over(code, block, scratch, Locals::BEFORE);
    code.return_().end();
    // All bits of the address turned over: see `record_slowly`.
    code.local_get(Locals::ADDRESS).i32_const(-1).i32_xor().local_get(Locals::TOTAL).local_get(Locals::CONTEXT);
    code.local_get(Locals::TYPE).local_get(Locals::BEFORE);
    added.call_host(code, HostFunction::RecordTyped);
}
