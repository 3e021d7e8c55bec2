//! Every state is a link: it comes back as it was, and it can be read by everybody.

use crate::views::{arrives, at};

/// States beyond those that the pictures show.
const STATES: [&str; 14] = [
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
    "map?table=1&cell=4096",
    "compare?before=1&by=Prod",
    "leaks?snapshot=1",
    "heap?object=1",
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
