//! The gate: exit codes, rules from file and command line, baselines, and every form of report.
#![allow(clippy::unwrap_used, reason = "a test program")]

mod sample;

use std::path::Path;
use std::process::Command;

use sample::recording;
use serde_json::Value;

/// Exit code and report of a check in a folder that holds the sample.
fn check(folder: &Path, options: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heapy-host"));
    let output = command.current_dir(folder).arg("check").args(options).arg("sample.heapy").output().unwrap();
    assert!(output.stdout.is_empty(), "stdout is the guest's");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    recording(folder.path());
    folder
}

#[test]
fn leaks_fail_unless_they_are_allowed_or_known() {
    let folder = folder();
    let (code, report) = check(folder.path(), &[]);
    assert_eq!(code, 1, "{report}");
    assert!(report.contains("2 blocks of app::Session leaked"), "{report}");
    assert!(report.contains("allocated at src/net.rs:40"), "{report}");
    assert!(report.ends_with("check failed: 1 finding, 1 rule\n"), "{report}");
    assert_eq!(check(folder.path(), &["--allow-leaks"]).0, 0);
    assert_eq!(check(folder.path(), &["--suppress", "src/net.rs:*=known"]).0, 0);
    let (code, report) = check(folder.path(), &["--suppress", "*=known", "--suppress", "gone::Kind=old"]);
    assert_eq!(code, 0, "{report}");
    assert!(report.contains("suppress 2 fits no leak any more: old"), "{report}");
}

#[test]
fn limits_are_exact() {
    let folder = folder();
    let run = |options: &[&str]| check(folder.path(), &[&["--allow-leaks"], options].concat());
    assert_eq!(run(&["--max-live", "1086", "--max-live-blocks", "15", "--max-peak", "4KiB"]).0, 0);
    assert_eq!(run(&["--max-live", "1085"]).0, 1);
    assert_eq!(run(&["--max-live-blocks", "14"]).0, 1);
    assert_eq!(run(&["--max-peak", "4095"]).0, 1);
    let (code, report) = run(&["--max-growth", "798"]);
    assert_eq!(code, 1, "{report}");
    assert!(report.contains("799 bytes, 798 allowed"), "{report}");
    assert!(report.contains("512 bytes in 1 block of [u8] more, from src/net.rs:77"), "{report}");
    assert_eq!(run(&["--max-growth", "799"]).0, 0);
}

#[test]
fn rules_are_read_from_the_folders_file() {
    let folder = folder();
    let rules = |text: &str| std::fs::write(folder.path().join("heapy.toml"), text).unwrap();
    rules("[check]\nleaks = \"allow\"\n[[check.limit]]\nkind = \"app::Entry\"\ncount = 3\nsnapshot = \"call:mark\"");
    assert_eq!(check(folder.path(), &[]).0, 0);
    rules("[check]\nleaks = \"allow\"\n[[check.limit]]\nkind = \"app::Entry\"\ncount = 3");
    let (code, report) = check(folder.path(), &[]);
    assert_eq!(code, 1);
    assert!(report.contains("app::Entry 5 blocks, 3 allowed"), "{report}");
    for (text, message) in [
        ("[check]\nmax-lives = 3", "max-lives"),
        ("[check]\nmax-live = \"3 KB\"", "3 KB"),
        ("[[check.suppress]]\nkind = \"a\"", "suppress 1 gives no reason"),
        ("[[check.growth]]\nfrom = 7\nbytes = 0", "asks for snapshot 7"),
    ] {
        rules(text);
        let (code, report) = check(folder.path(), &[]);
        assert_eq!(code, 2, "{report}");
        assert!(report.contains(message), "{report}");
    }
}

