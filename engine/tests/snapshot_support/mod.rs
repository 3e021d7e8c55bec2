//! Heaps for the tests of the snapshot file, and what it means that two are the same.

use heapy_engine::{
    ContextId, ContextTotals, EdgeEvidence, EdgeRecord, Facts, Family, Field, Frame, Heap, HeapBuilder, HeldValue,
    Link, ObjectKey, ObjectRecord, Relation, RootPlace, RootRecord, Seen, Shape, TypeEvidence, TypeId, TypeRecord,
    Vocabulary,
};
use proptest::prelude::*;

fn texts() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]{0,3}", Just("größe <T, 漢>".to_owned()), Just("a\nb\0".to_owned())]
}

fn relations() -> impl Strategy<Value = Relation> {
    prop_oneof![
        Just(Relation::Unknown),
        Just(Relation::Identity),
        texts().prop_map(Relation::Field),
        any::<u64>().prop_map(Relation::Index),
        texts().prop_map(Relation::Key),
        texts().prop_map(Relation::Literal),
        (any::<u64>(), texts()).prop_map(|(index, rest)| Relation::Element { index, rest }),
        any::<u64>().prop_map(Relation::KeyAt),
        texts().prop_map(Relation::Internal),
        texts().prop_map(Relation::Local),
        texts().prop_map(Relation::Captured),
        any::<u64>().prop_map(Relation::ValueStack),
        any::<u64>().prop_map(Relation::Member),
        (0u64..1 << 20, 0u64..1 << 20).prop_map(|(offset, into)| Relation::Offset { offset, into }),
    ]
}

fn places() -> impl Strategy<Value = RootPlace> {
    (0u32..9, 0u32..3, 0u32..3, texts()).prop_map(|(which, instance, thread, name)| match which {
        0 => RootPlace::Module { instance, name },
        1 => RootPlace::Frame { instance, thread, frame: 7 },
        2 => RootPlace::Global { instance, name },
        3 => RootPlace::Table { instance, table: thread, element: 1 << 33 },
        4 => RootPlace::Stack { instance, thread, offset: 16 },
        5 => RootPlace::NativeStack { instance, thread, slot: 3 },
        6 => RootPlace::ThreadLocal { instance, thread, name },
        7 => RootPlace::Host { instance, name },
        _ => RootPlace::Given(name),
    })
}

fn shapes() -> impl Strategy<Value = Shape> {
    let ty = (0u32..4).prop_map(TypeId::new);
    let field = (texts(), 0u64..64, 0u64..16, prop::option::of(ty.clone()))
        .prop_map(|(name, offset, size, ty)| Field { name, offset, size, ty });
    prop_oneof![
        Just(Shape::Opaque),
        Just(Shape::Pointer),
        Just(Shape::Scalar),
        prop::collection::vec(field, 0..4).prop_map(|mut fields| {
            fields.sort_by_key(|field| field.offset);
            Shape::Struct(fields)
        }),
        (ty, 1u64..64).prop_map(|(element, stride)| Shape::Array { element, stride }),
    ]
}

fn types() -> impl Strategy<Value = Vec<TypeRecord>> {
    let record = (texts(), prop::option::of(texts()), any::<u32>(), shapes(), any::<bool>()).prop_map(
        |(name, unit, size, shape, storage)| TypeRecord { name, unit, size: u64::from(size), shape, storage },
    );
    prop::collection::vec(record, 4)
}

fn frames() -> impl Strategy<Value = Vec<Frame>> {
    let frame = (texts(), prop::option::of(texts()), prop::option::of(0u32..99), any::<[bool; 3]>()).prop_map(
        |(function, file, line, [inlined, library, reallocates])| Frame {
            function,
            unit: file.clone(),
            file,
            line,
            column: line,
            offset: line.map(u64::from),
            inlined,
            library,
            reallocates,
        },
    );
    prop::collection::vec(frame, 1..4)
}

type Drawn = (u8, u8, u32, u32, Option<u8>, Option<u8>, Option<u8>, bool, Option<u32>, Option<String>);

fn objects() -> impl Strategy<Value = Vec<Drawn>> {
    let id = || prop::option::of(0u8..4);
    let object = (
        0u8..8,
        0u8..2,
        0u32..15,
        any::<u32>(),
        id(),
        id(),
        id(),
        any::<bool>(),
        prop::option::of(any::<u32>()),
        prop::option::of(texts()),
    );
    prop::collection::vec(object, 0..40)
}

