//! A script that does not end is stopped, and the page goes on where it was.

use super::browser::Inspector;
use super::browser::fixture::{Recorded, application};

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_does_not_end_is_stopped() {
    let recorded = Recorded::new(application(), "app.wasm", 2);
    let Some(inspector) = Inspector::open(recorded, (1280, 800)).await else { return };
    inspector.go("#/heap?snapshot=1").await;
    inspector.wait_for("document.querySelector('[role=grid], table')").await;
    inspector.go("#/script?snapshot=1").await;
    let run = async |script: &str, cells: usize| -> String {
        inspector.wait_for("document.querySelector('button.primary:not([disabled])')").await;
        inspector.value::<bool>(&format!("(document.querySelector('#script').value = {script:?}, true)")).await;
        inspector.click("button.primary").await;
        if script.contains("for (;;)") {
            inspector.wait_for("document.querySelector('button.stop')").await;
            inspector.click("button.stop").await;
        }
        inspector.wait_for(&format!("document.querySelectorAll('.cell').length === {cells}")).await;
        inspector.value("document.querySelector('.cell pre').textContent").await
    };
    let before = run("hp.heap().count", 1).await;
    assert_eq!(run("for (;;) {}", 2).await, "stopped");
    assert_eq!(run("hp.heap().count", 3).await, before, "the same snapshot is looked at");
    assert_eq!(run("for (;;) { try { hp.heap() } catch {} }", 4).await, "stopped");
    inspector.go("#/leaks?snapshot=2").await;
    inspector.wait_for("document.querySelector('table, [role=grid]')").await;
    inspector.close().await;
}
