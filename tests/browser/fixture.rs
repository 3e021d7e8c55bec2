//! Recordings to look at: an application of a made-up kind, and one whose names attack the page.

use std::sync::Arc;

use heapy_engine::snapshot::{Entry, Writer, pack, timeline_entry};
use heapy_engine::{
    ContextId, ContextTotals, EdgeEvidence, EdgeRecord, Extents, Facts, Field, Frame, Grow, Heap, HeapBuilder,
    HeldValue, ObjectKey, ObjectRecord, RootPlace, Sample, Seen, Shape, Timeline, TypeEvidence, TypeId, TypeRecord,
    Vocabulary,
};
use heapy_host::server::{Bytes, Phase, RecordingState, RunState, Source, SourceError};
use tokio::sync::watch;

/// Names that a page must show and never obey.
pub(crate) const HOSTILE: [&str; 4] = [
    "<img src=x onerror=\"window.attacked=1\">",
    "</script><script>window.attacked=1</script>",
    "a\u{0}b\u{1b}[31m\u{202e}gnp.exe\n<b>bold</b>",
    "javascript:window.attacked=1",
];

/// A recording of two snapshots of an application with sessions, a cache and a leak.
pub(crate) fn application() -> Vec<u8> {
    recording(&[(40, 3), (100, 7)])
}

/// A recording of three snapshots of it, with the course of the run.
pub(crate) fn growing() -> Vec<u8> {
    let mut entries = entries(&[(40, 3), (70, 5), (100, 7)]);
    entries.push(timeline_entry(&course()).expect("the course is written"));
    pack(entries, std::io::Cursor::new(Vec::new())).expect("the recording is packed").into_inner()
}

/// A run of two growths, the second for want of a large extent.
fn course() -> Timeline {
    const SECOND: u64 = 1_000_000_000;
    let sample = |at: u64| Sample {
        at_nanos: at * SECOND,
        live_bytes: 1000 * at,
        peak_bytes: 1000 * at,
        allocations: 10 * at,
        memory_bytes: if at < 9 { 65_536 } else { 131_072 },
        extents: None,
    };
    let extents = Extents { blocks: 90, end: 65_536, free_bytes: 70_000, largest_free: 512 };
    let grow = |at: u64, grown_bytes: u64, extents: Option<Extents>| Grow {
        at_nanos: at * SECOND,
        memory_bytes: at * 7_281,
        grown_bytes,
        live_bytes: 1000 * at,
        extents,
        frames: vec!["app::read_request src/main.rs:80".into(), "main src/main.rs:12".into()],
        program: Some(0),
    };
    Timeline {
        end_nanos: 19 * SECOND,
        peak_bytes: 19_000,
        allocations: 190,
        samples: (0..20).map(sample).collect(),
        grows: vec![grow(0, 65_536, None), grow(9, 65_536, Some(extents))],
        ..Timeline::default()
    }
}

/// A recording in which one block has `holders` direct referrers and as many indirect ones, and each block its own calling
/// context of `levels` functions.
pub(crate) fn crowd(holders: u64, levels: u32) -> Vec<u8> {
    let mut app = Program::new(&[]);
    let main = app.builder.add_frame(Frame { function: "main".into(), unit: Some("app".into()), ..Frame::default() });
    let main = app.builder.add_context(None, main);
    let ty = app.ty("app::Holder", 48, &[("held", 0), ("next", 16)]);
    let held = app.block(16, None, main);
    for index in 0..2 * holders {
        let mut context = main;
        for level in 0..levels {
            // A tree: each level divides what the one above holds.
            let part = index >> (levels - 1 - level);
            let frame =
                Frame { function: format!("app::f{level}_{part}"), unit: Some("app".into()), ..Frame::default() };
            let frame = app.builder.add_frame(frame);
            context = app.builder.add_context(Some(context), frame);
        }
        let holder = app.block(48, Some(ty), context);
        let to =
            if index < holders { held } else { HeapBuilder::key(u32::try_from(1 + index - holders).expect("few")) };
        app.edge(holder, to, 16 * (index % 2));
        app.builder.add_root(RootPlace::Global { instance: 0, name: format!("g{index}") }, holder);
    }
    app.builder.set_facts(Facts { memory_bytes: app.next.next_multiple_of(65_536), ..facts(1, "crowd.wasm", "exit") });
    let entries = Writer::new().add(&app.builder.finish().expect("a heap")).expect("the snapshot is written");
    pack(entries, std::io::Cursor::new(Vec::new())).expect("the recording is packed").into_inner()
}

