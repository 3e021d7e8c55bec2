//! The answer of `sp` and its kin: shortest paths that are counted, listed and printed.
//!
//! Paths are not stored. For each object on a path the number of ways from it to a target is counted (up to 2^64, which
//! is enough to find the path of any index), and a path is then found from its index alone in time O(steps × references
//! on the way). The number of all paths is exact, whatever its size.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::natural::Natural;
use super::path_search::{Hop, PathEnd, PathQuery, PathSearch};
use crate::error::UseError;
use crate::heap::Relation;
use crate::id::ObjectId;
use crate::object_set::ObjectSet;
use crate::relation::{Place, Rule};
use crate::text::{Listing, MorePrinter, PAGE_LINES};
use crate::uniset::IdentitySet;
use crate::view::View;

/// A reference on a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub relation: Relation,
    /// What it leads to.
    pub to: ObjectId,
    /// Whether it only looks like a reference; printed with `?` behind.
    pub conservative: bool,
}

/// A chain of references. Prints as `Src.a[0].b`.
#[derive(Clone, Debug)]
pub struct Path {
    /// Where it begins.
    pub source: PathEnd,
    /// Its references, in order.
    pub steps: Vec<Step>,
    name: String,
    view: Arc<View>,
}

impl Path {
    /// The object it ends at.
    #[must_use]
    pub fn target(&self) -> Option<ObjectId> {
        self.steps.last().map(|step| step.to)
    }

    /// The object it begins at, as a set; empty where that is the symbolic root.
    #[must_use]
    pub fn src(&self) -> IdentitySet {
        self.one(match self.source {
            PathEnd::Root => None,
            PathEnd::Object(object) => Some(object),
        })
    }

    /// The object it ends at, as a set.
    #[must_use]
    pub fn tgt(&self) -> IdentitySet {
        self.one(self.target())
    }

    fn one(&self, object: Option<ObjectId>) -> IdentitySet {
        let mut members = ObjectSet::empty(self.view.heap().object_count());
        if let Some(object) = object {
            members.insert(object);
        }
        IdentitySet::new(Arc::clone(&self.view), members)
    }

    /// The relation of one of its references, as it prints.
    #[must_use]
    pub fn step_text(&self, step: &Step) -> String {
        relation_text(&step.relation, step.conservative, self.view.heap().vocabulary().quote)
    }

    /// Its relations alone, which follow the name of its source.
    #[must_use]
    pub fn relations(&self) -> String {
        self.steps.iter().map(|step| self.step_text(step)).collect()
    }
}

/// Two paths are equal when they lead along the same references of one heap.
impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.view.heap(), other.view.heap()) && self.source == other.source && self.steps == other.steps
    }
}

impl Eq for Path {}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, self.relations())
    }
}

/// A relation as paths print it.
pub(crate) fn relation_text(relation: &Relation, conservative: bool, quote: char) -> String {
    let mut text = relation.printed(quote);
    if conservative {
        text.push('?');
    }
    text
}

/// Which shortest paths are asked for.
#[derive(Clone, Debug, Default)]
pub struct PathOptions {
    /// Where paths begin; none for the root.
    pub src: Option<IdentitySet>,
    /// Objects that no path may pass.
    pub avoid_nodes: Option<IdentitySet>,
    /// References that no path may take, whatever their relation.
    pub avoid_edges: Vec<(PathEnd, ObjectId)>,
    /// Whether conservative references are left out.
    pub typed_only: bool,
}

/// The shortest paths between two sets.
#[derive(Debug)]
pub struct Paths {
    view: Arc<View>,
    search: PathSearch,
    /// The sources that are used, in the order in which their paths are listed.
    sources: Vec<PathEnd>,
    /// For each level, how many paths lead on from each object, up to 2^64 - 1.
    onward: OnceLock<Vec<Vec<u64>>>,
    count: OnceLock<Natural>,
    max_paths: AtomicUsize,
}

