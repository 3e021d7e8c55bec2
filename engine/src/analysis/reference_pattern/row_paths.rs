//! Paths along a reference pattern: from the objects of one row down to those of the first.
//!
//! Each line is an object and the relations by which it refers to the object on the next line; an object that was
//! shown before at the same level is not followed again. Lines are made when they are asked for; there are at most as
//! many as references between the rows. Making the first takes time O(objects of the rows).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{PatternRow, ReferencePattern};
use crate::analysis::paths::relation_text;
use crate::error::UseError;
use crate::heap::EdgeEvidence;
use crate::id::ObjectId;
use crate::object_set::ObjectSet;
use crate::relation::Rule;
use crate::text::{Listing, MorePrinter, PAGE_LINES};
use crate::uniset::IdentitySet;
use crate::view::View;

/// The paths from one row of a reference pattern to its first.
#[derive(Debug)]
pub struct PatternPaths {
    view: Arc<View>,
    levels: Vec<Level>,
    label_width: usize,
    walk: Mutex<Walk>,
}

/// A row on the way.
#[derive(Debug)]
struct Level {
    label: String,
    /// Its objects in the order in which the identity form lists them.
    objects: Vec<ObjectId>,
    positions: HashMap<ObjectId, usize>,
}

/// How far the lines have been made.
#[derive(Debug, Default)]
struct Walk {
    lines: Vec<PathLine>,
    /// For each level the line at which an object was first shown.
    shown: HashMap<(usize, ObjectId), usize>,
    /// Which of its referents each object on the present path shows next.
    stack: Vec<Visit>,
    next_source: usize,
}

#[derive(Debug)]
struct Visit {
    level: usize,
    object: ObjectId,
    next: std::vec::IntoIter<ObjectId>,
}

#[derive(Debug)]
struct PathLine {
    text: String,
    ends_path: bool,
}

impl PatternPaths {
    pub(super) fn new(
        pattern: &ReferencePattern,
        key: &str,
        andsets: &[(String, IdentitySet)],
    ) -> Result<Self, UseError> {
        let by_index = key.parse::<usize>().ok().and_then(|index| pattern.row(index));
        let source = by_index.or_else(|| pattern.row_by_label(key));
        let source =
            source.ok_or_else(|| UseError::PatternRow { key: key.to_owned(), rows: pattern.lock().rows.len() })?;
        let mut levels = Vec::new();
        for depth in (0..=source.depth()).rev() {
            let label = super::label::label(&source.chain[..depth]);
            let row = pattern.row_by_label(&label);
            let row =
                row.ok_or_else(|| UseError::PatternRow { key: label.clone(), rows: pattern.lock().rows.len() })?;
            levels.push(Level::new(pattern.view(), label, &row, andsets));
        }
        keep_connected(pattern.view(), &mut levels);
        let label_width = levels.iter().map(|level| level.label.chars().count()).max().unwrap_or(0);
        Ok(Self { view: Arc::clone(pattern.view()), levels, label_width, walk: Mutex::default() })
    }

