//! Which frames belong to allocators and container libraries, so that they are passed over for the allocation site.
//!
//! | language | passed over |
//! |---|---|
//! | Rust | functions of `alloc`, `core`, `std`, `__rustc`, `hashbrown`, `dlmalloc`, and files of those crates |
//! | C | the allocator's entries, and library functions that allocate on behalf of their caller (`strdup`, `fopen`, ...) |
//! | C++ | `operator new` and `delete`, namespaces `std`, `__gnu_cxx`, `__cxxabiv1`, files of libc++ and libstdc++ |
//! | Zig | functions of `heap`, `mem`, `array_list`, `hash_map` and the like, files of `lib/std` |
//! | AssemblyScript | elements of `~lib/` |
//! | Go | packages of the runtime and of containers and texts: `runtime`, `internal/...`, `reflect`, `strings`, ... |
//!
//! A function that only mentions such a type in its parameters or as a trait that it implements is the program's.

use super::demangle::Mangling;

const RUST_CRATES: [&str; 9] = [
    "alloc",
    "core",
    "std",
    "__rustc",
    "hashbrown",
    "dlmalloc",
    "allocator_api2",
    "compiler_builtins",
    "rustc_demangle",
];

const C_FUNCTIONS: [&str; 49] = [
    "malloc",
    "free",
    "calloc",
    "realloc",
    "reallocarray",
    "aligned_alloc",
    "posix_memalign",
    "memalign",
    "valloc",
    "pvalloc",
    "malloc_usable_size",
    "dlmalloc",
    "dlfree",
    "dlcalloc",
    "dlrealloc",
    "dlmemalign",
    "dlposix_memalign",
    "internal_memalign",
    "prepend_alloc",
    "dispose_chunk",
    "sys_alloc",
    "tmalloc_large",
    "tmalloc_small",
    "emmalloc_malloc",
    "emmalloc_free",
    "mi_malloc",
    "mi_free",
    "cabi_realloc",
    "strdup",
    "strndup",
    "wcsdup",
    "asprintf",
    "vasprintf",
    "getline",
    "getdelim",
    "fopen",
    "fdopen",
    "open_memstream",
    "realpath",
    "scandir",
    "opendir",
    "fdopendir",
    "setenv",
    "putenv",
    "getcwd",
    "qsort",
    "__libc_malloc",
    "__libc_free",
    "__rdl_alloc",
];

const RUST_SHIMS: [&str; 8] = [
    "__rust_alloc",
    "__rust_alloc_zeroed",
    "__rust_realloc",
    "__rust_dealloc",
    "__rdl_alloc_zeroed",
    "__rdl_realloc",
    "__rdl_dealloc",
    "__rg_alloc",
];

const CPP_NAMESPACES: [&str; 4] = ["std::", "__gnu_cxx::", "__cxxabiv1::", "operator new"];

const ZIG_NAMESPACES: [&str; 13] = [
    "heap.",
    "mem.",
    "std.",
    "array_list.",
    "hash_map.",
    "array_hash_map.",
    "multi_array_list.",
    "linked_list.",
    "segmented_list.",
    "priority_queue.",
    "buf_map.",
    "buf_set.",
    "c.malloc.",
];

/// Parts of paths that only source files of libraries have. Build machines differ in what comes before.
const LIBRARY_FILES: [&str; 12] = [
    "library/alloc/src/",
    "library/core/src/",
    "library/std/src/",
    "/hashbrown-",
    "/dlmalloc-",
    "/allocator-api2-",
    "/include/c++/",
    "/libcxx/",
    "/libstdc++",
    "/wasi-libc/",
    "/lib/std/",
    "dlmalloc/src/",
];

/// Packages of Go's library that allocate on behalf of their caller.
const GO_PACKAGES: [&str; 14] = [
    "runtime",
    "reflect",
    "slices",
    "maps",
    "strings",
    "bytes",
    "strconv",
    "sort",
    "sync",
    "sync/atomic",
    "iter",
    "unique",
    "weak",
    "errors",
];

/// Whether a function of a Go program belongs to its runtime or to a library of containers.
pub(super) fn is_go_library(function: &str) -> bool {
    let package = super::go::package(function);
    let inside = ["internal/", "runtime/", "container/", "type:", "go:"];
    GO_PACKAGES.contains(&package) || inside.iter().any(|prefix| function.starts_with(prefix))
}

