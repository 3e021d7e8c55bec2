//! Calling contexts without walking the stack: what is done to each function.
//!
//! Bond and McKinley, Probabilistic Calling Context, OOPSLA 2007: a global V stands for the calls that are active. A
//! function that may allocate keeps V at entry in a local, and sets V before each call that may:
//!
//! ```text
//! Before: (call $f)     After: (global.set $V (i32.add (i32.mul (local.get $entry) K) SITE)) (call $f)
//! ```
//!
//! An allocation records V; the first time a V is seen, the host takes a real backtrace and binds it. V of 32 bits: with n
//! contexts about n²/2³³ pairs of them are taken for one (0.3 at 50,000).
//!
//! What is left out costs nothing:
//!
//! * One call of each function passes V on as it is: the others change it, so that no two calls leave the same V. Not in
//!   functions that are called through tables, for one such call may lead to several of them.
//! * A function after whose calls V is what it was (all of them pass it on, to functions of the same kind) is *transparent*.
//!   Behind such calls only, V needs no setting, and no local.
//! * Calls that never come back (panics, mostly) come before nothing.
//!
//! Recursion stays bounded. Calls inside a cycle of direct calls pass the caller's own V on. A function that is called
//! through tables and lies on a cycle keeps the V of its outermost live activation in a global of its own, restored on
//! every exit, exceptional ones too.
//!
//! NB: exits need no code otherwise, for every caller sets V again before its next call. Tail calls are calls.

use std::cmp::Reverse;

use wasm_encoder::ValType;

use super::allocators::Allocators;
use super::body::{BodyFacts, CallKind, CallSite, Callee};
use super::call_graph::CallGraph;
use super::context_code::{ContextPlan, Setting};
use super::info::ModuleInfo;

/// What V becomes before a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Update {
    /// What it was at entry.
    Same,
    /// A hash of that and of the site.
    Site(i32),
}

/// Plans for all functions, in order, and the number of keeping globals. Time O(functions log functions + calls).
pub(crate) fn plan<'a>(
    info: &'a ModuleInfo<'_>,
    graph: &CallGraph,
    allocators: &Allocators,
) -> (Vec<Option<ContextPlan<'a>>>, u32) {
    let mut planner = Planner { info, graph, kept: 0, transparent: vec![false; info.function_count() as usize] };
    let mut plans: Vec<Option<ContextPlan<'a>>> = Vec::new();
    plans.resize_with(info.bodies.len(), || None);
    let mut entries: Vec<u32> = allocators.probed().map(|(function, _)| function).collect();
    entries.sort_unstable();
    for &entry in &entries {
        planner.transparent[entry as usize] = calls_entries_only(info, graph, entry, &entries);
    }
    for function in graph.callees_first() {
        if let Some(body) = info.body(function).filter(|_| entries.binary_search(&function).is_err()) {
            plans[(function - info.imported()) as usize] = planner.function(function, body);
        }
    }
    (plans, planner.kept)
}

/// Whether an entry leaves V as it is: the functions that it calls on its way set it otherwise.
fn calls_entries_only(info: &ModuleInfo<'_>, graph: &CallGraph, entry: u32, entries: &[u32]) -> bool {
    let mut calls = info.body(entry).into_iter().flat_map(|body| &body.calls).filter(|call| graph.call_reaches(call));
    calls.all(|call| matches!(call.callee, Callee::Function(callee) if entries.binary_search(&callee).is_ok()))
}

struct Planner<'p, 'b> {
    info: &'p ModuleInfo<'b>,
    graph: &'p CallGraph,
    kept: u32,
    /// Functions that leave V as it was when they return; those not planned yet are taken not to.
    transparent: Vec<bool>,
}

