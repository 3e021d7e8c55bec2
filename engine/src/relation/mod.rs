//! Equivalence relations: how objects are grouped.
//!
//! A relation puts every object of the heap into one class; a [`crate::Partition`] groups a set by them. Each relation
//! labels all objects once and the labels are kept with the [`View`], so that every further partition only counts.

mod call;
mod class;
mod class_sets;
mod classes;
mod clodo;
mod edges;
mod labelling;
mod names;
mod owners;
mod parse;
mod product;
mod properties;
mod rule;
mod site;
mod types;

use std::fmt;
use std::sync::Arc;

pub use call::{Argument, Arguments};
pub use class::{Class, EvidenceClass, TypeClass};
pub use classes::Classes;
pub(crate) use clodo::is_storage;
pub(crate) use labelling::Labelling;
pub(crate) use names::{Place, frame_name, type_name};
pub(crate) use owners::Owners;
pub use parse::parse_relation;
pub(crate) use rule::Rule;
pub(crate) use site::{first_own_frame, producer};

use crate::error::UseError;
use crate::uniset::{Expr, IdentitySet, Kind, SetOfKind, UniSet, same_heap};
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

    /// Classifies all objects of the heap now, and gives the number of classes. Otherwise the first question that
    /// needs the classes does it.
    pub fn label(&self) -> usize {
        self.view.labelling(&self.rule).class_count()
    }

    /// The header of the kind column of its tables.
    #[must_use]
    pub fn header(&self) -> String {
        self.rule.header(&self.view)
    }

    /// The classes of all objects of the heap.
    #[must_use]
    pub fn classes(&self) -> Classes {
        Classes::new(Arc::clone(&self.view), self.rule.clone())
    }

    /// How a reference pattern names it.
    #[must_use]
    pub fn pattern_name(&self) -> String {
        self.rule.pattern_name(&self.view)
    }

    /// The text that gives the relation again when it is evaluated, such as `hp.Type`.
    #[must_use]
    pub fn repr(&self) -> String {
        self.rule.repr(&self.view)
    }

    /// `self & other`: the finer of the two if one is, else the relation whose classes are pairs.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the relations are of different heaps.
    pub fn and(&self, other: &Self) -> Result<Self, UseError> {
        same_heap("&", &self.view, &other.view)?;
        Ok(Self::new(Arc::clone(&self.view), self.rule.and(&self.view, &other.rule)))
    }

    /// `self <= other`: whether every class of `self` lies in one class of `other`, by the declared order.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the relations are of different heaps.
    pub fn is_finer_or_equal(&self, other: &Self) -> Result<bool, UseError> {
        same_heap("<=", &self.view, &other.view)?;
        Ok(self.rule.is_finer_or_equal(&self.view, &other.rule))
    }

    /// The relation as a set, for formulas such as `Type & Size(24)`: every object is in it, and a set is in it if all
    /// members are of one class.
    #[must_use]
    pub fn as_kind(&self) -> Kind {
        Kind::new(Arc::clone(&self.view), Expr::Relation(Arc::new(self.rule.clone())))
    }

    /// `set in self`: whether all members of an identity set are of one class, or a kind is one class of this relation
    /// or of a finer one.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the set is of another heap.
    pub fn contains(&self, set: &UniSet) -> Result<bool, UseError> {
        same_heap("in", &self.view, set.view())?;
        Ok(match set {
            UniSet::Identity(set) => set.one_class(&self.rule).is_some(),
            UniSet::Kind(kind) => kind.class().is_some_and(|(rule, _)| rule.is_finer_or_equal(&self.view, &self.rule)),
        })
    }

    /// `self[set]`: the relational image, which is the union of the kinds of the members.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the set is of another heap.
    pub fn image(&self, set: &IdentitySet) -> Result<UniSet, UseError> {
        Ok(set.by_relation(self)?.kind())
    }

    /// The relation that classifies backing storage by its owner's class under this one.
    #[must_use]
    pub fn dictof(&self) -> Self {
        Self::new(Arc::clone(&self.view), Rule::DictOf(Arc::new(self.rule.clone())))
    }

    /// The relation that classifies objects by the set of classes that their referrers have under this one.
    #[must_use]
    pub fn refdby(&self) -> Self {
        Self::new(Arc::clone(&self.view), Rule::RefdBy(Arc::new(self.rule.clone())))
    }

    /// A set of classes of this relation: the one that the arguments describe. `with` adds further ones.
    ///
    /// # Errors
    /// As [`EquivalenceRelation::call`].
    pub fn sokind(&self, arguments: &Arguments) -> Result<SetOfKind, UseError> {
        SetOfKind::empty(Arc::clone(&self.view), self.rule.clone()).with(&self.call(arguments)?)
    }
}

/// The relation that puts each object into the class of the first kind that contains it.
pub(crate) fn findex(view: &Arc<View>, kinds: &[UniSet]) -> Result<EquivalenceRelation, UseError> {
    let exprs = kinds.iter().map(|kind| same_heap("findex", view, kind.view()).map(|()| kind.expr()));
    let exprs: Vec<Expr> = exprs.collect::<Result<_, _>>()?;
    Ok(EquivalenceRelation::new(Arc::clone(view), Rule::Findex(exprs.into())))
}

/// Two relations are equal when they are the same rule over the same heap.
impl PartialEq for EquivalenceRelation {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.view.heap(), other.view.heap()) && self.rule == other.rule
    }
}

impl Eq for EquivalenceRelation {}

impl fmt::Display for EquivalenceRelation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Equiv. relation {}", self.repr())
    }
}

impl Kind {
    /// Whether this is one class of `relation`, or of a finer one.
    #[must_use]
    pub fn is_class_of(&self, relation: &EquivalenceRelation) -> bool {
        relation.contains(&self.clone().into()).unwrap_or(false)
    }
}
