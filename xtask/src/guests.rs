//! Building the guests that come with the project, from source.

use anyhow::Result;

use crate::process::{cargo, run};
use crate::setup;

/// Builds the demo guest and the examples of the SDK for WASI, with full debug information.
pub(crate) fn build() -> Result<()> {
    setup::targets()?;
    run(cargo().args(["build", "--quiet", "--package", "heapy-guest", "--examples"]).args([
        "--target",
        "wasm32-wasip1",
        "--profile",
        "guest",
    ]))
}
