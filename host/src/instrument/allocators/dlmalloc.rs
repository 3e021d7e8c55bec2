//! Doug Lea's malloc in modules without names, by the shape of its code.
//!
//! wasi-libc and Emscripten link it, and so does every Rust or C++ program on top of them. What the compiler leaves
//! alone: `malloc` is one large function near `memory.grow` with constants of its own (masks of sizes and of the bins of
//! small blocks); its state is a struct of static data, so that all functions that know it use the same addresses.
//!
//! * Anchor: functions that grow memory, or call an import that does, and their callers, through small functions.
//! * `malloc` among them: takes and returns a 32-bit word, 4 to 9 kB, constant -8, and three more of its constants.
//! * The family: functions that use at least six of the twelve addresses that `malloc` uses most.
//! * What calls those and is small: `calloc`, `memalign` and their like, and wrappers that only pass on.
//!
//! Without the anchor interpreters of bytecode look more like it than it does itself. A program that has two is told
//! of both. Time O(functions + bytes of the bodies that fit).

use rayon::prelude::*;
use wasmparser::ValType;

use super::evidence::Evidence;
use super::fingerprint::Fingerprint;
use super::{Entry, Layer, Role};
use crate::instrument::body::BodyFacts;
use crate::instrument::info::{ModuleInfo, is_function};

/// Bodies through which callers of what grows memory are followed.
const SMALL_BYTES: usize = 200;
/// Bodies of functions that only pass their parameters on.
const WRAPPER_BYTES: usize = 12;
const MALLOC_BYTES: std::ops::Range<usize> = 4_000..9_000;
/// Sizes and masks that `malloc` is written with: limits of requests, bits of headers, the map of small bins.
const CONSTANTS: [i32; 7] = [-64, -65, -2, 255, 256, 31, 0x00FF_FFFF];
/// Rounds sizes up to whole blocks.
const ROUND: i32 = -8;
/// The number by which it knows that its state is initialised, as in wasi-libc and Emscripten.
const MAGIC: [i32; 2] = [0x5555_5558, 0x5858_5858];
/// Error codes that `posix_memalign` returns under WASI: EINVAL and ENOMEM.
const ERRORS: [i32; 2] = [28, 48];
/// Addresses of its state that are compared, and how many must be shared.
const STATE: usize = 12;
const SHARED: usize = 6;

/// The functions of one dlmalloc, unless there is none.
pub(super) fn find(info: &ModuleInfo<'_>) -> Vec<Entry> {
    let anchored = anchored(info);
    let mut found: Vec<(u32, Fingerprint)> = anchored
        .into_iter()
        .filter_map(|function| {
            let body = info.body(function)?;
            if !has_shape(info, function, 1, 1) || !MALLOC_BYTES.contains(&length(body)) {
                return None;
            }
            let print = Fingerprint::of(info, body);
            (print.has(ROUND) && print.count_of(&CONSTANTS) >= 3).then_some((function, print))
        })
        .collect();
    found.sort_by_key(|(function, print)| (std::cmp::Reverse(print.count_of(&CONSTANTS)), *function));
    found.into_iter().flat_map(|(malloc, print)| Family::new(info, malloc, &print).entries(&print)).collect()
}

fn length(body: &BodyFacts) -> usize {
    body.end - body.start
}

/// Whether a function takes and returns so many 32-bit words.
fn has_shape(info: &ModuleInfo<'_>, function: u32, params: usize, results: usize) -> bool {
    info.signature(function).is_some_and(|signature| {
        signature.params.len() == params
            && signature.results.len() == results
            && signature.params.iter().chain(&signature.results).all(|ty| *ty == ValType::I32)
    })
}

fn calls<'a>(body: &'a BodyFacts, among: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    super::direct_callees(body).filter(|callee| among.contains(callee))
}

/// Functions that grow memory or get it from the host, and what calls them, ascending.
fn anchored(info: &ModuleInfo<'_>) -> Vec<u32> {
    let imports = (0u32..).zip(&info.imports).filter(|(_, import)| import.name.contains("resize_heap"));
    let mut growing: Vec<u32> = imports.map(|(function, _)| function).collect();
    let defined = || (info.imported()..).zip(&info.bodies);
    growing.extend(defined().filter(|(_, body)| !body.grows.is_empty()).map(|(function, _)| function));
    // `sbrk` in between, and a wrapper of it at most.
    let mut all = growing.clone();
    for _ in 0..3 {
        let callers: Vec<u32> = defined()
            .filter(|(function, body)| !all.contains(function) && calls(body, &growing).next().is_some())
            .map(|(function, _)| function)
            .collect();
        all.extend(&callers);
        growing = callers
            .into_iter()
            .filter(|&function| info.body(function).is_some_and(|body| length(body) <= SMALL_BYTES))
            .collect();
        if growing.is_empty() {
            break;
        }
    }
    all.sort_unstable();
    all
}

/// What works on the same state as one `malloc`.
struct Family<'a> {
    info: &'a ModuleInfo<'a>,
    malloc: u32,
    /// Functions that use the state, `malloc` left out, ascending.
    kin: Vec<u32>,
    /// How many addresses of the state each of them uses.
    shared: Vec<usize>,
}

impl<'a> Family<'a> {
    fn new(info: &'a ModuleInfo<'a>, malloc: u32, print: &Fingerprint) -> Self {
        let state = print.state(STATE);
        let kin: Vec<(u32, usize)> = info
            .bodies
            .par_iter()
            .enumerate()
            .filter_map(|(index, body)| {
                let function = info.imported() + index as u32;
                if function == malloc || !(700..3_000).contains(&length(body)) {
                    return None;
                }
                let shared = Fingerprint::of(info, body).shares(&state);
                (shared >= SHARED.min(state.len())).then_some((function, shared))
            })
            .collect();
        let (kin, shared) = kin.into_iter().unzip();
        Self { info, malloc, kin, shared }
    }

