//! Symbolic sets: what a kind selects, without a heap.

use std::sync::Arc;

use super::identity_set::IdentitySet;
use super::order::is_at_most;
use crate::error::UseError;
use crate::object_set::ObjectSet;
use crate::relation::{Class, Place, Rule, is_storage, type_name};
use crate::text::python_repr;
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
    /// The backing storage that members of this set own; of the empty set, the storage without an owner.
    StorageOf(Arc<Expr>),
    /// A relation as a set. Every object is in it; a set is in it if all members are of one class.
    Relation(Arc<Rule>),
}

impl Expr {
    /// A class of a relation; of a product, what is in all its parts.
    pub(crate) fn class(rule: Rule, class: Class) -> Self {
        if let (Rule::Product(rules), Class::Product(classes)) = (&rule, &class) {
            let parts = rules.iter().cloned().zip(classes.iter().cloned());
            return Self::And(parts.map(|(rule, class)| Self::class(rule, class)).collect());
        }
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
            Self::StorageOf(owners) => storage_of(view, &owners.evaluate(view)),
            Self::Relation(_) => ObjectSet::full(count),
        }
    }

    /// Whether a set, as a whole, is in this one. A relation contains the sets within its classes, everything else the
    /// sets of its members.
    pub(crate) fn has(&self, view: &Arc<View>, set: &IdentitySet) -> bool {
        match self {
            Self::Relation(rule) => set.one_class(rule).is_some(),
            Self::Not(inner) if inner.has_relation() => !inner.has(view, set),
            Self::And(parts) if self.has_relation() => parts.iter().all(|part| part.has(view, set)),
            Self::Or(parts) if self.has_relation() => parts.iter().any(|part| part.has(view, set)),
            _ => set.nodes().is_subset(&self.evaluate(view)),
        }
    }

    fn has_relation(&self) -> bool {
        match self {
            Self::Relation(_) => true,
            Self::Not(inner) => inner.has_relation(),
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::has_relation),
            Self::Objects(_) | Self::Atom(_) | Self::StorageOf(_) => false,
        }
    }

    /// The short text.
    pub(crate) fn brief(&self, view: &Arc<View>) -> String {
        match self {
            Self::Objects(set) => super::summary::brief(view, set, &Rule::Clodo),
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
            Self::StorageOf(owners) => {
                let storage = &view.heap().vocabulary().storage;
                if owners.is_nothing() {
                    format!("{storage} (no owner)")
                } else {
                    format!("{storage} of {}", owners.brief(view))
                }
            }
            Self::Relation(rule) => format!("Equiv. relation {}", rule.repr(view)),
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
            Self::StorageOf(owners) => {
                let owners = owners.repr(view);
                if owners.starts_with('~') { format!("({owners}).dictof") } else { format!("{owners}.dictof") }
            }
            Self::Relation(rule) => rule.repr(view),
        }
    }
}

/// The storage owned by members of `owners`, or the storage without an owner if there are no members.
fn storage_of(view: &Arc<View>, owners: &ObjectSet) -> ObjectSet {
    let heap = view.heap();
    let mut found = ObjectSet::empty(heap.object_count());
    if owners.is_empty() {
        for object in heap.objects() {
            if is_storage(heap, object) && view.owners().get(object).is_none() {
                found.insert(object);
            }
        }
        return found;
    }
    for (storage, owner) in view.owners().iter() {
        if owners.contains(owner) {
            found.insert(storage);
        }
    }
    found
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
            Comparison::LessOrEqual => is_at_most(view.heap(), class, &self.class),
            Comparison::Less => !equal && is_at_most(view.heap(), class, &self.class),
            Comparison::GreaterOrEqual => is_at_most(view.heap(), &self.class, class),
            Comparison::Greater => !equal && is_at_most(view.heap(), &self.class, class),
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
            (Class::Object(_), _) => name,
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
        let heap = view.heap();
        let name = self.rule.class_name(view, &self.class, Place::InProduct);
        let quoted = || python_repr(&name);
        let relation = self.rule.repr(view);
        let plain = match &self.class {
            Class::All => "hp.Anything".into(),
            Class::Storage(None) | Class::OwnerIn(None) => "hp.Nothing.dictof".into(),
            Class::Storage(Some(owner)) => format!("hp.Class({}).dictof", python_repr(&type_name(heap, owner))),
            Class::OwnerIn(Some(owner)) => {
                let inner = match &self.rule {
                    Rule::DictOf(inner) => (**inner).clone(),
                    other => other.clone(),
                };
                format!("{}.dictof", Expr::class(inner, (**owner).clone()).repr(view))
            }
            Class::Module(None) => "~hp.Type.Module".into(),
            Class::Module(Some(module)) => {
                format!("hp.Module({}, at={})", quoted(), heap.instance(*module))
            }
            Class::Producer(None) => "hp.Prod()".into(),
            Class::Producer(Some((file, line))) => {
                let line = line.map_or_else(|| "None".to_owned(), |line| line.to_string());
                format!("hp.Prod({}, {line})", python_repr(file))
            }
            Class::Referrers(classes) => {
                let inner = match &self.rule {
                    Rule::RefdBy(inner) => (**inner).clone(),
                    other => other.clone(),
                };
                if classes.is_empty() {
                    "hp.sonokind.refdby".into()
                } else {
                    let kinds: Vec<_> = classes
                        .iter()
                        .map(|class| format!("({})", Expr::class(inner.clone(), class.clone()).repr(view)))
                        .collect();
                    format!("{}.sokind{}.refdby", inner.repr(view), kinds.concat())
                }
            }
            Class::Via(_) => format!("hp.Via({})", self.rule.class_name(view, &self.class, Place::Alone)),
            Class::Object(object) => format!("{relation}({:#x})", heap.address(*object)),
            Class::Size(_) => format!("{relation}({name})"),
            Class::Index(index) => format!("{relation}({index})"),
            Class::Age(age) => format!("{relation}({age})"),
            _ => format!("{relation}({})", quoted()),
        };
        match self.comparison {
            Comparison::Equal => plain,
            other => format!("{plain}.alt('{}')", other.symbol()),
        }
    }
}
