//! How fast the page is with a million objects and with dense pictures, by the browser's own tracing. Figures are printed,
//! none fails the test.

use serde::Deserialize;

use crate::SMALL;
use crate::browser::fixture::{Recorded, crowd, large};
use crate::browser::{Inspector, browser_path};
use crate::trace::Tasks;

/// Watches the page from its first script on: when a table stands.
const WATCH: &str = "
  window.seen = { table: null };
  (function look() {
    if (document.querySelector('table tbody tr')) window.seen.table = performance.now();
    else requestAnimationFrame(look);
  })();
";

/// Does something before each frame for a second and gives the times between frames. `STEP` sees the frame's number, and
/// how to send events of the mouse to a picture.
const FRAMES: &str = "(async () => {
  const canvas = document.querySelector('canvas');
  const box = canvas?.getBoundingClientRect();
  const send = (type, x, y) => canvas.dispatchEvent(new MouseEvent(type,
    { bubbles: true, clientX: box.x + x, clientY: box.y + y }));
  const wheel = (delta) => canvas.dispatchEvent(new WheelEvent('wheel',
    { bubbles: true, deltaY: delta, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 }));
  const frames = [];
  let last = performance.now();
  const begun = last;
  for (let frame = 0; last - begun < 1000; frame++) {
    STEP;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  frames.sort((one, other) => one - other);
  return { median: frames[frames.length >> 1], slow: frames[Math.floor(frames.length * 0.95)], count: frames.length };
})()";

/// What a table does before each frame.
const SCROLL: &str = "document.querySelector('.scroll').scrollTop += 137";

/// Times between frames in milliseconds.
#[derive(Deserialize)]
struct Frames {
    median: f64,
    slow: f64,
    count: u32,
}

impl Frames {
    /// Times, and the processor's time of the main thread and of all threads for each of them.
    fn summary(&self, tasks: &Tasks) -> String {
        let [own, all] = [tasks.cpu(), tasks.all_cpu].map(|cpu| cpu / f64::from(self.count));
        let (count, median, slow) = (self.count, self.median, self.slow);
        format!(
            "{count} frames, {median:.1} ms each, 95 % within {slow:.1} ms, {own:.1} ms of the main thread, {all:.1} of all"
        )
    }
}

/// Does a step before each frame for a second: the times between frames, and what the main thread did.
async fn frames_of(inspector: &Inspector, step: &str) -> (Frames, Tasks) {
    let trace = inspector.trace().await;
    let frames: Frames = inspector.value(&FRAMES.replace("STEP", step)).await;
    let tasks = inspector.traced(trace).await;
    assert!(frames.count > 3, "the page stands still");
    (frames, tasks)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_objects_are_looked_at() {
    let Some(mut inspector) = Inspector::at("about:blank", SMALL).await else { return };
    let recording = large();
    let bytes = recording.len();
    let trace = inspector.trace().await;
    inspector.visit(Recorded::new(recording, "large.wasm", 1), WATCH).await;
    inspector.wait_for("window.seen.table").await;
    let first: f64 = inspector.value("window.seen.table").await;
    let tasks = inspector.traced(trace).await;
    assert!(tasks.cpu() > 0.0, "the main thread has done something");
    eprintln!("{bytes} bytes of recording: the first table stands after {first:.0} ms; {}", tasks.summary());
    inspector.go("#/heap?by=Id").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('rows')").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length > 20 && !document.querySelector('.progress')").await;
    let rows: String = inspector.value("document.querySelector('.summary').textContent").await;
    assert!(rows.starts_with("999,00"), "{rows}");
    let (frames, tasks) = frames_of(&inspector, SCROLL).await;
    eprintln!("scrolling: {}; {}", frames.summary(&tasks), tasks.summary());
    let trace = inspector.trace().await;
    for view in ["graph", "dominators", "sites", "map", "leaks", "heap?by=Type%26Size"] {
        inspector.value::<bool>("(window.begun = performance.now(), true)").await;
        inspector.go(&format!("#/{view}")).await;
        inspector.wait_for("document.querySelector('tr.row, canvas') && !document.querySelector('.progress')").await;
        let took: f64 = inspector.value("performance.now() - window.begun").await;
        eprintln!("{view}: {took:.0} ms");
    }
    eprintln!("all views: {}", inspector.traced(trace).await.summary());
    let memory: f64 = inspector.value("performance.memory?.usedJSHeapSize ?? 0").await;
    eprintln!("memory of the page's own scripts: {:.0} MB", memory / 1e6);
    inspector.close().await;
}

/// What a mouse does to a picture, and how that is said.
const GESTURES: [(&str, &str); 3] = [
    ("hovering", "send('mousemove', (frame * 37) % box.width, (frame * 23) % box.height)"),
    ("zooming", "wheel(frame % 40 < 20 ? -100 : 100)"),
    ("moving", "if (frame === 0) send('mousedown', 100, 100); send('mousemove', 100 + frame * 3, 100 + frame)"),
];

async fn gestures(inspector: &Inspector, picture: &str) {
    for (word, step) in GESTURES {
        let (frames, tasks) = frames_of(inspector, step).await;
        eprintln!("{picture}, {word}: {}", frames.summary(&tasks));
    }
}

/// Opens a recording and a picture of it, and moves it.
async fn picture_of(recording: Vec<u8>, fragment: &str, name: &str, expected: &str) {
    let Some(mut inspector) = Inspector::at("about:blank", SMALL).await else { return };
    let trace = inspector.trace().await;
    inspector.visit(Recorded::new(recording, "crowd.wasm", 1), WATCH).await;
    inspector.go(fragment).await;
    inspector.wait_for("document.querySelector('canvas') && !document.querySelector('.progress')").await;
    let size: String = inspector.value("document.querySelector('.summary').textContent").await;
    assert!(size.contains(expected), "{size}");
    eprintln!("{fragment}, {size}: {}", inspector.traced(trace).await.summary());
    gestures(&inspector, name).await;
    inspector.screenshot(name).await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dense_pictures_move_smoothly() {
    if browser_path().is_none() {
        return;
    }
    let graph = "#/graph?set=hp.iso(0x8000)&most=2000&levels=4";
    picture_of(crowd(999, 3), graph, "graph-2000", "2,000 nodes").await;
    // Boxes that no screen could show are not drawn; the summary says how many.
    picture_of(crowd(50_000, 17), "#/sites", "sites-100000", "too narrow to be seen").await;
}
