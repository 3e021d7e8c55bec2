//! Go guests: what probes tell, and what the runtime's structures say when the guest is paused.

use std::collections::HashMap;

use heapy_engine::Extents;
use wasmtime::AsContextMut;

use super::handles::{set, value};
use super::state::State;
use crate::go::{Allocated, GoHeap, Program, extents, frames};
use crate::instrument::{MAX_GO_FRAMES, MAX_GO_STEPS};
use crate::live::layout::{STRIDE_LOG2, STRIDES, STRIDES_MAX};
use crate::live::{Block, Seen, Stack};
use crate::paused::LiveBlock;

/// The blocks of a paused Go guest.
pub(crate) struct GoBlocks {
    /// As the live table has them; those that were given out unseen have no tag.
    pub(crate) blocks: Vec<Block>,
    /// The same as they are shown.
    pub(crate) live: Vec<LiveBlock>,
    /// What is known of them besides.
    pub(crate) heap: GoHeap,
}

/// What is kept of a Go guest.
#[derive(Debug, Default)]
pub(crate) struct GoState {
    /// The types of contexts, by their number.
    types: HashMap<u32, u64>,
    /// What the user should know of the last snapshot.
    pub(crate) notes: Vec<String>,
}

impl GoState {
    /// Nothing yet; writes the table by which `$record` walks stacks into the live table's memory.
    pub(crate) fn new(program: &Program, memory: &mut [u8]) -> Self {
        let strides = program.strides.iter().take(STRIDES_MAX as usize);
        let places = memory.get_mut(STRIDES as usize..).unwrap_or_default().chunks_exact_mut(1 << STRIDE_LOG2);
        for (place, stride) in places.zip(strides) {
            place[..4].copy_from_slice(&stride.to_le_bytes());
        }
        Self::default()
    }
}

impl State {
    /// `$record` could not record an object: address of its block, bytes in use there, V; its type, and the bytes of the
    /// block that were in use before.
    pub(crate) fn record_typed(&mut self, mut store: impl AsContextMut, block: [u32; 3], ty: u32, before: u32) {
        let [address, size, v] = block;
        let number = match self.contexts.find(v) {
            Seen::Now(_) => None,
            Seen::Before(number) => Some(number),
            Seen::Never => {
                let stack = self.go_stack(&mut store);
                let number = self.contexts.bind(v, stack);
                if let Some(go) = &mut self.go {
                    go.types.insert(number, u64::from(ty));
                }
                Some(number)
            }
        };
        let memory = self.handles.live.data_mut(&mut store);
        let tag = match (number, self.contexts.find(v)) {
            (Some(number), _) => self.contexts.publish(memory, v, number),
            (None, Seen::Now(tag)) => tag,
            (None, _) => return,
        };
        // An object that shares its block with earlier ones leaves the block's own context.
        let kept = (before > 0).then(|| self.table.get(memory, address)).flatten();
        self.table.put(memory, Block { address, size, tag: kept.map_or(tag, |block| block.tag) });
        self.contexts.count(tag, size.saturating_sub(before));
        self.add_live_bytes(&mut store, i64::from(size) - i64::from(before));
        // Last of all: the runtime has given the object out, so that a snapshot shows it.
        self.answer_request(&mut store);
    }

    /// The calls that are active, by the return addresses on the goroutine's stack.
    fn go_stack(&self, mut store: impl AsContextMut) -> Stack {
        let (Some(program), Some(pointer)) = (&self.map.go, self.handles.stack_pointer) else {
            return Stack::Named(None, Vec::new());
        };
        let most = if self.map.contexts { MAX_GO_FRAMES as usize } else { 0 };
        // The allocator's function has returned, but its return address is still below the stack pointer.
        let at = value(&pointer, &mut store).saturating_sub(8);
        let memory = self.handles.memory.map(|memory| memory.data(&store)).unwrap_or_default();
        let frames = frames(memory, program, at, most, MAX_GO_STEPS).into_iter();
        Stack::Named(None, frames.skip_while(|frame| self.map.is_allocator(frame.function)).collect())
    }

    /// The blocks of a Go guest and what is known of them besides; none of other guests. Live bytes are right from then on
    /// until something is allocated or swept.
    pub(crate) fn go_heap(&mut self, mut store: impl AsContextMut, memory: &[u8]) -> Option<GoBlocks> {
        let map = std::sync::Arc::clone(&self.map);
        let program = map.go.as_ref()?;
        let pointer = self.handles.stack_pointer.map(|pointer| value(&pointer, &mut store));
        let mut found = Allocated::read(memory, program, pointer);
        let notes = std::mem::take(&mut found.notes);
        let (mut blocks, mut live, mut types) = (Vec::new(), Vec::new(), Vec::new());
        let table = self.handles.live.data(&store);
        for (address, room, usable) in found.objects() {
            let told = u32::try_from(address).ok().and_then(|address| self.table.get(table, address));
            let told = told.filter(|block| u64::from(block.size) <= room);
            let number = told.map_or(0, |block| self.contexts.birth(block.tag).context);
            types.push(self.go.as_ref().and_then(|go| go.types.get(&number).copied()).unwrap_or(0));
            let block = told.unwrap_or(Block { address: address as u32, size: room as u32, tag: 0 });
            let known = LiveBlock { usable, ..self.live_block(&block, memory) };
            // What was given out unseen was there before anything.
            live.push(if told.is_some() {
                known
            } else {
                LiveBlock { serial: address, age: 1, context: None, ..known }
            });
            blocks.push(block);
        }
        if let Some(go) = &mut self.go {
            go.notes = notes;
        }
        set(&self.handles.live_bytes, &mut store, live.iter().map(|block| block.size).sum());
        Some(GoBlocks { heap: found.heap(program, &types), blocks, live })
    }

    /// Sets live bytes of a Go guest to what the runtime's spans say, and gives the extents of its blocks; none of other
    /// guests. Time O(places for objects).
    pub(crate) fn settle_go(&self, mut store: impl AsContextMut) -> Option<Extents> {
        let program = self.map.go.as_ref()?;
        let memory = self.handles.memory.map(|memory| memory.data(&store)).unwrap_or_default();
        let (extents, bytes) = extents(memory, program)?;
        set(&self.handles.live_bytes, &mut store, bytes);
        Some(extents)
    }
}
