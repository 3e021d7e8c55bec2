//! Calling contexts without walking the stack.
//!
//! Bond and McKinley, Probabilistic Calling Context, OOPSLA 2007: a global V stands for the calls that are active. A
//! function that may reach an allocator keeps V at entry in a local, and sets V before each such call:
//!
//! ```text
//! Before: (call $f)     After: (global.set $V (i32.add (i32.mul (local.get $entry) K) SITE)) (call $f)
//! ```
//!
//! An allocation records V; the first time a V is seen, the host takes a real backtrace and binds it. V of 32 bits: with n
//! contexts about n²/2³³ pairs of them are taken for one (0.3 at 50,000).
//!
//! Recursion stays bounded. Calls inside a cycle of direct calls pass the caller's own V on. A function that is called
//! through tables and lies on a cycle keeps the V of its outermost live activation in a global of its own, restored on
//! every exit, exceptional ones too. Functions with one such call outside loops are left as they are: V passes through.
//!
//! NB: exits need no code otherwise, for every caller sets V again before its next call. Tail calls are calls.

use wasm_encoder::{BlockType, Catch, Encode, Instruction, ValType};

use super::allocators::Allocators;
use super::body::{BodyFacts, CallKind, CallSite};
use super::call_graph::CallGraph;
use super::info::ModuleInfo;
use super::rewrite::Edit;

/// The factor of the hash.
const FACTOR: i32 = 0x9E37_79B1_u32 as i32;

/// Indices that the pass needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ContextGlobals {
    /// The global V.
    pub(crate) context: u32,
    /// The first of the globals that keep the V of an outermost activation.
    pub(crate) first_kept: u32,
}

/// What is to be done to one function.
#[derive(Debug)]
pub(crate) struct ContextPlan<'a> {
    function: u32,
    sites: Vec<(&'a CallSite, Update)>,
    /// Which of the keeping globals is its own, and the types of its results.
    keeps: Option<(u32, Vec<ValType>)>,
}

/// What V becomes before a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Update {
    /// What it was at entry.
    Same,
    /// A hash of that and of the site.
    Site(i32),
}

/// Plans for all functions, in order, and the number of keeping globals.
pub(crate) fn plan<'a>(
    info: &'a ModuleInfo<'_>,
    graph: &CallGraph,
    allocators: &Allocators,
) -> (Vec<Option<ContextPlan<'a>>>, u32) {
    let mut kept = 0;
    let mut plans = Vec::with_capacity(info.bodies.len());
    for (index, body) in info.bodies.iter().enumerate() {
        let function = info.imported() + index as u32;
        let is_entry = allocators.entries.iter().any(|entry| entry.function == function);
        plans.push(if is_entry || !graph.reaches(function) {
            None
        } else {
            plan_function(info, graph, function, body, &mut kept)
        });
    }
    (plans, kept)
}

fn plan_function<'a>(
    info: &ModuleInfo<'_>,
    graph: &CallGraph,
    function: u32,
    body: &'a BodyFacts,
    kept: &mut u32,
) -> Option<ContextPlan<'a>> {
    let mut sites = Vec::new();
    for (ordinal, call) in body.calls.iter().enumerate() {
        if graph.call_reaches(call) {
            let same = graph.stays_in_cycle(function, call);
            sites.push((call, if same { Update::Same } else { Update::Site(site_number(function, ordinal as u32)) }));
        }
    }
    let results = || info.signature(function)?.results.iter().map(plain_type).collect::<Option<Vec<ValType>>>();
    let mut keeps = None;
    if info.address_taken[function as usize]
        && graph.on_cycle(function)
        && let Some(results) = results().filter(|results| results.len() <= 1)
    {
        keeps = Some((*kept, results));
        *kept += 1;
    }
    match sites.as_slice() {
        [] => None,
        [(only, _)] if keeps.is_none() && !only.in_loop => None,
        _ => Some(ContextPlan { function, sites, keeps }),
    }
}

