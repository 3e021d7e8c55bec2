//! Exports, opened by the programs whose formats they are.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test program")]

#[path = "sample/command.rs"]
mod command;
mod sample;

use std::path::{Path, PathBuf};
use std::process::Command;

use command::{answer, heapy_host};
use sample::{npm, recording};
use serde_json::Value;

fn exported(folder: &Path, format: &str) -> PathBuf {
    let file = recording(folder);
    let out = folder.join(format!("out.{format}"));
    answer(&["export", file.to_str().unwrap(), "--format", format, "-o", out.to_str().unwrap()]);
    out
}

#[test]
fn the_profile_browser_shows_samples_of_streams_and_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    let file = file.to_str().unwrap();
    let text = answer(&["pb", file]);
    for expected in [
        "Sample A: 1 at 0.001 s, call:mark\nSample B: 2 at 0.002 s, exit\n",
        "  B Size  %B:Tot      B-A  %B:Tot Kind\n    1198     100      655      54 <Total>\n\n     512      42      512      42 [u8]\n",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let stream = folder.path().join("run.hpy");
    for number in ["1", "2"] {
        let sample = answer(&["export", file, "--format", "hpy", "--snapshot", number, "-o", "-"]);
        let all = std::fs::read_to_string(&stream).unwrap_or_default() + &sample;
        std::fs::write(&stream, all).unwrap();
    }
    let stream = stream.to_str().unwrap();
    let counts = answer(&["pb", stream, "--of", "count", "--table", "a", "--column", "cumul", "--graph", "none"]);
    assert!(counts.contains("A Count") && counts.contains("       9     100        9     100 <Total>"), "{counts}");
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/tests/hpy/published.hpy");
    assert!(answer(&["pb", published, "--graph", "lines"]).contains("<Other>"));
    let refused = heapy_host(&["pb", stream, "--a", "3"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--a 3: there are 2 samples"));
    std::fs::write(folder.path().join("broken.hpy"), "nonsense\n").unwrap();
    let broken = folder.path().join("broken.hpy");
    assert_eq!(heapy_host(&["pb", broken.to_str().unwrap()]).status.code(), Some(2));
}

#[test]
fn folded_stacks_weigh_live_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(exported(folder.path(), "folded")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "app::main;app::Cache::insert 350",
            "app::main;app::Cache::new 80",
            "app::main;app::net::accept 144",
            "app::main;app::net::read 512"
        ]
    );
}

#[test]
fn an_unknown_format_is_bad_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    let output = heapy_host(&["export", file.to_str().unwrap(), "--format", "hprof", "-o", "/dev/null"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("heapsnapshot"));
}

#[test]
fn differences_show_what_came_and_went() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    let file = file.to_str().unwrap();
    let difference: Value = serde_json::from_str(&answer(&["diff", file, file, "--json"])).unwrap();
    assert_eq!((&difference["from"], &difference["to"]), (&1.into(), &2.into()));
    assert_eq!(difference["rows"][0]["kind"], "[u8]");
    assert_eq!(difference["rows"][0]["size"], 512);
    let nothing: Value =
        serde_json::from_str(&answer(&["diff", file, file, "--from", "2", "--to", "2", "--json"])).unwrap();
    assert_eq!(nothing["rows"].as_array().unwrap().len(), 0);
}

fn node(folder: &Path, program: &str, argument: &Path) -> String {
    // Named by the format, since the tests run side by side in one folder.
    let format = argument.extension().unwrap().to_string_lossy();
    let script = folder.join(format!("client-{format}.cjs"));
    std::fs::write(&script, program).unwrap();
    let output = Command::new("node").current_dir(folder).arg(script).arg(argument).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn pprof_profiles_open_in_pprof_format() {
    let Some(clients) = npm("pprof-format@2.3.2") else {
        eprintln!("skipped: pprof-format of npm cannot be had");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let program = r#"
        const fs = require("fs"), zlib = require("zlib");
        const { Profile } = require("pprof-format");
        const profile = Profile.decode(zlib.gunzipSync(fs.readFileSync(process.argv[2])));
        const text = (index) => profile.stringTable.strings[Number(index)];
        const types = profile.sampleType.map((type) => text(type.type) + "/" + text(type.unit));
        const sum = (index) => profile.sample.reduce((total, sample) => total + Number(sample.value[index]), 0);
        const names = profile.function.map((f) => text(f.name)).sort();
        console.log(JSON.stringify({ types, sums: [0, 1, 2, 3].map(sum), names: [...new Set(names)] }));
    "#;
    let found: Value = serde_json::from_str(&node(&clients, program, &exported(folder.path(), "pprof"))).unwrap();
    assert_eq!(found["types"][1], "inuse_space/bytes");
    assert_eq!(found["sums"], serde_json::json!([15, 1086, 2, 144]));
    assert_eq!(found["names"][0], "app::Cache::insert");
}

#[test]
fn heap_snapshots_open_in_memlab() {
    let Some(clients) = npm("@memlab/heap-analysis@2.0.5").or_else(|| npm("memlab@2.0.5")) else {
        eprintln!("skipped: memlab of npm cannot be had");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let program = r#"
        const { getFullHeapFromFile } = require("@memlab/heap-analysis");
        getFullHeapFromFile(process.argv[2]).then((heap) => {
            let entries = 0, leaked = 0;
            heap.nodes.forEach((node) => {
                if (node.name === "app::Entry") entries += node.self_size;
                if (node.name === "app::Session" && node.referrers.length > 0) leaked += 1;
            });
            console.log(JSON.stringify({ entries, leaked, nodes: heap.nodes.length }));
        });
    "#;
    let text = node(&clients, program, &exported(folder.path(), "heapsnapshot"));
    let found: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(found["entries"], 5 * 48);
    assert_eq!(found["leaked"], 2);
}
