//! Which of the layers are probed.
//!
//! A function that only passes its parameters on to another entry of the same kind is not probed: its callee tells the
//! same block with the same size. Rust's shims and C++ operators that reach a lower layer are not probed either, for what
//! is freed there may have been allocated below them; but a layer that gives blocks back without reaching the lower one
//! has an allocator of its own, and what it reaches in allocating is but a panic's message. All others are probed, and tell
//! a block only when no other entry is active.

use std::collections::VecDeque;

use wasmparser::{BinaryReader, FunctionBody, Operator};

use super::{Entry, Layer, Role};
use crate::instrument::body::{BodyFacts, Callee};
use crate::instrument::info::ModuleInfo;

/// The entries to probe, with their nesting.
pub(super) fn select(info: &ModuleInfo<'_>, candidates: &[Entry]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = candidates
        .iter()
        .filter(|entry| !forwards(info, entry, candidates) && !covered_below(info, entry, candidates))
        .cloned()
        .collect();
    let functions: Vec<u32> = entries.iter().map(|entry| entry.function).collect();
    for index in 0..entries.len() {
        let reach = Reach::from(info, functions[index]);
        for (other, &function) in functions.iter().enumerate() {
            if reach.function(function) {
                entries[index].nests = true;
                entries[other].nested = true;
            }
        }
    }
    entries
}

/// Whether the body is `call f(param 0, param 1, ...)` and no more, for another candidate f of the same kind; shims may
/// change the order.
fn forwards(info: &ModuleInfo<'_>, entry: &Entry, candidates: &[Entry]) -> bool {
    if let Some(callee) = passes_on_to(info, entry.function) {
        return candidates.iter().any(|other| other.function == callee && other.role == entry.role);
    }
    let shim = entry.layer == Layer::RustShim;
    let Some((callee, passed)) = passes_some_on_to(info, entry.function).filter(|_| shim) else { return false };
    let role = role_behind(entry.role, &passed);
    candidates.iter().any(|other| other.function == callee && Some(other.role) == role)
}

/// The function that this one does nothing but call, with the same parameters.
pub(crate) fn passes_on_to(info: &ModuleInfo<'_>, function: u32) -> Option<u32> {
    let body = info.body(function)?;
    let [call] = body.calls.as_slice() else { return None };
    let Callee::Function(callee) = call.callee else { return None };
    let same = info.signature(function) == info.signature(callee) && callee != function;
    (same && only_passes_on(info, body) == Some(true)).then_some(callee)
}

/// The function that this one does nothing but call, with some of its parameters, in any order, and constants: which of the
/// parameters stands in each place.
pub(super) fn passes_some_on_to(info: &ModuleInfo<'_>, function: u32) -> Option<(u32, Vec<Option<u32>>)> {
    let body = info.body(function)?;
    let [call] = body.calls.as_slice() else { return None };
    let Callee::Function(callee) = call.callee else { return None };
    if callee == function || info.signature(function)?.results != info.signature(callee)?.results {
        return None;
    }
    let reader = BinaryReader::new(info.bytes.get(body.start..body.end)?, body.start);
    let params = info.signature(function)?.params.len() as u32;
    let mut passed = Vec::new();
    for operator in FunctionBody::new(reader).get_operators_reader().ok()? {
        match operator.ok()? {
            Operator::LocalGet { local_index } if local_index < params => passed.push(Some(local_index)),
            Operator::I32Const { .. } => passed.push(None),
            Operator::Call { .. } | Operator::ReturnCall { .. } | Operator::Return | Operator::End => {}
            _ => return None,
        }
    }
    (passed.len() == info.signature(callee)?.params.len()).then_some((callee, passed))
}

/// What a function does that a shim in this role does nothing but call; none when it is not passed what that needs.
pub(super) fn role_behind(role: Role, passed: &[Option<u32>]) -> Option<Role> {
    let place = |param: u32| passed.iter().position(|passed| *passed == Some(param)).map(|place| place as u32);
    let counted = |count: Option<u32>| match count {
        Some(count) => place(count).map(Some),
        None => Some(None),
    };
    Some(match role {
        Role::Allocate { size, count } => Role::Allocate { size: place(size)?, count: counted(count)? },
        Role::AllocateOut { out, size } => Role::AllocateOut { out: place(out)?, size: place(size)? },
        Role::Reallocate { block, size, count } => {
            Role::Reallocate { block: place(block)?, size: place(size)?, count: counted(count)? }
        }
        Role::Resize { block, size } => Role::Resize { block: place(block)?, size: place(size)? },
        Role::Release { block } => Role::Release { block: place(block)? },
    })
}

