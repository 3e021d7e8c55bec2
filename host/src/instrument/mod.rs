//! Instrumentation: a module in, a module that tells its heap out.
//!
//! Passes read the facts of `info` and say what to add or edit; nothing that exists changes its index, so that names,
//! debug information and the host's expectations hold:
//!
//! * `allocators` finds the entries, `allocation_probes` puts probes around them, `live_table` is their fast path;
//! * `pool_probes` does so for pools and arenas on top of them, which the user names;
//! * `call_graph` and `contexts` keep the calling context;
//! * `edits` adds what snapshot conditions need;
//! * `emit` writes the module, `map` leads back from its code to the original.
//!
//! A `start` function is taken out and exported: the host calls it when everything is in place.

mod allocation_probes;
mod allocators;
mod body;
mod call_graph;
mod components;
mod context_code;
mod contexts;
mod edits;
mod emit;
mod go_probes;
mod info;
mod live_release;
mod live_table;
mod map;
pub(crate) mod names;
mod pool_probes;
mod rewrite;
mod shortcuts;

use rayon::prelude::*;
use wasm_encoder::{ConstExpr, Encode, Function, GlobalType, MemoryType, RefType, TableType, ValType};

use crate::error::InstrumentError;
use crate::live::layout;
use allocators::Allocators;
pub use allocators::{AllocatorReport, Candidate, Evidence, Standing};
pub(crate) use allocators::{PoolAct, PoolKind, PoolSize};
use body::BodyFacts;
use call_graph::CallGraph;
use context_code::{ContextGlobals, ContextPlan};
use edits::ProbeSites;
use emit::{Additions, assemble};
pub(crate) use go_probes::{MAX_FRAMES as MAX_GO_FRAMES, MAX_STEPS as MAX_GO_STEPS};
use info::{ModuleInfo, is_function};
use live_table::Added;
pub use map::InstrumentMap;
pub(crate) use map::{PoolFunction, Probe};
use rewrite::{Edit, MoreLocals, NewBody};
use shortcuts::Shortcuts;

/// Whether the calling context of each allocation is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contexts {
    /// Of every allocation.
    #[default]
    Full,
    /// Of none; the guest is faster, and no allocation site is known.
    Off,
}

/// What instrumentation is to do.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Allocators besides those that are known by name: `ROLE=FUNCTION[:PARAMS]`, joined by semicolons. Roles are
    /// `alloc`, `calloc`, `memalign`, `realloc`, `resize` and `free`; PARAMS say what each parameter is, as in
    /// `alloc=pool_take:_,size;free=pool_give:_,block`. With `pool NAME:` or `arena NAME:` in front, functions that cut
    /// blocks of other allocators into smaller ones.
    pub allocators: Vec<String>,
    /// Calling contexts.
    pub contexts: Contexts,
    /// Functions whose calls the host is told of: imports (`name` or `module.name`), exports, names of the name section.
    pub calls: Vec<String>,
    /// Whether the host is told when memory is about to grow.
    pub grow: bool,
    /// Whether the host is told before live bytes fall from a new peak by as much as 0.8 %.
    pub peak: bool,
    /// Whether the host is told of every release, so that it can remember where blocks were released.
    pub frees: bool,
    /// Whether every event is written down for the host.
    pub events: bool,
}

/// An instrumented module.
#[derive(Debug)]
pub struct Instrumented {
    /// The module.
    pub wasm: Vec<u8>,
    /// What it is to the original.
    pub map: InstrumentMap,
}