impl Paths {
    /// The shortest paths to `target`.
    pub(crate) fn to(target: &IdentitySet, options: PathOptions) -> Self {
        let view = target.view();
        let none = || ObjectSet::empty(view.heap().object_count());
        let (from_root, sources) = match &options.src {
            Some(sources) => (false, sources.nodes().clone()),
            None => match view.heap().root_object() {
                None => (true, none()),
                Some(root) => {
                    let mut sources = none();
                    sources.insert(root);
                    (false, sources)
                }
            },
        };
        Self::new(
            view,
            PathQuery {
                from_root,
                sources,
                targets: target.nodes().clone(),
                avoid_nodes: options.avoid_nodes.map_or_else(none, |set| set.nodes().clone()),
                avoid_edges: options.avoid_edges.into_iter().collect(),
                typed_only: options.typed_only,
            },
        )
    }

    /// The shortest paths to `target` from its direct referrers, the root among them.
    pub(crate) fn into_set(target: &IdentitySet) -> Self {
        let view = target.view();
        Self::new(
            view,
            PathQuery {
                from_root: view.heap().roots().iter().any(|root| target.nodes().contains(root.to)),
                sources: view.referrers(target.nodes()),
                targets: target.nodes().clone(),
                avoid_nodes: ObjectSet::empty(view.heap().object_count()),
                avoid_edges: BTreeSet::new(),
                typed_only: false,
            },
        )
    }

    fn new(view: &Arc<View>, query: PathQuery) -> Self {
        let search = PathSearch::new(view.heap(), query);
        let sources = ordered_sources(view, &search);
        Self {
            view: Arc::clone(view),
            search,
            sources,
            onward: OnceLock::new(),
            count: OnceLock::new(),
            max_paths: AtomicUsize::new(PAGE_LINES),
        }
    }

    /// Number of paths, exactly. Time O(steps × references on paths) the first time.
    pub fn count(&self) -> &Natural {
        self.count.get_or_init(|| self.counted())
    }

    /// How many paths a page has: ten unless set otherwise.
    #[must_use]
    pub fn max_paths(&self) -> usize {
        self.max_paths.load(Ordering::Relaxed)
    }

    /// Sets how many paths a page has.
    ///
    /// # Errors
    /// [`UseError::Argument`] for 0.
    pub fn set_max_paths(&self, paths: usize) -> Result<(), UseError> {
        if paths == 0 {
            let accepted = "1 and above".into();
            return Err(UseError::Argument { function: "maxpaths", argument: "paths", given: "0".into(), accepted });
        }
        self.max_paths.store(paths, Ordering::Relaxed);
        Ok(())
    }

