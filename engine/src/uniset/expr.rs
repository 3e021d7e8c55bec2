//! Symbolic sets: what a kind selects, without a heap.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::UseError;
use crate::object_set::ObjectSet;
use crate::relation::{Class, Place, Rule};
use crate::view::View;

/// How the class of an object is compared with that of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

impl Comparison {
    pub(crate) fn parse(symbol: &str) -> Result<Self, UseError> {
        Ok(match symbol {
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            "==" => Self::Equal,
            "!=" => Self::NotEqual,
            ">=" => Self::GreaterOrEqual,
            ">" => Self::Greater,
            _ => return Err(UseError::BadComparison { symbol: symbol.to_owned() }),
        })
    }

    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        }
    }
}

/// The objects whose class under a rule compares in a given way with a given class.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Atom {
    pub(crate) rule: Rule,
    pub(crate) class: Class,
    pub(crate) comparison: Comparison,
}

/// A set as a formula.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Expr {
    /// These objects.
    Objects(Arc<ObjectSet>),
    /// A class of a relation.
    Atom(Arc<Atom>),
    /// Everything else.
    Not(Arc<Expr>),
    /// What is in all of these.
    And(Arc<[Expr]>),
    /// What is in one of these.
    Or(Arc<[Expr]>),
}

impl Expr {
    pub(crate) fn class(rule: Rule, class: Class) -> Self {
        Self::Atom(Arc::new(Atom { rule, class, comparison: Comparison::Equal }))
    }

    /// The objects of the heap that are in the set. Time O(V / 64) for each operator, and O(V) for each atom.
    pub(crate) fn evaluate(&self, view: &Arc<View>) -> ObjectSet {
        let count = view.heap().object_count();
        match self {
            Self::Objects(set) => (**set).clone(),
            Self::Atom(atom) => view.labelling(&atom.rule).select(count, |class| atom.accepts(view, class)),
            Self::Not(inner) => {
                let mut found = ObjectSet::full(count);
                found.difference_with(&inner.evaluate(view));
                found
            }
            Self::And(parts) => {
                let mut found = ObjectSet::full(count);
                for part in parts.iter() {
                    found.intersect_with(&part.evaluate(view));
                }
                found
            }
            Self::Or(parts) => {
                let mut found = ObjectSet::empty(count);
                for part in parts.iter() {
                    found.union_with(&part.evaluate(view));
                }
                found
            }
        }
    }

    /// The short text.
    pub(crate) fn brief(&self, view: &Arc<View>) -> String {
        match self {
            Self::Objects(set) => super::identity_set::brief(view, set),
            Self::Atom(atom) => atom.brief(view),
            Self::Not(inner) => {
                let brief = inner.brief(view);
                let bracketed = brief.contains(' ') && !brief.starts_with(['(', '<']);
                if bracketed { format!("~({brief})") } else { format!("~{brief}") }
            }
            // The second parenthesis is Heapy's, and programs compare these texts.
            Self::And(parts) => format!("({}))", joined(parts, " & ", |part| part.brief(view))),
            Self::Or(parts) => {
                let mut briefs: Vec<_> = parts.iter().map(|part| part.brief(view)).collect();
                briefs.sort_unstable();
                format!("({})", briefs.join(" | "))
            }
        }
    }

    /// The text that gives the set again when it is evaluated.
    pub(crate) fn repr(&self, view: &Arc<View>) -> String {
        match self {
            Self::Objects(set) if set.is_empty() => "hp.Nothing".into(),
            Self::Objects(set) => {
                let heap = view.heap();
                let ids: Vec<_> = set.iter().map(|object| format!("{:#x}", heap.address(object))).collect();
                format!("hp.iso({})", ids.join(", "))
            }
            Self::Atom(atom) => atom.repr(view),
            Self::Not(inner) => format!("~{}", inner.repr(view)),
            Self::And(parts) => format!("({})", joined(parts, " & ", |part| part.repr(view))),
            Self::Or(parts) => {
                let mut reprs: Vec<_> = parts.iter().map(|part| part.repr(view)).collect();
                reprs.sort_unstable();
                format!("({})", reprs.join(" | "))
            }
        }
    }
}

fn joined(parts: &[Expr], separator: &str, text: impl Fn(&Expr) -> String) -> String {
    parts.iter().map(text).collect::<Vec<_>>().join(separator)
}

impl Atom {
    fn accepts(&self, view: &Arc<View>, class: &Class) -> bool {
        let equal = *class == self.class;
        match self.comparison {
            Comparison::Equal => equal,
            Comparison::NotEqual => !equal,
            Comparison::LessOrEqual => is_at_most(view, class, &self.class),
            Comparison::Less => !equal && is_at_most(view, class, &self.class),
            Comparison::GreaterOrEqual => is_at_most(view, &self.class, class),
            Comparison::Greater => !equal && is_at_most(view, &self.class, class),
        }
    }

    fn brief(&self, view: &Arc<View>) -> String {
        let symbol = self.comparison.symbol();
        let name = self.rule.class_name(view, &self.class, Place::Alone);
        let by = |words: [&str; 4]| match self.comparison {
            Comparison::Less => format!("{} ", words[0]),
            Comparison::LessOrEqual => format!("{} ", words[1]),
            Comparison::GreaterOrEqual => format!("{} ", words[2]),
            Comparison::Greater => format!("{} ", words[3]),
            Comparison::Equal | Comparison::NotEqual => String::new(),
        };
        match (&self.class, self.comparison) {
            (Class::Size(size), Comparison::Equal) => format!("<size = {size}>"),
            (Class::Size(size), _) => format!("<size {symbol} {size}>"),
            (Class::Object(_), _) => format!("<id {name}>"),
            (Class::Via(_), Comparison::Equal) => format!("<via {name}>"),
            (Class::Via(_), _) => format!("[{symbol} <via {name}>]"),
            (Class::Referrers(_), _) => {
                let by = by(["by less than", "by at most", "by at least", "by more than"]);
                let by = if by.is_empty() { "by: ".into() } else { format!("{}: ", by.trim_end()) };
                format!("<referred {by}{name}>")
            }
            (_, Comparison::Equal) => name,
            (Class::Type(_) | Class::Storage(_) | Class::OwnerIn(_), _) => {
                let of = by(["strict subtype of", "subtype of", "supertype of", "strict supertype of"]);
                format!("<{of}{name}>")
            }
            _ => format!("[{symbol} {name}]"),
        }
    }

    fn repr(&self, view: &Arc<View>) -> String {
        let name = self.rule.class_name(view, &self.class, Place::Alone);
        let plain = match &self.class {
            Class::All => "hp.Anything".into(),
            Class::Size(size) => format!("hp.Size({size})"),
            Class::Object(_) => format!("hp.Id({name})"),
            Class::Via(_) => format!("hp.Via({name})"),
            _ => format!("{}({})", self.rule.repr(view), crate::text::python_repr(&name)),
        };
        match self.comparison {
            Comparison::Equal => plain,
            other => format!("{plain}.alt('{}')", other.symbol()),
        }
    }
}

/// Whether class `a` is at most class `b` in the order of their family.
fn is_at_most(view: &Arc<View>, a: &Class, b: &Class) -> bool {
    let _ = view;
    match (a, b) {
        (Class::Size(a), Class::Size(b)) => a <= b,
        (Class::Referrers(a), Class::Referrers(b)) => a.is_subset(b),
        (Class::Via(a), Class::Via(b)) => BTreeSet::is_subset(a, b),
        (a, b) => a == b,
    }
}
