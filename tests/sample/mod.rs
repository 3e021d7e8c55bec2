//! A recording of two snapshots that tests of commands and the guide's examples ask.
//!
//! A cache holds entries with texts; two more entries, two forgotten sessions and a buffer that only a word looking like
//! an address holds come with the second snapshot.
#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "fixtures of tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use heapy_engine::snapshot::{Writer, pack};
use heapy_engine::{
    ContextId, ContextTotals, EdgeEvidence, EdgeRecord, Facts, Field, Frame, Heap, HeapBuilder, HeldValue, Link,
    ObjectKey, ObjectRecord, RootPlace, Seen, Shape, TypeEvidence, TypeId, TypeRecord, Vocabulary,
};

/// The folder below which a package of npm is installed; kept between runs. None where it cannot be had.
pub(crate) fn npm(package: &str) -> Option<PathBuf> {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm-clients");
    let kept = all.join(package.replace(['/', '@'], "-"));
    if kept.exists() {
        return Some(kept);
    }
    std::fs::create_dir_all(&all).ok()?;
    // Renamed when it is whole, so that tests which run side by side see all of it or nothing.
    let folder = tempfile::tempdir_in(&all).ok()?;
    let install = ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", ".", package];
    let output = Command::new("npm").current_dir(folder.path()).args(install).output().ok()?;
    if !output.status.success() {
        return None;
    }
    if std::fs::rename(folder.path(), &kept).is_ok() {
        // The folder is no longer where it would be removed.
        let _ = folder.keep();
    }
    kept.exists().then_some(kept)
}

/// The entries' texts: two of them are the same.
const TEXTS: [&str; 5] = [
    "session of a customer",
    "session of a customer",
    "invoice of a customer",
    "session of an operator!",
    "the text of a long entry",
];

/// Writes the recording into a folder.
pub(crate) fn recording(folder: &Path) -> PathBuf {
    let mut writer = Writer::new();
    let mut entries = Vec::new();
    for number in [1, 2] {
        entries.extend(writer.add(&heap(number)).unwrap());
    }
    let packed = pack(entries, std::io::Cursor::new(Vec::new())).unwrap();
    let path = folder.join("sample.heapy");
    std::fs::write(&path, packed.into_inner()).unwrap();
    path
}

struct Sample {
    builder: HeapBuilder,
    entry: TypeId,
    text: TypeId,
    insert: ContextId,
}

impl Sample {
    fn block(&mut self, address: u64, size: u64, usable: u64, ty: TypeId, context: ContextId, age: u32) -> ObjectKey {
        self.builder.add_object(ObjectRecord {
            usable,
            ty: Some(ty),
            evidence: TypeEvidence::DebugInfo,
            context: Some(context),
            // Nothing moves in this run, so that the address tells objects apart.
            serial: address,
            age,
            ..ObjectRecord::block(address, size)
        })
    }

    fn edge(&mut self, from: ObjectKey, to: ObjectKey, offset: u64, evidence: EdgeEvidence) {
        self.builder.add_edge(EdgeRecord { from, to, link: Link::Offset(offset), into: 0, evidence });
    }

    /// The text of an entry; its content has the number of the first entry whose text is equal.
    fn text(&mut self, index: u64, age: u32) -> ObjectKey {
        let (written, ty, context) = (TEXTS[index as usize], self.text, self.insert);
        let text = self.block(0x3000 + 0x40 * index, written.len() as u64, 32, ty, context, age);
        let class = TEXTS.iter().position(|other| *other == written).unwrap();
        self.builder.add_content(text, class as u32);
        let value = format!("{written:?}");
        self.builder.add_value(text, HeldValue { name: String::new(), offset: 0, type_name: "str".into(), value });
        text
    }

    /// An entry with its text, held by the table's element.
    fn entry(&mut self, table: ObjectKey, index: u64, age: u32) {
        let (entry, insert) = (self.entry, self.insert);
        let holder = self.block(0x2000 + 0x40 * index, 48, 48, entry, insert, age);
        let held = self.text(index, age);
        self.edge(table, holder, 8 * index, EdgeEvidence::Typed);
        self.edge(holder, held, 8, EdgeEvidence::Typed);
    }
}