/// A recording of one snapshot with about a million objects.
pub(crate) fn large() -> Vec<u8> {
    recording(&[(333_000, 1_000)])
}

/// A snapshot for each number of sessions and leaks.
fn recording(snapshots: &[(u64, u64)]) -> Vec<u8> {
    pack(entries(snapshots), std::io::Cursor::new(Vec::new())).expect("the recording is packed").into_inner()
}

/// The entries of such a recording.
fn entries(snapshots: &[(u64, u64)]) -> Vec<Entry> {
    let mut writer = Writer::new();
    let mut entries = Vec::new();
    let mut born = Vec::new();
    for (index, (sessions, leaks)) in snapshots.iter().enumerate() {
        let number = u32::try_from(index + 1).expect("a few snapshots");
        let heap = snapshot(number, *sessions, *leaks, &born);
        entries.extend(writer.add(&heap).expect("the snapshot is written"));
        // The list, three blocks a session, the leaks: later snapshots' further serials are new.
        born.push(1 + 3 * sessions + leaks);
    }
    entries
}

/// A recording in which everything that has a name has a hostile one.
pub(crate) fn hostile() -> Vec<u8> {
    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    for (index, name) in HOSTILE.iter().enumerate() {
        let ty = builder.add_type(TypeRecord {
            name: (*name).into(),
            unit: Some((*name).into()),
            size: 32,
            shape: Shape::Struct(vec![Field { name: (*name).into(), offset: 0, size: 4, ty: None }]),
            storage: false,
        });
        let frame = builder.add_frame(Frame {
            function: (*name).into(),
            file: Some((*name).into()),
            line: Some(1),
            ..Frame::default()
        });
        let context = builder.add_context(None, frame);
        let address = 0x1000 + 0x100 * index as u64;
        let block = |address| ObjectRecord {
            ty: Some(ty),
            evidence: TypeEvidence::DebugInfo,
            context: Some(context),
            ..ObjectRecord::block(address, 32 + index as u64)
        };
        let (holder, held) = (builder.add_object(block(address)), builder.add_object(block(address + 0x40)));
        builder.add_edge(EdgeRecord::at_offset(holder, held, 0));
        builder.add_root(RootPlace::Global { instance: 0, name: (*name).into() }, holder);
        builder.add_object(block(address + 0x80));
        let (name, type_name, value) = ((*name).into(), (*name).into(), (*name).into());
        builder.add_value(holder, HeldValue { name, offset: 0, type_name, value });
        let number = u32::try_from(index).expect("a few names");
        builder.add_content(holder, number).add_bytes(number, &HOSTILE[index].as_bytes()[..16]);
    }
    builder.set_facts(facts(1, HOSTILE[0], HOSTILE[2]));
    let heap = builder.finish().expect("a heap");
    let entries = Writer::new().add(&heap).expect("the snapshot is written");
    pack(entries, std::io::Cursor::new(Vec::new())).expect("the recording is packed").into_inner()
}

fn facts(number: u32, guest: &str, reason: &str) -> Facts {
    Facts {
        guest: guest.into(),
        snapshot: number,
        reason: reason.into(),
        at_nanos: u64::from(number) * 6_200_000_000,
        allocations: u64::from(number) * 4_211,
        memory_bytes: 2 * 65_536,
        peak_bytes: 90_000,
        serials: true,
        globals: Seen::Yes,
        statics: Seen::Yes,
        shadow_stack: Seen::Yes,
        locals: Seen::Unknown,
        contents: guest == "app.wasm",
        notes: vec!["Locals on the native stack could not be read.".into()],
    }
}