fn only_passes_on(info: &ModuleInfo<'_>, body: &BodyFacts) -> Option<bool> {
    let reader = BinaryReader::new(info.bytes.get(body.start..body.end)?, body.start);
    let mut next_param = 0;
    for operator in FunctionBody::new(reader).get_operators_reader().ok()? {
        match operator.ok()? {
            Operator::LocalGet { local_index } if local_index == next_param => next_param += 1,
            Operator::Call { .. } | Operator::ReturnCall { .. } | Operator::Return | Operator::End => {}
            _ => return Some(false),
        }
    }
    Some(true)
}

fn covered_below(info: &ModuleInfo<'_>, entry: &Entry, candidates: &[Entry]) -> bool {
    let releases = |other: &&Entry| other.layer == entry.layer && matches!(other.role, Role::Release { .. });
    reaches_below(info, entry, candidates)
        && candidates.iter().filter(releases).all(|release| reaches_below(info, release, candidates))
}

/// Whether an entry calls one of the same kind in a lower layer, or what calls one.
fn reaches_below(info: &ModuleInfo<'_>, entry: &Entry, candidates: &[Entry]) -> bool {
    let below: &[Layer] = match entry.layer {
        Layer::RustShim => &[Layer::C, Layer::RustDlmalloc],
        Layer::Cpp => &[Layer::C],
        _ => return false,
    };
    let lower = |other: &&Entry| below.contains(&other.layer) && other.role.same_kind(entry.role);
    let lower: Vec<u32> = candidates.iter().filter(lower).map(|other| other.function).collect();
    // Through functions only: what lies behind a table (a `new` handler, an error hook) is no allocation path.
    let mut seen = vec![entry.function];
    let mut next = 0;
    while next < seen.len() && seen.len() < 64 {
        if let Some(body) = info.body(seen[next]) {
            for call in &body.calls {
                let Callee::Function(callee) = call.callee else { continue };
                if lower.contains(&callee) {
                    return true;
                }
                if !seen.contains(&callee) {
                    seen.push(callee);
                }
            }
        }
        next += 1;
    }
    false
}

/// What can be reached from a function, directly or through tables.
pub(super) struct Reach {
    functions: Vec<bool>,
}

impl Reach {
    /// Everything that calls in `function`'s body may lead to. Time O(functions + calls).
    pub(super) fn from(info: &ModuleInfo<'_>, function: u32) -> Self {
        let mut reach = Self { functions: vec![false; info.function_count() as usize] };
        let mut types = vec![false; info.types.len()];
        let mut pending = VecDeque::from([function]);
        while let Some(function) = pending.pop_front() {
            let Some(body) = info.body(function) else { continue };
            for call in &body.calls {
                match call.callee {
                    Callee::Function(callee) => reach.visit(callee, &mut pending),
                    Callee::Type(ty) => {
                        if std::mem::replace(&mut types[ty as usize], true) {
                            continue;
                        }
                        for callee in 0..info.function_count() {
                            let taken = info.address_taken[callee as usize];
                            if taken && info.signature(callee) == info.types[ty as usize].as_ref() {
                                reach.visit(callee, &mut pending);
                            }
                        }
                    }
                }
            }
        }
        reach
    }

    /// Whether a function can be reached.
    pub(super) fn function(&self, function: u32) -> bool {
        self.functions.get(function as usize).copied().unwrap_or(false)
    }

    fn visit(&mut self, function: u32, pending: &mut VecDeque<u32>) {
        if let Some(seen) = self.functions.get_mut(function as usize)
            && !std::mem::replace(seen, true)
        {
            pending.push_back(function);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::instrument::{AllocatorReport, Standing};

    /// A global allocator that reaches the C library's only where it panics, or as what it rests on.
    fn standing(dealloc: &str) -> Option<Standing> {
        let text = format!(
            r#"(module (memory 1)
            (func $malloc (param i32) (result i32) (memory.grow (local.get 0)))
            (func $free (param i32) (drop (memory.grow (local.get 0))))
            (func $panic (drop (call $malloc (i32.const 64))) unreachable)
            (func $__rust_alloc (param i32 i32) (result i32)
              (if (i32.eqz (local.get 0)) (then (call $panic)))
              (i32.add (local.get 0) (local.get 1)))
            (func $__rust_dealloc (param i32 i32 i32) {dealloc}))"#
        );
        let report = AllocatorReport::of(&wat::parse_str(text).unwrap(), &[]).unwrap();
        report.candidates.iter().find(|found| found.name == "__rust_alloc").map(|found| found.standing)
    }

    #[test]
    fn an_allocator_of_its_own_is_probed_though_it_may_panic() {
        assert_eq!(standing("nop"), Some(Standing::Probed));
        assert_eq!(standing("(call $free (local.get 0))"), Some(Standing::CoveredBelow));
    }
}
