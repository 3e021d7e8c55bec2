//! What the worker holds between questions.

use std::collections::VecDeque;
use std::sync::Arc;

use heapy_engine::snapshot::{FileBytes, Recording, SnapshotMeta};
use heapy_engine::{Argument, Arguments, IdentitySet, ObjectId, Use, UseError};

use super::Failure;
use super::dominators::Tree;
use crate::expression::{Base, Combine, Follow, KindCall, SetExpression, Step};
use crate::kind_call::Word;
use crate::protocol::{Course, Crumb, Loaded, Place, SetQuestion, SnapshotSummary, Sort};

/// The relations that tables can be made by, most asked for first.
pub(crate) const RELATIONS: [&str; 15] = [
    "Type", "Clodo", "Class", "Prod", "Site", "Unit", "Size", "Via", "Rcs", "Evidence", "Age", "Module", "Thread",
    "Id", "Unity",
];

/// The relation by contents, which only snapshots with contents have.
const CONTENT: &str = "Content";

/// Snapshots that are kept in memory: two to compare, and the one before.
const KEPT_SNAPSHOTS: usize = 3;

/// Sets that are kept, and orders of rows.
const KEPT_ANSWERS: usize = 24;

/// Partitions that are kept: that of the table in sight, and one or two beside it. Of millions of objects one by one
/// each takes hundreds of megabytes.
const KEPT_PARTITIONS: usize = 3;

/// Snapshot, set, relation, order and filter of a table.
pub(super) type OrderKey = (usize, String, String, Sort, String);

/// Recordings and what was asked of them last. The first one is looked at, the others are there to be compared with; a
/// snapshot's position counts through all of them.
#[derive(Default)]
pub(super) struct Session {
    files: Vec<(String, Recording)>,
    snapshots: Recent<usize, Use>,
    sets: Recent<(usize, String), IdentitySet>,
    /// Sets with the partitions by which they were shown last, by snapshot, set and relation.
    grouped: Recent<(usize, String, String), IdentitySet>,
    /// What the steps of expressions lead to.
    crumbs: Recent<(usize, String), Vec<Crumb>>,
    /// Positions of the rows of a partition, sorted and filtered.
    pub(super) orders: Recent<OrderKey, Arc<Vec<u32>>>,
    trees: Recent<usize, Arc<Tree>>,
    /// The position that was asked of last.
    last: Option<usize>,
}

impl Session {
    /// Takes the bytes of a recording.
    pub(super) fn open(&mut self, name: &str, bytes: FileBytes, place: Place) -> Result<Loaded, Failure> {
        let recording = Recording::read(bytes).map_err(|error| format!("{name} cannot be opened: {error}"))?;
        let mut files = std::mem::take(&mut self.files);
        match (place, files.first_mut()) {
            (Place::Beside, _) => files.push((name.to_owned(), recording)),
            // The same guest goes on: what it is compared with stays.
            (Place::Instead, Some(first)) if first.0 == name => first.1 = recording,
            (Place::Instead, _) => files = vec![(name.to_owned(), recording)],
        }
        *self = Self { files, ..Self::default() };
        Ok(self.loaded())
    }

    fn loaded(&self) -> Loaded {
        let summary = |(position, (file, meta)): (usize, (usize, &SnapshotMeta))| SnapshotSummary {
            number: position as u32 + 1,
            file,
            facts: heapy_engine::Facts { snapshot: meta.number, ..meta.facts.clone() },
            objects: meta.objects,
            bytes: meta.bytes,
        };
        let by_contents = self.places().any(|(_, meta)| meta.facts.contents).then_some(CONTENT);
        Loaded {
            files: self.files.iter().map(|(name, _)| name.clone()).collect(),
            snapshots: self.places().enumerate().map(summary).collect(),
            course: self.course(),
            relations: RELATIONS.into_iter().chain(by_contents).map(str::to_owned).collect(),
        }
    }

    /// The course of the run. A damaged one is none: the snapshots can be looked at without it.
    fn course(&self) -> Option<Course> {
        let (_, recording) = self.files.first()?;
        recording.timeline().ok().flatten().map(|timeline| Course::of(&timeline))
    }

    /// Every snapshot with the recording that it is of.
    fn places(&self) -> impl Iterator<Item = (usize, &SnapshotMeta)> {
        self.files
            .iter()
            .enumerate()
            .flat_map(|(file, (_, recording))| recording.snapshots().iter().map(move |meta| (file, meta)))
    }

