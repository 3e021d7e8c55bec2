//! The live table's fast paths, in the guest's own code.
//!
//! Recording or forgetting a block is a dozen instructions and no call. Everything unusual about an allocation (a context
//! that is new or not in its own slot, an address that is not aligned or null, a cell that is taken, an active outer entry)
//! is gathered into one condition, so that the usual case has one branch; what it guards is a function of its own, which
//! knows what to do or calls the host through the table of host functions. An import could do it as well, but imports come
//! first: all function indices and code offsets would move.

use wasm_encoder::{BlockType, InstructionSink, MemArg};

use crate::live::layout::{self, HostFunction, event_kinds};

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
    /// Global: active allocator entries.
    pub(crate) depth: u32,
    /// Global: the cell of the last allocation.
    pub(crate) last: u32,
    /// Global: when live bytes fall below it, the host is called; zero until there is a new peak.
    pub(crate) floor: u32,
    /// Global: where in the ring the next event goes.
    pub(crate) event_at: u32,
    /// Function `(address, size, V)`: record a block, whatever is unusual about it.
    pub(crate) record: u32,
    /// Function `(tag, bytes)`: count that a block grew in place by so many, or, where it is none, was a temporary one.
    pub(crate) tally: u32,
    /// Function `(address, header)`: forget a block, whatever is unusual about it.
    pub(crate) release: u32,
    /// Function `(from, address, size, V, header)`: give a block another size.
    pub(crate) resize: u32,
    /// log2 of the bytes of a cell's share of the guest's memory.
    pub(crate) granule_log2: u32,
    /// Whether contexts are recorded.
    pub(crate) contexts: bool,
    /// Whether events are written into the ring.
    pub(crate) events: bool,
    /// Whether the host is called when live bytes fall from a new peak.
    pub(crate) peak: bool,
    /// Whether the host is called at every release.
    pub(crate) frees: bool,
}

/// Locals that a piece of code may use: two of 32 bits, and two of 64.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scratch {
    /// Address of the cell.
    pub(crate) cell: u32,
    /// Address of the context's slot.
    pub(crate) slot: u32,
    /// What was read of one of them.
    pub(crate) bits: u32,
    /// Live bytes.
    pub(crate) bytes: u32,
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

/// Whether an outer entry may be active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nesting {
    /// It may; what happens inside is not told.
    Possible,
    /// It may not, or is told nevertheless.
    Ignored,
}

impl Added {
    pub(super) fn arg(&self, offset: u64, align: u32) -> MemArg {
        MemArg { offset, align, memory_index: self.memory }
    }

    /// Calls a host function; its arguments are on the stack.
    pub(crate) fn call_host(&self, code: &mut InstructionSink<'_>, function: HostFunction) {
        code.i32_const(function as i32).call_indirect(self.table, self.first_host_type + function as u32);
    }

    /// Puts the address of the cell, were the table at zero, on the stack. Right for aligned addresses only.
    pub(super) fn cell(&self, code: &mut InstructionSink<'_>, address: u32) {
        code.local_get(address);
        if self.granule_log2 > 3 {
            code.i32_const(self.granule_log2 as i32 - 3).i32_shr_u();
        }
    }

    /// Puts the bits of an address on the stack that are zero in an aligned one.
    pub(super) fn misalignment(&self, code: &mut InstructionSink<'_>, address: u32) {
        code.local_get(address).i32_const((1 << self.granule_log2) - 1).i32_and();
    }

    /// Leaves the block `slow` levels out for addresses whose cell would lie outside the memory.
    pub(super) fn check_reach(&self, code: &mut InstructionSink<'_>, address: u32, slow: u32) {
        if (1u64 << 32) >> self.granule_log2 > layout::CELLS_MAX {
            let reach = (layout::CELLS_MAX << self.granule_log2) as u32;
            code.local_get(address).i32_const(reach as i32).i32_ge_u().br_if(slow);
        }
    }

    /// Records a block.
    pub(crate) fn record(&self, code: &mut InstructionSink<'_>, block: NewBlock, scratch: Scratch, nesting: Nesting) {
        code.block(BlockType::Empty).block(BlockType::Empty);
        self.check_reach(code, block.address, 0);
        self.check_room(code, 0);
        self.load_slot(code, block, scratch);
        self.cell(code, block.address);
        code.local_tee(scratch.cell).i32_load(self.arg(layout::LIVE_TABLE + layout::CELL_TAG, 2));
        code.local_get(scratch.bits).i32_wrap_i64().i32_or();
        self.misalignment(code, block.address);
        code.i32_or();
        if nesting == Nesting::Possible {
            code.global_get(self.depth).i32_or();
        }
        code.br_if(0);
        self.write_cell(code, block, scratch);
        code.br(1).end();
        code.local_get(block.address).local_get(block.size).local_get(block.context).call(self.record).end();
    }

