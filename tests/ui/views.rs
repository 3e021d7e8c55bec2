//! Every view's own click paths.

use crate::SMALL;
use crate::browser::Inspector;
use crate::browser::fixture::{Recorded, application, growing};

pub(crate) async fn at(fragment: &str) -> Option<Inspector> {
    let inspector = Inspector::open(Recorded::new(application(), "app.wasm", 2), SMALL).await?;
    inspector.go(fragment).await;
    Some(inspector)
}

/// Nothing has failed, and the page is where its address says.
pub(crate) async fn arrives(inspector: &Inspector, view: &str) {
    inspector.wait_for(&format!("location.hash.startsWith('#/{view}')")).await;
    inspector.wait_for("document.querySelector('tr.row, canvas, .figures, .message, textarea')").await;
    inspector.wait_for("!document.querySelector('.progress')").await;
    assert!(!inspector.value::<bool>("!!document.querySelector('.failed')").await, "{view} failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_the_overview_leads_on() {
    let Some(inspector) = at("#/overview").await else { return };
    inspector.wait_for("document.querySelectorAll('table.short').length === 5").await;
    let links =
        "Array.from(document.querySelectorAll('.figure, table.short a, .page p a, .marks a'), link => link.hash)";
    let links: Vec<String> = inspector.value(links).await;
    assert!(links.len() > 20, "{links:?}");
    for link in links {
        inspector.go(&link).await;
        let view = link.trim_start_matches("#/").split('?').next().unwrap_or_default().to_owned();
        arrives(&inspector, &view).await;
    }
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_course_of_the_run_tells_why_memory_grew() {
    let source = Recorded::new(growing(), "app.wasm", 3);
    let Some(inspector) = Inspector::open(source, SMALL).await else { return };
    inspector.wait_for("document.querySelectorAll('.growths tbody tr').length === 2").await;
    let said: String = inspector.value("document.querySelector('.growths').textContent").await;
    assert!(said.contains("as much lay free, but in no single extent"), "{said}");
    assert!(said.contains("app::read_request src/main.rs:80 < main"), "{said}");
    let points: usize =
        inspector.value("document.querySelector('path.live').getAttribute('d').split('L').length").await;
    assert!(points > 20, "{points}");
    assert_eq!(inspector.value::<u32>("document.querySelectorAll('.chart i.grew').length").await, 2);
    // A mark on the course leads to its snapshot.
    inspector.click(".marks li:nth-child(2) a").await;
    inspector.wait_for("location.hash.includes('snapshot=2')").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_tells_what_it_dominates_and_opens_by_its_kind() {
    let Some(inspector) = at("#/heap").await else { return };
    inspector.wait_for("document.querySelectorAll('tr.row').length > 3").await;
    let row = inspector.column(1).await.iter().position(|name| name == "app::Session").expect("a row of sessions");
    let cell = format!("document.querySelectorAll('tr.row')[{row}].cells[5].textContent");
    // Each session holds itself, its name and its buffer: 100 x (48 + 24) + 20 x (64 + 72 + 80 + 88 + 96).
    inspector.wait_for(&format!("{cell} === '15,200'")).await;
    inspector.open_row(&format!("#row-{row}")).await;
    inspector.wait_for("decodeURIComponent(location.hash).includes('hp.heap().and(hp.Type(\"app::Session\"))')").await;
    // The same kind in the other snapshot.
    inspector.choose("select[aria-label=Snapshot]", "snapshot 1").await;
    inspector.wait_for("document.querySelector('.summary').textContent.startsWith('40 rows')").await;
    inspector.value::<bool>("(history.back(), true)").await;
    inspector.wait_for("document.querySelector('.summary').textContent.startsWith('100 rows')").await;
    inspector.value::<bool>("(history.forward(), true)").await;
    inspector.wait_for("document.querySelector('.summary').textContent.startsWith('40 rows')").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_are_named_and_combined() {
    let Some(inspector) = at("#/heap?set=hp.heap().and(hp.Type(%22app::Session%22))").await else { return };
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('100 objects')").await;
    inspector.press("n").await;
    inspector.write(".naming input", "sessions").await;
    inspector.value::<bool>("(document.querySelector('.naming').requestSubmit(), true)").await;
    inspector.wait_for("!document.querySelector('.naming')").await;
    inspector.go("#/heap").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('302 objects')").await;
    inspector.choose("select.combine", "minus sessions").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('202 objects')").await;
    inspector.choose("select.combine", "or the leaks").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('209 objects')").await;
    // Names outlive the page, and each step of the expression is a link.
    inspector.reload().await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('209 objects')").await;
    inspector.choose("select.combine", "show sessions").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('100 objects')").await;
    inspector.choose("select.combine", "forget sessions").await;
    inspector.wait_for("!document.querySelector('select.combine').textContent.includes('sessions')").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaks_open_as_sets() {
    let Some(inspector) = at("#/leaks").await else { return };
    inspector.open_row("#row-0").await;
    arrives(&inspector, "heap").await;
    inspector.wait_for("document.querySelector('.summary').textContent.startsWith('7 rows')").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dominators_are_a_treemap_an_icicle_and_a_table() {
    let Some(inspector) = at("#/dominators").await else { return };
    inspector.press_button("Table").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length > 3").await;
    let names = inspector.column(1).await;
    assert!(names.iter().any(|name| name.contains("app::Session")), "{names:?}");
    inspector.press_button("Icicle").await;
    inspector.click_picture(0.5, 0.05).await;
    inspector.wait_for("location.hash.includes('top=') || document.querySelector('button.whole')").await;
    inspector.go("#/dominators").await;
    inspector.press_button("Kinds together").await;
    inspector.press_button("Treemap").await;
    inspector.click_picture(0.4, 0.5).await;
    inspector.wait_for("document.querySelector('.details h2')").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_map_leads_to_blocks() {
    let Some(inspector) = at("#/map").await else { return };
    inspector.press_button("As a table").await;
    inspector.choose(".tools select", "4.00 KiB").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length === 32").await;
    let first = "[...document.querySelectorAll('tr.row')].findIndex(row => row.cells[3].textContent !== '0')";
    let row: i64 = inspector.value(first).await;
    inspector.open_row(&format!("#row-{row}")).await;
    // What keeps the page, and from there to a block; both are in the address.
    inspector.wait_for("document.querySelector('.beside')?.innerText.includes('Kept by ')").await;
    let kept: String = inspector.value("document.querySelector('.beside').innerText").await;
    assert!(kept.contains("app::Session 0x8020") && kept.contains("48 bytes, src/main.rs:57"), "{kept}");
    inspector.click(".beside a").await;
    inspector.wait_for("document.querySelector('.details h2')").await;
    inspector.reload().await;
    inspector.wait_for("document.querySelector('.details h2')").await;
    inspector.wait_for(&format!("document.querySelector('.beside')?.innerText === {kept:?}")).await;
    // Where nothing lies the map says so.
    inspector.press_button("As a table").await;
    inspector.screenshot("map-piece").await;
    inspector.click_picture(0.02, 0.02).await;
    inspector.wait_for("document.querySelector('.beside')?.innerText.includes('No block lies here.')").await;
    let wrong = inspector.axe().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    inspector.close().await;
}

/// Puts a recording of the server's into a field for files, or drops it on the page.
const TAKE_FILE: &str = "(async () => {
  const blob = await (await fetch('api/recordings/0')).blob();
  const files = new DataTransfer();
  files.items.add(new File([blob], 'other.heapy'));
  TARGET;
  return true;
})()";

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_compared_and_survivors_found() {
    let source = Recorded::new(growing(), "app.wasm", 3);
    let Some(inspector) = Inspector::open(source, SMALL).await else { return };
    inspector.go("#/compare").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length > 2").await;
    let row = inspector.column(1).await.iter().position(|name| name == "app::Session").expect("sessions have changed");
    inspector.open_row(&format!("#row-{row}")).await;
    arrives(&inspector, "heap").await;
    // Serials beyond the second snapshot's 216: the last third of a session and 28 whole ones.
    inspector.wait_for("document.querySelector('.summary')?.textContent.startsWith('28 rows')").await;
    inspector.value::<bool>("(history.back(), true)").await;
    inspector.click("button.survivors").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('92 objects')").await;

    // Another file beside this one: only sums can be compared.
    inspector.go("#/compare").await;
    inspector.wait_for("document.querySelector('input.beside')").await;
    let put = "const field = document.querySelector('input.beside'); field.files = files.files;
               field.dispatchEvent(new Event('change', {bubbles: true}))";
    inspector.value::<bool>(&TAKE_FILE.replace("TARGET", put)).await;
    inspector.choose("select.since", "other.heapy · snapshot 1").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('sums only')").await;
    let row = inspector.column(1).await.iter().position(|name| name == "app::Session").expect("sessions differ");
    assert_eq!((&*inspector.column(2).await[row], &*inspector.column(3).await[row]), ("40", "100"));
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_dropped_on_the_page() {
    let Some(inspector) = at("#/heap").await else { return };
    let drop = "window.dispatchEvent(new DragEvent('drop', {dataTransfer: files, bubbles: true, cancelable: true}))";
    inspector.value::<bool>(&TAKE_FILE.replace("TARGET", drop)).await;
    inspector.wait_for("document.querySelector('h1').textContent === 'other.heapy'").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length > 3").await;
    let bad = "(async () => { const files = new DataTransfer(); files.items.add(new File(['no recording'], 'bad.heapy'));
      window.dispatchEvent(new DragEvent('drop', {dataTransfer: files, bubbles: true, cancelable: true})); return true; })()";
    inspector.value::<bool>(bad).await;
    inspector.wait_for("document.querySelector('.failed')?.innerText.includes('bad.heapy cannot be opened')").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_are_completed_run_and_looked_at() {
    let Some(inspector) = at("#/script").await else { return };
    inspector.write("#script", "hp.heap().domi").await;
    inspector.wait_for("document.querySelectorAll('.names li').length === 2").await;
    inspector.press("ArrowDown").await;
    inspector.press("Tab").await;
    inspector.wait_for("document.querySelector('#script').value === 'hp.heap().domisize'").await;
    inspector.press_button("Run").await;
    inspector.wait_for("document.querySelector('.printed')?.textContent === '21360'").await;
    inspector
        .value::<bool>(
            "(document.querySelector('#script').value = '', document.querySelector('#script').focus(), true)",
        )
        .await;
    inspector.press("ArrowUp").await;
    inspector.wait_for("document.querySelector('#script').value === 'hp.heap().domisize'").await;
    inspector
        .value::<bool>("(document.querySelector('#script').value = 'hp.heap().and(hp.Type(\"app::Session\"))', true)")
        .await;
    inspector.press_button("Run").await;
    inspector.press_button("As a table").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('100 objects')").await;
    inspector.close().await;
}