    /// Number of references of each path; 0 where there is none.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.search.steps()
    }

    /// The sources that paths begin at (`Src`), without the symbolic root.
    #[must_use]
    pub fn source(&self) -> IdentitySet {
        self.level_set(0)
    }

    /// Whether paths begin at the symbolic root.
    #[must_use]
    pub fn from_root(&self) -> bool {
        self.search.uses_root()
    }

    /// The targets that paths end at.
    #[must_use]
    pub fn target(&self) -> IdentitySet {
        self.level_set(self.steps())
    }

    /// The objects at each level, sources first.
    #[must_use]
    pub fn sets(&self) -> Vec<IdentitySet> {
        (0..self.search.levels().len()).map(|level| self.level_set(level)).collect()
    }

    /// The references between the given levels and their next ones, in the order of levels, sources and relations.
    ///
    /// # Errors
    /// [`UseError::Argument`] for a level that no path has.
    pub fn edges_at(&self, levels: &[usize]) -> Result<Vec<(PathEnd, Step)>, UseError> {
        let mut edges = Vec::new();
        for &level in levels {
            self.check_level("edges_at", level)?;
            for from in self.ends_at(level) {
                let hops = self.search.hops(self.view.heap(), level, from);
                edges.extend(hops.into_iter().map(|hop| (from, hop.into())));
            }
        }
        Ok(edges)
    }

    /// The shortest paths between the same sets that use none of the references at the given levels, nor any that
    /// were avoided before.
    ///
    /// # Errors
    /// [`UseError::Argument`] for a level that no path has.
    pub fn avoided(&self, levels: &[usize]) -> Result<Self, UseError> {
        let mut query = self.search.query().clone();
        for &level in levels {
            self.check_level("avoided", level)?;
            for from in self.ends_at(level) {
                let hops = self.search.hops(self.view.heap(), level, from);
                query.avoid_edges.extend(hops.into_iter().map(|hop| (from, hop.to)));
            }
        }
        Ok(Self::new(&self.view, query))
    }

    /// The path of an index; negative ones count from the end. Time O(steps × references on the way).
    ///
    /// # Errors
    /// [`UseError::PathIndex`] when there is no such path.
    pub fn path(&self, index: i64) -> Result<Path, UseError> {
        let found = if index < 0 {
            self.find(index.unsigned_abs() - 1, Direction::FromLast)
        } else {
            self.find(index.unsigned_abs(), Direction::FromFirst)
        };
        found.ok_or_else(|| UseError::PathIndex { index, count: self.count().to_string() })
    }

    /// The paths from index `start` on.
    pub fn iter(&self, start: u64) -> impl Iterator<Item = Path> + '_ {
        (start..).map_while(|index| self.find(index, Direction::FromFirst))
    }

    /// The first page of the list; its `more` and `all` give the rest.
    #[must_use]
    pub fn pages(self: &Arc<Self>) -> MorePrinter {
        MorePrinter::new(Arc::clone(self) as Arc<dyn Listing>)
    }

    fn level_set(&self, level: usize) -> IdentitySet {
        let mut set = ObjectSet::empty(self.view.heap().object_count());
        for &object in self.search.levels().get(level).into_iter().flatten() {
            set.insert(object);
        }
        IdentitySet::new(Arc::clone(&self.view), set)
    }

    fn check_level(&self, function: &'static str, level: usize) -> Result<(), UseError> {
        if level < self.steps() {
            return Ok(());
        }
        let accepted = match self.steps() {
            0 => "nothing, there is no path".into(),
            steps => format!("0 to {}", steps - 1),
        };
        Err(UseError::Argument { function, argument: "level", given: level.to_string(), accepted })
    }

    fn ends_at(&self, level: usize) -> Vec<PathEnd> {
        let root = (level == 0 && self.search.uses_root()).then_some(PathEnd::Root);
        let objects = self.search.levels()[level].iter().map(|&object| PathEnd::Object(object));
        root.into_iter().chain(objects).collect()
    }

    fn counted(&self) -> Natural {
        let Some(last) = self.search.levels().last() else { return Natural::default() };
        let heap = self.view.heap();
        let mut next: Vec<Natural> = vec![Natural::from(1); last.len()];
        let sum = |level: usize, from: PathEnd, next: &[Natural]| {
            let mut sum = Natural::default();
            for position in self.search.hop_targets(heap, level, from) {
                sum.add(&next[position]);
            }
            sum
        };
        for level in (1..self.steps()).rev() {
            let objects = self.search.levels()[level].iter();
            next = objects.map(|&object| sum(level, PathEnd::Object(object), &next)).collect();
        }
        let mut total = Natural::default();
        for from in self.ends_at(0) {
            total.add(&sum(0, from, &next));
        }
        total
    }

    fn onward(&self) -> &[Vec<u64>] {
        self.onward.get_or_init(|| {
            let levels = self.search.levels();
            let mut counts: Vec<Vec<u64>> = levels.iter().map(|level| vec![1; level.len()]).collect();
            for level in (0..self.steps()).rev() {
                for position in 0..levels[level].len() {
                    let from = PathEnd::Object(levels[level][position]);
                    let targets = self.search.hop_targets(self.view.heap(), level, from);
                    let sum = targets.into_iter().fold(0u64, |sum, to| sum.saturating_add(counts[level + 1][to]));
                    counts[level][position] = sum;
                }
            }
            counts
        })
    }

    /// How many paths lead on from an object of a level, up to 2^64 - 1.
    fn onward_from(&self, level: usize, object: ObjectId) -> u64 {
        let position = self.search.levels()[level].binary_search(&object);
        position.map_or(0, |position| self.onward()[level][position])
    }

    fn find(&self, index: u64, direction: Direction) -> Option<Path> {
        let mut rest = index;
        let weight_of_source = |source: &PathEnd| match source {
            PathEnd::Object(object) => self.onward_from(0, *object),
            PathEnd::Root => {
                let hops = self.search.hops(self.view.heap(), 0, PathEnd::Root);
                hops.iter().fold(0u64, |sum, hop| sum.saturating_add(self.onward_from(1, hop.to)))
            }
        };
        let source = direction.choose(self.sources.clone(), &mut rest, weight_of_source)?;
        let mut at = source;
        let mut steps = Vec::with_capacity(self.steps());
        for level in 0..self.steps() {
            let hops = self.search.hops(self.view.heap(), level, at);
            let hop = direction.choose(hops, &mut rest, |hop| self.onward_from(level + 1, hop.to))?;
            at = PathEnd::Object(hop.to);
            steps.push(hop.into());
        }
        Some(Path { source, steps, name: self.source_name(source), view: Arc::clone(&self.view) })
    }

    fn source_name(&self, source: PathEnd) -> String {
        let query = self.search.query();
        match source {
            PathEnd::Root => "hp.Root".into(),
            PathEnd::Object(_) if !query.from_root && query.sources.count() == 1 => "Src".into(),
            PathEnd::Object(object) => {
                let mut only = ObjectSet::empty(self.view.heap().object_count());
                only.insert(object);
                IdentitySet::new(Arc::clone(&self.view), only).brief()
            }
        }
    }
}