/// The heap of snapshot 1 or 2.
pub(crate) fn heap(number: u32) -> Heap {
    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    let ty = |builder: &mut HeapBuilder, name: &str, size: u64, shape: Shape| {
        builder.add_type(TypeRecord { name: name.into(), unit: Some("app".into()), size, shape, storage: false })
    };
    let pointer = ty(&mut builder, "*app::Entry", 8, Shape::Pointer);
    let field = |name: &str, offset| Field { name: name.into(), offset, size: 8, ty: None };
    let cache_type = ty(&mut builder, "app::Cache", 16, Shape::Struct(vec![field("table", 0), field("spare", 8)]));
    let table_type = ty(&mut builder, "[*app::Entry]", 8, Shape::Array { element: pointer, stride: 8 });
    let entry = ty(&mut builder, "app::Entry", 48, Shape::Struct(vec![field("key", 8)]));
    let text = ty(&mut builder, "alloc::string::String", 24, Shape::Opaque);
    let session = ty(&mut builder, "app::Session", 72, Shape::Struct(vec![field("peer", 16)]));
    let bytes = ty(&mut builder, "[u8]", 1, Shape::Scalar);
    let mut context = |function: &str, file: &str, line: u32| {
        let main =
            Frame { function: "app::main".into(), file: Some("src/main.rs".into()), line: Some(9), ..Frame::default() };
        let main = builder.add_frame(main);
        let main = builder.add_context(None, main);
        let frame = Frame { function: function.into(), file: Some(file.into()), line: Some(line), ..Frame::default() };
        let frame = builder.add_frame(frame);
        builder.add_context(Some(main), frame)
    };
    let new = context("app::Cache::new", "src/cache.rs", 12);
    let insert = context("app::Cache::insert", "src/cache.rs", 31);
    let accept = context("app::net::accept", "src/net.rs", 40);
    let read = context("app::net::read", "src/net.rs", 77);
    let mut sample = Sample { builder, entry, text, insert };
    let cache = sample.block(0x1000, 16, 16, cache_type, new, 0);
    let table = sample.block(0x1100, 64, 128, table_type, new, 0);
    sample.edge(cache, table, 0, EdgeEvidence::Typed);
    let module = sample.builder.add_object(ObjectRecord {
        family: heapy_engine::Family::Module,
        name: Some("app".into()),
        size: 256,
        usable: 256,
        ..ObjectRecord::block(0x400, 256)
    });
    sample.builder.add_root(RootPlace::Module { instance: 0, name: "app".into() }, module);
    sample.builder.add_edge(EdgeRecord {
        from: module,
        to: cache,
        link: Link::Given(heapy_engine::Relation::Field("CACHE".into())),
        into: 0,
        evidence: EdgeEvidence::Typed,
    });
    (0..3).for_each(|index| sample.entry(table, index, 0));
    if number == 2 {
        (3..5).for_each(|index| sample.entry(table, index, 1));
        let first = sample.block(0x5000, 72, 80, session, accept, 1);
        let second = sample.block(0x5100, 72, 80, session, accept, 1);
        sample.edge(first, second, 16, EdgeEvidence::Typed);
        sample.edge(second, first, 16, EdgeEvidence::Typed);
        let buffer = sample.block(0x6000, 512, 512, bytes, read, 1);
        sample.edge(cache, buffer, 8, EdgeEvidence::Conservative);
    }
    for (context, allocations, bytes) in [(Some(read), 20, 9000), (Some(insert), 10, 480), (None, 1, 16)] {
        let (frees, temporary, peak_bytes) = (allocations / 2, allocations / 5, context.map(|_| bytes / 3));
        sample.builder.add_totals(ContextTotals { context, allocations, bytes, frees, temporary, peak_bytes });
    }
    sample.builder.set_facts(Facts {
        guest: "app".into(),
        snapshot: number,
        reason: if number == 1 { "call:mark".into() } else { "exit".into() },
        at_nanos: 1_000_000 * u64::from(number),
        allocations: 20,
        memory_bytes: 1 << 17,
        peak_bytes: 4096,
        serials: true,
        globals: Seen::Yes,
        statics: Seen::Yes,
        shadow_stack: Seen::None,
        locals: Seen::None,
        contents: true,
        notes: Vec::new(),
    });
    sample.builder.finish().unwrap()
}
