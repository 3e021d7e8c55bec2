//! `cargo xtask npm`: the package `heapy` as a tarball.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{root, run, target_dir};
use crate::ui;

/// Files of `www/js` that the package has.
const SOURCES: [&str; 8] =
    ["api.js", "open.js", "index.js", "node.js", "query.js", "heapy.d.ts", "package.json", "README.md"];

/// Files that building the inspector makes.
const BUILT: [&str; 2] = ["inspector.js", "inspector_bg.wasm"];

/// What `npm test` runs in the package.
const TESTS: [&str; 2] = ["test/package.test.js", "test/sample.heapy"];

/// Stages the package below the target folder and packs it there.
pub(crate) fn pack(words: &[String]) -> Result<()> {
    if !words.is_empty() {
        bail!("npm takes no argument, not {words:?}");
    }
    let package = stage()?;
    run(Command::new("npm").current_dir(&package).args(["pack", "--silent", "--offline"]))
}

/// Builds the package's folder below the target folder.
pub(crate) fn stage() -> Result<PathBuf> {
    ui::build()?;
    let package = target_dir().join("npm");
    fs::create_dir_all(package.join("test"))?;
    for (folder, names) in [("www/js", &SOURCES[..]), ("www/js", &TESTS), ("www/dist", &BUILT)] {
        for name in names {
            let from = root().join(folder).join(name);
            fs::copy(&from, package.join(name)).with_context(|| format!("cannot copy {}", from.display()))?;
        }
    }
    eprintln!("the package is made in {}", package.display());
    Ok(package)
}
