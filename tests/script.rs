//! Scripts: the command line, the examples of the guide, and the package for Node print the same.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test program")]

#[path = "sample/command.rs"]
mod command;
mod json;
mod sample;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use command::{answer, heapy_host};
use sample::recording;

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
        ("hp.heap().coutn > 3", "there is no IdentitySet.coutn"),
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

/// Writes lines into a shell, waiting for what it says before the next one.
const TERMINAL: &str = r#"
import os, pty, select, sys, time

pid, terminal = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""

def wait_for(text):
    global seen
    end = time.time() + 60
    while text not in seen:
        if not select.select([terminal], [], [], max(0, end - time.time()))[0]:
            sys.exit(f"never said {text!r}: {seen!r}")
        seen += os.read(terminal, 65536)
    seen = seen.split(text, 1)[1]

def write(text):
    os.write(terminal, text)

wait_for(b"heapy> ")
write(b"hp.hea\t\t")           # one Tab completes to what all candidates share, two list them
wait_for(b"heapu")
write(b"().count\r")
wait_for(b"14")
wait_for(b"heapy> ")
write(b"print('runn' + 'ing'); for (;;) {}\r")
wait_for(b"running")
write(b"\x03")                  # Ctrl-C stops the script
wait_for(b"stopped")
wait_for(b"heapy> ")
write(b"7 * 6\r")                # and not the shell
wait_for(b"42")
wait_for(b"heapy> ")
write(b"\x1b[A\x1b[D\x7f7\r")   # the line before, edited to 7 *76
wait_for(b"532")
wait_for(b"heapy> ")
write(b"_ + 1000\r")
wait_for(b"1532")
wait_for(b"heapy> ")
write(b"hp.doc.heap\r")
wait_for(b"heap() -> IdentitySet")
wait_for(b"heapy> ")
write(b"[1,\r2].length\r")     # a line whose bracket is open goes on
wait_for(b"2\r\n")             # the answer, and not the echo
wait_for(b"heapy> ")
write(b"hp.heap(")
wait_for(b"heap(")
write(b"\x03")                  # Ctrl-C gives a line up
wait_for(b"2004l")               # the line's editing ends, and that of the next one begins
wait_for(b"heapy> ")
write(b"let kept = 5; print('one ' + 'more'); while (kept) await 1\r")
wait_for(b"one more")
write(b"\x03")
wait_for(b"stopped")
wait_for(b"heapy> ")
write(b"kept + 200\r")          # what was there before an interrupt still is
wait_for(b"205")
wait_for(b"heapy> ")             # before that, Ctrl-D would be the terminal's
write(b"\x04")
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status))
"#;

#[test]
fn a_shell_on_a_terminal_edits_completes_and_survives_an_interrupt() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: python3 drives the terminal");
        return;
    }
    let folder = folder();
    let file = recording(folder.path());
    let program = folder.path().join("terminal.py");
    std::fs::write(&program, TERMINAL).unwrap();
    let (history, state) = (folder.path().join("history"), folder.path().join("state"));
    let shell = |options: &[&str]| {
        let mut command = Command::new("python3");
        command.arg(&program).args([env!("CARGO_BIN_EXE_heapy-host"), "repl", file.to_str().unwrap()]).args(options);
        let output = command.env("XDG_STATE_HOME", &state).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "0\n", "{errors}");
    };
    shell(&["--history", history.to_str().unwrap()]);
    let kept = |file: &Path| std::fs::read_to_string(file).unwrap();
    assert_eq!(kept(&history).matches("7 * 6\n").count(), 1, "{}", kept(&history));
    assert!(!state.exists());
    shell(&["--no-history"]);
    assert!(!state.exists());
    shell(&[]);
    shell(&[]);
    assert_eq!(kept(&state.join("heapy/history")).matches("7 * 6\n").count(), 2, "those of both sessions");
    let refused = heapy_host(&["repl", file.to_str().unwrap(), "--history", "/nowhere/history"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("cannot use history /nowhere/history"));
}

