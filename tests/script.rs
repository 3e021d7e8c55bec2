//! Scripts: the command line, the examples of the guide, and the package for Node print the same.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test program")]

mod sample;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sample::{answer, heapy_host, recording};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn query(file: &Path, expression: &str) -> String {
    answer(&["query", file.to_str().unwrap(), "-e", expression])
}

#[test]
fn expressions_are_answered_as_heapy_prints() {
    let folder = folder();
    let file = recording(folder.path());
    let heap = query(&file, "hp.heap()");
    assert!(heap.starts_with("Partition of a set of 14 objects."), "{heap}");
    assert_eq!(query(&file, "hp.heap().count + hp.heapu({stat: false}).count"), "16\n");
    assert_eq!(query(&file, "hp.snapshot(1).heap().count"), "9\n");
    assert_eq!(query(&file, "hp.heap().bytype[0].kind"), "[u8]\n");
    assert_eq!(query(&file, "hp.heap().and(hp.Type('app::Entry')).count"), "5\n");
    assert_eq!(query(&file, "[...hp.heap().bytype.slice(0, 2)].map(row => row.name)"), "[\"[u8]\", \"module\"]\n");
    assert_eq!(query(&file, "hp.iso(0x2008).sp"), " 0: hp.Root.i0_modules[\"app\"].CACHE.table[0]\n");
    assert_eq!(query(&file, "hp.heap().sizes().reduce((a, b) => a + b) === hp.heap().size"), "true\n");
}

#[test]
fn json_is_for_programs() {
    let folder = folder();
    let file = recording(folder.path());
    let text = answer(&["query", file.to_str().unwrap(), "--json", "-e", "hp.heap().bytype"]);
    let table: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(table["count"], 14);
    assert_eq!(table["rows"][0]["kind"], "[u8]");
}

#[test]
fn failures_name_their_cause_and_exit_with_one() {
    let folder = folder();
    let file = recording(folder.path());
    for (expression, message) in [
        ("hp.heap().by('Colour')", "Colour"),
        ("hp.heap()[99]", "index"),
        ("hp.iso(1)", "0x1"),
        ("hp.snapshot(7)", "there is no snapshot 7"),
        ("nothing", "ReferenceError"),
        ("const a = 1;\n\nhp.heap().by(a);", "at line 3"),
    ] {
        let output = heapy_host(&["query", file.to_str().unwrap(), "-e", expression]);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{expression}: {errors}");
        assert!(errors.contains(message), "{expression}: {errors}");
    }
    assert_eq!(heapy_host(&["query", "/nowhere.heapy", "-e", "1"]).status.code(), Some(2));
}

