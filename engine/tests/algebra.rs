//! The algebra against a naive model: what the oracle's vectors do not cover.
//!
//! Random heaps with blocks, buffers, modules and frames, typed and conservative references, and roots of every sort.
//! Each relation must put objects into the classes that the model finds by looking at every reference, and each formula
//! of sets must select what the model selects by asking every object.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "algebra/model.rs"]
mod model;

use std::collections::{BTreeMap, BTreeSet};

use heapy_engine::{Argument, Arguments, IdentitySet, ObjectId, UniSet};
use model::{Model, models};
use proptest::prelude::*;

type Ids = BTreeSet<u32>;

fn ids(set: &IdentitySet) -> Ids {
    set.nodes().iter().map(ObjectId::raw).collect()
}

/// The members by the name of their class; classes of one name together.
fn partition(set: &IdentitySet) -> BTreeMap<String, Ids> {
    let mut found: BTreeMap<String, Ids> = BTreeMap::new();
    let partition = set.partition();
    let positions: Vec<usize> = (0..=partition.row_count()).collect();
    let only = partition.only_objects(&positions);
    assert_eq!(only.last(), Some(&None));
    for (position, row) in partition.rows(0).enumerate() {
        let members = ids(&partition.part(position).unwrap());
        assert_eq!(row.count, members.len());
        assert_eq!(only[position].map(ObjectId::raw), members.first().copied().filter(|_| members.len() == 1));
        let class = |object: &u32| set.er().classes().of(ObjectId::new(*object));
        assert_eq!(partition.class_number(position), members.first().map(class));
        found.entry(row.name).or_default().extend(members);
    }
    found
}

