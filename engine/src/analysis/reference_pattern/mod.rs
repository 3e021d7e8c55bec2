//! Reference patterns: by what kinds of objects is a set held, and those by what?
//!
//! A tree of sets. Row 0 is the set in question; the children of a row are the parts, under a relation, of the
//! referrers of its set. Where thousands of objects are held in the same way, the tree says it once, with as many rows
//! as there are kinds of referrers. A row whose set was met before has no children again, so that circles end; rows of
//! the stop kind (modules and frames, unless told otherwise) and rows at the maximum depth have none either.
//!
//! Rows are made when they are asked for, depth first: printing a page takes as long as its rows, each O(V + E) at most.
//! The whole tree can be far larger than the heap; it ends where it has as many rows, or objects in rows, as are kept. Patterns look at the heap as it is: they count conservative edges
//! like all others.

mod label;
mod row;
mod row_paths;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use self::label::chain;
use self::row::kind_of_class;
pub use self::row::{Mark, PatternRow};
pub use self::row_paths::PatternPaths;
use super::{imdom, reach};
use crate::error::UseError;
use crate::heap::Family;
use crate::id::ObjectId;
use crate::object_set::ObjectSet;
use crate::relation::Rule;
use crate::text::{Listing, MorePrinter, Rendering};
use crate::uniset::IdentitySet;
use crate::view::View;

/// Most rows of a pattern.
const MAX_ROWS: usize = 1 << 16;

/// Most objects in all of its rows together, for each object of the heap.
const MAX_MEMBERS_PER_OBJECT: usize = 16;

/// What a reference pattern shows.
#[derive(Clone, Debug)]
pub struct PatternOptions {
    /// How many steps away from the set it goes.
    pub depth: usize,
    /// Whether only the referrers that the root reaches without passing another one count.
    pub imdom: bool,
    /// Whether objects of a row are left out of the rows below it.
    pub nocyc: bool,
    /// Rows all of whose objects are in this set have no children; none for modules and frames.
    pub stop: Option<ObjectSet>,
    /// What counts as the root in place of the heap's.
    pub src: Option<ObjectSet>,
}

impl Default for PatternOptions {
    fn default() -> Self {
        Self { depth: 7, imdom: false, nocyc: false, stop: None, src: None }
    }
}

/// A tree of referrers. Prints in lines, ten to a page.
#[derive(Debug)]
pub struct ReferencePattern {
    set: IdentitySet,
    rule: Rule,
    options: PatternOptions,
    stop: ObjectSet,
    /// The start and the reachable objects, where another root is given.
    from: Option<(ObjectSet, ObjectSet)>,
    grown: Mutex<Grown>,
}

/// The rows that were asked for so far.
#[derive(Debug, Default)]
struct Grown {
    rows: Vec<Arc<PatternRow>>,
    /// The first row of each set.
    seen: HashMap<Arc<[ObjectId]>, usize>,
    /// Rows that come next, the last one first.
    pending: Vec<Pending>,
    /// Objects in all rows.
    members: usize,
    /// Whether a row was asked for behind the last one.
    complete: bool,
}

#[derive(Debug)]
struct Pending {
    chain: Vec<u32>,
    members: Arc<[ObjectId]>,
    kind: String,
    rendering: Rendering,
    /// The sets of the rows above, nearest first; only kept where circles are left out.
    above: Vec<Arc<[ObjectId]>>,
}

impl ReferencePattern {
    /// The pattern of `set`, with referrers grouped by Clodo.
    #[must_use]
    pub fn new(set: &IdentitySet, options: PatternOptions) -> Self {
        Self::by_rule(set, Rule::Clodo, options)
    }

