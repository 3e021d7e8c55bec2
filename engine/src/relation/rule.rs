//! Which rule classifies objects, and the order among the rules.

use std::sync::Arc;

use crate::error::UseError;
use crate::uniset::Expr;
use crate::view::View;

/// The rule of an equivalence relation, without a heap.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rule {
    Type,
    Class,
    Clodo,
    Content,
    Id,
    Idset,
    Module,
    Prod,
    Size,
    Unity,
    Via,
    Unit,
    Site,
    Age,
    Thread,
    Evidence,
    /// Pairs and longer tuples of classes; never nested, never of less than two.
    Product(Arc<[Rule]>),
    /// The first of these kinds that contains the object.
    Findex(Arc<[Expr]>),
    /// Backing storage by its owner's class.
    DictOf(Arc<Rule>),
    /// The set of classes of the referrers. `Rcs` is `Clodo.refdby`.
    RefdBy(Arc<Rule>),
}

/// The relations that `by` knows by name, in alphabetical order.
pub(crate) const NAMES: &[&str] = &[
    "Age", "Class", "Clodo", "Content", "Evidence", "Id", "Idset", "Module", "Prod", "Rcs", "Site", "Size", "Thread",
    "Type", "Unit", "Unity", "Via",
];

impl Rule {
    /// The rule `Rcs`.
    pub(crate) fn rcs() -> Self {
        Self::RefdBy(Arc::new(Self::Clodo))
    }

    /// The rule of a name of `Use`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "Age" => Self::Age,
            "Class" => Self::Class,
            "Clodo" => Self::Clodo,
            "Content" => Self::Content,
            "Evidence" => Self::Evidence,
            "Id" => Self::Id,
            "Idset" => Self::Idset,
            "Module" => Self::Module,
            "Prod" => Self::Prod,
            "Rcs" => Self::rcs(),
            "Site" => Self::Site,
            "Size" => Self::Size,
            "Thread" => Self::Thread,
            "Type" => Self::Type,
            "Unit" => Self::Unit,
            "Unity" => Self::Unity,
            "Via" => Self::Via,
            _ => return None,
        })
    }

    /// The rule of a name of `Use` over a heap that can tell its classes.
    pub(crate) fn of_heap(view: &Arc<View>, name: &str) -> Result<Self, UseError> {
        match Self::named(name) {
            Some(Self::Content) if !view.heap().holds_contents() => Err(UseError::NoContents),
            Some(rule) => Ok(rule),
            None => Err(UseError::NoSuchRelation { name: name.to_owned(), accepted: NAMES.join(", ") }),
        }
    }

    /// The rule that `by` is given: names joined by `&`; the empty text is Unity.
    pub(crate) fn parse(view: &Arc<View>, text: &str) -> Result<Self, UseError> {
        let mut rule = Self::Unity;
        if text.trim().is_empty() {
            return Ok(rule);
        }
        for (index, name) in text.split('&').map(str::trim).enumerate() {
            let next = Self::of_heap(view, name)?;
            rule = if index == 0 { next } else { rule.and(view, &next) };
        }
        Ok(rule)
    }

    /// Whether every class of `self` lies in one class of `other`, by the declared order.
    pub(crate) fn is_finer_or_equal(&self, view: &Arc<View>, other: &Self) -> bool {
        if self == other || *other == Self::Unity {
            return true;
        }
        let parts = |rule: &Self| match rule {
            Self::Product(parts) => parts.to_vec(),
            single => vec![single.clone()],
        };
        match (self, other) {
            (Self::Class, Self::Type) | (Self::Site, Self::Prod) => true,
            // Storage of one owner may be of several types: then Clodo is not finer on this heap.
            (Self::Clodo, Self::Type | Self::Class) => view.clodo_is_finer(),
            (Self::Product(_), _) | (_, Self::Product(_)) => {
                parts(other).iter().all(|coarse| parts(self).iter().any(|fine| fine.is_finer_or_equal(view, coarse)))
            }
            (Self::DictOf(fine), Self::DictOf(coarse)) | (Self::RefdBy(fine), Self::RefdBy(coarse)) => {
                fine.is_finer_or_equal(view, coarse)
            }
            _ => false,
        }
    }

    /// The finer of two rules, or their product.
    pub(crate) fn and(&self, view: &Arc<View>, other: &Self) -> Self {
        if self.is_finer_or_equal(view, other) {
            return self.clone();
        }
        if other.is_finer_or_equal(view, self) {
            return other.clone();
        }
        let mut parts: Vec<Self> = Vec::new();
        for side in [self, other] {
            match side {
                Self::Product(inner) => parts.extend(inner.iter().cloned()),
                single => parts.push(single.clone()),
            }
        }
        let mut kept: Vec<Self> = Vec::new();
        for part in parts {
            if kept.iter().any(|have| have.is_finer_or_equal(view, &part)) {
                continue;
            }
            kept.retain(|have| !part.is_finer_or_equal(view, have));
            kept.push(part);
        }
        match kept.len() {
            1 => kept.swap_remove(0),
            _ => Self::Product(kept.into()),
        }
    }

    /// The name of the relation in messages.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Type => "Type",
            Self::Class => "Class",
            Self::Clodo => "Clodo",
            Self::Content => "Content",
            Self::Id => "Id",
            Self::Idset => "Idset",
            Self::Module => "Module",
            Self::Prod => "Prod",
            Self::Size => "Size",
            Self::Unity => "Unity",
            Self::Via => "Via",
            Self::Unit => "Unit",
            Self::Site => "Site",
            Self::Age => "Age",
            Self::Thread => "Thread",
            Self::Evidence => "Evidence",
            Self::Product(_) => "product",
            Self::Findex(_) => "findex",
            Self::DictOf(_) => "dictof",
            Self::RefdBy(_) => "Rcs",
        }
    }

    /// The repr of the relation, with the prefix `hp.`.
    pub(crate) fn repr(&self, view: &Arc<View>) -> String {
        match self {
            Self::Product(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| part.repr(view)).collect();
                format!("({})", parts.join(" & "))
            }
            Self::Findex(kinds) => {
                let kinds: Vec<_> = kinds.iter().map(|kind| kind.repr(view)).collect();
                format!("hp.findex({})", kinds.join(", "))
            }
            Self::DictOf(inner) => format!("{}.dictof", inner.repr(view)),
            Self::RefdBy(inner) if **inner == Self::Clodo => "hp.Rcs".into(),
            Self::RefdBy(inner) => format!("{}.refdby", inner.repr(view)),
            named => format!("hp.{}", named.word()),
        }
    }
}
