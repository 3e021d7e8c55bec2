//! The description of the API: every name answers, help and generated files say what it says.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::path::Path;
use std::sync::Arc;

use heapy_engine::binding::{Accepts, ApiError, Entry, Form, Value, call, find, guide, names, owners, typescript};
use heapy_engine::{
    EdgeRecord, Facts, Family, Frame, HeapBuilder, ObjectRecord, Relation, RootPlace, Shape, TypeRecord, Use, UseError,
    Vocabulary,
};

fn hp() -> Value {
    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    builder.set_facts(Facts { contents: true, ..Facts::default() });
    let record =
        |name: &str, storage| TypeRecord { name: name.into(), unit: None, size: 0, shape: Shape::Opaque, storage };
    let node = builder.add_type(record("app::Node", false));
    let buffer = builder.add_type(record("[u8]", true));
    let frame = builder.add_frame(Frame {
        function: "push".into(),
        file: Some("a.rs".into()),
        line: Some(3),
        ..Frame::default()
    });
    let context = builder.add_context(None, frame);
    let module = builder.add_object(ObjectRecord {
        family: Family::Module,
        name: Some("app".into()),
        ..ObjectRecord::block(0x400, 64)
    });
    let typed = |address, ty| ObjectRecord { ty: Some(ty), context: Some(context), ..ObjectRecord::block(address, 24) };
    let first = builder.add_object(typed(0x1000, node));
    let second = builder.add_object(typed(0x1020, node));
    let third = builder.add_object(typed(0x1040, buffer));
    let leaked = builder.add_object(typed(0x1060, node));
    builder.add_edge(EdgeRecord::given(module, first, Relation::Field("list".into())));
    builder.add_edge(EdgeRecord::given(first, second, Relation::Field("next".into())));
    builder.add_edge(EdgeRecord::given(second, third, Relation::Index(0)));
    builder.add_edge(EdgeRecord::at_offset(first, third, 8));
    builder.add_edge(EdgeRecord::given(leaked, third, Relation::Field("next".into())));
    builder.add_root(RootPlace::Module { instance: 0, name: "app".into() }, module);
    Value::Use(Use::new(Arc::new(builder.finish().unwrap())))
}

fn ask(target: &Value, name: &str, arguments: &[Value]) -> Value {
    call(target, name, arguments).unwrap_or_else(|error| panic!("{}.{name}: {error}", target.type_name()))
}

/// A value of each type of the description.
fn samples(hp: &Value) -> Vec<Value> {
    let third = ask(hp, "iso", &[Value::Integer(0x1040)]);
    let kind = ask(&ask(hp, "Type", &[]), "call", &["app::Node".into()]);
    let (paths, pattern) = (ask(&third, "sp", &[]), ask(&third, "rp", &[]));
    let page = ask(&ask(hp, "heap", &[]), "all", &[]);
    let Value::List(edges) = ask(&paths, "edges_at", &[Value::Integer(0)]) else { panic!("edges_at gives a list") };
    vec![
        hp.clone(),
        ask(&third, "bytype", &[]),
        kind,
        ask(hp, "sonokind", &[]),
        ask(hp, "Clodo", &[]),
        ask(&third, "partition", &[]),
        page,
        ask(&third, "stat", &[]),
        ask(&paths, "at", &[Value::Integer(0)]),
        paths,
        edges[0].clone(),
        ask(&pattern, "paths", &["a".into()]),
        pattern,
        ask(&ask(hp, "iso", &[Value::Integer(0x1000)]), "maprox", &[]),
        ask(&ask(hp, "Root", &[]), "i0_modules", &[]),
        ask(hp, "doc", &[]),
    ]
}

