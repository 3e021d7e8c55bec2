//! Graphs of referrers and of calling contexts: what they show, where clicks lead, what their addresses keep.

use crate::SMALL;
use crate::browser::Inspector;
use crate::browser::fixture::{Recorded, crowd};
use crate::views::at;

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_shows_kinds_and_referrers() {
    let Some(inspector) = at("#/graph").await else { return };
    inspector.wait_for("document.querySelector('.summary').textContent.includes('nodes')").await;
    inspector.press_button("As a table").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length > 4").await;
    let referrers = inspector.column(1).await;
    assert!(
        referrers.contains(&"hp.Root".to_owned()) && referrers.contains(&"app::Session".to_owned()),
        "{referrers:?}"
    );
    inspector.go("#/graph?set=hp.heap().and(hp.Type(%22alloc::string::String%22))&table=1").await;
    inspector.wait_for("document.querySelector('tr.row')?.textContent.includes('.name')").await;
    inspector.press_button("As a table").await;
    // The set is the rightmost node, and its referrers stand left of it.
    inspector.click_picture(0.5, 0.5).await;
    inspector.wait_for("!document.querySelector('.failed')").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graph_is_opened_node_by_node() {
    let source = Recorded::new(crowd(40, 2), "crowd.wasm", 1);
    let Some(inspector) = Inspector::open(source, SMALL).await else { return };
    // Of the held block one level: its 40 direct referrers, each of which one more object refers to.
    inspector.go("#/graph?set=hp.iso(0x8000)&levels=1&table=1").await;
    inspector
        .wait_for("document.querySelector('.summary')?.textContent === '42 nodes · 80 edges · there are more'")
        .await;
    let row = "[...document.querySelectorAll('tr.row')].findIndex(row => row.cells[5].textContent === '1')";
    let row: i64 = inspector.value(row).await;
    inspector.open_row(&format!("#row-{row}")).await;
    inspector
        .wait_for("document.querySelector('.summary')?.textContent === '43 nodes · 82 edges · there are more'")
        .await;
    // What was opened is in the address.
    inspector.reload().await;
    inspector
        .wait_for("document.querySelector('.summary')?.textContent === '43 nodes · 82 edges · there are more'")
        .await;
    inspector.choose("main .tools label:nth-of-type(1) select", "2").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.startsWith('60 nodes')").await;
    inspector.choose("main .tools label:nth-of-type(2) select", "2000").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent === '82 nodes · 160 edges'").await;
    let paths: String = inspector.value("document.querySelector('.beside').textContent").await;
    assert!(paths.contains("40") && paths.contains("hp.Root"), "{paths}");
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sites_are_searched_turned_and_zoomed() {
    let Some(inspector) = at("#/sites").await else { return };
    inspector.press_button("As a table").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length > 3").await;
    assert!(!inspector.column(1).await.iter().any(|name| name.contains("exchange_malloc")));
    inspector.press_button("Library frames").await;
    inspector.wait_for("document.querySelector('table.data').textContent.includes('exchange_malloc')").await;
    inspector.press_button("From the allocating line").await;
    inspector.wait_for("document.querySelectorAll('tr.row')[1].textContent.includes('exchange_malloc')").await;
    inspector.write("input[type=search]", "read_request").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length === 1").await;
    inspector.go("#/overview").await;
    inspector.go("#/sites").await;
    inspector.click_picture(0.3, 0.07).await;
    inspector
        .wait_for("[...document.querySelectorAll('button')].some(button => button.textContent.startsWith('Out of'))")
        .await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sites_are_weighed_by_what_the_run_allocated() {
    let Some(inspector) = at("#/sites?table=1").await else { return };
    inspector.wait_for("document.querySelectorAll('tr.row').length > 3").await;
    for (weight, whole) in [
        ("bytes at the peak", "2,800"),
        ("allocated bytes", "4,000"),
        ("temporary allocations", "4"),
        ("allocations", "40"),
    ] {
        inspector.choose("select.weight", weight).await;
        inspector.wait_for(&format!("document.querySelector('tr.row').cells[4].textContent === {whole:?}")).await;
    }
    inspector.wait_for("document.querySelector('.tools .mark')?.textContent === 'whole run'").await;
    // The address keeps it, and back leads to the weight before.
    inspector.reload().await;
    inspector.wait_for("document.querySelector('tr.row')?.cells[4].textContent === '40'").await;
    inspector.value::<bool>("(history.back(), true)").await;
    inspector.wait_for("document.querySelector('tr.row').cells[4].textContent === '4'").await;
    inspector.close().await;
    // Where nothing was counted it cannot be chosen.
    let source = Recorded::new(crowd(4, 2), "crowd.wasm", 1);
    let Some(inspector) = Inspector::open(source, SMALL).await else { return };
    inspector.go("#/sites").await;
    inspector.wait_for("document.querySelectorAll('select.weight option:disabled').length === 4").await;
    inspector.close().await;
}
