//! Kinds: sets with a membership rule.

use std::fmt;
use std::sync::Arc;

use super::expr::Expr;
use super::identity_set::IdentitySet;
use crate::relation::{Class, Rule};
use crate::view::View;

/// A set with a membership rule; it has no members of its own, but selects objects of its heap.
#[derive(Clone, Debug)]
pub struct Kind {
    view: Arc<View>,
    expr: Expr,
}

impl Kind {
    pub(crate) fn new(view: Arc<View>, expr: Expr) -> Self {
        Self { view, expr }
    }

    pub(crate) fn of_class(view: Arc<View>, rule: Rule, class: Class) -> Self {
        Self::new(view, Expr::class(rule, class))
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
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.brief())
    }
}
