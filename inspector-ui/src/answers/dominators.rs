//! Boxes of the dominator tree: what lives only through what.

use heapy_engine::{Classes, Dominator, DominatorTree, Heap, ObjectId, View};

use super::Failure;
use super::object::brief;
use super::session::{Session, object_id};
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
    let (boxes, narrow) = boxes(&tree, heap, &kinds, top.map_or(Dominator::Root, Dominator::Object));
    Ok(Dominators { boxes: boxes.into(), narrow, above })
}

fn boxes(tree: &Tree, heap: &Heap, kinds: &Classes, top: Dominator) -> (Vec<WeightBox>, usize) {
    let (whole, objects) = tree.weight(top);
    let mut found = Vec::new();
    let mut pending = vec![(top, 0usize, 0u64)];
    while let Some((dominator, depth, start)) = pending.pop() {
        let (weight, count) = tree.weight(dominator);
        let (name, place, own, object) = match dominator {
            Dominator::Root => ("hp.Root".to_owned(), String::new(), 0, None),
            Dominator::Object(object) => {
                let brief = brief(heap, kinds, object);
                (brief.kind, brief.text, brief.size, Some(object.raw()))
            }
        };
        found.push(WeightBox { name, place, depth, start, weight, own, count, object });
        if depth + 1 >= MOST_LEVELS {
            continue;
        }
        let mut at = start;
        let mut placed = Vec::new();
        // Children come largest first: behind the first narrow one all are narrow.
        for &child in tree.dominators.children(dominator) {
            let (size, _) = tree.held_by(child).unwrap_or_default();
            if size == 0 || size.saturating_mul(FINEST) < whole {
                break;
            }
            placed.push((Dominator::Object(child), depth + 1, at));
            at += size;
        }
        pending.extend(placed.into_iter().rev());
    }
    let shown = found.iter().filter(|part| part.object.is_some()).count();
    (found, (objects as usize).saturating_sub(shown))
}
