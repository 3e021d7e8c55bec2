//! Random heaps, kept beside the engine's as plain lists.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use heapy_engine::{
    EdgeEvidence, EdgeRecord, Family, Field, Frame, HeapBuilder, IdentitySet, Link, ObjectId, ObjectRecord, Relation,
    RootPlace, RootRecord, Shape, TypeId, TypeRecord, Use, Vocabulary,
};
use proptest::prelude::*;

/// The names of the types; the last two are backing storage.
pub(crate) const TYPES: [&str; 5] = ["app::Node", "app::Pair", "Vec<app::Node>", "[app::Node]", "[u8]"];
const STORAGE: [usize; 2] = [3, 4];
/// File and line of each calling context, and whether its innermost frame is of a library.
const CONTEXTS: [(&str, u32, bool); 3] = [("a.rs", 1, false), ("b.rs", 2, true), ("a.rs", 1, true)];

/// A reference of the model.
#[derive(Clone, Debug)]
pub(crate) struct ModelEdge {
    from: u32,
    to: u32,
    link: Link,
    into: u64,
    evidence: EdgeEvidence,
}

/// A heap as lists, and the engine's view of it.
pub(crate) struct Model {
    /// What the engine is asked.
    pub(crate) hp: Use,
    /// The objects, by id.
    pub(crate) objects: Vec<ObjectRecord>,
    edges: Vec<ModelEdge>,
    roots: Vec<(RootPlace, u32, bool, u64)>,
    reachable: BTreeSet<u32>,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("objects", &self.objects)
            .field("edges", &self.edges)
            .field("roots", &self.roots)
            .finish()
    }
}

fn objects() -> impl Strategy<Value = Vec<ObjectRecord>> {
    let family = prop_oneof![6 => Just(Family::Block), 1 => Just(Family::Module), 1 => Just(Family::Frame)];
    let ty = || prop::option::of((0..TYPES.len() as u32).prop_map(TypeId::new));
    let context = prop::option::of((0..CONTEXTS.len() as u32).prop_map(heapy_engine::ContextId::new));
    let object = (family, 0u64..5, ty(), prop::option::weighted(0.2, 0..TYPES.len() as u32), context, 0u32..3);
    prop::collection::vec(object, 1..12).prop_map(|rows| {
        let rows = rows.into_iter().enumerate();
        rows.map(|(index, (family, size, ty, class, context, age))| ObjectRecord {
            family,
            ty,
            class: class.map(TypeId::new),
            context,
            age,
            name: (family != Family::Block).then(|| format!("name{}", index % 3)),
            ..ObjectRecord::block(0x1000 + index as u64 * 0x100, size * 8)
        })
        .collect()
    })
}

fn edges(count: u32) -> impl Strategy<Value = Vec<ModelEdge>> {
    let link = prop_oneof![
        3 => (0u64..4).prop_map(|word| Link::Offset(word * 4)),
        1 => prop::sample::select(vec!["x", "y"]).prop_map(|name| Link::Given(Relation::Local(name.into()))),
    ];
    let into = prop_oneof![4 => Just(0u64), 1 => Just(4u64)];
    let evidence = prop_oneof![3 => Just(EdgeEvidence::Typed), 1 => Just(EdgeEvidence::Conservative)];
    let edge = (0..count, 0..count, link, into, evidence);
    prop::collection::vec(
        edge.prop_map(|(from, to, link, into, evidence)| ModelEdge { from, to, link, into, evidence }),
        0..24,
    )
}

fn roots(count: u32) -> impl Strategy<Value = Vec<(RootPlace, u32, bool, u64)>> {
    let place = prop_oneof![
        (0u32..2).prop_map(|index| RootPlace::Global { instance: 0, name: format!("g{index}") }),
        (0u32..2).prop_map(|thread| RootPlace::Frame { instance: 0, thread, frame: 0 }),
        (0u32..2).prop_map(|thread| RootPlace::Stack { instance: 0, thread, offset: 8 }),
        Just(RootPlace::Module { instance: 0, name: "app".into() }),
    ];
    let into = prop_oneof![Just(0u64), Just(4u64)];
    prop::collection::vec((place, 0..count, any::<bool>(), into), 0..4)
}

/// Heaps of up to eleven objects.
pub(crate) fn models() -> impl Strategy<Value = Model> {
    objects()
        .prop_flat_map(|objects| {
            let count = objects.len() as u32;
            (Just(objects), edges(count), roots(count))
        })
        .prop_map(|(objects, edges, roots)| Model::new(objects, edges, roots))
}

