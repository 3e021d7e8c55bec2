//! The further attributes of identity sets: kind, parts, owners, the one object, its producer.

use std::sync::Arc;

use super::expr::Expr;
use super::identity_set::IdentitySet;
use super::maprox::MappingProxy;
use super::{Kind, UniSet};
use crate::error::UseError;
use crate::heap::{Family, HeldValue, TypeEvidence};
use crate::id::ObjectId;
use crate::object_set::ObjectSet;
use crate::relation::{Place, Rule, frame_name};
use crate::text::{Listing, MorePrinter};

/// One object as it can be looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectView {
    /// The object.
    pub object: ObjectId,
    /// Block, module or frame.
    pub family: Family,
    /// The instance in whose memory it is.
    pub instance: u32,
    /// Its first byte.
    pub address: u64,
    /// Its size in bytes.
    pub size: u64,
    /// The bytes that its allocator committed.
    pub usable: u64,
    /// The name of its class.
    pub class: String,
    /// What its type rests on.
    pub type_evidence: TypeEvidence,
    /// Its own name, if it has one.
    pub name: Option<String>,
    /// The allocator's function that moved it to where it is, as [`Heap::moved_by`](crate::Heap::moved_by) tells.
    pub moved_by: Option<String>,
    /// Its references, in the order of their places.
    pub fields: Vec<FieldView>,
    /// Bytes of a container's buffer that no element takes.
    pub wasted: u64,
    /// The values of its fields by offset, where the snapshot holds contents.
    pub values: Vec<HeldValue>,
}

/// One reference of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldView {
    /// The relation, as it prints.
    pub relation: String,
    /// What it refers to.
    pub to: ObjectId,
}

impl IdentitySet {
    /// The union of the kinds that the members have under the set's relation. Time O(V / 64 + n).
    #[must_use]
    pub fn kind(&self) -> UniSet {
        let view = self.view();
        let partition = self.partition();
        let kinds = (0..partition.row_count()).filter_map(|row| partition.class_of_row(row));
        let mut kinds: Vec<Expr> = kinds.map(|class| Expr::class(self.rule().clone(), class)).collect();
        let union = match kinds.len() {
            0 => Expr::nothing(view),
            1 => kinds.swap_remove(0),
            _ => Expr::Or(kinds.into()),
        };
        UniSet::from_expr(view, union)
    }

