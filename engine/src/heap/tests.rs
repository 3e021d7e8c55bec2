//! What is put into a builder comes out of its heap.

use proptest::prelude::*;

use super::*;

/// One edge by the positions of its ends, and everything that is told of it.
type EdgeFacts = (u32, u32, Link, u64, EdgeEvidence);

fn links() -> impl Strategy<Value = Link> {
    prop_oneof![
        4 => (0u64..80).prop_map(|word| Link::Offset(word * 4)),
        2 => any::<u16>().prop_map(|offset| Link::Offset(offset.into())),
        1 => any::<u64>().prop_map(Link::Offset),
        1 => (0u64..3).prop_map(|index| Link::Given(Relation::Index(index))),
    ]
}

fn edges(objects: u32) -> impl Strategy<Value = Vec<EdgeFacts>> {
    let into = prop_oneof![3 => Just(0u64), 1 => 1u64..64, 1 => any::<u64>()];
    let evidence = prop_oneof![Just(EdgeEvidence::Typed), Just(EdgeEvidence::Conservative)];
    // A few objects have most of the edges, so that rows are longer than a sample.
    let from = prop_oneof![0..objects, 0..3u32.min(objects)];
    prop::collection::vec((from, 0..objects, links(), into, evidence), 0..400)
}

fn objects() -> impl Strategy<Value = Vec<(u32, u64, u64, u64, Option<u64>)>> {
    let size = prop_oneof![4 => 0u64..200, 1 => any::<u32>().prop_map(u64::from)];
    let object = (0u32..2, size.clone(), size, any::<u32>().prop_map(u64::from), prop::option::of(0u64..9));
    prop::collection::vec(object, 1..60)
}

proptest! {
    #[test]
    fn what_is_put_in_comes_out(
        (objects, edges) in objects().prop_flat_map(|objects| {
            let count = objects.len() as u32;
            (Just(objects), edges(count))
        }),
        reversed in any::<bool>(),
    ) {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        let mut records: Vec<ObjectRecord> = Vec::new();
        let mut next = 0x1000;
        for (instance, size, usable, serial, length) in objects {
            records.push(ObjectRecord { instance, usable, serial, length, ..ObjectRecord::block(next, size) });
            next += size + 16;
        }
        records.sort_by_key(|record| (record.instance, record.address));
        // The builder is told in any order; ids are those of the sorted records.
        let mut order: Vec<usize> = (0..records.len()).collect();
        if reversed {
            order.reverse();
        }
        let mut keys = vec![HeapBuilder::key(0); records.len()];
        for &index in &order {
            keys[index] = builder.add_object(records[index].clone());
        }
        for (from, to, link, into, evidence) in &edges {
            let (from, to) = (keys[*from as usize], keys[*to as usize]);
            builder.add_edge(EdgeRecord { from, to, link: link.clone(), into: *into, evidence: *evidence });
        }
        let heap = builder.finish().unwrap();
        for (object, record) in heap.objects().zip(&records) {
            prop_assert_eq!(heap.address(object), record.address);
            prop_assert_eq!(heap.instance(object), record.instance);
            prop_assert_eq!(heap.size(object), record.size);
            prop_assert_eq!(heap.usable(object), record.usable);
            prop_assert_eq!(heap.serial(object), record.serial);
            prop_assert_eq!(heap.length(object), record.length);
            prop_assert_eq!(heap.find(record.instance, record.address), Some(object));
        }
        check_edges(&heap, edges)?;
    }
}