    pub(crate) fn by_rule(set: &IdentitySet, rule: Rule, options: PatternOptions) -> Self {
        let view = set.view();
        let heap = view.heap();
        let stop = options.stop.clone().unwrap_or_else(|| {
            let mut stop = ObjectSet::empty(heap.object_count());
            for object in heap.objects().filter(|&object| heap.family(object) != Family::Block) {
                stop.insert(object);
            }
            stop
        });
        let from = options.src.clone().map(|start| {
            let reachable = reach(heap, &start, &ObjectSet::empty(heap.object_count()));
            (start, reachable)
        });
        let pattern = Self { set: set.clone(), rule, options, stop, from, grown: Mutex::default() };
        let (kind, rendering) = pattern.first_kind();
        let members: Arc<[ObjectId]> = set.nodes().iter().collect();
        if !members.is_empty() {
            let first = Pending { chain: Vec::new(), members, kind, rendering, above: Vec::new() };
            pattern.lock().pending.push(first);
        }
        pattern
    }

    /// The set it is the pattern of.
    #[must_use]
    pub fn set(&self) -> &IdentitySet {
        &self.set
    }

    /// A pattern of the same set and options of which nothing has been made yet.
    #[must_use]
    pub fn reset(&self) -> Self {
        Self::by_rule(&self.set, self.rule.clone(), self.options.clone())
    }

