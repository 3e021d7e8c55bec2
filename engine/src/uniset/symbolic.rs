//! The normal form of symbolic sets: an OR of ANDs of kinds and complements of kinds.
//!
//! Only what the formulas themselves show is simplified: a set that is part of the other disappears in a union and
//! remains in an intersection, and classes of one relation are disjoint. The order of factors is that of evaluation,
//! which is Heapy's: operands are reversed. Questions such as "is a subset of" are not answered here but on the heap.

use std::sync::Arc;

use super::expr::{Comparison, Expr};
use crate::object_set::ObjectSet;
use crate::relation::{Class, Rule};
use crate::view::View;

/// Most terms of a union: negation and distribution multiply them, so that a formula of twenty kinds could have a
/// million. What would have more is answered by its members.
const MAX_TERMS: usize = 256;

impl Expr {
    /// The empty set of a heap.
    pub(crate) fn nothing(view: &Arc<View>) -> Self {
        Self::Objects(Arc::new(ObjectSet::empty(view.heap().object_count())))
    }

    pub(crate) fn anything() -> Self {
        Self::class(Rule::Unity, Class::All)
    }

    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, Self::Objects(set) if set.is_empty())
    }

    fn is_anything(&self) -> bool {
        matches!(self, Self::Atom(atom) if atom.class == Class::All)
    }

    /// Whether it is a kind or the complement of one.
    fn is_factor(&self) -> bool {
        !matches!(self, Self::And(_) | Self::Or(_))
    }

    fn term_count(&self) -> usize {
        match self {
            Self::Or(terms) => terms.len(),
            _ => 1,
        }
    }

    fn factors(&self) -> Vec<Self> {
        match self {
            Self::And(factors) => factors.to_vec(),
            single => vec![single.clone()],
        }
    }

    fn terms(&self) -> Vec<Self> {
        match self {
            Self::Or(terms) => terms.to_vec(),
            single => vec![single.clone()],
        }
    }

    /// Whether the formulas show that every member of `self` is one of `other`.
    pub(crate) fn is_part_of(&self, view: &Arc<View>, other: &Self) -> bool {
        if self == other || self.is_nothing() || other.is_anything() {
            return true;
        }
        match (self, other) {
            (Self::Objects(set), _) => set.is_subset(&other.evaluate(view)),
            (_, Self::Not(inner)) if inner.is_nothing() => true,
            (Self::Or(terms), _) => terms.iter().all(|term| term.is_part_of(view, other)),
            (_, Self::And(factors)) => factors.iter().all(|factor| self.is_part_of(view, factor)),
            (_, Self::Or(terms)) => terms.iter().any(|term| self.is_part_of(view, term)),
            (Self::And(factors), _) => factors.iter().any(|factor| factor.is_part_of(view, other)),
            (Self::Not(a), Self::Not(b)) => b.is_part_of(view, a),
            (_, Self::Not(inner)) => self.is_disjoint_from(view, inner),
            _ => false,
        }
    }

    /// Whether the formulas of two factors show that they have no member in common.
    fn is_disjoint_from(&self, view: &Arc<View>, other: &Self) -> bool {
        match (self, other) {
            (Self::Atom(a), Self::Atom(b)) => {
                let plain = a.comparison == Comparison::Equal && b.comparison == Comparison::Equal;
                plain && a.rule == b.rule && a.class != b.class
            }
            (Self::Not(inner), factor) | (factor, Self::Not(inner)) => factor.is_part_of(view, inner),
            (Self::Objects(set), other) | (other, Self::Objects(set)) => set.is_disjoint(&other.evaluate(view)),
            _ => false,
        }
    }

    /// The intersection.
    pub(crate) fn and(&self, view: &Arc<View>, other: &Self) -> Self {
        if self.term_count() * other.term_count() > MAX_TERMS {
            let mut both = self.evaluate(view);
            both.intersect_with(&other.evaluate(view));
            return Self::Objects(Arc::new(both));
        }
        match (self, other) {
            (Self::Objects(set), kind) | (kind, Self::Objects(set)) => {
                let mut both = (**set).clone();
                both.intersect_with(&kind.evaluate(view));
                Self::Objects(Arc::new(both))
            }
            (Self::Or(terms), factor) | (factor, Self::Or(terms)) => {
                terms.iter().fold(Self::nothing(view), |union, term| union.or(view, &term.and(view, factor)))
            }
            (Self::And(factors), factor) | (factor, Self::And(factors)) if factor.is_factor() => {
                and_factor(view, factors, factor)
            }
            (a, Self::And(_)) => a.factors().iter().fold(other.clone(), |both, factor| both.and(view, factor)),
            // A complement stands first; otherwise the operands are reversed.
            (inverse @ Self::Not(_), plain) if !matches!(plain, Self::Not(_)) => and_factors(view, inverse, plain),
            (a, b) => and_factors(view, b, a),
        }
    }

    /// The union.
    pub(crate) fn or(&self, view: &Arc<View>, other: &Self) -> Self {
        if self.term_count() + other.term_count() > MAX_TERMS {
            let mut either = self.evaluate(view);
            either.union_with(&other.evaluate(view));
            return Self::Objects(Arc::new(either));
        }
        if self.is_part_of(view, other) {
            return other.clone();
        }
        if other.is_part_of(view, self) {
            return self.clone();
        }
        match (self, other) {
            (Self::Objects(a), Self::Objects(b)) => {
                let mut either = (**a).clone();
                either.union_with(b);
                Self::Objects(Arc::new(either))
            }
            (Self::Objects(set), kind) | (kind, Self::Objects(set)) => {
                let mut rest = (**set).clone();
                rest.difference_with(&kind.evaluate(view));
                or_term(view, kind, &Self::Objects(Arc::new(rest)))
            }
            (Self::Or(_), term) => term.terms().iter().fold(self.clone(), |union, term| or_term(view, &union, term)),
            (term, Self::Or(_)) => or_term(view, other, term),
            (inverse @ Self::Not(inner), factor) | (factor, inverse @ Self::Not(inner)) => {
                if inner.is_part_of(view, factor) {
                    return Self::Not(Arc::new(Self::nothing(view)));
                }
                or_term(view, inverse, factor)
            }
            (a, b) => or_term(view, b, a),
        }
    }

    /// The complement.
    pub(crate) fn not(&self, view: &Arc<View>) -> Self {
        match self {
            Self::Not(inner) => (**inner).clone(),
            Self::And(factors) => {
                factors.iter().fold(Self::nothing(view), |union, factor| union.or(view, &factor.not(view)))
            }
            Self::Or(terms) => {
                let mut terms = terms.iter();
                let first = terms.next().map_or_else(Self::anything, |term| term.not(view));
                terms.fold(first, |both, term| both.and(view, &term.not(view)))
            }
            anything if anything.is_anything() => Self::nothing(view),
            other => Self::Not(Arc::new(other.clone())),
        }
    }

    /// What is in `self` but not in `other`.
    pub(crate) fn sub(&self, view: &Arc<View>, other: &Self) -> Self {
        match self {
            Self::Objects(set) => {
                let mut rest = (**set).clone();
                rest.difference_with(&other.evaluate(view));
                Self::Objects(Arc::new(rest))
            }
            kind => kind.and(view, &other.not(view)),
        }
    }

    /// What is in one of them only.
    pub(crate) fn xor(&self, view: &Arc<View>, other: &Self) -> Self {
        self.sub(view, other).or(view, &other.sub(view, self))
    }
}

