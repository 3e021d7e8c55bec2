//! The analyses against slow ones that are plainly right.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use heapy_engine::{
    Dominator, DominatorTree, EdgeEvidence, EdgeRecord, Heap, HeapBuilder, IdentitySet, ObjectId, ObjectRecord,
    ObjectSet, PathEnd, PathOptions, PatternOptions, Relation, RootPlace, Use, Vocabulary, dominos, leak_roots, reach,
};
use petgraph::graph::{DiGraph, NodeIndex};
use proptest::prelude::*;

/// Number of objects, edges between them, and what the root holds.
type Drawn = (usize, Vec<(usize, usize)>, Vec<usize>);

fn graphs(most: usize) -> impl Strategy<Value = Drawn> {
    (1..most).prop_flat_map(|count| {
        let edges = prop::collection::vec((0..count, 0..count), 0..count * 3);
        (Just(count), edges, prop::collection::vec(0..count, 0..4))
    })
}

/// The graph with a symbolic root; object `i` has size `i + 1`. Every third edge is conservative.
fn heap_of((count, edges, roots): &Drawn) -> Arc<Heap> {
    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    let keys: Vec<_> = (0..*count)
        .map(|at| builder.add_object(ObjectRecord::block(0x1000 + at as u64 * 256, at as u64 + 1)))
        .collect();
    for (at, &(from, to)) in edges.iter().enumerate() {
        let evidence = if at % 3 == 0 { EdgeEvidence::Conservative } else { EdgeEvidence::Typed };
        let relation = Relation::Field(format!("e{at}"));
        builder.add_edge(EdgeRecord { evidence, ..EdgeRecord::given(keys[from], keys[to], relation) });
    }
    for (at, &root) in roots.iter().enumerate() {
        builder.add_root(RootPlace::Given(format!("r{at}")), keys[root]);
    }
    Arc::new(builder.finish().unwrap())
}

fn object(index: usize) -> ObjectId {
    ObjectId::new(index as u32)
}

fn set_of(heap: &Heap, members: impl IntoIterator<Item = usize>) -> ObjectSet {
    let mut set = ObjectSet::empty(heap.object_count());
    for member in members {
        set.insert(object(member));
    }
    set
}

fn indices(set: &ObjectSet) -> BTreeSet<usize> {
    set.iter().map(ObjectId::index).collect()
}

