//! Source places of code offsets, inlined calls included, from DWARF 4 and 5.
//!
//! Offsets in the DWARF of a wasm module count from the contents of the code section. Everything is lazy: opening reads
//! the heads of the units, a lookup reads the unit it falls into, once. The sections come from the guest: an error in
//! them ends the lookup, is noted once, and the names of the name section stand in.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use addr2line::{LookupContinuation, LookupResult};

use crate::module::ModuleStructure;
/// A reader that borrows the module, for walks.
pub(super) use crate::module::Reader as BorrowedReader;
/// The sections for walks.
pub(super) type BorrowedDwarf<'module> = gimli::Dwarf<BorrowedReader<'module>>;

/// Functions whose place is compared with the module's before its DWARF is believed.
const CHECKED_FUNCTIONS: usize = 256;
/// Entries that are read to find them.
const CHECKED_ENTRIES: usize = 200_000;

/// A function at a place, as DWARF tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DebugFrame {
    /// The linkage name where there is one, else the plain name.
    pub(super) function: Option<String>,
    /// Source file.
    pub(super) file: Option<String>,
    /// Line, from 1.
    pub(super) line: Option<u32>,
    /// Column, from 1.
    pub(super) column: Option<u32>,
    /// Whether its code stands in its caller's body.
    pub(super) inlined: bool,
}

/// The frames at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DebugFrames {
    /// Innermost first.
    pub(super) frames: Vec<DebugFrame>,
    /// The name of the compilation unit.
    pub(super) unit: Option<String>,
}

/// Looks up code offsets.
pub(super) struct LineTable {
    /// Borrows from the bytes of `module`; no borrow of this lifetime leaves the type.
    context: Mutex<addr2line::Context<BorrowedReader<'static>>>,
    /// The same bytes, for what was split off.
    bytes: &'static [u8],
    /// Stands behind the context, so that it is dropped after it.
    module: Arc<ModuleStructure>,
}

impl LineTable {
    /// Reads the heads of the units. None where the module has no DWARF.
    pub(super) fn open(module: &Arc<ModuleStructure>) -> Option<Result<Self, String>> {
        if !module.debug().has(".debug_info") {
            return None;
        }
        if is_stale(module) {
            return Some(Err("its functions are not where the module has them: the module was changed after it was \
                             compiled"
                .into()));
        }
        let debug = module.debug();
        // SAFETY: the bytes are in the allocation of an `Arc` that the structure keeps once it has found its debug
        // sections, and which neither moves nor changes while that lives; the clone of the structure's own `Arc` in the
        // same struct is dropped after the context that borrows the bytes. `frames` gives out owned text only, so that
        // the made-up lifetime is seen nowhere else.
        let bytes: &'static [u8] = unsafe { std::slice::from_raw_parts(debug.bytes.as_ptr(), debug.bytes.len()) };
        let context = addr2line::Context::from_dwarf(debug.dwarf_in(bytes));
        let table = |context| Self { context: Mutex::new(context), bytes, module: Arc::clone(module) };
        Some(context.map(table).map_err(|error| error.to_string()))
    }

    /// The frames at `probe` bytes from the start of the code section's contents, innermost first. Time O(log units)
    /// plus, the first time a unit is asked, its size.
    pub(super) fn frames(&self, probe: u64) -> Result<DebugFrames, String> {
        let context = self.lock();
        let unit = self
            .loaded(context.find_dwarf_and_unit(probe))
            .and_then(|unit| unit.name.as_ref().map(lossy))
            .filter(|name| !name.is_empty());
        let mut found = self.loaded(context.find_frames(probe)).map_err(|error| error.to_string())?;
        let mut frames: Vec<DebugFrame> = Vec::new();
        while let Some(frame) = found.next().map_err(|error| error.to_string())? {
            let location = frame.location;
            frames.push(DebugFrame {
                function: frame.function.map(|name| lossy(&name.name)),
                file: location.as_ref().and_then(|place| place.file).map(str::to_owned),
                line: location.as_ref().and_then(|place| place.line).filter(|&line| line != 0),
                column: location.as_ref().and_then(|place| place.column).filter(|&column| column != 0),
                inlined: true,
            });
        }
        if let Some(outermost) = frames.last_mut() {
            outermost.inlined = false;
        }
        Ok(DebugFrames { frames, unit })
    }

    /// What a lookup comes to, with the sections that its unit was split off into.
    fn loaded<L: LookupContinuation<Buf = BorrowedReader<'static>>>(&self, lookup: LookupResult<L>) -> L::Output {
        let mut lookup = lookup;
        loop {
            match lookup {
                LookupResult::Output(output) => return output,
                LookupResult::Load { load, continuation } => {
                    let split = self.module.debug().split_in(self.bytes, load.dwo_id);
                    lookup = continuation.resume(split.map(Arc::new));
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, addr2line::Context<BorrowedReader<'static>>> {
        // A context only caches: what a panic elsewhere left in it is whole.
        self.context.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lossy<R: gimli::Reader>(text: &R) -> String {
    text.to_string_lossy().map(|text| text.into_owned()).unwrap_or_default()
}

/// Whether most functions that the DWARF places are no functions of the module. Optimisers leave such sections behind.
fn is_stale(module: &ModuleStructure) -> bool {
    let starts: HashSet<u64> = module.bodies.iter().map(|body| (body.start - module.code_start) as u64).collect();
    let dwarf = module.debug().dwarf();
    let (mut right, mut wrong, mut entries) = (0usize, 0usize, 0usize);
    let mut units = dwarf.units();
    while let Ok(Some(header)) = units.next() {
        let Ok(unit) = dwarf.unit(header) else { continue };
        let mut cursor = unit.entries();
        while let Ok(Some(entry)) = cursor.next_dfs() {
            entries += 1;
            if right + wrong >= CHECKED_FUNCTIONS || entries > CHECKED_ENTRIES {
                return wrong > right;
            }
            if entry.tag() != gimli::DW_TAG_subprogram {
                continue;
            }
            let Some(low) = entry.attr_value(gimli::DW_AT_low_pc) else { continue };
            let Ok(Some(low)) = dwarf.attr_address(&unit, low) else { continue };
            // Linkers put functions that they left out at 0 or at the end of the address space.
            if low == 0 || low >= module.code_size as u64 {
                continue;
            }
            if starts.contains(&low) { right += 1 } else { wrong += 1 }
        }
    }
    wrong > right
}
