//! `hp.Root`: the symbolic root, whose attributes lead to everything that is reachable.
//!
//! An attribute names a place that holds references: `i0_globals["name"]`, `i0_t0_f2`, `i0_tables[0][7]`. A shorter
//! text names all places that it begins: `i0_globals`, `i0_t0_f2`, `i0`. Behind a place stand the relations that lead on
//! from what it holds: `i0_modules["app"].cache.items[3]`. Frames count from the outermost, so that names stay the same
//! while calls go deeper.
//!
//! `i0_data["x"]` is another name for the symbol `x` of the instance's module. Keys may stand in either quote.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::error::UseError;
use crate::id::ObjectId;
use crate::object_set::ObjectSet;
use crate::uniset::IdentitySet;
use crate::view::View;

/// The symbolic root, or an attribute of it. Prints as the text that gives it again.
#[derive(Clone, Debug)]
pub struct RootState {
    view: Arc<View>,
    path: String,
}

impl RootState {
    /// The root of a view.
    pub(crate) fn new(view: &Arc<View>) -> Self {
        Self { view: Arc::clone(view), path: String::new() }
    }

    /// The attribute of a name. What follows may be part of the text: `i0_modules["app"].cache`.
    ///
    /// # Errors
    /// [`UseError::NoRoot`] when nothing is held there; it names the attributes that there are.
    pub fn attribute(&self, name: &str) -> Result<Self, UseError> {
        let separator = if self.path.is_empty() { "" } else { "." };
        self.extended(&format!("{separator}{name}"))
    }

    /// The element of an index or a key, given as it is written: `3`, `"app"`.
    ///
    /// # Errors
    /// As [`RootState::attribute`].
    pub fn item(&self, key: &str) -> Result<Self, UseError> {
        self.extended(&format!("[{key}]"))
    }

    fn extended(&self, text: &str) -> Result<Self, UseError> {
        let quote = self.view.heap().vocabulary().quote;
        let path = requoted(&format!("{}{text}", self.path), quote);
        let found = Self { view: Arc::clone(&self.view), path };
        if found.members().is_empty() { Err(found.not_found()) } else { Ok(found) }
    }

    /// What is held there; of the root itself, everything that it holds.
    #[must_use]
    pub fn set(&self) -> IdentitySet {
        IdentitySet::new(Arc::clone(&self.view), self.members())
    }

    /// The attributes of the root, in order.
    #[must_use]
    pub fn attributes(&self) -> Vec<String> {
        let heap = self.view.heap();
        let quote = heap.vocabulary().quote;
        let mut names: Vec<String> = heap.roots().iter().map(|root| root.place.attribute(quote)).collect();
        if let Some(root) = heap.root_object() {
            let relations = heap.referents(root).map(|edge| heap.relation(root, &edge).printed(quote));
            names.extend(relations.map(|relation| relation.trim_start_matches('.').to_owned()));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    fn members(&self) -> ObjectSet {
        let heap = self.view.heap();
        let quote = heap.vocabulary().quote;
        let path = data_as_module(&self.path, |instance| {
            heap.roots().iter().find_map(|root| {
                let attribute = root.place.attribute(quote);
                attribute.starts_with(&format!("i{instance}_modules[")).then_some(attribute)
            })
        });
        let mut waiting: BTreeMap<usize, ObjectSet> = BTreeMap::new();
        let mut arrived = ObjectSet::empty(heap.object_count());
        for root in heap.roots() {
            let attribute = root.place.attribute(quote);
            match path.strip_prefix(attribute.as_str()) {
                Some(rest) if is_place_end(rest) => add(&mut waiting, path.len() - rest.len(), root.to, &arrived),
                _ if names_several(&path, &attribute) => {
                    arrived.insert(root.to);
                }
                _ => {}
            }
        }
        if let Some(root) = heap.root_object() {
            let dotted = format!(".{path}");
            for edge in heap.referents(root) {
                let relation = heap.relation(root, &edge).printed(quote);
                match dotted.strip_prefix(relation.as_str()) {
                    _ if path.is_empty() => drop(arrived.insert(edge.other)),
                    Some(rest) if is_place_end(rest) => {
                        add(&mut waiting, path.len() - rest.len(), edge.other, &arrived);
                    }
                    _ => {}
                }
            }
        }
        self.follow(&path, waiting, arrived)
    }

    /// Follows the relations that stand in `path` behind each offset.
    fn follow(&self, path: &str, mut waiting: BTreeMap<usize, ObjectSet>, mut arrived: ObjectSet) -> ObjectSet {
        let heap = self.view.heap();
        let quote = heap.vocabulary().quote;
        while let Some((offset, set)) = waiting.pop_first() {
            if offset == path.len() {
                arrived.union_with(&set);
                continue;
            }
            for object in set.iter() {
                for edge in heap.referents(object) {
                    let relation = heap.relation(object, &edge).printed(quote);
                    let rest = path[offset..].strip_prefix(relation.as_str());
                    if let Some(rest) = rest.filter(|rest| !relation.is_empty() && is_place_end(rest)) {
                        add(&mut waiting, path.len() - rest.len(), edge.other, &arrived);
                    }
                }
            }
        }
        arrived
    }

    fn not_found(&self) -> UseError {
        const SHOWN: usize = 8;
        let mut accepted = self.attributes();
        let more = accepted.len().saturating_sub(SHOWN);
        accepted.truncate(SHOWN);
        if more > 0 {
            accepted.push(format!("{more} more"));
        }
        let accepted = if accepted.is_empty() { "nothing, the root holds nothing".into() } else { accepted.join(", ") };
        UseError::NoRoot { path: self.path.clone(), accepted }
    }
}

impl fmt::Display for RootState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str("RootState") } else { write!(f, "hp.Root.{}", self.path) }
    }
}

