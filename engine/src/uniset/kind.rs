//! Kinds: sets with a membership rule.

use std::fmt;
use std::sync::Arc;

use super::expr::{Atom, Comparison, Expr};
use super::identity_set::IdentitySet;
use super::order::has_order;
use super::{SetOfKind, UniSet};
use crate::error::UseError;
use crate::relation::{Class, EquivalenceRelation, Place, Rule};
use crate::text::Rendering;
use crate::view::View;

/// A set with a membership rule; it has no members of its own, but selects objects of its heap.
#[derive(Clone, Debug)]
pub struct Kind {
    view: Arc<View>,
    expr: Expr,
}

/// How members of a set are selected: those whose class under the relation compares so with the class.
#[derive(Clone, Debug)]
pub struct Classification {
    /// The relation.
    pub relation: EquivalenceRelation,
    /// The name of the class.
    pub class: String,
    /// One of `< <= == != >= >`.
    pub comparison: &'static str,
}

/// The classification of any set; of a formula, that of its bipartition.
pub(super) fn classification(view: &Arc<View>, expr: &Expr) -> Classification {
    let (rule, class, comparison) = match expr {
        Expr::Atom(atom) => (atom.rule.clone(), atom.class.clone(), atom.comparison),
        Expr::Not(inner) => (Rule::Findex([(**inner).clone()].into()), Class::Index(0), Comparison::NotEqual),
        other => (Rule::Findex([other.clone()].into()), Class::Index(0), Comparison::Equal),
    };
    let name = rule.class_name(view, &class, Place::InProduct);
    Classification {
        relation: EquivalenceRelation::new(Arc::clone(view), rule),
        class: name,
        comparison: comparison.symbol(),
    }
}

impl Kind {
    pub(crate) fn new(view: Arc<View>, expr: Expr) -> Self {
        Self { view, expr }
    }

    pub(crate) fn of_class(view: Arc<View>, rule: Rule, class: Class) -> Self {
        Self::new(view, Expr::class(rule, class))
    }

    pub(crate) fn expr(&self) -> &Expr {
        &self.expr
    }

    /// What it selects from.
    #[must_use]
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// A short text.
    #[must_use]
    pub fn brief(&self) -> String {
        self.expr.brief(&self.view)
    }

    /// The text that gives the kind again when it is evaluated.
    #[must_use]
    pub fn repr(&self) -> String {
        self.expr.repr(&self.view)
    }

    /// All objects of the heap that are of this kind, reachable or not.
    #[must_use]
    pub fn select(&self) -> IdentitySet {
        IdentitySet::new(Arc::clone(&self.view), self.expr.evaluate(&self.view))
    }

    /// The rule and class that this kind is, if it is one class of one relation.
    pub(crate) fn class(&self) -> Option<(&Rule, &Class)> {
        match &self.expr {
            Expr::Atom(atom) if atom.comparison == Comparison::Equal => Some((&atom.rule, &atom.class)),
            _ => None,
        }
    }

    /// The kind whose class compares with this one's: `<`, `<=`, `==`, `!=`, `>=` or `>`.
    ///
    /// # Errors
    /// [`UseError::BadComparison`] for another symbol; [`UseError::NoAlternative`] when the family has no order, or
    /// when this is such a kind already.
    pub fn alt(&self, symbol: &str) -> Result<UniSet, UseError> {
        let comparison = Comparison::parse(symbol)?;
        let no_alternative = || UseError::NoAlternative { kind: self.brief() };
        match (comparison, self.class()) {
            (Comparison::Equal, Some(_)) => Ok(self.clone().into()),
            (Comparison::NotEqual, Some(_)) => Ok(UniSet::from(self.clone()).invert()),
            (_, Some((rule, class))) if has_order(class) => {
                let atom = Atom { rule: rule.clone(), class: class.clone(), comparison };
                Ok(Self::new(Arc::clone(&self.view), Expr::Atom(Arc::new(atom))).into())
            }
            (_, None) => match &self.expr {
                Expr::StorageOf(owners) => match UniSet::from_expr(&self.view, (**owners).clone()) {
                    UniSet::Kind(owners) => Ok(owners.alt(symbol)?.dictof().into()),
                    UniSet::Identity(_) => Err(no_alternative()),
                },
                _ => Err(no_alternative()),
            },
            _ => Err(no_alternative()),
        }
    }

    /// The objects whose referrers are all of this one class, and some are; see [`SetOfKind`] for several classes.
    ///
    /// # Errors
    /// [`UseError::Argument`] when this is no class of a relation.
    pub fn refdby(&self) -> Result<Self, UseError> {
        Ok(SetOfKind::of(self)?.refdby())
    }

    /// The relation that this is a class of, if it is one.
    #[must_use]
    pub fn relation(&self) -> Option<EquivalenceRelation> {
        let (rule, _) = self.class()?;
        Some(EquivalenceRelation::new(Arc::clone(&self.view), rule.clone()))
    }

    pub(super) fn rendering(&self) -> Rendering {
        match &self.expr {
            Expr::Atom(atom) => Rendering::of_class(&atom.class),
            Expr::StorageOf(_) => Rendering::Owner,
            _ => Rendering::Address,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.brief())
    }
}
