//! Tests that cross the crates of Heapy for WebAssembly.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Builds the guests that benches measure, for WASI preview 1; returns the folder they are in.
/// `target_tmp` is the caller's `CARGO_TARGET_TMPDIR`.
///
/// # Errors
/// When cargo cannot be started or a guest cannot be built.
pub fn bench_guests(target_tmp: &str) -> Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/bench/Cargo.toml");
    let target = Path::new(target_tmp).join("bench-guests");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "--target", "wasm32-wasip1", "--manifest-path"])
        .arg(&manifest)
        .arg("--target-dir")
        .arg(&target)
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "the guests of {} cannot be built", manifest.display());
    Ok(target.join("wasm32-wasip1/release"))
}