fn check_relation(model: &Model, relation: &str, name: impl Fn(&Model, u32) -> String) -> Result<(), TestCaseError> {
    let mut want: BTreeMap<String, Ids> = BTreeMap::new();
    for object in 0..model.count() {
        want.entry(name(model, object)).or_default().insert(object);
    }
    prop_assert_eq!(partition(&model.all().by(relation).unwrap()), want, "by {}", relation);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn relations_find_the_classes_of_the_model(model in models()) {
        prop_assert_eq!(ids(&model.hp.heap()), model.reachable().clone());
        check_relation(&model, "Type", Model::type_name)?;
        check_relation(&model, "Class", Model::class_name)?;
        check_relation(&model, "Clodo", Model::clodo)?;
        check_relation(&model, "Module", Model::module)?;
        check_relation(&model, "Rcs", Model::rcs)?;
        check_relation(&model, "Via", Model::via)?;
        check_relation(&model, "Prod", Model::producer)?;
        check_relation(&model, "Unit", Model::unit)?;
        check_relation(&model, "Evidence", Model::evidence)?;
        check_relation(&model, "Thread", Model::threads)?;
        check_relation(&model, "Age", |model, object| format!("interval {}", model.objects[object as usize].age))?;
        check_relation(&model, "Module&Size", |model, object| {
            format!("{} & {}", model.module(object), model.objects[object as usize].size)
        })?;
    }

    #[test]
    fn owners_and_their_storage_are_found_both_ways(model in models()) {
        let owners: Ids = (0..model.count()).filter_map(|object| model.owner(object)).collect();
        prop_assert_eq!(ids(&model.all().owners()), owners);
        for object in 0..model.count() {
            let owner = model.hp.iso([ObjectId::new(object)]).unwrap();
            let owned: Ids = (0..model.count()).filter(|&storage| model.owner(storage) == Some(object)).collect();
            prop_assert_eq!(ids(&owner.dictof().select()), owned);
        }
        let unowned: Ids =
            (0..model.count()).filter(|&object| model.is_storage(object) && model.owner(object).is_none()).collect();
        let clodo = model.hp.relation("Clodo").unwrap();
        prop_assert_eq!(&ids(&model.hp.nothing().dictof().select()), &unowned);
        for name in ["dictof", "bufof"] {
            let kind = clodo.call(&Arguments::named(name, Argument::Empty)).unwrap();
            prop_assert_eq!(&ids(&kind.select()), &unowned);
        }
    }

    #[test]
    fn tables_add_up(model in models(), relation in prop::sample::select(vec!["Type", "Rcs", "Id", "Clodo&Size"])) {
        let set = model.all().by(relation).unwrap();
        let partition = set.partition();
        let rows: Vec<_> = partition.rows(0).collect();
        prop_assert!(rows.is_sorted_by_key(|row| std::cmp::Reverse(row.size)));
        prop_assert_eq!(rows.iter().map(|row| row.count).sum::<usize>(), set.count());
        let mut cumulative = 0;
        for row in &rows {
            cumulative += row.size;
            prop_assert_eq!(row.cumulative, cumulative);
        }
        prop_assert_eq!(cumulative, set.size());
        let union = set.slice(None, None, None).unwrap();
        prop_assert_eq!(ids(&union), ids(&set));
        prop_assert!(set.kind().equals(&set.er().image(&set).unwrap()).unwrap());
        prop_assert!(UniSet::from(set.clone()).is_subset(&set.kind()).unwrap());
    }

    #[test]
    fn formulas_select_what_their_parts_select(model in models(), formula in formulas()) {
        let set = build(&model, &formula);
        let want: Ids = (0..model.count()).filter(|&object| holds(&model, &formula, object)).collect();
        let selected: Ids = set.select().iter().map(ObjectId::raw).collect();
        prop_assert_eq!(&selected, &want, "{} {:?}", set.brief(), formula);
        let heap = UniSet::from(model.all());
        let listed = heap.and(&set).unwrap();
        prop_assert_eq!(ids(listed.as_identity().unwrap()), want.clone());
        prop_assert_eq!(ids(heap.sub(&set).unwrap().as_identity().unwrap()), &(0..model.count()).collect::<Ids>() - &want);
        for object in 0..model.count() {
            prop_assert_eq!(set.contains(ObjectId::new(object)), want.contains(&object));
        }
        prop_assert!(set.invert().invert().equals(&set).unwrap());
        let by_set = model.all().by_relation(&set.biper()).unwrap();
        let classes: BTreeSet<Ids> = by_set.parts().iter().map(ids).collect();
        let rest: Ids = &(0..model.count()).collect::<Ids>() - &want;
        prop_assert_eq!(classes, [want, rest].into_iter().filter(|class| !class.is_empty()).collect());
    }

    #[test]
    fn comparisons_are_decided_on_the_heap(model in models(), a in formulas(), b in formulas()) {
        let select = |formula: &Formula| -> Ids {
            (0..model.count()).filter(|&object| holds(&model, formula, object)).collect()
        };
        let (x, y) = (build(&model, &a), build(&model, &b));
        let (want_x, want_y) = (select(&a), select(&b));
        prop_assert_eq!(x.is_subset(&y).unwrap(), want_x.is_subset(&want_y));
        prop_assert_eq!(x.is_strict_subset(&y).unwrap(), want_x.is_subset(&want_y) && want_x != want_y);
        prop_assert_eq!(x.equals(&y).unwrap(), want_x == want_y);
        prop_assert_eq!(x.disjoint(&y).unwrap(), want_x.is_disjoint(&want_y));
        let relation = model.hp.findex(&[x, y]).unwrap();
        for index in 0..3 {
            let kind = relation.call(&Arguments::positional([Argument::Number(index)])).unwrap();
            let first = |object: &u32| match (want_x.contains(object), want_y.contains(object)) {
                (true, _) => 0,
                (false, true) => 1,
                (false, false) => 2,
            };
            let want: Ids = (0..model.count()).filter(|object| first(object) == index).collect();
            prop_assert_eq!(ids(&kind.select()), want);
        }
    }
}

