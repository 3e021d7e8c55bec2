//! The live table's fast paths, in the guest's own code.
//!
//! Recording or forgetting a block is a dozen instructions and no call. What they cannot do (a new calling context, an
//! address outside the table, a size that does not fit, a block that is not there) goes to the host through the table of
//! host functions. An import could do it as well, but imports come first: all function indices and code offsets would move.

use wasm_encoder::{BlockType, InstructionSink, MemArg};

use crate::live::layout::{self, HostFunction};

/// Indices of what was added, and what the probes are to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Added {
    /// Memory: the live table.
    pub(crate) memory: u32,
    /// Table: host functions.
    pub(crate) table: u32,
    /// Type of the first host function; the others follow.
    pub(crate) first_host_type: u32,
    /// Global: V.
    pub(crate) context: u32,
    /// Global: bytes of live blocks.
    pub(crate) live_bytes: u32,
    /// Global: most of them, seen before a release.
    pub(crate) peak_bytes: u32,
    /// Global: allocations.
    pub(crate) allocations: u32,
    /// Global: interval between snapshots, in its place in a cell.
    pub(crate) interval: u32,
    /// Global: mask of the context table.
    pub(crate) context_mask: u32,
    /// Global: active allocator entries.
    pub(crate) depth: u32,
    /// Function `(address, size, V)`: record a block.
    pub(crate) record: u32,
    /// log2 of the bytes of a cell's share of the guest's memory.
    pub(crate) granule_log2: u32,
    /// Whether contexts are recorded.
    pub(crate) contexts: bool,
    /// Whether the host is called at a new peak.
    pub(crate) peak: bool,
}

/// Locals that a piece of code may use: two of 32 bits, then two of 64.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scratch(pub(crate) u32);

impl Scratch {
    fn cell(self) -> u32 {
        self.0
    }

    fn slot_address(self) -> u32 {
        self.0 + 1
    }

    fn slot(self) -> u32 {
        self.0 + 2
    }

    fn bytes(self) -> u32 {
        self.0 + 3
    }
}

/// A block about to be recorded; each is a local.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewBlock {
    /// Its address.
    pub(crate) address: u32,
    /// Requested bytes.
    pub(crate) size: u32,
    /// V.
    pub(crate) context: u32,
}

impl Added {
    fn arg(&self, offset: u64, align: u32) -> MemArg {
        MemArg { offset, align, memory_index: self.memory }
    }

    /// Calls a host function; its arguments are on the stack.
    pub(crate) fn call_host(&self, code: &mut InstructionSink<'_>, function: HostFunction) {
        code.i32_const(function as i32).call_indirect(self.table, self.first_host_type + function as u32);
    }

    /// Leaves the cell's address in a local, or leaves the block `slow` levels out when the table does not have it. A block
    /// that is not aligned has high bits set after the rotation, and fails the same comparison.
    fn find_cell(&self, code: &mut InstructionSink<'_>, address: u32, scratch: Scratch, slow: u32) {
        code.local_get(address)
            .i32_const(self.granule_log2 as i32)
            .i32_rotr()
            .local_tee(scratch.cell())
            .i32_const(0)
            .i32_load(self.arg(layout::COVERED, 2))
            .i32_ge_u()
            .br_if(slow)
            .local_get(scratch.cell())
            .i32_const(3)
            .i32_shl()
            .local_set(scratch.cell());
    }

    /// Records a block.
    pub(crate) fn record(&self, code: &mut InstructionSink<'_>, block: NewBlock, scratch: Scratch) {
        code.block(BlockType::Empty).block(BlockType::Empty);
        self.find_cell(code, block.address, scratch, 0);
        code.local_get(block.size).i32_const(layout::SIZE_LARGE as i32).i32_ge_u().br_if(0);
        // A cell that is taken: the allocator gave out what it had not been given back. The host knows what to do.
        code.local_get(scratch.cell()).i64_load(self.arg(layout::LIVE_TABLE, 3)).i64_eqz().i32_eqz().br_if(0);
        if self.contexts {
            self.find_context(code, block, scratch);
        }
        code.local_get(scratch.cell());
        code.local_get(block.size).i64_extend_i32_u();
        if self.contexts {
            let context = i64::from(layout::SIZE_BITS);
            code.local_get(scratch.slot()).i64_const(32).i64_shr_u().i64_const(context).i64_shl().i64_or();
        }
        code.global_get(self.interval).i64_or().i64_store(self.arg(layout::LIVE_TABLE, 3));
        code.global_get(self.live_bytes)
            .local_get(block.size)
            .i64_extend_i32_u()
            .i64_add()
            .global_set(self.live_bytes)
            .global_get(self.allocations)
            .i64_const(1)
            .i64_add()
            .global_set(self.allocations)
            .br(1)
            .end();
        code.local_get(block.address).local_get(block.size).local_get(block.context);
        self.call_host(code, HostFunction::Record);
        code.end();
    }

