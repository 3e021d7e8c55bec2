//! Pools and arenas: allocators that cut blocks of another one into smaller ones. Nothing tells them but a specification.
//!
//! ```text
//! SPEC   = KIND [ NAME ] ":" ITEM *(";" ITEM)
//! KIND   = "pool" | "arena"
//! ITEM   = ROLE "=" FUNCTION [ ":" PARAM *("," PARAM) ]
//! ROLE   = "alloc" | "calloc" | "memalign" | "realloc" | "resize" | "free" | "reset"
//! PARAM  = "size" | "count" | "block" | "out" | "handle" | "size=" BYTES | "size@" OFFSET | "_"
//! ```
//!
//! `handle` tells the pools or arenas of one name apart; `size=BYTES` and `size@OFFSET` stand behind the parameters where no
//! size is passed: it always is so many bytes, or stands so far behind the handle.
//!
//! What is told of such an allocator never goes through the live table, whose cells belong to the blocks that are cut:
//! the host is told of everything, and keeps it. So nothing has to fit into a cell, and a guest without pools has no code
//! for them.

use serde::{Deserialize, Serialize};

use super::layers::Reach;
use crate::error::InstrumentError;
use crate::instrument::info::ModuleInfo;

/// Whether blocks live one by one or together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PoolKind {
    /// One by one.
    Pool,
    /// Together.
    Arena,
}

impl PoolKind {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Arena => "arena",
        }
    }
}

/// A pool or arena that was named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PoolName {
    /// Which of both.
    pub(crate) kind: PoolKind,
    /// Its name, by default that of its first function.
    pub(crate) name: String,
}

/// What a function of a pool does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PoolAct {
    /// Returns a block; zero is failure.
    Allocate,
    /// Stores a block's address; the result zero is success.
    AllocateOut,
    /// Gives a block another size and returns where it is now; zero is failure.
    Reallocate,
    /// Gives a block another size in place; returns whether it could.
    Resize,
    /// Takes a block back.
    Release,
    /// Takes all blocks back, or a block and all that were given out after it.
    Reset,
}

/// Where the size of a block comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PoolSize {
    /// From parameters.
    Passed,
    /// It always is this.
    Fixed(u32),
    /// From the word so many bytes behind the handle.
    Field(u32),
}

/// Positions of the parameters that matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PoolParams {
    /// The block, or where its address is stored.
    pub(crate) block: Option<u32>,
    /// What tells the pools or arenas of one name apart.
    pub(crate) handle: Option<u32>,
    /// Bytes, or bytes of one element.
    pub(crate) size: Option<u32>,
    /// Number of elements.
    pub(crate) count: Option<u32>,
}

/// A function of a pool, which is probed.
#[derive(Clone, Debug)]
pub(crate) struct PoolEntry {
    /// The function.
    pub(crate) function: u32,
    /// The name it was found by.
    pub(crate) name: String,
    /// The pool, by its place among those that were named.
    pub(crate) pool: u32,
    /// What it does.
    pub(crate) act: PoolAct,
    /// Where sizes come from.
    pub(crate) size: PoolSize,
    /// Its parameters.
    pub(crate) params: PoolParams,
    /// Number of its results.
    pub(crate) results: usize,
    /// Whether another function of the same pool can be reached from it, or it from another: then activations are counted.
    pub(crate) counts: bool,
}

/// Splits what stands in front of the first colon off, if it names a pool.
pub(super) fn level(spec: &str) -> Option<(PoolKind, &str, &str)> {
    let (head, items) = spec.split_once(':')?;
    let (word, name) = head.trim().split_once(char::is_whitespace).unwrap_or((head.trim(), ""));
    let kind = match word {
        "pool" => PoolKind::Pool,
        "arena" => PoolKind::Arena,
        _ => return None,
    };
    Some((kind, name.trim(), items))
}

/// Whether a word says what a parameter is.
pub(super) fn is_param(word: &str) -> bool {
    ["size", "count", "block", "out", "handle", "_"].contains(&word) || fixed_size(word).is_some()
}

fn fixed_size(word: &str) -> Option<PoolSize> {
    let rest = word.strip_prefix("size")?;
    if let Some(bytes) = rest.strip_prefix('=') {
        return bytes.parse().ok().map(PoolSize::Fixed);
    }
    rest.strip_prefix('@')?.parse().ok().map(PoolSize::Field)
}