#[test]
fn a_baseline_is_made_and_kept() {
    let folder = folder();
    let run =
        |options: &[&str]| check(folder.path(), &[&["--allow-leaks", "--baseline", "heap.json"], options].concat());
    assert_eq!(run(&[]).0, 2, "there is no baseline yet");
    assert_eq!(run(&["--update"]).0, 0);
    assert_eq!(run(&[]).0, 0);
    let path = folder.path().join("heap.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut baseline: Value = serde_json::from_str(&text).unwrap();
    baseline["snapshots"][1]["rows"][0]["count"] = 0.into();
    std::fs::write(&path, baseline.to_string()).unwrap();
    let (code, report) = run(&[]);
    assert_eq!(code, 1, "{report}");
    assert!(report.contains("the baseline has 0 blocks"), "{report}");
    std::fs::write(&path, text.replace("\"format\": 1", "\"format\": 9")).unwrap();
    assert_eq!(run(&[]).0, 2);
}

#[test]
fn rules_in_javascript_see_every_snapshot() {
    let folder = folder();
    let rules = |text: &str| std::fs::write(folder.path().join("rules.js"), text).unwrap();
    let run = || check(folder.path(), &["--allow-leaks", "--script", "rules.js"]);
    rules(
        "const more = hp.heap().count - hp.snapshot(1).heap().count;\nif (more > 4) fail(`${more} objects more`);\nnote('seen');",
    );
    let (code, report) = run();
    assert_eq!(code, 1, "{report}");
    assert!(report.contains("failure [script] 5 objects more"), "{report}");
    assert!(report.contains("note [script] seen"), "{report}");
    rules("hp.heap().count");
    assert_eq!(run().0, 0);
    rules("hp.nothing.here");
    let (code, report) = run();
    assert_eq!(code, 1, "{report}");
    assert!(report.contains("the rules did not run"), "{report}");
}

#[test]
fn reports_have_the_forms_that_other_programs_read() {
    let folder = folder();
    let report = |format: &str| {
        let (code, _) = check(folder.path(), &["--format", format, "--report", "report"]);
        assert_eq!(code, 1);
        std::fs::read_to_string(folder.path().join("report")).unwrap()
    };
    let json: Value = serde_json::from_str(&report("json")).unwrap();
    assert_eq!(json["schema"], "heapy-check/1");
    assert_eq!((&json["findings"][0]["count"], &json["findings"][0]["size"]), (&2.into(), &144.into()));
    let junit = report("junit");
    assert!(junit.starts_with("<?xml"), "{junit}");
    assert!(junit.contains("<testcase classname=\"heapy\" name=\"leaks\">"), "{junit}");
    let annotations = report("github");
    assert!(
        annotations.starts_with("::error file=src/net.rs,line=40,title=heapy-host check%3A leaks::"),
        "{annotations}"
    );
}

/// Exit code and report of a check of a real guest, a C++ program that leaks seven dogs.
fn check_zoo(folder: &Path, options: &[&str]) -> (i32, String) {
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/guests/out/zoo.wasm");
    let mut command = Command::new(env!("CARGO_BIN_EXE_heapy-host"));
    let output = command.current_dir(folder).arg("check").args(options).arg(guest).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_guest_is_run_and_its_leaks_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (code, report) = check_zoo(folder.path(), &[]);
    assert_eq!(code, 1, "{report}");
    assert!(report.contains("7 blocks of Dog leaked"), "{report}");
    assert!(report.contains("(112 bytes), allocated at ./cpp/zoo.cpp:55"), "{report}");
    let (code, report) = check_zoo(folder.path(), &["--suppress", "Dog=they run away", "--max-live", "4KiB"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(check_zoo(folder.path(), &["--suppress", "Dog=they run away", "--max-live", "1KiB"]).0, 1);
}

#[test]
fn two_runs_of_a_guest_agree_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let marks = ["--snapshot-at", "call:sched_yield", "--snapshot-at", "exit"];
    let run = |more: &[&str]| {
        let rules = ["--allow-leaks", "--baseline", "heap.json", "--max-growth", "0"];
        check_zoo(folder.path(), &[&marks[..], &rules, more].concat())
    };
    assert_eq!(run(&["--update"]).0, 0);
    let baseline = std::fs::read(folder.path().join("heap.json")).unwrap();
    let (code, report) = run(&[]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(run(&["--update"]).0, 0);
    assert_eq!(std::fs::read(folder.path().join("heap.json")).unwrap(), baseline);
    let (code, report) = check_zoo(folder.path(), &["--allow-leaks", "--baseline", "heap.json"]);
    assert_eq!(code, 1, "{report}");
    assert!(report.contains("the run made 1 snapshots, the baseline has 3"), "{report}");
}