/// Whether the function, by its readable name or its source file, is one of an allocator or a container library.
pub(super) fn is_library(name: &str, mangling: Mangling, file: Option<&str>) -> bool {
    if file.is_some_and(|file| LIBRARY_FILES.iter().any(|part| file.contains(part))) {
        return true;
    }
    match mangling {
        Mangling::Rust => rust_crate(name).is_some_and(|unit| RUST_CRATES.contains(&unit)),
        Mangling::AssemblyScript => name.starts_with("~lib/"),
        Mangling::Cpp => is_cpp_library(name),
        Mangling::Plain => {
            C_FUNCTIONS.contains(&name)
                || RUST_SHIMS.contains(&name)
                || name.starts_with("__wrap_")
                || ZIG_NAMESPACES.iter().any(|prefix| name.starts_with(prefix))
                || name.contains("::") && is_cpp_library(name)
                || name.starts_with("operator new")
                || name.starts_with("operator delete")
        }
    }
}

/// The crate of a Rust function, or of the type whose method it is, or else of the trait.
pub(super) fn rust_crate(name: &str) -> Option<&str> {
    let mut rest = name;
    // `<app::Foo as core::clone::Clone>::clone` is the program's, `<T as alloc::string::ToString>` the library's.
    while let Some(inside) = rest.strip_prefix('<') {
        rest = match inside.split_once(" as ") {
            Some((own, implemented))
                if own.split('<').next().is_some_and(|own| !own.contains("::")) && !own.starts_with('<') =>
            {
                implemented
            }
            _ => inside,
        };
        rest =
            rest.trim_start_matches(['&', '*', '[', '(', '\'']).trim_start_matches("mut ").trim_start_matches("dyn ");
    }
    let end = rest.find("::").unwrap_or(rest.len());
    let unit = &rest[..end];
    let unit = unit.split('[').next().unwrap_or(unit);
    (!unit.is_empty() && unit.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')).then_some(unit)
}

/// Demangled C++ may begin with a return type: the function is what stands before the first parenthesis outside of
/// template arguments.
fn is_cpp_library(name: &str) -> bool {
    let function = cpp_function(name);
    CPP_NAMESPACES.iter().any(|prefix| function.starts_with(prefix)) || function.starts_with("operator delete")
}

fn cpp_function(name: &str) -> &str {
    let (mut depth, mut start) = (0usize, 0);
    for (index, byte) in name.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' => depth = depth.saturating_sub(1),
            b' ' if depth == 0 && !name[..index].ends_with("operator") => start = index + 1,
            b'(' if depth == 0 => return &name[start..index],
            _ => {}
        }
    }
    &name[start..]
}

#[cfg(test)]
mod tests {
    use super::super::demangle::demangle;
    use super::*;

    fn library(name: &str) -> bool {
        let readable = demangle(name);
        is_library(&readable.text, readable.mangling, None)
    }

    #[test]
    fn rust_frames_are_told_by_their_crate() {
        let rust = |name| is_library(name, Mangling::Rust, None);
        assert!(rust("alloc::raw_vec::RawVecInner<A>::try_allocate_in"));
        assert!(rust("<alloc::vec::Vec<T> as core::iter::Extend<T>>::extend"));
        assert!(rust("<str as alloc::string::ToString>::to_string"));
        assert!(rust("<T as alloc::string::ToString>::to_string"));
        assert!(rust("__rustc::__rust_alloc"));
        assert!(!rust("app::make"));
        assert!(!rust("<app::Foo as core::clone::Clone>::clone"));
        assert!(!rust("<app::Foo<T> as core::clone::Clone>::clone"));
        assert_eq!(rust_crate("<app::Foo as core::clone::Clone>::clone"), Some("app"));
        assert_eq!(rust_crate("<[T] as alloc::slice::Join<&S>>::join"), Some("alloc"));
        assert_eq!(rust_crate("<<app::A as app::B>::C as core::D>::e"), Some("app"));
    }

    #[test]
    fn c_and_cpp_frames_are_told_by_their_name() {
        assert!(library("malloc"));
        assert!(library("strdup"));
        assert!(!library("my_malloc"));
        assert!(library("operator new(unsigned long)"));
        assert!(library("_Znwm"));
        assert!(library("std::__2::vector<App, std::__2::allocator<App> >::push_back(App const&)"));
        assert!(library("void std::__2::vector<App>::__push_back_slow_path<App>(App&&)"));
        assert!(!library("app::take(std::__2::vector<int>)"));
        assert!(!library("std::__2::vector<int> app::give<int>(int)"));
    }

    #[test]
    fn other_languages_and_files() {
        assert!(library("~lib/rt/itcms/__new"));
        assert!(!library("shapes/Ring#constructor"));
        assert!(library("heap.BrkAllocator.alloc"));
        assert!(!library("shapes.grow"));
        assert!(is_library("push", Mangling::Plain, Some("rust/lib/rustlib/src/rust/library/alloc/src/vec/mod.rs")));
        assert!(!is_library("push", Mangling::Plain, Some("./rust/src/main.rs")));
    }
}