/// Blocks one behind the other, with what most of them have in common.
struct Program {
    builder: HeapBuilder,
    next: u64,
    serial: u64,
    /// The last serial before the end of each interval.
    born: Vec<u64>,
}

impl Program {
    fn new(born: &[u64]) -> Self {
        Self { builder: HeapBuilder::new(Vocabulary::wasm()), next: 0x8000, serial: 1, born: born.to_vec() }
    }

    fn ty(&mut self, name: &str, size: u64, fields: &[(&str, u64)]) -> TypeId {
        let fields = fields.iter().map(|&(name, offset)| Field { name: name.into(), offset, size: 4, ty: None });
        self.builder.add_type(TypeRecord {
            name: name.into(),
            unit: Some("app".into()),
            size,
            shape: Shape::Struct(fields.collect()),
            storage: false,
        })
    }

    /// A calling context, outermost function first; the last one allocates through a library.
    fn context(&mut self, functions: &[(&str, u32)]) -> ContextId {
        let context = self.calls(functions);
        let library = Frame {
            function: "alloc::alloc::exchange_malloc".into(),
            file: Some("alloc/src/alloc.rs".into()),
            line: Some(256),
            inlined: true,
            library: true,
            ..Frame::default()
        };
        let library = self.builder.add_frame(library);
        self.builder.add_context(context, library)
    }

    /// The same where the last one has a block moved.
    fn moving_context(&mut self, functions: &[(&str, u32)]) -> ContextId {
        let context = self.calls(functions);
        let function = "__rust_realloc".into();
        let realloc = Frame { function, library: true, reallocates: true, ..Frame::default() };
        let realloc = self.builder.add_frame(realloc);
        self.builder.add_context(context, realloc)
    }

    fn calls(&mut self, functions: &[(&str, u32)]) -> Option<ContextId> {
        let mut context = None;
        for (function, line) in functions {
            let frame = Frame {
                function: (*function).into(),
                file: Some("src/main.rs".into()),
                line: Some(*line),
                unit: Some("app".into()),
                ..Frame::default()
            };
            let frame = self.builder.add_frame(frame);
            context = Some(self.builder.add_context(context, frame));
        }
        context
    }

    fn block(&mut self, size: u64, ty: Option<TypeId>, context: ContextId) -> ObjectKey {
        let evidence = if ty.is_some() { TypeEvidence::DebugInfo } else { TypeEvidence::None };
        let usable = size.next_multiple_of(16) + 16;
        let record = ObjectRecord {
            ty,
            evidence,
            usable,
            context: Some(context),
            serial: self.serial,
            age: self.born.iter().filter(|last| self.serial > **last).count() as u32,
            ..ObjectRecord::block(self.next, size)
        };
        self.next += usable;
        self.serial += 1;
        self.builder.add_object(record)
    }

    /// Holds the contents of a session: its number, and a text.
    fn hold(&mut self, session: ObjectKey, index: u64) {
        // Every second one is as the one before it, except for the first one.
        let number = u32::try_from(index.div_ceil(2)).expect("a few sessions");
        let mut bytes = vec![0; 48];
        bytes[..4].copy_from_slice(&number.to_le_bytes());
        bytes[24..37].copy_from_slice(b"Hello, <b>Ann");
        self.builder.add_content(session, number).add_bytes(number, &bytes);
        for (name, offset, value) in [("number", 0, number.to_string()), ("text", 24, "\"Hello, <b>Ann\"".into())] {
            let held = HeldValue { name: name.into(), offset, type_name: "u64".into(), value };
            self.builder.add_value(session, held);
        }
    }

    fn edge(&mut self, from: ObjectKey, to: ObjectKey, offset: u64) {
        let evidence = if offset == 0 { EdgeEvidence::Typed } else { EdgeEvidence::Conservative };
        self.builder.add_edge(EdgeRecord { evidence, ..EdgeRecord::at_offset(from, to, offset) });
    }
}

