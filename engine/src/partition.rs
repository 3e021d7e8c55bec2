//! Partitions: a set of objects, grouped by a relation, the largest group first.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::heap::Family;
use crate::id::ObjectId;
use crate::object_set::ObjectSet;
use crate::relation::{Class, Labelling, Place, Rule};
use crate::text::{Listing, MorePrinter, identity_header, identity_text, kind_text, member_text};
use crate::uniset::{IdentitySet, Kind};
use crate::view::View;

/// One row of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Position in the table.
    pub index: usize,
    /// Number of objects.
    pub count: usize,
    /// Sum of their sizes, in bytes.
    pub size: u64,
    /// Sum of the sizes of this row and of those above, in bytes.
    pub cumulative: u64,
    /// What its objects have in common.
    pub name: String,
}

/// One group: its label, its number of objects and their size. Small, for there may be one for each object.
#[derive(Clone, Copy, Debug)]
struct Part {
    label: u32,
    count: u32,
    size: u64,
}

/// With how many classes for each member a table of all classes is more work than a map of those met.
const CLASSES_FOR_EACH_MEMBER: usize = 4;

/// Rows from one stored cumulative size to the next.
const SAMPLE: usize = 64;

/// Where a set stood in the table that it was taken from; printed alone it keeps its index and its cumulative figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TableOrigin {
    pub(crate) index: usize,
    pub(crate) cumulative: u64,
}

/// A set of objects, grouped by its relation: rows by size descending, then by name.
///
/// Making it takes time O(V / 64 + n + C log C) for n members in C classes, and once the labelling of the relation.
#[derive(Debug)]
pub struct Partition {
    set: IdentitySet,
    labelling: Arc<Labelling>,
    /// By size descending; parts of equal size come in the order of their names only when they are looked at.
    parts: Vec<Part>,
    /// Runs of parts of equal size that have been looked at, by the position of their first part.
    sorted_runs: Mutex<HashMap<usize, Arc<[Part]>>>,
    /// The size of all parts before every 64th.
    cumulative: Vec<u64>,
    count: usize,
    size: u64,
    origin: Option<TableOrigin>,
    header: OnceLock<String>,
}

impl Partition {
    pub(crate) fn new(set: &IdentitySet, origin: Option<TableOrigin>) -> Self {
        let view = set.view();
        let labelling = view.labelling(set.rule());

        let mut partition = Self {
            set: set.without_partition(),
            labelling,
            parts: Vec::new(),
            sorted_runs: Mutex::default(),
            cumulative: Vec::new(),
            count: 0,
            size: 0,
            origin,
            header: OnceLock::new(),
        };
        if partition.is_identity_form() {
            partition.list_objects()
        } else {
            partition.count_classes()
        }
        for (position, part) in partition.parts.iter().enumerate() {
            if position % SAMPLE == 0 {
                partition.cumulative.push(partition.size);
            }
            partition.size += part.size;
            partition.count += part.count as usize;
        }
        partition
    }

    fn count_classes(&mut self) {
        let heap = self.set.view().heap();
        let labelled = self.set.nodes().iter().map(|object| (self.labelling.label(object), heap.size(object)));
        let classes = self.labelling.class_count();
        if classes / CLASSES_FOR_EACH_MEMBER > self.set.count() {
            // A few objects in a heap of millions of classes: do not walk all classes for them.
            let mut parts: HashMap<u32, Part> = HashMap::new();
            for (label, size) in labelled {
                let part = parts.entry(label).or_insert(Part { label, count: 0, size: 0 });
                part.count += 1;
                part.size += size;
            }
            self.parts = parts.into_values().collect();
        } else {
            let mut counts = vec![(0u32, 0u64); classes];
            for (label, size) in labelled {
                let slot = &mut counts[label as usize];
                slot.0 += 1;
                slot.1 += size;
            }
            let present = counts.into_iter().enumerate().filter(|(_, (count, _))| *count > 0);
            self.parts = present.map(|(label, (count, size))| Part { label: label as u32, count, size }).collect();
        }
        self.parts.sort_by_key(|part| (Reverse(part.size), part.label));
    }

    /// Lists the objects by size; those of one size by kind if there are several kinds, then by address, or by name
    /// where they have names.
    fn list_objects(&mut self) {
        let view = Arc::clone(self.set.view());
        let heap = view.heap();
        let labels = view.labelling(&Rule::Clodo);
        let ranks = if self.set.one_class(&Rule::Clodo).is_none() { name_ranks(&view, &labels) } else { Vec::new() };
        let place = |part: &Part| {
            let kind = ranks.get(labels.label(ObjectId::new(part.label)) as usize);
            (Reverse(part.size), kind.copied().unwrap_or(0))
        };
        let nodes = self.set.nodes().iter();
        self.parts = nodes.map(|object| Part { label: object.raw(), count: 1, size: heap.size(object) }).collect();
        self.parts.sort_by_key(place);
        for run in self.parts.chunk_by_mut(|a, b| place(a) == place(b)) {
            if run.len() > 1 && run.iter().any(|part| heap.family(ObjectId::new(part.label)) != Family::Block) {
                run.sort_by_cached_key(|part| identity_text(heap, ObjectId::new(part.label)));
            }
        }
    }

