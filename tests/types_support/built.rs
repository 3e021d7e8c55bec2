//! Guests that are built when a test needs them, where there is a compiler.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the guests' sources.
fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guests")
}

/// A program in Zig out of `guests/zig`, built with these modules; none without its compiler, which `ZIG` names where it
/// is not in the path.
pub fn zig_program(name: &str, optimised: &str, modules: &[&str]) -> Option<Vec<u8>> {
    let zig = std::env::var_os("ZIG").unwrap_or_else(|| "zig".into());
    let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.{optimised}.wasm"));
    let mut command = Command::new(&zig);
    command.current_dir(guests().join("zig")).args(["build-exe", "-target", "wasm32-wasi", "-O", optimised]);
    command.args(modules).arg(format!("-femit-bin={}", binary.display()));
    match command.status() {
        Ok(status) => assert!(status.success(), "{command:?}"),
        Err(_) => {
            println!("skipped: no zig here; install it with `pip install ziglang`, or set ZIG to its path");
            return None;
        }
    }
    Some(std::fs::read(binary).unwrap())
}

/// A program in C++ out of `guests/cpp`, built with these arguments; none without a compiler and a library for them.
pub fn cpp_program(source: &str, name: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let clang = std::env::var_os("CLANGXX").unwrap_or_else(|| "clang++".into());
    let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.wasm"));
    let mut command = Command::new(clang);
    command.args(["--target=wasm32-wasi", "--sysroot=/usr", "-std=c++17", "-fno-exceptions", "-O1", "-g"]);
    command.args(arguments).arg(guests().join("cpp").join(source)).arg("-o").arg(&binary);
    let done = command.output().is_ok_and(|done| done.status.success());
    if !done {
        println!(
            "skipped: {command:?} fails here; `apt install clang lld wasi-libc libc++-dev-wasm32 libstdc++-12-dev`"
        );
        return None;
    }
    Some(std::fs::read(binary).unwrap())
}

/// The arguments for the headers of libstdc++, of the new strings or the old ones. It is configured for another target,
/// and for one thread here.
pub fn libstdcpp(new_strings: bool) -> Option<Vec<String>> {
    let newest = |folder: &str| {
        let versions = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
        versions.filter(|path| path.join("bits").is_dir()).max()
    };
    let (Some(headers), Some(target)) = (newest("/usr/include/c++"), newest("/usr/include/x86_64-linux-gnu/c++"))
    else {
        println!("skipped: no headers of libstdc++ here; `apt install libstdc++-12-dev`");
        return None;
    };
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join("one_thread/bits");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::copy(target.join("bits/gthr-single.h"), own.join("gthr-default.h")).ok()?;
    let mut arguments: Vec<String> =
        ["-nostdinc++", "-nostdlib++", "-D_GLIBCXX_EXTERN_TEMPLATE=0"].map(Into::into).into();
    arguments.extend(["-D__GLIBC_PREREQ(a,b)=0".into(), "-D__locale_t=locale_t".into()]);
    arguments.push(format!("-D_GLIBCXX_USE_CXX11_ABI={}", u8::from(new_strings)));
    for folder in [own.parent().unwrap(), &headers, &target] {
        arguments.push(format!("-isystem{}", folder.display()));
    }
    Some(arguments)
}
