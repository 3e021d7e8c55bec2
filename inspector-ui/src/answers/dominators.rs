//! Boxes of the dominator tree: what lives only through what.

use std::collections::BTreeMap;

use heapy_engine::{Classes, Dominator, DominatorTree, Heap, ObjectId, View};

use super::Failure;
use super::object::brief;
use super::session::{Session, object_id};
use crate::format;
use crate::order::largest_first;
use crate::protocol::{Dominators, DominatorsQuestion, WeightBox};

/// A box narrower than this part of the whole is not sent.
const FINEST: u64 = 1500;

/// Levels of boxes; deeper ones are not sent.
const MOST_LEVELS: usize = 64;

/// A dominator tree, and the number of objects in each subtree.
pub(super) struct Tree {
    dominators: DominatorTree,
    counts: Vec<u32>,
}

impl Tree {
    /// The tree of a view. Time about O(V log V + E).
    pub(super) fn new(view: &View) -> Self {
        let dominators = DominatorTree::new(view);
        let mut downwards: Vec<ObjectId> = dominators.children(Dominator::Root).to_vec();
        let mut next = 0;
        while let Some(&object) = downwards.get(next) {
            next += 1;
            downwards.extend_from_slice(dominators.children(Dominator::Object(object)));
        }
        let mut counts = vec![0; view.heap().object_count()];
        for object in downwards.into_iter().rev() {
            counts[object.index()] += 1;
            if let Some(Dominator::Object(above)) = dominators.immediate(object) {
                counts[above.index()] += counts[object.index()];
            }
        }
        Self { dominators, counts }
    }

    /// Bytes that live only through an object, and number of objects; none for what is unreachable.
    pub(super) fn held_by(&self, object: ObjectId) -> Option<(u64, u64)> {
        self.dominators.immediate(object)?;
        Some((self.dominators.dominated_size(object), u64::from(self.counts[object.index()])))
    }

    fn weight(&self, of: Dominator) -> (u64, u64) {
        match of {
            Dominator::Object(object) => self.held_by(object).unwrap_or_default(),
            Dominator::Root => {
                let held = self.dominators.children(of).iter().filter_map(|child| self.held_by(*child));
                held.fold((0, 0), |sum, (size, count)| (sum.0 + size, sum.1 + count))
            }
        }
    }
}

/// Answers the question.
pub(super) fn dominators(session: &mut Session, question: &DominatorsQuestion) -> Result<Dominators, Failure> {
    let hp = session.snapshot(question.snapshot)?;
    let tree = session.dominators(question.snapshot)?;
    let heap = hp.view().heap();
    let kinds = hp.relation("Type").map_err(|error| error.to_string())?.classes();
    let top = question.top.map(|object| object_id(&hp, object)).transpose()?;
    if top.is_some_and(|object| tree.held_by(object).is_none()) {
        return Err("nothing reaches this object, so nothing dominates it".into());
    }
    let chain = top.into_iter().flat_map(|object| tree.dominators.chain(object)).take(MOST_LEVELS);
    let mut above: Vec<_> = chain.map(|object| brief(heap, &kinds, object)).collect();
    above.reverse();
    let (boxes, narrow) = boxes(&tree, heap, &kinds, top.map_or(Dominator::Root, Dominator::Object), question.grouped);
    Ok(Dominators { boxes: boxes.into(), narrow, above })
}

/// Dominators that share a box.
struct Group {
    members: Vec<Dominator>,
    depth: usize,
    start: u64,
}

fn boxes(tree: &Tree, heap: &Heap, kinds: &Classes, top: Dominator, grouped: bool) -> (Vec<WeightBox>, usize) {
    let (whole, objects) = tree.weight(top);
    let mut found = Vec::new();
    let mut seen = 0;
    let mut pending = vec![Group { members: vec![top], depth: 0, start: 0 }];
    while let Some(group) = pending.pop() {
        found.push(group_box(tree, heap, kinds, &group));
        seen += group.members.iter().filter(|member| matches!(member, Dominator::Object(_))).count();
        if group.depth + 1 >= MOST_LEVELS {
            continue;
        }
        let mut at = group.start;
        let mut placed = Vec::new();
        for (size, members) in below(tree, kinds, &group.members, grouped) {
            // They come largest first: behind the first narrow one all are narrow.
            if size == 0 || size.saturating_mul(FINEST) < whole {
                break;
            }
            placed.push(Group { members, depth: group.depth + 1, start: at });
            at += size;
        }
        pending.extend(placed.into_iter().rev());
    }
    (found, (objects as usize).saturating_sub(seen))
}

/// What lives only through some dominators, each by itself or those of a kind together, with its bytes; largest first.
fn below(tree: &Tree, kinds: &Classes, members: &[Dominator], grouped: bool) -> Vec<(u64, Vec<Dominator>)> {
    let children = members.iter().flat_map(|member| tree.dominators.children(*member));
    let mut groups: BTreeMap<usize, (u64, Vec<Dominator>)> = BTreeMap::new();
    for &child in children {
        let key = if grouped { kinds.of(child) } else { child.index() };
        let group = groups.entry(key).or_default();
        group.0 += tree.held_by(child).unwrap_or_default().0;
        group.1.push(Dominator::Object(child));
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    largest_first(&mut groups, |(size, _)| *size);
    groups
}

fn group_box(tree: &Tree, heap: &Heap, kinds: &Classes, group: &Group) -> WeightBox {
    let weights = group.members.iter().map(|member| tree.weight(*member));
    let (weight, count) = weights.fold((0, 0), |sum, (size, count)| (sum.0 + size, sum.1 + count));
    let objects = group.members.iter().filter_map(|member| match member {
        Dominator::Object(object) => Some(*object),
        Dominator::Root => None,
    });
    let own = objects.clone().map(|object| heap.size(object)).sum();
    let (name, place, object) = match (objects.clone().next(), group.members.len()) {
        (None, _) => ("hp.Root".to_owned(), String::new(), None),
        (Some(object), 1) => {
            let brief = brief(heap, kinds, object);
            (brief.kind, brief.text, Some(object.raw()))
        }
        (Some(object), many) => (brief(heap, kinds, object).kind, format!("× {}", format::exact(many as u64)), None),
    };
    WeightBox { name, place, depth: group.depth, start: group.start, weight, own, count, object }
}