    /// The name of the family of sets it belongs to.
    #[must_use]
    pub fn fam(&self) -> &'static str {
        match self.count() {
            0 => "Nothing",
            1 => "IdentitySetSingleton",
            _ => "IdentitySetMulti",
        }
    }

    /// The sum of the sizes of the members: another name for [`IdentitySet::size`].
    #[must_use]
    pub fn indisize(&self) -> u64 {
        self.size()
    }

    /// Bytes of room in the members that are containers' buffers that no element takes. Time O(n).
    #[must_use]
    pub fn wasted(&self) -> u64 {
        self.nodes().iter().map(|object| self.heap().unused(object)).sum()
    }

    /// Number of rows of its table, which is what Heapy's `len` gives.
    #[must_use]
    pub fn row_count(&self) -> usize {
        if self.is_empty() { 0 } else { self.partition().row_count() }
    }

    /// A copy shown by Clodo.
    #[must_use]
    pub fn byclodo(&self) -> Self {
        self.by_rule(Rule::Clodo)
    }

    /// A copy shown by Id: one row for each object.
    #[must_use]
    pub fn byid(&self) -> Self {
        self.by_rule(Rule::Id)
    }

    /// A copy shown by Idset, which groups as Id does.
    #[must_use]
    pub fn byidset(&self) -> Self {
        self.by_rule(Rule::Idset)
    }

    /// A copy shown by Module.
    #[must_use]
    pub fn bymodule(&self) -> Self {
        self.by_rule(Rule::Module)
    }

    /// A copy shown by Prod.
    #[must_use]
    pub fn byprod(&self) -> Self {
        self.by_rule(Rule::Prod)
    }

    /// A copy shown by Rcs.
    #[must_use]
    pub fn byrcs(&self) -> Self {
        self.by_rule(Rule::rcs())
    }

    /// A copy shown by Size.
    #[must_use]
    pub fn bysize(&self) -> Self {
        self.by_rule(Rule::Size)
    }

    /// A copy shown by Type.
    #[must_use]
    pub fn bytype(&self) -> Self {
        self.by_rule(Rule::Type)
    }

    /// A copy shown by Unity: one row.
    #[must_use]
    pub fn byunity(&self) -> Self {
        self.by_rule(Rule::Unity)
    }

    /// A copy shown by Via.
    #[must_use]
    pub fn byvia(&self) -> Self {
        self.by_rule(Rule::Via)
    }

    /// The groups under its relation, largest first.
    #[must_use]
    pub fn parts(&self) -> Vec<Self> {
        self.partition().parts().collect()
    }

    /// Operations on every member.
    #[must_use]
    pub fn maprox(&self) -> MappingProxy {
        MappingProxy::new(self.clone())
    }

    /// The objects that own the backing storage among the members.
    #[must_use]
    pub fn owners(&self) -> Self {
        let owners = self.view().owners();
        let mut found = ObjectSet::empty(self.heap().object_count());
        for object in self.nodes().iter() {
            if let Some(owner) = owners.get(object) {
                found.insert(owner);
            }
        }
        Self::new(Arc::clone(self.view()), found)
    }

    /// The kind of the backing storage that members own.
    #[must_use]
    pub fn dictof(&self) -> Kind {
        UniSet::from(self.clone()).dictof()
    }

    fn single(&self, method: &'static str) -> Result<ObjectId, UseError> {
        let mut members = self.nodes().iter();
        match (members.next(), members.next()) {
            (Some(object), None) => Ok(object),
            _ => Err(UseError::NotSingleton { method, count: self.count() }),
        }
    }

    /// The only member, as it can be looked at.
    ///
    /// # Errors
    /// [`UseError::NotSingleton`] when there is not exactly one member.
    pub fn theone(&self) -> Result<ObjectView, UseError> {
        let object = self.single("theone")?;
        let (view, heap) = (self.view(), self.heap());
        let quote = heap.vocabulary().quote;
        let classes = view.labelling(&Rule::Class);
        let fields = heap
            .referents(object)
            .map(|edge| FieldView { relation: heap.relation(object, &edge).printed(quote), to: edge.other })
            .collect();
        Ok(ObjectView {
            object,
            family: heap.family(object),
            instance: heap.instance(object),
            address: heap.address(object),
            size: heap.size(object),
            usable: heap.usable(object),
            class: Rule::Class.class_name(view, &classes.class(classes.label(object)), Place::Alone),
            type_evidence: heap.type_evidence(object),
            name: heap.name(object).map(str::to_owned),
            moved_by: heap.moved_by(object).map(|frame| frame.function.clone()),
            fields,
            wasted: heap.unused(object),
            values: heap.values(object).to_vec(),
        })
    }

    /// The calling context in which the only member was allocated, innermost frame first; none where that is unknown.
    ///
    /// # Errors
    /// [`UseError::NotSingleton`] when there is not exactly one member.
    pub fn prod(&self) -> Result<Option<MorePrinter>, UseError> {
        let object = self.single("prod")?;
        let heap = self.heap();
        let Some(context) = heap.context(object) else { return Ok(None) };
        let frames = heap.frames_of(context).map(|frame| format!("  {}", frame_name(frame))).collect();
        Ok(Some(MorePrinter::new(Arc::new(Traceback { frames }))))
    }
}

/// The printed form of a calling context.
#[derive(Debug)]
struct Traceback {
    frames: Vec<String>,
}

impl Listing for Traceback {
    fn label(&self) -> Vec<String> {
        vec!["Traceback (most recent call first):".into()]
    }

    fn header(&self) -> Option<String> {
        None
    }

    fn line(&self, index: usize) -> Option<String> {
        self.frames.get(index).cloned()
    }

    fn more_message(&self, next: usize) -> String {
        let count = self.frames.len();
        format!("<Lines {}..{} of {count}. Type e.g. '_.more' for more.>", next.saturating_sub(10), next - 1)
    }
}
