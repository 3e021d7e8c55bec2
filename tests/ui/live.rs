//! A guest that keeps running while its page is open: clock, figures, snapshots on request, its end.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use crate::browser::Inspector;
use crate::{SMALL, browser};

/// Allocates a block of 48 bytes for each byte on its stdin and holds it in a list; ends with its stdin.
const GUEST: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (global $next (mut i32) (i32.const 4096))
  (global $list (export "list") (mut i32) (i32.const 0))
  (data (i32.const 0) "\10\00\00\00\01\00\00\00")
  (func $malloc (export "malloc") (param $size i32) (result i32)
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (i32.add (local.get $size) (i32.const 16)))))
  (func (export "free") (param i32))
  (func $hold (local $block i32)
    (local.set $block (call $malloc (i32.const 48)))
    (i32.store (local.get $block) (global.get $list))
    (global.set $list (local.get $block)))
  (func (export "_start")
    (loop $again
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (if (i32.load (i32.const 8)) (then (call $hold) (br $again))))))"#;

/// A running `heapy-host` with the guest's stdin.
struct Running {
    host: Child,
    stdin: ChildStdin,
    url: String,
    /// Blocks that the guest was asked for.
    allocated: usize,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let guest = folder.path().join("ticker.wasm");
        std::fs::write(&guest, wat::parse_str(GUEST).expect("a module")).expect("the guest is written");
        let mut host = Command::new(env!("CARGO_BIN_EXE_heapy-host"))
            .arg("--quiet")
            .arg(&guest)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("heapy-host starts");
        let (stdin, stderr) = (host.stdin.take().expect("a stdin"), host.stderr.take().expect("a stderr"));
        let mut lines = BufReader::new(stderr).lines();
        let address = |line: String| line.split_once("inspector at ").map(|(_, url)| url.to_owned());
        let url = lines.by_ref().find_map(|line| address(line.expect("a line"))).expect("an address");
        // Nobody else reads what is said later on, and the pipe must not fill.
        std::thread::spawn(move || lines.for_each(drop));
        Self { host, stdin, url, allocated: 0, _folder: folder }
    }

    /// Has the guest allocate.
    fn allocate(&mut self, blocks: usize) {
        self.allocated += blocks;
        self.stdin.write_all(&vec![b'.'; blocks]).expect("the guest reads");
        self.stdin.flush().expect("the guest reads");
    }

    /// Has the guest allocate now and then until the page says something: a request may still be on its way.
    async fn allocate_until(&mut self, inspector: &Inspector, expression: &str) {
        for _ in 0..200 {
            if inspector.value::<bool>(&format!("!!({expression})")).await {
                return;
            }
            self.allocate(1);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never true: {expression}");
    }

    /// Ends the guest, then the host.
    fn end_guest(self) -> Child {
        drop(self.stdin);
        self.host
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_guest_is_watched_and_asked_for_snapshots() {
    if browser::browser_path().is_none() {
        return;
    }
    let mut running = Running::start();
    let Some(inspector) = Inspector::at(&running.url, SMALL).await else { return };
    inspector.wait_for("document.querySelector('.phase.running')?.textContent.startsWith('running')").await;
    inspector.wait_for("document.querySelector('.message')?.innerText.includes('Take a snapshot')").await;

    // The clock goes on by itself.
    let clock: String = inspector.value("document.querySelector('.phase .clock').textContent").await;
    inspector.wait_for(&format!("document.querySelector('.phase .clock').textContent !== {clock:?}")).await;

    // The snapshot is taken when the guest next allocates, before it does; until then the page says what it waits for.
    running.allocate(9);
    inspector.click("button.snapshot").await;
    inspector.wait_for("document.querySelector('.asked')?.textContent.includes('can stop next')").await;
    running
        .allocate_until(&inspector, "document.querySelector('select[aria-label=Snapshot]')?.options.length === 1")
        .await;
    inspector.wait_for("!document.querySelector('.asked')").await;
    let live = "Number(/live .* in (\\d+) blocks/.exec(document.querySelector('.facts').textContent)?.[1] ?? 0)";
    inspector.wait_for(live).await;
    let first: usize = inspector.value(live).await;
    assert!((9..running.allocated).contains(&first), "{first} of {}", running.allocated);

    // What is looked at stays when another snapshot comes; without a selection the page follows the guest.
    inspector.go("#/heap?set=hp.heap().and(hp.Size(48))").await;
    let kept = format!("document.querySelector('.summary')?.textContent.includes('{first} objects')");
    inspector.wait_for(&kept).await;
    inspector.click("button.snapshot").await;
    running
        .allocate_until(&inspector, "document.querySelector('select[aria-label=Snapshot]').options.length === 2")
        .await;
    inspector.wait_for("location.hash.includes('snapshot=1')").await;
    inspector.wait_for(&kept).await;
    inspector.go("#/overview").await;
    inspector.wait_for(&format!("{live} > {first}")).await;
    // The course of the run so far stands above, without another snapshot.
    inspector.wait_for("document.querySelector('.course svg path.live')").await;
    inspector.screenshot("live").await;

    let mut host = running.end_guest();
    inspector.wait_for("document.querySelector('.phase').textContent.startsWith('ended')").await;
    inspector.wait_for("!document.querySelector('button.snapshot')").await;
    inspector.wait_for("document.querySelector('select[aria-label=Snapshot]').options.length === 3").await;
    inspector.close().await;
    // It serves until it is told to stop.
    host.kill().expect("the host is there");
    host.wait().expect("the host ends");
}
