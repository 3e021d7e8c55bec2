//! Allocators that are known by name.

use super::{Layer, Role};

const ALLOCATE: Role = Role::Allocate { size: 0, count: None };
const ALLOCATE_ALIGNED: Role = Role::Allocate { size: 1, count: None };
const ALLOCATE_MANY: Role = Role::Allocate { size: 1, count: Some(0) };
const REALLOCATE: Role = Role::Reallocate { block: 0, size: 1, count: None };
const RELEASE: Role = Role::Release { block: 0 };

/// What a function of this name and number of parameters does; none if the name says nothing.
pub(super) fn recognise(name: &str, params: usize) -> Option<(Layer, Role)> {
    if let Some(role) = c(name) {
        return Some((Layer::C, role));
    }
    cpp(name)
        .map(|role| (Layer::Cpp, role))
        .or_else(|| assembly_script(name))
        .or_else(|| zig(name, params))
        .or_else(|| rust_shim(name).map(|role| (Layer::RustShim, role)))
        .or_else(|| rust_dlmalloc(name).map(|role| (Layer::RustDlmalloc, role)))
}

/// The C library's interface, under the names of its makers: wasi-libc and Emscripten (dlmalloc, emmalloc), mimalloc,
/// and Zig's own C library.
fn c(name: &str) -> Option<Role> {
    let plain = ["dl", "__libc_", "emscripten_builtin_", "emmalloc_", "mi_", "c.malloc."]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    Some(match plain {
        "malloc" | "valloc" | "pvalloc" | "zalloc" => ALLOCATE,
        "calloc" => ALLOCATE_MANY,
        "realloc" => REALLOCATE,
        "reallocarray" => Role::Reallocate { block: 0, size: 2, count: Some(1) },
        "aligned_alloc" | "memalign" => ALLOCATE_ALIGNED,
        "posix_memalign" => Role::AllocateOut { out: 0, size: 2 },
        "malloc_aligned" if name.starts_with("mi_") => ALLOCATE,
        "free" | "cfree" => RELEASE,
        _ => return None,
    })
}

fn cpp(name: &str) -> Option<Role> {
    let allocates = ["_Znw", "_Zna", "operator new(", "operator new[]("];
    let releases = ["_ZdlPv", "_ZdaPv", "operator delete(", "operator delete[]("];
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    // Placement forms take a second pointer and allocate nothing.
    if name.contains("void*, void*") || name.ends_with("mPv") || name.contains("unsigned long, void*") {
        return None;
    }
    if starts(&allocates) {
        Some(ALLOCATE)
    } else if starts(&releases) {
        Some(RELEASE)
    } else {
        None
    }
}

fn rust_shim(name: &str) -> Option<Role> {
    // Plain since ever, `_RNvCs<hash>_7___rustc12___rust_alloc` since Rust 1.87.
    let plain = match name.split_once("_7___rustc") {
        Some((_, rest)) => rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).strip_prefix('_')?,
        None => name,
    };
    let verb = ["__rust_", "__rdl_", "__rg_"].iter().find_map(|prefix| plain.strip_prefix(prefix))?;
    match verb {
        "alloc" | "alloc_zeroed" => Some(ALLOCATE),
        "realloc" => Some(Role::Reallocate { block: 0, size: 3, count: None }),
        "dealloc" => Some(RELEASE),
        _ => None,
    }
}

/// The `dlmalloc` crate that std uses where there is no C library. All its methods take the allocator first.
fn rust_dlmalloc(name: &str) -> Option<Role> {
    if !name.contains("dlmalloc") || !name.contains("Dlmalloc") {
        return None;
    }
    let demangled = format!("{:#}", rustc_demangle::demangle(name));
    let (path, method) = demangled.rsplit_once("::")?;
    if !path.trim_start_matches('<').starts_with("dlmalloc::dlmalloc::Dlmalloc") {
        return None;
    }
    match method {
        "malloc" => Some(Role::Allocate { size: 1, count: None }),
        "memalign" => Some(Role::Allocate { size: 2, count: None }),
        "realloc" => Some(Role::Reallocate { block: 1, size: 2, count: None }),
        "free" => Some(Role::Release { block: 1 }),
        _ => None,
    }
}

/// `std.heap` of Zig. The interface passes (context, bytes or block, alignment, return address); a specialised copy has
/// lost what it does not need, and is left to the layer above.
fn zig(name: &str, params: usize) -> Option<(Layer, Role)> {
    let allocator = ["BrkAllocator", "WasmAllocator", "FixedBufferAllocator", "PageAllocator"];
    let (path, verb) = name.strip_prefix("heap.")?.rsplit_once('.')?;
    if !allocator.iter().any(|known| path == *known || path.ends_with(known)) {
        return None;
    }
    let role = match (verb, params) {
        ("alloc", 4) => Role::Allocate { size: 1, count: None },
        ("alloc", 2) => Role::Allocate { size: 0, count: None },
        ("resize", 6) => Role::Resize { block: 1, size: 4 },
        ("remap", 6) => Role::Reallocate { block: 1, size: 4, count: None },
        ("free", 5) => Role::Release { block: 1 },
        _ => return None,
    };
    Some((Layer::Zig, role))
}

fn assembly_script(name: &str) -> Option<(Layer, Role)> {
    let (path, function) =
        name.strip_prefix("~lib/rt/").map_or(("", name), |rest| rest.split_once('/').unwrap_or(("", rest)));
    let managed = matches!(path, "itcms" | "tcms" | "stub" | "");
    let raw = matches!(path, "tlsf" | "stub");
    let role = match function {
        "__new" if managed => (Layer::AssemblyScriptObject, ALLOCATE),
        "__renew" if managed => (Layer::AssemblyScriptObject, REALLOCATE),
        "__alloc" if raw => (Layer::AssemblyScriptHeap, ALLOCATE),
        "__realloc" if raw => (Layer::AssemblyScriptHeap, REALLOCATE),
        "__free" if raw => (Layer::AssemblyScriptHeap, RELEASE),
        _ => return None,
    };
    Some(role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_shims_are_recognised_in_every_mangling() {
        for name in ["__rust_alloc", "__rdl_alloc", "__rg_alloc", "_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc"] {
            assert_eq!(recognise(name, 2), Some((Layer::RustShim, ALLOCATE)), "{name}");
        }
        assert_eq!(recognise("_RNvCsfLfy6EI15iL_7___rustc26___rust_alloc_error_handler", 2), None);
        assert_eq!(recognise("_RNvCsfLfy6EI15iL_7___rustc35___rust_no_alloc_shim_is_unstable_v2", 0), None);
    }

    #[test]
    fn c_names_of_all_makers() {
        for name in ["malloc", "dlmalloc", "emscripten_builtin_malloc", "c.malloc.malloc", "mi_malloc"] {
            assert_eq!(recognise(name, 1), Some((Layer::C, ALLOCATE)), "{name}");
        }
        assert_eq!(recognise("mallopt", 2), None);
    }

    #[test]
    fn placement_new_is_no_allocator() {
        assert_eq!(recognise("operator new(unsigned long, void*)", 2), None);
        assert_eq!(recognise("operator new(unsigned long)", 1), Some((Layer::Cpp, ALLOCATE)));
        assert_eq!(recognise("operator delete(void*, unsigned long)", 2), Some((Layer::Cpp, RELEASE)));
    }
}
