//! `Use`: the top object, from which every question starts.

use std::fmt;
use std::sync::Arc;

use crate::error::UseError;
use crate::heap::Heap;
use crate::id::ObjectId;
use crate::object_set::ObjectSet;
use crate::relation::{Argument, EquivalenceRelation, Rule, findex};
use crate::root_state::RootState;
use crate::setref::SharedReferences;
use crate::uniset::{Expr, IdentitySet, Kind, SetOfKind, UniSet};
use crate::view::View;

/// The top level interface to a heap.
#[derive(Clone, Debug)]
pub struct Use {
    view: Arc<View>,
    references: SharedReferences,
}

impl Use {
    /// A `Use` that looks at `heap`.
    #[must_use]
    pub fn new(heap: Arc<Heap>) -> Self {
        Self { view: Arc::new(View::new(heap)), references: SharedReferences::default() }
    }

    /// The same `Use` again, from what it consists of.
    pub(crate) fn of_parts(view: Arc<View>, references: SharedReferences) -> Self {
        Self { view, references }
    }

    /// The heap with what is computed of it.
    #[must_use]
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    pub(crate) fn references(&self) -> &SharedReferences {
        &self.references
    }

    /// The objects that the root reaches; without those of the reference, if one is set.
    #[must_use]
    pub fn heap(&self) -> IdentitySet {
        IdentitySet::new(Arc::clone(&self.view), self.relative_heap())
    }

    /// The symbolic root, whose attributes lead to everything that is reachable.
    #[must_use]
    pub fn root(&self) -> RootState {
        RootState::new(&self.view)
    }

    /// The empty set.
    #[must_use]
    pub fn nothing(&self) -> IdentitySet {
        IdentitySet::new(Arc::clone(&self.view), ObjectSet::empty(self.view.heap().object_count()))
    }

    /// The set of the given objects; repetition is dropped.
    ///
    /// # Errors
    /// [`UseError::Argument`] for an id that is not of this heap.
    pub fn iso(&self, objects: impl IntoIterator<Item = ObjectId>) -> Result<IdentitySet, UseError> {
        let count = self.view.heap().object_count();
        let mut members = ObjectSet::empty(count);
        for object in objects {
            if object.index() >= count {
                return Err(UseError::Argument {
                    function: "iso",
                    argument: "object",
                    given: object.raw().to_string(),
                    accepted: format!("ids below {count}"),
                });
            }
            members.insert(object);
        }
        Ok(IdentitySet::new(Arc::clone(&self.view), members))
    }

    /// The set of the objects at these addresses of an instance's memory; an address inside a block stands for the block.
    ///
    /// # Errors
    /// [`UseError::NoObject`] for an address at which nothing is.
    pub fn iso_at(&self, instance: u32, addresses: &[u64]) -> Result<IdentitySet, UseError> {
        let objects = addresses.iter().map(|&address| self.view.object_at(instance, address));
        self.iso(objects.collect::<Result<Vec<_>, _>>()?)
    }

    /// The set of the objects that an iterator gives: another name for [`Use::iso`].
    ///
    /// # Errors
    /// As [`Use::iso`].
    pub fn idset(&self, objects: impl IntoIterator<Item = ObjectId>) -> Result<IdentitySet, UseError> {
        self.iso(objects)
    }

    /// The union of several sets; of none, the empty set.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when one is of another heap.
    pub fn union(&self, sets: &[UniSet]) -> Result<UniSet, UseError> {
        sets.iter().try_fold(UniSet::from(self.nothing()), |union, set| union.or(set))
    }

    /// What an operand of the algebra stands for: a set for itself, a text for the type of that name.
    ///
    /// # Errors
    /// [`UseError::Argument`] for anything else, and for a name that no type has.
    pub fn uniset(&self, operand: &Argument) -> Result<UniSet, UseError> {
        match operand {
            Argument::Set(set) => Ok(set.clone()),
            Argument::Text(name) => Ok(self.relation("Type")?.class_named(name)?.into()),
            other => Err(UseError::Argument {
                function: "set operator",
                argument: "operand",
                given: format!("{other:?}"),
                accepted: "a set, or the name of a type".into(),
            }),
        }
    }

    /// The kind of everything.
    #[must_use]
    pub fn anything(&self) -> Kind {
        Kind::new(Arc::clone(&self.view), Expr::anything())
    }

