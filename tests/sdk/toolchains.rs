//! Builds guests that use the SDK.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::compilers_support::{build, compiler, go_program, work};

/// Whether a guest is built with Heapy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heapy {
    On,
    Off,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk/guests")
}

/// The examples of the Rust SDK that use it.
pub(crate) const EXAMPLES: [&str; 7] =
    ["self_report", "leak_test", "cache_report", "labelled_arena", "block_pool", "every_name", "call_costs"];

/// One of the examples of the Rust SDK.
pub(crate) fn rust(example: &str, heapy: Heapy) -> Vec<u8> {
    static BUILT: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    let (on, off) = BUILT.get_or_init(|| (rust_examples("on", &["--features", "enabled"]), rust_examples("off", &[])));
    let folder = if heapy == Heapy::On { on } else { off };
    fs::read(folder.join(format!("{example}.wasm"))).expect("the example was built")
}

/// Builds them and gives a folder with copies: both builds share one target folder.
fn rust_examples(name: &str, more: &[&str]) -> PathBuf {
    let (target, copies) = (work("rust"), work(name));
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).args(["build", "--quiet", "--package", "heapy-guest", "--examples"]);
    command.args(["--target", "wasm32-wasip1", "--profile", "guest", "--target-dir"]).arg(&target).args(more);
    let done = command.output().expect("cargo can be started");
    assert!(done.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&done.stderr));
    for example in EXAMPLES {
        let file = format!("{example}.wasm");
        fs::copy(target.join("wasm32-wasip1/guest/examples").join(&file), copies.join(&file)).expect("can be copied");
    }
    copies
}

/// The module without its sections `.debug_*`.
pub(crate) fn without_debug_information(wasm: &[u8]) -> Vec<u8> {
    let mut kept = wasm[..8].to_vec();
    let mut rest = 8;
    while rest < wasm.len() {
        let (size, bytes) = leb(&wasm[rest + 1..]);
        let end = rest + 1 + bytes + size;
        let (name_size, name_bytes) = leb(&wasm[rest + 1 + bytes..]);
        let is_custom = wasm[rest] == 0;
        let name = &wasm[(rest + 1 + bytes + name_bytes).min(end)..];
        if !(is_custom && name[..name_size.min(name.len())].starts_with(b".debug_")) {
            kept.extend(&wasm[rest..end]);
        }
        rest = end;
    }
    kept
}

/// A number as the format writes it, and the bytes it takes.
fn leb(bytes: &[u8]) -> (usize, usize) {
    let last = bytes.iter().position(|byte| byte & 0x80 == 0).expect("numbers end");
    let digits = bytes[..=last].iter().rev();
    (digits.fold(0, |number, byte| number << 7 | usize::from(byte & 0x7f)), last + 1)
}

/// The C guest, as C or as C++.
pub(crate) fn c(language: &str, heapy: Heapy) -> Option<Vec<u8>> {
    let clang = compiler(
        "CLANG",
        if language == "c++" { "clang++" } else { "clang" },
        "--version",
        "apt-get install clang lld",
    )?;
    let sysroot = std::env::var("SYSROOT").unwrap_or_else(|_| "/usr".to_owned());
    if !Path::new(&sysroot).join("lib/wasm32-wasi/libc.a").exists() {
        eprintln!(
            "skipped: no wasi-libc in {sysroot}; install it with `apt-get install wasi-libc`, or set SYSROOT to its root"
        );
        return None;
    }
    let output = work("c").join(format!("{language}{}.wasm", heapy == Heapy::On));
    let mut command = Command::new(clang);
    command.args(["--target=wasm32-wasi", &format!("--sysroot={sysroot}"), "-x", language, "-O1", "-g"]);
    command.args(["-Wall", "-Wextra", "-Werror", "-fno-exceptions", "-I"]).arg(root().join("guest-sdk/include"));
    if heapy == Heapy::On {
        command.arg("-DHEAPY_ENABLED");
    }
    command.arg(guests().join("c/self_report.c")).arg("-o").arg(&output);
    Some(build(&mut command, &output))
}

/// The C guest, compiled by Zig as C or as C++.
pub(crate) fn zig_c(language: &str) -> Option<Vec<u8>> {
    let zig = compiler("ZIG", "zig", "version", "pip install ziglang")?;
    let output = work("zig").join(format!("{language}.wasm"));
    let mut command = Command::new(zig);
    // As `cc` in both languages: `c++` would build a library that the guest does not use.
    command.args([
        "cc",
        "-x",
        language,
        "-target",
        "wasm32-wasi",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-DHEAPY_ENABLED",
        "-I",
    ]);
    command.arg(root().join("guest-sdk/include")).arg(guests().join("c/self_report.c")).arg("-o").arg(&output);
    Some(build(&mut command, &output))
}

/// The Zig guest, with the functions of heapy.c.
pub(crate) fn zig() -> Option<Vec<u8>> {
    let zig = compiler("ZIG", "zig", "version", "pip install ziglang")?;
    let (output, include) = (work("zig").join("zig.wasm"), root().join("guest-sdk/include"));
    let mut command = Command::new(zig);
    command.arg("build-exe").arg(guests().join("zig/self_report.zig"));
    command.args(["-cflags", "-DHEAPY_ENABLED", "-Wall", "-Wextra", "-Werror", "--"]).arg(include.join("heapy.c"));
    command.arg(format!("-I{}", include.display())).args(["-target", "wasm32-wasi", "-lc", "-O", "ReleaseSafe"]);
    command.arg(format!("-femit-bin={}", output.display()));
    Some(build(&mut command, &output))
}

/// The AssemblyScript guest; `ASC` names the compiler, or its script for node.
pub(crate) fn assemblyscript() -> Option<Vec<u8>> {
    let asc = compiler("ASC", "asc", "--version", "npm install assemblyscript")?;
    let folder = work("as");
    let output = folder.join("self_report.wasm");
    fs::copy(guests().join("as/self_report.ts"), folder.join("self_report.ts")).expect("can be copied");
    fs::copy(root().join("guest-sdk/assemblyscript/heapy.ts"), folder.join("heapy.ts")).expect("can be copied");
    let mut command = Command::new(asc);
    command.current_dir(&folder).args(["self_report.ts", "--debug", "--runtime", "minimal", "-o", "self_report.wasm"]);
    Some(build(&mut command, &output))
}

/// The Go guest.
pub(crate) fn go(heapy: Heapy) -> Option<Vec<u8>> {
    let folder = work("go");
    let sdk = root().canonicalize().expect("the workspace is there").join("guest-sdk/go");
    let module = fs::read_to_string(guests().join("go/go.mod.txt")).expect("can be read");
    fs::write(folder.join("go.mod"), module.replace("SDK", &sdk.display().to_string())).expect("can be written");
    fs::copy(guests().join("go/main.go"), folder.join("main.go")).expect("can be copied");
    if heapy == Heapy::On { go_program(&folder, "on", &["-tags", "heapy"]) } else { go_program(&folder, "off", &[]) }
}