    /// The recording of the snapshot at a position, and its number there.
    pub(super) fn place(&self, position: usize) -> Result<(usize, u32), Failure> {
        let found = self.places().nth(position).map(|(file, meta)| (file, meta.number));
        found.ok_or_else(|| match self.places().count() {
            0 => "no recording is open".to_owned(),
            count => format!("there is no snapshot {position} of {count}"),
        })
    }

    /// The top object of a snapshot, by its position. Reading it takes time O(V + E) the first time.
    pub(super) fn snapshot(&mut self, position: usize) -> Result<Use, Failure> {
        self.last = Some(position);
        if let Some(found) = self.snapshots.get(&position) {
            return Ok(found);
        }
        let (file, number) = self.place(position)?;
        let heap = self.files[file].1.heap(number).map_err(|error| format!("snapshot {number}: {error}"))?;
        let made = Use::new(Arc::new(heap));
        self.snapshots.put(position, made.clone(), KEPT_SNAPSHOTS);
        Ok(made)
    }

    /// The snapshot that was asked of last, else the last one of the recording.
    pub(super) fn current(&mut self) -> Result<Use, Failure> {
        let first = self.files.first().map_or(0, |(_, recording)| recording.snapshots().len());
        let last = first.checked_sub(1).ok_or("no snapshot is open")?;
        self.snapshot(self.last.unwrap_or(last))
    }

    /// The snapshots of the recording, if one is open.
    pub(super) fn snapshots(&self) -> Vec<SnapshotMeta> {
        self.files.first().map_or_else(Vec::new, |(_, recording)| recording.snapshots().to_vec())
    }

    /// The snapshot of a number.
    pub(super) fn numbered(&mut self, number: u32) -> Result<Use, Failure> {
        let position = self.places().position(|(file, meta)| (file, meta.number) == (0, number));
        self.snapshot(position.ok_or_else(|| format!("there is no snapshot {number}"))?)
    }

    /// The dominator tree of a snapshot. Making it takes time O(V + E) the first time.
    pub(super) fn dominators(&mut self, position: usize) -> Result<Arc<Tree>, Failure> {
        if let Some(found) = self.trees.get(&position) {
            return Ok(found);
        }
        let made = Arc::new(Tree::new(self.snapshot(position)?.view()));
        self.trees.put(position, Arc::clone(&made), 1);
        Ok(made)
    }

    /// The set of an expression.
    pub(super) fn set(&mut self, question: &SetQuestion) -> Result<IdentitySet, Failure> {
        self.evaluate(question.snapshot, &question.set)
    }

    /// The set of an expression, shown by relations: its partition is made once for all windows of a table.
    pub(super) fn grouped(&mut self, question: &SetQuestion, by: &str) -> Result<IdentitySet, Failure> {
        let key = (question.snapshot, question.set.to_string(), by.to_owned());
        if let Some(found) = self.grouped.get(&key) {
            return Ok(found);
        }
        let made = by_relation(&self.set(question)?, by)?;
        self.grouped.put(key, made.clone(), KEPT_PARTITIONS);
        Ok(made)
    }

    /// What each step of an expression leads to, the base first.
    pub(super) fn crumbs(&mut self, question: &SetQuestion) -> Result<Vec<Crumb>, Failure> {
        let key = (question.snapshot, question.set.to_string());
        if let Some(found) = self.crumbs.get(&key) {
            return Ok(found);
        }
        let mut crumbs = Vec::new();
        for steps in 0..=question.set.steps.len() {
            let part = question.set.up_to(steps);
            let set = self.evaluate(question.snapshot, &part)?;
            let label = match part.steps.last() {
                None => part.as_kind().map_or_else(|| part.to_string(), KindCall::label),
                Some(Step::Combine(Combine::And, other)) if other.as_kind().is_some() => {
                    other.as_kind().map_or_else(String::new, KindCall::label)
                }
                Some(Step::Part { by, index }) => {
                    let outer = self.evaluate(question.snapshot, &part.up_to(steps - 1))?;
                    let row = by_relation(&outer, by)?.partition().row(*index);
                    row.map_or_else(|| format!("[{index}]"), |row| row.name.trim().to_owned())
                }
                Some(step) => step.to_string(),
            };
            crumbs.push(Crumb { label, count: set.count() as u64, size: set.size() });
        }
        self.crumbs.put(key, crumbs.clone(), KEPT_ANSWERS);
        Ok(crumbs)
    }

