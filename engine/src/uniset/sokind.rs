//! Sets of kinds: the classes that the referrers of an object may have.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::expr::Expr;
use super::kind::Kind;
use crate::error::UseError;
use crate::relation::{Class, EquivalenceRelation, Rule};
use crate::view::View;

/// A set of classes of one relation. `refdby` gives the objects whose referrers are of exactly these classes.
#[derive(Clone, Debug)]
pub struct SetOfKind {
    view: Arc<View>,
    rule: Rule,
    classes: BTreeSet<Class>,
}

impl SetOfKind {
    /// The set without a class: `refdby` of it gives the objects that nothing refers to.
    pub(crate) fn empty(view: Arc<View>, rule: Rule) -> Self {
        Self { view, rule, classes: BTreeSet::new() }
    }

    /// The set of one class.
    pub(crate) fn of(kind: &Kind) -> Result<Self, UseError> {
        let (rule, class) = kind.class().ok_or_else(|| not_a_class("sokind", kind, "a class of a relation"))?;
        Ok(Self { view: Arc::clone(kind.view()), rule: rule.clone(), classes: BTreeSet::from([class.clone()]) })
    }

    /// The set with one class more.
    ///
    /// # Errors
    /// [`UseError::Argument`] for a kind that is no class of this set's relation.
    pub fn with(&self, kind: &Kind) -> Result<Self, UseError> {
        super::same_heap("sokind", &self.view, kind.view())?;
        let class = class_under(&self.rule, kind)
            .ok_or_else(|| not_a_class("sokind", kind, &format!("a class of {}", self.rule.repr(&self.view))))?;
        let mut larger = self.clone();
        larger.classes.insert(class);
        Ok(larger)
    }

    /// The relation that its classes are of.
    #[must_use]
    pub fn relation(&self) -> EquivalenceRelation {
        EquivalenceRelation::new(Arc::clone(&self.view), self.rule.clone())
    }

    pub(crate) fn rule(&self) -> &Rule {
        &self.rule
    }

    pub(crate) fn classes(&self) -> &BTreeSet<Class> {
        &self.classes
    }

    /// The objects whose referrers are of exactly these classes.
    #[must_use]
    pub fn refdby(&self) -> Kind {
        let rule = Rule::RefdBy(Arc::new(self.rule.clone()));
        Kind::of_class(Arc::clone(&self.view), rule, Class::Referrers(self.classes.clone()))
    }
}

/// The class that a kind is under `rule`. A type is a class of Clodo too, and a class of storage one of `dictof`.
pub(crate) fn class_under(rule: &Rule, kind: &Kind) -> Option<Class> {
    let owner_of = |owners: &Expr| match owners {
        nothing if nothing.is_nothing() => Some(Class::Storage(None)),
        Expr::Atom(atom) => match &atom.class {
            Class::Type(ty) => Some(Class::Storage(Some(ty.clone()))),
            _ => None,
        },
        _ => None,
    };
    match (rule, kind.class(), kind.expr()) {
        (_, Some((own, class)), _) if own == rule => Some(class.clone()),
        (Rule::Clodo | Rule::Class, Some((Rule::Type | Rule::Class | Rule::Clodo, class @ Class::Type(_))), _) => {
            Some(class.clone())
        }
        (Rule::Clodo, None, Expr::StorageOf(owners)) => owner_of(owners),
        _ => None,
    }
}

pub(crate) fn not_a_class(function: &'static str, kind: &Kind, accepted: &str) -> UseError {
    UseError::Argument { function, argument: "kind", given: kind.brief(), accepted: accepted.to_owned() }
}

impl PartialEq for SetOfKind {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.view.heap(), other.view.heap()) && self.rule == other.rule && self.classes == other.classes
    }
}

impl Eq for SetOfKind {}

/// The text that gives the set again when it is evaluated.
impl fmt::Display for SetOfKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.classes.is_empty() {
            return f.write_str("hp.sonokind");
        }
        write!(f, "{}.sokind", self.rule.repr(&self.view))?;
        for class in &self.classes {
            write!(f, "({})", Expr::class(self.rule.clone(), class.clone()).repr(&self.view))?;
        }
        Ok(())
    }
}
