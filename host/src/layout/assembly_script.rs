//! AssemblyScript: the class of an object by the id in its header.
//!
//! The id stands in the header that the runtime puts before an object; its name is nowhere in the data, but the
//! constructor of a class asks for an object with a constant size and id.

use std::collections::HashMap;

use wasmparser::{BinaryReader, FunctionBody, Operator};

use super::form::{Form, Language, Layout, LayoutId};
use super::sections::Sections;
use super::slots::Bytes;
use super::types::Layouts;

/// Bytes of the header that belong to the block: collector's words, id and size.
const HEADER_BYTES: u64 = 16;
/// Ids that the runtime itself gives.
const BUILT_IN: [&str; 3] = ["Object", "ArrayBuffer", "String"];

/// The classes of a module by id.
#[derive(Debug, Default)]
pub(super) struct Classes {
    /// Whether the module was made by AssemblyScript with its runtime.
    present: bool,
    names: HashMap<u32, String>,
}

impl Classes {
    /// Reads ids and names out of the constructors. Time linear in their bodies.
    pub(super) fn read(sections: &Sections) -> Self {
        let named = |suffix: &str| {
            let mut found: Vec<u32> = sections
                .function_names
                .keys()
                .copied()
                .filter(|&function| {
                    sections
                        .function_name(function)
                        .is_some_and(|name| name.starts_with("~lib/rt/") && name.ends_with(suffix))
                })
                .collect();
            found.sort_unstable();
            found
        };
        let makers = named("/__new");
        if makers.is_empty() {
            return Self::default();
        }
        let mut names: HashMap<u32, String> = (0..).zip(BUILT_IN.map(str::to_owned)).collect();
        let mut functions: Vec<u32> = sections.function_names.keys().copied().collect();
        functions.sort_unstable();
        for function in functions {
            let Some(class) = sections.function_name(function).and_then(|name| name.strip_suffix("#constructor"))
            else {
                continue;
            };
            if let Some(id) = made_id(sections, function, &makers) {
                names.entry(id).or_insert_with(|| super::names::clean(&short(class), Language::AssemblyScript));
            }
        }
        Self { present: true, names }
    }

    /// The class of an object whose block is `value`.
    pub(super) fn class_of(&self, layouts: &mut Layouts, value: Bytes<'_>) -> Option<LayoutId> {
        if !self.present || (value.bytes.len() as u64) < HEADER_BYTES {
            return None;
        }
        let (id, size) = (value.number(8, 4)? as u32, value.number(12, 4)?);
        // The size in the header is that of the object; blocks of the raw heap have no header.
        if size.checked_add(HEADER_BYTES)? > value.bytes.len() as u64 {
            return None;
        }
        let name = self.names.get(&id)?.clone();
        Some(layouts.declare(Layout {
            name,
            unit: None,
            size: 0,
            language: Language::AssemblyScript,
            form: Form::Unknown,
        }))
    }
}

/// `~lib/map/Map<~lib/string/String,shapes/Ring>` as the source has it: `Map<String, Ring>`.
fn short(class: &str) -> String {
    let mut text = String::new();
    for part in class.split_inclusive(['<', ',', '>', '|']) {
        let from = part.rfind('/').map_or(0, |at| at + 1);
        text.push_str(&part[from..]);
    }
    text.replace(',', ", ")
}

/// The id that a constructor gives: the last of the constants before its first call of a function that makes objects.
fn made_id(sections: &Sections, function: u32, makers: &[u32]) -> Option<u32> {
    let defined = function.checked_sub(sections.imported_functions)? as usize;
    let range = sections.bodies.get(defined)?.clone();
    let body = FunctionBody::new(BinaryReader::new(&sections.bytes[range.clone()], range.start));
    let mut operators = body.get_operators_reader().ok()?;
    let mut last = None;
    while !operators.eof() {
        match operators.read().ok()? {
            Operator::I32Const { value } => last = Some(value as u32),
            Operator::Call { function_index } if makers.contains(&function_index) => return last,
            _ => last = None,
        }
    }
    None
}
