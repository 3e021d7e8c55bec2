//! Rows that are selected together, and what can be done with them, by mouse and by keyboard.

use crate::browser::Inspector;
use crate::views::at;

const SELECTED: &str = "[...document.querySelectorAll('tr[aria-selected=true]')].map(row => row.id).join(' ')";

/// Clicks a row while a modifier is held.
async fn click_with(inspector: &Inspector, row: usize, modifier: &str) {
    let event = format!("new MouseEvent('click', {{bubbles: true, {modifier}: true}})");
    inspector.value::<bool>(&format!("document.querySelector('#row-{row}').dispatchEvent({event})")).await;
}

/// Holds shift while a key is pressed on the table.
async fn press_shifted(inspector: &Inspector, key: &str) {
    let event =
        format!("new KeyboardEvent('keydown', {{key: {key:?}, shiftKey: true, bubbles: true, cancelable: true}})");
    inspector.value::<bool>(&format!("(document.activeElement.dispatchEvent({event}), true)")).await;
}

async fn selected(inspector: &Inspector, rows: &str) {
    inspector.wait_for(&format!("{SELECTED} === {rows:?}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_selected_together_with_the_mouse() {
    let Some(inspector) = at("#/heap").await else { return };
    inspector.wait_for("document.querySelectorAll('tr.row').length > 3").await;
    inspector.click("#row-0").await;
    selected(&inspector, "row-0").await;
    click_with(&inspector, 2, "ctrlKey").await;
    selected(&inspector, "row-0 row-2").await;
    click_with(&inspector, 0, "ctrlKey").await;
    selected(&inspector, "row-2").await;
    inspector.click("#row-1").await;
    click_with(&inspector, 3, "shiftKey").await;
    selected(&inspector, "row-1 row-2 row-3").await;

    // The menu of a row that is not selected is about that row alone.
    let menu = |row: usize| {
        let event = "new MouseEvent('contextmenu', {bubbles: true, cancelable: true, clientX: 300, clientY: 200})";
        format!("(document.querySelector('#row-{row}').dispatchEvent({event}), true)")
    };
    inspector.value::<bool>(&menu(2)).await;
    inspector.wait_for("document.querySelector('[role=menu]')?.getAttribute('aria-label') === '3 rows selected'").await;
    let wrong = inspector.axe().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    inspector.screenshot("menu").await;
    inspector.press("Escape").await;
    inspector.wait_for("!document.querySelector('[role=menu]')").await;
    inspector.value::<bool>(&menu(0)).await;
    inspector
        .wait_for(
            "document.querySelector('[role=menu]') && document.querySelectorAll('tr[aria-selected=true]').length === 1",
        )
        .await;
    inspector.click(".menu-ground").await;
    inspector.wait_for("!document.querySelector('[role=menu]')").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_of_rows_needs_no_mouse() {
    let Some(inspector) = at("#/heap?sort=name").await else { return };
    inspector.wait_for("document.querySelectorAll('tr.row').length > 3").await;
    let names = inspector.column(1).await;
    let row = |wanted: &str| names.iter().position(|name| name == wanted).expect("a row of this name");
    let (strings, list) = (row("alloc::string::String"), row("alloc::vec::Vec<app::Session>"));
    assert_eq!(strings + 1, list, "they stand below each other");
    inspector.press("j").await;
    inspector.press("Home").await;
    for _ in 0..strings {
        inspector.press("j").await;
    }
    press_shifted(&inspector, "ArrowDown").await;
    selected(&inspector, &format!("row-{strings} row-{list}")).await;
    inspector.press(".").await;
    inspector.wait_for("document.activeElement.getAttribute('role') === 'menuitem'").await;
    // All else is left out: strings and the list are 101 of 302 objects.
    inspector.press("m").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('201 objects')").await;
    let line: String = inspector.value("document.querySelector('.crumbs .line').textContent").await;
    assert!(line.starts_with("hp.heap().sub(hp.heap().and(hp.Type(\"alloc::string::String\")).or("), "{line}");
    inspector.value::<bool>("(history.back(), true)").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('302 objects')").await;

    // Space adds a row; arrows go through the menu, and its end is above its beginning.
    inspector.press("j").await;
    inspector.press("Home").await;
    inspector.press("j").await;
    inspector.press(" ").await;
    inspector.press(".").await;
    inspector.wait_for("document.activeElement.getAttribute('role') === 'menuitem'").await;
    inspector.value::<bool>("(navigator.clipboard.writeText = async (text) => { window.copied = text; }, true)").await;
    inspector.press("ArrowUp").await;
    inspector.wait_for("document.activeElement.textContent.startsWith('Copy the line')").await;
    inspector.value::<bool>("(document.activeElement.click(), true)").await;
    inspector.wait_for("window.copied?.startsWith('hp.heap().and(hp.')").await;
    inspector.wait_for("!document.querySelector('[role=menu]')").await;
    // The table has the focus again.
    inspector.wait_for("document.activeElement.getAttribute('role') === 'grid'").await;
    inspector.press(".").await;
    inspector.press("r").await;
    inspector.wait_for("decodeURIComponent(location.hash).includes('.referrers')").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_of_a_set_is_copied() {
    let Some(inspector) = at("#/heap?set=hp.heap().and(hp.Type(%22app::Session%22)).referrers").await else { return };
    inspector.wait_for("document.querySelector('.crumbs .line')").await;
    inspector.value::<bool>("(navigator.clipboard.writeText = async (text) => { window.copied = text; }, true)").await;
    inspector.press("c").await;
    let line = "hp.heap().and(hp.Type(\"app::Session\")).referrers";
    inspector.wait_for(&format!("window.copied === {line:?}")).await;
    inspector.wait_for("document.querySelector('button.copy').textContent === 'Copied'").await;
    // What was copied is a line of the API.
    let count: u64 = inspector.value(&format!("(async () => await {line}.count)()")).await;
    let shown: String = inspector.value("document.querySelector('.summary').textContent").await;
    assert!(shown.contains(&format!("{count} objects")), "{count}: {shown}");
    inspector.close().await;
}
