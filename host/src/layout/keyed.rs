//! Names of what maps hold: `["key"]`, `[3]`, `[true]` for a value under a key that is a text, a number or a name,
//! `.keys()[i]` for what a key itself holds.
//!
//! Hash tables of Rust hold their pairs side by side, those of Zig and nodes of Rust's B-trees keys and values apart,
//! nodes of C++'s maps one pair each.

use heapy_engine::Relation;

use super::containers::{self, Known, Places};
use super::form::LayoutId;
use super::present;
use super::room;
use super::slots::Bytes;
use super::types::Layouts;
use super::values;
use crate::paused::Paused;

/// How libc++ and libstdc++ call the nodes of their maps.
const CPP_NODES: [&str; 4] = [
    "std::__tree_node<std::__value_type<",
    "std::__hash_node<std::__hash_value_type<",
    "std::_Rb_tree_node<std::pair<",
    "std::__detail::_Hash_node<std::pair<",
];

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
            return Some(self.under(Some(key), (values.0 + index * size(values.1), values.1), offset, index));
        }
        let key = containers::member(self.layouts, ty, "first")?;
        let value = containers::member(self.layouts, ty, "second")?;
        let inside = offset >= value.0 && offset - value.0 < size(value.1);
        let under = self.key(key).filter(|_| inside)?;
        match (under, self.inside(value, offset)) {
            (under, None) => Some(under),
            (Relation::Index(index), Some(rest)) => Some(Relation::Element { index, rest }),
            _ => None,
        }
    }

    /// Keys and values of a table of Zig that is the whole block.
    pub(super) fn places(&self, ty: LayoutId) -> Option<Places> {
        let known = containers::known(self.layouts, ty, self.layouts.record(ty)?);
        Places::new(self.layouts, known, 0, self.value)
    }

    /// The name of the word at `offset` of such a table.
    pub(super) fn in_places(&self, places: &Places, offset: u64) -> Option<Relation> {
        let (index, entry) = places.at(self.layouts, offset)?;
        match (entry.key, entry.value) {
            (key, Some(value)) if offset >= value.0 && offset - value.0 < self.layouts.get(value.1).size => {
                Some(self.under(key, value, offset, index))
            }
            _ => Some(Relation::KeyAt(index)),
        }
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
            Some(value) if covers(value) => Some(self.under(Some(key), value, offset, index)),
            Some(_) if !covers(key) => None,
            _ => Some(Relation::KeyAt(index)),
        }
    }

    /// `["key"]`, or `[i].1.rest` where the word is not the value itself or the key has no text; `[3].rest` in what is
    /// held under a number.
    fn under(&self, key: Option<(u64, LayoutId)>, value: (u64, LayoutId), offset: u64, index: u64) -> Relation {
        match (key.and_then(|key| self.key(key)), self.inside(value, offset)) {
            (Some(under), None) => under,
            (Some(Relation::Index(index)), Some(rest)) => Relation::Element { index, rest },
            (_, inside) => Relation::Element { index, rest: format!(".1{}", inside.unwrap_or_default()) },
        }
    }

    fn key(&self, (place, of): (u64, LayoutId)) -> Option<Relation> {
        values::under_key(self.layouts, self.paused, self.value, of, place)
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
        present::path(self.layouts, of, offset.checked_sub(place)?, self.value.from(place)?)
    }
}
