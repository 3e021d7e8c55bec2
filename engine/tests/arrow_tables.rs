//! The tables of a snapshot file open in other programs: Python's pyarrow reads what we write.
//!
//! Skipped, with a message, where python3 or pyarrow is missing.

#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "a test that says why it was skipped, and may panic")]

use std::process::Command;

use heapy_engine::snapshot::{Writer, pack};
use heapy_engine::{EdgeRecord, Frame, HeapBuilder, ObjectRecord, Relation, RootPlace, Shape, TypeRecord, Vocabulary};

/// Reads each table of snapshot 1 and prints its rows as JSON.
const SCRIPT: &str = r#"
import io, json, sys, zipfile
import pyarrow as pa, pyarrow.ipc
with zipfile.ZipFile(sys.argv[1]) as file:
    meta = json.loads(file.read("meta.json"))
    tables = meta["snapshots"][0]["tables"]
    read = lambda entry: pa.ipc.open_file(io.BytesIO(file.read(entry))).read_all()
    print(json.dumps({name: pa.concat_tables(map(read, entries)).to_pylist() for name, entries in tables.items()}))
"#;

fn file() -> Vec<u8> {
    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    let ty = builder.add_type(TypeRecord {
        name: "app::Größe".into(),
        unit: None,
        size: 16,
        shape: Shape::Opaque,
        storage: false,
    });
    let frame = builder.add_frame(Frame { function: "main".into(), line: Some(3), ..Frame::default() });
    let context = builder.add_context(None, frame);
    let typed = ObjectRecord { ty: Some(ty), context: Some(context), ..ObjectRecord::block(0x1000, 16) };
    let first = builder.add_object(typed);
    let second = builder.add_object(ObjectRecord::block(0x1010, u64::MAX >> 8));
    builder.add_edge(EdgeRecord::at_offset(first, second, 8));
    builder.add_edge(EdgeRecord::given(second, first, Relation::Field("back".into())));
    builder.add_root(RootPlace::Global { instance: 0, name: "list".into() }, first);
    let entries = Writer::new().add(&builder.finish().unwrap()).unwrap();
    pack(entries, std::io::Cursor::new(Vec::new())).unwrap().into_inner()
}

#[test]
fn pyarrow_reads_every_table() {
    let has_pyarrow = Command::new("python3").args(["-c", "import pyarrow"]).output();
    if !has_pyarrow.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: python3 with pyarrow is not installed (pip install pyarrow)");
        return;
    }
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("arrow_tables.heapy");
    std::fs::write(&path, file()).unwrap();
    let output = Command::new("python3").arg("-c").arg(SCRIPT).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tables: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let objects = &tables["objects"];
    assert_eq!(objects[0]["address"], 0x1000);
    assert_eq!(objects[1]["size"], u64::MAX >> 8);
    assert_eq!((&objects[0]["type"], &objects[1]["type"]), (&0.into(), &serde_json::Value::Null));
    assert_eq!(tables["types"][0]["name"], "app::Größe");
    assert_eq!(tables["frames"][0]["function"], "main");
    assert_eq!(tables["contexts"][0]["caller"], serde_json::Value::Null);
    assert_eq!(tables["edges"].as_array().unwrap().len(), 2);
    assert_eq!(tables["strings"][tables["edges"][1]["value"].as_u64().unwrap() as usize]["text"], "back");
    assert_eq!(tables["roots"][0]["name"], "list");
    assert_eq!(tables["pages"][0]["blocks"], 2);
    assert_eq!(tables["modules"].as_array().unwrap().len(), 0);
    assert_eq!(tables["fields"].as_array().unwrap().len(), 0);
}
