//! The algebra of sets: identity sets with members, kinds with a rule.
//!
//! All operators work on both. A result that can be listed is an [`IdentitySet`]; what is only a rule stays a
//! [`Kind`], in a normal form that prints as Heapy prints it. Comparisons are decided on the heap: both sides are
//! evaluated over all its objects, so that they are right where Heapy's are only syntactic.

mod analyses;
mod attributes;
mod expr;
mod formula;
mod identity_set;
mod kind;
mod maprox;
mod order;
mod sokind;
mod summary;
mod symbolic;

use std::fmt;
use std::ops::{BitAnd, BitOr, BitXor, Not, Sub};
use std::sync::Arc;

pub use attributes::{FieldView, ObjectView};
pub(crate) use expr::{Atom, Comparison, Expr};
pub(crate) use formula::MAX_PARTS;
pub use identity_set::IdentitySet;
pub use kind::{Classification, Kind};
pub use maprox::MappingProxy;
pub use sokind::SetOfKind;
pub(crate) use sokind::{class_under, not_a_class};

use crate::error::UseError;
use crate::id::ObjectId;
use crate::object_set::ObjectSet;
use crate::relation::{EquivalenceRelation, Rule};
use crate::text::Rendering;
use crate::view::View;

/// A set of objects: either with members or by a rule.
#[derive(Clone, Debug)]
pub enum UniSet {
    /// A set with members.
    Identity(IdentitySet),
    /// A set with a membership rule.
    Kind(Kind),
}

impl From<IdentitySet> for UniSet {
    fn from(set: IdentitySet) -> Self {
        Self::Identity(set)
    }
}

impl From<Kind> for UniSet {
    fn from(kind: Kind) -> Self {
        Self::Kind(kind)
    }
}

impl UniSet {
    pub(crate) fn from_expr(view: &Arc<View>, expr: Expr) -> Self {
        match expr {
            Expr::Objects(members) => IdentitySet::from_shared(Arc::clone(view), members).into(),
            rule => Kind::new(Arc::clone(view), rule).into(),
        }
    }

    pub(crate) fn expr(&self) -> Expr {
        match self {
            Self::Identity(set) => Expr::Objects(Arc::clone(set.shared_nodes())),
            Self::Kind(kind) => kind.expr().clone(),
        }
    }

    /// What it selects from.
    #[must_use]
    pub fn view(&self) -> &Arc<View> {
        match self {
            Self::Identity(set) => set.view(),
            Self::Kind(kind) => kind.view(),
        }
    }

    /// The set as one with members, if it is one.
    #[must_use]
    pub fn as_identity(&self) -> Option<&IdentitySet> {
        match self {
            Self::Identity(set) => Some(set),
            Self::Kind(_) => None,
        }
    }

    /// `set in self`: whether all members are in it. In a relation, and in a formula with one, a set is only if its
    /// members are of one class.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the sets are of different heaps.
    pub fn has(&self, set: &Self) -> Result<bool, UseError> {
        same_heap("in", self.view(), set.view())?;
        match set {
            Self::Identity(set) => Ok(self.expr().has(self.view(), set)),
            Self::Kind(_) => set.is_subset(self),
        }
    }

    /// All objects of the heap that are in it, reachable or not. Time O(V) for each relation that a kind is made of.
    #[must_use]
    pub fn select(&self) -> ObjectSet {
        self.expr().evaluate(self.view())
    }

    fn combined(
        &self,
        operation: &'static str,
        other: &Self,
        combine: impl FnOnce(&Expr, &Arc<View>, &Expr) -> Expr,
    ) -> Result<Self, UseError> {
        same_heap(operation, self.view(), other.view())?;
        Ok(Self::from_expr(self.view(), combine(&self.expr(), self.view(), &other.expr())))
    }

    /// `self & other`: what is in both.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the operands are of different heaps.
    pub fn and(&self, other: &Self) -> Result<Self, UseError> {
        self.combined("&", other, Expr::and)
    }

    /// `self | other`: what is in one of them.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the operands are of different heaps.
    pub fn or(&self, other: &Self) -> Result<Self, UseError> {
        self.combined("|", other, Expr::or)
    }

    /// `self - other`: what is in `self` only.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the operands are of different heaps.
    pub fn sub(&self, other: &Self) -> Result<Self, UseError> {
        self.combined("-", other, Expr::sub)
    }

    /// `self ^ other`: what is in one of them only.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the operands are of different heaps.
    pub fn xor(&self, other: &Self) -> Result<Self, UseError> {
        self.combined("^", other, Expr::xor)
    }

    /// `~self`: everything else.
    #[must_use]
    pub fn invert(&self) -> Self {
        Self::from_expr(self.view(), self.expr().not(self.view()))
    }

    /// `self <= other`: whether all of `self` is in `other`, decided on the heap.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the operands are of different heaps.
    pub fn is_subset(&self, other: &Self) -> Result<bool, UseError> {
        same_heap("<=", self.view(), other.view())?;
        Ok(self.expr() == other.expr() || self.select().is_subset(&other.select()))
    }