    /// The relation that classifies an object by the first of `kinds` that contains it; its classes are 0, 1, ... and
    /// the number of kinds for objects that are in none.
    ///
    /// # Errors
    /// [`UseError::DifferentHeaps`] when a kind is of another heap.
    pub fn findex(&self, kinds: &[UniSet]) -> Result<EquivalenceRelation, UseError> {
        findex(&self.view, kinds)
    }

    /// A relation by its name: `Type`, `Class`, `Clodo`, `Content`, `Id`, `Idset`, `Module`, `Prod`, `Rcs`, `Size`, `Unity`,
    /// `Via`, `Unit`, `Site`, `Age`, `Thread` or `Evidence`; several joined by `&`.
    ///
    /// # Errors
    /// [`UseError::NoSuchRelation`] for another name, [`UseError::NoContents`] for `Content` of a snapshot without any.
    pub fn relation(&self, name: &str) -> Result<EquivalenceRelation, UseError> {
        Ok(EquivalenceRelation::new(Arc::clone(&self.view), Rule::parse(&self.view, name)?))
    }

    /// The set of kinds without a member; `refdby` of it gives the objects that nothing refers to.
    #[must_use]
    pub fn sonokind(&self) -> SetOfKind {
        SetOfKind::empty(Arc::clone(&self.view), Rule::Clodo)
    }

    /// The profile browser, which is a command of `heapy-host`.
    ///
    /// # Errors
    /// Always [`UseError::NotInThisBuild`]: the engine has no window.
    pub const fn pb(&self) -> Result<(), UseError> {
        Err(UseError::NotInThisBuild { feature: "pb", reason: "use `heapy-host pb FILE`" })
    }

    /// The monitor, which is the inspector of a running `heapy-host`.
    ///
    /// # Errors
    /// Always [`UseError::NotInThisBuild`]: the engine has no connections.
    pub const fn monitor(&self) -> Result<(), UseError> {
        Err(UseError::NotInThisBuild {
            feature: "monitor",
            reason: "`heapy-host GUEST` shows a running guest in the inspector",
        })
    }
}

/// The two lines of Heapy's repr.
impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Top level interface to Heapy.\nUse eg: hp.doc for more info on hp.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::{EdgeRecord, HeapBuilder, ObjectRecord, Relation, RootPlace, Shape, TypeRecord, Vocabulary};

    fn small_heap() -> Use {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        let record =
            |name: &str| TypeRecord { name: name.into(), unit: None, size: 0, shape: Shape::Opaque, storage: false };
        let node = builder.add_type(record("app::Node"));
        let pair = builder.add_type(record("app::Pair"));
        let block = |address, size, ty| ObjectRecord { ty, ..ObjectRecord::block(address, size) };
        let first = builder.add_object(block(0x1000, 112, Some(node)));
        let second = builder.add_object(block(0x1100, 56, Some(pair)));
        let leaked = builder.add_object(block(0x1200, 56, None));
        builder.add_edge(EdgeRecord::given(first, second, Relation::Field("next".into())));
        builder.add_edge(EdgeRecord::given(leaked, second, Relation::Field("other".into())));
        builder.add_root(RootPlace::Given("r0".into()), first);
        Use::new(Arc::new(builder.finish().unwrap()))
    }

    #[test]
    fn a_table_prints_as_heapy_prints_it() {
        let hp = small_heap();
        let table = "\
Partition of a set of 2 objects. Total size = 168 bytes.
 Index  Count   %     Size   % Cumulative  % Kind (class / buffer of class)
     0      1  50      112  67       112  67 app::Node
     1      1  50       56  33       168 100 app::Pair";
        assert_eq!(hp.heap().to_string(), table);
        assert_eq!(hp.heapu_set().by("Type").unwrap().partition().row(0).unwrap().name, "<untyped 56>");
        assert_eq!(hp.nothing().to_string(), "<Nothing>");
    }

    #[test]
    fn unreachable_referrers_are_not_seen() {
        let hp = small_heap();
        let second = hp.iso([ObjectId::new(1)]).unwrap();
        assert_eq!(second.referrers().nodes().iter().map(ObjectId::raw).collect::<Vec<_>>(), [0]);
        assert_eq!(second.by("Via").unwrap().partition().row(0).unwrap().name, "'.next'");
    }

    #[test]
    fn sets_of_two_heaps_do_not_combine() {
        let (a, b) = (small_heap().heap(), small_heap().heap());
        assert_eq!(a.and(&b).unwrap_err(), UseError::DifferentHeaps { operation: "&" });
    }
}
