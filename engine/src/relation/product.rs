//! Products of relations, and the first of several kinds that contains an object.

use std::sync::Arc;

use super::class::Class;
use super::labelling::{Labelling, Numbering};
use super::rule::Rule;
use crate::uniset::Expr;
use crate::view::View;

/// Labels objects by one class of each part. Time O(V) for each part.
pub(super) fn by_product(view: &Arc<View>, parts: &[Rule]) -> Labelling {
    let labellings: Vec<_> = parts.iter().map(|part| view.labelling(part)).collect();
    let mut numbering: Numbering<Vec<u32>> = Numbering::new();
    let mut tuple = Vec::with_capacity(parts.len());
    let column = view
        .heap()
        .objects()
        .map(|object| {
            tuple.clear();
            tuple.extend(labellings.iter().map(|labelling| labelling.label(object)));
            numbering.number_of(&tuple)
        })
        .collect();
    let class = |tuple: Vec<u32>| {
        Class::Product(tuple.iter().zip(&labellings).map(|(&label, labelling)| labelling.class(label)).collect())
    };
    Labelling::from_columns(column, numbering.into_keys().into_iter().map(class).collect())
}

/// Labels objects by the position of the first kind that contains them, else by the number of kinds. Time O(V K).
pub(super) fn by_first_match(view: &Arc<View>, kinds: &[Expr]) -> Labelling {
    let sets: Vec<_> = kinds.iter().map(|kind| kind.evaluate(view)).collect();
    let none = sets.len() as u32;
    let mut column = vec![none; view.heap().object_count()];
    for (index, set) in sets.iter().enumerate().rev() {
        for object in set.iter() {
            column[object.index()] = index as u32;
        }
    }
    Labelling::from_columns(column, (0..=none).map(Class::Index).collect())
}