    /// A row; none behind the last one.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<Arc<PatternRow>> {
        let mut grown = self.lock();
        while grown.rows.len() <= index && self.grow(&mut grown) {}
        grown.rows.get(index).cloned()
    }

    /// Number of rows; makes them all.
    #[must_use]
    pub fn row_count(&self) -> usize {
        let mut grown = self.lock();
        while self.grow(&mut grown) {}
        grown.rows.len()
    }

    /// The objects of a row; a negative index counts from the end and makes all rows.
    ///
    /// # Errors
    /// [`UseError::PatternRow`] when there is no such row.
    pub fn part(&self, index: i64) -> Result<IdentitySet, UseError> {
        let position = if index < 0 { index.checked_add(self.row_count() as i64) } else { Some(index) };
        let row = position.and_then(|position| usize::try_from(position).ok()).and_then(|position| self.row(position));
        let row = row.ok_or_else(|| UseError::PatternRow { key: index.to_string(), rows: self.row_count() })?;
        Ok(self.set_of(&row))
    }

    /// The objects of the row of this label.
    ///
    /// # Errors
    /// [`UseError::PatternRow`] when there is no such row.
    pub fn part_by_label(&self, label: &str) -> Result<IdentitySet, UseError> {
        let row = self.row_by_label(label);
        let row = row.ok_or_else(|| UseError::PatternRow { key: label.to_owned(), rows: self.lock().rows.len() })?;
        Ok(self.set_of(&row))
    }

    /// The row of this label.
    #[must_use]
    pub fn row_by_label(&self, label: &str) -> Option<Arc<PatternRow>> {
        let wanted = chain(label)?;
        (0..)
            .map_while(|index| self.row(index))
            // Rows come in the order of their chains.
            .take_while(|row| row.chain <= wanted)
            .find(|row| row.chain == wanted)
    }

    /// The paths along the rows from the row of this label or index down to the first row.
    ///
    /// # Errors
    /// [`UseError::PatternRow`] when there is no such row.
    pub fn paths(&self, key: &str, andsets: &[(String, IdentitySet)]) -> Result<PatternPaths, UseError> {
        PatternPaths::new(self, key, andsets)
    }

    /// The first page; its `more` and `all` give the rest.
    #[must_use]
    pub fn pages(self: &Arc<Self>) -> MorePrinter {
        MorePrinter::new(Arc::clone(self) as Arc<dyn Listing>)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Grown> {
        self.grown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn view(&self) -> &Arc<View> {
        self.set.view()
    }

    fn set_of(&self, row: &PatternRow) -> IdentitySet {
        let mut members = ObjectSet::empty(self.view().heap().object_count());
        for &object in row.members() {
            members.insert(object);
        }
        IdentitySet::new(Arc::clone(self.view()), members).by_rule(self.rule.clone())
    }

    /// The kind of the first row: that of the set under its own relation.
    fn first_kind(&self) -> (String, Rendering) {
        let (view, rule) = (self.view(), self.set.rule());
        if let Some(class) = self.set.one_class(rule) {
            return kind_of_class(view, rule, class);
        }
        let partition = self.set.partition();
        let kinds = (0..partition.row_count()).filter_map(|position| partition.kind(position));
        let mut briefs: Vec<String> = kinds.map(|kind| kind.brief()).collect();
        briefs.sort_unstable();
        (format!("({})", briefs.join(" | ")), Rendering::Address)
    }

    /// Makes the next row; whether there was one.
    fn grow(&self, grown: &mut Grown) -> bool {
        let full = grown.rows.len() >= MAX_ROWS
            || grown.members > self.view().heap().object_count().saturating_mul(MAX_MEMBERS_PER_OBJECT);
        if full {
            grown.pending.clear();
        }
        let Some(next) = grown.pending.pop() else {
            grown.complete = true;
            return false;
        };
        let index = grown.rows.len();
        let referrers = self.referrers(&next);
        let seen = grown.seen.get(&next.members).copied();
        let stopped = next.members.iter().all(|&object| self.stop.contains(object));
        let depth = next.chain.len();
        let mark = match seen {
            Some(row) => Mark::Seen(row),
            None if referrers.is_empty() => Mark::Root,
            None if depth > 0 && stopped => Mark::Stop,
            None if depth < self.options.depth => Mark::Inside,
            None => Mark::Depth,
        };
        grown.members += next.members.len();
        grown.seen.entry(Arc::clone(&next.members)).or_insert(index);
        if mark == Mark::Inside {
            self.push_children(grown, &next, referrers);
        }
        let Pending { chain, members, kind, rendering, .. } = next;
        grown.rows.push(Arc::new(PatternRow { index, chain, members, kind, rendering, mark }));
        true
    }

    fn push_children(&self, grown: &mut Grown, row: &Pending, referrers: ObjectSet) {
        let referrers = IdentitySet::new(Arc::clone(self.view()), referrers).by_rule(self.rule.clone());
        let groups = referrers.partition().groups();
        for (child, (class, members)) in groups.into_iter().enumerate().rev() {
            let (kind, rendering) = kind_of_class(self.view(), &self.rule, class);
            let chain = row.chain.iter().copied().chain([child as u32]).collect();
            let above = if self.options.nocyc {
                std::iter::once(&row.members).chain(&row.above).map(Arc::clone).collect()
            } else {
                Vec::new()
            };
            grown.pending.push(Pending { chain, members: members.into(), kind, rendering, above });
        }
    }

    fn referrers(&self, row: &Pending) -> ObjectSet {
        let view = self.view();
        let heap = view.heap();
        let reachable = self.from.as_ref().map_or_else(|| view.reachable(), |(_, reachable)| reachable);
        let mut found = ObjectSet::empty(heap.object_count());
        for &object in row.members.iter() {
            // References to the root object are not seen; another root has none.
            if self.from.is_none() && heap.root_object() == Some(object) {
                continue;
            }
            for other in heap.referrer_ids(object).filter(|&other| reachable.contains(other)) {
                found.insert(other);
            }
        }
        if self.options.imdom {
            found = match &self.from {
                None => imdom(heap, &view.start(), &found),
                Some((start, _)) => imdom(heap, start, &found),
            };
        }
        if self.options.nocyc {
            for set in std::iter::once(&row.members).chain(&row.above) {
                for &object in set.iter() {
                    found.remove(object);
                }
            }
        }
        found
    }
}

impl Listing for ReferencePattern {
    fn label(&self) -> Vec<String> {
        let name = self.rule.pattern_name(self.view());
        vec![format!("Reference Pattern by <{name}>.")]
    }

    fn header(&self) -> Option<String> {
        None
    }

    fn line(&self, index: usize) -> Option<String> {
        Some(self.row(index)?.line(self.view()))
    }

    fn more_message(&self, next: usize) -> String {
        let grown = self.lock();
        if grown.complete {
            let more = grown.rows.len() - next;
            return format!("<{more} more lines. Type e.g. '_.more' for more.>");
        }
        "<Type e.g. '_.more' for more.>".into()
    }
}
