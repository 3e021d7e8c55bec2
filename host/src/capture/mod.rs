//! From a paused guest to a frozen heap.
//!
//! Reads what was copied while the guest stood still, so that nothing here lengthens the pause. Objects are the live
//! blocks, one module object for static data, and one frame object an activation. References are found by value, word
//! by word (`scan`), for debug information seldom says all of them: nothing that is held may look leaked, and what
//! cannot be seen is said in the facts of the heap.
//!
//! Time O(bytes of live blocks, static data and stack), in parallel; extra space 16 bytes an edge and 12 a block.

mod contents;
mod contexts;
mod frames;
mod index;
mod modules;
mod releases;
mod roots;
mod scan;
#[cfg(test)]
mod tests;
mod told;
mod typed;

use heapy_engine::{Facts, Heap, HeapBuilder, HeapError, ObjectKey, ObjectRecord, Seen, TypeEvidence, Vocabulary};
use thiserror::Error;

use self::contexts::ContextWriter;
use self::frames::{Activations, activations};
use self::index::BlockIndex;
use self::roots::{RootWriter, frame_records};
use self::scan::{Scanner, WordSize};
use self::typed::Types;
use crate::paused::Paused;
use crate::symbols::{StaticExtent, Symbols};

/// Largest memory that is captured: offsets within it take 32 bits.
const MAX_MEMORY_BYTES: u64 = 1 << 32;

/// What the capturing side is told of a guest besides its module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestInfo {
    /// The guest's name, for titles and for paths: `hp.Root.i0_modules["name"]`.
    pub name: String,
    /// Whether heaps keep contents: the values of fields, and which blocks have equal bytes.
    pub contents: bool,
}

/// Why a paused guest does not make a heap.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The memory has more bytes than offsets can tell.
    #[error("a memory of {bytes} bytes cannot be captured (at most {MAX_MEMORY_BYTES})")]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// A block that does not lie behind the one before it.
    #[error("block {address:#x} overlaps or precedes the block before it, at {before:#x} with {size} bytes")]
    Unordered {
        /// Its address.
        address: u64,
        /// The block before it.
        before: u64,
        /// That one's size.
        size: u64,
    },
    /// A block outside of the memory.
    #[error("block {address:#x} of {size} bytes ends behind the memory ({memory} bytes)")]
    Outside {
        /// Its address.
        address: u64,
        /// Its size.
        size: u64,
        /// Bytes of the memory.
        memory: u64,
    },
    /// The heap refuses what was found.
    #[error("the heap cannot be built: {0}")]
    Heap(#[from] HeapError),
}

/// The heap of a paused guest.
///
/// # Accuracy
/// In holders without a type edges are conservative: a word that has the value of a block's address counts, whatever it
/// means. Of holders with a type only the words count that the type has for references. Words at addresses that are no
/// multiple of the word size, values that are encoded, and values that only the host holds are not seen.
/// [`Facts`] tells which groups of roots were looked at.
///
/// # Errors
/// [`CaptureError`] names the block or the size that does not fit.
pub fn capture(paused: &Paused, symbols: &Symbols, guest: &GuestInfo) -> Result<Heap, CaptureError> {
    check(paused)?;
    let index = BlockIndex::new(&paused.blocks);
    let word = if symbols.has_wide_addresses() { WordSize::Eight } else { WordSize::Four };
    let scanner = Scanner { memory: &paused.memory, index: &index, word };
    let pointers = scanner.blocks(&paused.blocks);
    let extent = static_extent(paused, symbols);
    let activations = activations(paused, symbols);

    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    builder.reserve(paused.blocks.len() + activations.frames.len() + 1, pointers.iter().map(Vec::len).sum());
    let types = Types::new(&mut builder, symbols.typing().apply(paused));
    let known = Known { symbols, types: &types, extent: &extent, activations: &activations };
    let objects = add_objects(&mut builder, paused, guest, &known);
    for found in types.judge(paused, pointers).into_iter().flatten() {
        let from = objects.blocks[found.pointer.from as usize];
        typed::add_edge(&mut builder, from, &objects.blocks, found);
    }
    contents::add_unused(&mut builder, paused, &types, &index, &objects.blocks);
    if guest.contents {
        contents::add_contents(&mut builder, paused, &types, &objects.blocks);
    }
    told::add_links(&mut builder, &paused.told, &index, &objects.blocks);
    let mut roots = RootWriter { builder: &mut builder, scanner, keys: &objects.blocks };
    roots.module(objects.module, &guest.name, extent.range.clone(), paused, &types);
    roots.globals(paused, symbols);
    roots.frames(paused, &activations, &objects.frames, &types);
    roots.goroutines(paused);
    roots.pins(paused);
    builder.set_facts(facts(paused, symbols, guest, &extent));
    Ok(builder.finish()?)
}

/// The keys of all objects.
struct Objects {
    /// By position among the blocks.
    blocks: Vec<ObjectKey>,
    module: ObjectKey,
    /// Innermost first.
    frames: Vec<ObjectKey>,
}

/// What is known of the guest before its objects are made.
struct Known<'a> {
    symbols: &'a Symbols,
    types: &'a Types,
    extent: &'a StaticExtent,
    activations: &'a Activations,
}

