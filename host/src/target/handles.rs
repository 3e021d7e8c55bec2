//! The instrumented instance's memories, globals and table.

use wasmtime::{AsContextMut, Extern, Func, Global, Instance, Memory, Table, Val};

use crate::error::TargetError;
use crate::instrument::{InstrumentMap, names};

/// Handles of what instrumentation added or exported.
#[derive(Clone, Debug)]
pub(crate) struct Handles {
    /// The guest's first memory.
    pub(crate) memory: Option<Memory>,
    /// The live table's memory.
    pub(crate) live: Memory,
    /// The table of host functions.
    pub(crate) host_functions: Table,
    /// Bytes of live blocks.
    pub(crate) live_bytes: Global,
    /// Most of them, as far as probes have seen.
    pub(crate) peak_bytes: Global,
    /// The cell of the last allocation.
    pub(crate) last: Global,
    /// Below how many live bytes the host is called.
    pub(crate) floor: Global,
    /// Where in the ring of events the next one goes.
    pub(crate) event_at: Global,
    /// Mutable integer globals of the original module, by index.
    pub(crate) globals: Vec<(u32, Global)>,
    /// The shadow stack's pointer.
    pub(crate) stack_pointer: Option<Global>,
    /// The start function that was taken out.
    pub(crate) start: Option<Func>,
}

impl Handles {
    /// Finds them by their exports.
    pub(crate) fn find(
        mut store: impl AsContextMut,
        instance: &Instance,
        map: &InstrumentMap,
    ) -> Result<Self, TargetError> {
        let mut get = |name: &str| {
            let missing = || TargetError::NotInstrumented { name: name.to_owned() };
            instance.get_export(&mut store, name).ok_or_else(missing)
        };
        let mut global = |name: &str| as_global(get(name)?, name);
        let live_bytes = global(names::LIVE_BYTES)?;
        let peak_bytes = global(names::PEAK_BYTES)?;
        let (last, floor, event_at) = (global(names::LAST)?, global(names::FLOOR)?, global(names::EVENT_AT)?);
        let mut globals = Vec::with_capacity(map.globals.len());
        for &index in &map.globals {
            globals.push((index, global(&names::global(index))?));
        }
        let stack_pointer =
            globals.iter().find(|(index, _)| Some(*index) == map.stack_pointer).map(|(_, global)| *global);
        let memory = if map.has_memory { Some(as_memory(get(names::MEMORY)?, names::MEMORY)?) } else { None };
        let live = as_memory(get(names::LIVE_TABLE)?, names::LIVE_TABLE)?;
        let Extern::Table(host_functions) = get(names::HOST_FUNCTIONS)? else {
            return Err(TargetError::NotInstrumented { name: names::HOST_FUNCTIONS.to_owned() });
        };
        let start = instance.get_func(&mut store, names::START);
        Ok(Self {
            memory,
            live,
            host_functions,
            live_bytes,
            peak_bytes,
            last,
            floor,
            event_at,
            globals,
            stack_pointer,
            start,
        })
    }
}

/// The value of an integer global, zero-extended.
pub(crate) fn value(global: &Global, store: impl AsContextMut) -> u64 {
    match global.get(store) {
        Val::I32(value) => u64::from(value as u32),
        Val::I64(value) => value as u64,
        _ => 0,
    }
}

/// Sets a global of 64 bits.
pub(crate) fn set(global: &Global, store: impl AsContextMut, value: u64) {
    // Type and mutability are instrumentation's own; a guest cannot have changed them.
    let _ = global.set(store, Val::I64(value as i64));
}

/// Sets a global of 32 bits.
pub(crate) fn set_word(global: &Global, store: impl AsContextMut, value: u32) {
    // As above.
    let _ = global.set(store, Val::I32(value as i32));
}

fn as_global(export: Extern, name: &str) -> Result<Global, TargetError> {
    export.into_global().ok_or_else(|| TargetError::NotInstrumented { name: name.to_owned() })
}

fn as_memory(export: Extern, name: &str) -> Result<Memory, TargetError> {
    export.into_memory().ok_or_else(|| TargetError::NotInstrumented { name: name.to_owned() })
}
