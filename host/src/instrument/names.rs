//! Every name that instrumentation puts into a module; nowhere else.

/// What all of them begin with.
pub(crate) const PREFIX: &str = "heapy:";
/// The guest's first memory.
pub(crate) const MEMORY: &str = "heapy:memory";
/// The memory that holds the live table and the context table.
pub(crate) const LIVE_TABLE: &str = "heapy:live";
/// The table of host functions.
pub(crate) const HOST_FUNCTIONS: &str = "heapy:host";
/// The start function that was taken out.
pub(crate) const START: &str = "heapy:start";
/// Global: the calling context of the next call.
pub(crate) const CONTEXT: &str = "heapy:context";
/// Global: bytes of live blocks.
pub(crate) const LIVE_BYTES: &str = "heapy:live-bytes";
/// Global: most live bytes seen at a free.
pub(crate) const PEAK_BYTES: &str = "heapy:peak-bytes";
/// Global: how many allocator entries are active.
pub(crate) const DEPTH: &str = "heapy:depth";

/// Global: the cell of the last allocation.
pub(crate) const LAST: &str = "heapy:last";
/// Global: the host is called when live bytes fall below it.
pub(crate) const FLOOR: &str = "heapy:floor";

/// Global: where in the ring of events the next one goes.
pub(crate) const EVENT_AT: &str = "heapy:event-at";

/// A mutable integer global of the original module.
pub(crate) fn global(index: u32) -> String {
    format!("{PREFIX}global.{index}")
}
