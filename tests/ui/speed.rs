//! How fast the page is with a million objects, by the browser's own clocks. Figures are printed, none fails the test.

use serde::Deserialize;

use crate::SMALL;
use crate::browser::fixture::{Recorded, large};
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
