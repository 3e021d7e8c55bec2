//! What `www/guide/differences-from-heapy.md` says of sets, kinds and relations, and the printed forms of formulas.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use heapy_engine::{
    Argument, Arguments, EdgeEvidence, EdgeRecord, Family, Field, Frame, HeapBuilder, IdentitySet, Kind, Link,
    ObjectId, ObjectRecord, Relation, RootPlace, Shape, TypeRecord, UniSet, Use, UseError, Vocabulary,
};

fn record(name: &str, shape: Shape, storage: bool) -> TypeRecord {
    TypeRecord { name: name.into(), unit: None, size: 0, shape, storage }
}

/// A module `app` with a static table, two caches that own a buffer each, a frame, and a leaked block.
fn heap() -> Use {
    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    let base = builder.add_type(record("app::Base", Shape::Struct(vec![]), false));
    let at_start = vec![Field { name: "base".into(), offset: 0, size: 8, ty: Some(base) }];
    let cache = builder.add_type(record("app::Cache", Shape::Struct(at_start), false));
    let bytes = builder.add_type(record("[u8]", Shape::Opaque, true));
    let pairs = builder.add_type(record("[app::Pair]", Shape::Opaque, true));
    let frame = Frame { function: "make".into(), file: Some("app.rs".into()), line: Some(7), ..Frame::default() };
    let frame = builder.add_frame(frame);
    let context = Some(builder.add_context(None, frame));
    let module = ObjectRecord { family: Family::Module, name: Some("app".into()), ..ObjectRecord::block(0x400, 64) };
    let module = builder.add_object(module);
    let activation =
        ObjectRecord { family: Family::Frame, name: Some("main".into()), ..ObjectRecord::block(0x800, 32) };
    let activation = builder.add_object(activation);
    let mut block = |address, size, ty, context| {
        builder.add_object(ObjectRecord { ty, context, ..ObjectRecord::block(address, size) })
    };
    let first = block(0x1000, 48, Some(cache), context);
    let second = block(0x1100, 48, Some(cache), context);
    let first_buffer = block(0x1200, 100, Some(bytes), context);
    let second_buffer = block(0x1300, 200, Some(pairs), context);
    let table = block(0x1400, 400, Some(pairs), context);
    let plain = block(0x1600, 48, Some(base), None);
    block(0x1700, 24, None, context);
    block(0x1800, 16, None, None);
    let mut given = |from, to, relation| {
        builder.add_edge(EdgeRecord::given(from, to, relation));
    };
    given(first, first_buffer, Relation::Field("items".into()));
    given(second, second_buffer, Relation::Field("items.buf".into()));
    given(module, table, Relation::Field("TABLE".into()));
    given(activation, first, Relation::Local("cache".into()));
    given(activation, first_buffer, Relation::Local("iterator".into()));
    builder.add_edge(EdgeRecord {
        from: second,
        to: plain,
        link: Link::Offset(24),
        into: 4,
        evidence: EdgeEvidence::Conservative,
    });
    builder.add_root(RootPlace::Module { instance: 0, name: "app".into() }, module);
    builder.add_root(RootPlace::Frame { instance: 0, thread: 0, frame: 0 }, activation);
    builder.add_root(RootPlace::Global { instance: 0, name: "second".into() }, second);
    Use::new(Arc::new(builder.finish().unwrap()))
}

fn call(hp: &Use, relation: &str, arguments: &[Argument]) -> Kind {
    hp.relation(relation).unwrap().call(&Arguments::positional(arguments)).unwrap()
}

fn ty(hp: &Use, name: &str) -> UniSet {
    call(hp, "Type", &[Argument::Text(name.into())]).into()
}

fn size(hp: &Use, size: u64) -> Kind {
    call(hp, "Size", &[Argument::Number(size)])
}

fn ids(set: &IdentitySet) -> Vec<u32> {
    set.nodes().iter().map(ObjectId::raw).collect()
}

fn names(set: &IdentitySet) -> Vec<String> {
    set.partition().rows(0).map(|row| row.name).collect()
}

