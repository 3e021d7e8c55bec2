//! The classes of all objects of a heap under one rule, numbered.

use std::hash::Hash;
use std::sync::Arc;

use hashbrown::HashMap;

use super::class::Class;
use super::class_sets::SetPool;
use super::edges::SetMembers;
use super::rule::Rule;
use super::{clodo, edges, product, properties, site, types};
use crate::id::ObjectId;
use crate::object_set::ObjectSet;
use crate::view::View;

/// The number of the class of each object.
#[derive(Debug)]
pub(crate) enum Labels {
    /// All objects are of class 0.
    One,
    /// Each object is a class of its own; its number is its id.
    Each(usize),
    /// A number for each object.
    Column(Vec<u32>),
}

/// What labels stand for.
#[derive(Debug)]
enum Classes {
    /// Each label for the object of that id.
    Objects,
    /// A class for each label.
    List(Vec<Class>),
    /// A set of numbers for each label; there may be as many as objects, so that classes are made when asked for.
    Sets(SetPool, SetMembers),
}

/// Labels, and what they stand for.
#[derive(Debug)]
pub(crate) struct Labelling {
    labels: Labels,
    classes: Classes,
}

impl Labelling {
    /// Labels every object. Time O(V), for relations that look at referrers O(V + E).
    pub(crate) fn new(view: &Arc<View>, rule: &Rule) -> Self {
        match rule {
            Rule::Unity => Self { labels: Labels::One, classes: Classes::List(vec![Class::All]) },
            Rule::Id | Rule::Idset => {
                Self { labels: Labels::Each(view.heap().object_count()), classes: Classes::Objects }
            }
            Rule::Type => types::by_type(view.heap()),
            Rule::Class => types::by_class(view.heap()),
            Rule::Clodo => clodo::by_class_or_owner(view),
            Rule::DictOf(inner) => clodo::by_owner(view, inner),
            Rule::Size => properties::by_size(view.heap()),
            Rule::Module => properties::by_module(view.heap()),
            Rule::Age => properties::by_age(view.heap()),
            Rule::Content => properties::by_content(view.heap()),
            Rule::Thread => properties::by_thread(view),
            Rule::Prod => site::by_producer(view.heap()),
            Rule::Site => site::by_site(view.heap()),
            Rule::Unit => site::by_unit(view.heap()),
            Rule::Via => edges::by_via(view),
            Rule::RefdBy(inner) => edges::by_referrers(view, inner),
            Rule::Evidence => edges::by_evidence(view),
            Rule::Product(parts) => product::by_product(view, parts),
            Rule::Findex(kinds) => product::by_first_match(view, kinds),
        }
    }

    pub(super) fn from_columns(labels: Vec<u32>, classes: Vec<Class>) -> Self {
        Self { labels: Labels::Column(labels), classes: Classes::List(classes) }
    }

    pub(super) fn from_sets(labels: Vec<u32>, sets: SetPool, members: SetMembers) -> Self {
        Self { labels: Labels::Column(labels), classes: Classes::Sets(sets, members) }
    }

    /// Number of labels; some may be of no object.
    pub(crate) fn class_count(&self) -> usize {
        match (&self.labels, &self.classes) {
            (_, Classes::List(classes)) => classes.len(),
            (_, Classes::Sets(sets, _)) => sets.len(),
            (Labels::Each(count), Classes::Objects) => *count,
            (_, Classes::Objects) => 0,
        }
    }

    /// The label of an object.
    pub(crate) fn label(&self, object: ObjectId) -> u32 {
        match &self.labels {
            Labels::One => 0,
            Labels::Each(_) => object.raw(),
            Labels::Column(column) => column[object.index()],
        }
    }

    /// The class of a label.
    pub(crate) fn class(&self, label: u32) -> Class {
        match &self.classes {
            Classes::Objects => Class::Object(ObjectId::new(label)),
            Classes::List(classes) => classes[label as usize].clone(),
            Classes::Sets(sets, members) => members.class(sets.get(label)),
        }
    }

    /// Whether each object is its own class.
    pub(crate) fn is_identity(&self) -> bool {
        matches!(self.labels, Labels::Each(_))
    }

    /// The objects whose class is accepted. Time O(C) tests and O(V) steps.
    pub(crate) fn select(&self, object_count: usize, accept: impl Fn(&Class) -> bool) -> ObjectSet {
        let mut found = ObjectSet::empty(object_count);
        let accepted: Vec<bool> = (0..self.class_count()).map(|label| accept(&self.class(label as u32))).collect();
        for index in 0..object_count {
            let object = ObjectId::new(index as u32);
            if accepted[self.label(object) as usize] {
                found.insert(object);
            }
        }
        found
    }
}

/// Numbers keys in the order in which they are first seen.
#[derive(Debug)]
pub(super) struct Numbering<K> {
    numbers: HashMap<K, u32>,
    keys: Vec<K>,
}

impl<K: Clone + Eq + Hash> Numbering<K> {
    pub(super) fn new() -> Self {
        Self { numbers: HashMap::new(), keys: Vec::new() }
    }

    pub(super) fn number(&mut self, key: K) -> u32 {
        if let Some(&number) = self.numbers.get(&key) {
            return number;
        }
        let number = self.keys.len() as u32;
        self.keys.push(key.clone());
        self.numbers.insert(key, number);
        number
    }

    /// The number of a key that is only copied if it is new.
    pub(super) fn number_of_ref(&mut self, key: &K) -> u32 {
        match self.numbers.get(key) {
            Some(&number) => number,
            None => self.number(key.clone()),
        }
    }

    pub(super) fn key(&self, number: u32) -> &K {
        &self.keys[number as usize]
    }

    pub(super) fn into_keys(self) -> Vec<K> {
        self.keys
    }
}

impl Numbering<Vec<u32>> {
    /// The number of a key that is only copied if it is new.
    pub(super) fn number_of(&mut self, key: &[u32]) -> u32 {
        match self.numbers.get(key) {
            Some(&number) => number,
            None => self.number(key.to_vec()),
        }
    }
}
