//! The mapping proxy: an operation on every member of a set, and the set of its results.

use super::identity_set::IdentitySet;
use crate::error::UseError;
use crate::heap::Relation;
use crate::object_set::ObjectSet;
use crate::relation::parse_relation;

/// Maps attribute and index access over the members of a set. Members that have no such reference are passed over;
/// values that are no objects of the heap (numbers, null) are no results.
#[derive(Clone, Debug)]
pub struct MappingProxy {
    set: IdentitySet,
}

impl MappingProxy {
    pub(super) fn new(set: IdentitySet) -> Self {
        Self { set }
    }

    /// `x.maprox.name`: what the members' fields of this name refer to, inside of them too: of a field `items` whose
    /// buffer is `items.buf` that buffer.
    #[must_use]
    pub fn field(&self, name: &str) -> IdentitySet {
        let inside = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
        self.where_relation(|relation| match relation {
            Relation::Field(path) => path.strip_prefix(name).is_some_and(inside),
            _ => false,
        })
    }

    /// `x.maprox[index]`: what the members' elements at this position refer to.
    #[must_use]
    pub fn index(&self, index: u64) -> IdentitySet {
        self.through(&Relation::Index(index))
    }

    /// `x.maprox["key"]`: what the members hold under this text. Under a number it is [`Self::index`].
    #[must_use]
    pub fn key(&self, key: &str) -> IdentitySet {
        self.through(&Relation::Key(key.to_owned()))
    }

    /// What the members refer to by a relation in any of its printed forms.
    ///
    /// # Errors
    /// [`UseError::BadRelation`] when the text is no relation.
    pub fn relation(&self, text: &str) -> Result<IdentitySet, UseError> {
        Ok(self.through(&parse_relation(text)?))
    }

    /// `x.maprox.values("name")`: the values of the members' fields of this name as text, in the order of the members,
    /// numbers and names of constants too. Members without such a field are passed over. Time linear in the members'
    /// fields.
    ///
    /// # Errors
    /// [`UseError::NoContents`] when the snapshot does not hold them.
    pub fn values(&self, name: &str) -> Result<Vec<String>, UseError> {
        let heap = self.set.heap();
        if !heap.holds_contents() {
            return Err(UseError::NoContents);
        }
        let held = self.set.nodes().iter().flat_map(|object| heap.values(object));
        Ok(held.filter(|held| held.name == name).map(|held| held.value.clone()).collect())
    }

    fn through(&self, relation: &Relation) -> IdentitySet {
        self.where_relation(|found| found == relation)
    }

    fn where_relation(&self, wanted: impl Fn(&Relation) -> bool) -> IdentitySet {
        let heap = self.set.heap();
        let mut found = ObjectSet::empty(heap.object_count());
        for object in self.set.nodes().iter() {
            for edge in heap.referents(object) {
                if wanted(&heap.relation(object, &edge)) {
                    found.insert(edge.other);
                }
            }
        }
        IdentitySet::new(self.set.view().clone(), found)
    }
}
