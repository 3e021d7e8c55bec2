//! The live table's fast paths, part two: blocks that are released, and blocks that are given another size.
//!
//! A release is as small as a recording: what is unusual about it (no block, the last allocation, a fall from a peak) leads
//! to a function of its own. So the allocator's body holds no call that is usually made, and keeps its registers.

use wasm_encoder::{BlockType, InstructionSink};

use super::live_table::{Added, Nesting, NewBlock, Scratch};
use crate::live::layout::{self, HostFunction, event_kinds};

impl Added {
    /// Forgets a block, if there is one at the address.
    pub(crate) fn release(
        &self,
        code: &mut InstructionSink<'_>,
        address: u32,
        header: u32,
        scratch: Scratch,
        nesting: Nesting,
    ) {
        code.block(BlockType::Empty).block(BlockType::Empty);
        if !self.frees {
            self.check_reach(code, address, 0);
            self.misalignment(code, address);
            if nesting == Nesting::Possible {
                code.global_get(self.depth).i32_or();
            }
            code.br_if(0);
            self.find_block(code, address, scratch);
            code.local_get(scratch.cell).global_get(self.last).i32_eq().br_if(0);
            self.check_room(code, 0);
            self.note_peak(code, scratch);
            self.less_block(code, scratch);
            code.local_set(scratch.bytes);
            if self.peak {
                code.local_get(scratch.bytes).global_get(self.floor).i64_lt_s().br_if(0);
            }
            self.forget(code, address, scratch);
            code.br(1);
        }
        code.end();
        if nesting == Nesting::Possible {
            code.global_get(self.depth).br_if(0);
        }
        code.local_get(address).i32_const(header as i32).call(self.release).end();
    }

    /// The body of the function `(address, header)` that forgets a block whatever is unusual about it.
    pub(crate) fn release_slowly(&self, code: &mut InstructionSink<'_>, scratch: Scratch) {
        const ADDRESS: u32 = 0;
        const HEADER: u32 = 1;
        if !self.frees {
            code.block(BlockType::Empty);
            self.check_reach(code, ADDRESS, 0);
            self.misalignment(code, ADDRESS);
            code.br_if(0);
            self.find_block(code, ADDRESS, scratch);
            self.take_away(code, ADDRESS, scratch, None);
            code.return_().end();
        }
        code.local_get(ADDRESS).if_(BlockType::Empty).local_get(ADDRESS).local_get(HEADER);
        self.call_host(code, HostFunction::Release);
        code.end();
    }

    /// Gives the block at `from` another size, and perhaps another place.
    pub(crate) fn resize(&self, code: &mut InstructionSink<'_>, from: u32, to: NewBlock, header: u32) {
        code.local_get(from).local_get(to.address).local_get(to.size).local_get(to.context).i32_const(header as i32);
        code.call(self.resize);
    }