/// Instruments a module. Time O(its size); bodies are rewritten in parallel.
///
/// # Errors
/// [`InstrumentError`] names the offending thing: what is no module, is malformed, uses a feature that cannot be carried
/// through, or lacks a function that the options name.
pub fn instrument(wasm: &[u8], options: &Options) -> Result<Instrumented, InstrumentError> {
    let info = ModuleInfo::parse(wasm)?;
    let allocators = Allocators::find(&info, &options.allocators)?;
    let sites = ProbeSites::find(&info, options)?;
    let pass = Pass::new(&info, &allocators, &sites, options);
    let mut map = InstrumentMap {
        functions: info.function_count(),
        has_memory: info.memories > 0,
        contexts: options.contexts == Contexts::Full,
        frees: options.frees,
        stack_pointer: stack_pointer(&info),
        probes: sites.probes.clone(),
        ..InstrumentMap::default()
    };
    map.set_allocators(&allocators, &info);
    map.shortcuts = pass.shortcuts.callers();
    let mut additions = Additions::default();
    pass.add_definitions(&mut additions);
    pass.add_bodies(&mut additions);
    pass.add_exports(&mut additions, &mut map);
    let (wasm, segments) = assemble(&info, &additions)?;
    map.segments = segments;
    Ok(Instrumented { wasm, map })
}

/// One module being instrumented.
struct Pass<'a> {
    info: &'a ModuleInfo<'a>,
    allocators: &'a Allocators,
    sites: &'a ProbeSites,
    shortcuts: Shortcuts,
    added: Added,
    plans: Vec<Option<ContextPlan<'a>>>,
    /// Globals that keep the context of an outermost activation.
    kept: u32,
    globals: ContextGlobals,
    /// Exported functions that get a thunk, by their place among the exports.
    thunks: Vec<usize>,
}

impl<'a> Pass<'a> {
    fn new(info: &'a ModuleInfo<'a>, allocators: &'a Allocators, sites: &'a ProbeSites, options: &Options) -> Self {
        let globals = info.globals.len() as u32;
        let contexts = options.contexts == Contexts::Full;
        let graph = CallGraph::new(info, allocators);
        let (plans, kept) = if contexts { contexts::plan(info, &graph, allocators) } else { (Vec::new(), 0) };
        let thunks = info
            .exports
            .iter()
            .enumerate()
            .filter(|(_, export)| is_function(export.kind) && graph.reaches_any(export.index))
            .map(|(place, _)| place)
            .collect();
        let added = Added {
            memory: info.memories,
            table: info.tables,
            first_host_type: info.types.len() as u32,
            context: globals,
            live_bytes: globals + 1,
            peak_bytes: globals + 2,
            depth: globals + 3,
            last: globals + 4,
            floor: globals + 5,
            event_at: globals + 6,
            record: info.function_count() + 1,
            tally: info.function_count() + 2,
            release: info.function_count() + 3,
            resize: info.function_count() + 4,
            granule_log2: allocators.granule_log2(),
            contexts,
            peak: options.peak,
            frees: options.frees,
            events: options.events,
        };
        let globals = ContextGlobals { context: added.context, first_kept: globals + 7 };
        let shortcuts = Shortcuts::find(info, allocators, sites);
        Self { info, allocators, sites, shortcuts, added, plans, kept, globals, thunks }
    }

    /// Index of the function that records an object of Go's.
    fn go_record(&self) -> u32 {
        self.added.resize + 1
    }

    /// Index of the function that tells the host of a probe.
    fn probe_function(&self) -> u32 {
        self.info.function_count()
    }