impl ContextPlan<'_> {
    /// How many 32-bit locals the function needs in addition.
    pub(crate) fn locals(&self) -> u32 {
        if self.keeps.is_some() { 2 } else { 1 }
    }

    /// The edits of the function's body, in order.
    pub(crate) fn edits(&self, info: &ModuleInfo<'_>, body: &BodyFacts, globals: ContextGlobals) -> Vec<Edit> {
        let params = info.signature(self.function).map_or(0, |signature| signature.params.len() as u32);
        let code = Code {
            entry: params + body.locals,
            saved: params + body.locals + 1,
            context: globals.context,
            kept: self.keeps.as_ref().map(|(kept, _)| globals.first_kept + kept),
        };
        let mut edits = vec![insert(body.code, self.prologue(&code, info.tags > 0))];
        for (call, update) in &self.sites {
            edits.push(insert(call.at, code.before_call(*update)));
        }
        if self.keeps.is_some() {
            for call in body.calls.iter().filter(|call| call.kind == CallKind::Tail) {
                edits.push(insert(call.at, code.restore()));
            }
            for site in &body.returns {
                edits.push(Edit { at: site.at, remove: 1, insert: encode(&[Instruction::Br(site.depth)]) });
            }
            edits.push(insert(body.end, code.epilogue(info.tags > 0)));
            // Stable: of two edits before one tail call, V is set first.
            edits.sort_by_key(|edit| edit.at);
        }
        edits
    }

    fn prologue(&self, code: &Code, exceptions: bool) -> Vec<u8> {
        let Some((_, results)) = &self.keeps else {
            return encode(&[Instruction::GlobalGet(code.context), Instruction::LocalSet(code.entry)]);
        };
        let kept = code.kept.unwrap_or_default();
        let ty = results.first().map_or(BlockType::Empty, |ty| BlockType::Result(*ty));
        let mut start = encode(&[
            Instruction::GlobalGet(kept),
            Instruction::LocalTee(code.saved),
            Instruction::GlobalGet(code.context),
            Instruction::LocalGet(code.saved),
            Instruction::Select,
            Instruction::LocalTee(code.entry),
            Instruction::GlobalSet(kept),
        ]);
        if exceptions {
            let caught = BlockType::Result(ValType::Ref(wasm_encoder::RefType::EXNREF));
            Instruction::Block(ty).encode(&mut start);
            Instruction::Block(caught).encode(&mut start);
            Instruction::TryTable(ty, vec![Catch::AllRef { label: 0 }].into()).encode(&mut start);
        } else {
            Instruction::Block(ty).encode(&mut start);
        }
        start
    }
}

/// Where things are in one function.
struct Code {
    entry: u32,
    saved: u32,
    context: u32,
    kept: Option<u32>,
}

impl Code {
    fn before_call(&self, update: Update) -> Vec<u8> {
        match update {
            Update::Same => encode(&[Instruction::LocalGet(self.entry), Instruction::GlobalSet(self.context)]),
            Update::Site(site) => encode(&[
                Instruction::LocalGet(self.entry),
                Instruction::I32Const(FACTOR),
                Instruction::I32Mul,
                Instruction::I32Const(site),
                Instruction::I32Add,
                Instruction::GlobalSet(self.context),
            ]),
        }
    }

    fn restore(&self) -> Vec<u8> {
        match self.kept {
            Some(kept) => encode(&[Instruction::LocalGet(self.saved), Instruction::GlobalSet(kept)]),
            None => Vec::new(),
        }
    }

    /// The body's own `end` has closed the innermost block by now.
    fn epilogue(&self, exceptions: bool) -> Vec<u8> {
        let mut end = Vec::new();
        if exceptions {
            end = encode(&[Instruction::Br(1), Instruction::End]);
            end.extend(self.restore());
            end.extend(encode(&[Instruction::ThrowRef, Instruction::End]));
        }
        end.extend(self.restore());
        Instruction::End.encode(&mut end);
        end
    }
}

fn insert(at: usize, insert: Vec<u8>) -> Edit {
    Edit { at, remove: 0, insert }
}

fn encode(instructions: &[Instruction<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for instruction in instructions {
        instruction.encode(&mut bytes);
    }
    bytes
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
