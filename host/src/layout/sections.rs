//! Where a module keeps what the layouts are read from: its structure, and debug sections wherever they are.

use std::ops::Deref;
use std::sync::Arc;

use crate::module::ModuleStructure;
pub(super) use crate::module::Reader;

/// The places in an original module that types are read from.
#[derive(Debug)]
pub(super) struct Sections {
    module: Arc<ModuleStructure>,
    /// The module, and behind it the files that its debug information is in.
    pub(super) bytes: Arc<[u8]>,
}

impl Sections {
    /// Those of a module. Looks for its debug sections.
    pub(super) fn new(module: &Arc<ModuleStructure>) -> Self {
        Self { module: Arc::clone(module), bytes: Arc::clone(&module.debug().bytes) }
    }

    /// Bytes of a pointer.
    pub(super) fn pointer_bytes(&self) -> u64 {
        if self.module.is_wide() { 8 } else { 4 }
    }

    /// The debug sections that are not split off, for gimli.
    pub(super) fn dwarf(&self) -> gimli::Dwarf<Reader<'_>> {
        self.module.debug().dwarf()
    }
}

impl Deref for Sections {
    type Target = ModuleStructure;

    fn deref(&self) -> &ModuleStructure {
        &self.module
    }
}
