//! Via, Rcs and Evidence: relations that look at the references to an object.
//!
//! Only references from reachable objects count, and those of the symbolic root.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::class::{Class, EvidenceClass, TypeClass};
use super::labelling::{Labelling, Numbering};
use super::rule::Rule;
use crate::heap::{EdgeEvidence, Relation, Root};
use crate::id::ObjectId;
use crate::view::View;

/// Labels objects by the set of relations by which they are referred to. Time O(V + E log E).
pub(super) fn by_via(view: &Arc<View>) -> Labelling {
    let heap = view.heap();
    let quote = heap.vocabulary().quote;
    let mut relations: Numbering<Relation> = Numbering::new();
    let (column, sets) = by_set(view, |set, object, roots| {
        set.extend(view.referrers_of(object).map(|edge| relations.number(heap.relation(edge.other, &edge))));
        set.extend(roots.iter().map(|root| relations.number(root.place.relation(quote))));
    });
    let relations = relations.into_keys();
    let class = |set: Vec<u32>| Class::Via(set.into_iter().map(|number| relations[number as usize].clone()).collect());
    Labelling::from_columns(column, sets.into_iter().map(class).collect())
}

/// Labels objects by the set of classes that their referrers have under `inner`. Time O(V + E log E).
pub(super) fn by_referrers(view: &Arc<View>, inner: &Rule) -> Labelling {
    let of_referrer = view.labelling(inner);
    let classes = of_referrer.class_count() as u32;
    let mut words: Numbering<&'static str> = Numbering::new();
    let (column, sets) = by_set(view, |set, object, roots| {
        set.extend(view.referrers_of(object).map(|edge| of_referrer.label(edge.other)));
        set.extend(roots.iter().map(|root| classes + words.number(root.place.word())));
    });
    let words = words.into_keys();
    let class_of = |number: u32| match number.checked_sub(classes) {
        Some(word) => Class::Type(TypeClass::Root(words[word as usize])),
        None => of_referrer.class(number),
    };
    let class = |set: Vec<u32>| Class::Referrers(set.into_iter().map(class_of).collect::<BTreeSet<_>>());
    Labelling::from_columns(column, sets.into_iter().map(class).collect())
}

/// Labels objects by the best evidence among the references to them. Time O(V + E).
pub(super) fn by_evidence(view: &Arc<View>) -> Labelling {
    let roots = roots_by_target(view);
    let classes =
        [EvidenceClass::Typed, EvidenceClass::Conservative, EvidenceClass::Interior, EvidenceClass::Unreferred];
    let grade = |evidence: EdgeEvidence, into: u64| match (evidence, into) {
        (EdgeEvidence::Typed, _) => 0,
        (EdgeEvidence::Conservative, 0) => 1,
        (EdgeEvidence::Conservative, _) => 2,
    };
    let column = view
        .heap()
        .objects()
        .map(|object| {
            let edges = view.referrers_of(object).map(|edge| grade(edge.evidence, edge.into));
            let held = roots.get(&object).into_iter().flatten().map(|root| {
                let evidence = if root.conservative { EdgeEvidence::Conservative } else { EdgeEvidence::Typed };
                grade(evidence, root.into)
            });
            edges.chain(held).min().unwrap_or(3)
        })
        .collect();
    Labelling::from_columns(column, classes.into_iter().map(Class::Evidence).collect())
}

/// Labels objects by a set of numbers; `collect` fills in the numbers of one object, in any order and repeated.
fn by_set(view: &Arc<View>, mut collect: impl FnMut(&mut Vec<u32>, ObjectId, &[&Root])) -> (Vec<u32>, Vec<Vec<u32>>) {
    let roots = roots_by_target(view);
    let mut sets: Numbering<Vec<u32>> = Numbering::new();
    let mut set: Vec<u32> = Vec::new();
    let column = view
        .heap()
        .objects()
        .map(|object| {
            set.clear();
            collect(&mut set, object, roots.get(&object).map_or(&[], Vec::as_slice));
            set.sort_unstable();
            set.dedup();
            sets.number_of(&set)
        })
        .collect();
    (column, sets.into_keys())
}

fn roots_by_target(view: &View) -> HashMap<ObjectId, Vec<&Root>> {
    let mut roots: HashMap<ObjectId, Vec<&Root>> = HashMap::new();
    for root in view.heap().roots() {
        roots.entry(root.to).or_default().push(root);
    }
    roots
}
