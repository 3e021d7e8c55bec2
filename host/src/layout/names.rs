//! Names of types as the source language writes them.
//!
//! Full paths, without what a reader would not have written: inline namespaces, default allocators and comparators.
//! Names are the guest's and hostile: bounded, and without control characters.

use gimli::constants as c;

use super::dies::{DieRef, Dies, INLINE_NAMESPACE};
use super::form::Language;
use super::sections::Sections;

/// Longest name kept, in bytes.
const MAX_NAME_BYTES: usize = 2048;
/// Deepest nesting of namespaces that a path shows.
const MAX_PATH: usize = 32;

/// Default arguments of C++'s containers, which nobody writes.
const CPP_DEFAULTS: [&str; 6] = [
    ", std::allocator<",
    ", std::char_traits<",
    ", std::less<",
    ", std::hash<",
    ", std::equal_to<",
    ", std::default_delete<",
];

/// The word that C needs before the name of a type of this tag.
pub(super) fn keyword(tag: gimli::DwTag) -> &'static str {
    match tag {
        c::DW_TAG_structure_type | c::DW_TAG_class_type => "struct",
        c::DW_TAG_union_type => "union",
        c::DW_TAG_enumeration_type => "enum",
        _ => "",
    }
}

/// The full path of an entry.
pub(super) fn path(dies: &Dies, sections: &Sections, at: DieRef, keyword: &str, language: Language) -> String {
    let own = dies.name(sections, at);
    if language == Language::C || language == Language::Zig {
        return match own {
            Some(name) if language == Language::C && !keyword.is_empty() => {
                clean(&format!("{keyword} {name}"), language)
            }
            Some(name) => clean(name, language),
            None => format!("<{}>", if keyword.is_empty() { "unnamed" } else { keyword }),
        };
    }
    let mut components = vec![own.map_or_else(|| format!("<{keyword}>"), str::to_owned)];
    let mut next = dies.parent(dies.root_origin(at));
    while let Some(outer) = next
        && components.len() < MAX_PATH
    {
        let die = dies.die(outer);
        match gimli::DwTag(die.tag) {
            c::DW_TAG_namespace if die.flags & INLINE_NAMESPACE != 0 => {}
            c::DW_TAG_namespace
            | c::DW_TAG_structure_type
            | c::DW_TAG_class_type
            | c::DW_TAG_union_type
            | c::DW_TAG_enumeration_type
            | c::DW_TAG_subprogram => {
                components.push(dies.name(sections, outer).unwrap_or("(anonymous namespace)").to_owned());
            }
            _ => {}
        }
        next = dies.parent(dies.root_origin(outer));
    }
    components.reverse();
    clean(&components.join("::"), language)
}

/// The crate or translation unit that an entry belongs to.
pub(super) fn unit(dies: &Dies, sections: &Sections, at: DieRef, language: Language) -> Option<String> {
    if language == Language::Rust {
        let mut outermost = None;
        let mut next = dies.parent(at);
        for _ in 0..MAX_PATH {
            let Some(outer) = next else { break };
            if gimli::DwTag(dies.die(outer).tag) == c::DW_TAG_namespace {
                outermost = dies.name(sections, outer);
            }
            next = dies.parent(outer);
        }
        return outermost.map(str::to_owned);
    }
    let root = DieRef { unit: at.unit, index: 0 };
    dies.name(sections, root).map(|name| clean(name, language))
}

/// `T*`, `T&`, `*mut T`, `*T`.
pub(super) fn pointer(target: &str, reference: bool, language: Language) -> String {
    match (language, reference) {
        (Language::Rust, _) => format!("*mut {target}"),
        (Language::Zig | Language::Go, _) => format!("*{target}"),
        (_, true) => format!("{target}&"),
        (_, false) if target.ends_with('*') => format!("{target}*"),
        (_, false) => format!("{target} *"),
    }
}

/// `T[3]`, `[T; 3]`, `[3]T`, and the same without a count.
pub(super) fn array(element: &str, language: Language, count: Option<u64>) -> String {
    match (language, count) {
        (Language::Rust, Some(count)) => format!("[{element}; {count}]"),
        (Language::Rust, None) => format!("[{element}]"),
        (Language::Zig | Language::Go, Some(count)) => format!("[{count}]{element}"),
        (Language::Zig | Language::Go, None) => format!("[]{element}"),
        (_, Some(count)) => format!("{element}[{count}]"),
        (_, None) => format!("{element}[]"),
    }
}

/// The last component of a path, generic arguments left on.
pub(super) fn last_component(path: &str) -> &str {
    let plain = path.find('<').unwrap_or(path.len());
    path[..plain].rfind("::").map_or(path, |at| &path[at + 2..])
}

/// A name of bounded length, with control characters escaped and defaults left out.
pub(super) fn clean(name: &str, language: Language) -> String {
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let mut text = name[..end].to_owned();
    if end < name.len() {
        text.push('…');
    }
    if text.chars().any(char::is_control) {
        text = text.chars().flat_map(escape).collect();
    }
    match language {
        Language::Rust => text.replace(", alloc::alloc::Global>", ">"),
        Language::Cpp => simple_cpp(text),
        _ => text,
    }
}

fn escape(character: char) -> Vec<char> {
    if character.is_control() { character.escape_default().collect() } else { vec![character] }
}

fn simple_cpp(name: String) -> String {
    if !name.contains('<') && !name.contains("std::") {
        return name;
    }
    let mut text =
        name.replace("std::__2::", "std::").replace("std::__1::", "std::").replace("std::__cxx11::", "std::");
    text = text.replace("> >", ">>").replace("> >", ">>");
    for default in CPP_DEFAULTS {
        let mut from = 0;
        while let Some(found) = text[from..].find(default).map(|at| at + from) {
            match closing(&text, found + default.len()) {
                // Only arguments at the end are defaults for sure.
                Some(end) if text[end..].starts_with('>') || text[end..].starts_with(", std::") => {
                    text.replace_range(found..end, "");
                }
                _ => from = found + 1,
            }
        }
    }
    text.replace("std::basic_string<char>", "std::string")
}

/// Behind the bracket that closes the one before `from`.
fn closing(text: &str, from: usize) -> Option<usize> {
    let mut depth = 1usize;
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            b'<' => depth += 1,
            b'>' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_arguments_are_left_out() {
        let long = "std::__2::map<int, std::__2::basic_string<char, std::__2::char_traits<char>, std::__2::allocator<char> >, std::__2::less<int>, std::__2::allocator<std::__2::pair<const int, int> > >";
        assert_eq!(clean(long, Language::Cpp), "std::map<int, std::string>");
        assert_eq!(clean("Vec<u8, alloc::alloc::Global>", Language::Rust), "Vec<u8>");
        let own = "pool<int, std::__2::allocator<int>, 3>";
        assert_eq!(clean(own, Language::Cpp), "pool<int, std::allocator<int>, 3>");
    }

    #[test]
    fn hostile_names_are_bounded() {
        assert_eq!(clean("a\u{1b}b", Language::C), "a\\u{1b}b");
        assert!(clean(&"<".repeat(100_000), Language::Cpp).len() <= MAX_NAME_BYTES + 4);
        let many = format!("x{}", ", std::less<".repeat(200));
        assert!(!clean(&many, Language::Cpp).is_empty());
    }
}
