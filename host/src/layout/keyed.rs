//! Names of what maps hold: `["key"]` for a value under a key that is a text or a number, `.keys()[i]` for what a key
//! itself holds.
//!
//! Hash tables of Rust hold their pairs side by side, nodes of its B-trees keys and values apart, nodes of C++'s maps one
//! pair each.

use heapy_engine::Relation;

use super::containers::{self, Known};
use super::form::LayoutId;
use super::present;
use super::room;
use super::slots::Bytes;
use super::types::Layouts;
use super::values;
use crate::paused::Paused;

/// How libc++ calls the nodes of its maps.
const CPP_NODES: [&str; 2] = ["std::__tree_node<std::__value_type<", "std::__hash_node<std::__hash_value_type<"];

/// Library types around a value that are looked through.
const MAX_WRAPPERS: usize = 24;

/// What names are made from.
#[derive(Clone, Copy)]
pub(super) struct Keyed<'a> {
    pub(super) layouts: &'a Layouts,
    pub(super) paused: &'a Paused,
    pub(super) value: Bytes<'a>,
}

/// Whether values of a type hold keys with values.
pub(super) fn is_node(layouts: &Layouts, ty: LayoutId) -> bool {
    let name = layouts.get(ty).name.as_str();
    CPP_NODES.iter().any(|prefix| name.starts_with(prefix)) || leaf(layouts, ty).is_some()
}

/// Keys and values of a node of a B-tree: where each begin, and their types.
fn leaf(layouts: &Layouts, ty: LayoutId) -> Option<[(u64, LayoutId); 2]> {
    let (mut at, mut start) = (ty, 0);
    for _ in 0..2 {
        match containers::known(layouts, at, layouts.record(at)?)? {
            Known::Node { keys, values, .. } => return Some([keys, values].map(|(place, of)| (start + place, of))),
            Known::InnerNode { data, .. } => {
                (start, at) = (containers::member(layouts, at, "data")?.0, data);
            }
            _ => return None,
        }
    }
    None
}

impl Keyed<'_> {
    /// The name of the word at `offset` of a node; none where it is no part of a key or a value.
    pub(super) fn in_node(&self, ty: LayoutId, offset: u64) -> Option<Relation> {
        let size = |of: LayoutId| self.layouts.get(of).size;
        if let Some([keys, values]) = leaf(self.layouts, ty) {
            let index = |(start, of): (u64, LayoutId)| {
                let index = offset.checked_sub(start)?.checked_div(size(of))?;
                (index < containers::NODE_CAPACITY).then_some(index)
            };
            if let Some(index) = index(keys) {
                return Some(Relation::KeyAt(index));
            }
            let index = index(values)?;
            let key = (keys.0 + index * size(keys.1), keys.1);
            return Some(self.under(key, (values.0 + index * size(values.1), values.1), offset, index));
        }
        let key = containers::member(self.layouts, ty, "first")?;
        let value = containers::member(self.layouts, ty, "second")?;
        let inside = offset >= value.0 && offset - value.0 < size(value.1);
        let text = self.text(key).filter(|_| inside)?;
        self.inside(value, offset).is_none().then_some(Relation::Key(text))
    }

    /// The name of the word at `offset`, in the buckets of a hash table, which begin at `buckets`.
    pub(super) fn in_table(&self, bucket: LayoutId, offset: u64, buckets: &[u64]) -> Option<Relation> {
        let position = buckets.partition_point(|&start| start <= offset).checked_sub(1)?;
        let start = buckets[position];
        let record = self.layouts.record(bucket)?;
        let find = |wanted: [&str; 2]| {
            let member = record.members.iter().find(|member| wanted.contains(&member.name.as_str()))?;
            Some((start.saturating_add(member.offset), member.ty))
        };
        let covers = |(place, of): (u64, LayoutId)| offset >= place && offset - place < self.layouts.get(of).size;
        let index = position as u64;
        let (key, value) = (find(["__0", "key"])?, find(["__1", "elem"]));
        match value.filter(|_| record.members.len() == 2) {
            Some(value) if covers(value) => Some(self.under(key, value, offset, index)),
            Some(_) if !covers(key) => None,
            _ => Some(Relation::KeyAt(index)),
        }
    }

    /// `["key"]`, or `[i].1.rest` where the word is not the value itself or the key has no text.
    fn under(&self, key: (u64, LayoutId), value: (u64, LayoutId), offset: u64, index: u64) -> Relation {
        match (self.text(key), self.inside(value, offset)) {
            (Some(text), None) => Relation::Key(text),
            (_, inside) => Relation::Element { index, rest: format!(".1{}", inside.unwrap_or_default()) },
        }
    }

    fn text(&self, (place, of): (u64, LayoutId)) -> Option<String> {
        values::key_text(self.layouts, self.paused, self.value, of, place)
    }

    /// Where in a value the word is; none where it is the value itself, or where it keeps what it holds.
    fn inside(&self, (place, of): (u64, LayoutId), offset: u64) -> Option<String> {
        let mut at = of;
        for _ in 0..MAX_WRAPPERS {
            if room::room(self.layouts, self.value, at, place).is_some() {
                return None;
            }
            let Some(inner) = present::inner(self.layouts, at) else { break };
            at = inner;
        }
        let bytes = self.value.bytes.get(usize::try_from(place).ok()?..)?;
        present::path(self.layouts, of, offset.checked_sub(place)?, Bytes { bytes, word: self.value.word })
    }
}