impl Planner<'_, '_> {
    fn function<'a>(&mut self, function: u32, body: &'a BodyFacts) -> Option<ContextPlan<'a>> {
        let keeps = self.keeps(function);
        // A function that calls itself is transparent if it is so when its own calls are.
        self.transparent[function as usize] = keeps.is_none() && self.graph.alone(function);
        let (mut settings, mut transparent) = self.settings(function, body, keeps.is_some());
        if self.transparent[function as usize] && !transparent {
            self.transparent[function as usize] = false;
            (settings, transparent) = self.settings(function, body, keeps.is_some());
        }
        self.transparent[function as usize] = transparent;
        settings.retain(|(_, setting)| *setting != Setting::None);
        if keeps.is_some() {
            self.kept += 1;
        }
        (keeps.is_some() || !settings.is_empty()).then_some(ContextPlan { function, settings, keeps })
    }

    /// Which of the keeping globals is the function's own, and the types of its results; none if it needs none, or has
    /// several results.
    fn keeps(&self, function: u32) -> Option<(u32, Vec<ValType>)> {
        if !self.info.address_taken[function as usize] || !self.graph.on_cycle(function) {
            return None;
        }
        let results = &self.info.signature(function)?.results;
        let results = results.iter().map(plain_type).collect::<Option<Vec<ValType>>>()?;
        (results.len() <= 1).then_some((self.kept, results))
    }

    /// What to do before each call, and whether the function is transparent.
    fn settings<'a>(&self, function: u32, body: &'a BodyFacts, keeps: bool) -> (Vec<(&'a CallSite, Setting)>, bool) {
        let sites = self.updates(function, body);
        let clobbers = |&(call, update): &(&CallSite, Update)| {
            let comes_back = call.goes_on || body.catches && call.kind == CallKind::Normal;
            comes_back && (body.catches || !self.leaves(call, update))
        };
        let clobbers: Vec<bool> = sites.iter().map(clobbers).collect();
        let loops = sites.iter().zip(&clobbers).any(|((call, _), clobbers)| call.in_loop && *clobbers);
        let mut clobbered = keeps;
        let mut settings = Vec::with_capacity(sites.len());
        for (&(call, update), clobbers) in sites.iter().zip(&clobbers) {
            let clobbered_here = clobbered || call.in_loop && loops;
            settings.push((
                call,
                match (update, clobbered_here) {
                    (Update::Same, false) => Setting::None,
                    (Update::Same, true) => Setting::Entry,
                    (Update::Site(site), false) => Setting::SiteOfCurrent(site),
                    (Update::Site(site), true) => Setting::SiteOfEntry(site),
                },
            ));
            clobbered |= clobbers;
        }
        let tail = |&(call, update): &(&CallSite, Update)| call.kind == CallKind::Tail && !self.leaves(call, update);
        let transparent = !clobbered && !sites.iter().any(tail);
        (settings, transparent)
    }

    /// Whether V is behind a call what it was at entry.
    fn leaves(&self, call: &CallSite, update: Update) -> bool {
        update == Update::Same && self.calls_transparent(call)
    }

    fn calls_transparent(&self, call: &CallSite) -> bool {
        matches!(call.callee, Callee::Function(callee) if self.transparent[callee as usize])
    }

    /// The calls that may allocate, and what V becomes before each.
    fn updates<'a>(&self, function: u32, body: &'a BodyFacts) -> Vec<(&'a CallSite, Update)> {
        let mut sites = Vec::new();
        for (ordinal, call) in body.calls.iter().enumerate() {
            if self.graph.call_reaches(call) {
                let same = self.graph.stays_in_cycle(function, call);
                let update = if same { Update::Same } else { Update::Site(site_number(function, ordinal as u32)) };
                sites.push((call, update));
            }
        }
        if !self.info.address_taken[function as usize] && self.graph.alone(function) {
            // The call that passes V on should be the one that is made most often, and leaves V alone.
            let others = (0..sites.len()).filter(|&at| sites[at].1 != Update::Same);
            let value = |&at: &usize| {
                let call = sites[at].0;
                (call.goes_on, call.in_loop, self.calls_transparent(call), Reverse(at))
            };
            if let Some(best) = others.max_by_key(value) {
                sites[best].1 = Update::Same;
            }
        }
        sites
    }
}

/// A number of its own for each call site, and the same in every run.
pub(crate) fn site_number(function: u32, ordinal: u32) -> i32 {
    // The finaliser of SplitMix64 (Steele, Lea, Flood, 2014).
    let mut mixed = (u64::from(function) << 32 | u64::from(ordinal)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed ^ mixed >> 31) as i32
}

/// Types that every module may use in a block without further ado.
pub(crate) fn plain_type(ty: &wasmparser::ValType) -> Option<ValType> {
    Some(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(wasmparser::RefType::FUNCREF) => ValType::FUNCREF,
        wasmparser::ValType::Ref(wasmparser::RefType::EXTERNREF) => ValType::EXTERNREF,
        wasmparser::ValType::Ref(_) => return None,
    })
}