    fn entries(&self, print: &Fingerprint) -> Vec<Entry> {
        let certain = MAGIC.iter().any(|magic| print.has(*magic));
        let bytes = self.info.body(self.malloc).map_or(0, length);
        let mut seen = format!(
            "{bytes} bytes near memory.grow, {} of {} constants of dlmalloc",
            print.count_of(&CONSTANTS),
            CONSTANTS.len()
        );
        if certain {
            seen.push_str(", its magic number");
        }
        let malloc = Role::Allocate { size: 0, count: None };
        let mut entries = vec![self.entry(self.malloc, "dlmalloc", malloc, seen, certain)];
        for (&function, &shared) in self.kin.iter().zip(&self.shared) {
            let seen = || format!("uses {shared} of the {STATE} addresses of the state of #{}", self.malloc);
            let Some(body) = self.info.body(function) else { continue };
            if has_shape(self.info, function, 1, 0) {
                entries.push(self.entry(function, "dlfree", Role::Release { block: 0 }, seen(), certain));
            } else if has_shape(self.info, function, 2, 1) && calls(body, &[self.malloc]).next().is_some() {
                let role = Role::Reallocate { block: 0, size: 1, count: None };
                entries.push(self.entry(function, "realloc", role, seen(), certain));
            }
        }
        self.add_callers(&mut entries, certain);
        let internal = |entry: &Entry| entry.name == "memalign" && self.is_internal(entry.function, &entries);
        let keep: Vec<bool> = entries.iter().map(|entry| !internal(entry)).collect();
        let mut keep = keep.into_iter();
        entries.retain(|_| keep.next() == Some(true));
        self.add_wrappers(&mut entries, certain);
        entries
    }

    /// `calloc` and the aligned ones: small functions that call `malloc`, or what calls it.
    fn add_callers(&self, entries: &mut Vec<Entry>, certain: bool) {
        let known: Vec<u32> = entries.iter().map(|entry| entry.function).chain(self.kin.iter().copied()).collect();
        let callers: Vec<(u32, &BodyFacts)> = (self.info.imported()..)
            .zip(&self.info.bodies)
            .filter(|(function, body)| !known.contains(function) && (20..700).contains(&length(body)))
            .collect();
        let calls_malloc = |body: &BodyFacts| calls(body, &[self.malloc]).next().is_some();
        let cutters: Vec<u32> =
            self.kin.iter().copied().filter(|&function| has_shape(self.info, function, 2, 0)).collect();
        let mut aligned = Vec::new();
        for &(function, body) in &callers {
            if !calls_malloc(body) || !has_shape(self.info, function, 2, 1) {
                continue;
            }
            let print = Fingerprint::of(self.info, body);
            if print.multiplies && print.has(-4) && print.has(3) && print.has(0xFFFF + 1) {
                let role = Role::Allocate { size: 1, count: Some(0) };
                let seen = format!("multiplies, calls #{}, looks at the header of the block", self.malloc);
                entries.push(self.entry(function, "calloc", role, seen, certain));
            } else if calls(body, &cutters).next().is_some() && print.has(-64) {
                let seen = format!("calls #{} and cuts what it got", self.malloc);
                let role = Role::Allocate { size: 1, count: None };
                entries.push(self.entry(function, "memalign", role, seen, certain));
                aligned.push(function);
            }
        }
        for &(function, body) in &callers {
            let Some(lower) = calls(body, &aligned).next() else { continue };
            let seen = format!("calls #{lower}, which aligns");
            if has_shape(self.info, function, 2, 1) && length(body) <= SMALL_BYTES / 2 {
                let role = Role::Allocate { size: 1, count: None };
                entries.push(self.entry(function, "aligned_alloc", role, seen, certain));
            } else if has_shape(self.info, function, 3, 1)
                && length(body) <= SMALL_BYTES
                && Fingerprint::of(self.info, body).count_of(&ERRORS) == ERRORS.len()
            {
                let role = Role::AllocateOut { out: 0, size: 2 };
                entries.push(self.entry(function, "posix_memalign", role, seen, certain));
            }
        }
    }

    /// Whether only other entries call a function.
    fn is_internal(&self, function: u32, entries: &[Entry]) -> bool {
        let is_entry = |caller: u32| entries.iter().any(|entry| entry.function == caller);
        let exported = self.info.exports.iter().any(|export| is_function(export.kind) && export.index == function);
        let mut callers = (self.info.imported()..).zip(&self.info.bodies);
        let elsewhere = callers.any(|(caller, body)| !is_entry(caller) && calls(body, &[function]).next().is_some());
        !elsewhere && !exported && !self.info.address_taken[function as usize]
    }

    /// Functions that do nothing but call one of these: `malloc` around `dlmalloc`.
    fn add_wrappers(&self, entries: &mut Vec<Entry>, certain: bool) {
        for (function, body) in (self.info.imported()..).zip(&self.info.bodies) {
            if length(body) > WRAPPER_BYTES {
                continue;
            }
            let Some(callee) = super::layers::passes_on_to(self.info, function) else { continue };
            let Some(at) = entries.iter().position(|entry| entry.function == callee) else { continue };
            let (name, role) = (entries[at].name.trim_start_matches("dl").to_owned(), entries[at].role);
            let seen = format!("does nothing but call #{callee}");
            entries.push(self.entry(function, &name, role, seen, certain));
        }
    }

    fn entry(&self, function: u32, name: &str, role: Role, seen: String, certain: bool) -> Entry {
        Entry::new(function, name, role, Layer::C, Evidence::Structure { seen, certain })
    }
}
