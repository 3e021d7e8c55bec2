//! Exports in the viewers whose formats they are.

use std::path::Path;
use std::sync::Arc;

use heapy_engine::Use;
use heapy_host::export::Format;
use serde_json::Value;

use crate::browser::browser_path;
use crate::sample::{heap, npm};
use crate::window::Window;

fn export(format: &str) -> String {
    let hp = Use::new(Arc::new(heap(2)));
    String::from_utf8(format.parse::<Format>().unwrap().encode(&hp).unwrap()).unwrap()
}

/// The parser of Chromium's own developer tools.
const DEVTOOLS: &str = "devtools://devtools/bundled/entrypoints/heap_snapshot_worker/heap_snapshot_worker.js";

const READ_HEAP_SNAPSHOT: &str = r"
(async (text) => {
  const tools = await import(location.href);
  const helper = new tools.HeapSnapshotWorkerDispatcher.HeapSnapshotWorkerDispatcher(() => {});
  const { port1, port2 } = new MessageChannel();
  helper.dispatchMessage({ data: { callId: 1, disposition: 'setupForSecondaryInit', objectId: 1 }, ports: [port2] });
  const loader = new tools.HeapSnapshotLoader.HeapSnapshotLoader({ sendEvent() {} });
  loader.write(text);
  loader.close();
  const snapshot = await loader.buildSnapshot(port1);
  const classes = Object.values(snapshot.getAggregatesByClassKey(false, 'all'));
  const found = classes.map(({ name, count, self, maxRet }) => [name, { count, self, retained: maxRet }]);
  return JSON.stringify({ nodes: snapshot.nodeCount, classes: Object.fromEntries(found) });
})";

#[tokio::test(flavor = "multi_thread")]
async fn heap_snapshots_open_in_the_developer_tools() {
    let Some(window) = Window::open(DEVTOOLS).await else { return };
    let text = serde_json::to_string(&export("heapsnapshot")).unwrap();
    let found: Value = serde_json::from_str(&window.text(&format!("{READ_HEAP_SNAPSHOT}({text})")).await).unwrap();
    let class = |name: &str| &found["classes"][name];
    assert_eq!((&class("app::Entry")["count"], &class("app::Entry")["self"]), (&5.into(), &240.into()), "{found}");
    assert_eq!(class("app::Session")["count"], 2, "leaked blocks are kept: {found}");
    assert_eq!(class("app::Cache")["retained"], 942, "the same as domisize: {found}");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_open_in_speedscope() {
    if browser_path().is_none() {
        return;
    }
    let Some(clients) = npm("speedscope@1.25.0") else {
        eprintln!("skipped: speedscope of npm cannot be had");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("profile.js");
    let bytes: Vec<String> = export("speedscope").bytes().map(|byte| byte.to_string()).collect();
    let bytes = bytes.join(",");
    let load = format!("speedscope.loadFileFromBase64('a.json', btoa(String.fromCharCode({bytes})))");
    std::fs::write(&script, load).unwrap();
    let page = clients.join("node_modules/speedscope/dist/release/index.html");
    let address = format!("file://{}#localProfilePath={}", page.display(), script.display());
    let Some(window) = Window::open(&address).await else { return };
    let shown = window.text("document.title.includes('app - ') ? document.body.innerText : null").await;
    assert!(shown.contains("live bytes, snapshot 2"), "{shown}");
    window.close().await;
}

/// Where Debian puts the viewer of Valgrind's DHAT.
const DHAT_VIEWER: &str = "/usr/libexec/valgrind/dh_view.html";

const OPEN_IN_DHAT: &str = r"
((text) => {
  const input = document.querySelector('input[type=file]');
  const files = new DataTransfer();
  files.items.add(new File([text], 'heap.dhat'));
  input.files = files.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
  return 'opened';
})";

#[tokio::test(flavor = "multi_thread")]
async fn profiles_open_in_the_viewer_of_dhat() {
    if !Path::new(DHAT_VIEWER).is_file() {
        eprintln!("skipped: no viewer of DHAT; install it with `sudo apt-get install valgrind`");
        return;
    }
    let Some(window) = Window::open(&format!("file://{DHAT_VIEWER}")).await else { return };
    let text = serde_json::to_string(&export("dhat")).unwrap();
    window.text(&format!("{OPEN_IN_DHAT}({text})")).await;
    let shown = window.text("document.body.innerText.includes('Live at') ? document.body.innerText : null").await;
    assert!(shown.contains("1,086 bytes (100%") && shown.contains("in 15 blocks (100%"), "{shown}");
    assert!(shown.contains("app::net::read (src/net.rs:77"), "{shown}");
    window.close().await;
}
