//! Identity sets: sets of objects of one heap.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::summary;
use crate::error::UseError;
use crate::heap::Heap;
use crate::object_set::ObjectSet;
use crate::partition::{Partition, TableOrigin};
use crate::relation::{Class, EquivalenceRelation, Rule};
use crate::text::MorePrinter;
use crate::view::View;

/// A set of objects of one heap, with the relation by which it is shown. Immutable; a copy is cheap.
#[derive(Clone, Debug)]
pub struct IdentitySet {
    view: Arc<View>,
    members: Arc<ObjectSet>,
    rule: Rule,
    origin: Option<TableOrigin>,
    /// Shared by copies, so that whichever is asked first makes it for all.
    partition: Arc<OnceLock<Arc<Partition>>>,
}

impl IdentitySet {
    /// The set of `members`, shown by Clodo.
    #[must_use]
    pub fn new(view: Arc<View>, members: ObjectSet) -> Self {
        Self { view, members: Arc::new(members), rule: Rule::Clodo, origin: None, partition: Arc::default() }
    }

    pub(crate) fn from_shared(view: Arc<View>, members: Arc<ObjectSet>) -> Self {
        Self { view, members, rule: Rule::Clodo, origin: None, partition: Arc::default() }
    }

    pub(crate) fn shared_nodes(&self) -> &Arc<ObjectSet> {
        &self.members
    }

    /// Other members, shown by the same relation; the empty set is always shown by Clodo.
    pub(crate) fn with_members(&self, members: ObjectSet) -> Self {
        let rule = if members.is_empty() { Rule::Clodo } else { self.rule.clone() };
        Self { rule, ..Self::new(Arc::clone(&self.view), members) }
    }

    pub(crate) fn at_table_place(self, origin: TableOrigin) -> Self {
        Self { origin: Some(origin), partition: Arc::default(), ..self }
    }

    pub(crate) fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The heap with what is computed of it.
    #[must_use]
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// The heap.
    #[must_use]
    pub fn heap(&self) -> &Arc<Heap> {
        self.view.heap()
    }

    /// The members.
    #[must_use]
    pub fn nodes(&self) -> &ObjectSet {
        &self.members
    }

    /// Number of objects. Time O(V / 64).
    #[must_use]
    pub fn count(&self) -> usize {
        self.members.count()
    }

    /// Sum of the sizes of the members, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.view.size_of(&self.members)
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The relation by which it is shown.
    #[must_use]
    pub fn er(&self) -> EquivalenceRelation {
        EquivalenceRelation::new(Arc::clone(&self.view), self.rule.clone())
    }

    /// A copy that is shown by the relations named, joined by `&`, such as `Type&Size`; the empty text is Unity.
    ///
    /// # Errors
    /// [`UseError::NoSuchRelation`] for an unknown name.
    pub fn by(&self, relations: &str) -> Result<Self, UseError> {
        Ok(self.by_rule(Rule::parse(&self.view, relations)?))
    }

    /// A copy that is shown by a relation of the same heap.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the relation is of another heap.
    pub fn by_relation(&self, relation: &EquivalenceRelation) -> Result<Self, UseError> {
        super::same_heap("by", &self.view, relation.view())?;
        Ok(self.by_rule(relation.rule().clone()))
    }

    pub(crate) fn by_rule(&self, rule: Rule) -> Self {
        let rule = if self.is_empty() { Rule::Clodo } else { rule };
        Self { rule, origin: None, partition: Arc::default(), ..self.clone() }
    }

    /// The same set with a partition of its own to be made. A partition holds such a copy: one that shared the partition
    /// would keep it for ever.
    pub(crate) fn without_partition(&self) -> Self {
        Self { partition: Arc::default(), ..self.clone() }
    }

    /// The groups under its relation; made once.
    pub fn partition(&self) -> &Arc<Partition> {
        self.partition.get_or_init(|| Arc::new(Partition::new(self, self.origin)))
    }