/// A set as a tree, to be built by the engine and to be asked of the model.
#[derive(Clone, Debug)]
enum Formula {
    Type(usize),
    Size(u64, &'static str),
    Module,
    Objects(Vec<u32>),
    RefdBy(Vec<usize>, &'static str),
    StorageOf(Box<Formula>),
    Not(Box<Formula>),
    And(Box<Formula>, Box<Formula>),
    Or(Box<Formula>, Box<Formula>),
    Sub(Box<Formula>, Box<Formula>),
    Xor(Box<Formula>, Box<Formula>),
}

const COMPARISONS: [&str; 6] = ["<", "<=", "==", "!=", ">=", ">"];

fn formulas() -> impl Strategy<Value = Formula> {
    let comparison = || prop::sample::select(COMPARISONS.to_vec());
    let leaf = prop_oneof![
        (0..model::TYPES.len()).prop_map(Formula::Type),
        (0u64..5, comparison()).prop_map(|(size, comparison)| Formula::Size(size * 8, comparison)),
        Just(Formula::Module),
        prop::collection::vec(0u32..8, 0..5).prop_map(Formula::Objects),
        (prop::collection::vec(0..model::TYPES.len(), 0..3), comparison())
            .prop_map(|(types, comparison)| Formula::RefdBy(types, comparison)),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        let two = || (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        prop_oneof![
            inner.clone().prop_map(|formula| Formula::Not(Box::new(formula))),
            inner.clone().prop_map(|formula| Formula::StorageOf(Box::new(formula))),
            two().prop_map(|(a, b)| Formula::And(a, b)),
            two().prop_map(|(a, b)| Formula::Or(a, b)),
            two().prop_map(|(a, b)| Formula::Sub(a, b)),
            two().prop_map(|(a, b)| Formula::Xor(a, b)),
        ]
    })
}

fn build(model: &Model, formula: &Formula) -> UniSet {
    let call = |relation: &str, arguments: Vec<Argument>| {
        model.hp.relation(relation).unwrap().call(&Arguments::positional(arguments)).unwrap()
    };
    let text = |index: &usize| Argument::Text(model::TYPES[*index].into());
    match formula {
        Formula::Type(index) => call("Type", vec![text(index)]).into(),
        Formula::Size(size, comparison) => call("Size", vec![Argument::Number(*size)]).alt(comparison).unwrap(),
        Formula::Module => call("Module", vec![]).into(),
        Formula::Objects(objects) => {
            let objects = objects.iter().map(|&object| ObjectId::new(object % model.count()));
            model.hp.iso(objects).unwrap().into()
        }
        Formula::RefdBy(types, comparison) => {
            let types: Vec<Argument> =
                types.iter().map(|index| Argument::Set(call("Type", vec![text(index)]).into())).collect();
            let refdby = model.hp.relation("Type").unwrap().refdby();
            refdby.call(&Arguments::positional(types)).unwrap().alt(comparison).unwrap()
        }
        Formula::StorageOf(inner) => build(model, inner).dictof().into(),
        Formula::Not(inner) => build(model, inner).invert(),
        Formula::And(a, b) => build(model, a).and(&build(model, b)).unwrap(),
        Formula::Or(a, b) => build(model, a).or(&build(model, b)).unwrap(),
        Formula::Sub(a, b) => build(model, a).sub(&build(model, b)).unwrap(),
        Formula::Xor(a, b) => build(model, a).xor(&build(model, b)).unwrap(),
    }
}

fn holds(model: &Model, formula: &Formula, object: u32) -> bool {
    let compare = |ordering: Option<std::cmp::Ordering>, comparison: &str| match comparison {
        "<" => ordering.is_some_and(std::cmp::Ordering::is_lt),
        "<=" => ordering.is_some_and(std::cmp::Ordering::is_le),
        "==" => ordering.is_some_and(std::cmp::Ordering::is_eq),
        "!=" => !ordering.is_some_and(std::cmp::Ordering::is_eq),
        ">=" => ordering.is_some_and(std::cmp::Ordering::is_ge),
        _ => ordering.is_some_and(std::cmp::Ordering::is_gt),
    };
    match formula {
        Formula::Type(index) => model.type_name(object) == model::TYPES[*index],
        Formula::Size(size, comparison) => compare(model.objects[object as usize].size.partial_cmp(size), comparison),
        Formula::Module => model.module(object) == "~module",
        Formula::Objects(objects) => objects.iter().any(|have| have % model.count() == object),
        Formula::RefdBy(types, comparison) => {
            let have = model.referrer_names(object, Model::type_name);
            let want: BTreeSet<String> = types.iter().map(|index| model::TYPES[*index].to_owned()).collect();
            let ordering = match (have.is_subset(&want), want.is_subset(&have)) {
                (true, true) => Some(std::cmp::Ordering::Equal),
                (true, false) => Some(std::cmp::Ordering::Less),
                (false, true) => Some(std::cmp::Ordering::Greater),
                (false, false) => None,
            };
            compare(ordering, comparison)
        }
        Formula::StorageOf(inner) => {
            let nothing = !(0..model.count()).any(|owner| holds(model, inner, owner));
            model.is_storage(object)
                && match model.owner(object) {
                    Some(owner) => holds(model, inner, owner),
                    None => nothing,
                }
        }
        Formula::Not(inner) => !holds(model, inner, object),
        Formula::And(a, b) => holds(model, a, object) && holds(model, b, object),
        Formula::Or(a, b) => holds(model, a, object) || holds(model, b, object),
        Formula::Sub(a, b) => holds(model, a, object) && !holds(model, b, object),
        Formula::Xor(a, b) => holds(model, a, object) != holds(model, b, object),
    }
}
