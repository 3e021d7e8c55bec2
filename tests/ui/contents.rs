//! What stands in an object, where the recording holds it.

use crate::SMALL;
use crate::browser::Inspector;
use crate::browser::fixture::{Recorded, crowd};
use crate::views::at;

#[tokio::test(flavor = "multi_thread")]
async fn an_object_shows_fields_and_bytes_where_they_are_held() {
    let Some(inspector) = at("#/heap?set=hp.heap().and(hp.Type(%22app::Session%22))&by=Content").await else { return };
    // 100 sessions, every second one equal to the one before it.
    inspector.wait_for("document.querySelector('.summary')?.textContent.startsWith('51 rows')").await;
    inspector.go("#/heap?set=hp.heap().and(hp.Type(%22app::Session%22))&by=Id").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.startsWith('100 rows')").await;
    inspector.click("#row-0").await;
    inspector.wait_for("document.querySelector('.details .hex')").await;
    let fields: String = inspector.value("document.querySelector('.details .values').innerText").await;
    assert!(fields.contains("\"Hello, <b>Ann\"") && fields.contains("number"), "{fields}");
    let bytes: String = inspector.value("document.querySelector('.details .hex').innerText").await;
    assert!(bytes.contains("0018  48 65 6c 6c 6f 2c 20 3c  Hello, <"), "{bytes}");
    assert!(!inspector.value::<bool>("!!document.querySelector('.details b')").await);
    let wrong = inspector.axe().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    inspector.screenshot("contents").await;
    // A name's contents are not held, although the recording holds some.
    inspector.go("#/heap?set=hp.heap().and(hp.Type(%22alloc::string::String%22))&by=Id").await;
    inspector.wait_for("document.querySelector('.summary')?.textContent.includes('2,400 bytes')").await;
    inspector.click("#row-0").await;
    inspector
        .wait_for("document.querySelector('.details')?.innerText.includes('Those of this block are not held')")
        .await;
    inspector.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_without_contents_says_how_to_get_them() {
    let Some(inspector) = Inspector::open(Recorded::new(crowd(4, 2), "crowd.wasm", 1), SMALL).await else { return };
    inspector.go("#/heap?object=0").await;
    inspector
        .wait_for("document.querySelector('.details')?.innerText.includes('A recording made with --contents')")
        .await;
    let relations: String = inspector.value("document.querySelector('select.relation').textContent").await;
    assert!(!relations.contains("Content"), "{relations}");
    inspector.close().await;
}
