//! Every state is a link: it comes back as it was, and it can be read by everybody.

use crate::SMALL;
use crate::browser::Inspector;
use crate::browser::fixture::{Recorded, crowd};
use crate::views::{arrives, at};

/// States beyond those that the pictures show.
const STATES: [&str; 16] = [
    "heap?set=hp.heap().and(hp.Type(%22app::Session%22)).referrers&by=Via",
    "heap?set=hp.heapu({stat:%20false})&by=Id&sort=-name",
    "heap?by=Type%26Size&filter=app",
    "graph?table=1",
    "graph?inside=0&levels=2&most=250",
    "graph?set=hp.iso(0x8000)",
    "dominators?shape=Icicle&apart=1",
    "dominators?shape=Table",
    "sites?table=1&inverted=1&library=1",
    "sites?weight=allocations&search=read",
    "map?table=1&cell=4096&at=32768",
    "compare?before=1&by=Prod",
    "leaks?snapshot=1",
    "heap?object=1&pane=640",
    "map?zoom=4,0.25,0.125",
    "script?script=hp.heap().by(%22Size%22)%0Ahp.heapu()",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_link_comes_back_and_is_accessible() {
    let Some(inspector) = at("#/overview").await else { return };
    for state in STATES {
        inspector.go(&format!("#/{state}")).await;
        let view = state.split('?').next().unwrap_or_default();
        arrives(&inspector, view).await;
        let wrong = inspector.axe().await;
        assert!(wrong.is_empty(), "{state}: {wrong:#?}");
        let said = "document.querySelector('main').innerText";
        let before: String = inspector.value(said).await;
        let address: String = inspector.value("location.href").await;
        inspector.reload().await;
        arrives(&inspector, view).await;
        inspector.wait_for(&format!("{said} === {before:?}")).await;
        assert_eq!(inspector.value::<String>("location.href").await, address);
    }
    inspector.close().await;
}

/// A picture of the canvas, to compare.
const DRAWN: &str = "document.querySelector('canvas').toDataURL()";

/// Waits until the address holds what an expression of JavaScript, over its fragment `hash`, says.
async fn address_says(inspector: &Inspector, expression: &str) {
    inspector.wait_for(&format!("((hash) => {expression})(decodeURIComponent(location.hash))")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_sight_of_a_picture_is_in_its_address() {
    let Some(inspector) = at("#/overview").await else { return };
    let wheel = "(() => { const canvas = document.querySelector('canvas'), box = canvas.getBoundingClientRect();
      for (let step = 0; step < 9; step++) canvas.dispatchEvent(new WheelEvent('wheel', { bubbles: true, deltaY: -100,
        clientX: box.x + box.width / 3, clientY: box.y + box.height / 4 })); return true; })()";
    for view in ["graph", "dominators", "sites", "map"] {
        inspector.go(&format!("#/{view}")).await;
        arrives(&inspector, view).await;
        inspector.wait_for("document.querySelector('canvas')?.width > 300").await;
        let (before, steps): (String, u32) = (inspector.value(DRAWN).await, inspector.value("history.length").await);
        inspector.value::<bool>(wheel).await;
        address_says(&inspector, "hash.includes('zoom=')").await;
        let zoomed: String = inspector.value(DRAWN).await;
        assert_ne!(before, zoomed, "{view}");
        assert_eq!(inspector.value::<u32>("history.length").await, steps, "{view}: the history is not filled");
        inspector.reload().await;
        arrives(&inspector, view).await;
        inspector.wait_for(&format!("document.querySelector('canvas') && {DRAWN} === {zoomed:?}")).await;
        inspector.press_button("All of it").await;
        address_says(&inspector, "!hash.includes('zoom=')").await;
    }
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_and_the_width_of_the_details_are_in_the_address() {
    let Some(inspector) = at("#/script").await else { return };
    inspector.write("#script", "hp.heap().count + 1 //").await;
    address_says(&inspector, "hash.endsWith('script=hp.heap().count + 1 //')").await;
    inspector.reload().await;
    inspector.wait_for("document.querySelector('#script')?.value === 'hp.heap().count + 1 //'").await;
    // A link brings a script and runs nothing.
    assert!(!inspector.value::<bool>("!!document.querySelector('.printed')").await);
    inspector.go("#/heap?object=1").await;
    inspector.wait_for("document.querySelector('.split')").await;
    inspector.value::<bool>("(document.querySelector('.split').focus(), true)").await;
    inspector.press("ArrowLeft").await;
    address_says(&inspector, "hash.endsWith('pane=424')").await;
    inspector.reload().await;
    inspector.wait_for("document.querySelector('.details')?.getBoundingClientRect().width === 424").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_of_many_objects_is_enlarged_by_its_link() {
    let source = Recorded::new(crowd(40, 2), "crowd.wasm", 1);
    let Some(inspector) = Inspector::open(source, SMALL).await else { return };
    inspector.go("#/dominators?shape=Icicle").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('bytes')").await;
    // The second row is that of the holders, which are below nothing but the root.
    inspector.click_picture(0.5, 0.04).await;
    address_says(&inspector, "hash.endsWith('within=app::Holder')").await;
    inspector.wait_for("document.querySelector('button.whole')?.textContent === 'The whole picture'").await;
    inspector.reload().await;
    inspector.wait_for("document.querySelector('button.whole')?.textContent === 'The whole picture'").await;
    inspector.press_button("The whole picture").await;
    address_says(&inspector, "hash === '#/dominators?shape=Icicle'").await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_wrong_and_the_list_of_keys_are_accessible() {
    let Some(inspector) = at("#/heap?set=hp.iso(0x1)").await else { return };
    inspector.wait_for("document.querySelector('.message.failed')").await;
    let wrong = inspector.axe().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    inspector.press("?").await;
    inspector.wait_for("document.querySelector('dialog.keys')").await;
    let wrong = inspector.axe().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    inspector.close().await;
}
