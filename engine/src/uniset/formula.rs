//! How large a formula is: kinds and relations are made of others, and whoever asks chooses how deep.
//!
//! Formulas are walked by recursion wherever they are compared, evaluated or printed, and one that is used twice in
//! another is walked twice. So their size is bounded where they are made: every answer has at most [`MAX_PARTS`] parts.

use super::expr::Expr;
use super::{SetOfKind, UniSet};
use crate::relation::{Class, EquivalenceRelation, Rule};

/// Most parts of a formula. A formula of people has ten.
pub(crate) const MAX_PARTS: usize = 500;

/// A part of a formula.
enum Part<'formula> {
    Expr(&'formula Expr),
    Rule(&'formula Rule),
    Class(&'formula Class),
}

impl UniSet {
    /// Number of parts of its formula, counted no further than one above the most that there may be.
    #[must_use]
    pub fn formula_parts(&self) -> usize {
        match self {
            Self::Identity(set) => count(vec![Part::Rule(set.rule())]),
            Self::Kind(kind) => count(vec![Part::Expr(kind.expr())]),
        }
    }
}

impl EquivalenceRelation {
    /// As [`UniSet::formula_parts`].
    #[must_use]
    pub fn formula_parts(&self) -> usize {
        count(vec![Part::Rule(self.rule())])
    }
}

impl SetOfKind {
    /// As [`UniSet::formula_parts`].
    #[must_use]
    pub fn formula_parts(&self) -> usize {
        let classes = self.classes().iter().map(Part::Class);
        count(std::iter::once(Part::Rule(self.rule())).chain(classes).collect())
    }
}

/// Time and space O([`MAX_PARTS`]) and the number of parts of the last part that was opened.
fn count(mut pending: Vec<Part<'_>>) -> usize {
    let mut parts = 0;
    while let Some(part) = pending.pop() {
        parts += 1;
        if parts > MAX_PARTS {
            break;
        }
        match part {
            Part::Expr(Expr::Objects(_)) => {}
            Part::Expr(Expr::Atom(atom)) => pending.extend([Part::Rule(&atom.rule), Part::Class(&atom.class)]),
            Part::Expr(Expr::Not(inner) | Expr::StorageOf(inner)) => pending.push(Part::Expr(inner)),
            Part::Expr(Expr::And(parts) | Expr::Or(parts)) => pending.extend(parts.iter().map(Part::Expr)),
            Part::Expr(Expr::Relation(rule)) => pending.push(Part::Rule(rule)),
            Part::Rule(Rule::Product(rules)) => pending.extend(rules.iter().map(Part::Rule)),
            Part::Rule(Rule::Findex(kinds)) => pending.extend(kinds.iter().map(Part::Expr)),
            Part::Rule(Rule::DictOf(inner) | Rule::RefdBy(inner)) => pending.push(Part::Rule(inner)),
            Part::Class(Class::OwnerIn(Some(owner))) => pending.push(Part::Class(owner)),
            Part::Class(Class::Referrers(classes)) => pending.extend(classes.iter().map(Part::Class)),
            Part::Class(Class::Product(classes)) => pending.extend(classes.iter().map(Part::Class)),
            Part::Rule(_) | Part::Class(_) => {}
        }
    }
    parts
}
