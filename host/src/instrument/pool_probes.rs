//! Functions of pools and arenas: the host is told of every block that they make or take back.
//!
//! ```text
//! Before: (func $arena_take (param $arena i32) (param $bytes i32) (result i32) BODY)
//! After:  (func $arena_take (param $arena i32) (param $bytes i32) (result i32)
//!           (local.set $handle (local.get 0)) (local.set $size (local.get 1)) (local.set $V (global.get $context))
//!           (local.set $result (block (result i32) BODY))
//!           (if (local.get $result) (then (call_host ENTRY ~$result ~$passed $handle $size $V)))
//!           (local.get $result))
//! ```
//!
//! Functions of one pool that lead to each other count their activations in a global of the pool: the one that was entered
//! first tells. What such a function calls of other allocators is told as ever: those are the blocks that are cut.
//!
//! NB: there is no fast path in the guest's code. A call of the host at each block costs more than a table would, but a
//! table has no room for blocks that lie at any address inside of others, and only who names a pool pays.

use wasm_encoder::{BlockType, InstructionSink, MemArg, ValType};

use super::allocation_probes::leaves;
use super::allocators::{PoolAct, PoolEntry};
use super::body::BodyFacts;
use super::info::ModuleInfo;
use super::live_table::Added;
use super::rewrite::{Edit, MoreLocals};
use crate::live::layout::HostFunction;

/// Locals of a probe, behind those of the body: words all.
const MORE: MoreLocals = MoreLocals { words: 5, longs: 0 };

/// The edits that put the probe into the body, in order, and the locals they need. `number` is the entry's place among
/// those of all pools, `depth` the global of its pool that counts activations; `before` is code to run first.
pub(crate) fn edits(
    info: &ModuleInfo<'_>,
    (number, entry): (usize, &PoolEntry),
    body: &BodyFacts,
    (added, depth): (&Added, u32),
    before: Vec<u8>,
) -> (Vec<Edit>, MoreLocals) {
    let params = info.signature(entry.function).map_or(0, |signature| signature.params.len() as u32);
    let probe = Probe { number: number as i32, entry, added, depth, first: params + body.locals };
    let mut edits = vec![Edit { at: body.code, remove: 0, insert: probe.prologue(before) }];
    if !probe.tells_first() || entry.counts {
        edits.extend(leaves(info, body));
        edits.push(Edit { at: body.end, remove: 0, insert: probe.epilogue() });
        edits.sort_by_key(|edit| edit.at);
    }
    (edits, MORE)
}

struct Probe<'a> {
    number: i32,
    entry: &'a PoolEntry,
    added: &'a Added,
    depth: u32,
    first: u32,
}

impl Probe<'_> {
    const fn result(&self) -> u32 {
        self.first
    }

    /// The block that was passed, or where its address is stored.
    const fn passed(&self) -> u32 {
        self.first + 1
    }

    const fn handle(&self) -> u32 {
        self.first + 2
    }

    const fn size(&self) -> u32 {
        self.first + 3
    }

    const fn context(&self) -> u32 {
        self.first + 4
    }

    /// Whether the host is told before the body runs: what is taken back may be overwritten by it.
    fn tells_first(&self) -> bool {
        matches!(self.entry.act, PoolAct::Release | PoolAct::Reset)
    }

    fn prologue(&self, before: Vec<u8>) -> Vec<u8> {
        let mut bytes = before;
        let mut code = InstructionSink::new(&mut bytes);
        let params = self.entry.params;
        // The body may use parameters for something else; locals of the probe that nothing is put into are zero.
        for (param, local) in
            [(params.block, self.passed()), (params.handle, self.handle()), (params.size, self.size())]
        {
            if let Some(param) = param {
                code.local_get(param).local_set(local);
            }
        }
        if let Some(count) = params.count {
            // Times a size that is passed; of one that is fixed the host knows.
            match params.size {
                Some(_) => code.local_get(count).local_get(self.size()).i32_mul(),
                None => code.local_get(count),
            };
            code.local_set(self.size());
        }
        // What the body calls may be on the way to an allocator itself, and then changes V.
        code.global_get(self.added.context).local_set(self.context());
        if self.tells_first() {
            self.tell(&mut code);
        }
        if self.entry.counts {
            code.global_get(self.depth).i32_const(1).i32_add().global_set(self.depth);
        }
        match (self.tells_first(), self.entry.counts, self.entry.results) {
            (true, false, _) => &mut code,
            (_, _, 0) => code.block(BlockType::Empty),
            _ => code.block(BlockType::Result(ValType::I32)),
        };
        bytes
    }

    /// What comes behind the body, whose own `end` has closed the block.
    fn epilogue(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut code = InstructionSink::new(&mut bytes);
        if self.entry.counts {
            code.global_get(self.depth).i32_const(1).i32_sub().global_set(self.depth);
        }
        if !self.tells_first() {
            code.local_set(self.result());
            self.tell_success(&mut code);
            code.local_get(self.result());
        }
        code.end();
        bytes
    }

    fn tell_success(&self, code: &mut InstructionSink<'_>) {
        code.local_get(self.result());
        match self.entry.act {
            PoolAct::AllocateOut => {
                code.i32_eqz().if_(BlockType::Empty);
                code.local_get(self.passed()).i32_load(MemArg { offset: 0, align: 2, memory_index: 0 });
                // The result is zero, and stays that for the guest: only what is told is the block.
                code.local_set(self.result());
                self.tell(code);
                code.i32_const(0).local_set(self.result());
            }
            PoolAct::Resize => {
                code.i32_const(1).i32_and().if_(BlockType::Empty);
                self.tell(code);
            }
            _ => {
                code.if_(BlockType::Empty);
                self.tell(code);
            }
        }
        code.end();
    }

    /// Calls the host, unless another function of the pool will.
    fn tell(&self, code: &mut InstructionSink<'_>) {
        if self.entry.counts {
            code.global_get(self.depth).i32_eqz().if_(BlockType::Empty);
        }
        code.i32_const(self.number);
        // All bits of addresses turned over: the call leaves its arguments on the native stack, where they would look like
        // references to the block.
        for address in [self.result(), self.passed()] {
            code.local_get(address).i32_const(-1).i32_xor();
        }
        code.local_get(self.handle()).local_get(self.size()).local_get(self.context());
        self.added.call_host(code, HostFunction::Pool);
        if self.entry.counts {
            code.end();
        }
    }
}