/// An argument that fits a parameter, of a value of the given type.
fn argument(hp: &Value, entry: &Entry, accepts: Accepts) -> Value {
    let set = || ask(hp, "iso", &[Value::Integer(0x1040)]);
    match (entry.name, accepts) {
        ("load" | "loadall", Accepts::Text) => ask(&ask(&set(), "stat", &[]), "dump", &[]),
        ("alt", _) => "==".into(),
        ("via", _) => ".next".into(),
        ("get_rows_n_and_other", Accepts::Text) => "Count".into(),
        ("get_rp", Accepts::Text) => "imdom".into(),
        ("at", _) if entry.result == "Root" => "app".into(),
        ("call", Accepts::Text) => "L".into(),
        ("slice" | "get_nodeset", _) => Value::Integer(1),
        ("set_maxpaths", _) => Value::Integer(3),
        (_, Accepts::UniSet) if matches!(entry.name, "and") && entry.result == "SetOfKind" => {
            ask(&ask(hp, "Type", &[]), "call", &["app::Node".into()])
        }
        (_, Accepts::Relation | Accepts::RelationOrName) => ask(hp, "Size", &[]),
        (_, Accepts::UniSet | Accepts::IdentitySet | Accepts::ObjectOrSet | Accepts::StatOrSet)
            if entry.name != "sub" || entry.result == "UniSet" =>
        {
            set()
        }
        (_, Accepts::StatOrSet) => ask(&set(), "stat", &[]),
        (_, Accepts::Integer | Accepts::IntegerOrText) => Value::Integer(0),
        (_, Accepts::Bool) => Value::Bool(false),
        ("totals", Accepts::Text) => "Prod".into(),
        (_, Accepts::Text) => "x".into(),
        (_, Accepts::Edges) => ask(&ask(&set(), "sp", &[]), "edges_at", &[Value::Integer(0)]),
        (_, Accepts::SetsByLabel) => Value::Record(vec![("a".into(), set())]),
        (_, Accepts::ClassArgument) => "app::Node".into(),
        (_, other) => panic!("no argument for {other:?} of {}", entry.name),
    }
}

/// Whether a value is of one of the types of a TypeScript union.
fn conforms(value: &Value, types: &str) -> bool {
    types.split(" | ").any(|ty| match (ty.strip_suffix("[]"), value) {
        (Some(inner), Value::List(values)) => values.iter().all(|value| conforms(value, inner)),
        (None, Value::Record(_)) => {
            matches!(ty, "Row" | "PatternRow" | "Classification" | "LeakRoot" | "ObjectView" | "Totals")
        }
        (None, value) => {
            let own = value.type_name();
            ty == "any"
                || ty == own
                || (ty == "UniSet" && matches!(own, "IdentitySet" | "Kind" | "EquivalenceRelation"))
        }
        _ => false,
    })
}

#[test]
fn every_name_of_every_type_answers() {
    let hp = hp();
    let mut asked = 0;
    for target in samples(&hp) {
        for name in names(&target) {
            let entry = find(&target, name).unwrap();
            let arguments: Vec<Value> =
                entry.parameters.iter().map(|parameter| argument(&hp, entry, parameter.accepts)).collect();
            let repeated = entry.parameters.iter().position(|parameter| parameter.is_repeated());
            let arguments = &arguments[..repeated.map_or(arguments.len(), |at| at + 1)];
            let place = format!("{}.{name}", target.type_name());
            match call(&target, name, arguments) {
                Ok(result) => {
                    assert!(conforms(&result, entry.result), "{place} is {result:?}, described as {}", entry.result);
                    let _ = result.to_string();
                }
                Err(ApiError::Use(UseError::NotInThisBuild { feature, .. })) => {
                    assert!(matches!(feature, "monitor" | "pb"), "{place}");
                }
                Err(error) => panic!("{place}: {error}"),
            }
            asked += 1;
        }
    }
    assert!(asked > 200, "{asked}");
    // Every type of the description has a sample, UniSet through those that share its names.
    let types: Vec<&str> = samples(&hp).iter().map(Value::type_name).collect();
    for owner in owners().iter().filter(|owner| owner.name != "UniSet") {
        assert!(types.contains(&owner.name), "no sample of {}", owner.name);
    }
}

