//! The heap of a paused Go guest.

use std::ops::Range;

use heapy_engine::Extents;

use super::GoError;
use super::descriptors::Descriptors;
use super::goroutines::{GoStack, GoroutineLayout};
use super::image::View;
use super::program::Program;
use super::spans::{Object, SpanLayout, Spans};

/// Smaller gaps between objects are headers and what places have over.
const LEAST_FREE: u64 = 32;
/// The runtime's types whose layouts are needed.
const RUNTIME_TYPES: [&str; 5] = ["runtime.mspan", "runtime.g", "runtime.m", "runtime.stack", "runtime.gobuf"];

/// What is known of a Go guest's heap besides its blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoHeap {
    /// For each block the address of its type's descriptor; zero where that is not known.
    pub types: Vec<u64>,
    /// For each block whether the collector finds no pointers in it.
    pub pointer_free: Vec<bool>,
    /// The stacks of goroutines; none where they were not found.
    pub stacks: Option<Vec<GoStack>>,
    /// Static data that may hold pointers to blocks.
    pub roots: Vec<Range<u64>>,
    /// All static data.
    pub data: Range<u64>,
    /// Where the type descriptors are.
    pub descriptors: Range<u64>,
}

/// What was read of the runtime's structures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allocated {
    objects: Vec<Object>,
    stacks: Option<Vec<GoStack>>,
    /// What the user should know, one sentence each.
    pub(crate) notes: Vec<String>,
}

impl Allocated {
    /// Reads all objects and stacks; `pointer` is the stack pointer. Time O(static data + places for objects).
    pub(crate) fn read(memory: &[u8], program: &Program, pointer: Option<u64>) -> Self {
        let (view, descriptors) = (View(memory), Descriptors::new(memory, &program.types));
        let types = descriptors.structs(&RUNTIME_TYPES);
        let mut found = Self::default();
        match spans(view, program, &types) {
            Ok(spans) => {
                found.objects = spans.objects(view);
                if spans.broken > 0 {
                    found.notes.push(format!("{} of the runtime's spans contradict the others", spans.broken));
                }
            }
            Err(error) => found.notes.push(format!("Go's heap could not be read: {error}")),
        }
        match GoroutineLayout::new(descriptors, &types) {
            Ok(layout) => found.stacks = layout.stacks(view, program.data.clone(), pointer),
            Err(error) => found.notes.push(format!("the stacks of goroutines could not be read: {error}")),
        }
        found
    }

    /// The objects: address, bytes there for it, bytes of its place.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        self.objects.iter().map(|object| (object.address, object.room, object.usable))
    }

    /// The heap, given for each object the type that was asked for when it was allocated; zero where that is not known.
    pub(crate) fn heap(self, program: &Program, asked: &[u64]) -> GoHeap {
        let asked = asked.iter().copied().chain(std::iter::repeat(0));
        let types =
            self.objects.iter().zip(asked).map(|(object, asked)| if object.ty != 0 { object.ty } else { asked });
        GoHeap {
            types: types.collect(),
            pointer_free: self.objects.iter().map(|object| object.pointer_free).collect(),
            stacks: self.stacks,
            roots: program.pointers.clone(),
            data: program.data.clone(),
            descriptors: program.types.clone(),
        }
    }
}

/// The extents of all objects in use, and their bytes with what their places have over. Time O(places for objects).
pub(crate) fn extents(memory: &[u8], program: &Program) -> Option<(Extents, u64)> {
    let (view, descriptors) = (View(memory), Descriptors::new(memory, &program.types));
    let objects = spans(view, program, &descriptors.structs(&RUNTIME_TYPES)).ok()?.objects(view);
    let mut extents = Extents::default();
    for object in &objects {
        let gap = object.address.saturating_sub(extents.end);
        if extents.blocks > 0 && gap >= LEAST_FREE {
            extents.free_bytes += gap;
            extents.largest_free = extents.largest_free.max(gap);
        }
        extents.blocks += 1;
        extents.end = object.address + object.room;
    }
    Some((extents, objects.iter().map(|object| object.room).sum()))
}

fn spans(
    view: View<'_>,
    program: &Program,
    types: &std::collections::HashMap<&'static str, u64>,
) -> Result<Spans, GoError> {
    let span = types.get("runtime.mspan").ok_or_else(|| GoError::UnknownLayout { name: "runtime.mspan".to_owned() })?;
    let layout = SpanLayout::new(Descriptors::new(view.0, &program.types), *span)?;
    Spans::find(view, program.data.clone(), &layout)
}