/// What an item of a specification says of its function.
pub(super) fn entry(
    info: &ModuleInfo<'_>,
    verb: &str,
    params: &[&str],
    function: u32,
    pool: u32,
) -> Result<PoolEntry, String> {
    let (act, defaults): (PoolAct, &[&str]) = match verb {
        "alloc" => (PoolAct::Allocate, &["size"]),
        "calloc" => (PoolAct::Allocate, &["count", "size"]),
        "memalign" => (PoolAct::AllocateOut, &["out", "_", "size"]),
        "realloc" => (PoolAct::Reallocate, &["block", "size"]),
        "resize" => (PoolAct::Resize, &["block", "size"]),
        "free" => (PoolAct::Release, &["block"]),
        "reset" => (PoolAct::Reset, &[]),
        _ => {
            let known = "alloc, calloc, memalign, realloc, resize, free, reset";
            return Err(format!("`{verb}` is no role of a pool or arena; there are {known}"));
        }
    };
    let words = if params.is_empty() { defaults } else { params };
    let position = |word: &str| words.iter().position(|param| *param == word).map(|at| at as u32);
    let block = position(if act == PoolAct::AllocateOut { "out" } else { "block" });
    let params = PoolParams { block, handle: position("handle"), size: position("size"), count: position("count") };
    let size = words.iter().find_map(|word| fixed_size(word)).unwrap_or(PoolSize::Passed);
    let needs = |word: &str| Err(format!("`{verb}` needs a parameter `{word}`"));
    let sizeless = matches!(act, PoolAct::Release | PoolAct::Reset);
    if !sizeless && params.size.is_none() && size == PoolSize::Passed {
        return needs("size");
    }
    if matches!(size, PoolSize::Field(_)) && params.handle.is_none() {
        return needs("handle");
    }
    if params.block.is_none() && !matches!(act, PoolAct::Allocate | PoolAct::Reset) {
        return needs(if act == PoolAct::AllocateOut { "out" } else { "block" });
    }
    let Some(results) = fits(info, function, act, params) else {
        return Err("the parameters or results do not fit".to_owned());
    };
    Ok(PoolEntry { function, name: String::new(), pool, act, size, params, results, counts: false })
}

/// The number of results, if a function can act so: defined here, 32-bit integers, what it does with them.
fn fits(info: &ModuleInfo<'_>, function: u32, act: PoolAct, params: PoolParams) -> Option<usize> {
    let signature = info.signature(function)?;
    info.body(function)?;
    let words = signature.params.iter().chain(&signature.results).all(|ty| *ty == wasmparser::ValType::I32);
    let results = signature.results.len();
    let right = if matches!(act, PoolAct::Release | PoolAct::Reset) { results <= 1 } else { results == 1 };
    let used = [params.block, params.handle, params.size, params.count];
    let greatest = used.into_iter().flatten().max().map_or(0, |greatest| greatest as usize + 1);
    (words && right && greatest <= signature.params.len()).then_some(results)
}

/// Finds out which functions of a pool lead to others of it: each block is told once, by the one that was entered first.
pub(super) fn settle(info: &ModuleInfo<'_>, entries: &mut [PoolEntry]) {
    for index in 0..entries.len() {
        let pool = entries[index].pool;
        if !entries.iter().enumerate().any(|(other, entry)| other != index && entry.pool == pool) {
            continue;
        }
        let reach = Reach::from(info, entries[index].function);
        for other in 0..entries.len() {
            if entries[other].pool == pool && reach.function(entries[other].function) {
                entries[index].counts = true;
                entries[other].counts = true;
            }
        }
    }
}

/// `ROLE=#INDEX:PARAM,...`
pub(in crate::instrument) fn specification(info: &ModuleInfo<'_>, entry: &PoolEntry) -> String {
    let count = info.signature(entry.function).map_or(0, |signature| signature.params.len());
    let mut words = vec!["_".to_owned(); count];
    let out = entry.act == PoolAct::AllocateOut;
    let PoolParams { block, handle, size, count } = entry.params;
    for (at, word) in [(block, if out { "out" } else { "block" }), (handle, "handle"), (size, "size"), (count, "count")]
    {
        if let Some(place) = at.and_then(|at| words.get_mut(at as usize)) {
            word.clone_into(place);
        }
    }
    while words.last().is_some_and(|word| word == "_") {
        words.pop();
    }
    match entry.size {
        PoolSize::Passed => {}
        PoolSize::Fixed(bytes) => words.push(format!("size={bytes}")),
        PoolSize::Field(offset) => words.push(format!("size@{offset}")),
    }
    let verb = match entry.act {
        PoolAct::Allocate if count.is_some() => "calloc",
        PoolAct::Allocate => "alloc",
        PoolAct::AllocateOut => "memalign",
        PoolAct::Reallocate => "realloc",
        PoolAct::Resize => "resize",
        PoolAct::Release => "free",
        PoolAct::Reset => "reset",
    };
    let params = words.join(",");
    let colon = if params.is_empty() { "" } else { ":" };
    format!("{verb}=#{}{colon}{params}", entry.function)
}

/// What a specification in the form of [`InstrumentError::AllocatorSyntax`] is refused for.
pub(super) fn taken_twice(spec: &str, entry: &PoolEntry, other: &PoolEntry) -> InstrumentError {
    let reason = format!("`{}` is given as `{}` already", entry.name, other.name);
    InstrumentError::AllocatorSyntax { spec: spec.to_owned(), reason }
}