    /// Finds the slot of V by linear probing; an empty slot says that V is new.
    fn find_context(&self, code: &mut InstructionSink<'_>, block: NewBlock, scratch: Scratch) {
        code.local_get(block.context)
            .global_get(self.context_mask)
            .i32_and()
            .i32_const(3)
            .i32_shl()
            .local_set(scratch.slot_address())
            .block(BlockType::Empty)
            .loop_(BlockType::Empty)
            .local_get(scratch.slot_address())
            .i64_load(self.arg(layout::CONTEXT_TABLE, 3))
            .local_tee(scratch.slot())
            .i32_wrap_i64()
            .local_get(block.context)
            .i32_eq()
            .br_if(1)
            .local_get(scratch.slot())
            .i64_eqz()
            .br_if(2)
            .local_get(scratch.slot_address())
            .i32_const(8)
            .i32_add()
            .local_set(scratch.slot_address())
            .br(0)
            .end()
            .end();
    }

    /// Forgets a block, if there is one at the address.
    pub(crate) fn release(&self, code: &mut InstructionSink<'_>, address: u32, header: u32, scratch: Scratch) {
        code.block(BlockType::Empty).block(BlockType::Empty);
        self.find_block(code, address, scratch);
        self.note_peak(code, scratch);
        self.forget(code, scratch);
        code.br(1).end();
        code.local_get(address).if_(BlockType::Empty).local_get(address).i32_const(header as i32);
        self.call_host(code, HostFunction::Release);
        code.end().end();
    }

    /// Gives the block at `from` another size, and perhaps another place. In place it keeps its context and interval of
    /// birth; moved, it is a new one. What is not that simple goes to the host.
    pub(crate) fn resize(
        &self,
        code: &mut InstructionSink<'_>,
        from: u32,
        to: NewBlock,
        header: u32,
        scratch: Scratch,
    ) {
        code.block(BlockType::Empty).block(BlockType::Empty);
        if header == 0 {
            code.local_get(to.size).i32_const(layout::SIZE_LARGE as i32).i32_ge_u().br_if(0);
            self.find_block(code, from, scratch);
            self.note_peak(code, scratch);
            code.local_get(from).local_get(to.address).i32_eq().if_(BlockType::Empty);
            // The size has the lowest bits of the cell, and the new one fits as the old one did.
            code.local_get(scratch.cell())
                .local_get(scratch.cell())
                .i64_load(self.arg(layout::LIVE_TABLE, 3))
                .local_get(scratch.slot())
                .i64_sub()
                .local_get(to.size)
                .i64_extend_i32_u()
                .i64_add()
                .i64_store(self.arg(layout::LIVE_TABLE, 3))
                .local_get(scratch.bytes())
                .local_get(scratch.slot())
                .i64_sub()
                .local_get(to.size)
                .i64_extend_i32_u()
                .i64_add()
                .global_set(self.live_bytes)
                .else_();
            self.forget(code, scratch);
            code.local_get(to.address).local_get(to.size).local_get(to.context).call(self.record);
            code.end().br(1);
        }
        code.end();
        code.local_get(from).local_get(to.address).local_get(to.size).local_get(to.context).i32_const(header as i32);
        self.call_host(code, HostFunction::Resize);
        code.end();
    }

    /// Leaves the block's size in a local, or leaves the block of code when there is none or the host keeps its size.
    fn find_block(&self, code: &mut InstructionSink<'_>, address: u32, scratch: Scratch) {
        self.find_cell(code, address, scratch, 0);
        code.local_get(scratch.cell())
            .i64_load(self.arg(layout::LIVE_TABLE, 3))
            .local_tee(scratch.slot())
            .i64_eqz()
            .br_if(0)
            .local_get(scratch.slot())
            .i64_const(layout::SIZE_LARGE as i64)
            .i64_and()
            .local_tee(scratch.slot())
            .i64_const(layout::SIZE_LARGE as i64)
            .i64_eq()
            .br_if(0);
    }

    /// Leaves live bytes in a local. The most of them are always reached right before some fall away, so that allocations
    /// need not look.
    fn note_peak(&self, code: &mut InstructionSink<'_>, scratch: Scratch) {
        code.global_get(self.live_bytes)
            .local_tee(scratch.bytes())
            .global_get(self.peak_bytes)
            .i64_gt_u()
            .if_(BlockType::Empty)
            .local_get(scratch.bytes())
            .global_set(self.peak_bytes);
        if self.peak {
            self.call_host(code, HostFunction::Peak);
        }
        code.end();
    }

    /// Empties the cell that was found.
    fn forget(&self, code: &mut InstructionSink<'_>, scratch: Scratch) {
        code.local_get(scratch.bytes())
            .local_get(scratch.slot())
            .i64_sub()
            .global_set(self.live_bytes)
            .local_get(scratch.cell())
            .i64_const(0)
            .i64_store(self.arg(layout::LIVE_TABLE, 3));
    }
}