impl Model {
    fn new(objects: Vec<ObjectRecord>, edges: Vec<ModelEdge>, roots: Vec<(RootPlace, u32, bool, u64)>) -> Self {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        for (index, name) in TYPES.iter().enumerate() {
            let field = |word: u64| Field { name: format!("f{word}"), offset: word * 4, size: 4, ty: None };
            builder.add_type(TypeRecord {
                name: (*name).into(),
                unit: Some("unit of type".into()),
                size: 0,
                // The third word of a struct has no name.
                shape: if index < 3 { Shape::Struct((0..2).map(field).collect()) } else { Shape::Opaque },
                storage: STORAGE.contains(&index),
            });
        }
        for (index, (file, line, library)) in CONTEXTS.into_iter().enumerate() {
            let frame = |function: String, library, file: &str, line| Frame {
                function,
                file: Some(file.into()),
                line: Some(line),
                unit: Some(format!("unit of {file}")),
                library,
                ..Frame::default()
            };
            let outer = builder.add_frame(frame("main".into(), false, "main.rs", 9));
            let outer = builder.add_context(None, outer);
            let inner = builder.add_frame(frame(format!("f{index}"), library, file, line));
            builder.add_context(Some(outer), inner);
        }
        let contexts = |context: heapy_engine::ContextId| heapy_engine::ContextId::new(context.raw() + 1);
        let keys: Vec<_> = objects
            .iter()
            .map(|object| builder.add_object(ObjectRecord { context: object.context.map(contexts), ..object.clone() }))
            .collect();
        for edge in &edges {
            let (from, to) = (keys[edge.from as usize], keys[edge.to as usize]);
            builder.add_edge(EdgeRecord {
                from,
                to,
                link: edge.link.clone(),
                into: edge.into,
                evidence: edge.evidence,
            });
        }
        for (place, to, conservative, into) in roots.clone() {
            builder.add_root_record(RootRecord { place, to: keys[to as usize], conservative, into });
        }
        let hp = Use::new(Arc::new(builder.finish().unwrap()));
        let start: BTreeSet<u32> = roots.iter().map(|(_, to, ..)| *to).collect();
        let reachable = closure(&edges, start);
        Self { hp, objects, edges, roots, reachable }
    }

    /// Number of objects.
    pub(crate) fn count(&self) -> u32 {
        self.objects.len() as u32
    }

    /// Every object, reachable or not.
    pub(crate) fn all(&self) -> IdentitySet {
        self.hp.iso((0..self.count()).map(ObjectId::new)).unwrap()
    }

    /// What the roots reach.
    pub(crate) fn reachable(&self) -> &BTreeSet<u32> {
        &self.reachable
    }

    fn declared_name(&self, object: u32, ty: Option<TypeId>) -> String {
        let record = &self.objects[object as usize];
        match (record.family, ty, record.context) {
            (Family::Module, ..) => "module".into(),
            (Family::Frame, ..) => "frame".into(),
            (Family::Block, Some(ty), _) => TYPES[ty.index()].into(),
            (Family::Block, None, Some(_)) => format!("<block from {}>", self.producer(object)),
            (Family::Block, None, None) => format!("<untyped {}>", record.size),
        }
    }

    pub(crate) fn type_name(&self, object: u32) -> String {
        self.declared_name(object, self.objects[object as usize].ty)
    }

    fn class_type(&self, object: u32) -> Option<TypeId> {
        let record = &self.objects[object as usize];
        record.class.or(record.ty)
    }

    pub(crate) fn class_name(&self, object: u32) -> String {
        self.declared_name(object, self.class_type(object))
    }

    pub(crate) fn producer(&self, object: u32) -> String {
        match self.objects[object as usize].context.map(|context| CONTEXTS[context.index()]) {
            None => "unknown".into(),
            Some((_, _, true)) => "main.rs:9".into(),
            Some((file, line, false)) => format!("{file}:{line}"),
        }
    }

    pub(crate) fn unit(&self, object: u32) -> String {
        match self.objects[object as usize].context.map(|context| CONTEXTS[context.index()]) {
            Some((_, _, true)) => "unit of main.rs".into(),
            Some((file, _, false)) => format!("unit of {file}"),
            None if self.class_type(object).is_some() => "unit of type".into(),
            None => "~unit".into(),
        }
    }

    pub(crate) fn module(&self, object: u32) -> String {
        let record = &self.objects[object as usize];
        match record.family {
            Family::Module => record.name.clone().unwrap(),
            _ => "~module".into(),
        }
    }

    pub(crate) fn is_storage(&self, object: u32) -> bool {
        self.objects[object as usize].family == Family::Block
            && self.class_type(object).is_some_and(|ty| STORAGE.contains(&ty.index()))
    }

    fn relation(&self, edge: &ModelEdge) -> String {
        match &edge.link {
            Link::Given(relation) => relation.printed('"'),
            Link::Offset(offset) => {
                let has_fields = self.class_type(edge.from).is_some_and(|ty| ty.index() < 3);
                match (has_fields && *offset < 8, edge.into) {
                    (true, _) if self.objects[edge.from as usize].family == Family::Frame => {
                        format!(".f_locals[\"f{}\"]", offset / 4)
                    }
                    (true, _) => format!(".f{}", offset / 4),
                    (false, 0) => format!("+{offset:#x}"),
                    (false, into) => format!("+{offset:#x}&+{into}"),
                }
            }
        }
    }

