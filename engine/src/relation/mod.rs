//! Equivalence relations: how objects are grouped.
//!
//! A relation puts every object of the heap into one class; a [`crate::Partition`] groups a set by them. Each relation
//! labels all objects once and the labels are kept with the [`View`], so that every further partition only counts.

mod class;
mod clodo;
mod edges;
mod labelling;
mod names;
mod product;
mod properties;
mod rule;
mod site;
mod types;

use std::sync::Arc;

pub use class::{Class, EvidenceClass, TypeClass};
pub(crate) use clodo::{Owner, is_storage, owners};
pub(crate) use labelling::Labelling;
pub(crate) use names::{Place, frame_name, type_name};
pub(crate) use rule::Rule;
pub(crate) use site::{first_own_frame, producer};

use crate::view::View;

/// A rule that puts every object of a heap into one class.
#[derive(Clone, Debug)]
pub struct EquivalenceRelation {
    view: Arc<View>,
    rule: Rule,
}

impl EquivalenceRelation {
    pub(crate) fn new(view: Arc<View>, rule: Rule) -> Self {
        Self { view, rule }
    }

    pub(crate) fn rule(&self) -> &Rule {
        &self.rule
    }

    /// What it looks at.
    #[must_use]
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// The header of the kind column of its tables.
    #[must_use]
    pub fn header(&self) -> String {
        self.rule.header(&self.view)
    }

    /// How a reference pattern names it.
    #[must_use]
    pub fn pattern_name(&self) -> String {
        self.rule.pattern_name(&self.view)
    }
}
