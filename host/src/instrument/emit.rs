//! Putting the instrumented module together.
//!
//! Sections that nothing is added to are copied as they are; to others, encoded entries are appended and the count is
//! raised. Only code and exports are written anew. A section that is missing is put where it belongs.

use wasm_encoder::Encode;

use super::info::ModuleInfo;
use super::rewrite::{NewBody, Segment};
use crate::error::InstrumentError;

/// Encoded entries for the end of one section.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    count: u32,
    bytes: Vec<u8>,
}

impl Entries {
    /// Appends one entry.
    pub(crate) fn push(&mut self, entry: &impl Encode) -> &mut Self {
        entry.encode(&mut self.bytes);
        self.count += 1;
        self
    }

    /// Appends one entry that is encoded already.
    pub(crate) fn push_raw(&mut self, entry: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(entry);
        self.count += 1;
        self
    }
}

/// What is added to a module.
#[derive(Debug, Default)]
pub(crate) struct Additions {
    /// For the type section.
    pub(crate) types: Entries,
    /// For the function section.
    pub(crate) functions: Entries,
    /// For the table section.
    pub(crate) tables: Entries,
    /// For the memory section.
    pub(crate) memories: Entries,
    /// For the global section.
    pub(crate) globals: Entries,
    /// The whole export section.
    pub(crate) exports: Entries,
    /// The whole code section.
    pub(crate) bodies: Vec<NewBody>,
}

const CUSTOM: u8 = 0;
const EXPORT: u8 = 7;
const START: u8 = 8;
const CODE: u8 = 10;

/// Where a section stands among the others; custom ones stand anywhere.
fn rank(id: u8) -> u8 {
    // Type, import, function, table, memory, tag, global, export, start, element, data count, code, data.
    const ORDER: [u8; 13] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
    ORDER.iter().position(|known| *known == id).map_or(u8::MAX, |at| at as u8)
}

/// The module's bytes and the segments of its code section.
pub(crate) fn assemble(
    info: &ModuleInfo<'_>,
    additions: &Additions,
) -> Result<(Vec<u8>, Vec<Segment>), InstrumentError> {
    let mut output = Output { bytes: info.bytes[..8].to_vec(), segments: Vec::new() };
    let mut missing: Vec<u8> = vec![1, 3, 4, 5, 6, EXPORT, CODE];
    for section in &info.sections {
        if section.id != CUSTOM {
            let earlier = |id: &u8| rank(*id) < rank(section.id);
            let (due, later): (Vec<u8>, Vec<u8>) = missing.iter().partition(|id| earlier(id));
            for id in due {
                output.section(id, 0, &[], additions)?;
            }
            missing = later;
            missing.retain(|id| *id != section.id);
        }
        let contents = &info.bytes[section.range.clone()];
        match section.id {
            START => {}
            1 | 3 | 4 | 5 | 6 | EXPORT | CODE => {
                let (count, entries) = split_count(contents, section.range.start)?;
                output.section(section.id, count, entries, additions)?;
            }
            id => output.raw(id, contents),
        }
    }
    for id in missing {
        output.section(id, 0, &[], additions)?;
    }
    Ok((output.bytes, output.segments))
}

struct Output {
    bytes: Vec<u8>,
    segments: Vec<Segment>,
}

impl Output {
    fn raw(&mut self, id: u8, contents: &[u8]) {
        self.bytes.push(id);
        contents.len().encode(&mut self.bytes);
        self.bytes.extend_from_slice(contents);
    }

    fn section(&mut self, id: u8, count: u32, entries: &[u8], additions: &Additions) -> Result<(), InstrumentError> {
        let added = match id {
            1 => &additions.types,
            3 => &additions.functions,
            4 => &additions.tables,
            5 => &additions.memories,
            6 => &additions.globals,
            EXPORT => return self.whole(id, 0, &[], &additions.exports),
            _ => return self.code(&additions.bodies),
        };
        self.whole(id, count, entries, added)
    }

    fn whole(&mut self, id: u8, count: u32, entries: &[u8], added: &Entries) -> Result<(), InstrumentError> {
        if count == 0 && added.count == 0 {
            return Ok(());
        }
        let mut contents = Vec::with_capacity(entries.len() + added.bytes.len() + 5);
        (count + added.count).encode(&mut contents);
        contents.extend_from_slice(entries);
        contents.extend_from_slice(&added.bytes);
        self.raw(id, &contents);
        Ok(())
    }

    fn code(&mut self, bodies: &[NewBody]) -> Result<(), InstrumentError> {
        let mut contents = Vec::new();
        let mut segments = Vec::new();
        (bodies.len() as u32).encode(&mut contents);
        for body in bodies {
            body.bytes.len().encode(&mut contents);
            let base = contents.len() as u32;
            segments.extend(body.segments.iter().map(|segment| Segment { new: base + segment.new, ..*segment }));
            contents.extend_from_slice(&body.bytes);
        }
        if u32::try_from(self.bytes.len() + contents.len() + 8).is_err() {
            let feature = "more than 4 GiB of code".to_owned();
            return Err(InstrumentError::Unsupported { feature });
        }
        let whole = self.bytes.len();
        self.raw(CODE, &contents);
        let base = (self.bytes.len() - contents.len()) as u32;
        debug_assert!(base as usize > whole);
        for segment in &mut segments {
            segment.new += base;
        }
        self.segments = segments;
        Ok(())
    }
}

/// The number of entries that a section begins with, and its entries.
fn split_count(contents: &[u8], offset: usize) -> Result<(u32, &[u8]), InstrumentError> {
    let mut reader = wasmparser::BinaryReader::new(contents, offset);
    let count = reader.read_var_u32().map_err(super::info::malformed)?;
    Ok((count, &contents[reader.original_position() - offset..]))
}