    fn add_definitions(&self, additions: &mut Additions) {
        // Function types with 32-bit parameters and no result, in the order of the host functions; then that of Go's
        // `$record`.
        for params in layout::HOST_PARAMETERS.into_iter().chain([4]) {
            let mut ty = vec![0x60, params];
            ty.extend(std::iter::repeat_n(0x7F, usize::from(params)));
            ty.push(0);
            additions.types.push_raw(&ty);
        }
        let size = u64::from(layout::HOST_FUNCTIONS);
        additions.tables.push(&TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: size,
            maximum: Some(size),
            shared: false,
        });
        additions.memories.push(&MemoryType {
            minimum: layout::pages(self.added.granule_log2),
            maximum: Some(1 << 16),
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let word = |ty| GlobalType { val_type: ty, mutable: true, shared: false };
        let mut global = |ty, init: ConstExpr| {
            let mut bytes = Vec::new();
            word(ty).encode(&mut bytes);
            init.encode(&mut bytes);
            additions.globals.push_raw(&bytes);
        };
        let zero = || (ValType::I64, ConstExpr::i64_const(0));
        let context = (ValType::I32, ConstExpr::i32_const(1));
        for (ty, init) in [context, zero(), zero()] {
            global(ty, init);
        }
        let word_zero = (ValType::I32, ConstExpr::i32_const(0));
        let last = (ValType::I32, ConstExpr::i32_const(layout::LAST_ELSEWHERE as i32));
        for (ty, init) in [word_zero, last, zero(), (ValType::I32, ConstExpr::i32_const(0))] {
            global(ty, init);
        }
        for _ in 0..self.kept as usize + self.allocators.pools.len() {
            global(ValType::I32, ConstExpr::i32_const(0));
        }
        use layout::HostFunction::{Probe, Record, Release, Resize, Tally};
        for like in [Probe, Record, Tally, Release, Resize] {
            additions.functions.push(&(self.added.first_host_type + like as u32));
        }
        if self.allocators.go.is_some() {
            // The type of `$record` comes behind those of the host functions.
            additions.functions.push(&(self.added.first_host_type + layout::HOST_FUNCTIONS));
        }
        for &place in &self.thunks {
            additions.functions.push(&self.info.function_types[self.info.exports[place].index as usize]);
        }
    }

    fn add_bodies(&self, additions: &mut Additions) {
        additions.bodies =
            self.info.bodies.par_iter().enumerate().map(|(index, facts)| self.body(facts, index)).collect();
        let mut probe = Function::new([]);
        let mut code = probe.instructions();
        code.local_get(0);
        self.added.call_host(&mut code, layout::HostFunction::Probe);
        code.end();
        additions.bodies.push(NewBody::added(probe));
        let of_table = [
            allocation_probes::record_function(&self.added),
            allocation_probes::tally_function(&self.added),
            allocation_probes::release_function(&self.added),
            allocation_probes::resize_function(&self.added),
        ];
        additions.bodies.extend(of_table.map(NewBody::added));
        if let Some(go) = &self.allocators.go {
            let functions = (go.program.strides.len() as u32).min(layout::STRIDES_MAX);
            additions.bodies.push(NewBody::added(go_probes::record_function(&self.added, functions)));
        }
        additions.bodies.extend(self.thunks.iter().map(|&place| NewBody::added(self.thunk(place))));
    }

    /// A body with its edits.
    fn body(&self, facts: &BodyFacts, index: usize) -> NewBody {
        let function = self.info.imported() + index as u32;
        let mut edits: Vec<Edit> = Vec::new();
        let mut locals = MoreLocals::default();
        let before = self.sites.at_entry(function, self.probe_function());
        if let Some(entry) = self.allocators.go_entry(function) {
            (edits, locals) = go_probes::edits(self.info, entry, facts, self.go_record(), before);
        } else if let Some(entry) = self.allocators.entries.iter().find(|entry| entry.function == function) {
            (edits, locals) = allocation_probes::edits(self.info, entry, facts, &self.added, before);
        } else if let Some(number) = self.allocators.pool_entry(function) {
            let entry = &self.allocators.pool_entries[number];
            let depth = self.globals.first_kept + self.kept + entry.pool;
            (edits, locals) = pool_probes::edits(self.info, (number, entry), facts, (&self.added, depth), before);
        } else {
            if !before.is_empty() {
                edits.push(Edit { at: facts.code, remove: 0, insert: before });
            }
            if let Some(plan) = self.plans.get(index).and_then(Option::as_ref) {
                edits.extend(plan.edits(self.info, facts, self.globals));
                locals = plan.locals();
            }
        }
        let own = edits.len();
        edits.extend(self.sites.inside(facts, self.probe_function()));
        edits.extend(self.shortcuts.edits(self.info, facts));
        if edits.len() > own {
            // Stable, so that what belongs to the entry of the function comes first.
            edits.sort_by_key(|edit| edit.at);
        }
        NewBody::edited(self.info.bytes, facts, locals, &edits)
    }

    /// A function that the host calls in place of an exported one: it begins a calling context of its own, and no
    /// allocator entry or function of a pool is active in it.
    fn thunk(&self, place: usize) -> Function {
        let export = &self.info.exports[place];
        let params = self.info.signature(export.index).map_or(0, |signature| signature.params.len() as u32);
        let mut saved =
            vec![(self.added.context, contexts::site_number(u32::MAX, place as u32)), (self.added.depth, 0)];
        let first_pool = self.globals.first_kept + self.kept;
        saved.extend((first_pool..).take(self.allocators.pools.len()).map(|depth| (depth, 0)));
        let mut function = Function::new([(saved.len() as u32, ValType::I32)]);
        let mut code = function.instructions();
        for (local, &(global, value)) in (params..).zip(&saved) {
            code.global_get(global).local_set(local).i32_const(value).global_set(global);
        }
        for param in 0..params {
            code.local_get(param);
        }
        code.call(export.index);
        for (local, (global, _)) in (params..).zip(&saved) {
            code.local_get(local).global_set(*global);
        }
        code.end();
        function
    }

    fn add_exports(&self, additions: &mut Additions, map: &mut InstrumentMap) {
        let first_thunk = self.go_record() + u32::from(self.allocators.go.is_some());
        let mut export = |name: &str, kind: u8, index: u32| {
            let mut bytes = Vec::new();
            name.encode(&mut bytes);
            bytes.push(kind);
            index.encode(&mut bytes);
            additions.exports.push_raw(&bytes);
        };
        for (place, original) in self.info.exports.iter().enumerate() {
            let thunk = self.thunks.binary_search(&place).ok().map(|at| first_thunk + at as u32);
            export(original.name, kind_byte(original.kind), thunk.unwrap_or(original.index));
        }
        const FUNCTION: u8 = 0;
        const TABLE: u8 = 1;
        const MEMORY: u8 = 2;
        const GLOBAL: u8 = 3;
        if self.info.memories > 0 {
            export(names::MEMORY, MEMORY, 0);
        }
        export(names::LIVE_TABLE, MEMORY, self.added.memory);
        export(names::HOST_FUNCTIONS, TABLE, self.added.table);
        for (name, index) in [
            (names::CONTEXT, self.added.context),
            (names::LIVE_BYTES, self.added.live_bytes),
            (names::PEAK_BYTES, self.added.peak_bytes),
            (names::DEPTH, self.added.depth),
            (names::LAST, self.added.last),
            (names::FLOOR, self.added.floor),
            (names::EVENT_AT, self.added.event_at),
        ] {
            export(name, GLOBAL, index);
        }
        for (index, (ty, mutable)) in (0u32..).zip(&self.info.globals) {
            if *mutable && matches!(ty, wasmparser::ValType::I32 | wasmparser::ValType::I64) {
                export(&names::global(index), GLOBAL, index);
                map.globals.push(index);
            }
        }
        if let Some(start) = self.info.start {
            export(names::START, FUNCTION, start);
        }
    }
}

/// The stack pointer of the shadow stack: by name; in a module without names of globals, the first one.
fn stack_pointer(info: &ModuleInfo<'_>) -> Option<u32> {
    let changes = |index: &u32| info.globals.get(*index as usize) == Some(&(wasmparser::ValType::I32, true));
    let named = info.global_names.iter().find(|(_, name)| name.ends_with("__stack_pointer")).map(|(index, _)| *index);
    let exported = info.exports.iter().find(|export| export.name == "__stack_pointer").map(|export| export.index);
    let first = || if info.global_names.is_empty() { Some(0) } else { None };
    named.or(exported).or_else(first).filter(changes)
}

fn kind_byte(kind: wasmparser::ExternalKind) -> u8 {
    match kind {
        wasmparser::ExternalKind::Func => 0x00,
        wasmparser::ExternalKind::Table => 0x01,
        wasmparser::ExternalKind::Memory => 0x02,
        wasmparser::ExternalKind::Global => 0x03,
        wasmparser::ExternalKind::Tag => 0x04,
        wasmparser::ExternalKind::FuncExact => 0x20,
    }
}