#[test]
fn tables_name_everything() {
    let hp = heap();
    let all = hp.heap().or(&hp.heapu_set()).unwrap();
    let table = "\
Partition of a set of 10 objects. Total size = 980 bytes.
 Index  Count   %     Size   % Cumulative  % Kind (class / buffer of class)
     0      1  10      400  41       400  41 buffer of static TABLE
     1      2  20      300  31       700  71 buffer of app::Cache
     2      2  20       96  10       796  81 app::Cache
     3      1  10       64   7       860  88 module
     4      1  10       48   5       908  93 app::Base
     5      1  10       32   3       940  96 frame
     6      1  10       24   2       964  98 <block from app.rs:7>
     7      1  10       16   2       980 100 <untyped 16>";
    assert_eq!(all.to_string(), table);
    let list = "\
Set of 10 <mixed> objects. Total size = 980 bytes.
 Index     Size   %   Cumulative  %   Brief
     0      400  40.8       400  40.8 buffer of static TABLE: app
     1      200  20.4       600  61.2 buffer of app::Cache: 0x1100
     2      100  10.2       700  71.4 buffer of app::Cache: 0x1000
     3       64   6.5       764  78.0 module: app
     4       48   4.9       812  82.9 app::Base: 0x1600
     5       48   4.9       860  87.8 app::Cache: 0x1000
     6       48   4.9       908  92.7 app::Cache: 0x1100
     7       32   3.3       940  95.9 frame: <main at 0x800>
     8       24   2.4       964  98.4 <block from app.rs:7>: 0x1700
     9       16   1.6       980 100.0 <untyped 16>: 0x1800";
    assert_eq!(all.byid().to_string(), list);
    let buffers = "\
Set of 2 <buffer of app::Cache> objects. Total size = 300 bytes.
 Index     Size   %   Cumulative  %   Owner Address
     0      200  66.7       200  66.7 0x1100
     1      100  33.3       300 100.0 0x1000";
    assert_eq!(all.part(1).unwrap().byid().to_string(), buffers);
    assert_eq!(all.part(1).unwrap().brief(), "<2 buffer of app::Cache: 0x1000, 0x1100>");
}

#[test]
fn roots_are_referrers() {
    let hp = heap();
    let second = hp.iso_at(0, &[0x1100]).unwrap();
    assert_eq!(names(&second.byrcs()), ["<root: global>"]);
    assert_eq!(names(&second.byvia()), ["'.i0_globals[\"second\"]'"]);
    let untyped = hp.iso_at(0, &[0x1610]).unwrap();
    assert_eq!(names(&untyped.byvia()), ["'+0x18&+4'"]);
    assert_eq!(names(&untyped.by("Evidence").unwrap()), ["interior"]);
}

#[test]
fn clodo_is_finer_than_type_only_where_it_is() {
    let hp = heap();
    let relation = |name: &str| hp.relation(name).unwrap();
    assert_eq!(relation("Type&Class"), relation("Class"));
    assert_eq!(relation("Type&Unity"), relation("Type"));
    assert!(relation("Type&Size").is_finer_or_equal(&relation("Size")).unwrap());
    // The two buffers of caches are of different types here.
    assert_ne!(relation("Type&Clodo"), relation("Clodo"));
    let mut builder = HeapBuilder::new(Vocabulary::python());
    builder.add_object(ObjectRecord::block(0x1000, 8));
    let plain = Use::new(Arc::new(builder.finish().unwrap()));
    assert_eq!(plain.relation("Type&Clodo").unwrap(), plain.relation("Clodo").unwrap());
}

#[test]
fn subtypes_lie_at_the_start() {
    let hp = heap();
    let UniSet::Kind(base) = ty(&hp, "app::Base") else { panic!("a type is a kind") };
    let at_most = base.alt("<=").unwrap();
    assert!(ty(&hp, "app::Cache").is_subset(&at_most).unwrap());
    assert_eq!(at_most.brief(), "<subtype of app::Base>");
    assert_eq!(base.alt("<").unwrap().brief(), "<strict subtype of app::Base>");
    assert_eq!(base.alt("=").unwrap_err(), UseError::BadComparison { symbol: "=".into() });
    assert!(matches!(call(&hp, "Module", &[]).alt("<"), Err(UseError::NoAlternative { .. })));
    let alternative = size(&hp, 48).alt("<=").unwrap();
    let UniSet::Kind(alternative) = alternative else { panic!("an alternative is a kind") };
    assert!(matches!(alternative.alt("<"), Err(UseError::NoAlternative { .. })));
}