    /// The first page; its `more` and `all` give the rest.
    #[must_use]
    pub fn pages(self: &Arc<Self>) -> MorePrinter {
        MorePrinter::new(Arc::clone(self) as Arc<dyn Listing>)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Walk> {
        self.walk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes lines until there is one of this index; whether there is.
    fn walk_to(&self, walk: &mut Walk, index: usize) -> bool {
        while walk.lines.len() <= index {
            if !self.advance(walk) {
                return false;
            }
        }
        true
    }

    /// Makes a line, or enters the next source; false when all is done.
    fn advance(&self, walk: &mut Walk) -> bool {
        let Some(visit) = walk.stack.last_mut() else {
            let Some(&source) = self.levels[0].objects.get(walk.next_source) else { return false };
            walk.next_source += 1;
            self.enter(walk, 0, source);
            return true;
        };
        let (level, object) = (visit.level, visit.object);
        let Some(next) = visit.next.next() else {
            walk.stack.pop();
            return true;
        };
        let line = walk.lines.len();
        walk.shown.entry((level, object)).or_insert(line);
        let mut text = format!("{}@ {}", self.start(line, level, object), self.relations(object, next));
        let shown = walk.shown.get(&(level + 1, next)).copied();
        if let Some(shown) = shown {
            text.push_str(&format!(" -> #{shown}"));
        }
        walk.lines.push(PathLine { text, ends_path: shown.is_some() });
        if shown.is_none() {
            self.enter(walk, level + 1, next);
        }
        true
    }

    /// Goes on from an object: shows it if it is a target, else prepares to follow its references.
    fn enter(&self, walk: &mut Walk, level: usize, object: ObjectId) {
        if level + 1 == self.levels.len() {
            let line = walk.lines.len();
            walk.shown.insert((level, object), line);
            let mut only = ObjectSet::empty(self.view.heap().object_count());
            only.insert(object);
            let brief = IdentitySet::new(Arc::clone(&self.view), only).brief();
            let text = format!("{}= {brief}", self.start(line, level, object));
            walk.lines.push(PathLine { text, ends_path: true });
            return;
        }
        let below = &self.levels[level + 1];
        let mut next: Vec<ObjectId> = self
            .view
            .heap()
            .referents(object)
            .map(|edge| edge.other)
            .filter(|other| below.positions.contains_key(other))
            .collect();
        next.sort_unstable_by_key(|other| below.positions[other]);
        next.dedup();
        walk.stack.push(Visit { level, object, next: next.into_iter() });
    }

    fn start(&self, line: usize, level: usize, object: ObjectId) -> String {
        let width = self.label_width;
        let Level { label, positions, .. } = &self.levels[level];
        let position = positions[&object];
        format!("{line:2}: {label:width$} [{position}]{}", " ".repeat(level + 1))
    }

    fn relations(&self, from: ObjectId, to: ObjectId) -> String {
        let heap = self.view.heap();
        let quote = heap.vocabulary().quote;
        let edges = heap.referents(from).filter(|edge| edge.other == to);
        let mut relations: Vec<_> =
            edges.map(|edge| (heap.relation(from, &edge), edge.evidence == EdgeEvidence::Conservative)).collect();
        relations.sort();
        relations.dedup();
        if relations.is_empty() {
            return "??".into();
        }
        let texts: Vec<String> =
            relations.iter().map(|(relation, conservative)| relation_text(relation, *conservative, quote)).collect();
        texts.join(" / ")
    }
}

/// Leaves out objects from which no path leads on, as after a restriction of the rows.
fn keep_connected(view: &Arc<View>, levels: &mut [Level]) {
    for level in (1..levels.len()).rev() {
        let (above, below) = levels.split_at_mut(level);
        let (Some(above), Some(below)) = (above.last_mut(), below.first()) else { return };
        let leads_on =
            |object: ObjectId| view.heap().referents(object).any(|edge| below.positions.contains_key(&edge.other));
        above.objects.retain(|&object| leads_on(object));
        above.positions.retain(|&object, _| leads_on(object));
    }
}

impl Level {
    fn new(view: &Arc<View>, label: String, row: &PatternRow, andsets: &[(String, IdentitySet)]) -> Self {
        let wanted = super::chain(&label);
        let mut set = ObjectSet::empty(view.heap().object_count());
        for &object in row.members() {
            set.insert(object);
        }
        for (_, restriction) in andsets.iter().filter(|(label, _)| super::chain(label) == wanted) {
            set.intersect_with(restriction.nodes());
        }
        let listed = IdentitySet::new(Arc::clone(view), set).by_rule(Rule::Id);
        let objects: Vec<ObjectId> = listed.partition().groups().into_iter().flat_map(|(_, members)| members).collect();
        let positions = objects.iter().enumerate().map(|(position, &object)| (object, position)).collect();
        Self { label, objects, positions }
    }
}

impl Listing for PatternPaths {
    fn label(&self) -> Vec<String> {
        let source = self.levels.first().map_or("_", |level| level.label.as_str());
        vec![format!("Paths from source '{source}' to target '_'.")]
    }

    fn header(&self) -> Option<String> {
        None
    }

    fn line(&self, index: usize) -> Option<String> {
        let mut walk = self.lock();
        self.walk_to(&mut walk, index).then(|| walk.lines[index].text.clone())
    }

    fn more_message(&self, next: usize) -> String {
        self.more_message_from(0, next)
    }

    fn more_message_from(&self, start: usize, next: usize) -> String {
        let mut walk = self.lock();
        self.walk_to(&mut walk, usize::MAX);
        let (last, lines) = (next.saturating_sub(1), walk.lines.len());
        format!("<Lines {start}..{last} of {lines}. Type e.g. '_.more' for more.>")
    }

    /// A page ends behind a line that ends a path.
    fn page_end(&self, start: usize) -> usize {
        let mut walk = self.lock();
        let mut end = start.saturating_add(PAGE_LINES);
        while self.walk_to(&mut walk, end - 1) && !walk.lines[end - 1].ends_path {
            end += 1;
        }
        // One line more takes the place of the message.
        if self.walk_to(&mut walk, end) && !self.walk_to(&mut walk, end + 1) { end + 1 } else { end }
    }
}
