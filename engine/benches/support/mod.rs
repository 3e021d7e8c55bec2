//! A heap of any size for the benches: structs, buffers and untyped blocks with 2.5 edges each.
#![allow(dead_code, clippy::unwrap_used, reason = "shared by benches that each use a part of it")]

use std::sync::Arc;

use heapy_engine::{
    EdgeEvidence, Field, Frame, Heap, HeapBuilder, ObjectRecord, RootPlace, Shape, TypeRecord, Vocabulary,
};

/// Types of structs; a tenth as many types of buffers come on top.
const STRUCTS: u32 = 200;
const CONTEXTS: u32 = 2_000;
/// One object in this many is held by a root.
const OBJECTS_FOR_EACH_ROOT: u32 = 100;

/// Numbers that look random and are the same on every run.
pub(crate) struct Random(u64);

impl Random {
    /// The next number below `limit`.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (((self.0 >> 32) * u64::from(limit)) >> 32) as u32
    }
}

/// The numbers of objects to measure.
pub(crate) const SIZES: [u32; 5] = [10_000, 100_000, 1_000_000, 4_000_000, 10_000_000];

/// A heap of `count` objects with 2.5 edges each, nine tenths of them near their referrer.
pub(crate) fn heap(count: u32) -> Arc<Heap> {
    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    builder.reserve(count as usize, count as usize * 5 / 2);
    let mut random = Random(1);
    let pointer = builder.add_type(record("*mut u8".into(), Shape::Pointer, false));
    for index in 0..STRUCTS {
        let fields = (0..8).map(|word| Field { name: format!("field{word}"), offset: word * 4, size: 4, ty: None });
        builder.add_type(record(
            format!("app::module{}::Type{index}", index % 10),
            Shape::Struct(fields.collect()),
            false,
        ));
    }
    for index in 0..STRUCTS / 10 {
        let shape = Shape::Array { element: pointer, stride: 4 };
        builder.add_type(record(format!("[app::Buffer{index}]"), shape, true));
    }
    for index in 0..CONTEXTS {
        let frame = builder.add_frame(Frame {
            function: format!("app::function{index}"),
            file: Some(format!("src/file{}.rs", index % 50)),
            line: Some(index),
            ..Frame::default()
        });
        builder.add_context(None, frame);
    }
    let mut address = 0x1_0000;
    for index in 0..count {
        let size = 16 + 8 * u64::from(random.below(64).min(random.below(64)));
        let ty = 1 + random.below(STRUCTS).min(random.below(STRUCTS));
        let ty = if random.below(10) == 0 { STRUCTS + random.below(STRUCTS / 10) } else { ty };
        builder.add_object(ObjectRecord {
            usable: size + 8,
            ty: (random.below(20) > 0).then_some(heapy_engine::TypeId::new(ty)),
            context: Some(heapy_engine::ContextId::new(random.below(CONTEXTS))),
            serial: u64::from(index),
            age: random.below(4),
            ..ObjectRecord::block(address, size)
        });
        address += (size + 8).next_multiple_of(16);
    }
    for index in 0..count {
        for word in 0..2 + index % 2 {
            let near = (index + random.below(2_000)).saturating_sub(1_000).min(count - 1);
            let to = if random.below(10) == 0 { random.below(count) } else { near };
            let (from, to) = (HeapBuilder::key(index), HeapBuilder::key(to));
            builder.add_word(from, to, u64::from(word * 8), 0, EdgeEvidence::Typed);
        }
    }
    for index in 0..count / OBJECTS_FOR_EACH_ROOT {
        let place = RootPlace::Global { instance: 0, name: format!("global{}", index % 100) };
        builder.add_root(place, HeapBuilder::key(random.below(count)));
    }
    let heap = builder.finish().unwrap();
    print_resident_size(&heap);
    Arc::new(heap)
}

#[allow(clippy::print_stderr, reason = "criterion measures time only; memory is told beside it")]
fn print_resident_size(heap: &Heap) {
    let size = heap.resident_size();
    let (objects, edges) = (heap.object_count(), heap.edge_count());
    let each = |bytes: usize, count: usize| bytes as f64 / count as f64;
    eprintln!(
        "{objects} objects of {:.1} bytes and {edges} edges of {:.1} bytes are resident",
        each(size.objects, objects),
        each(size.edges, edges)
    );
}

fn record(name: String, shape: Shape, storage: bool) -> TypeRecord {
    TypeRecord { name, unit: None, size: 32, shape, storage }
}
