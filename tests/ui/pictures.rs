//! The pictures of README and guide. `cargo xtask pictures` says which recording they show and where they go.

use std::path::PathBuf;

use heapy_engine::snapshot::Recording;

use crate::SMALL;
use crate::browser::Inspector;
use crate::browser::fixture::Recorded;

/// Files, and what they show.
const PICTURES: [(&str, &str); 8] = [
    ("inspector", "overview"),
    ("heap", "heap"),
    ("leaks", "leaks"),
    ("graph", "graph"),
    ("dominators", "dominators"),
    ("sites", "sites"),
    ("map", "map"),
    (OBJECT, "heap?by=Id&filter=Session"),
];

/// The picture of an object: that of the first row.
const OBJECT: &str = "object";

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_the_guide() {
    let told = |name| std::env::var_os(name).map(PathBuf::from);
    let (Some(folder), Some(recording)) = (told("HEAPY_PICTURES"), told("HEAPY_RECORDING")) else { return };
    let bytes = std::fs::read(recording).expect("HEAPY_RECORDING names a file");
    let snapshots = Recording::read(bytes.clone()).expect("it is a recording").snapshots().len();
    let source = Recorded::new(bytes, "demo.wasm", u32::try_from(snapshots).expect("a few snapshots"));
    let inspector = Inspector::open(source, SMALL).await.expect("there is a browser");
    inspector.value::<bool>("(document.documentElement.dataset.theme = 'light', true)").await;
    for (file, view) in PICTURES {
        inspector.go(&format!("#/{view}")).await;
        inspector
            .wait_for("document.querySelector('tr.row, canvas, .figures') && !document.querySelector('.progress')")
            .await;
        if file == OBJECT {
            inspector.click("#row-0").await;
            inspector.wait_for("document.querySelector('.details h2')").await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        inspector.picture(&folder.join(format!("{file}.png"))).await;
    }
    inspector.close().await;
}
