//! The brief of a set of objects, on one line of at most 80 characters.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::ObjectId;
use crate::object_set::ObjectSet;
use crate::relation::{Class, Rule};
use crate::text::{Rendering, items};
use crate::uniset::Expr;
use crate::view::View;

/// Most characters of a brief.
const WIDTH: usize = 80;
/// Room for the part that starts a new kind when a brief has several; the rest is cut anyway.
const SEPARATOR: usize = 3;

/// `<2 list: 0x..*0, 0x..*3>`, or `<3 (a | b): <1 a: 0x..> | <2 b: 0x.., 0x..>>` for several kinds under `rule`.
pub(crate) fn brief(view: &Arc<View>, members: &ObjectSet, rule: &Rule) -> String {
    if members.is_empty() {
        return "<Nothing>".into();
    }
    let kinds = kinds_of(view, members, rule);
    let names = kinds_name(kinds.iter().map(|kind| kind.name.as_str()));
    let start = format!("<{} {names}: ", members.count());
    let mut used = start.chars().count();
    let mut parts: Vec<String> = Vec::new();
    for kind in &kinds {
        let mut part = items(view, &kind.first, Rendering::of_class(&kind.class), WIDTH.saturating_sub(used));
        if kinds.len() > 1 {
            part = format!("<{} {}: {part}>", kind.count, kind.name);
        }
        used += part.chars().count() + SEPARATOR;
        parts.push(part);
        if used > WIDTH {
            break;
        }
    }
    // Not by the count in front.
    if parts.len() > 1 {
        parts.sort_by_key(|part| part.split_once(' ').map(|(_, rest)| rest.to_owned()));
    }
    let text = format!("{start}{}>", parts.join(" | "));
    if text.chars().count() <= WIDTH {
        return text;
    }
    let cut: String = text.chars().take(WIDTH - 4).collect();
    format!("{cut}...>")
}

/// The members of one class, as far as a brief can show them.
struct KindMembers {
    name: String,
    class: Class,
    count: usize,
    /// The first members by address; a text of one takes more than one character.
    first: Vec<ObjectId>,
}

/// The members by class, in the order of the names of the classes.
fn kinds_of(view: &Arc<View>, members: &ObjectSet, rule: &Rule) -> Vec<KindMembers> {
    let labels = view.labelling(rule);
    let mut by_label: BTreeMap<u32, (usize, Vec<ObjectId>)> = BTreeMap::new();
    for object in members.iter() {
        let (count, first) = by_label.entry(labels.label(object)).or_default();
        *count += 1;
        if first.len() < WIDTH {
            first.push(object);
        }
    }
    let mut kinds: Vec<KindMembers> = by_label
        .into_iter()
        .map(|(label, (count, first))| {
            let class = labels.class(label);
            KindMembers { name: Expr::class(rule.clone(), class.clone()).brief(view), class, count, first }
        })
        .collect();
    kinds.sort_by(|a, b| a.name.cmp(&b.name));
    kinds
}

/// One name, or several in parentheses.
fn kinds_name<'name>(names: impl Iterator<Item = &'name str>) -> String {
    let names: Vec<&str> = names.collect();
    if let [only] = names.as_slice() { (*only).to_owned() } else { format!("({})", names.join(" | ")) }
}
