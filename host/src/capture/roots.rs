//! What the guest holds from outside of its heap.
//!
//! * mutable globals, except the stack pointer and other bookkeeping;
//! * static data, through the module object;
//! * the live part of the shadow stack, from the stack pointer up: dead words below it are no roots; of a Go guest those of
//!   all goroutines' stacks;
//! * words of the native stack and of registers, of which either half may be a 32-bit address;
//! * what the guest said its embedder holds.
//!
//! Tables hold functions and host references, never addresses of linear memory: they add nothing.
//!
//! Words that belong to a known frame are edges of the frame object; the others are roots of their own.

use std::collections::HashMap;

use heapy_engine::{
    EdgeEvidence, EdgeRecord, Family, HeapBuilder, Link, ObjectKey, ObjectRecord, Relation, RootPlace, RootRecord,
    TypeId,
};

use super::frames::Activations;
use super::index::Hit;
use super::scan::{Scanner, WordSize};
use super::typed::{self, Types};
use crate::paused::{NativeWord, Paused, RawFrame};
use crate::symbols::Symbols;

/// The only instance and the only thread of a module that runs alone.
pub(super) const INSTANCE: u32 = 0;
const THREAD: u32 = 0;

/// Adds what roots hold. `keys` are the blocks' keys, by position.
pub(super) struct RootWriter<'capture> {
    pub(super) builder: &'capture mut HeapBuilder,
    pub(super) scanner: Scanner<'capture>,
    pub(super) keys: &'capture [ObjectKey],
}

