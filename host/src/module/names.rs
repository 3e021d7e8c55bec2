//! Names out of the name section, kept as places in the module so that 16 MB of names cost 8 bytes each.
//!
//! A name section is a hint and may be cut off or absurd: what could be read before that is used.

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{BinaryReader, Name, NameMap, NameSectionReader};

/// The names of one module.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Place of each function's name in the module's bytes; empty where it has none. Indexed by function.
    functions: Vec<(u32, u32)>,
    globals: HashMap<u32, String>,
    segments: HashMap<u32, String>,
    /// What stopped the reading.
    pub(crate) broken: Option<String>,
}

impl Names {
    /// Reads the name section at `range`. Time linear in its size.
    pub(crate) fn read(module: &[u8], range: Range<usize>, function_count: usize) -> Self {
        let mut names = Self::default();
        let reader = BinaryReader::new(&module[range.clone()], range.start);
        for subsection in NameSectionReader::new(reader) {
            let added = subsection.and_then(|subsection| names.add(module, &subsection, function_count));
            if let Err(error) = added {
                names.broken = Some(error.to_string());
                break;
            }
        }
        names
    }

    /// A function's name as it stands in the module, mangled perhaps.
    pub(crate) fn function<'module>(&self, module: &'module [u8], function: u32) -> Option<&'module str> {
        let &(start, size) = self.functions.get(function as usize)?;
        let text = module.get(start as usize..start as usize + size as usize)?;
        std::str::from_utf8(text).ok().filter(|name| !name.is_empty())
    }

    /// The functions that have a name, ascending.
    pub(crate) fn functions(&self) -> impl Iterator<Item = u32> + '_ {
        let named = self.functions.iter().enumerate().filter(|(_, (_, size))| *size > 0);
        named.map(|(function, _)| function as u32)
    }

    /// A global's name.
    pub(crate) fn global(&self, global: u32) -> Option<&str> {
        self.globals.get(&global).map(String::as_str)
    }

    /// A data segment's name.
    pub(crate) fn segment(&self, segment: u32) -> Option<&str> {
        self.segments.get(&segment).map(String::as_str)
    }

    fn add(&mut self, module: &[u8], name: &Name<'_>, function_count: usize) -> wasmparser::Result<()> {
        match name {
            Name::Function(map) => {
                for naming in map.clone() {
                    let naming = naming?;
                    // Indices are the module's to choose: only those of real functions may take room.
                    if (naming.index as usize) < function_count {
                        let start = naming.name.as_ptr() as usize - module.as_ptr() as usize;
                        if self.functions.len() <= naming.index as usize {
                            self.functions.resize(naming.index as usize + 1, (0, 0));
                        }
                        self.functions[naming.index as usize] = (start as u32, naming.name.len() as u32);
                    }
                }
            }
            Name::Global(map) => collect(map, &mut self.globals)?,
            Name::Data(map) => collect(map, &mut self.segments)?,
            _ => {}
        }
        Ok(())
    }
}

fn collect(map: &NameMap<'_>, into: &mut HashMap<u32, String>) -> wasmparser::Result<()> {
    for naming in map.clone() {
        let naming = naming?;
        into.insert(naming.index, naming.name.to_owned());
    }
    Ok(())
}