#[test]
fn a_script_is_stopped_by_its_limit_and_by_a_signal() {
    let folder = folder();
    let file = recording(folder.path());
    let begun = Instant::now();
    let output = heapy_host(&["query", file.to_str().unwrap(), "--time-limit", "100ms", "-e", "for (;;) {}"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("limit"));
    assert!(begun.elapsed() < Duration::from_secs(20));
    let mut command = Command::new(env!("CARGO_BIN_EXE_heapy-host"));
    command.args(["query", file.to_str().unwrap(), "-e", "print('running'); for (;;) {}"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    assert_eq!(line, "running\n");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_shell_reads_lines_and_remembers() {
    let folder = folder();
    let file = recording(folder.path());
    let mut command = Command::new(env!("CARGO_BIN_EXE_heapy-host"));
    command.args(["repl", file.to_str().unwrap()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = "let h = hp.heap()\nh.count\n_ + 1\nhp.nothing.here\nhp.doc.heap\n";
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(text.contains("14\n15\n"), "{text}");
    assert!(text.contains("heap() -> IdentitySet"), "{text}");
}

/// A page of the guide: its script, and what it prints for the sample.
fn examples() -> Vec<(String, String, String)> {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/guide/examples");
    let mut found: Vec<PathBuf> = std::fs::read_dir(pages).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let block = |fence: &str| {
                let start = text.find(fence).unwrap_or_else(|| panic!("{}: no {fence}", path.display())) + fence.len();
                text[start..start + text[start..].find("\n```").unwrap()].to_owned()
            };
            (path.display().to_string(), block("```js\n"), block("```text\n"))
        })
        .collect()
}

#[test]
fn every_example_of_the_guide_prints_what_its_page_says() {
    let folder = folder();
    let file = recording(folder.path());
    let examples = examples();
    assert!(examples.len() >= 5, "{}", examples.len());
    for (page, script, expected) in examples {
        let path = folder.path().join("example.js");
        std::fs::write(&path, &script).unwrap();
        let printed = answer(&["query", file.to_str().unwrap(), path.to_str().unwrap()]);
        assert_eq!(printed.trim_end(), expected, "{page}");
    }
}

/// The package's folder as `cargo xtask npm` stages it; none where the wasm module has not been built.
fn package() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let wasm = root.join("www/dist/inspector_bg.wasm");
    let node = Command::new("node").arg("--version").output().is_ok();
    // An older build of the module has no `Native`.
    let glue = std::fs::read_to_string(root.join("www/dist/inspector.js")).unwrap_or_default();
    if wasm.exists() && node && glue.contains("class Native") { Some(root) } else { None }
}

/// Puts the files that the package has into a folder.
fn stage(root: &Path, folder: &Path) -> PathBuf {
    let package = folder.join("node_modules/heapy");
    std::fs::create_dir_all(&package).unwrap();
    for name in ["api.js", "open.js", "index.js", "node.js", "query.js", "heapy.d.ts", "package.json"] {
        std::fs::copy(root.join("www/js").join(name), package.join(name)).unwrap();
    }
    for name in ["inspector.js", "inspector_bg.wasm"] {
        std::fs::copy(root.join("www/dist").join(name), package.join(name)).unwrap();
    }
    package
}

fn node(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("node").current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn node_prints_the_same_as_the_host() {
    let Some(root) = package() else {
        eprintln!("skipped: the package needs node and `cargo xtask ui`");
        return;
    };
    let folder = folder();
    let file = recording(folder.path());
    let package = stage(&root, folder.path());
    let program = package.join("query.js");
    for (page, script, expected) in examples() {
        let path = folder.path().join("example.js");
        std::fs::write(&path, &script).unwrap();
        let printed = node(folder.path(), &[program.to_str().unwrap(), file.to_str().unwrap(), path.to_str().unwrap()]);
        assert_eq!(printed.trim_end(), expected, "{page}");
    }
    for expression in ["hp.heap()", "hp.heap().byprod", "hp.heapu()", "hp.heap()[0].sp", "[...hp.heap()]", "hp.doc"] {
        let printed = node(folder.path(), &[program.to_str().unwrap(), file.to_str().unwrap(), "-e", expression]);
        assert_eq!(printed, query(&file, expression), "{expression}");
    }
}

#[test]
fn the_package_opens_bytes_and_paths_and_fails_with_errors() {
    let Some(root) = package() else {
        eprintln!("skipped: the package needs node and `cargo xtask ui`");
        return;
    };
    let folder = folder();
    recording(folder.path());
    stage(&root, folder.path());
    let program = r#"
        import assert from "node:assert/strict";
        import { readFile } from "node:fs/promises";
        import { inspect } from "node:util";
        import { open } from "heapy";
        const bytes = await readFile("sample.heapy");
        const hp = await open(bytes);
        const other = await open("sample.heapy", { snapshot: 1 });
        const blob = await open(new Blob([bytes]));
        assert.equal(hp.heap().count, 14);
        assert.equal(blob.heap().count, 14);
        assert.equal(other.heap().count, 9);
        assert.equal(inspect(hp.heap()), String(hp.heap()));
        assert.equal(hp.snapshots.length, 2);
        assert.throws(() => hp.heap().by("Colour"), { name: "Error", message: /Colour/ });
        assert.throws(() => hp.heap().and(other.heap()), /another recording/);
        assert.equal(hp.heap().sizes().length, 14);
        assert.ok(hp.heap().sizes() instanceof Float64Array);
        assert.equal(JSON.parse(JSON.stringify(hp.heap())).count, 14);
        const [stat] = await open(Buffer.from(hp.heap().dump()));
        assert.equal(stat.count, 14);
        await assert.rejects(open("/nowhere.heapy"), /ENOENT/);
        await assert.rejects(open(Buffer.from("PK nonsense")), Error);
        console.log("ok");
    "#;
    std::fs::write(folder.path().join("program.mjs"), program).unwrap();
    assert_eq!(node(folder.path(), &["program.mjs"]), "ok\n");
}

const TYPED: &str = r#"
import { open, show, type IdentitySet, type Row } from "heapy";
const hp = await open("sample.heapy", { snapshot: 1 });
const heap: IdentitySet = hp.heap();
const rows: Row[] = [...heap.by("Type")];
const first: IdentitySet = heap[0];
const sizes: Float64Array = heap.sizes();
const both = heap.and(hp.Type("app::Entry"));
const names: string[] = rows.map((row) => row.name);
const pattern = heap.get_rp({ depth: 3 });
console.log(show(both), names.length + sizes.length + first.count, String(pattern), hp.snapshots[0].reason);
// @ts-expect-error a count is a number
const wrong: string = heap.count;
// @ts-expect-error relations have names or are relations
heap.by(7);
"#;

#[test]
fn the_typings_hold_under_strict() {
    let Some(clients) = sample::npm("typescript@5.9.3") else {
        eprintln!("skipped: the TypeScript compiler of npm cannot be had");
        return;
    };
    let folder = folder();
    let js = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/js");
    let package = folder.path().join("node_modules/heapy");
    std::fs::create_dir_all(&package).unwrap();
    for name in ["heapy.d.ts", "package.json"] {
        std::fs::copy(js.join(name), package.join(name)).unwrap();
    }
    std::fs::write(folder.path().join("typed.mts"), TYPED).unwrap();
    let output = Command::new("node")
        .current_dir(folder.path())
        .arg(clients.join("node_modules/typescript/bin/tsc"))
        .args([
            "--strict",
            "--noEmit",
            "--target",
            "es2022",
            "--module",
            "nodenext",
            "--lib",
            "es2023,dom",
            "typed.mts",
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