#[test]
fn the_description_is_complete_and_in_order() {
    for owner in owners() {
        let names: Vec<&str> = owner.entries.iter().map(|entry| entry.name).collect();
        assert!(names.is_sorted(), "{}: {names:?}", owner.name);
        for entry in owner.entries {
            assert!(
                entry.doc.ends_with(['.', '\"']) && entry.doc.len() > 7,
                "{}.{}: {}",
                owner.name,
                entry.name,
                entry.doc
            );
            assert!(entry.form == Form::Method || entry.parameters.is_empty(), "{}.{}", owner.name, entry.name);
        }
    }
    let hp = names(&hp());
    for name in [
        "Anything",
        "Nothing",
        "Class",
        "Clodo",
        "Id",
        "Idset",
        "Module",
        "Prod",
        "Rcs",
        "Root",
        "Size",
        "Type",
        "Unity",
        "Via",
        "doc",
        "findex",
        "heap",
        "heapg",
        "heapu",
        "idset",
        "iso",
        "load",
        "monitor",
        "pb",
        "setref",
        "setrelheap",
        "setrelheapg",
        "setrelheapu",
        "union",
        "Unit",
        "Site",
        "Age",
        "Thread",
        "Evidence",
    ] {
        assert!(hp.contains(&name), "{name}");
    }
}

#[test]
fn arguments_go_by_position_and_by_name() {
    let hp = hp();
    let set = ask(&hp, "iso", &[Value::Integer(0x1040)]);
    let by_position = ask(&set, "get_rp", &[Value::Integer(1)]);
    let by_name = ask(&set, "get_rp", &[Value::Record(vec![("depth".into(), Value::Integer(1))])]);
    assert_eq!(by_position.to_string(), by_name.to_string());
    assert_ne!(by_name.to_string(), ask(&set, "rp", &[]).to_string());
    let dictof = Value::Record(vec![("dictof".into(), Value::List(Vec::new()))]);
    assert_eq!(ask(&ask(&hp, "Clodo", &[]), "call", &[dictof]).to_string(), "buffer (no owner)");
}

#[test]
fn what_is_wrong_names_the_argument() {
    let hp = hp();
    let set = ask(&hp, "heap", &[]);
    let text = |target: &Value, name: &str, arguments: &[Value]| call(target, name, arguments).unwrap_err().to_string();
    assert_eq!(text(&set, "at", &["x".into()]), "at: index is 'x'; accepted: a whole number");
    assert_eq!(text(&set, "at", &[]), "at: index is nothing; accepted: a whole number");
    assert!(text(&set, "at", &[Value::Integer(0), Value::Integer(1)]).starts_with("at: an argument too many is 1"));
    assert!(text(&set, "and", &[Value::Integer(1)]).contains("other is 1; accepted: a set"));
    assert!(text(&set, "and", &["x".into()]).contains("Type: name is 'x'; accepted: the name of a class"));
    assert!(text(&set, "get_rp", &[Value::Record(vec![("deep".into(), Value::Integer(1))])]).contains("deep is 1"));
    assert!(text(&set, "get_rp", &[Value::Integer(-1)]).contains("depth is -1"));
    assert!(text(&set, "nothing", &[]).contains("IdentitySet has no attribute 'nothing'; it has all, and,"));
    assert!(text(&hp, "iso", &[Value::Integer(0x10)]).contains("no object found at address 0x10"));
    let other = ask(&self::hp(), "heap", &[]);
    assert!(text(&set, "and", std::slice::from_ref(&other)).contains("different heaps"));
    assert!(text(&set, "get_shpaths", &[other]).contains("different heaps"));
    assert!(text(&ask(&hp, "Root", &[]), "i9_globals", &[]).contains("i0_modules[\"app\"]"));
    assert!(text(&hp, "load", &["nonsense".into()]).contains("line 1: no initial .loader directive"));
}

