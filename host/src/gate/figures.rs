//! What the heap of a snapshot comes to.

use std::collections::BTreeMap;

use heapy_engine::{Facts, Family, Seen, Use, UseError};

/// Live blocks of one kind that one site allocated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Their type, as the relation Type names it.
    pub kind: String,
    /// The line that allocated them, as the relation Prod names it.
    pub site: String,
    /// Number of blocks.
    pub count: u64,
    /// Sum of their sizes, in bytes.
    pub size: u64,
    /// How many of them are leaked: the root does not reach them.
    pub leaked_count: u64,
    /// Sum of the sizes of the leaked ones, in bytes.
    pub leaked_size: u64,
}

/// The figures of one snapshot on which rules are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Number of the snapshot, from 1.
    pub snapshot: u32,
    /// What made it: `exit`, `call:sched_yield`, ...
    pub reason: String,
    /// Most bytes of live blocks at once until then.
    pub peak_bytes: u64,
    /// Live blocks by kind and site, in the order of those names.
    pub groups: Vec<Group>,
    /// Why some leaks may be none, or may be missing, one sentence each.
    pub doubts: Vec<String>,
}

impl Figures {
    /// The figures of what `hp` looks at. Time O(V + E).
    ///
    /// # Errors
    /// [`UseError`] when the heap cannot be grouped.
    pub fn of(hp: &Use) -> Result<Self, UseError> {
        let heap = hp.view().heap();
        let kinds = hp.relation("Type")?.classes();
        let sites = hp.relation("Prod")?.classes();
        let mut groups: BTreeMap<(usize, usize), Group> = BTreeMap::new();
        for object in heap.objects().filter(|&object| heap.family(object) == Family::Block) {
            let key = (kinds.of(object), sites.of(object));
            let group = groups.entry(key).or_default();
            group.count += 1;
            group.size += heap.size(object);
            if !hp.view().reachable().contains(object) {
                group.leaked_count += 1;
                group.leaked_size += heap.size(object);
            }
        }
        let mut groups: Vec<Group> = groups
            .into_iter()
            .map(|((kind, site), group)| Group { kind: kinds.name(kind), site: sites.name(site), ..group })
            .collect();
        groups.sort_by(|a, b| (&a.kind, &a.site).cmp(&(&b.kind, &b.site)));
        let facts = heap.facts();
        Ok(Self {
            snapshot: facts.snapshot,
            reason: facts.reason.clone(),
            peak_bytes: facts.peak_bytes,
            groups,
            doubts: doubts(facts),
        })
    }

    /// The same with sites below `folder` named from there, so that rules and baselines hold wherever the sources are.
    /// Time O(groups log groups).
    #[must_use]
    pub fn relative_to(mut self, folder: &str) -> Self {
        for group in &mut self.groups {
            let inside = group.site.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
            if let Some(inside) = inside.filter(|_| !folder.is_empty()).map(str::to_owned) {
                group.site = inside;
            }
        }
        self.groups.sort_by(|a, b| (&a.kind, &a.site).cmp(&(&b.kind, &b.site)));
        self
    }

    /// Number of live blocks.
    #[must_use]
    pub fn live_count(&self) -> u64 {
        self.groups.iter().map(|group| group.count).sum()
    }

    /// Bytes of live blocks.
    #[must_use]
    pub fn live_bytes(&self) -> u64 {
        self.groups.iter().map(|group| group.size).sum()
    }
}

/// What could not be seen of the roots, and what that means for leaks.
fn doubts(facts: &Facts) -> Vec<String> {
    let places = [
        ("globals", facts.globals),
        ("static data", facts.statics),
        ("the shadow stack", facts.shadow_stack),
        ("locals", facts.locals),
    ];
    let unseen: Vec<&str> = places.iter().filter(|(_, seen)| *seen == Seen::Unknown).map(|(place, _)| *place).collect();
    let mut doubts = Vec::new();
    if !unseen.is_empty() {
        doubts.push(format!("roots in {} were not seen: a leak may be held from there", unseen.join(", ")));
    }
    doubts.extend(facts.notes.iter().cloned());
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::report::tests::small_heap;

    #[test]
    fn blocks_are_grouped_by_kind_and_site() {
        let figures = Figures::of(&small_heap()).unwrap();
        let rows: Vec<_> = figures
            .groups
            .iter()
            .map(|group| (group.kind.as_str(), group.site.as_str(), group.count, group.size, group.leaked_count))
            .collect();
        assert_eq!(rows, [("app::Node", "src/list.rs:7", 2, 96, 1), ("app::Pair", "src/pair.rs:3", 1, 16, 0)]);
        assert_eq!((figures.live_count(), figures.live_bytes()), (3, 112));
        assert_eq!(figures.doubts, ["roots in locals were not seen: a leak may be held from there"]);
    }

    #[test]
    fn sites_inside_a_folder_are_named_from_there() {
        let group = |site: &str| Group { site: site.into(), ..Group::default() };
        let groups = ["/home/me/app/src/z.rs:1", "/home/me/application/a.rs:2", "b.rs:3"].map(group).to_vec();
        let figures = Figures { groups, ..Figures::default() }.relative_to("/home/me/app");
        let sites: Vec<&str> = figures.groups.iter().map(|group| &*group.site).collect();
        assert_eq!(sites, ["/home/me/application/a.rs:2", "b.rs:3", "src/z.rs:1"]);
    }
}
