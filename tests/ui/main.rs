//! The inspector in a real browser: tables, drilling down, details, console, keyboard, hostile names.
//!
//! Any error or warning on the browser's console fails a test. Screenshots are kept in `target/screenshots`.
#![allow(clippy::print_stderr, reason = "a test that is skipped says why")]

#[path = "../browser/mod.rs"]
mod browser;
mod contents;
mod graphs;
mod links;
mod live;
mod pictures;
mod report;
mod rows;
mod speed;
mod stop;
mod trace;
mod views;

use browser::Inspector;
use browser::fixture::{HOSTILE, Recorded, application, hostile};

const SMALL: (u32, u32) = (1280, 800);
const LARGE: (u32, u32) = (1920, 1080);

async fn application_at(size: (u32, u32)) -> Option<Inspector> {
    Inspector::open(Recorded::new(application(), "app.wasm", 2), size).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_read_and_leads_to_an_object() {
    let Some(inspector) = application_at(SMALL).await else { return };
    inspector.go("#/heap").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length > 3").await;
    let names = inspector.column(1).await;
    let row = names.iter().position(|name| name == "app::Session").expect("a row of sessions");
    assert_eq!((&*inspector.column(2).await[row], &*inspector.column(3).await[row]), ("100", "4,800"));

    inspector.open_row(&format!("#row-{row}")).await;
    inspector.wait_for("document.querySelector('.summary').textContent.startsWith('100 rows')").await;
    let crumbs: String = inspector.value("document.querySelector('.crumbs ol').textContent").await;
    assert!(crumbs.contains("app::Session"), "{crumbs}");
    inspector.click("#row-0").await;
    inspector.wait_for("document.querySelector('.details h2')?.textContent === 'app::Session'").await;
    let details: String = inspector.value("document.querySelector('.details').innerText").await;
    assert!(!details.contains("Moved"), "{details}");
    for expected in ["48 bytes", "src/main.rs:57", "app::Session::open", ".name", "hp.Root.", "alloc::string::String"] {
        assert!(details.contains(expected), "{expected} is not in\n{details}");
    }
    inspector.screenshot("object").await;
    // The list that holds them was moved last.
    inspector.go("#/heap?object=1").await;
    inspector.wait_for("document.querySelector('.details h2')?.textContent.includes('Vec')").await;
    let details: String = inspector.value("document.querySelector('.details').innerText").await;
    assert!(details.contains("last by __rust_realloc") && details.contains("Calling context of the move"), "{details}");
    inspector.value::<bool>("(history.back(), true)").await;
    inspector.wait_for("document.querySelector('.details h2')?.textContent === 'app::Session'").await;

    // The address alone leads to the same place, and back leads away from it.
    let address: String = inspector.value("location.href").await;
    assert!(!address.contains("token"), "{address}");
    inspector.reload().await;
    inspector.wait_for("document.querySelector('.details h2')?.textContent === 'app::Session'").await;
    inspector.wait_for("document.querySelector('.summary').textContent.startsWith('100 rows')").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_sorted_filtered_and_composed() {
    let Some(inspector) = application_at(SMALL).await else { return };
    inspector.go("#/heap?by=Type%26Size").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length > 5").await;
    inspector.go("#/heap?by=Type&sort=name&filter=ALLOC").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length === 2").await;
    assert_eq!(inspector.column(1).await, ["alloc::string::String", "alloc::vec::Vec<app::Session>"]);
    inspector.click("thead th:nth-child(2) button").await;
    inspector.wait_for("document.querySelector('tr.row td').textContent.includes('String')").await;
    inspector.go("#/heap?set=hp.iso(0x1)").await;
    inspector.wait_for("document.querySelector('.message.failed')?.innerText.includes('no object is at 0x1')").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_has_hp() {
    let Some(inspector) = application_at(SMALL).await else { return };
    let table: String = inspector.value("(async () => String(await hp.heap().by('Type')))()").await;
    assert!(table.starts_with("Partition of a set of 302 objects."), "{table}");
    assert!(table.contains("app::Session"), "{table}");
    let count: u64 = inspector.value("(async () => await hp.heap().by('Type')[1].count)()").await;
    assert!(count > 0);
    let both: u64 = inspector.value("(async () => await hp.heap().and(hp.heapu({stat: false})).count)()").await;
    assert_eq!(both, 0);
    let sizes: u64 = inspector.value("(async () => (await hp.heap().sizes()).reduce((a, b) => a + b))()").await;
    let size: u64 = inspector.value("(async () => await hp.heap().size)()").await;
    assert_eq!(sizes, size);
    let family: String = inspector.value("(async () => (await hp.heap().objects())[0].family)()").await;
    assert_eq!(family, "module");
    let error: String =
        inspector.value("(async () => { try { await hp.heap().by('Nope') } catch (e) { return e.message } })()").await;
    assert!(error.contains("'Nope'"), "{error}");
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_can_be_done_by_keyboard() {
    let Some(inspector) = application_at(SMALL).await else { return };
    inspector.press("g").await;
    inspector.press("h").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length > 3").await;
    inspector.press("j").await;
    inspector.press("j").await;
    inspector.press("ArrowDown").await;
    inspector.wait_for("document.querySelector('tr[aria-selected=true]')?.id === 'row-1'").await;
    inspector.press("Enter").await;
    inspector.wait_for("document.querySelectorAll('.crumbs li').length === 2").await;
    inspector.press("u").await;
    inspector.wait_for("document.querySelectorAll('.crumbs li').length === 1").await;
    inspector.press("/").await;
    assert_eq!(inspector.value::<String>("document.activeElement.type").await, "search");
    inspector.value::<bool>("(document.activeElement.blur(), true)").await;
    inspector.press("?").await;
    inspector.wait_for("document.querySelector('dialog.keys')").await;
    inspector.press("Escape").await;
    inspector.wait_for("!document.querySelector('dialog.keys')").await;
    for (key, view) in [
        ("l", "Leaks"),
        ("g", "Graph"),
        ("d", "Dominators"),
        ("s", "Sites"),
        ("m", "Map"),
        ("c", "Compare"),
        ("j", "Script"),
        ("o", "Overview"),
    ] {
        inspector.press("g").await;
        inspector.press(key).await;
        inspector.wait_for(&format!("document.querySelector('.tabs a[aria-current]').textContent === {view:?}")).await;
    }
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaks_are_clustered_and_comparison_tells_new_from_freed() {
    let Some(inspector) = application_at(SMALL).await else { return };
    inspector.go("#/leaks").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length === 1").await;
    let cells: Vec<String> =
        inspector.value("Array.from(document.querySelectorAll('tr.row td'), cell => cell.textContent)").await;
    // Five blocks on their own, and one of the two in the circle.
    assert_eq!(cells[1..6], ["src/main.rs:80", "6", "1", "1,792", "100"]);
    let said: String = inspector.value("document.querySelector('.tools').innerText").await;
    assert!(said.contains("Could not be looked at: locals"), "{said}");
    inspector.go("#/compare").await;
    inspector.wait_for("document.querySelectorAll('tr.row').length > 2").await;
    let names = inspector.column(1).await;
    let row = names.iter().position(|name| name == "app::Session").expect("sessions have changed");
    assert_eq!((&*inspector.column(2).await[row], &*inspector.column(3).await[row]), ("40", "100"));
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_shown_and_not_obeyed() {
    let source = Recorded::new(hostile(), HOSTILE[0], 1);
    let Some(inspector) = Inspector::open(source, SMALL).await else { return };
    inspector.wait_for(&format!("document.querySelector('h1').textContent === {:?}", HOSTILE[0])).await;
    for view in [
        "overview",
        "heap",
        "heap?by=Unit",
        "heap?by=Via",
        "leaks",
        "graph",
        "graph?table=1&inside=0",
        "dominators",
        "dominators?shape=Table",
        "sites",
        "sites?table=1",
        "map",
        "compare",
        "script",
    ] {
        inspector.go(&format!("#/{view}")).await;
        inspector.wait_for("document.querySelector('tr.row, canvas, .figures, .message, textarea')").await;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        assert!(!inspector.value::<bool>("'attacked' in window").await, "{view}");
        assert!(!inspector.value::<bool>("!!document.querySelector('img, b, body script')").await, "{view}");
    }
    inspector.go("#/heap?object=0").await;
    inspector.wait_for("document.querySelector('.details h2')?.textContent.includes('<img src=x')").await;
    inspector.wait_for("document.querySelector('.details .values')?.textContent.includes('<img src=x')").await;
    inspector.wait_for("document.querySelector('.details .hex')?.textContent.includes('<img src')").await;
    inspector.press("j").await;
    inspector.press("j").await;
    inspector.press(".").await;
    inspector.wait_for("document.querySelector('[role=menu]')").await;
    assert!(!inspector.value::<bool>("'attacked' in window").await);
    let text: String = inspector.value("document.body.innerText").await;
    assert!(!text.contains(['\u{0}', '\u{1b}', '\u{202e}']), "{text:?}");
    assert!(text.contains("\\u{202e}gnp.exe"), "{text}");
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_has_its_picture() {
    for (size, name) in [(SMALL, "1280"), (LARGE, "1920")] {
        let Some(inspector) = application_at(size).await else { return };
        for theme in ["light", "dark"] {
            inspector.value::<bool>(&format!("(document.documentElement.dataset.theme = {theme:?}, true)")).await;
            for view in ["overview", "heap", "leaks", "graph", "dominators", "sites", "map", "compare", "script"] {
                inspector.go(&format!("#/{view}?object=1")).await;
                inspector.wait_for("document.querySelector('tr.row, canvas, .figures, textarea')").await;
                inspector.wait_for("!document.querySelector('.progress')").await;
                tokio::time::sleep(std::time::Duration::from_millis(150)).await;
                let wide: bool = inspector.value("document.documentElement.scrollWidth > innerWidth").await;
                assert!(!wide, "{view} is wider than the window");
                let wrong = inspector.axe().await;
                assert!(wrong.is_empty(), "{view}, {theme}: {wrong:#?}");
                inspector.screenshot(&format!("{view}-{theme}-{name}")).await;
            }
        }
        inspector.close().await;
    }
}