/// Heaps with a bit of everything that the format holds.
pub(crate) fn heaps() -> impl Strategy<Value = Heap> {
    let edges = prop::collection::vec((any::<u16>(), any::<u16>(), prop::option::of(relations()), 0u64..9), 0..60);
    let roots = prop::collection::vec((places(), any::<u16>(), any::<bool>()), 0..6);
    (types(), frames(), objects(), edges, roots, any::<bool>()).prop_map(
        |(types, frames, objects, edges, roots, python)| {
            let mut builder = HeapBuilder::new(if python { Vocabulary::python() } else { Vocabulary::wasm() });
            builder.set_facts(facts());
            for record in types {
                builder.add_type(record);
            }
            let mut contexts: Vec<ContextId> = Vec::new();
            for (index, frame) in frames.into_iter().enumerate() {
                let frame = builder.add_frame(frame);
                let caller = contexts.get(index / 2).copied();
                contexts.push(builder.add_context(caller, frame));
            }
            for (at, context) in contexts.iter().copied().map(Some).chain([None]).enumerate().skip(usize::from(python))
            {
                let (many, at) = (u64::MAX >> at, at as u64);
                let peak_bytes = Some(at).filter(|at| at % 2 == 0);
                let (bytes, frees, temporary) = (many / 2, at + 1, at);
                builder.add_totals(ContextTotals { context, allocations: many, bytes, frees, temporary, peak_bytes });
            }
            let mut keys = Vec::new();
            for (at, object) in objects.into_iter().enumerate() {
                let record = record(at as u64, object, &contexts);
                let size = record.size;
                keys.push(builder.add_object(record));
                add_contents(&mut builder, keys[at], at, size);
            }
            if !keys.is_empty() {
                let key = |index: u16| keys[index as usize % keys.len()];
                for (from, to, relation, into) in edges {
                    let link = relation.map_or(Link::Offset(u64::from(from) * 4), Link::Given);
                    let evidence = if into > 4 { EdgeEvidence::Typed } else { EdgeEvidence::Conservative };
                    builder.add_edge(EdgeRecord { from: key(from), to: key(to), link, into, evidence });
                }
                for (place, to, conservative) in roots {
                    builder.add_root_record(RootRecord { place, to: key(to), conservative, into: 4 });
                }
                if python {
                    builder.set_root_object(keys[0]);
                }
            }
            builder.finish().unwrap()
        },
    )
}

/// Contents of two objects of three: those of one size have equal bytes, of which all but the first are held.
fn add_contents(builder: &mut HeapBuilder, object: ObjectKey, at: usize, size: u64) {
    if at.is_multiple_of(3) {
        return;
    }
    builder.add_content(object, size as u32);
    builder.add_bytes(size as u32, &vec![size as u8; size.saturating_sub(1) as usize]);
    builder.add_unused(object, size / 2);
    let (name, type_name) = (format!("[{at}]"), "u32".to_owned());
    builder.add_value(object, HeldValue { name, offset: size, type_name, value: at.to_string() });
}

fn record(at: u64, object: Drawn, contexts: &[ContextId]) -> ObjectRecord {
    let (family, instance, size, serial, ty, class, context, aged, length, name) = object;
    let family = match family {
        0 => Family::Module,
        1 => Family::Frame,
        _ => Family::Block,
    };
    ObjectRecord {
        family,
        instance: u32::from(instance),
        address: 0x1000 + at * 16,
        size: u64::from(size),
        usable: u64::from(size) + 8,
        ty: ty.map(|ty| TypeId::new(u32::from(ty))),
        evidence: if ty.is_some() { TypeEvidence::DebugInfo } else { TypeEvidence::None },
        class: class.filter(|_| ty.is_some()).map(|ty| TypeId::new(u32::from(ty))),
        context: context.map(|context| contexts[context as usize % contexts.len()]),
        serial: u64::from(serial) << 20,
        age: u32::from(aged),
        length: length.map(u64::from),
        name: name.filter(|_| family != Family::Block),
    }
}

