//! Readable names: Rust (legacy and v0), C++ (Itanium), Zig, AssemblyScript, and names that are readable already.
//!
//! Names come from the guest and are hostile: the length of a demangled name is limited, a name that cannot be
//! demangled is shown as it is, and control characters are written as escapes.

use std::fmt::{self, Write};

use cpp_demangle::{DemangleOptions, ParseOptions};

/// Longest name that is shown, in bytes; longer ones are cut.
const MAX_NAME_BYTES: usize = 4096;
/// Depth of nesting up to which C++ names are read.
const MAX_CPP_DEPTH: u32 = 96;

/// By whose rules a name was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mangling {
    /// Rust's, either version.
    Rust,
    /// C++'s.
    Cpp,
    /// AssemblyScript's element names, which are readable.
    AssemblyScript,
    /// None: a C or Zig name, or one that was demangled before.
    Plain,
}

/// A name as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Readable {
    /// The text.
    pub(super) text: String,
    /// How it was mangled.
    pub(super) mangling: Mangling,
}

/// The readable form of a symbol's name.
pub(super) fn demangle(raw: &str) -> Readable {
    if (raw.starts_with("_R") || raw.starts_with("_ZN") && looks_like_legacy_rust(raw))
        && let Ok(name) = rustc_demangle::try_demangle(raw)
        && let Some(text) = limited(|out| write!(out, "{name:#}"))
    {
        return Readable { text: clean(&text), mangling: Mangling::Rust };
    }
    if raw.starts_with("_Z")
        && let Some(text) = demangle_cpp(raw)
    {
        return Readable { text: clean(&text), mangling: Mangling::Cpp };
    }
    let mangling = match raw {
        _ if raw.starts_with("~lib/") || is_assembly_script(raw) => Mangling::AssemblyScript,
        _ => Mangling::Plain,
    };
    Readable { text: clean(without_zig_number(raw)), mangling }
}

/// A name with control characters escaped and of bounded length.
pub(super) fn clean(name: &str) -> String {
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let mut text = String::with_capacity(end);
    for character in name[..end].chars() {
        if character.is_control() {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    if end < name.len() {
        text.push('…');
    }
    text
}

/// `_ZN3foo17h0123456789abcdefE`: C++ has no component of an `h` and 16 hexadecimal digits at the end.
fn looks_like_legacy_rust(raw: &str) -> bool {
    // `.llvm.123` may follow the name.
    let body = raw.split(".llvm.").next().unwrap_or(raw);
    let Some(hash) = body.strip_suffix('E').and_then(|body| body.get(body.len().checked_sub(19)?..)) else {
        return false;
    };
    hash.starts_with("17h") && hash[3..].bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn demangle_cpp(raw: &str) -> Option<String> {
    let parse = ParseOptions::default().recursion_limit(MAX_CPP_DEPTH);
    let symbol = cpp_demangle::Symbol::new_with_options(raw, &parse).ok()?;
    let options = DemangleOptions::new().no_return_type().recursion_limit(MAX_CPP_DEPTH);
    limited(|out| symbol.structured_demangle(out, &options))
}

/// `shapes/Ring#constructor` or `shapes/build`: a path without the brackets and spaces of C++ and Rust.
fn is_assembly_script(raw: &str) -> bool {
    raw.contains('/') && !raw.contains([' ', '(', '.', ':'])
}

/// Zig numbers its generic instances (`alloc__anon_1423`); the number changes with every build.
fn without_zig_number(raw: &str) -> &str {
    match raw.rsplit_once("__anon_") {
        Some((name, number)) if !name.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => raw,
    }
}

/// What `write` writes, or nothing if that fails or exceeds four times the longest name.
fn limited(write: impl FnOnce(&mut Limited) -> fmt::Result) -> Option<String> {
    let mut out = Limited(String::new());
    write(&mut out).ok()?;
    (!out.0.is_empty()).then_some(out.0)
}

struct Limited(String);

impl Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > 4 * MAX_NAME_BYTES {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str) -> (String, Mangling) {
        let name = demangle(raw);
        (name.text, name.mangling)
    }

    #[test]
    fn rust_names_lose_their_hash() {
        assert_eq!(
            shown("_ZN5alloc7raw_vec10handle_err17h0123456789abcdefE"),
            ("alloc::raw_vec::handle_err".into(), Mangling::Rust)
        );
        assert_eq!(shown("_RNvCs3o1rG1d3kaf_7___rustc12___rust_alloc").0, "__rustc::__rust_alloc");
        assert_eq!(shown("_RNvCs3o1rG1d3kaf_7___rustc12___rust_alloc").1, Mangling::Rust);
    }

    #[test]
    fn cpp_names_keep_their_parameters() {
        assert_eq!(shown("_Znwm"), ("operator new(unsigned long)".into(), Mangling::Cpp));
        assert_eq!(shown("_ZN3foo3barEv").0, "foo::bar()");
    }

    #[test]
    fn readable_names_stay_as_they_are() {
        assert_eq!(shown("operator new(unsigned long)").0, "operator new(unsigned long)");
        assert_eq!(shown("heap.BrkAllocator.alloc"), ("heap.BrkAllocator.alloc".into(), Mangling::Plain));
        assert_eq!(shown("mem.Allocator.create__anon_1423").0, "mem.Allocator.create");
        assert_eq!(shown("~lib/rt/itcms/__new").1, Mangling::AssemblyScript);
        assert_eq!(shown("shapes/Ring#constructor").1, Mangling::AssemblyScript);
    }

    #[test]
    fn hostile_names_are_bounded_and_harmless() {
        assert_eq!(demangle("a\u{1b}[2J\nb").text, "a\\u{1b}[2J\\nb");
        assert!(demangle(&"x".repeat(1 << 20)).text.len() <= MAX_NAME_BYTES + 4);
        let deep = format!("_Z{}v", "P".repeat(100_000));
        assert!(demangle(&deep).text.starts_with("_ZP"));
        // Each substitution doubles the text: 2^30 characters when written out.
        let mut doubling = String::from("_Z1fSt4pairIiiE");
        for step in 0..30 {
            doubling.push_str(&format!("St4pairIS{}_S{}_E", to36(step), to36(step)));
        }
        assert!(demangle(&doubling).text.len() <= 5 * MAX_NAME_BYTES);
    }

    fn to36(number: usize) -> String {
        char::from_digit((number % 36) as u32, 36).unwrap().to_uppercase().to_string()
    }
}
