//! `cargo xtask ui`: builds the inspector into `www/dist`, which the host embeds.
//!
//! One wasm module holds page, worker and JS API. `wasm-bindgen` runs as a library of exactly the version that the
//! crate is built with, so that no tool has to be installed. Files are only written where they differ, so that the host
//! is built again only when there is something new to embed.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use wasm_bindgen_cli_support::Bindgen;

use crate::process::{cargo, root, run, target_dir};
use crate::setup;

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "web";
const CRATE: &str = "heapy-inspector";

/// The glue's name: `inspector.js` and `inspector_bg.wasm`.
const NAME: &str = "inspector";

/// Styles in the order of the cascade.
const STYLES: [&str; 4] = ["tokens.css", "layout.css", "components.css", "pictures.css"];

/// What is in the folder without being built.
const KEPT: [&str; 1] = [".gitkeep"];

/// What the page may weigh on its way to a browser.
const MOST_PACKED_BYTES: usize = 1_000_000;

/// Builds the inspector into `www/dist`; does nothing where nothing has changed.
pub(crate) fn build() -> Result<()> {
    setup::targets()?;
    run(cargo().args(["build", "--quiet", "--package", CRATE, "--target", TARGET, "--profile", PROFILE]))?;
    let wasm = target_dir().join(TARGET).join(PROFILE).join("heapy_inspector.wasm");
    let mut files = bound_files(&wasm)?;
    files.extend(static_files()?);
    let dist = root().join("www/dist");
    let written = write_files(&dist, &files)?;
    let bytes: usize = files.values().map(Vec::len).sum();
    let packed = files.values().map(|bytes| packed_bytes(bytes)).sum::<Result<usize>>()?;
    eprintln!(
        "inspector: {} files, {written} of them new; {} kB, {} kB compressed of {} kB at most",
        files.len(),
        bytes / 1000,
        packed / 1000,
        MOST_PACKED_BYTES / 1000
    );
    if packed > MOST_PACKED_BYTES {
        eprintln!("inspector: it has grown too large to be loaded quickly");
    }
    Ok(())
}

/// How many bytes of a file travel where it is compressed with gzip.
fn packed_bytes(bytes: &[u8]) -> Result<usize> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes)?;
    Ok(packer.finish()?.len())
}

/// The module and its glue, made anew only when the module differs from the last one.
fn bound_files(wasm: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let made = target_dir().join("inspector");
    let stamp = made.join("stamp");
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let digest = format!("{:016x}", hasher.finish());
    if fs::read_to_string(&stamp).ok().as_deref() != Some(&digest) {
        Bindgen::new()
            .input_bytes(NAME, bytes)
            .web(true)?
            .typescript(false)
            .remove_name_section(true)
            .remove_producers_section(true)
            .omit_default_module_path(false)
            .generate(&made)
            .context("wasm-bindgen cannot make the glue of the inspector")?;
        fs::write(&stamp, digest)?;
    }
    read_folder(&made, |name| name.ends_with(".js") || name.ends_with(".wasm"))
}

/// The page, its scripts and its styles.
fn static_files() -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = read_folder(&root().join("www/js"), |name| name.ends_with(".js"))?;
    let read = |path: PathBuf| fs::read(&path).with_context(|| format!("cannot read {}", path.display()));
    files.insert("index.html".into(), read(root().join("www/index.html"))?);
    files.insert("icon.svg".into(), read(root().join("www/assets/icon.svg"))?);
    let mut style = Vec::new();
    for name in STYLES {
        style.extend(read(root().join("inspector-ui/styles").join(name))?);
    }
    files.insert("inspector.css".into(), style);
    Ok(files)
}

fn read_folder(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if let Some(name) = path.file_name().and_then(OsStr::to_str).filter(|name| wanted(name)) {
            files.insert(name.to_owned(), fs::read(&path)?);
        }
    }
    Ok(files)
}

/// Makes the folder hold exactly these files; how many had to be written.
fn write_files(dist: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<usize> {
    fs::create_dir_all(dist)?;
    for stale in read_folder(dist, |name| !files.contains_key(name) && !KEPT.contains(&name))?.keys() {
        fs::remove_file(dist.join(stale))?;
    }
    let mut written = 0;
    for (name, bytes) in files {
        let path = dist.join(name);
        if fs::read(&path).ok().as_ref() != Some(bytes) {
            fs::write(&path, bytes)?;
            written += 1;
        }
    }
    Ok(written)
}