#[test]
fn relations_are_sets_in_formulas() {
    let hp = hp();
    let relation = |name: &str| ask(&hp, name, &[]);
    let of = |name: &str, argument: Value| ask(&relation(name), "call", &[argument]);
    // Heapy prints the object's address in place of the relation's name.
    let both = ask(&relation("Type"), "and", &[of("Size", Value::Integer(24))]);
    assert_eq!(both.type_name(), "Kind");
    assert_eq!(both.to_string(), "(<size = 24> & Equiv. relation hp.Type))");
    assert_eq!(both.repr(), "(hp.Size(24) & hp.Type)");
    let reversed = ask(&of("Size", Value::Integer(24)), "and", &[relation("Type")]);
    assert_eq!(reversed.repr(), "(hp.Type & hp.Size(24))");
    assert_eq!(ask(&relation("Type"), "sub", &[of("Size", Value::Integer(24))]).repr(), "(~hp.Size(24) & hp.Type)");
    assert_eq!(ask(&relation("Type"), "or", &[relation("Size")]).repr(), "(hp.Size | hp.Type)");
    assert_eq!(ask(&relation("Type"), "and", &[relation("Size")]).type_name(), "EquivalenceRelation");
    assert_eq!(ask(&relation("Type"), "and", &[ask(&hp, "Nothing", &[])]).to_string(), "<Nothing>");
    // Every object is in a relation, and a set if its members are of one class.
    let all = ask(&hp, "heap", &[]);
    assert_eq!(ask(&ask(&all, "and", std::slice::from_ref(&both)), "count", &[]).to_string(), "3");
    let nodes = ask(&all, "and", &["app::Node".into()]);
    assert_eq!(ask(&both, "has", &[nodes]).to_string(), "true");
    let blocks = ask(&all, "and", &[of("Size", Value::Integer(24))]);
    assert_eq!(ask(&both, "has", &[blocks]).to_string(), "false");
    for (a, order, b, want) in [
        ("Class", "lt", "Type", true),
        ("Type", "lt", "Class", false),
        ("Type", "gt", "Class", true),
        ("Type", "ge", "Type", true),
        ("Type", "lt", "Type", false),
        ("Type", "eq", "Type", true),
        ("Type", "ne", "Size", true),
        ("Type", "le", "Unity", true),
    ] {
        assert_eq!(ask(&relation(a), order, &[relation(b)]).to_string(), want.to_string(), "{a} {order} {b}");
    }
    assert_eq!(ask(&of("Size", Value::Integer(24)), "lt", &[relation("Type")]).to_string(), "true");
}

#[test]
fn pages_have_the_names_of_what_they_list() {
    let hp = hp();
    let heap = ask(&ask(&hp, "heap", &[]), "bysize", &[]);
    let page = ask(&ask(&heap, "more", &[]), "prev", &[]);
    assert_eq!(ask(&page, "top", &[]).to_string(), heap.to_string());
    assert_eq!(ask(&page, "count", &[]).to_string(), "4");
    assert_eq!(
        ask(&page, "at", &[Value::Integer(-1)]).to_string(),
        ask(&heap, "at", &[Value::Integer(-1)]).to_string()
    );
    assert_eq!(ask(&page, "by", &["Type".into()]).to_string(), ask(&heap, "by", &["Type".into()]).to_string());
    assert!(call(&page, "nothing", &[]).unwrap_err().to_string().contains("IdentitySet has no attribute 'nothing'"));
}

#[test]
fn lists_stand_for_what_is_in_them() {
    let hp = hp();
    let addresses = || vec![Value::Integer(0x1000), Value::Integer(0x1040)];
    let both = ask(&hp, "idset", &[Value::List(addresses())]);
    assert_eq!(both.to_string(), ask(&hp, "iso", &addresses()).to_string());
    let types = || vec![Value::from("app::Node"), ask(&hp, "Size", &[])];
    assert_eq!(
        ask(&hp, "union", &[Value::List(types())]).repr(),
        ask(&hp, "union", &types()).repr(),
        "a text is a type, a relation is a set"
    );
    assert_eq!(ask(&hp, "union", &[Value::List(Vec::new())]).to_string(), "<Nothing>");
    let text = |error: ApiError| error.to_string();
    assert!(text(call(&hp, "iso", &[Value::List(vec!["x".into()])]).unwrap_err()).contains("nodes is 'x'"));
}