fn facts() -> Facts {
    Facts {
        guest: "app".into(),
        reason: "call:sched_yield".into(),
        at_nanos: 5,
        allocations: 9,
        serials: true,
        locals: Seen::Yes,
        contents: false,
        notes: vec!["one".into()],
        ..Facts::default()
    }
}

/// A fixed heap in which each table has rows.
pub(crate) fn small_heap() -> Heap {
    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    builder.set_facts(facts());
    let field = Field { name: "next".into(), offset: 8, size: 4, ty: Some(TypeId::new(0)) };
    let ty = builder.add_type(TypeRecord {
        name: "app::Node".into(),
        unit: Some("app".into()),
        size: 16,
        shape: Shape::Struct(vec![field]),
        storage: false,
    });
    let main = builder.add_frame(Frame { function: "main".into(), line: Some(3), ..Frame::default() });
    let outer = builder.add_context(None, main);
    let push = builder.add_frame(Frame { function: "push".into(), file: Some("a.rs".into()), ..Frame::default() });
    let context = builder.add_context(Some(outer), push);
    let mut module = ObjectRecord::block(0x400, 64);
    module.family = Family::Module;
    module.name = Some("app".into());
    let module = builder.add_object(module);
    builder.add_totals(ContextTotals { context: Some(context), allocations: 22, frees: 2, ..ContextTotals::default() });
    let mut last = module;
    for index in 0..20 {
        let mut block = ObjectRecord::block(0x1000 + index * 16, 16);
        block.ty = Some(ty);
        block.context = Some(context);
        block.serial = index;
        let block = builder.add_object(block);
        builder.add_content(block, index as u32 / 2);
        builder.add_bytes(index as u32 / 2, &[index as u8; 16]);
        builder.add_edge(EdgeRecord::at_offset(last, block, 8));
        builder.add_edge(EdgeRecord::given(block, module, Relation::Field("owner".into())));
        last = block;
    }
    builder.add_root(RootPlace::Module { instance: 0, name: "app".into() }, module);
    builder.add_root(RootPlace::Global { instance: 0, name: "last".into() }, last);
    builder.finish().unwrap()
}

/// Both heaps answer alike, whatever ids their shared tables have.
pub(crate) fn assert_same(expected: &Heap, found: &Heap, number: u32) {
    assert_eq!(expected.object_count(), found.object_count());
    assert_eq!(expected.edge_count(), found.edge_count());
    assert_eq!(expected.roots(), found.roots());
    assert_eq!(expected.root_object(), found.root_object());
    assert_eq!(expected.vocabulary(), found.vocabulary());
    assert_eq!(Facts { snapshot: number, ..expected.facts().clone() }, *found.facts());
    assert_eq!(expected.type_count(), found.type_count());
    for index in 0..expected.type_count() {
        let ty = TypeId::new(index as u32);
        assert_eq!(expected.type_record(ty), found.type_record(ty));
    }
    let totals = |heap: &Heap| -> Vec<(Option<Vec<Frame>>, ContextTotals)> {
        let frames = |context| heap.frames_of(context).cloned().collect();
        let row = |row: &ContextTotals| (row.context.map(frames), ContextTotals { context: None, ..*row });
        heap.totals().iter().map(row).collect()
    };
    assert_eq!(totals(expected), totals(found));
    for object in expected.objects() {
        let row = |heap: &Heap| {
            let numbers = (heap.address(object), heap.size(object), heap.usable(object), heap.serial(object));
            let own = (heap.family(object), heap.instance(object), heap.age(object), heap.length(object));
            (
                numbers,
                own,
                heap.type_of(object),
                heap.class_of(object),
                heap.type_evidence(object),
                heap.name(object).map(str::to_owned),
            )
        };
        assert_eq!(row(expected), row(found));
        let frames = |heap: &Heap| -> Option<Vec<Frame>> {
            heap.context(object).map(|context| heap.frames_of(context).cloned().collect())
        };
        assert_eq!(frames(expected), frames(found));
        let contents = |heap: &Heap| {
            let bytes = heap.bytes(object).map(<[u8]>::to_vec);
            (heap.content(object), bytes, heap.unused(object), heap.values(object).to_vec())
        };
        assert_eq!(contents(expected), contents(found));
        let edges = |heap: &Heap| -> Vec<String> { heap.referents(object).map(|edge| format!("{edge:?}")).collect() };
        assert_eq!(edges(expected), edges(found));
    }
}