#[test]
fn what_a_script_holds_is_limited() {
    let folder = folder();
    let file = recording(folder.path());
    let run = |script: &str| {
        heapy_host(&["query", file.to_str().unwrap(), "--memory-limit", "16", "--time-limit", "60s", "-e", script])
    };
    let sets = run("const kept = []; for (;;) kept.push(hp.heap());");
    assert_eq!(sets.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&sets.stderr).contains("memory"), "{}", String::from_utf8_lossy(&sets.stderr));
    let columns = run("const kept = []; for (;;) kept.push(hp.heap().sizes());");
    assert_eq!(columns.status.code(), Some(1));
    let dropped = run("for (let i = 0; i < 100000; i++) hp.heap(); return 'all dropped'");
    assert_eq!(String::from_utf8_lossy(&dropped.stdout), "all dropped\n");
    let released = run("for (let i = 0; i < 100000; i++) hp.heap()[Symbol.dispose](); return 'released'");
    assert_eq!(String::from_utf8_lossy(&released.stdout), "released\n");
    let later =
        run("const { by } = hp.heap(); const rows = hp.heap().objects(); return by('Type').count + [...rows].length");
    assert_eq!(String::from_utf8_lossy(&later.stdout), "28\n", "{}", String::from_utf8_lossy(&later.stderr));
}

/// What a script may try in order to leave its bounds.
const HOSTILE: &[&str] = &[
    "let a = {}; for (let i = 0; i < 1e5; i++) a = {a}; return JSON.stringify(a)",
    "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return JSON.stringify(a, ['x'])",
    "let a = {}; for (let i = 0; i < 1e5; i++) a = {a}; return a",
    "JSON.parse('['.repeat(1e6))",
    "/(a+)+$/.test('a'.repeat(60) + 'b')",
    "new Array(2 ** 32 - 1).fill(0)",
    "'x'.padEnd(2 ** 30)",
    "function f() { try { f() } finally { f() } } f()",
    "Array.prototype.map = null; return hp.heap()",
    "JSON.parse = null; return hp.heap()",
    "Array.prototype[Symbol.iterator] = null; return [...hp.heap()]",
    "Error.prepareStackTrace = () => { for (;;); }; nope.x",
    "throw { toString() { throw 1 } }",
    "throw { get name() { for (;;); } }",
    "({ get x() { for (;;); } })",
    "new Proxy({}, { get() { return hp }, ownKeys() { throw 1 } })",
    "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.x",
    "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
    "hp.heap().by('Type&'.repeat(1000) + 'Colour')",
    "hp.iso(1e300)",
];

#[test]
fn hostile_scripts_end_with_an_error_and_take_nothing_along() {
    let folder = folder();
    let file = recording(folder.path());
    let query = |json: &str, script: &str| {
        let limits = ["--time-limit", "300ms", "--memory-limit", "64"];
        heapy_host(&[&["query", file.to_str().unwrap(), json, script][..], &limits].concat())
    };
    for script in HOSTILE {
        for json in ["-e", "--json"] {
            let output = if json == "-e" { query("-e", script) } else { query("--json", &format!("-e{script}")) };
            let errors = String::from_utf8_lossy(&output.stderr);
            let ended = matches!(output.status.code(), Some(0 | 1));
            assert!(ended && !errors.contains("panicked"), "{script}: {:?} {errors}", output.status);
        }
    }
    let odd = query("-e", "Object.prototype.v = 1; return hp.heap().count");
    assert_eq!(String::from_utf8_lossy(&odd.stdout), "14\n");
    let shown = query("-e", "JSON.stringify([{ a: 1, b: 2 }], ['a']) + JSON.stringify({ a: [undefined] }, null, 1)");
    assert_eq!(String::from_utf8_lossy(&shown.stdout), "[{\"a\":1}]{\n \"a\": [\n  null\n ]\n}\n");
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

/// A program that makes the same three texts again and again.
const DUPLICATES: &str = r#"
use std::sync::Mutex;
static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());
fn main() {
    let names = (0..300).map(|number| format!("customer of region {}", number % 3));
    NAMES.lock().unwrap().extend(names.chain([String::from("the only one")]));
}
"#;

