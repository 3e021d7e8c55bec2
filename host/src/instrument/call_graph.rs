//! Which functions may reach an allocator, and which of them are on cycles.
//!
//! A call through a table may lead to every function of that type whose address is taken. Imports are taken not to come
//! back; when one does, it enters through an export, which starts a calling context of its own.

use std::collections::{HashMap, VecDeque};

use super::allocators::Allocators;
use super::body::{CallSite, Callee};
use super::components::{Components, Graph};
use super::info::{ModuleInfo, Signature};

/// The part of the call graph from which an allocator can be reached.
#[derive(Debug)]
pub(crate) struct CallGraph {
    /// Functions that are, or may reach, an allocator entry.
    reaching: Vec<bool>,
    /// Types, by canonical number, through which one may be reached.
    reaching_types: Vec<bool>,
    /// The canonical number of each type: equal types have equal numbers.
    canonical: Vec<u32>,
    /// Components by direct calls alone.
    direct: Components,
    /// Components with calls through tables; types are nodes behind the functions.
    whole: Components,
}

impl CallGraph {
    /// Builds it. Time O(functions + calls).
    pub(crate) fn new(info: &ModuleInfo<'_>, allocators: &Allocators) -> Self {
        let canonical = canonical_types(info);
        let types = info.types.len();
        let count = info.function_count() as usize;
        let mut graph = Self {
            reaching: vec![false; count],
            reaching_types: vec![false; types],
            canonical,
            direct: Components::new(&Graph::new(0, &[])),
            whole: Components::new(&Graph::new(0, &[])),
        };
        graph.mark_reaching(info, allocators);
        let entries: Vec<u32> = allocators.entries.iter().map(|entry| entry.function).collect();
        let mut direct = Vec::new();
        let mut whole = Vec::new();
        for function in info.imported()..info.function_count() {
            if !graph.reaches(function) || entries.contains(&function) {
                continue;
            }
            for call in info.body(function).into_iter().flat_map(|body| &body.calls) {
                if !graph.call_reaches(call) {
                    continue;
                }
                match call.callee {
                    Callee::Function(callee) => direct.push((function, callee)),
                    Callee::Type(ty) => whole.push((function, count as u32 + graph.canonical[ty as usize])),
                }
            }
            if info.address_taken[function as usize] {
                let ty = graph.canonical[info.function_types[function as usize] as usize];
                whole.push((count as u32 + ty, function));
            }
        }
        whole.extend(&direct);
        graph.direct = Components::new(&Graph::new(count, &direct));
        graph.whole = Components::new(&Graph::new(count + types, &whole));
        graph
    }

    /// Whether a function is, or may reach, an allocator entry.
    pub(crate) fn reaches(&self, function: u32) -> bool {
        self.reaching[function as usize]
    }

    /// Whether a call may reach one.
    pub(crate) fn call_reaches(&self, call: &CallSite) -> bool {
        match call.callee {
            Callee::Function(callee) => self.reaches(callee),
            Callee::Type(ty) => self.reaching_types[self.canonical[ty as usize] as usize],
        }
    }

    /// Whether a direct call stays inside a cycle of direct calls.
    pub(crate) fn stays_in_cycle(&self, caller: u32, call: &CallSite) -> bool {
        matches!(call.callee, Callee::Function(callee) if self.direct.together(caller, callee))
    }

    /// Whether a function lies on a cycle, calls through tables included.
    pub(crate) fn on_cycle(&self, function: u32) -> bool {
        self.whole.cyclic(function)
    }

    fn mark_reaching(&mut self, info: &ModuleInfo<'_>, allocators: &Allocators) {
        let count = info.function_count() as usize;
        let mut callers: Vec<(u32, u32)> = Vec::new();
        let mut type_callers: Vec<(u32, u32)> = Vec::new();
        for function in info.imported()..info.function_count() {
            for call in info.body(function).into_iter().flat_map(|body| &body.calls) {
                match call.callee {
                    Callee::Function(callee) => callers.push((callee, function)),
                    Callee::Type(ty) => type_callers.push((self.canonical[ty as usize], function)),
                }
            }
        }
        let callers = Graph::new(count, &callers);
        let type_callers = Graph::new(info.types.len(), &type_callers);
        let mut pending: VecDeque<u32> = allocators.entries.iter().map(|entry| entry.function).collect();
        for &entry in &pending {
            self.reaching[entry as usize] = true;
        }
        while let Some(function) = pending.pop_front() {
            let mut visit = |caller: u32, reaching: &mut Vec<bool>| {
                if !std::mem::replace(&mut reaching[caller as usize], true) {
                    pending.push_back(caller);
                }
            };
            for &caller in callers.successors(function) {
                visit(caller, &mut self.reaching);
            }
            if info.address_taken[function as usize] {
                let ty = self.canonical[info.function_types[function as usize] as usize];
                if !std::mem::replace(&mut self.reaching_types[ty as usize], true) {
                    for &caller in type_callers.successors(ty) {
                        visit(caller, &mut self.reaching);
                    }
                }
            }
        }
    }
}

fn canonical_types(info: &ModuleInfo<'_>) -> Vec<u32> {
    let mut first: HashMap<&Signature, u32> = HashMap::new();
    let number = |(index, ty): (usize, &'_ Option<Signature>)| -> (usize, bool) { (index, ty.is_some()) };
    let mut canonical = Vec::with_capacity(info.types.len());
    for (index, is_function) in info.types.iter().enumerate().map(number) {
        let own = index as u32;
        canonical.push(match (&info.types[index], is_function) {
            (Some(signature), true) => *first.entry(signature).or_insert(own),
            _ => own,
        });
    }
    canonical
}
