//! Types that the running program itself keeps: C++ vtables with their type information, Rust vtables.

use std::collections::HashMap;

use gimli::constants as c;

use super::code::{self, Place};
use super::dies::{DieRef, Dies, NONE};
use super::form::{Form, Language, Layout, LayoutId};
use super::names;
use super::sections::Sections;
use super::types::Layouts;

/// Longest mangled name of a class that is read.
const MAX_MANGLED: u64 = 1024;

/// The classes behind vtables.
#[derive(Debug, Default)]
pub(super) struct Vtables {
    cpp: HashMap<u64, Option<LayoutId>>,
    rust: HashMap<u64, LayoutId>,
}

impl Vtables {
    /// Lists the Rust vtables whose address the debug information tells. Time linear in the entries.
    pub(super) fn new(dies: &Dies, sections: &Sections, layouts: &mut Layouts) -> Self {
        let mut rust = HashMap::new();
        for (number, unit) in dies.units.iter().enumerate() {
            for (index, die) in unit.dies.iter().enumerate() {
                let at = DieRef { unit: number as u32, index: index as u32 };
                if gimli::DwTag(die.tag) != c::DW_TAG_variable || die.extra == NONE {
                    continue;
                }
                let is_vtable = dies.name(sections, at).is_some_and(|name| name.ends_with("::{vtable}"));
                if !is_vtable {
                    continue;
                }
                let class = dies.type_of(at).and_then(|ty| dies.find(dies.die(ty).extra));
                if let (Some(class), Some(Place::Static(address))) = (class, code::place(dies, sections, at)) {
                    rust.insert(address, layouts.take(dies, sections, class));
                }
            }
        }
        Self { cpp: HashMap::new(), rust }
    }

    /// The type whose Rust vtable is at this address.
    pub(super) fn rust(&self, vtable: u64) -> Option<LayoutId> {
        self.rust.get(&vtable).copied()
    }

    /// The C++ class whose objects begin with this word.
    pub(super) fn cpp(
        &mut self,
        dies: &Dies,
        sections: &Sections,
        layouts: &mut Layouts,
        word: u64,
    ) -> Option<LayoutId> {
        if let Some(&known) = self.cpp.get(&word) {
            return known;
        }
        let class = class_name(sections, word).map(|name| {
            let declared = layouts.by_name(dies, sections, &name);
            let declared = declared.or_else(|| layouts.by_name(dies, sections, &as_declared(&name)));
            declared.unwrap_or_else(|| {
                let form = Form::Unknown;
                layouts.declare(Layout { name, unit: None, size: 0, language: Language::Cpp, form })
            })
        });
        self.cpp.insert(word, class);
        class
    }
}

/// The class that a word points to the vtable of: before the functions stand the distance to the whole object, which
/// is 0 for a complete one, and the address of the type information, whose second word is the address of the name.
fn class_name(sections: &Sections, word: u64) -> Option<String> {
    let width = sections.pointer_bytes();
    let read = |address: u64| {
        let bytes = sections.initial_data(address, width as usize)?;
        let mut value = [0u8; 8];
        value[..bytes.len()].copy_from_slice(bytes);
        Some(u64::from_le_bytes(value))
    };
    if word < 2 * width || !word.is_multiple_of(width) || read(word - 2 * width)? != 0 {
        return None;
    }
    let information = read(word - width)?;
    let name = read(information.checked_add(width)?)?;
    // The type information has a vtable of its own, in constant data too.
    read(read(information)?)?;
    // The first function of the class is one of the table's, or null for an abstract one.
    let function = read(word)?;
    if function != 0 && !sections.table.contains_key(&(function as u32)) {
        return None;
    }
    let mut mangled = String::from("_ZTS");
    for at in name..name.checked_add(MAX_MANGLED)? {
        match sections.initial_data(at, 1)?[0] {
            0 => break,
            byte if byte.is_ascii_graphic() => mangled.push(char::from(byte)),
            _ => return None,
        }
    }
    let options = cpp_demangle::ParseOptions::default().recursion_limit(64);
    let symbol = cpp_demangle::Symbol::new_with_options(&mangled, &options).ok()?;
    let mut shown = Limited(String::new());
    symbol.structured_demangle(&mut shown, &cpp_demangle::DemangleOptions::new().recursion_limit(64)).ok()?;
    let class = shown.0.strip_prefix("typeinfo name for ")?;
    Some(names::clean(class, Language::Cpp))
}

/// The name as compilers write it into debug information: spaces before the stars of a pointer, names for the lock
/// policies of libstdc++.
fn as_declared(name: &str) -> String {
    let mut declared = String::with_capacity(name.len() + 8);
    for character in name.chars() {
        let after_word = declared.chars().next_back().is_some_and(|last| last.is_alphanumeric() || "_>".contains(last));
        if after_word && matches!(character, '*' | '&') {
            declared.push(' ');
        }
        declared.push(character);
    }
    for (number, policy) in ["_S_single", "_S_mutex", "_S_atomic"].iter().enumerate() {
        declared = declared.replace(&format!("(__gnu_cxx::_Lock_policy){number}"), &format!("__gnu_cxx::{policy}"));
    }
    declared
}

/// Text of bounded length: substitutions can make a short mangled name astronomically long.
struct Limited(String);

impl std::fmt::Write for Limited {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        if self.0.len() + text.len() > 16 * MAX_MANGLED as usize {
            return Err(std::fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::as_declared;

    #[test]
    fn names_of_classes_are_written_as_compilers_write_them() {
        assert_eq!(as_declared("std::holder<Part*, Other**, int&>"), "std::holder<Part *, Other **, int &>");
        let policy = "std::_Sp_counted_ptr<std::vector<Part>*, (__gnu_cxx::_Lock_policy)2>";
        assert_eq!(as_declared(policy), "std::_Sp_counted_ptr<std::vector<Part> *, __gnu_cxx::_S_atomic>");
    }
}