#[test]
fn duplicated_strings_of_a_guest_are_found_by_the_guides_example() {
    let folder = folder();
    let (source, guest) = (folder.path().join("duplicates.rs"), folder.path().join("duplicates.wasm"));
    std::fs::write(&source, DUPLICATES).unwrap();
    let mut compiler = Command::new("rustc");
    compiler.args(["--edition", "2024", "--target", "wasm32-wasip1", "-g", "-O", "-o"]).arg(&guest).arg(&source);
    let compiled = compiler.stderr(Stdio::null()).status();
    if !compiled.is_ok_and(|status| status.success()) {
        eprintln!("skipped: rustc has no target wasm32-wasip1");
        return;
    }
    let (file, script) = (folder.path().join("run.heapy"), folder.path().join("duplicates.js"));
    answer(&["record", "--contents", "-o", file.to_str().unwrap(), guest.to_str().unwrap()]);
    let (_, example, _) = examples().into_iter().find(|(page, ..)| page.ends_with("duplicate-strings.md")).unwrap();
    std::fs::write(&script, example).unwrap();
    let printed = answer(&["query", file.to_str().unwrap(), script.to_str().unwrap()]);
    let lines: Vec<&str> = printed.lines().collect();
    let saved: u64 = lines[0].split(' ').next().unwrap().parse().unwrap();
    assert!(saved >= 99 * 20 && saved.is_multiple_of(99), "{printed}");
    for (line, region) in lines.iter().zip(0..3) {
        let expected = format!("{saved} bytes: 100 x \"customer of region {region}\" from ");
        assert!(line.starts_with(&expected) && line.contains("duplicates.rs:5"), "{printed}");
    }
    let total = format!("301 texts, 3 of them there more than once; {} bytes wasted", 3 * saved);
    assert_eq!(lines[3], total);
    assert_eq!(lines.len(), 4, "{printed}");
}

/// The package's program as `cargo xtask npm` packs it; none where the wasm module or node is missing.
fn package(folder: &Path) -> Option<PathBuf> {
    let www = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www");
    if !www.join("dist/inspector_bg.wasm").exists() || Command::new("node").arg("--version").output().is_err() {
        return None;
    }
    for name in ["api.js", "open.js", "node.js", "query.js", "package.json"] {
        std::fs::copy(www.join("js").join(name), folder.join(name)).unwrap();
    }
    for name in ["inspector.js", "inspector_bg.wasm"] {
        std::fs::copy(www.join("dist").join(name), folder.join(name)).unwrap();
    }
    Some(folder.join("query.js"))
}

fn node(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new("node").arg(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn node_prints_the_same_as_the_host() {
    let folder = folder();
    let Some(program) = package(folder.path()) else {
        eprintln!("skipped: the package needs node and `cargo xtask ui`");
        return;
    };
    let file = recording(folder.path());
    for (page, script, expected) in examples() {
        let path = folder.path().join("example.js");
        std::fs::write(&path, &script).unwrap();
        let printed = node(&program, &[file.to_str().unwrap(), path.to_str().unwrap()]);
        assert_eq!(printed.trim_end(), expected, "{page}");
    }
    for expression in ["hp.heap()", "hp.heap().byprod", "hp.heapu()", "hp.heap()[0].sp", "[...hp.heap()]", "hp.doc"] {
        let printed = node(&program, &[file.to_str().unwrap(), "-e", expression]);
        assert_eq!(printed, query(&file, expression), "{expression}");
    }
}
