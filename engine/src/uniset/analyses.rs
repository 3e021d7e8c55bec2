//! The questions about an identity set that follow references: dominos, paths, reference patterns.

use std::sync::Arc;

use super::IdentitySet;
use crate::analysis::{PathOptions, Paths, PatternOptions, ReferencePattern, dominos, imdom};
use crate::error::UseError;
use crate::object_set::ObjectSet;
use crate::relation::EquivalenceRelation;

impl IdentitySet {
    /// The objects that would die if all of the set died, the set included. Time O(V + E).
    #[must_use]
    pub fn dominos(&self) -> Self {
        Self::new(Arc::clone(self.view()), self.dominated())
    }

    /// Sum of the sizes of the dominos, in bytes. Time O(V + E).
    #[must_use]
    pub fn domisize(&self) -> u64 {
        self.view().size_of(&self.dominated())
    }

    fn dominated(&self) -> ObjectSet {
        if self.is_empty() {
            return self.nodes().clone();
        }
        dominos(self.heap(), &self.view().start(), self.nodes())
    }

    /// The referrers that the root reaches without passing another referrer. Time O(V + E).
    #[must_use]
    pub fn imdom(&self) -> Self {
        let referrers = self.view().referrers(self.nodes());
        let found = if referrers.is_empty() { referrers } else { imdom(self.heap(), &self.view().start(), &referrers) };
        Self::new(Arc::clone(self.view()), found)
    }

    /// The shortest paths from the root to the set.
    #[must_use]
    pub fn sp(&self) -> Arc<Paths> {
        Arc::new(Paths::to(self, PathOptions::default()))
    }

    /// The same as [`IdentitySet::sp`].
    #[must_use]
    pub fn shpaths(&self) -> Arc<Paths> {
        self.sp()
    }

    /// The shortest paths to the set, from other sources or around some objects or references.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when a set among the options is of another heap.
    pub fn get_shpaths(&self, options: PathOptions) -> Result<Arc<Paths>, UseError> {
        for other in [&options.src, &options.avoid_nodes].into_iter().flatten() {
            self.require_same_heap("get_shpaths", other)?;
        }
        Ok(Arc::new(Paths::to(self, options)))
    }

    /// The shortest paths from the direct referrers to the set.
    #[must_use]
    pub fn pathsin(&self) -> Arc<Paths> {
        Arc::new(Paths::into_set(self))
    }

    /// The shortest paths from the set to its referents.
    #[must_use]
    pub fn pathsout(&self) -> Arc<Paths> {
        let options = PathOptions { src: Some(self.clone()), ..PathOptions::default() };
        Arc::new(Paths::to(&self.referents(), options))
    }

    /// The reference pattern of the set: by what kinds of objects it is held.
    #[must_use]
    pub fn rp(&self) -> Arc<ReferencePattern> {
        Arc::new(ReferencePattern::new(self, PatternOptions::default()))
    }

    /// The reference pattern with referrers grouped by `er` (by Clodo where none is given), and other options.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the relation is of another heap.
    pub fn get_rp(
        &self,
        er: Option<&EquivalenceRelation>,
        options: PatternOptions,
    ) -> Result<Arc<ReferencePattern>, UseError> {
        let Some(er) = er else { return Ok(Arc::new(ReferencePattern::new(self, options))) };
        if !Arc::ptr_eq(self.heap(), er.view().heap()) {
            return Err(UseError::DifferentHeaps { operation: "get_rp" });
        }
        Ok(Arc::new(ReferencePattern::by_rule(self, er.rule().clone(), options)))
    }

    pub(crate) fn require_same_heap(&self, operation: &'static str, other: &Self) -> Result<(), UseError> {
        if Arc::ptr_eq(self.heap(), other.heap()) { Ok(()) } else { Err(UseError::DifferentHeaps { operation }) }
    }
}