impl From<Hop> for Step {
    fn from(hop: Hop) -> Self {
        Self { relation: hop.relation, to: hop.to, conservative: hop.conservative }
    }
}

/// From which end paths are counted.
#[derive(Clone, Copy)]
enum Direction {
    FromFirst,
    FromLast,
}

impl Direction {
    /// The choice in which the path lies that has `rest` others before it; `rest` becomes its number within.
    fn choose<T>(self, mut choices: Vec<T>, rest: &mut u64, weight: impl Fn(&T) -> u64) -> Option<T> {
        if let Self::FromLast = self {
            choices.reverse();
        }
        for choice in choices {
            let weight = weight(&choice);
            if *rest < weight {
                return Some(choice);
            }
            *rest -= weight;
        }
        None
    }
}

/// Sources by size descending, then by kind if they are of several, then by address; the root before all.
fn ordered_sources(view: &Arc<View>, search: &PathSearch) -> Vec<PathEnd> {
    let mut objects: Vec<ObjectId> = search.levels().first().cloned().unwrap_or_default();
    if objects.len() > 1 {
        let labels = view.labelling(&Rule::Clodo);
        let kinds: BTreeSet<u32> = objects.iter().map(|&object| labels.label(object)).collect();
        let name = |label: u32| Rule::Clodo.class_name(view, &labels.class(label), Place::Alone);
        objects.sort_by_cached_key(|&object| {
            let kind = if kinds.len() > 1 { name(labels.label(object)) } else { String::new() };
            (std::cmp::Reverse(view.heap().size(object)), kind, object)
        });
    }
    let root = search.uses_root().then_some(PathEnd::Root);
    root.into_iter().chain(objects.into_iter().map(PathEnd::Object)).collect()
}

impl Listing for Paths {
    fn label(&self) -> Vec<String> {
        Vec::new()
    }

    fn header(&self) -> Option<String> {
        None
    }

    fn line(&self, index: usize) -> Option<String> {
        let path = self.find(index as u64, Direction::FromFirst)?;
        Some(format!("{index:2}: {path}"))
    }

    fn more_message(&self, next: usize) -> String {
        format!("<... {} more paths ...>", self.count().less(next as u64))
    }

    fn exhausted(&self) -> String {
        "<No more paths>".into()
    }

    fn page_end(&self, start: usize) -> usize {
        let limit = start.saturating_add(self.max_paths());
        match self.count().to_u64() {
            Some(count) if count <= limit as u64 + 1 => (limit as u64 + 1).min(count) as usize,
            _ => limit,
        }
    }
}
