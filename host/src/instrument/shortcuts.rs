//! Allocators' functions that only pass on to another: calls of them lead there at once.
//!
//! ```text
//! Before: (call $malloc)     After: (call $dlmalloc)     where (func $malloc (param i32) (result i32)
//!                                                               (call $dlmalloc (local.get 0)))
//! ```
//!
//! That makes up for part of what observing costs. The function itself stays, for tables, exports and its name: the context
//! of an allocation says what the program has called. A function that a snapshot condition names keeps its calls.

use std::collections::HashMap;

use wasm_encoder::Encode;

use super::allocators::{Allocators, passes_on_to};
use super::body::{BodyFacts, Callee};
use super::edits::ProbeSites;
use super::info::ModuleInfo;
use super::rewrite::Edit;

/// Which calls are led elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Shortcuts {
    targets: HashMap<u32, u32>,
}

impl Shortcuts {
    /// Finds them: functions of the allocators' interface that pass on to a probed one.
    pub(crate) fn find(info: &ModuleInfo<'_>, allocators: &Allocators, sites: &ProbeSites) -> Self {
        let is_entry = |function: u32| allocators.entries.iter().any(|entry| entry.function == function);
        let mut targets = HashMap::new();
        for &label in &allocators.labels {
            let Some(target) = passes_on_to(info, label).filter(|&target| is_entry(target)) else { continue };
            if !is_entry(label) && !sites.has_entry(label) {
                targets.insert(label, target);
            }
        }
        Self { targets }
    }

    /// For each target that has one, the function that the program calls: the one of the lowest index.
    pub(crate) fn callers(&self) -> Vec<(u32, u32)> {
        let mut pairs: Vec<(u32, u32)> = self.targets.iter().map(|(&label, &target)| (target, label)).collect();
        pairs.sort_unstable();
        pairs.dedup_by_key(|(target, _)| *target);
        pairs
    }

    /// The edits of a body, in order.
    pub(crate) fn edits<'a>(
        &'a self,
        info: &'a ModuleInfo<'_>,
        body: &'a BodyFacts,
    ) -> impl Iterator<Item = Edit> + 'a {
        let calls = if self.targets.is_empty() { &[] } else { body.calls.as_slice() };
        calls.iter().filter_map(|call| {
            let Callee::Function(callee) = call.callee else { return None };
            let target = self.targets.get(&callee)?;
            let mut insert = Vec::new();
            target.encode(&mut insert);
            // The index alone: the instruction keeps its place in the map, for backtraces name it.
            let at = call.at + 1;
            let remove = info.bytes[at..].iter().position(|byte| byte & 0x80 == 0).map_or(0, |last| last + 1);
            Some(Edit { at, remove, insert })
        })
    }
}
