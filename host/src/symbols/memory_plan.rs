//! Where static data ends and the heap begins.
//!
//! Linkers put static data before the shadow stack (wasm-ld by default until LLVM 21, Emscripten, AssemblyScript) or
//! behind it (rustc, Zig, wasm-ld `--stack-first`). Few modules name the ends. Where one is not named the widest range
//! is taken that is known to hold no block: a word too many can hide a leak, a word too few would invent one.

use std::ops::Range;

/// Where a module without data segments would have its first static address (wasm-ld's default).
const DEFAULT_GLOBAL_BASE: u64 = 1024;

/// What is known of a module's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PlanFacts {
    /// First and last address of data segments and static symbols.
    pub(super) data: Option<Range<u64>>,
    /// `__data_end`, where it is named.
    pub(super) data_end: Option<u64>,
    /// `__heap_base`, where it is named.
    pub(super) heap_base: Option<u64>,
    /// The initial value of the stack pointer.
    pub(super) stack_top: Option<u64>,
    /// Bytes that the linker gives a stack when nothing is said.
    pub(super) default_stack: u64,
    /// Size of the memory before anything runs.
    pub(super) initial_bytes: u64,
}

/// The static data of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticExtent {
    /// From the first static address to the end, without the shadow stack. Empty where there is none.
    pub range: Range<u64>,
    /// Whether the end is named by the module or follows from its layout.
    pub exact: bool,
}

/// The static data, given the lowest address of a live block.
pub(super) fn static_extent(facts: &PlanFacts, lowest_block: Option<u64>) -> StaticExtent {
    let known = facts.data.clone();
    let known_end = known.as_ref().map_or(0, |data| data.end);
    if let Some(top) = facts.stack_top.filter(|&top| top >= known_end && known_end > 0 || is_data_first(facts, top)) {
        let first = known.as_ref().map_or(DEFAULT_GLOBAL_BASE, |data| data.start);
        let assumed = top.saturating_sub(facts.default_stack).max(known_end);
        let end = facts.data_end.unwrap_or(assumed).min(top);
        return StaticExtent { range: first..end.max(first), exact: facts.data_end.is_some() };
    }
    let Some(first) = known.as_ref().map(|data| data.start).or(facts.stack_top) else {
        return StaticExtent { range: 0..0, exact: true };
    };
    if let Some(base) = facts.heap_base.filter(|&base| base >= known_end) {
        return StaticExtent { range: first..base.max(first), exact: true };
    }
    let bound = lowest_block.map_or(facts.initial_bytes, |block| block.min(facts.initial_bytes));
    StaticExtent { range: first..bound.max(known_end).max(first), exact: false }
}

/// Without any data, a heap base right behind the stack tells that data would come first.
fn is_data_first(facts: &PlanFacts, top: u64) -> bool {
    facts.data.is_none() && facts.heap_base.is_some_and(|base| base <= top.next_multiple_of(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_before_the_stack() {
        let facts = PlanFacts {
            data: Some(1024..1359),
            stack_top: Some(249_024),
            default_stack: 65_536,
            initial_bytes: 4 << 16,
            ..PlanFacts::default()
        };
        let extent = static_extent(&facts, Some(249_040));
        assert_eq!((extent.range, extent.exact), (1024..183_488, false));
        let named = PlanFacts { data_end: Some(183_476), ..facts.clone() };
        let extent = static_extent(&named, Some(249_040));
        assert_eq!((extent.range, extent.exact), (1024..183_476, true));
        // A stack smaller than the default is told by data that reaches into it.
        let small = PlanFacts { data: Some(1024..240_000), ..facts };
        assert_eq!(static_extent(&small, None).range, 1024..240_000);
    }

    #[test]
    fn data_behind_the_stack_ends_where_the_heap_begins() {
        let facts = PlanFacts {
            data: Some(1_048_576..1_100_000),
            stack_top: Some(1_048_576),
            default_stack: 65_536,
            initial_bytes: 17 << 16,
            ..PlanFacts::default()
        };
        assert_eq!(static_extent(&facts, Some(1_110_000)).range, 1_048_576..1_110_000);
        assert_eq!(static_extent(&facts, Some(9_000_000)).range, 1_048_576..17 << 16);
        let named = PlanFacts { heap_base: Some(1_103_000), ..facts };
        let extent = static_extent(&named, Some(1_110_000));
        assert_eq!((extent.range, extent.exact), (1_048_576..1_103_000, true));
    }

    #[test]
    fn a_module_without_data_has_none() {
        let extent = static_extent(&PlanFacts { initial_bytes: 1 << 16, ..PlanFacts::default() }, Some(64));
        assert_eq!((extent.range, extent.exact), (0..0, true));
    }
}