    /// `self < other`: whether `self` is a subset of `other` and `other` has more.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the operands are of different heaps.
    pub fn is_strict_subset(&self, other: &Self) -> Result<bool, UseError> {
        Ok(self.is_subset(other)? && !other.is_subset(self)?)
    }

    /// `self == other`: whether both have the same objects.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the operands are of different heaps.
    pub fn equals(&self, other: &Self) -> Result<bool, UseError> {
        Ok(self.is_subset(other)? && other.is_subset(self)?)
    }

    /// Whether `self & other` is empty, decided on the heap.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when the operands are of different heaps.
    pub fn disjoint(&self, other: &Self) -> Result<bool, UseError> {
        same_heap("disjoint", self.view(), other.view())?;
        Ok(self.select().is_disjoint(&other.select()))
    }

    /// `object in self`.
    #[must_use]
    pub fn contains(&self, object: ObjectId) -> bool {
        object.index() < self.view().heap().object_count() && self.select().contains(object)
    }

    /// `bool(self)`: false for the empty identity set only.
    #[must_use]
    pub fn as_bool(&self) -> bool {
        !self.expr().is_nothing()
    }

    /// A short text.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::Identity(set) => set.brief(),
            Self::Kind(kind) => kind.brief(),
        }
    }

    /// The text that gives the set again when it is evaluated; of an identity set its table.
    #[must_use]
    pub fn repr(&self) -> String {
        match self {
            Self::Identity(set) if set.is_empty() => "hp.Nothing".into(),
            Self::Identity(set) => set.to_string(),
            Self::Kind(kind) => kind.repr(),
        }
    }

    /// The relation with two classes: 0 for what is in this set, 1 for what is not.
    #[must_use]
    pub fn biper(&self) -> EquivalenceRelation {
        EquivalenceRelation::new(Arc::clone(self.view()), Rule::Findex([self.expr()].into()))
    }

    /// The kind of the backing storage owned by members; of the empty set, of the storage without an owner.
    #[must_use]
    pub fn dictof(&self) -> Kind {
        Kind::new(Arc::clone(self.view()), Expr::StorageOf(Arc::new(self.expr())))
    }

    /// How members are selected, as far as one relation tells: the relation, its class and the comparison.
    #[must_use]
    pub fn get_ckc(&self) -> Classification {
        kind::classification(self.view(), &self.expr())
    }

    /// The text of an object in listings of this set.
    #[must_use]
    pub fn render(&self, object: ObjectId) -> String {
        let rendering = match self {
            Self::Identity(set) => {
                set.one_class(set.rule()).map_or(Rendering::Address, |class| Rendering::of_class(&class))
            }
            Self::Kind(kind) => kind.rendering(),
        };
        rendering.text(self.view(), object)
    }
}

/// Str: the table of an identity set, the brief of a kind.
impl fmt::Display for UniSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(set) => set.fmt(f),
            Self::Kind(kind) => kind.fmt(f),
        }
    }
}

pub(crate) fn same_heap(operation: &'static str, a: &Arc<View>, b: &Arc<View>) -> Result<(), UseError> {
    if Arc::ptr_eq(a.heap(), b.heap()) { Ok(()) } else { Err(UseError::DifferentHeaps { operation }) }
}

/// The operators of the algebra, for each pair of sets: `&`, `|`, `-` and `^` fail for operands of different heaps.
macro_rules! operators {
    ($left:ty, $right:ty) => {
        impl BitAnd<&$right> for &$left {
            type Output = Result<UniSet, UseError>;
            fn bitand(self, other: &$right) -> Self::Output {
                UniSet::from(self.clone()).and(&UniSet::from(other.clone()))
            }
        }
        impl BitOr<&$right> for &$left {
            type Output = Result<UniSet, UseError>;
            fn bitor(self, other: &$right) -> Self::Output {
                UniSet::from(self.clone()).or(&UniSet::from(other.clone()))
            }
        }
        impl Sub<&$right> for &$left {
            type Output = Result<UniSet, UseError>;
            fn sub(self, other: &$right) -> Self::Output {
                UniSet::from(self.clone()).sub(&UniSet::from(other.clone()))
            }
        }
        impl BitXor<&$right> for &$left {
            type Output = Result<UniSet, UseError>;
            fn bitxor(self, other: &$right) -> Self::Output {
                UniSet::from(self.clone()).xor(&UniSet::from(other.clone()))
            }
        }
    };
}

operators!(IdentitySet, IdentitySet);
operators!(IdentitySet, Kind);
operators!(IdentitySet, UniSet);
operators!(Kind, IdentitySet);
operators!(Kind, Kind);
operators!(Kind, UniSet);
operators!(UniSet, IdentitySet);
operators!(UniSet, Kind);
operators!(UniSet, UniSet);

impl Not for &IdentitySet {
    type Output = UniSet;
    fn not(self) -> UniSet {
        UniSet::from(self.clone()).invert()
    }
}

impl Not for &Kind {
    type Output = UniSet;
    fn not(self) -> UniSet {
        UniSet::from(self.clone()).invert()
    }
}

impl Not for &UniSet {
    type Output = UniSet;
    fn not(self) -> UniSet {
        self.invert()
    }
}