#[test]
fn references_in_time_may_be_kinds() {
    let hp = hp();
    ask(&hp, "setrelheap", &["app::Node".into()]);
    assert_eq!(ask(&ask(&hp, "heap", &[]), "nodes", &[]).to_string(), "[1024, 4160]");
    ask(&hp, "setrelheap", &[ask(&hp, "Nothing", &[])]);
    assert_eq!(ask(&ask(&hp, "heap", &[]), "count", &[]).to_string(), "4");
}

#[test]
fn help_tells_all_names_at_once() {
    let help = ask(&hp(), "doc", &[]);
    let lines = ask(&help, "call", &["l".into()]).to_string();
    assert!(lines.lines().any(|line| line == "heap() -> IdentitySet"), "{lines}");
    assert!(ask(&help, "call", &["L".into()]).to_string().contains("The objects that the root reaches."));
    assert!(call(&help, "call", &["x".into()]).unwrap_err().to_string().contains("how is 'x'; accepted: 'l' and 'L'"));
}

#[test]
fn producers_are_found_by_function_too() {
    let hp = hp();
    let prod = ask(&hp, "Prod", &[]);
    let named = |name: &str| vec![Value::Record(vec![("function".into(), name.into())])];
    let kind = ask(&prod, "call", &named("push"));
    assert_eq!(kind.to_string(), "a.rs:3");
    assert_eq!(ask(&ask(&kind, "select", &[]), "count", &[]).to_string(), "4");
    let error = call(&prod, "call", &named("pus")).unwrap_err().to_string();
    assert!(error.starts_with("Prod: function is function='pus'; accepted: the name of a function that"), "{error}");
}

#[test]
fn help_lists_names_and_describes_them() {
    let hp = hp();
    let help = ask(&hp, "doc", &[]);
    let overview = help.to_string();
    assert!(overview.starts_with("Top level interface to Heapy. Available attributes:\nAge "), "{overview}");
    assert!(overview.ends_with("Use eg: hp.doc.<attribute> for info on <attribute>."), "{overview}");
    assert!(overview.lines().all(|line| line.chars().count() <= 80));
    let heap = ask(&help, "heap", &[]);
    let text = heap.to_string();
    assert!(text.starts_with("heap() -> IdentitySet\n\nThe objects that the root reaches."), "{text}");
    assert!(text.ends_with("References\n    [0] use-api.md#use-heap\n    [1] use-api.md#use"), "{text}");
    assert_eq!(ask(&heap, "at", &[Value::Integer(1)]).to_string(), "use-api.md#use");
    assert_eq!(ask(&help, "unheard", &[]).to_string(), "???");
}

#[test]
fn the_root_and_the_proxy_read_names_of_the_heap() {
    let hp = hp();
    let modules = ask(&ask(&hp, "Root", &[]), "i0_modules", &[]);
    let app = ask(&modules, "at", &["app".into()]);
    assert_eq!(ask(&app, "list", &[]).to_string(), "hp.Root.i0_modules[\"app\"].list");
    let first = ask(&hp, "iso", &[Value::Integer(0x1000)]);
    let next = ask(&ask(&first, "maprox", &[]), "next", &[]);
    assert_eq!(ask(&next, "nodes", &[]).to_string(), "[4128]");
    assert_eq!(ask(&first, "sp", &[]).to_string(), " 0: hp.Root.i0_modules[\"app\"].list");
    let third = ask(&hp, "iso", &[Value::Integer(0x1040)]);
    assert_eq!(ask(&third, "sp", &[]).to_string(), " 0: hp.Root.i0_modules[\"app\"].list+0x8?");
    let typed = Value::Record(vec![("typed".into(), Value::Bool(true))]);
    assert_eq!(ask(&third, "get_shpaths", &[typed]).to_string(), " 0: hp.Root.i0_modules[\"app\"].list.next[0]");
}

#[test]
fn generated_files_say_what_the_description_says() {
    let www = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www");
    for (name, text) in [("js/heapy.d.ts", typescript()), ("guide/use-api.md", guide())] {
        let path = www.join(name);
        if std::env::var_os("BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == text, "www/{name} differs from the description; renew it with BLESS=1");
    }
}
