//! The debug sections of a module: its own, those of the file that it names for them, and those that were split off into
//! `.dwo` files or a `.dwp` package.
//!
//! Other files are opened only where the module's own file is known, and only regular files of bounded size. Their bytes
//! are put behind the module's, so that a place in any of them is one offset.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use gimli::{DwoId, EndianSlice, LittleEndian, SectionId};

use super::ModuleStructure;
use super::split::{self, Opened};

/// How the debug sections are read: borrowed from [`DebugSections::bytes`].
pub(crate) type Reader<'bytes> = EndianSlice<'bytes, LittleEndian>;

/// Places of sections in the bytes, by name.
pub(super) type Places = HashMap<String, Range<usize>>;

/// The debug sections of a module.
#[derive(Debug)]
pub(crate) struct DebugSections {
    /// The module, and behind it the other files that belong to it.
    pub(crate) bytes: Arc<[u8]>,
    sections: Places,
    /// The other files' sections.
    files: Vec<Places>,
    /// Which of the files has the unit of an id.
    split: BTreeMap<u64, usize>,
    /// Files that are not there or do not fit, by the names that the module has for them.
    pub(crate) missing: Vec<String>,
}

impl DebugSections {
    /// Those of a module, and of files beside it where its own is known. Time linear in the files that are read.
    pub(super) fn find(module: &ModuleStructure, file: Option<&Path>) -> Self {
        let sections = module.custom.iter().rev().cloned().collect();
        let bytes = Arc::clone(&module.bytes);
        let mut own = Self { bytes, sections, files: Vec::new(), split: BTreeMap::new(), missing: Vec::new() };
        if let Some(named) = split::external(own.section("external_debug_info")).filter(|_| !own.has(".debug_info")) {
            match file.and_then(|file| split::open_external(file, &named)) {
                Some(opened) => {
                    let places = own.append([&opened]).into_iter().flatten();
                    own.sections.extend(places.filter(|(name, _)| name.starts_with(".debug_")));
                }
                None => own.missing.push(named),
            }
        }
        let wanted = split::wanted(&own.dwarf());
        let (found, missing) = split::open_all(&own.dwarf(), file, wanted);
        own.missing.extend(missing);
        own.files = own.append(found.iter().map(|(opened, _)| opened));
        let ids = found.iter().enumerate().flat_map(|(file, (_, ids))| ids.iter().map(move |&id| (id, file)));
        own.split.extend(ids);
        own
    }

    /// The contents of a section, empty where there is none.
    pub(crate) fn section(&self, name: &str) -> &[u8] {
        self.sections.get(name).map_or(&[], |range| &self.bytes[range.clone()])
    }

    /// Whether there is a section of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        !self.section(name).is_empty()
    }

    /// The sections that are not split off.
    pub(crate) fn dwarf(&self) -> gimli::Dwarf<Reader<'_>> {
        self.dwarf_in(&self.bytes)
    }

    /// The same, borrowed from a copy of [`Self::bytes`].
    pub(crate) fn dwarf_in<'bytes>(&self, bytes: &'bytes [u8]) -> gimli::Dwarf<Reader<'bytes>> {
        let load = |id: SectionId| Ok(slice(&self.sections, bytes, id.name()));
        let loaded: Result<_, std::convert::Infallible> = gimli::Dwarf::load(load);
        let Ok(dwarf) = loaded;
        dwarf
    }

    /// The sections that the unit of this id was split off into, where they were found.
    pub(crate) fn split(&self, id: DwoId) -> Option<gimli::Dwarf<Reader<'_>>> {
        self.split_in(&self.bytes, id)
    }

    /// The same, borrowed from a copy of [`Self::bytes`].
    pub(crate) fn split_in<'bytes>(&self, bytes: &'bytes [u8], id: DwoId) -> Option<gimli::Dwarf<Reader<'bytes>>> {
        let places = self.files.get(*self.split.get(&id.0)?)?;
        split::sections(|name| slice(places, bytes, name), id, &self.dwarf_in(bytes))
    }

    /// Puts files behind the bytes, and tells where their sections are then.
    fn append<'a>(&mut self, files: impl IntoIterator<Item = &'a Opened>) -> Vec<Places> {
        let (mut behind, mut places) = (Vec::new(), Vec::new());
        for file in files {
            let start = self.bytes.len() + behind.len();
            let moved = |range: &Range<usize>| start + range.start..start + range.end;
            places.push(file.sections.iter().map(|(name, range)| (name.clone(), moved(range))).collect());
            behind.extend_from_slice(&file.bytes);
        }
        if !behind.is_empty() {
            self.bytes = [&self.bytes[..], &behind].concat().into();
        }
        places
    }
}

fn slice<'bytes>(places: &Places, bytes: &'bytes [u8], name: &str) -> Reader<'bytes> {
    let found = places.get(name).and_then(|range| bytes.get(range.clone()));
    EndianSlice::new(found.unwrap_or(&[]), LittleEndian)
}
