//! Guests that are built when a test needs them, where there is a compiler.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::compilers_support::{build, compiler, work};

/// The folder of the guests' sources.
fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guests")
}

/// A program in Zig out of `guests/zig`, built with these modules; none without its compiler.
pub fn zig_program(name: &str, optimised: &str, modules: &[&str]) -> Option<Vec<u8>> {
    let zig = compiler("ZIG", "zig", "version", "pip install ziglang")?;
    let output = work("zig").join(format!("{name}.{optimised}.wasm"));
    let mut command = Command::new(zig);
    command.current_dir(guests().join("zig")).args(["build-exe", "-target", "wasm32-wasi", "-O", optimised]);
    Some(build(command.args(modules).arg(format!("-femit-bin={}", output.display())), &output))
}

/// A program in C++ out of `guests/cpp`, built with these arguments; none without a compiler and a library for it.
pub fn cpp_program(source: &str, name: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let install = "apt install clang lld wasi-libc libc++-dev-wasm32";
    let clang = compiler("CLANGXX", "clang++", "--version", install)?;
    if !Path::new("/usr/include/wasm32-wasi/c++/v1").is_dir() {
        println!("skipped: no C++ library for WebAssembly here; install it with `{install}`");
        return None;
    }
    let output = work("cpp").join(format!("{name}.wasm"));
    let mut command = Command::new(clang);
    command.args(["--target=wasm32-wasi", "--sysroot=/usr", "-std=c++17", "-fno-exceptions", "-O1", "-g"]);
    Some(build(command.args(arguments).arg(guests().join("cpp").join(source)).arg("-o").arg(&output), &output))
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
    let own = work("one_thread").join("bits");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::copy(target.join("bits/gthr-single.h"), own.join("gthr-default.h")).ok()?;
    let mut arguments: Vec<String> =
        ["-nostdinc++", "-nostdlib++", "-D_GLIBCXX_EXTERN_TEMPLATE=0"].map(Into::into).into();
    arguments.extend(["-D__GLIBC_PREREQ(a,b)=0".into(), "-D__locale_t=locale_t".into()]);
    // What is behind virtual functions is the same in both libraries.
    arguments.extend(["-lc++abi".into(), format!("-D_GLIBCXX_USE_CXX11_ABI={}", u8::from(new_strings))]);
    for folder in [own.parent().unwrap(), &headers, &target] {
        arguments.push(format!("-isystem{}", folder.display()));
    }
    Some(arguments)
}