/// What is reached without ever entering `avoid`.
fn reached((_, edges, _): &Drawn, start: impl IntoIterator<Item = usize>, avoid: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut found: BTreeSet<usize> = start.into_iter().filter(|node| !avoid.contains(node)).collect();
    loop {
        let more: BTreeSet<usize> = edges
            .iter()
            .filter(|(from, to)| found.contains(from) && !avoid.contains(to))
            .map(|(_, to)| *to)
            .filter(|to| !found.contains(to))
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn dominators_agree_with_petgraph(drawn in graphs(40)) {
        let heap = heap_of(&drawn);
        let hp = Use::new(Arc::clone(&heap));
        let tree = DominatorTree::new(hp.view());
        let mut graph = DiGraph::<(), ()>::new();
        let nodes: Vec<NodeIndex> = (0..=drawn.0).map(|_| graph.add_node(())).collect();
        let root = nodes[drawn.0];
        for &(from, to) in &drawn.1 {
            graph.add_edge(nodes[from], nodes[to], ());
        }
        for &held in &drawn.2 {
            graph.add_edge(root, nodes[held], ());
        }
        let expected = petgraph::algo::dominators::simple_fast(&graph, root);
        for (at, &node) in nodes[..drawn.0].iter().enumerate() {
            let want = expected.immediate_dominator(node).map(|above| {
                if above == root { Dominator::Root } else { Dominator::Object(object(above.index())) }
            });
            prop_assert_eq!(tree.immediate(object(at)), want, "object {}", at);
            let single = set_of(&heap, [at]);
            let alone = dominos(&heap, &hp.view().start(), &single);
            if hp.view().reachable().contains(object(at)) {
                prop_assert_eq!(tree.dominated_size(object(at)), hp.view().size_of(&alone));
                let chain: Vec<ObjectId> = tree.chain(object(at)).collect();
                prop_assert!(chain.iter().all(|&above| dominos(&heap, &hp.view().start(), &set_of(&heap, [above.index()])).contains(object(at))));
            } else {
                prop_assert_eq!(tree.dominated_size(object(at)), 0);
            }
        }
        let mut listed = 0;
        for above in [Dominator::Root].into_iter().chain((0..drawn.0).map(|at| Dominator::Object(object(at)))) {
            let children = tree.children(above);
            listed += children.len();
            prop_assert!(children.iter().all(|&child| tree.immediate(child) == Some(above)));
            prop_assert!(children.is_sorted_by_key(|&child| (std::cmp::Reverse(tree.dominated_size(child)), child)));
        }
        prop_assert_eq!(listed, hp.view().reachable().count());
    }

    #[test]
    fn dominos_are_what_dies_with_the_set(drawn in graphs(20), chosen in prop::collection::btree_set(0usize..20, 0..5)) {
        let chosen: BTreeSet<usize> = chosen.into_iter().filter(|&at| at < drawn.0).collect();
        let heap = heap_of(&drawn);
        let hp = Use::new(Arc::clone(&heap));
        let roots = drawn.2.iter().copied();
        let without = reached(&drawn, roots.clone(), &chosen);
        let want = reached(&drawn, chosen.iter().copied(), &without);
        let set = hp.iso(chosen.iter().map(|&at| object(at))).unwrap();
        prop_assert_eq!(indices(set.dominos().nodes()), want.clone());
        prop_assert_eq!(set.domisize(), want.iter().map(|&at| at as u64 + 1).sum::<u64>());
        prop_assert_eq!(indices(hp.heap().nodes()), reached(&drawn, roots, &BTreeSet::new()));
        let none = ObjectSet::empty(heap.object_count());
        prop_assert_eq!(indices(&reach(&heap, set.nodes(), &none)), reached(&drawn, chosen, &BTreeSet::new()));
    }

    #[test]
    fn leak_roots_reach_every_leak_and_hold_what_they_say(drawn in graphs(24)) {
        let heap = heap_of(&drawn);
        let hp = Use::new(Arc::clone(&heap));
        let leaked = hp.heapu_set().nodes().clone();
        let leaks = indices(&leaked);
        let kept: BTreeSet<usize> = (0..drawn.0).filter(|at| !leaks.contains(at)).collect();
        let roots = leak_roots(&heap, &leaked);
        let starts: BTreeSet<usize> = roots.iter().map(|root| root.object.index()).collect();
        prop_assert_eq!(starts.len(), roots.len());
        prop_assert_eq!(reached(&drawn, starts.iter().copied(), &kept), leaks.clone());
        for root in &roots {
            let own = root.object.index();
            // Whoever of the leaks reaches it is reached by it: nothing outside of its circle holds it.
            let holders: BTreeSet<usize> =
                leaks.iter().copied().filter(|&at| reached(&drawn, [at], &kept).contains(&own)).collect();
            let reach = reached(&drawn, [own], &kept);
            prop_assert!(holders.is_subset(&reach));
            prop_assert_eq!(holders.len(), root.circle);
            prop_assert_eq!(holders.first(), Some(&own));
            let mut blocked = kept.clone();
            blocked.insert(own);
            let others = reached(&drawn, starts.iter().copied(), &blocked);
            let held: u64 = leaks.iter().filter(|at| !others.contains(at)).map(|&at| at as u64 + 1).sum();
            prop_assert_eq!(root.held_bytes, held);
        }
        prop_assert!(roots.is_sorted_by_key(|root| (std::cmp::Reverse(root.held_bytes), root.object)));
    }

    #[test]
    fn paths_agree_with_a_search_of_all(
        drawn in graphs(12),
        ends in (prop::collection::btree_set(0usize..12, 0..4), prop::collection::btree_set(0usize..12, 1..4)),
        avoid in prop::collection::btree_set(0usize..12, 0..3),
        from_root in any::<bool>(),
        typed_only in any::<bool>(),
    ) {
        let keep = |set: BTreeSet<usize>| -> BTreeSet<usize> { set.into_iter().filter(|&at| at < drawn.0).collect() };
        let (sources, targets, avoid) = (keep(ends.0), keep(ends.1), keep(avoid));
        let hp = Use::new(heap_of(&drawn));
        let iso = |members: &BTreeSet<usize>| -> IdentitySet { hp.iso(members.iter().map(|&at| object(at))).unwrap() };
        let options = PathOptions {
            src: (!from_root).then(|| iso(&sources)),
            avoid_nodes: Some(iso(&avoid)),
            avoid_edges: Vec::new(),
            typed_only,
        };
        let paths = iso(&targets).get_shpaths(options).unwrap();
        let naive = naive_paths(&drawn, if from_root { None } else { Some(&sources) }, &targets, &avoid, typed_only);
        prop_assert_eq!(paths.count().to_string(), naive.len().to_string());
        let mut listed: Vec<Vec<String>> = paths.iter(0).map(|path| path.steps.iter().map(|step| path.step_text(step)).collect()).collect();
        for index in 0..listed.len() as i64 {
            let (back, forth) = (paths.path(index - listed.len() as i64).unwrap(), paths.path(index).unwrap());
            prop_assert_eq!(back.to_string(), forth.to_string());
        }
        listed.sort();
        prop_assert_eq!(listed, naive);
    }

    #[test]
    fn patterns_are_made_of_referrers(drawn in graphs(14), nocyc in any::<bool>(), imdom in any::<bool>()) {
        let hp = Use::new(heap_of(&drawn));
        let set = hp.iso([object(0)]).unwrap();
        let pattern = set.get_rp(None, PatternOptions { depth: 3, nocyc, imdom, ..PatternOptions::default() }).unwrap();
        let mut by_label: BTreeMap<String, IdentitySet> = BTreeMap::new();
        for index in 0..pattern.row_count().min(200) {
            let row = pattern.row(index).unwrap();
            let members = pattern.part(index as i64).unwrap();
            if let Some(last) = parent(&row.label(), &by_label) {
                prop_assert!(members.nodes().is_subset(last.referrers().nodes()));
                prop_assert!(!nocyc || members.nodes().is_disjoint(last.nodes()));
            }
            let by_name = pattern.part_by_label(&row.label()).unwrap();
            prop_assert_eq!(by_name.nodes(), members.nodes());
            by_label.insert(row.label(), members);
        }
        // The lines of the paths of each row are finite and end at the first row.
        for label in by_label.keys() {
            let text = Arc::new(pattern.paths(label, &[]).unwrap()).pages().all().to_string();
            let start = format!("Paths from source '{label}' to target '_'.");
            prop_assert!(text.starts_with(&start));
        }
    }
}

/// The set of the row above: labels of these small patterns have no counted runs longer than their depth of 3.
fn parent<'rows>(label: &str, rows: &'rows BTreeMap<String, IdentitySet>) -> Option<&'rows IdentitySet> {
    let above = match label {
        "_" => return None,
        label if label.ends_with('3') => label[..1].repeat(2),
        label if label.len() == 1 => "_".into(),
        label => label[..label.len() - 1].to_owned(),
    };
    rows.get(&above)
}