    fn owning_edges(&self, storage: u32) -> impl Iterator<Item = &ModelEdge> {
        self.edges.iter().filter(move |edge| {
            edge.to == storage && edge.from != storage && edge.into == 0 && edge.evidence == EdgeEvidence::Typed
        })
    }

    /// The owner and, of a module, the symbol.
    fn owner_and_symbol(&self, storage: u32) -> Option<(u32, Option<String>)> {
        if !self.is_storage(storage) {
            return None;
        }
        let family = |object: u32| self.objects[object as usize].family;
        let mut holders = BTreeSet::new();
        let mut frames = BTreeSet::new();
        for edge in self.owning_edges(storage) {
            match family(edge.from) {
                Family::Frame => drop(frames.insert((edge.from, None))),
                Family::Module => drop(holders.insert((edge.from, Some(self.relation(edge))))),
                Family::Block => drop(holders.insert((edge.from, None))),
            }
        }
        let one = |mut set: BTreeSet<_>| if set.len() == 1 { set.pop_first() } else { None };
        if holders.is_empty() { one(frames) } else { one(holders) }
    }

    pub(crate) fn owner(&self, storage: u32) -> Option<u32> {
        self.owner_and_symbol(storage).map(|(owner, _)| owner)
    }

    pub(crate) fn clodo(&self, object: u32) -> String {
        if !self.is_storage(object) {
            return self.class_name(object);
        }
        match self.owner_and_symbol(object) {
            None => "buffer (no owner)".into(),
            Some((_, Some(symbol))) if symbol.starts_with(".f_locals") => format!("buffer of static {symbol}"),
            Some((_, Some(symbol))) => format!("buffer of static {}", symbol.trim_start_matches('.')),
            Some((owner, None)) => format!("buffer of {}", self.class_name(owner)),
        }
    }

    fn seen_edges(&self, object: u32) -> impl Iterator<Item = &ModelEdge> {
        self.edges.iter().filter(move |edge| edge.to == object && self.reachable.contains(&edge.from))
    }

    fn seen_roots(&self, object: u32) -> impl Iterator<Item = &(RootPlace, u32, bool, u64)> {
        self.roots.iter().filter(move |(_, to, ..)| *to == object)
    }

    /// The names of the referrers of an object, roots among them.
    pub(crate) fn referrer_names(&self, object: u32, name: impl Fn(&Self, u32) -> String) -> BTreeSet<String> {
        let roots = self.seen_roots(object).map(|(place, ..)| format!("<root: {}>", place.word()));
        self.seen_edges(object).map(|edge| name(self, edge.from)).chain(roots).collect()
    }

    pub(crate) fn rcs(&self, object: u32) -> String {
        let names: Vec<String> = self.referrer_names(object, Self::clodo).into_iter().collect();
        if names.is_empty() { "<Nothing>".into() } else { names.join(", ") }
    }

    pub(crate) fn via(&self, object: u32) -> String {
        let roots = self.seen_roots(object).map(|(place, ..)| format!(".{}", place.attribute('"')));
        let names: BTreeSet<String> = self.seen_edges(object).map(|edge| self.relation(edge)).chain(roots).collect();
        let mut quoted: Vec<String> = names.into_iter().map(|name| format!("'{name}'")).collect();
        quoted.sort();
        quoted.join(", ")
    }

    pub(crate) fn evidence(&self, object: u32) -> String {
        let grade = |typed: bool, into: u64| match (typed, into) {
            (true, _) => 0,
            (false, 0) => 1,
            (false, _) => 2,
        };
        let edges = self.seen_edges(object).map(|edge| grade(edge.evidence == EdgeEvidence::Typed, edge.into));
        let roots = self.seen_roots(object).map(|(_, _, conservative, into)| grade(!conservative, *into));
        ["typed", "conservative", "interior", "unreferred"][edges.chain(roots).min().unwrap_or(3)].into()
    }

    pub(crate) fn threads(&self, object: u32) -> String {
        let held = |thread: u32| {
            let start = self.roots.iter().filter(|(place, ..)| place.thread() == Some(thread)).map(|(_, to, ..)| *to);
            closure(&self.edges, start.collect()).contains(&object)
        };
        let threads: Vec<String> =
            (0..2).filter(|&thread| held(thread)).map(|thread| format!("thread {thread}")).collect();
        if threads.is_empty() { "~thread".into() } else { threads.join(", ") }
    }
}

fn closure(edges: &[ModelEdge], mut reached: BTreeSet<u32>) -> BTreeSet<u32> {
    loop {
        let next: BTreeSet<u32> =
            edges.iter().filter(|edge| reached.contains(&edge.from)).map(|edge| edge.to).collect();
        if next.is_subset(&reached) {
            return reached;
        }
        reached.extend(next);
    }
}
