//! Which functions may allocate, and which of them are on cycles.
//!
//! Releases do not count: nothing is recorded of their calling contexts, and what only releases need not keep one.
//! A call through a table may lead to every function of that type whose address is taken. Imports are taken not to come
//! back; when one does, it enters through an export, which starts a calling context of its own.

use std::collections::{HashMap, VecDeque};

use super::allocators::Allocators;
use super::body::{CallSite, Callee};
use super::components::{Components, Graph};
use super::info::{ModuleInfo, Signature};

/// The part of the call graph from which an allocation can be reached.
#[derive(Debug)]
pub(crate) struct CallGraph {
    /// What is, or may reach, an entry that allocates.
    allocating: Reaching,
    /// What is, or may reach, any entry.
    any: Reaching,
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
        let callers = Callers::new(info, &canonical);
        let allocating = allocators.probed().filter(|(_, makes)| *makes).map(|(function, _)| function);
        let any = allocators.probed().map(|(function, _)| function);
        let mut graph = Self {
            allocating: Reaching::new(info, &canonical, &callers, allocating),
            any: Reaching::new(info, &canonical, &callers, any),
            canonical,
            direct: Components::new(&Graph::new(0, &[])),
            whole: Components::new(&Graph::new(0, &[])),
        };
        let entries: Vec<u32> = allocators.probed().map(|(function, _)| function).collect();
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

    /// Whether a function is, or may reach, an entry that allocates.
    pub(crate) fn reaches(&self, function: u32) -> bool {
        self.allocating.functions[function as usize]
    }

    /// Whether a function is, or may reach, any entry.
    pub(crate) fn reaches_any(&self, function: u32) -> bool {
        self.any.functions[function as usize]
    }

    /// Whether a call may reach an entry that allocates.
    pub(crate) fn call_reaches(&self, call: &CallSite) -> bool {
        match call.callee {
            Callee::Function(callee) => self.reaches(callee),
            Callee::Type(ty) => self.allocating.types[self.canonical[ty as usize] as usize],
        }
    }

    /// The functions from which an allocation can be reached, each behind all others that it calls directly, but for those
    /// of its own cycle. Time O(functions log functions).
    pub(crate) fn callees_first(&self) -> Vec<u32> {
        let mut functions: Vec<u32> =
            (0..self.allocating.functions.len() as u32).filter(|&function| self.reaches(function)).collect();
        functions.sort_by_key(|&function| self.direct.of(function));
        functions
    }

    /// Whether no direct cycle leads through a function and another one.
    pub(crate) fn alone(&self, function: u32) -> bool {
        self.direct.alone(function)
    }

    /// Whether a direct call stays inside a cycle of direct calls.
    pub(crate) fn stays_in_cycle(&self, caller: u32, call: &CallSite) -> bool {
        matches!(call.callee, Callee::Function(callee) if self.direct.together(caller, callee))
    }

    /// Whether a function lies on a cycle, calls through tables included.
    pub(crate) fn on_cycle(&self, function: u32) -> bool {
        self.whole.cyclic(function)
    }
}

/// Who calls whom, backwards.
struct Callers {
    direct: Graph,
    by_type: Graph,
}

impl Callers {
    fn new(info: &ModuleInfo<'_>, canonical: &[u32]) -> Self {
        let mut direct: Vec<(u32, u32)> = Vec::new();
        let mut by_type: Vec<(u32, u32)> = Vec::new();
        for function in info.imported()..info.function_count() {
            for call in info.body(function).into_iter().flat_map(|body| &body.calls) {
                match call.callee {
                    Callee::Function(callee) => direct.push((callee, function)),
                    Callee::Type(ty) => by_type.push((canonical[ty as usize], function)),
                }
            }
        }
        let count = info.function_count() as usize;
        Self { direct: Graph::new(count, &direct), by_type: Graph::new(info.types.len(), &by_type) }
    }
}

/// From where some functions can be reached.
#[derive(Debug)]
struct Reaching {
    /// Functions that are, or may reach, one of them.
    functions: Vec<bool>,
    /// Types, by canonical number, through which one may be reached.
    types: Vec<bool>,
}

impl Reaching {
    fn new(info: &ModuleInfo<'_>, canonical: &[u32], callers: &Callers, to: impl Iterator<Item = u32>) -> Self {
        let mut functions = vec![false; info.function_count() as usize];
        let mut types = vec![false; info.types.len()];
        let mut pending: VecDeque<u32> = to.collect();
        for &function in &pending {
            functions[function as usize] = true;
        }
        while let Some(function) = pending.pop_front() {
            let mut visit = |caller: u32| {
                if !std::mem::replace(&mut functions[caller as usize], true) {
                    pending.push_back(caller);
                }
            };
            callers.direct.successors(function).iter().copied().for_each(&mut visit);
            if info.address_taken[function as usize] {
                let ty = canonical[info.function_types[function as usize] as usize];
                if !std::mem::replace(&mut types[ty as usize], true) {
                    callers.by_type.successors(ty).iter().copied().for_each(&mut visit);
                }
            }
        }
        Self { functions, types }
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
