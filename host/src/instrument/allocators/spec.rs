//! Allocators that the user names.
//!
//! ```text
//! SPEC   = ITEM *(";" ITEM)
//! ITEM   = ROLE "=" FUNCTION [ ":" PARAM *("," PARAM) ]
//! ROLE   = "alloc" | "calloc" | "memalign" | "realloc" | "resize" | "free"
//! PARAM  = "size" | "count" | "block" | "out" | "_"
//! ```
//!
//! FUNCTION is a name of the name section, an export, or `#` and a function's index. PARAMs say what each parameter is, in
//! order; `_` is one that does not matter, and trailing ones may be left out. Without them: `alloc=F:size`,
//! `calloc=F:count,size`, `memalign=F:out,_,size` (stores the address, returns zero for success), `realloc=F:block,size`,
//! `resize=F:block,size` (returns whether the block could change its size in place), `free=F:block`.
//!
//! Example: `alloc=pool_take:_,size;free=pool_give:_,block`. Pools and arenas on top of other allocators have a form of
//! their own: see [`pools`](super::pools).

use super::pools::{self, PoolEntry, PoolName};
use super::{Entry, Evidence, Layer, Role, fits};
use crate::error::InstrumentError;
use crate::instrument::info::ModuleInfo;

/// What specifications name.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Functions of allocators.
    pub(super) entries: Vec<Entry>,
    /// Pools and arenas, in the order in which they were named: each may stand on those before it.
    pub(super) pools: Vec<PoolName>,
    /// Their functions, ascending.
    pub(super) pool_entries: Vec<PoolEntry>,
}

impl Given {
    /// Reads specifications.
    pub(super) fn parse(info: &ModuleInfo<'_>, specs: &[String]) -> Result<Self, InstrumentError> {
        let mut given = Self::default();
        for spec in specs {
            match pools::level(spec) {
                None => {
                    for item in spec.split(';') {
                        given.entries.push(entry(info, spec, item.trim())?);
                    }
                }
                Some((kind, name, items)) => {
                    let pool = given.pools.len() as u32;
                    for item in items.split(';') {
                        given.add_to_pool(info, spec, item.trim(), pool)?;
                    }
                    let first = given.pool_entries.iter().find(|entry| entry.pool == pool);
                    let first = first.map_or("", |entry| &entry.name);
                    let name = if name.is_empty() { first } else { name }.to_owned();
                    given.pools.push(PoolName { kind, name });
                }
            }
        }
        given.pool_entries.sort_by_key(|entry| entry.function);
        pools::settle(info, &mut given.pool_entries);
        Ok(given)
    }

    /// Whether a function is one of a pool.
    pub(super) fn is_pool(&self, function: u32) -> bool {
        self.pool_entries.iter().any(|entry| entry.function == function)
    }

    fn add_to_pool(&mut self, info: &ModuleInfo<'_>, spec: &str, item: &str, pool: u32) -> Result<(), InstrumentError> {
        let (verb, name, params) = split(spec, item)?;
        let function = find(info, spec, name)?;
        let fail = |reason: String| InstrumentError::AllocatorSyntax { spec: spec.to_owned(), reason };
        let entry = pools::entry(info, verb, &params, function, pool);
        let entry = entry.map_err(|reason| fail(format!("{reason} (`{item}`)")))?;
        let entry = PoolEntry { name: name.to_owned(), ..entry };
        if let Some(other) = self.pool_entries.iter().find(|other| other.function == function) {
            return Err(pools::taken_twice(spec, &entry, other));
        }
        self.pool_entries.push(entry);
        Ok(())
    }
}

fn entry(info: &ModuleInfo<'_>, spec: &str, item: &str) -> Result<Entry, InstrumentError> {
    let (verb, name, params) = split(spec, item)?;
    let fail = |reason: String| InstrumentError::AllocatorSyntax { spec: spec.to_owned(), reason };
    let role = role_of(verb, &params).map_err(&fail)?;
    let function = find(info, spec, name)?;
    if !fits(info, function, role) {
        return Err(fail(format!("the parameters or results of `{name}` do not fit")));
    }
    Ok(Entry::new(function, name, role, Layer::Given, Evidence::Specification))
}

/// Role, name and parameters of an item.
fn split<'a>(spec: &str, item: &'a str) -> Result<(&'a str, &'a str, Vec<&'a str>), InstrumentError> {
    let Some((verb, rest)) = item.split_once('=') else {
        let reason = format!("`{item}` is not of the form ROLE=FUNCTION");
        return Err(InstrumentError::AllocatorSyntax { spec: spec.to_owned(), reason });
    };
    let (name, params) = split_params(rest);
    Ok((verb, name, params))
}

fn find(info: &ModuleInfo<'_>, spec: &str, name: &str) -> Result<u32, InstrumentError> {
    let found = match name.strip_prefix('#') {
        Some(index) => index.parse().ok().filter(|&index| info.body(index).is_some()),
        None => info.functions_by_name().get(name).copied(),
    };
    found.ok_or_else(|| InstrumentError::UnknownAllocator { spec: spec.to_owned(), name: name.to_owned() })
}

/// Names may hold colons (`std::pool::take`): only words that are parameters throughout are taken as such.
fn split_params(rest: &str) -> (&str, Vec<&str>) {
    if let Some((name, list)) = rest.rsplit_once(':') {
        let words: Vec<&str> = list.split(',').map(str::trim).collect();
        if words.iter().all(|word| pools::is_param(word)) {
            return (name, words);
        }
    }
    (rest, Vec::new())
}

fn role_of(verb: &str, params: &[&str]) -> Result<Role, String> {
    let defaults: &[&str] = match verb {
        "alloc" => &["size"],
        "calloc" => &["count", "size"],
        "memalign" => &["out", "_", "size"],
        "realloc" | "resize" => &["block", "size"],
        "free" => &["block"],
        _ => return Err(format!("`{verb}` is no role; there are alloc, calloc, memalign, realloc, resize, free")),
    };
    let params = if params.is_empty() { defaults } else { params };
    let position = |word: &str| params.iter().position(|param| *param == word).map(|at| at as u32);
    let need = |word: &str| position(word).ok_or_else(|| format!("`{verb}` needs a parameter `{word}`"));
    Ok(match verb {
        "alloc" | "calloc" => Role::Allocate { size: need("size")?, count: position("count") },
        "memalign" => Role::AllocateOut { out: need("out")?, size: need("size")? },
        "realloc" => Role::Reallocate { block: need("block")?, size: need("size")?, count: position("count") },
        "resize" => Role::Resize { block: need("block")?, size: need("size")? },
        _ => Role::Release { block: need("block")? },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_colons() {
        assert_eq!(split_params("std::pool::take"), ("std::pool::take", vec![]));
        assert_eq!(split_params("std::pool::take:_,size"), ("std::pool::take", vec!["_", "size"]));
    }

    #[test]
    fn a_role_without_its_parameter_is_refused() {
        assert_eq!(role_of("alloc", &["block"]), Err("`alloc` needs a parameter `size`".to_owned()));
        assert!(role_of("allocate", &[]).is_err_and(|reason| reason.contains("`allocate` is no role")));
    }
}