/// All shortest paths, each as its relations, by trying every way; sorted.
fn naive_paths(
    drawn: &Drawn,
    sources: Option<&BTreeSet<usize>>,
    targets: &BTreeSet<usize>,
    avoid: &BTreeSet<usize>,
    typed_only: bool,
) -> Vec<Vec<String>> {
    let (_, edges, roots) = drawn;
    let conservative = |at: usize| at.is_multiple_of(3);
    let mut closed: BTreeSet<usize> = avoid.clone();
    closed.extend(sources.into_iter().flatten());
    let mut at_level: Vec<(PathEnd, Vec<String>)> = match sources {
        None => vec![(PathEnd::Root, Vec::new())],
        Some(sources) => {
            sources.difference(avoid).map(|&source| (PathEnd::Object(object(source)), Vec::new())).collect()
        }
    };
    while !at_level.is_empty() {
        let mut next: Vec<(usize, Vec<String>)> = Vec::new();
        for (end, path) in &at_level {
            let steps: Vec<(usize, String)> = match end {
                PathEnd::Root => roots.iter().enumerate().map(|(at, &to)| (to, format!(".r{at}"))).collect(),
                PathEnd::Object(from) => edges
                    .iter()
                    .enumerate()
                    .filter(|(at, (holder, _))| *holder == from.index() && !(typed_only && conservative(*at)))
                    .map(|(at, (_, to))| (*to, format!(".e{at}{}", if conservative(at) { "?" } else { "" })))
                    .collect(),
            };
            for (to, name) in steps.into_iter().filter(|(to, _)| !closed.contains(to)) {
                next.push((to, path.iter().cloned().chain([name]).collect()));
            }
        }
        closed.extend(next.iter().map(|(to, _)| *to));
        let mut met: Vec<Vec<String>> =
            next.iter().filter(|(to, _)| targets.contains(to)).map(|(_, path)| path.clone()).collect();
        if !met.is_empty() {
            met.sort();
            return met;
        }
        at_level = next.into_iter().map(|(to, path)| (PathEnd::Object(object(to)), path)).collect();
    }
    Vec::new()
}

