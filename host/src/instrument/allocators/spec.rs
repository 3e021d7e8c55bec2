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
//! Example: `alloc=pool_take:_,size;free=pool_give:_,block`.

use super::{Entry, Evidence, Layer, Role, fits};
use crate::error::InstrumentError;
use crate::instrument::info::ModuleInfo;

/// The entries that a specification names.
pub(super) fn parse(info: &ModuleInfo<'_>, text: &str) -> Result<Vec<Entry>, InstrumentError> {
    text.split(';').map(|item| parse_item(info, text, item.trim())).collect()
}

fn parse_item(info: &ModuleInfo<'_>, spec: &str, item: &str) -> Result<Entry, InstrumentError> {
    let fail = |reason: String| InstrumentError::AllocatorSyntax { spec: spec.to_owned(), reason };
    let Some((verb, rest)) = item.split_once('=') else {
        return Err(fail(format!("`{item}` is not of the form ROLE=FUNCTION")));
    };
    let (name, params) = split_params(rest);
    let role = role_of(verb, &params).map_err(&fail)?;
    let function = find(info, name)
        .ok_or_else(|| InstrumentError::UnknownAllocator { spec: spec.to_owned(), name: name.to_owned() })?;
    if !fits(info, function, role) {
        return Err(fail(format!("the parameters or results of `{name}` do not fit")));
    }
    Ok(Entry::new(function, name, role, Layer::Given, Evidence::Specification))
}

fn find(info: &ModuleInfo<'_>, name: &str) -> Option<u32> {
    if let Some(index) = name.strip_prefix('#') {
        return index.parse().ok().filter(|&index| info.body(index).is_some());
    }
    info.functions_by_name().get(name).copied()
}

/// Names may hold colons (`std::pool::take`): only words that are parameters throughout are taken as such.
fn split_params(rest: &str) -> (&str, Vec<&str>) {
    if let Some((name, list)) = rest.rsplit_once(':') {
        let words: Vec<&str> = list.split(',').map(str::trim).collect();
        if words.iter().all(|word| ["size", "count", "block", "out", "_"].contains(word)) {
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