    /// The body of the function `(from, address, size, V, header)` that gives a block another size. In place it keeps its
    /// context and interval of birth; moved, it is a new one. What is not that simple goes to the host.
    pub(crate) fn resize_body(&self, code: &mut InstructionSink<'_>, scratch: Scratch) {
        const FROM: u32 = 0;
        const HEADER: u32 = 4;
        let to = NewBlock { address: 1, size: 2, context: 3 };
        let record = |code: &mut InstructionSink<'_>| {
            code.local_get(to.address).local_get(to.size).local_get(to.context).call(self.record).return_();
        };
        if !self.frees {
            code.block(BlockType::Empty).local_get(HEADER).br_if(0);
            code.local_get(FROM).i32_eqz().if_(BlockType::Empty);
            record(code);
            code.end();
            self.check_reach(code, FROM, 0);
            self.misalignment(code, FROM);
            code.br_if(0);
            self.find_block(code, FROM, scratch);
            code.local_get(FROM).local_get(to.address).i32_ne().if_(BlockType::Empty);
            self.take_away(code, FROM, scratch, Some(to.size));
            record(code);
            code.end();
            self.stay(code, FROM, to.size, scratch);
            code.return_().end();
        }
        code.local_get(FROM).local_get(to.address).local_get(to.size).local_get(to.context).local_get(HEADER);
        self.call_host(code, HostFunction::Resize);
    }

    /// The block that was found has another size in place.
    fn stay(&self, code: &mut InstructionSink<'_>, address: u32, size: u32, scratch: Scratch) {
        self.make_room(code);
        self.note_peak(code, scratch);
        self.leave_peak(code, scratch, Some(size));
        code.local_get(scratch.cell).local_get(size).i32_store(self.arg(layout::LIVE_TABLE, 2));
        code.local_get(size).local_get(scratch.bits).i32_wrap_i64().i32_gt_u().if_(BlockType::Empty);
        self.tag(code, scratch);
        code.local_get(size).local_get(scratch.bits).i32_wrap_i64().i32_sub().call(self.tally).end();
        self.less_block(code, scratch);
        code.local_get(size).i64_extend_i32_u().i64_add().global_set(self.live_bytes);
        self.event(code, event_kinds::RESIZE, address, |code| {
            code.local_get(size).i64_extend_i32_u();
        });
    }

    /// Forgets the block that was found, whatever there is to be told of it. A block that is the last allocation was a
    /// temporary one.
    fn take_away(&self, code: &mut InstructionSink<'_>, address: u32, scratch: Scratch, new_size: Option<u32>) {
        self.make_room(code);
        self.note_peak(code, scratch);
        self.leave_peak(code, scratch, new_size);
        code.local_get(scratch.cell).global_get(self.last).i32_eq().if_(BlockType::Empty);
        self.tag(code, scratch);
        code.i32_const(0).call(self.tally).end();
        self.less_block(code, scratch);
        code.local_set(scratch.bytes);
        self.forget(code, address, scratch);
    }

    /// Leaves the cell and its contents in locals, or leaves the innermost block of code when no block begins at the
    /// address, which is aligned and within reach.
    fn find_block(&self, code: &mut InstructionSink<'_>, address: u32, scratch: Scratch) {
        self.cell(code, address);
        code.local_tee(scratch.cell)
            .i64_load(self.arg(layout::LIVE_TABLE, 3))
            .local_tee(scratch.bits)
            .i64_const(i64::from(layout::TAG_FIRST) << 32)
            .i64_lt_u()
            .br_if(0);
    }

    /// Leaves live bytes in a local. The most of them are always reached right before some fall away, so that allocations
    /// need not look.
    fn note_peak(&self, code: &mut InstructionSink<'_>, scratch: Scratch) {
        code.global_get(self.live_bytes)
            .local_tee(scratch.bytes)
            .global_get(self.peak_bytes)
            .i64_gt_u()
            .if_(BlockType::Empty)
            .local_get(scratch.bytes)
            .global_set(self.peak_bytes);
        if self.peak {
            // The host need not be called at each of many peaks on the way up: only when live bytes are about to leave
            // what counts as the peak.
            code.local_get(scratch.bytes)
                .local_get(scratch.bytes)
                .i64_const(layout::PEAK_SHIFT)
                .i64_shr_u()
                .i64_sub()
                .global_set(self.floor);
        }
        code.end();
    }

    /// Calls the host if live bytes, which are in a local, are about to leave what counts as the peak.
    fn leave_peak(&self, code: &mut InstructionSink<'_>, scratch: Scratch, new_size: Option<u32>) {
        if !self.peak {
            return;
        }
        self.less_block(code, scratch);
        if let Some(size) = new_size {
            code.local_get(size).i64_extend_i32_u().i64_add();
        }
        code.global_get(self.floor).i64_lt_s().if_(BlockType::Empty);
        self.call_host(code, HostFunction::Peak);
        code.end();
    }

    /// Puts live bytes without the block that was found on the stack.
    fn less_block(&self, code: &mut InstructionSink<'_>, scratch: Scratch) {
        code.local_get(scratch.bytes).local_get(scratch.bits).i64_const(0xFFFF_FFFF).i64_and().i64_sub();
    }

    /// Puts the tag of the block that was found on the stack.
    fn tag(&self, code: &mut InstructionSink<'_>, scratch: Scratch) {
        code.local_get(scratch.bits).i64_const(32).i64_shr_u().i32_wrap_i64();
    }

    /// Empties the cell that was found; its tag, now in the lower half, tells what was there last. Live bytes without it
    /// are in a local.
    fn forget(&self, code: &mut InstructionSink<'_>, address: u32, scratch: Scratch) {
        self.event(code, event_kinds::RELEASE, address, |code| {
            code.local_get(scratch.bits);
        });
        code.local_get(scratch.bytes)
            .global_set(self.live_bytes)
            .local_get(scratch.cell)
            .local_get(scratch.bits)
            .i64_const(32)
            .i64_shr_u()
            .i64_store(self.arg(layout::LIVE_TABLE, 3));
    }
}
