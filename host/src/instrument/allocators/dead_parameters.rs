//! Entries that are told too little.
//!
//! An optimiser that sees that a function never reads a parameter lets its direct callers pass anything there. Zig's
//! `BrkAllocator.resize` compares size classes only and never reads the block: calls through its vtable still pass it,
//! direct ones pass whatever is in a register. A block that such an entry is told must not be believed. But the caller
//! often is an entry of the same interface that does know the block, a wrapper that counts or lists: it is probed instead.

use wasmparser::{BinaryReader, FunctionBody, Operator};

use super::{Entry, Evidence, Role};
use crate::instrument::body::Callee;
use crate::instrument::info::{ModuleInfo, is_function};

/// Replaces entries that resize a block without reading which by callers that know it. Time O(instructions of callers).
pub(super) fn settle(info: &ModuleInfo<'_>, candidates: &mut Vec<Entry>, notes: &mut Vec<String>) {
    let mut refused: Vec<u32> = Vec::new();
    let mut next = 0;
    while let Some(entry) = candidates.get(next) {
        let Role::Resize { block, .. } = entry.role else {
            next += 1;
            continue;
        };
        if reads(info, entry.function, block) {
            next += 1;
            continue;
        }
        let entry = entry.clone();
        let exported = info.exports.iter().any(|export| is_function(export.kind) && export.index == entry.function);
        let mut known = exported || info.address_taken.get(entry.function as usize).copied().unwrap_or(false);
        for caller in callers(info, entry.function) {
            if candidates.iter().any(|other| other.function == caller) {
                continue;
            }
            let name = name(info, caller);
            if !refused.contains(&caller) && passes_on(info, caller, &entry) {
                let evidence = Evidence::Calls(entry.name.clone());
                candidates.push(Entry { function: caller, name, evidence, ..entry.clone() });
            } else {
                notes.push(format!(
                    "`{}` is not told which block `{name}` resizes; its size may be out of date",
                    entry.name
                ));
                known = false;
            }
        }
        // Reached from outside or through a table only, or from entries that tell in its place: then it may tell what is left.
        if known {
            next += 1;
        } else {
            // What it calls has one caller less that tells in its place.
            refused.push(entry.function);
            candidates.remove(next);
            next = 0;
        }
    }
}

/// Whether the body reads a parameter.
fn reads(info: &ModuleInfo<'_>, function: u32, param: u32) -> bool {
    operators(info, function)
        .iter()
        .any(|operator| matches!(operator, Operator::LocalGet { local_index } if *local_index == param))
}

/// The functions that call a function directly, ascending.
fn callers(info: &ModuleInfo<'_>, function: u32) -> Vec<u32> {
    let calls = |caller: &u32| {
        *caller != function
            && info.body(*caller).is_some_and(|body| {
                body.calls.iter().any(|call| matches!(call.callee, Callee::Function(callee) if callee == function))
            })
    };
    (0..info.function_count()).filter(calls).collect()
}

/// Whether a caller has the entry's signature and every call of the entry passes the caller's own parameters wherever the
/// entry reads one.
fn passes_on(info: &ModuleInfo<'_>, caller: u32, entry: &Entry) -> bool {
    let Some(signature) = info.signature(entry.function) else { return false };
    if info.signature(caller) != Some(signature) {
        return false;
    }
    let operators = operators(info, caller);
    let params = signature.params.len();
    let read: Vec<usize> = (0..params).filter(|param| reads(info, entry.function, *param as u32)).collect();
    operators.iter().enumerate().all(|(at, operator)| match operator {
        Operator::Call { function_index } if *function_index == entry.function => {
            let arguments = at.checked_sub(params).and_then(|from| operators.get(from..at));
            arguments.is_some_and(|arguments| {
                read.iter().all(|&param| passes(arguments, param) && !is_set(&operators[..at], param as u32))
            })
        }
        _ => true,
    })
}

/// Whether the arguments are plain and the one at `param` is the caller's parameter there.
fn passes(arguments: &[Operator<'_>], param: usize) -> bool {
    arguments.iter().all(|argument| matches!(argument, Operator::LocalGet { .. } | Operator::I32Const { .. }))
        && matches!(arguments.get(param), Some(Operator::LocalGet { local_index }) if *local_index as usize == param)
}

fn is_set(operators: &[Operator<'_>], local: u32) -> bool {
    operators.iter().any(|operator| {
        matches!(operator, Operator::LocalSet { local_index } | Operator::LocalTee { local_index } if *local_index == local)
    })
}

/// A body's instructions; none for what has no body.
fn operators<'a>(info: &ModuleInfo<'a>, function: u32) -> Vec<Operator<'a>> {
    let Some(body) = info.body(function) else { return Vec::new() };
    let Some(bytes) = info.bytes.get(body.start..body.end) else { return Vec::new() };
    let reader = FunctionBody::new(BinaryReader::new(bytes, body.start)).get_operators_reader();
    reader.map_or_else(|_| Vec::new(), |reader| reader.into_iter().map_while(Result::ok).collect())
}

fn name(info: &ModuleInfo<'_>, function: u32) -> String {
    let named = info.function_names.iter().find(|(index, _)| *index == function);
    named.map_or_else(|| format!("function {function}"), |(_, name)| (*name).to_owned())
}