    /// Leaves the address of the home slot in a local, and the slot's first half without V in another: its lower half is
    /// zero if the slot is that of V, and the upper half is the tag.
    fn load_slot(&self, code: &mut InstructionSink<'_>, block: NewBlock, scratch: Scratch) {
        if !self.contexts {
            code.i32_const(0).i64_load(self.arg(layout::ONLY_SLOT, 3)).local_set(scratch.bits);
            return;
        }
        code.i32_const(0)
            .i32_load(self.arg(layout::WORD, 2))
            .local_get(block.context)
            .i32_and()
            .local_tee(scratch.slot)
            .i64_load(self.arg(layout::CONTEXT_TABLE, 3))
            .local_get(block.context)
            .i64_extend_i32_u()
            .i64_xor()
            .local_set(scratch.bits);
    }

    /// Writes the cell that was found, and counts.
    fn write_cell(&self, code: &mut InstructionSink<'_>, block: NewBlock, scratch: Scratch) {
        code.local_get(scratch.cell)
            .local_get(scratch.bits)
            .local_get(block.size)
            .i64_extend_i32_u()
            .i64_or()
            .i64_store(self.arg(layout::LIVE_TABLE, 3));
        let (slot, table) =
            if self.contexts { (Some(scratch.slot), layout::CONTEXT_TABLE) } else { (None, layout::ONLY_SLOT) };
        let slot_twice = |code: &mut InstructionSink<'_>| {
            for _ in 0..2 {
                match slot {
                    Some(slot) => code.local_get(slot),
                    None => code.i32_const(0),
                };
            }
        };
        slot_twice(code);
        let count = self.arg(table + layout::SLOT_COUNT, 3);
        code.i64_load(count).i64_const(1).i64_add().i64_store(count);
        slot_twice(code);
        let bytes = self.arg(table + layout::SLOT_BYTES, 3);
        code.i64_load(bytes).local_get(block.size).i64_extend_i32_u().i64_add().i64_store(bytes);
        code.global_get(self.live_bytes).local_get(block.size).i64_extend_i32_u().i64_add().global_set(self.live_bytes);
        code.local_get(scratch.cell).global_set(self.last);
        self.event(code, event_kinds::ALLOCATE, block.address, |code| {
            code.local_get(scratch.bits).local_get(block.size).i64_extend_i32_u().i64_or();
        });
    }

    /// Leaves the block `slow` levels out when the ring of events is full.
    pub(super) fn check_room(&self, code: &mut InstructionSink<'_>, slow: u32) {
        if self.events {
            code.global_get(self.event_at).i32_const(layout::EVENTS_BYTES as i32).i32_ge_u().br_if(slow);
        }
    }

    /// Has the host empty the ring of events when it is full.
    pub(super) fn make_room(&self, code: &mut InstructionSink<'_>) {
        if self.events {
            code.global_get(self.event_at).i32_const(layout::EVENTS_BYTES as i32).i32_ge_u().if_(BlockType::Empty);
            self.call_host(code, HostFunction::Drain);
            code.end();
        }
    }

    /// Writes an event into the ring, which has room for it, where events are recorded; `bits` puts its size and tag on the
    /// stack.
    pub(super) fn event(
        &self,
        code: &mut InstructionSink<'_>,
        kind: u32,
        address: u32,
        bits: impl FnOnce(&mut InstructionSink<'_>),
    ) {
        if !self.events {
            return;
        }
        code.global_get(self.event_at);
        bits(code);
        code.i64_store(self.arg(layout::EVENTS, 3));
        code.global_get(self.event_at).local_get(address).i64_extend_i32_u();
        if kind > 0 {
            code.i64_const(i64::from(kind) << 32).i64_or();
        }
        code.i64_store(self.arg(layout::EVENTS + 8, 3));
        code.global_get(self.event_at).i32_const(layout::EVENT as i32).i32_add().global_set(self.event_at);
    }

    /// The body of the function `(tag, bytes)` that counts what is not counted in slots.
    pub(crate) fn tally_body(&self, code: &mut InstructionSink<'_>) {
        const TAG: u32 = 0;
        const BYTES: u32 = 1;
        code.local_get(TAG).i32_const(layout::TAGS_MAX as i32).i32_lt_u().if_(BlockType::Empty);
        code.local_get(TAG).i32_const(layout::TAG_LOG2 as i32).i32_shl().local_set(TAG);
        let temporary = self.arg(layout::TAG_TABLE + layout::TAG_TEMPORARY, 3);
        code.local_get(BYTES).i32_eqz().if_(BlockType::Empty);
        code.local_get(TAG).local_get(TAG).i64_load(temporary).i64_const(1).i64_add().i64_store(temporary);
        code.else_();
        let grown = self.arg(layout::TAG_TABLE, 3);
        code.local_get(TAG).local_get(TAG).i64_load(grown).local_get(BYTES).i64_extend_i32_u().i64_add();
        code.i64_store(grown).end().return_().end();
        code.local_get(TAG).local_get(BYTES);
        self.call_host(code, HostFunction::Tally);
    }

    /// The body of the function that records a block whatever is unusual about it; its parameters are the block.
    pub(crate) fn record_slowly(&self, code: &mut InstructionSink<'_>, block: NewBlock, scratch: Scratch) {
        code.local_get(block.address).i32_eqz().if_(BlockType::Empty).return_().end();
        code.global_get(self.depth).if_(BlockType::Empty).return_().end();
        self.make_room(code);
        code.block(BlockType::Empty);
        self.check_reach(code, block.address, 0);
        self.misalignment(code, block.address);
        code.br_if(0);
        self.cell(code, block.address);
        code.local_tee(scratch.cell).i32_load(self.arg(layout::LIVE_TABLE + layout::CELL_TAG, 2)).br_if(0);
        self.load_slot(code, block, scratch);
        if self.contexts {
            // A request is pending: only the host will do.
            code.i32_const(0).i32_load(self.arg(layout::WORD, 2)).i32_eqz().br_if(0);
            self.probe_slots(code, block, scratch);
        } else {
            code.local_get(scratch.bits).i32_wrap_i64().br_if(0);
        }
        self.write_cell(code, block, scratch);
        code.return_().end();
        // All bits of the address turned over: the call leaves its arguments on the native stack, where they would look like
        // a reference to the block.
        code.local_get(block.address).i32_const(-1).i32_xor().local_get(block.size).local_get(block.context);
        self.call_host(code, HostFunction::Record);
    }

    /// Leaves the slot of V in the locals; leaves the innermost block of code when only the host can record the block.
    /// `contexts` of what was added may be off: the table is used all the same.
    pub(crate) fn find_slot(&self, code: &mut InstructionSink<'_>, block: NewBlock, scratch: Scratch) {
        let always = Self { contexts: true, ..*self };
        self.check_reach(code, block.address, 0);
        self.misalignment(code, block.address);
        code.br_if(0);
        self.cell(code, block.address);
        code.local_set(scratch.cell);
        always.load_slot(code, block, scratch);
        code.i32_const(0).i32_load(self.arg(layout::WORD, 2)).i32_eqz().br_if(0);
        always.probe_slots(code, block, scratch);
    }

    /// Writes the cell that was found, over what is there, and counts. Where `before`, a local, is not zero the block was
    /// there before and has grown: it keeps its context.
    pub(crate) fn write_over(&self, code: &mut InstructionSink<'_>, block: NewBlock, scratch: Scratch, before: u32) {
        let always = Self { contexts: true, ..*self };
        code.local_get(before).if_(BlockType::Empty);
        // What is kept of the cell is its tag; live bytes grow by what was added.
        code.local_get(scratch.cell).i64_load(self.arg(layout::LIVE_TABLE, 3)).local_tee(scratch.bytes);
        code.i64_const(i64::from(layout::TAG_FIRST) << 32).i64_ge_u().if_(BlockType::Empty);
        code.local_get(scratch.bytes).i64_const(-1 << 32).i64_and().local_set(scratch.bits).end();
        let counted = self.arg(layout::CONTEXT_TABLE + layout::SLOT_BYTES, 3);
        code.local_get(scratch.slot).local_get(scratch.slot).i64_load(counted);
        code.local_get(before).i64_extend_i32_u().i64_sub().i64_store(counted).end();
        code.global_get(self.live_bytes).local_get(before).i64_extend_i32_u().i64_sub().global_set(self.live_bytes);
        always.write_cell(code, block, scratch);
    }

    /// Linear probing, from the slot that was loaded. Leaves the innermost block at an empty slot: V is new.
    fn probe_slots(&self, code: &mut InstructionSink<'_>, block: NewBlock, scratch: Scratch) {
        code.loop_(BlockType::Empty)
            .local_get(scratch.bits)
            .local_get(block.context)
            .i64_extend_i32_u()
            .i64_eq()
            .br_if(1)
            .local_get(scratch.bits)
            .i32_wrap_i64()
            .if_(BlockType::Empty)
            .local_get(scratch.slot)
            .i32_const(layout::SLOT as i32)
            .i32_add()
            .local_tee(scratch.slot)
            .i64_load(self.arg(layout::CONTEXT_TABLE, 3))
            .local_get(block.context)
            .i64_extend_i32_u()
            .i64_xor()
            .local_set(scratch.bits)
            .br(1)
            .end()
            .end();
    }
}
