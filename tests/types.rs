//! The types of told blocks: how many are right, wrong and unknown, by guest and by evidence.
//!
//! Each guest has told the type of its blocks itself (`B` lines). What it looked like at its first mark is recorded in
//! `recorded/`: calling contexts, blocks, and the bytes that differ from the module's own data.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use heapy_host::layout::{BlockType, Count, References, Typed, Typing};
use heapy_host::paused::{ContextKey, LiveBlock, Paused, RawContexts, RawFrame};

/// A guest at its first mark.
struct Recorded {
    paused: Paused,
    /// Type labels by address.
    told: BTreeMap<u64, String>,
    /// Holder, address of the slot, value of it.
    edges: Vec<(String, u64, u64)>,
}

fn folder(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn module(guest: &str) -> Vec<u8> {
    let path = folder("guests/out").join(format!("{guest}.wasm"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}

/// Reads a recording of `recorded` on top of the initial data of `module`.
fn recorded(recording: &str, module: &[u8]) -> Recorded {
    let text = fs::read_to_string(folder("recorded").join(format!("{recording}.txt"))).unwrap();
    let mut paused = Paused::default();
    let mut contexts = Vec::new();
    let (mut told, mut edges) = (BTreeMap::new(), Vec::new());
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[0] {
            "context" => contexts.push(words[1..].iter().map(|frame| raw_frame(frame)).collect()),
            "mark" => paused.memory = initial_memory(module, words[3].parse().unwrap()),
            "block" => paused.blocks.push(live_block(&words)),
            "bytes" => {
                let start = hex(words[1]) as usize;
                for (at, pair) in words[2].as_bytes().chunks(2).enumerate() {
                    paused.memory[start + at] = hex(std::str::from_utf8(pair).unwrap()) as u8;
                }
            }
            "B" => {
                told.insert(hex(words[1]), words[3].to_owned());
            }
            "E" => edges.push((words[1].to_owned(), hex(words[2]), hex(words[3]))),
            _ => {}
        }
    }
    paused.contexts = RawContexts { frames: contexts, ..RawContexts::default() };
    Recorded { paused, told, edges }
}

fn raw_frame(text: &str) -> RawFrame {
    let (function, offset) = text.split_once(':').unwrap();
    RawFrame { function: function.parse().unwrap(), offset: Some(hex(offset) as u32) }
}

fn live_block(words: &[&str]) -> LiveBlock {
    let size = words[2].parse().unwrap();
    let context = words[3].parse().ok().map(ContextKey);
    LiveBlock { address: hex(words[1]), size, usable: size, context, serial: hex(words[1]), age: 0 }
}

fn initial_memory(module: &[u8], size: usize) -> Vec<u8> {
    let mut memory = vec![0; size];
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        let Ok(wasmparser::Payload::DataSection(segments)) = payload else { continue };
        for segment in segments {
            let segment = segment.unwrap();
            let wasmparser::DataKind::Active { offset_expr, .. } = segment.kind else { continue };
            let wasmparser::Operator::I32Const { value } = offset_expr.get_operators_reader().read().unwrap() else {
                continue;
            };
            memory[value as usize..value as usize + segment.data.len()].copy_from_slice(segment.data);
        }
    }
    memory
}

/// The type of a block as the told labels write it: without paths and spaces, `T[]` for arrays, `Rc<T>` for what is
/// behind one.
fn label(typed: &Typed, block: BlockType) -> String {
    let layout = typed.layouts.get(block.ty);
    let mut name = layout.name.trim_start_matches("struct ").to_owned();
    for (long, short) in [("alloc::rc::RcInner<", "Rc<"), ("alloc::sync::ArcInner<", "Arc<"), ("<[u8]>", "<str>")] {
        name = name.replace(long, short);
    }
    for path in ["alloc::boxed::", "alloc::string::", "alloc::rc::", "alloc::sync::", "shapes_rs::"] {
        name = name.replace(path, "");
    }
    let name = match name.as_str() {
        "main::{closure_env#0}" => "closure".to_owned(),
        "job::{async_fn_env#0}" => "job".to_owned(),
        // A block that a `void *` leads to holds bytes.
        "bytes" => "char[]".to_owned(),
        // A boxed array of two and room for two are told alike.
        "[Box<dyn Shape>; 2]" => "Box<dyn_Shape>[]".to_owned(),
        other => other.replace("dyn ", "dyn_").replace("unsigned char", "unsigned_char").replace(' ', ""),
    };
    if block.count == Count::Many { format!("{name}[]") } else { name }
}

/// Blocks and bytes that are right, wrong and unknown.
#[derive(Default)]
struct Score {
    right: (usize, u64),
    wrong: (usize, u64),
    unknown: (usize, u64),
    evidence: BTreeMap<&'static str, usize>,
    mistakes: Vec<String>,
}

impl Score {
    fn of(recorded: &Recorded, typed: &Typed) -> Self {
        let mut score = Self::default();
        for (block, found) in recorded.paused.blocks.iter().zip(&typed.blocks) {
            let Some(told) = recorded.told.get(&block.address) else { continue };
            *score.evidence.entry(found.evidence.word()).or_default() += 1;
            let got = found.ty.map(|ty| label(typed, ty));
            let part = match &got {
                Some(got) if got == told => &mut score.right,
                Some(got) => {
                    score.mistakes.push(format!("{:#x} is {told}, not {got}", block.address));
                    &mut score.wrong
                }
                None => &mut score.unknown,
            };
            part.0 += 1;
            part.1 += block.size;
        }
        score
    }

    fn share(&self, part: (usize, u64)) -> (f64, f64) {
        let blocks = self.right.0 + self.wrong.0 + self.unknown.0;
        let bytes = self.right.1 + self.wrong.1 + self.unknown.1;
        (100.0 * part.0 as f64 / blocks.max(1) as f64, 100.0 * part.1 as f64 / bytes.max(1) as f64)
    }
}

/// Guest, its recording, and the least share of bytes that must be right.
const TOLD: [(&str, &str, f64); 8] = [
    ("shapes", "shapes", 85.0),
    ("shapes.O0", "shapes.O0", 85.0),
    ("arena", "arena", 85.0),
    ("churn", "churn", 85.0),
    ("zoo", "zoo", 95.0),
    ("shapes_rs", "shapes_rs", 95.0),
    ("shapes_as.incremental", "shapes_as.incremental", 95.0),
    // The constructors of its arrays are inlined, and with them the names of their classes are gone.
    ("shapes_as.minimal", "shapes_as.minimal", 90.0),
];

#[test]
fn told_blocks_have_their_types() {
    let mut table = String::from("guest                   right %  wrong %  unknown % (blocks / bytes)   evidence\n");
    let mut failures = Vec::new();
    for (guest, recording, least) in TOLD {
        let bytes = module(guest);
        let recorded = recorded(recording, &bytes);
        let typed = Typing::new(bytes.into()).unwrap().apply(&recorded.paused);
        let score = Score::of(&recorded, &typed);
        let [right, wrong, unknown] = [score.right, score.wrong, score.unknown].map(|part| score.share(part));
        let _ = writeln!(
            table,
            "{guest:22} {:5.1}/{:5.1} {:5.1}/{:5.1} {:5.1}/{:5.1}   {:?}",
            right.0, right.1, wrong.0, wrong.1, unknown.0, unknown.1, score.evidence
        );
        if right.1 < least || wrong.1 > 0.5 {
            failures.push(format!("{guest}: {:?}", score.mistakes));
        }
    }
    println!("{table}");
    assert!(failures.is_empty(), "{table}\n{failures:#?}");
}

#[test]
fn told_edges_are_named_after_their_fields() {
    for guest in ["shapes", "zoo", "shapes_rs", "churn"] {
        let bytes = module(guest);
        let recorded = recorded(guest, &bytes);
        let typed = Typing::new(bytes.into()).unwrap().apply(&recorded.paused);
        let mut references = References::new(&typed, &recorded.paused);
        let mut found = 0;
        for (holder, slot, value) in &recorded.edges {
            let inside = |address: u64, size: u64| (address..address + size).contains(slot);
            let block = recorded.paused.blocks.iter().position(|block| inside(block.address, block.size));
            let variable = typed.statics.iter().position(|variable| inside(variable.address, variable.size));
            let (start, found_here) = match (block, variable) {
                (Some(block), _) => (recorded.paused.blocks[block].address, references.of(block)),
                (None, Some(variable)) => {
                    assert_eq!(&typed.statics[variable].name, holder, "{guest}: {slot:#x}");
                    (typed.statics[variable].address, Some(references.of_static(variable)))
                }
                // In a variable of a frame.
                (None, None) => continue,
            };
            let found_here = found_here.unwrap_or_else(|| panic!("{guest}: {holder} at {slot:#x} has no type"));
            let reference = found_here.iter().find(|reference| start + reference.offset == *slot);
            assert!(reference.is_some_and(|reference| reference.sure), "{guest}: {holder} at {slot:#x} to {value:#x}");
            found += 1;
        }
        println!("{guest}: {found} of {} told edges are typed references", recorded.edges.len());
        assert!(found > 0, "{guest} tells edges");
    }
}

/// The module without its custom sections, as `wasm-strip` leaves it.
fn stripped(module: &[u8]) -> Vec<u8> {
    let mut kept = module[..8].to_vec();
    let mut at = 8;
    while at < module.len() {
        let (mut size, mut shift, mut body) = (0usize, 0, at + 1);
        loop {
            let byte = module[body];
            size |= usize::from(byte & 0x7f) << shift;
            (shift, body) = (shift + 7, body + 1);
            if byte & 0x80 == 0 {
                break;
            }
        }
        if module[at] != 0 {
            kept.extend_from_slice(&module[at..body + size]);
        }
        at = body + size;
    }
    kept
}

#[test]
fn nothing_is_invented_for_stripped_guests() {
    for guest in ["shapes", "arena", "churn", "shapes_rs", "shapes_as.incremental"] {
        let bytes = module(guest);
        let recorded = recorded(guest, &bytes);
        let typed = Typing::new(stripped(&bytes).into()).unwrap().apply(&recorded.paused);
        let invented = typed.blocks.iter().filter(|block| block.ty.is_some() || block.class.is_some()).count();
        assert_eq!(invented, 0, "{guest}");
    }
}

#[test]
fn stripped_cpp_keeps_the_classes_that_its_vtables_name() {
    let bytes = module("zoo");
    let recorded = recorded("zoo", &bytes);
    let typed = Typing::new(stripped(&bytes).into()).unwrap().apply(&recorded.paused);
    for (block, found) in recorded.paused.blocks.iter().zip(&typed.blocks) {
        let (Some(told), Some(ty)) = (recorded.told.get(&block.address), found.ty) else { continue };
        assert_eq!(typed.layouts.get(ty.ty).name, told.trim_end_matches("[]"), "{:#x}", block.address);
    }
    assert!(typed.blocks.iter().filter(|block| block.ty.is_some()).count() >= 12);
}

/// A generator that needs no crate: the same mutations in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[test]
fn corrupt_debug_information_ends_in_an_answer() {
    let bytes = module("shapes");
    let recorded = recorded("shapes", &bytes);
    let debug: Vec<std::ops::Range<usize>> = wasmparser::Parser::new(0)
        .parse_all(&bytes)
        .filter_map(|payload| match payload {
            Ok(wasmparser::Payload::CustomSection(section)) if section.name().starts_with(".debug") => {
                Some(section.data_offset()..section.data_offset() + section.data().len())
            }
            _ => None,
        })
        .collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..400 {
        let mut changed = bytes.clone();
        for _ in 0..1 + random.below(40) {
            let section = debug[random.below(debug.len())].clone();
            changed[section.start + random.below(section.len())] = random.below(256) as u8;
        }
        let typing = Typing::new(changed.into()).unwrap();
        assert!(typing.notes().len() <= 5);
        let typed = typing.apply(&recorded.paused);
        let mut references = References::new(&typed, &recorded.paused);
        for block in 0..recorded.paused.blocks.len() {
            references.of(block);
        }
    }
}

#[test]
fn fields_have_their_values() {
    use heapy_host::layout::Value;
    let bytes = module("shapes");
    let shapes = recorded("shapes", &bytes);
    let typed = Typing::new(bytes.into()).unwrap().apply(&shapes.paused);
    let of_type = |typed: &Typed, name: &str| {
        let found =
            typed.blocks.iter().position(|block| block.ty.is_some_and(|ty| typed.layouts.get(ty.ty).name == name));
        found.unwrap_or_else(|| panic!("no block is a {name}"))
    };
    let fields = typed.fields(&shapes.paused, of_type(&typed, "struct person")).unwrap();
    let value = |name: &str| &fields.iter().find(|field| field.name == name).unwrap().value;
    assert_eq!(value("name"), &Value::Text { text: "Ann".into(), more: false });
    assert_eq!(value("age"), &Value::Unsigned(31));
    assert!(matches!(value("friends[0]"), Value::Pointer(address) if *address > 0));
    assert_eq!(value("friends[2]"), &Value::Pointer(0));

    let bytes = module("shapes_rs");
    let rust = recorded("shapes_rs", &bytes);
    let typed = Typing::new(bytes.into()).unwrap().apply(&rust.paused);
    let fields = typed.fields(&rust.paused, of_type(&typed, "shapes_rs::Item")).unwrap();
    let value = |name: &str| &fields.iter().find(|field| field.name == name).unwrap().value;
    assert_eq!(value("id"), &Value::Unsigned(99));
    let Value::Container(name) = value("name") else { panic!("{:?}", value("name")) };
    assert_eq!(name.text, Some(("a name that is on the heap".into(), false)));
    let Value::Container(tags) = value("tags") else { panic!("{:?}", value("tags")) };
    assert_eq!((tags.length, tags.capacity, tags.wasted_bytes()), (2, 5, 24));

    let bytes = module("zoo");
    let zoo = recorded("zoo", &bytes);
    let typed = Typing::new(bytes.into()).unwrap().apply(&zoo.paused);
    let fields = typed.fields(&zoo.paused, of_type(&typed, "Bird")).unwrap();
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    assert!(names.contains(&"name") && names.contains(&"span"), "{names:?}");
    let span = &fields.iter().find(|field| field.name == "span").unwrap().value;
    assert_eq!(span, &Value::Signed(30));
}