/// Whether a name can end in front of `rest`.
fn is_place_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['.', '[', '+', '-'])
}

/// Whether `path` names all places that it begins, this one among them.
fn names_several(path: &str, attribute: &str) -> bool {
    path.is_empty() || attribute.strip_prefix(path).is_some_and(|rest| rest.starts_with(['_', '[', '+']))
}

fn add(waiting: &mut BTreeMap<usize, ObjectSet>, offset: usize, object: ObjectId, like: &ObjectSet) {
    let empty = || {
        let mut empty = like.clone();
        empty.difference_with(like);
        empty
    };
    waiting.entry(offset).or_insert_with(empty).insert(object);
}

/// `i0_data["x"].y` as `i0_modules["app"].x.y`.
fn data_as_module(path: &str, module_of: impl Fn(u32) -> Option<String>) -> String {
    let parts = path.strip_prefix('i').and_then(|rest| rest.split_once("_data[\""));
    let named = parts.and_then(|(instance, rest)| Some((instance.parse().ok()?, rest.split_once("\"]")?)));
    let module = named.and_then(|(instance, (symbol, rest))| Some((module_of(instance)?, symbol, rest)));
    module.map_or_else(|| path.to_owned(), |(module, symbol, rest)| format!("{module}.{symbol}{rest}"))
}

/// The text with keys in the given quote.
fn requoted(text: &str, quote: char) -> String {
    let other = if quote == '"' { '\'' } else { '"' };
    text.replace(&format!("[{other}"), &format!("[{quote}")).replace(&format!("{other}]"), &format!("{quote}]"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::{EdgeRecord, Family, HeapBuilder, ObjectRecord, Relation, RootPlace, Vocabulary};
    use crate::use_api::Use;

    fn root() -> RootState {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        let module = builder.add_object(ObjectRecord {
            family: Family::Module,
            name: Some("app".into()),
            ..ObjectRecord::block(0x100, 64)
        });
        let blocks: Vec<_> = (0..3).map(|at| builder.add_object(ObjectRecord::block(0x1000 + at * 16, 16))).collect();
        builder.add_edge(EdgeRecord::given(module, blocks[0], Relation::Field("cache.items".into())));
        builder.add_edge(EdgeRecord::given(blocks[0], blocks[1], Relation::Index(3)));
        builder.add_root(RootPlace::Module { instance: 0, name: "app".into() }, module);
        builder.add_root(RootPlace::Global { instance: 0, name: "list".into() }, blocks[1]);
        builder.add_root(RootPlace::Stack { instance: 0, thread: 0, offset: 16 }, blocks[2]);
        RootState::new(Use::new(Arc::new(builder.finish().unwrap())).view())
    }

    fn ids(root: &RootState) -> Vec<u32> {
        root.set().nodes().iter().map(ObjectId::raw).collect()
    }

    #[test]
    fn attributes_lead_on_to_objects() {
        let root = root();
        let list = root.attribute("i0_modules").unwrap().item("'app'").unwrap().attribute("cache.items").unwrap();
        assert_eq!(list.to_string(), "hp.Root.i0_modules[\"app\"].cache.items");
        assert_eq!(ids(&list), [1]);
        assert_eq!(ids(&list.item("3").unwrap()), [2]);
        assert_eq!(ids(&root.attribute("i0_data[\"cache\"].items[3]").unwrap()), [2]);
        assert_eq!(ids(&root.attribute("i0_t0_stack+0x10").unwrap()), [3]);
        assert_eq!(ids(&root.attribute("i0_globals").unwrap()), [2]);
        assert_eq!(ids(&root), [0, 2, 3]);
    }

    #[test]
    fn what_is_not_there_names_what_is() {
        let error = root().attribute("i7_globals").unwrap_err().to_string();
        assert!(error.contains("i7_globals") && error.contains("i0_globals[\"list\"]"), "{error}");
        assert!(root().attribute("i0_glob").is_err());
        assert!(root().attribute("i0_modules[\"app\"].nothing").is_err());
    }
}