    /// The objects of one row; negative positions count from the end.
    ///
    /// # Errors
    /// [`UseError::PartitionIndex`] when there is no such row.
    pub fn part(&self, index: i64) -> Result<Self, UseError> {
        let rows = self.partition().row_count();
        let from_start = if index < 0 { index.checked_add(rows as i64) } else { Some(index) };
        from_start
            .and_then(|position| usize::try_from(position).ok())
            .and_then(|position| self.partition().part(position))
            .ok_or(UseError::PartitionIndex { index, rows })
    }

    /// The objects of the rows from `start` to before `end` in steps of `step`; negative positions count from the end.
    ///
    /// # Errors
    /// [`UseError::Step`] when `step` is not positive.
    pub fn slice(&self, start: Option<i64>, end: Option<i64>, step: Option<i64>) -> Result<Self, UseError> {
        let step = step.unwrap_or(1);
        let step = usize::try_from(step).ok().filter(|&step| step > 0).ok_or(UseError::Step { step })?;
        let rows = self.partition().row_count() as i64;
        let clamp = |position: i64| {
            let from_start = if position < 0 { position.saturating_add(rows) } else { position };
            from_start.clamp(0, rows) as usize
        };
        let range = start.map_or(0, clamp)..end.map_or(rows as usize, clamp);
        Ok(self.partition().part_union(range.step_by(step)))
    }

    /// The direct referrers that the root reaches.
    #[must_use]
    pub fn referrers(&self) -> Self {
        Self::new(Arc::clone(&self.view), self.view.referrers(&self.members))
    }

    /// The direct referents, reachable or not.
    #[must_use]
    pub fn referents(&self) -> Self {
        Self::new(Arc::clone(&self.view), self.view.referents(&self.members))
    }

    fn combined(
        &self,
        operation: &'static str,
        other: &Self,
        combine: impl FnOnce(&mut ObjectSet, &ObjectSet),
    ) -> Result<Self, UseError> {
        super::same_heap(operation, &self.view, &other.view)?;
        let mut members = (*self.members).clone();
        combine(&mut members, &other.members);
        Ok(Self::new(Arc::clone(&self.view), members))
    }

    /// `self & other`.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the operands are of different heaps.
    pub fn and(&self, other: &Self) -> Result<Self, UseError> {
        self.combined("&", other, ObjectSet::intersect_with)
    }

    /// `self | other`.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the operands are of different heaps.
    pub fn or(&self, other: &Self) -> Result<Self, UseError> {
        self.combined("|", other, ObjectSet::union_with)
    }

    /// `self - other`.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the operands are of different heaps.
    pub fn sub(&self, other: &Self) -> Result<Self, UseError> {
        self.combined("-", other, ObjectSet::difference_with)
    }

    /// `self ^ other`.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the operands are of different heaps.
    pub fn xor(&self, other: &Self) -> Result<Self, UseError> {
        self.combined("^", other, ObjectSet::symmetric_difference_with)
    }

    /// The one class of all members under a rule; none if they are of several, or if there are none.
    pub(crate) fn one_class(&self, rule: &Rule) -> Option<Class> {
        let labels = self.view.labelling(rule);
        let mut seen = self.members.iter().map(|object| labels.label(object));
        let first = seen.next()?;
        seen.all(|label| label == first).then(|| labels.class(first))
    }

    /// A short text: `<2 list: 0x..*0, 0x..*3>`.
    #[must_use]
    pub fn brief(&self) -> String {
        summary::brief(&self.view, &self.members, &self.rule)
    }

    /// The first page of its table; its `more` and `all` give the rest.
    #[must_use]
    pub fn pages(&self) -> MorePrinter {
        self.partition().pages()
    }

    /// The second page.
    #[must_use]
    pub fn more(&self) -> MorePrinter {
        self.pages().more()
    }

    /// The whole table.
    #[must_use]
    pub fn all(&self) -> MorePrinter {
        self.pages().all()
    }
}

impl fmt::Display for IdentitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() { f.write_str("<Nothing>") } else { self.pages().fmt(f) }
    }
}