#[test]
fn a_lattice_has_more_paths_than_words_count() {
    const STEPS: usize = 200;
    let edges: Vec<(usize, usize)> = (0..STEPS).flat_map(|at| [(at, at + 1); 2]).collect();
    let hp = Use::new(heap_of(&(STEPS + 1, edges, vec![0])));
    let paths = hp.iso([object(STEPS)]).unwrap().sp();
    assert_eq!(paths.count().to_string(), "1606938044258990275541962092341162602522202993782792835301376");
    let text = paths.pages().to_string();
    let last = text.lines().last().unwrap();
    assert_eq!(last, "<... 1606938044258990275541962092341162602522202993782792835301366 more paths ...>");
    assert_eq!(paths.path(-1).unwrap().steps.len(), STEPS + 1);
    assert!(paths.path(i64::MAX).is_ok());
}

#[test]
fn avoided_edges_lead_around() {
    let hp = Use::new(heap_of(&(4, vec![(0, 3), (0, 1), (1, 3), (1, 2), (2, 3)], vec![0])));
    let paths = hp.iso([object(3)]).unwrap().sp();
    assert_eq!(paths.pages().to_string(), " 0: hp.Root.r0.e0?");
    let around = paths.avoided(&[1]).unwrap();
    assert_eq!(Arc::new(around).pages().to_string(), " 0: hp.Root.r0.e1.e2");
    assert_eq!(paths.avoided(&[0]).unwrap().count().to_u64(), Some(0));
    assert_eq!(paths.edges_at(&[0, 1]).unwrap().len(), 2);
    let error = paths.edges_at(&[2]).unwrap_err().to_string();
    assert_eq!(error, "edges_at: level is 2; accepted: 0 to 1");
}

#[test]
fn a_pattern_shows_the_paths_along_its_rows() {
    // Two objects of one kind hold the target, one of them twice; one object holds both.
    let hp = Use::new(heap_of(&(4, vec![(1, 0), (1, 0), (2, 0), (3, 1), (3, 2)], vec![3])));
    let pattern =
        hp.iso([object(0)]).unwrap().get_rp(Some(&hp.relation("Unity").unwrap()), PatternOptions::default()).unwrap();
    let paths = Arc::new(pattern.paths("aa", &[]).unwrap());
    let text = "\
Paths from source 'aa' to target '_'.
 0: aa [0] @ .e4
 1: a  [0]  @ .e2
 2: _  [0]   = <1 <untyped 1>: 0x1000>
 3: aa [0] @ .e3?
 4: a  [1]  @ .e0? / .e1 -> #2";
    assert_eq!(paths.pages().all().to_string(), text);
    let only = hp.iso([object(2)]).unwrap();
    let restricted = Arc::new(pattern.paths("aa", &[("a".into(), only)]).unwrap()).pages().to_string();
    assert!(restricted.contains("a  [0]  @ .e2") && !restricted.contains(".e0"), "{restricted}");
}