    /// The set of an expression; what its last two steps lead to is kept. Each step takes its own time.
    fn evaluate(&mut self, position: usize, expression: &SetExpression) -> Result<IdentitySet, Failure> {
        let count = expression.steps.len();
        let key = |steps: usize| (position, expression.up_to(steps).to_string());
        if let Some(found) = self.sets.get(&key(count)) {
            return Ok(found);
        }
        let before = count.checked_sub(1).and_then(|before| Some((before, self.sets.get(&key(before))?)));
        let (done, mut set) = match before {
            Some(known) => known,
            None => (0, base_set(&self.snapshot(position)?, &expression.base)?),
        };
        for (step, steps) in expression.steps[done..].iter().zip(done + 1..) {
            set = match step {
                Step::Part { by, index } => {
                    by_relation(&set, by)?.part(*index as i64).map_err(|error| error.to_string())?
                }
                Step::Follow(follow) => follow_set(&set, *follow),
                Step::Combine(combine, other) => {
                    let other = self.evaluate(position, other)?;
                    combine_sets(&set, *combine, &other)?
                }
            };
            if steps + 1 == count {
                self.sets.put(key(steps), set.clone(), KEPT_ANSWERS);
            }
        }
        self.sets.put(key(count), set.clone(), KEPT_ANSWERS);
        Ok(set)
    }
}

/// The set, shown by relations whose names are joined by `&`.
pub(super) fn by_relation(set: &IdentitySet, by: &str) -> Result<IdentitySet, Failure> {
    set.by(by).map_err(|error| error.to_string())
}

/// An object's id, checked.
pub(super) fn object_id(hp: &Use, object: u32) -> Result<ObjectId, Failure> {
    let count = hp.view().heap().object_count();
    if (object as usize) < count {
        Ok(ObjectId::new(object))
    } else {
        Err(format!("there is no object {object}: the snapshot has {count}"))
    }
}

fn base_set(hp: &Use, base: &Base) -> Result<IdentitySet, Failure> {
    match base {
        Base::Heap => Ok(hp.heap()),
        Base::Leaks => Ok(hp.heapu_set()),
        Base::Object(address) => {
            let found = hp.view().heap().find(0, *address).ok_or_else(|| format!("no object is at {address:#x}"))?;
            hp.iso([found]).map_err(|error| error.to_string())
        }
        Base::Kind(call) => kind_set(hp, call).map_err(|error| error.to_string()),
    }
}

/// All objects of a kind.
fn kind_set(hp: &Use, call: &KindCall) -> Result<IdentitySet, UseError> {
    let words: Vec<Argument> = call.words.iter().map(Word::argument).collect();
    let kind = hp.relation(&call.relation)?.call(&Arguments::positional(words))?;
    match call.alternative {
        None => Ok(kind.select()),
        Some(symbol) => Ok(IdentitySet::new(Arc::clone(hp.view()), kind.alt(symbol)?.select())),
    }
}

fn follow_set(set: &IdentitySet, follow: Follow) -> IdentitySet {
    match follow {
        Follow::Referrers => set.referrers(),
        Follow::Referents => set.referents(),
        Follow::Dominos => set.dominos(),
        Follow::Imdom => set.imdom(),
    }
}

fn combine_sets(one: &IdentitySet, combine: Combine, other: &IdentitySet) -> Result<IdentitySet, Failure> {
    match combine {
        Combine::And => one.and(other),
        Combine::Or => one.or(other),
        Combine::Sub => one.sub(other),
        Combine::Xor => one.xor(other),
    }
    .map_err(|error| error.to_string())
}

/// The values that were asked for last.
pub(super) struct Recent<K, V> {
    entries: VecDeque<(K, V)>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { entries: VecDeque::new() }
    }
}

impl<K: PartialEq, V: Clone> Recent<K, V> {
    /// The value of a key, which becomes the most recent one.
    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        let position = self.entries.iter().position(|(known, _)| known == key)?;
        let entry = self.entries.remove(position)?;
        let value = entry.1.clone();
        self.entries.push_front(entry);
        Some(value)
    }

    /// Keeps a value, and no more than `limit` in all.
    pub(super) fn put(&mut self, key: K, value: V, limit: usize) {
        self.entries.push_front((key, value));
        self.entries.truncate(limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_answer_is_forgotten() {
        let mut recent = Recent::default();
        recent.put(1, "a", 2);
        recent.put(2, "b", 2);
        assert_eq!(recent.get(&1), Some("a"));
        recent.put(3, "c", 2);
        assert_eq!((recent.get(&1), recent.get(&2), recent.get(&3)), (Some("a"), None, Some("c")));
    }
}