impl RootWriter<'_> {
    /// The module object, and the blocks that its static data points at.
    pub(super) fn module(
        &mut self,
        module: ObjectKey,
        name: &str,
        extent: std::ops::Range<u64>,
        paused: &Paused,
        types: &Types,
    ) {
        self.builder.add_root(RootPlace::Module { instance: INSTANCE, name: name.to_owned() }, module);
        let mut found = Vec::new();
        match &paused.go {
            Some(go) => {
                for range in &go.roots {
                    let lead = range.start.saturating_sub(extent.start) as u32;
                    let from = found.len();
                    self.scanner.range(range.clone(), 0, &mut found);
                    found[from..].iter_mut().for_each(|pointer| pointer.offset = pointer.offset.wrapping_add(lead));
                }
            }
            None => self.scanner.range(extent.clone(), 0, &mut found),
        }
        for judged in types.judge_statics(paused, extent.start, found) {
            typed::add_edge(self.builder, module, self.keys, judged);
        }
    }

    /// Globals that point at blocks.
    pub(super) fn globals(&mut self, paused: &Paused, symbols: &Symbols) {
        // A stack pointer that nothing names is the global that has its value and stays out of the heap.
        let stack_pointer = paused.shadow_stack.as_ref().map(|live| live.start);
        for global in &paused.globals {
            if symbols.is_bookkeeping_global(global.index) || stack_pointer == Some(global.value) {
                continue;
            }
            let Some(hit) = self.scanner.index.find(global.value) else { continue };
            let name = symbols.global_name(global.index).unwrap_or_else(|| format!("#{}", global.index));
            self.root(RootPlace::Global { instance: INSTANCE, name }, hit);
        }
    }

    /// The frames and what they hold. `objects` are the frames' keys, innermost first.
    pub(super) fn frames(&mut self, paused: &Paused, activations: &Activations, objects: &[ObjectKey], types: &Types) {
        for (position, (frame, &object)) in activations.frames.iter().zip(objects).enumerate() {
            let place = RootPlace::Frame { instance: INSTANCE, thread: THREAD, frame: frame.depth };
            self.builder.add_root(place, object);
            let mut found = Vec::new();
            self.scanner.range(frame.shadow.clone(), 0, &mut found);
            for judged in types.judge_frame(paused, position, frame.shadow.start, found) {
                typed::add_edge(self.builder, object, self.keys, judged);
            }
        }
        let mut found = Vec::new();
        self.scanner.range(activations.unowned.clone(), 0, &mut found);
        let lowest = paused.shadow_stack.as_ref().map_or(0, |live| live.start);
        let lead = activations.unowned.start - lowest;
        for pointer in found {
            let offset = lead + u64::from(pointer.offset);
            let place = RootPlace::Stack { instance: INSTANCE, thread: THREAD, offset };
            self.root(place, Hit { block: pointer.to, into: pointer.into });
        }
        self.native_words(paused.native_words.as_deref().unwrap_or(&[]), objects);
    }

    /// What the stacks of a Go guest's goroutines hold; goroutines count as threads.
    pub(super) fn goroutines(&mut self, paused: &Paused) {
        for stack in paused.go.iter().flat_map(|go| go.stacks.iter().flatten()) {
            let mut found = Vec::new();
            self.scanner.range(stack.live.clone(), 0, &mut found);
            for pointer in found {
                let (thread, offset) = (stack.goroutine as u32, u64::from(pointer.offset));
                let place = RootPlace::Stack { instance: INSTANCE, thread, offset };
                self.root(place, Hit { block: pointer.to, into: pointer.into });
            }
        }
    }

    /// What the guest said that its embedder holds.
    pub(super) fn pins(&mut self, paused: &Paused) {
        for pin in &paused.told.pins {
            if let Some(hit) = self.scanner.index.find(pin.address) {
                self.root(RootPlace::Host { instance: INSTANCE, name: pin.name.to_string() }, hit);
            }
        }
    }

    fn native_words(&mut self, words: &[NativeWord], objects: &[ObjectKey]) {
        let mut next_of_frame: HashMap<u32, u64> = HashMap::new();
        for (slot, word) in words.iter().enumerate() {
            let place_in_frame = word.frame.map(|frame| {
                let next = next_of_frame.entry(frame).or_insert(0);
                *next += 1;
                (frame, *next - 1)
            });
            for hit in self.addresses_in(word.value) {
                match place_in_frame.and_then(|(frame, index)| Some((*objects.get(frame as usize)?, index))) {
                    Some((frame, index)) => {
                        self.builder.add_edge(EdgeRecord {
                            from: frame,
                            to: self.keys[hit.block as usize],
                            link: Link::Given(Relation::ValueStack(index)),
                            into: u64::from(hit.into),
                            evidence: EdgeEvidence::Conservative,
                        });
                    }
                    None => {
                        let place = RootPlace::NativeStack { instance: INSTANCE, thread: THREAD, slot: slot as u64 };
                        self.root(place, hit);
                    }
                }
            }
        }
    }

    /// The blocks that a native word points at: spilled pairs of 32-bit values share a word.
    fn addresses_in(&self, value: u64) -> Vec<Hit> {
        let find = |address| self.scanner.index.find(address);
        match self.scanner.word {
            WordSize::Eight => find(value).into_iter().collect(),
            WordSize::Four => {
                let (low, high) = (value & 0xffff_ffff, value >> 32);
                let mut hits: Vec<Hit> = find(low).into_iter().collect();
                hits.extend(find(high).filter(|_| high != low));
                hits
            }
        }
    }

    fn root(&mut self, place: RootPlace, hit: Hit) {
        let to = self.keys[hit.block as usize];
        self.builder.add_root_record(RootRecord { place, to, conservative: true, into: u64::from(hit.into) });
    }
}

/// The objects of the frames, innermost first.
pub(super) fn frame_records(
    builder: &mut HeapBuilder,
    activations: &Activations,
    paused: &Paused,
    types: &Types,
) -> Vec<ObjectRecord> {
    // Activations that stand at one place of the code have the same variables.
    let mut known: HashMap<RawFrame, Option<TypeId>> = HashMap::new();
    let record = |(position, frame): (usize, &super::frames::Activation)| ObjectRecord {
        family: Family::Frame,
        ty: paused.frames.get(position).and_then(|raw| {
            let size = frame.shadow.end - frame.shadow.start;
            *known.entry(*raw).or_insert_with(|| types.frame_type(builder, position, &frame.name, size))
        }),
        instance: INSTANCE,
        name: Some(frame.name.clone()),
        // An activation is told apart by snapshot and depth only: nothing shows that it is the same one later on.
        serial: u64::from(paused.number) << 32 | u64::from(frame.depth),
        ..ObjectRecord::block(frame.shadow.start, frame.shadow.end - frame.shadow.start)
    };
    activations.frames.iter().enumerate().map(record).collect()
}