/// `sessions` sessions of a name and a buffer each, in a list; `leaks` buffers that nothing holds, two of them in a
/// circle.
fn snapshot(number: u32, sessions: u64, leaks: u64, born: &[u64]) -> Heap {
    let mut app = Program::new(born);
    let list = app.ty("alloc::vec::Vec<app::Session>", 16, &[("buffer", 0)]);
    let session = app.ty("app::Session", 48, &[("name", 0), ("buffer", 8), ("next", 16)]);
    let string = app.ty("alloc::string::String", 24, &[]);
    let opening = [("main", 12), ("app::serve", 31), ("app::Session::open", 57)];
    let (open, grow) = (app.context(&opening), app.moving_context(&opening));
    let read = app.context(&[("main", 12), ("app::serve", 33), ("app::read_request", 80)]);
    let statics = app.builder.add_object(ObjectRecord {
        family: heapy_engine::Family::Module,
        name: Some("app".into()),
        ..ObjectRecord::block(0x400, 0x1800)
    });
    app.builder.add_root(RootPlace::Module { instance: 0, name: "app".into() }, statics);
    let sessions_list = app.block(16, Some(list), grow);
    app.edge(statics, sessions_list, 0x20);
    let mut previous = sessions_list;
    for index in 0..sessions {
        let holder = app.block(48, Some(session), open);
        let name = app.block(24, Some(string), open);
        // A million of them would only make the file larger.
        if sessions <= 1000 {
            app.hold(holder, index);
        }
        let buffer = app.block(64 + 8 * (index % 5), None, read);
        app.edge(previous, holder, if index == 0 { 0 } else { 16 });
        app.edge(holder, name, 0);
        app.edge(holder, buffer, 8);
        previous = holder;
    }
    let mut lost: Vec<ObjectKey> = Vec::new();
    for _ in 0..leaks {
        lost.push(app.block(256, None, read));
    }
    app.edge(lost[0], lost[1], 4);
    app.edge(lost[1], lost[0], 8);
    app.builder.add_root(RootPlace::Global { instance: 0, name: "current".into() }, previous);
    let totals = |context, times: u64| ContextTotals {
        context: Some(context),
        allocations: 10 * times,
        bytes: 1000 * times,
        frees: 5 * times,
        temporary: times,
        peak_bytes: Some(700 * times),
    };
    app.builder.add_totals(totals(open, 3)).add_totals(totals(read, 1));
    let facts = facts(number, "app.wasm", if number == 1 { "call:tick" } else { "exit" });
    let memory_bytes = app.next.next_multiple_of(65_536).max(facts.memory_bytes);
    app.builder.set_facts(Facts { memory_bytes, ..facts });
    app.builder.finish().expect("a heap")
}

/// Serves one recording of a guest that has ended.
pub(crate) struct Recorded {
    /// What is served.
    pub(crate) bytes: Bytes,
    /// The guest's name.
    pub(crate) guest: String,
    /// Number of snapshots.
    pub(crate) snapshots: u32,
    changes: watch::Sender<u64>,
}

impl Recorded {
    /// A source of these bytes.
    pub(crate) fn new(bytes: Vec<u8>, guest: &str, snapshots: u32) -> Arc<Self> {
        Arc::new(Self { bytes: bytes.into(), guest: guest.into(), snapshots, changes: watch::Sender::new(0) })
    }
}

impl Source for Recorded {
    fn state(&self) -> RunState {
        RunState {
            guest: self.guest.clone(),
            phase: Phase::Ended { exit_code: 0 },
            elapsed_millis: 12_400,
            live: None,
            recordings: vec![RecordingState { name: self.guest.clone(), snapshots: self.snapshots }],
        }
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn recording(&self, index: usize) -> Result<Bytes, SourceError> {
        if index == 0 { Ok(self.bytes.clone()) } else { Err(SourceError::NoRecording { index, count: 1 }) }
    }

    fn request_snapshot(&self) -> Result<(), SourceError> {
        Err(SourceError::NotRunning)
    }
}