fn check_edges(heap: &Heap, mut edges: Vec<EdgeFacts>) -> Result<(), TestCaseError> {
    let offset = |link: &Link| if let Link::Offset(offset) = link { *offset } else { 0 };
    edges.sort_by_key(|(from, _, link, ..)| (*from, offset(link)));
    let facts = |from: ObjectId, to: ObjectId, edge: Edge<'_>| -> EdgeFacts {
        let link = match edge.link {
            EdgeLink::Offset(offset) => Link::Offset(offset),
            EdgeLink::Given(relation) => Link::Given(relation.clone()),
        };
        (from.raw(), to.raw(), link, edge.into, edge.evidence)
    };
    let forwards: Vec<_> =
        heap.objects().flat_map(|from| heap.referents(from).map(move |edge| facts(from, edge.other, edge))).collect();
    prop_assert_eq!(&forwards, &edges);
    let backwards: Vec<_> =
        heap.objects().flat_map(|to| heap.referrers(to).map(move |edge| facts(edge.other, to, edge))).collect();
    edges.sort_by_key(|(_, to, ..)| *to);
    prop_assert_eq!(&backwards, &edges);
    for object in heap.objects() {
        prop_assert!(heap.referents(object).map(|edge| edge.other).eq(heap.referent_ids(object)));
        prop_assert!(heap.referrers(object).map(|edge| edge.other).eq(heap.referrer_ids(object)));
        prop_assert_eq!(heap.referrers(object).count(), heap.referrer_count(object));
    }
    Ok(())
}

#[test]
fn a_large_heap_takes_at_most_24_bytes_an_object_and_8_an_edge() {
    const OBJECTS: u64 = 200_000;
    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    builder.reserve(OBJECTS as usize, OBJECTS as usize * 5 / 2);
    let ty = builder.add_type(TypeRecord {
        name: "app::Node".into(),
        unit: None,
        size: 0,
        shape: Shape::Opaque,
        storage: false,
    });
    let frame = builder.add_frame(Frame::default());
    let context = builder.add_context(None, frame);
    let mut state = 1u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    for index in 0..OBJECTS {
        let size = 16 + random() % 500;
        builder.add_object(ObjectRecord {
            usable: size.next_multiple_of(16) + 16,
            ty: (index % 3 > 0).then_some(ty),
            context: Some(context),
            // As after a long run: four bytes.
            serial: 3_000_000_000 + index,
            age: (random() % 4) as u32,
            ..ObjectRecord::block(0x8000_0000 + index * 640, size)
        });
    }
    for index in 0..OBJECTS * 5 / 2 {
        let from = HeapBuilder::key((index * 2 / 5) as u32);
        let to = HeapBuilder::key((random() % OBJECTS) as u32);
        builder.add_word(from, to, index % 3 * 8, 0, EdgeEvidence::Typed);
    }
    let heap = builder.finish().unwrap();
    let resident = heap.resident_size();
    assert!(resident.objects <= heap.object_count() * 24, "{resident:?}");
    assert!(resident.edges <= heap.edge_count() * 8, "{resident:?}");
}

#[test]
fn what_names_nothing_is_refused() {
    let finish = |fill: fn(&mut HeapBuilder)| {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        fill(&mut builder);
        builder.finish().unwrap_err().to_string()
    };
    fn record(shape: Shape) -> TypeRecord {
        TypeRecord { name: "T".into(), unit: None, size: 0, shape, storage: false }
    }
    let field = finish(|builder| {
        let field = Field { name: "a".into(), offset: 0, size: 4, ty: Some(TypeId::new(7)) };
        builder.add_type(record(Shape::Struct(vec![field])));
    });
    assert_eq!(field, "type 7 does not exist (1 given)");
    let element = finish(|builder| {
        builder.add_type(record(Shape::Array { element: TypeId::new(1), stride: 4 }));
    });
    assert_eq!(element, "type 1 does not exist (1 given)");
    // A caller that comes later would make a chain of callers without end.
    let caller = finish(|builder| {
        let frame = builder.add_frame(Frame::default());
        builder.add_context(Some(ContextId::new(0)), frame);
    });
    assert_eq!(caller, "calling context 0 does not exist (0 given)");
    let frame = finish(|builder| {
        builder.add_context(None, FrameId::new(3));
    });
    assert_eq!(frame, "frame 3 does not exist (0 given)");
    let sizes = finish(|builder| {
        for instance in 0..3 {
            builder.add_object(ObjectRecord { instance, ..ObjectRecord::block(0, 1 << 62) });
        }
    });
    assert_eq!(sizes, format!("the sizes of the objects add up to more than {} bytes", i64::MAX));
}
