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
        .or_else(|| rust_method(name, params as u32))
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
        "free" | "cfree" => RELEASE,
        _ => return mimalloc(name.strip_prefix("mi_")?),
    })
}

/// mimalloc's own interface. Functions for a heap of one's own take it first.
fn mimalloc(plain: &str) -> Option<Role> {
    let of_heap = ["heap_", "theap_"].iter().find_map(|prefix| plain.strip_prefix(prefix));
    let first = u32::from(of_heap.is_some());
    let plain = of_heap.unwrap_or(plain);
    let plain = plain.strip_suffix("_at").unwrap_or(plain);
    let plain = plain.strip_suffix("_aligned").unwrap_or(plain);
    Some(match plain {
        "malloc" | "zalloc" | "malloc_small" | "zalloc_small" | "new" | "new_nothrow" => {
            Role::Allocate { size: first, count: None }
        }
        "calloc" | "mallocn" | "new_n" => Role::Allocate { size: first + 1, count: Some(first) },
        "realloc" | "reallocf" | "rezalloc" | "new_realloc" => {
            Role::Reallocate { block: first, size: first + 1, count: None }
        }
        "reallocn" | "recalloc" | "new_reallocn" => {
            Role::Reallocate { block: first, size: first + 2, count: Some(first + 1) }
        }
        "free" | "free_size" | "free_size_aligned" if first == 0 => RELEASE,
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

/// The `dlmalloc` crate that std uses where there is no C library, talc, and whatever implements `GlobalAlloc`: wee_alloc,
/// lol_alloc.
/// Methods take the allocator first; where it is a static, the optimiser leaves that out.
fn rust_method(name: &str, params: u32) -> Option<(Layer, Role)> {
    let dlmalloc = name.contains("dlmalloc") && name.contains("Dlmalloc");
    let talc = name.contains("talc") && name.contains("Talc");
    if !dlmalloc && !talc && !name.contains("GlobalAlloc") {
        return None;
    }
    let demangled = format!("{:#}", rustc_demangle::demangle(name));
    let (path, method) = demangled.rsplit_once("::")?;
    if path.ends_with(" as core::alloc::global::GlobalAlloc>") {
        return global_alloc(method, params).map(|role| (Layer::RustShim, role));
    }
    let path = path.trim_start_matches('<');
    let last = params.checked_sub(1)?;
    if path.starts_with("talc::talc::Talc<") {
        // Its locks and the shims are put into their callers: these two are what is left. Alignments are not read in free.
        let role = match (method, params) {
            ("malloc", 2 | 3) => Role::Allocate { size: last, count: None },
            ("free", 2..=4) => Role::Release { block: u32::from(params > 2) },
            _ => return None,
        };
        return Some((Layer::RustShim, role));
    }
    if !path.starts_with("dlmalloc::dlmalloc::Dlmalloc") {
        return None;
    }
    let role = match (method, params) {
        ("malloc", 1 | 2) | ("memalign", 2 | 3) => Role::Allocate { size: last, count: None },
        ("realloc", 2 | 3) => Role::Reallocate { block: last - 1, size: last, count: None },
        ("free", 1 | 2) => Role::Release { block: last },
        _ => return None,
    };
    Some((Layer::RustDlmalloc, role))
}

/// A layout is passed as alignment and size. What an implementation does not read may be left out: the allocator first,
/// then the alignment.
fn global_alloc(method: &str, params: u32) -> Option<Role> {
    let last = params.checked_sub(1)?;
    Some(match method {
        "alloc" | "alloc_zeroed" => Role::Allocate { size: last, count: None },
        "realloc" if params >= 4 => Role::Reallocate { block: params - 4, size: last, count: None },
        "dealloc" => Role::Release { block: u32::from(params > 3) },
        _ => return None,
    })
}

/// `std.heap` of Zig. The interface passes (context, bytes or block, alignment, return address); a specialised copy has
/// lost what it does not need, and is left to the layer above. Without optimisation the trace of errors comes first.
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
        ("alloc", 5) => Role::Allocate { size: 2, count: None },
        ("resize", 7) => Role::Resize { block: 2, size: 5 },
        ("remap", 7) => Role::Reallocate { block: 2, size: 5, count: None },
        ("free", 6) => Role::Release { block: 2 },
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
    fn methods_of_rust_allocators_may_have_lost_parameters() {
        let dlmalloc = |method: &str, params| {
            let length = method.len();
            let name = format!(
                "_RNvMs0_NtCsjqx8TIyZbP9_8dlmalloc8dlmallocINtB5_8DlmallocNtNtB7_3sys6SystemE{length}{method}Cs8_3std"
            );
            recognise(&name, params).map(|(_, role)| role)
        };
        assert_eq!(dlmalloc("malloc", 1), Some(ALLOCATE));
        assert_eq!(dlmalloc("malloc", 2), Some(ALLOCATE_ALIGNED));
        assert_eq!(dlmalloc("free", 1), Some(RELEASE));
        assert_eq!(dlmalloc("dispose_chunk", 2), None);
        let global = |method: &str, params| {
            let path = "_ZN72_$LT$wee_alloc..WeeAlloc$u20$as$u20$core..alloc..global..GlobalAlloc$GT$";
            recognise(&format!("{path}{}{method}17h649984e29fe7a329E", method.len()), params).map(|(_, role)| role)
        };
        assert_eq!(global("alloc", 2), Some(ALLOCATE_ALIGNED));
        assert_eq!(global("alloc", 3), Some(Role::Allocate { size: 2, count: None }));
        assert_eq!(global("dealloc", 2), Some(RELEASE));
        assert_eq!(global("dealloc", 4), Some(Role::Release { block: 1 }));
        assert_eq!(global("realloc", 5), Some(Role::Reallocate { block: 1, size: 4, count: None }));
    }

    #[test]
    fn talc_is_known_by_what_is_left_of_it() {
        let talc = |method: &str, params| {
            let name = format!("_ZN4talc4talc13Talc$LT$O$GT${}{method}17h835d3a00bf92329dE", method.len());
            recognise(&name, params).map(|(_, role)| role)
        };
        assert_eq!(
            (talc("malloc", 2), talc("free", 2), talc("free", 3)),
            (Some(ALLOCATE_ALIGNED), Some(RELEASE), Some(Role::Release { block: 1 }),)
        );
        assert_eq!((talc("malloc", 5), talc("claim", 2)), (None, None));
    }

    #[test]
    fn c_names_of_all_makers() {
        for name in
            ["malloc", "dlmalloc", "emscripten_builtin_malloc", "c.malloc.malloc", "mi_malloc", "emmalloc_malloc"]
        {
            assert_eq!(recognise(name, 1), Some((Layer::C, ALLOCATE)), "{name}");
        }
        assert_eq!(recognise("mallopt", 2), None);
    }

    #[test]
    fn mimalloc_has_names_of_its_own() {
        let role = |name: &str| recognise(name, 4).map(|(_, role)| role);
        let sized = |block, size| Some(Role::Reallocate { block, size, count: None });
        assert_eq!((role("mi_malloc_aligned"), role("mi_zalloc_aligned_at")), (Some(ALLOCATE), Some(ALLOCATE)));
        assert_eq!((role("mi_realloc_aligned"), role("mi_heap_realloc")), (sized(0, 1), sized(1, 2)));
        assert_eq!(role("mi_heap_calloc"), Some(Role::Allocate { size: 2, count: Some(1) }));
        assert_eq!((role("mi_free_size"), role("mi_free_aligned")), (Some(RELEASE), Some(RELEASE)));
        assert_eq!((role("mi_heap_free"), role("mi_free_block_mt"), role("_mi_malloc_generic")), (None, None, None));
    }

    #[test]
    fn placement_new_is_no_allocator() {
        assert_eq!(recognise("operator new(unsigned long, void*)", 2), None);
        assert_eq!(recognise("operator new(unsigned long)", 1), Some((Layer::Cpp, ALLOCATE)));
        assert_eq!(recognise("operator delete(void*, unsigned long)", 2), Some((Layer::Cpp, RELEASE)));
    }
}
