//! How fast the page is with a million objects, by the browser's own clocks. Figures are printed, none fails the test.

use serde::Deserialize;

use crate::SMALL;
use crate::browser::fixture::{Recorded, crowd, large};
use crate::browser::{Inspector, browser_path};

/// Watches the page from its first script on: when a table stands, and which tasks of the main thread are long.
const WATCH: &str = "
  window.seen = { table: null, long: [] };
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.seen.long.push([Math.round(task.startTime), Math.round(task.duration)]);
  }).observe({ type: 'longtask', buffered: true });
  (function look() {
    if (document.querySelector('table tbody tr')) window.seen.table = performance.now();
    else requestAnimationFrame(look);
  })();
";

/// Scrolls through the table for a second and gives the times between frames.
const SCROLL: &str = "(async () => {
  const box = document.querySelector('.scroll');
  const frames = [];
  let last = performance.now();
  const begun = last;
  while (last - begun < 1000) {
    box.scrollTop += 137;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  frames.sort((one, other) => one - other);
  return { median: frames[frames.length >> 1], slow: frames[Math.floor(frames.length * 0.95)], count: frames.length };
})()";

/// Times between frames in milliseconds.
#[derive(Deserialize)]
struct Frames {
    median: f64,
    slow: f64,
    count: u32,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_objects_are_looked_at() {
    if browser_path().is_none() {
        return;
    }
    let recording = large();
    let bytes = recording.len();
    let source = Recorded::new(recording, "large.wasm", 1);
    let Some(inspector) = Inspector::open_watched(source, SMALL, WATCH).await else { return };
    inspector.wait_for("window.seen.table").await;
    let first: f64 = inspector.value("window.seen.table").await;
    let long: Vec<(u64, u64)> = inspector.value("window.seen.long").await;
    eprintln!("{bytes} bytes of recording: the first table stands after {first:.0} ms; long tasks (at, ms): {long:?}");
    inspector.go("#/heap?by=Id").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('rows')").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length > 20 && !document.querySelector('.progress')").await;
    let rows: String = inspector.value("document.querySelector('.summary').textContent").await;
    assert!(rows.starts_with("999,00"), "{rows}");
    let frames: Frames = inspector.value(SCROLL).await;
    eprintln!("scrolling: {} frames, {:.1} ms each, 95 % within {:.1} ms", frames.count, frames.median, frames.slow);
    for view in ["graph", "dominators", "sites", "map", "leaks", "heap?by=Type%26Size"] {
        inspector.value::<bool>("(window.begun = performance.now(), true)").await;
        inspector.go(&format!("#/{view}")).await;
        inspector.wait_for("document.querySelector('tr.row, canvas') && !document.querySelector('.progress')").await;
        let took: f64 = inspector.value("performance.now() - window.begun").await;
        eprintln!("{view}: {took:.0} ms");
    }
    let long: Vec<(u64, u64)> = inspector.value("window.seen.long").await;
    eprintln!("tasks of the main thread above 50 ms: {} {long:?}", long.len());
    let memory: f64 = inspector.value("performance.memory?.usedJSHeapSize ?? 0").await;
    eprintln!("memory of the page's own scripts: {:.0} MB", memory / 1e6);
    inspector.close().await;
}

/// Does something before each frame for a second and gives the times between frames. `STEP` sees the frame's number.
const FRAMES: &str = "(async () => {
  const canvas = document.querySelector('canvas');
  const box = canvas.getBoundingClientRect();
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

/// What a mouse does to a picture, and how that is said.
const GESTURES: [(&str, &str); 3] = [
    ("hovering", "send('mousemove', (frame * 37) % box.width, (frame * 23) % box.height)"),
    ("zooming", "wheel(frame % 40 < 20 ? -100 : 100)"),
    ("moving", "if (frame === 0) send('mousedown', 100, 100); send('mousemove', 100 + frame * 3, 100 + frame)"),
];

async fn gestures(inspector: &Inspector, picture: &str) {
    for (word, step) in GESTURES {
        let frames: Frames = inspector.value(&FRAMES.replace("STEP", step)).await;
        assert!(frames.count > 3, "the page stands still");
        eprintln!(
            "{picture}, {word}: {} frames, {:.1} ms each, 95 % within {:.1} ms",
            frames.count, frames.median, frames.slow
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dense_pictures_move_smoothly() {
    if browser_path().is_none() {
        return;
    }
    let source = Recorded::new(crowd(999, 3), "crowd.wasm", 1);
    let Some(inspector) = Inspector::open_watched(source, SMALL, WATCH).await else { return };
    inspector.go("#/graph?set=hp.iso(0x8000)&most=2000&levels=4").await;
    inspector.wait_for("document.querySelector('canvas') && !document.querySelector('.progress')").await;
    let size: String = inspector.value("document.querySelector('.summary').textContent").await;
    assert!(size.starts_with("2,000 nodes"), "{size}");
    gestures(&inspector, &format!("graph of {size}")).await;
    inspector.screenshot("graph-2000").await;
    let long: Vec<(u64, u64)> = inspector.value("window.seen.long").await;
    eprintln!("tasks of the main thread above 50 ms: {} {long:?}", long.len());
    inspector.close().await;

    let source = Recorded::new(crowd(50_000, 17), "crowd.wasm", 1);
    let Some(inspector) = Inspector::open_watched(source, SMALL, WATCH).await else { return };
    inspector.go("#/sites").await;
    inspector.wait_for("document.querySelector('canvas') && !document.querySelector('.progress')").await;
    let size: String = inspector.value("document.querySelector('.summary').textContent").await;
    gestures(&inspector, &format!("flame graph of {size}")).await;
    inspector.screenshot("sites-100000").await;
    let long: Vec<(u64, u64)> = inspector.value("window.seen.long").await;
    eprintln!("tasks of the main thread above 50 ms: {} {long:?}", long.len());
    inspector.close().await;
}
