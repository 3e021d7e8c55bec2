//! How a layout is shown: without what only the library that wrote it needs to see.
//!
//! `Vec<T>` is not shown as five structs around a pointer, a base class's members are the class's own, and a fat pointer
//! is one reference. The engine's types and the names of relations are both made from this view.

use super::containers::{self, Known};
use super::form::{Form, Language, LayoutId, Member, Record};
use super::slots::{self, Bytes};
use super::types::Layouts;

/// Wrappers inside wrappers that are looked through.
const MAX_WRAPPERS: usize = 24;
/// Bases inside bases whose members are shown.
const MAX_BASES: usize = 64;

/// What is shown of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Anything.
    Opaque,
    /// No reference.
    Scalar,
    /// One reference.
    Pointer,
    /// Values side by side.
    Array(LayoutId),
    /// Parts by offset.
    Parts(Vec<Member>),
}

/// What is shown of a type; of an enum with payloads all cases, or the one that `value` at `offset` is in.
pub(super) fn view(layouts: &Layouts, ty: LayoutId, value: Option<(Bytes<'_>, u64)>) -> View {
    let ty = unwrapped(layouts, ty);
    match &layouts.get(ty).form {
        Form::Unknown => View::Opaque,
        Form::Scalar(_) => View::Scalar,
        Form::Pointer(_) => View::Pointer,
        Form::Array { element, .. } => View::Array(*element),
        Form::Record(record) => match containers::known(layouts, ty, record) {
            Some(
                Known::Node { .. }
                | Known::InnerNode { .. }
                | Known::Range { .. }
                | Known::Group { .. }
                | Known::Places { .. },
            )
            | None => View::Parts(parts(layouts, record, value)),
            Some(_) => View::Pointer,
        },
    }
}

/// The type behind library types that hold nothing but it.
pub(super) fn unwrapped(layouts: &Layouts, ty: LayoutId) -> LayoutId {
    let mut at = ty;
    for _ in 0..MAX_WRAPPERS {
        let Some(only) = inner(layouts, at) else { break };
        at = only;
    }
    at
}

/// The only thing that a value of a library type holds.
pub(super) fn inner(layouts: &Layouts, ty: LayoutId) -> Option<LayoutId> {
    let record = layouts.record(ty).filter(|_| is_library(layouts, ty))?;
    if record.variants.is_some() || containers::known(layouts, ty, record).is_some() {
        return None;
    }
    let size = layouts.get(ty).size;
    let mut sized = record.members.iter().filter(|member| layouts.get(member.ty).size > 0 && member.offset < size);
    // A base class without members takes a byte of its own and none in the derived one.
    let only = match (sized.next(), sized.next()) {
        (Some(only), None) if only.offset == 0 => only.ty,
        (Some(first), Some(second)) if second.base && second.offset == 0 && first.offset == 0 => first.ty,
        _ => return None,
    };
    (layouts.get(only).size == size).then_some(only)
}

fn is_library(layouts: &Layouts, ty: LayoutId) -> bool {
    let layout = layouts.get(ty);
    let prefixes: &[&str] = match layout.language {
        Language::Rust => &["core::", "alloc::", "std::", "hashbrown::"],
        Language::Cpp => &["std::"],
        _ => &[],
    };
    prefixes.iter().any(|prefix| layout.name.starts_with(prefix))
}

/// The members, with those of bases in the place of the base, and the payloads of the cases.
fn parts(layouts: &Layouts, record: &Record, value: Option<(Bytes<'_>, u64)>) -> Vec<Member> {
    let mut found = Vec::new();
    let mut pending: Vec<(u64, &Record)> = vec![(0, record)];
    for _ in 0..MAX_BASES {
        let Some((start, record)) = pending.pop() else { break };
        for member in &record.members {
            match layouts.record(member.ty) {
                Some(base) if member.base || member.name.is_empty() => {
                    pending.push((start.saturating_add(member.offset), base))
                }
                _ => found.push(Member {
                    offset: start.saturating_add(member.offset),
                    name: shown(&member.name),
                    ..member.clone()
                }),
            }
        }
    }
    if let Some(variants) = &record.variants {
        let cases = match value {
            Some((value, offset)) => slots::active(layouts, variants, offset, value).0,
            None => variants.cases.iter().collect(),
        };
        for member in cases.into_iter().flat_map(|case| &case.members) {
            found.push(Member { name: shown(&member.name), ..member.clone() });
        }
    }
    found.sort_by_key(|member| member.offset);
    found
}

/// `__0` is how the debug information writes the first member of a tuple.
fn shown(name: &str) -> String {
    match name.strip_prefix("__") {
        Some(number) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => number.to_owned(),
        _ => name.to_owned(),
    }
}

/// The name of the word at `offset` of a value: `.left`, `[3].name`, with the cases that enums are in.
pub(super) fn path(layouts: &Layouts, ty: LayoutId, offset: u64, value: Bytes<'_>) -> Option<String> {
    let mut name = String::new();
    let (mut ty, mut rest, mut start) = (ty, offset, 0u64);
    for _ in 0..MAX_WRAPPERS {
        match view(layouts, ty, Some((value, start))) {
            View::Parts(parts) => {
                let size = |member: &Member| layouts.get(member.ty).size;
                let inside = |member: &&Member| member.offset <= rest && rest - member.offset < size(member);
                let part = parts.iter().rev().find(inside)?;
                name.push('.');
                name.push_str(&part.name);
                rest -= part.offset;
                start = start.saturating_add(part.offset);
                ty = part.ty;
            }
            View::Array(element) => {
                let size = layouts.get(element).size;
                let index = rest.checked_div(size)?;
                name.push_str(&format!("[{index}]"));
                start += index * size;
                rest -= index * size;
                ty = element;
            }
            View::Pointer | View::Scalar | View::Opaque => break,
        }
    }
    (!name.is_empty()).then_some(name)
}