#[test]
fn formulas_print_as_heapy_prints_them() {
    let hp = heap();
    let (cache, base) = (ty(&hp, "app::Cache"), ty(&hp, "app::Base"));
    let small = UniSet::from(size(&hp, 48));
    assert_eq!(cache.and(&small).unwrap().repr(), "(hp.Size(48) & hp.Type('app::Cache'))");
    assert_eq!(cache.and(&small).unwrap().brief(), "(<size = 48> & app::Cache))");
    assert_eq!(cache.or(&base).unwrap().invert().brief(), "(~app::Cache & ~app::Base))");
    assert_eq!(cache.or(&base).unwrap().brief(), "(app::Base | app::Cache)");
    assert_eq!(cache.invert().brief(), "~app::Cache");
    assert_eq!(cache.invert().invert().repr(), "hp.Type('app::Cache')");
    assert_eq!(call(&hp, "Clodo", &[Argument::Text("buffer of app::Cache".into())]).brief(), "buffer of app::Cache");
    assert_eq!(cache.dictof().brief(), "buffer of app::Cache");
    assert_eq!((!&cache.dictof()).brief(), "~(buffer of app::Cache)");
    assert_eq!(cache.dictof().repr(), "hp.Type('app::Cache').dictof");
    assert_eq!(cache.and(&base).unwrap().repr(), "hp.Nothing");
    assert_eq!(UniSet::from(hp.nothing()).invert().brief(), "~<Nothing>");
    let sokind = hp.relation("Clodo").unwrap().sokind(&Arguments::positional([Argument::Set(cache.clone())])).unwrap();
    assert_eq!(sokind.refdby().brief(), "<referred by: app::Cache>");
    assert_eq!(hp.sonokind().refdby().brief(), "<referred by: <Nothing>>");
    assert_eq!(hp.relation("Type&Size").unwrap().repr(), "(hp.Type & hp.Size)");
    assert_eq!(hp.relation("Rcs").unwrap(), hp.relation("Clodo").unwrap().refdby());
    assert_eq!(call(&hp, "Prod", &[Argument::Text("app".into())]).brief(), "[<= app]");
    assert_eq!(call(&hp, "Prod", &[]).brief(), "unknown");
    assert_eq!(call(&hp, "Via", &[]).brief(), "<via >");
}

#[test]
fn everything_and_nothing_are_simplified() {
    let hp = heap();
    let (anything, cache) = (UniSet::from(hp.anything()), ty(&hp, "app::Cache"));
    assert_eq!(anything.sub(&cache).unwrap().repr(), "~hp.Type('app::Cache')");
    assert_eq!(anything.invert().repr(), "hp.Nothing");
    assert_eq!(anything.and(&cache).unwrap().repr(), "hp.Type('app::Cache')");
    assert_eq!(anything.or(&cache).unwrap().repr(), "hp.Anything");
    let all_but_nothing = UniSet::from(hp.nothing()).invert();
    assert!(all_but_nothing.equals(&anything).unwrap());
    assert!(!UniSet::from(hp.nothing()).as_bool());
    assert!(cache.as_bool());
}