/// Adds all objects in the order of the heap, so that the builder need not sort millions of edges.
fn add_objects(builder: &mut HeapBuilder, paused: &Paused, guest: &GuestInfo, known: &Known<'_>) -> Objects {
    let Known { symbols, types, extent, activations } = *known;
    let labels = told::label_types(builder, &paused.told);
    let module_type = modules::add_module_type(builder, &guest.name, extent, symbols.statics(), types);
    let mut others = vec![modules::module_record(&guest.name, extent, module_type)];
    others.extend(frame_records(builder, activations, paused, types));
    let mut order: Vec<usize> = (0..others.len()).collect();
    order.sort_by_key(|&position| (others[position].address, others[position].family));

    let mut contexts = ContextWriter::new(&paused.contexts, symbols);
    contexts.add_totals(builder, &paused.totals);
    if paused.numbered_contexts {
        contexts.add_numbers(builder);
    }
    let mut other_keys: Vec<Option<ObjectKey>> = vec![None; others.len()];
    let mut blocks = Vec::with_capacity(paused.blocks.len());
    let mut next = order.into_iter().peekable();
    for (position, block) in paused.blocks.iter().enumerate() {
        while let Some(position) = next.next_if(|&position| others[position].address < block.address) {
            other_keys[position] = Some(builder.add_object(others[position].clone()));
        }
        let context = block.context.and_then(|key| contexts.context(builder, key));
        let label = labels.get(&block.address).copied();
        let (ty, class, evidence) = match label {
            Some(label) => (Some(label), None, TypeEvidence::Label),
            None => types.of(position),
        };
        blocks.push(builder.add_object(ObjectRecord {
            usable: block.usable,
            ty,
            class,
            evidence,
            context,
            serial: block.serial,
            age: block.age,
            ..ObjectRecord::block(block.address, block.size)
        }));
    }
    for position in next {
        other_keys[position] = Some(builder.add_object(others[position].clone()));
    }
    let mut keys = other_keys.into_iter().flatten();
    #[expect(clippy::expect_used, reason = "every object was added, the module's first among the others")]
    let module = keys.next().expect("the module object was added");
    Objects { blocks, module, frames: keys.collect() }
}

/// Static data, which ends before the first block and within the memory.
fn static_extent(paused: &Paused, symbols: &Symbols) -> StaticExtent {
    let mut extent = symbols.static_extent(paused.blocks.first().map(|block| block.address));
    let end = extent.range.end.min(paused.memory.len() as u64);
    extent.range = extent.range.start.min(end)..end;
    extent
}

fn facts(paused: &Paused, symbols: &Symbols, guest: &GuestInfo, extent: &StaticExtent) -> Facts {
    let mut notes = paused.notes.clone();
    let goroutines = paused.go.as_ref().map(|go| go.stacks.is_some());
    let shadow_stack = match (&paused.shadow_stack, paused.running, symbols.stack_pointer()) {
        _ if goroutines == Some(true) => Seen::Yes,
        _ if goroutines == Some(false) => Seen::Unknown,
        (Some(_), _, _) => Seen::Yes,
        (None, false, _) | (None, true, None) => Seen::None,
        (None, true, Some(_)) => Seen::Unknown,
    };
    let locals = match (&paused.native_words, paused.running) {
        (_, false) => Seen::None,
        (Some(_), true) => Seen::Yes,
        (None, true) => Seen::Unknown,
    };
    if locals == Seen::Unknown {
        notes.push("blocks that only a local variable holds look unreachable: locals could not be read".into());
    }
    if shadow_stack == Seen::Unknown {
        notes.push("blocks that only the shadow stack holds look unreachable: its stack pointer was not found".into());
    }
    if !extent.exact {
        let (start, end) = (extent.range.start, extent.range.end);
        notes.push(format!(
            "the module does not say where its static data ends: {start:#x} to {end:#x} was taken to be static data"
        ));
    }
    notes.extend(releases::notes(paused, symbols));
    let told = symbols.notes();
    // What is wrong with the debug information is said once, whoever found it first.
    let damage_is_told = told.iter().any(|note| note.starts_with("the debug information"));
    notes.extend(told);
    let typing = symbols.typing();
    notes.extend(if damage_is_told { typing.elsewhere() } else { typing.notes() });
    Facts {
        guest: guest.name.clone(),
        snapshot: paused.number,
        reason: paused.reason.clone(),
        at_nanos: paused.at_nanos,
        allocations: paused.allocations,
        memory_bytes: paused.memory.len() as u64,
        peak_bytes: paused.peak_bytes,
        serials: true,
        globals: Seen::Yes,
        statics: Seen::Yes,
        shadow_stack,
        locals,
        contents: guest.contents,
        notes,
    }
}

fn check(paused: &Paused) -> Result<(), CaptureError> {
    let memory = paused.memory.len() as u64;
    if memory > MAX_MEMORY_BYTES {
        return Err(CaptureError::TooLarge { bytes: memory });
    }
    let mut before: Option<(u64, u64)> = None;
    for block in &paused.blocks {
        let (address, size) = (block.address, block.size);
        if let Some((start, bytes)) = before
            && (address <= start || address - start < bytes)
        {
            return Err(CaptureError::Unordered { address, before: start, size: bytes });
        }
        if address.checked_add(size.max(1)).is_none_or(|end| end > memory) {
            return Err(CaptureError::Outside { address, size, memory });
        }
        before = Some((address, size));
    }
    Ok(())
}
