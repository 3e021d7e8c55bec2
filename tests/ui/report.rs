//! The report: the inspector in one file that opens from disk.

use std::process::Command;

use crate::SMALL;
use crate::browser::fixture::{HOSTILE, application, hostile};
use crate::browser::{Inspector, browser_path};

/// Exports a recording as a page, and the page's address.
fn exported(folder: &std::path::Path, name: &str, recording: &[u8]) -> String {
    let (file, page) = (folder.join(name), folder.join("report.html"));
    std::fs::write(&file, recording).expect("the recording is written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_heapy-host"));
    let output =
        command.arg("export").arg(&file).args(["--format", "html", "-o"]).arg(&page).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    format!("file://{}", page.display())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_opens_from_disk_and_answers() {
    if browser_path().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let address = exported(folder.path(), "run.heapy", &application());
    let Some(inspector) = Inspector::at(&address, SMALL).await else { return };
    inspector.wait_for("document.querySelector('.facts')?.textContent.includes('live')").await;
    assert_eq!(inspector.value::<String>("document.querySelector('h1').textContent").await, "run.heapy");
    inspector.go("#/heap").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length > 3").await;
    inspector.press("g").await;
    inspector.press("l").await;
    inspector.wait_for("document.querySelector('table.data')?.textContent.includes('src/main.rs:80')").await;
    inspector.go("#/script").await;
    inspector.write("#script", "hp.heap().count").await;
    inspector.press_button("Run").await;
    inspector.wait_for("document.querySelector('.printed')?.textContent === '302'").await;
    inspector.screenshot("report").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_recording_stays_data() {
    if browser_path().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let address = exported(folder.path(), "a<b>&'x'.heapy", &hostile());
    let Some(inspector) = Inspector::at(&address, SMALL).await else { return };
    inspector.wait_for("document.querySelector('.facts')?.textContent.includes('live')").await;
    assert_eq!(inspector.value::<String>("document.querySelector('h1').textContent").await, "a<b>&'x'.heapy");
    inspector.go("#/heap").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length > 3").await;
    let names = inspector.column(1).await;
    assert!(names.iter().any(|name| name == HOSTILE[0]), "{names:?}");
    assert!(!inspector.value::<bool>("'attacked' in window").await);
    inspector.close().await;
}
