//! The classes of a relation, for tables and pictures that look at many objects at once.

use std::sync::Arc;

use super::labelling::Labelling;
use super::names::Place;
use super::rule::Rule;
use crate::id::ObjectId;
use crate::view::View;

/// Which class each object of a heap is in, under one relation, by numbers that stand for names.
#[derive(Clone, Debug)]
pub struct Classes {
    view: Arc<View>,
    rule: Rule,
    labelling: Arc<Labelling>,
}

impl Classes {
    /// Time O(V) the first time for this relation, O(V + E) where referrers matter; nothing after that.
    pub(crate) fn new(view: Arc<View>, rule: Rule) -> Self {
        let labelling = view.labelling(&rule);
        Self { view, rule, labelling }
    }

    /// Numbers end before this one; some may be of no object.
    #[must_use]
    pub fn count(&self) -> usize {
        self.labelling.class_count()
    }

    /// The number of an object's class.
    #[must_use]
    pub fn of(&self, object: ObjectId) -> usize {
        self.labelling.label(object) as usize
    }

    /// The name of a class as a row of a table.
    #[must_use]
    pub fn name(&self, number: usize) -> String {
        self.rule.class_name(&self.view, &self.labelling.class(number as u32), Place::Alone)
    }
}