    /// The part at a position, parts of equal size by name.
    fn part_at(&self, position: usize) -> Option<Part> {
        let part = *self.parts.get(position)?;
        if self.is_identity_form() {
            return Some(part);
        }
        let start = self.parts.partition_point(|before| before.size > part.size);
        let end = self.parts.partition_point(|before| before.size >= part.size);
        if end - start == 1 {
            return Some(part);
        }
        let mut runs = self.sorted_runs.lock().unwrap_or_else(PoisonError::into_inner);
        let run = runs.entry(start).or_insert_with(|| {
            let mut run = self.parts[start..end].to_vec();
            run.sort_by_cached_key(|part| self.class_name(part.label));
            run.into()
        });
        run.get(position - start).copied()
    }

    /// The size of a part and of all before it.
    fn cumulative_at(&self, position: usize) -> u64 {
        let sample = position / SAMPLE;
        let rest = &self.parts[sample * SAMPLE..=position];
        self.cumulative[sample] + rest.iter().map(|part| part.size).sum::<u64>()
    }

    /// The set that is grouped.
    #[must_use]
    pub fn set(&self) -> &IdentitySet {
        &self.set
    }

    /// Number of objects.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Sum of the sizes of the objects, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Number of rows.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.parts.len()
    }

    /// Whether it lists single objects (`Set of ...`) rather than groups.
    #[must_use]
    pub fn is_identity_form(&self) -> bool {
        self.labelling.is_identity()
    }

    /// The header of the kind column.
    #[must_use]
    pub fn kind_header(&self) -> &str {
        self.header.get_or_init(|| {
            if self.is_identity_form() { self.identity_header() } else { self.set.rule().header(self.set.view()) }
        })
    }

    fn identity_header(&self) -> String {
        let heap = self.set.view().heap();
        let Some(class) = self.set.one_class(&Rule::Clodo) else { return "Brief".into() };
        let Some(first) = self.set.nodes().iter().next() else { return "Brief".into() };
        match (class, self.set.view().owners().get(first)) {
            (Class::Storage(Some(_)), Some(owner)) => format!("Owner {}", identity_header(heap, owner)),
            _ => identity_header(heap, first).into(),
        }
    }

    /// What the identity form says all its objects are: `<KIND>` or `<mixed>`; empty in the set form.
    #[must_use]
    pub fn kind_name(&self) -> String {
        if !self.is_identity_form() {
            return String::new();
        }
        match self.set.one_class(&Rule::Clodo) {
            Some(class) => format!("<{}>", Rule::Clodo.class_name(self.set.view(), &class, Place::Alone)),
            None => "<mixed>".into(),
        }
    }

    /// A row; none behind the last one.
    #[must_use]
    pub fn row(&self, position: usize) -> Option<Row> {
        let part = self.part_at(position)?;
        let index = self.origin.map_or(position, |origin| origin.index);
        let cumulative = self.origin.map_or_else(|| self.cumulative_at(position), |origin| origin.cumulative);
        let name = if self.is_identity_form() {
            self.object_text(ObjectId::new(part.label))
        } else {
            self.class_name(part.label)
        };
        Some(Row { index, count: part.count as usize, size: part.size, cumulative, name })
    }

    /// The rows from `start` on.
    pub fn rows(&self, start: usize) -> impl Iterator<Item = Row> + '_ {
        (start..self.parts.len()).filter_map(|position| self.row(position))
    }

    fn class_name(&self, label: u32) -> String {
        self.set.rule().class_name(self.set.view(), &self.labelling.class(label), Place::Alone)
    }

    fn object_text(&self, object: ObjectId) -> String {
        let view = self.set.view();
        if self.kind_header() == "Brief" {
            return format!("{}: {}", kind_text(view, object), member_text(view, object));
        }
        member_text(view, object)
    }

    /// The kind that the objects of a row have in common.
    #[must_use]
    pub fn kind(&self, position: usize) -> Option<Kind> {
        let class = self.class_of_row(position)?;
        Some(Kind::of_class(Arc::clone(self.set.view()), self.set.rule().clone(), class))
    }

    pub(crate) fn class_of_row(&self, position: usize) -> Option<Class> {
        Some(self.labelling.class(self.part_at(position)?.label))
    }

    /// The number of the class of a row, as [`Classes::of`](crate::Classes::of) tells it of the row's objects.
    #[must_use]
    pub fn class_number(&self, position: usize) -> Option<usize> {
        self.part_at(position).map(|part| part.label as usize)
    }

    /// The only object of each of these rows; none for a row of several objects, and for a position without a row. Time
    /// O(1) for each row of single objects listed one by one, else one pass of O(V / 64 + n + C) for all of them.
    #[must_use]
    pub fn only_objects(&self, positions: &[usize]) -> Vec<Option<ObjectId>> {
        let parts = positions.iter().map(|&position| self.part_at(position).filter(|part| part.count == 1));
        let labels: Vec<Option<u32>> = parts.map(|part| part.map(|part| part.label)).collect();
        if self.is_identity_form() {
            return labels.into_iter().map(|label| label.map(ObjectId::new)).collect();
        }
        let mut missing = labels.iter().flatten().count();
        let mut found = vec![None; if missing > 0 { self.labelling.class_count() } else { 0 }];
        let mut wanted = vec![false; found.len()];
        for &label in labels.iter().flatten() {
            wanted[label as usize] = true;
        }
        for object in self.set.nodes().iter() {
            if missing == 0 {
                break;
            }
            let label = self.labelling.label(object) as usize;
            if wanted[label] {
                found[label] = Some(object);
                missing -= 1;
            }
        }
        labels.into_iter().map(|label| label.and_then(|label| found[label as usize])).collect()
    }

    /// The objects of a row, as a set that keeps its place in this table. Time O(V / 64 + n).
    #[must_use]
    pub fn part(&self, position: usize) -> Option<IdentitySet> {
        let part = self.part_at(position)?;
        let set = self.set.with_members(self.members_of(&[part]));
        if self.is_identity_form() {
            return Some(set);
        }
        let index = self.origin.map_or(position, |origin| origin.index);
        let cumulative = self.origin.map_or_else(|| self.cumulative_at(position), |origin| origin.cumulative);
        Some(set.at_table_place(TableOrigin { index, cumulative }))
    }

    /// The objects of the rows at `positions` together; positions that do not exist are passed over.
    #[must_use]
    pub fn part_union(&self, positions: impl IntoIterator<Item = usize>) -> IdentitySet {
        let parts: Vec<Part> = positions.into_iter().filter_map(|position| self.part_at(position)).collect();
        self.set.with_members(self.members_of(&parts))
    }

    fn members_of(&self, parts: &[Part]) -> ObjectSet {
        let mut members = ObjectSet::empty(self.set.view().heap().object_count());
        if self.is_identity_form() {
            for part in parts {
                members.insert(ObjectId::new(part.label));
            }
            return members;
        }
        let mut wanted = vec![false; self.labelling.class_count()];
        for part in parts {
            wanted[part.label as usize] = true;
        }
        for object in self.set.nodes().iter() {
            if wanted[self.labelling.label(object) as usize] {
                members.insert(object);
            }
        }
        members
    }

    /// The members of each row with their class, rows in order, members by address. Time O(V / 64 + n).
    pub(crate) fn groups(&self) -> Vec<(Class, Vec<ObjectId>)> {
        let class = |part: &Part| self.labelling.class(part.label);
        if self.is_identity_form() {
            return self.parts.iter().map(|part| (class(part), vec![ObjectId::new(part.label)])).collect();
        }
        let rows = (0..self.parts.len()).filter_map(|position| self.part_at(position));
        let mut positions = vec![0; self.labelling.class_count()];
        let mut groups = Vec::with_capacity(self.parts.len());
        for (position, part) in rows.enumerate() {
            positions[part.label as usize] = position;
            groups.push((class(&part), Vec::with_capacity(part.count as usize)));
        }
        for object in self.set.nodes().iter() {
            groups[positions[self.labelling.label(object) as usize]].1.push(object);
        }
        groups
    }

    /// The groups, largest first.
    pub fn parts(&self) -> impl Iterator<Item = IdentitySet> + '_ {
        (0..self.parts.len()).filter_map(|position| self.part(position))
    }

    /// The first page of its table.
    #[must_use]
    pub fn pages(self: &Arc<Self>) -> MorePrinter {
        MorePrinter::new(Arc::clone(self) as Arc<dyn Listing>)
    }
}

/// The rank of the name of each class of Clodo among all of them.
fn name_ranks(view: &Arc<View>, labels: &Labelling) -> Vec<u32> {
    let names: Vec<String> = (0..labels.class_count())
        .map(|label| Rule::Clodo.class_name(view, &labels.class(label as u32), Place::Alone))
        .collect();
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    names.iter().map(|name| sorted.partition_point(|before| *before < name) as u32).collect()
}
