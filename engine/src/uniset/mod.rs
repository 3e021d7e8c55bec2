//! The algebra of sets: identity sets with members, kinds with a rule.

mod expr;
mod identity_set;
mod kind;

pub(crate) use expr::{Atom, Comparison, Expr};
pub use identity_set::IdentitySet;
pub use kind::Kind;