#[test]
fn the_union_of_a_set_and_a_kind_keeps_what_the_kind_lacks() {
    let hp = heap();
    let cache = ty(&hp, "app::Cache");
    let mixed = UniSet::from(hp.iso_at(0, &[0x1000, 0x1600]).unwrap());
    let union = mixed.or(&cache).unwrap();
    assert_eq!(union.brief(), "(<1 app::Base: 0x1600> | app::Cache)");
    assert_eq!(union.select().iter().map(ObjectId::raw).collect::<Vec<_>>(), [2, 3, 7]);
    let inside = UniSet::from(hp.iso_at(0, &[0x1000]).unwrap());
    assert_eq!(inside.or(&cache).unwrap().repr(), "hp.Type('app::Cache')");
    let others = (&cache - &inside).unwrap().invert().select();
    assert_eq!(others.iter().map(ObjectId::raw).collect::<Vec<_>>(), [0, 1, 2, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn single_objects_can_be_looked_at() {
    let hp = heap();
    let first = hp.iso_at(0, &[0x1000]).unwrap();
    let view = first.theone().unwrap();
    assert_eq!((view.address, view.size, view.class.as_str()), (0x1000, 48, "app::Cache"));
    assert_eq!(view.fields[0].relation, ".items");
    assert_eq!(first.prod().unwrap().unwrap().to_string(), "Traceback (most recent call first):\n  make (app.rs:7)");
    assert!(matches!(hp.heap().theone(), Err(UseError::NotSingleton { .. })));
    assert_eq!(ids(&hp.heap().maprox().field("items")), [4, 5]);
    assert_eq!(ids(&hp.heap().maprox().relation(".f_locals['cache']").unwrap()), [2]);
    assert!(hp.heap().maprox().relation("items").is_err());
    assert_eq!(hp.iso_at(0, &[0x9999]).unwrap_err(), UseError::NoObject { instance: 0, address: 0x9999 });
}

#[test]
fn wrong_arguments_are_named() {
    let hp = heap();
    let relation = |name: &str| hp.relation(name).unwrap();
    let text = |text: &str| Arguments::positional([Argument::Text(text.into())]);
    for (name, arguments) in [
        ("Type", text("no such type")),
        ("Size", text("48")),
        ("Size", Arguments::default()),
        ("Id", text("x")),
        ("Module", text("no such module")),
        ("Clodo", Arguments::default()),
        ("Rcs", Arguments::positional([Argument::Set(size(&hp, 48).into())])),
        ("Via", Arguments::positional([Argument::Number(1)])),
        ("Prod", Arguments::positional([Argument::None])),
    ] {
        let error = relation(name).call(&arguments).unwrap_err();
        assert!(matches!(error, UseError::Argument { .. }), "{name}: {error}");
    }
    assert!(matches!(relation("Via").call(&text("x")), Err(UseError::BadRelation { .. })));
    assert!(hp.relation("type").unwrap_err().to_string().contains("'type'"));
    assert!(matches!(hp.heap().part(99), Err(UseError::PartitionIndex { index: 99, .. })));
    assert_eq!(hp.heap().slice(None, None, Some(0)).unwrap_err(), UseError::Step { step: 0 });
    let other = heap();
    assert!(matches!(ty(&hp, "[u8]").is_subset(&ty(&other, "[u8]")), Err(UseError::DifferentHeaps { .. })));
    assert!(matches!(hp.heap().by_relation(&other.relation("Type").unwrap()), Err(UseError::DifferentHeaps { .. })));
    assert!(matches!(hp.monitor(), Err(UseError::NotInThisBuild { .. })));
}

#[test]
fn pages_follow_one_another() {
    let hp = heap();
    let all = hp.heap().byid();
    assert_eq!(all.more().to_string(), "");
    assert_eq!(all.all().more().to_string(), "");
    assert_eq!(all.more().prev().unwrap().to_string(), all.to_string());
    assert_eq!(all.all().to_string(), all.to_string());
    assert_eq!(hp.nothing().more().to_string(), "");
}

#[test]
fn the_empty_set_has_no_referrers_and_no_difference() {
    let hp = heap();
    assert_eq!(hp.nothing().row_count(), 0);
    assert!(hp.nothing().rp().pages().to_string().starts_with("Reference Pattern by "));
    assert!(hp.heap().bytype().diff(&hp.nothing()).is_ok());
    assert_eq!(hp.nothing().by("Type").unwrap().to_string(), "<Nothing>");
}

#[test]
fn identity_is_a_relation_too() {
    let hp = heap();
    let first = Argument::Number(0x1000);
    assert_eq!(call(&hp, "Id", std::slice::from_ref(&first)).brief(), "<id 0x1000>");
    assert_eq!(call(&hp, "Id", std::slice::from_ref(&first)).repr(), "hp.Id(0x1000)");
    assert_eq!(ids(&call(&hp, "Idset", &[first]).select()), [2]);
    let product = hp.iso_at(0, &[0x1000]).unwrap().by("Id&Size").unwrap();
    assert_eq!(product.partition().kind_header(), "Object Identity & Individual Size");
    assert_eq!(names(&product), ["<id 0x1000> & 48"]);
}