/// `first & second`, in this order, where neither is an AND or an OR.
fn and_factors(view: &Arc<View>, first: &Expr, second: &Expr) -> Expr {
    if first.is_part_of(view, second) {
        return first.clone();
    }
    if second.is_part_of(view, first) {
        return second.clone();
    }
    if first.is_disjoint_from(view, second) {
        return Expr::nothing(view);
    }
    Expr::And([first.clone(), second.clone()].into())
}

/// An AND with one more factor, which comes last.
fn and_factor(view: &Arc<View>, factors: &[Expr], factor: &Expr) -> Expr {
    let mut kept = Vec::new();
    for have in factors {
        if have.is_part_of(view, factor) {
            return Expr::And(factors.into());
        }
        if factor.is_part_of(view, have) {
            continue;
        }
        if have.is_disjoint_from(view, factor) {
            return Expr::nothing(view);
        }
        kept.push(have.clone());
    }
    kept.push(factor.clone());
    if let [only] = kept.as_slice() { only.clone() } else { Expr::And(kept.into()) }
}

/// A union with one more term, which comes last; terms that are part of it disappear.
fn or_term(view: &Arc<View>, union: &Expr, term: &Expr) -> Expr {
    let mut terms = union.terms();
    if terms.iter().any(|have| term.is_part_of(view, have)) {
        return union.clone();
    }
    terms.retain(|have| !have.is_part_of(view, term));
    terms.push(term.clone());
    if let [only] = terms.as_slice() { only.clone() } else { Expr::Or(terms.into()) }
}
