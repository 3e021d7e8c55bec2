//! The brief of a set of objects, on one line of at most 80 characters.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::object_set::ObjectSet;
use crate::relation::{Class, Rule};
use crate::text::Rendering;
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
    let start = format!("<{} {}: ", members.count(), kinds_name(kinds.iter().map(|(name, ..)| name.as_str())));
    let mut used = start.chars().count();
    let mut parts: Vec<String> = Vec::new();
    for (name, class, set) in &kinds {
        let mut part = items(view, set, &Rendering::of_class(class), WIDTH.saturating_sub(used));
        if kinds.len() > 1 {
            part = format!("<{} {name}: {part}>", set.count());
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

/// The members by class, in the order of the names of the classes.
fn kinds_of(view: &Arc<View>, members: &ObjectSet, rule: &Rule) -> Vec<(String, Class, ObjectSet)> {
    let labels = view.labelling(rule);
    let mut by_label: BTreeMap<u32, ObjectSet> = BTreeMap::new();
    for object in members.iter() {
        let empty = || ObjectSet::empty(view.heap().object_count());
        by_label.entry(labels.label(object)).or_insert_with(empty).insert(object);
    }
    let mut kinds: Vec<(String, Class, ObjectSet)> = by_label
        .into_iter()
        .map(|(label, set)| {
            let class = labels.class(label);
            (Expr::class(rule.clone(), class.clone()).brief(view), class, set)
        })
        .collect();
    kinds.sort_by(|a, b| a.0.cmp(&b.0));
    kinds
}

/// One name, or several in parentheses.
fn kinds_name<'name>(names: impl Iterator<Item = &'name str>) -> String {
    let names: Vec<&str> = names.collect();
    if let [only] = names.as_slice() { (*only).to_owned() } else { format!("({})", names.join(" | ")) }
}

/// The members' texts in the order of addresses as long as they fit into `room` (at least one), then sorted as texts.
pub(crate) fn items(view: &Arc<View>, members: &ObjectSet, rendering: &Rendering, room: usize) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut used = 0;
    for object in members.iter() {
        let text = rendering.text(view, object);
        let length = text.chars().count() + 2;
        if let Some(last) = texts.last_mut()
            && used + length >= room
        {
            last.push_str("...");
            break;
        }
        used += length;
        texts.push(text);
    }
    texts.sort_unstable();
    texts.join(", ")
}
