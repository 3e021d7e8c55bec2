//! Files that debug information was split off into: where they may lie, and whether they fit.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use gimli::{DwoId, EndianSlice, LittleEndian, Reader as _, Section as _};
use rayon::prelude::*;
use wasmparser::{Parser, Payload};

use super::debug::{Places, Reader};

/// Largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 31;
/// Files that are read of one module.
const MAX_FILES: usize = 10_000;

/// A file that was read.
pub(super) struct Opened {
    pub(super) bytes: Vec<u8>,
    pub(super) sections: Places,
}

/// A unit whose entries are in another file.
pub(super) struct Wanted {
    id: DwoId,
    name: String,
    /// The folder it was compiled in.
    folder: String,
}

/// The file that a section `external_debug_info` names.
pub(super) fn external(section: &[u8]) -> Option<String> {
    let mut reader = EndianSlice::new(section, LittleEndian);
    let size = reader.read_uleb128().ok()?;
    let name = reader.split(usize::try_from(size).ok()?).ok()?;
    std::str::from_utf8(name.slice()).ok().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The file with all debug information, beside the module's.
pub(super) fn open_external(module: &Path, named: &str) -> Option<Opened> {
    let beside = module.parent()?.join(file_name(named)?);
    open(&beside).filter(|opened| opened.sections.contains_key(".debug_info"))
}

/// The units that are split off. Time linear in the units.
pub(super) fn wanted(dwarf: &gimli::Dwarf<Reader<'_>>) -> Vec<Wanted> {
    // Whatever is split off leaves its addresses behind.
    if dwarf.debug_addr.reader().is_empty() {
        return Vec::new();
    }
    let (mut headers, mut units) = (Vec::new(), dwarf.units());
    while let Ok(Some(header)) = units.next() {
        headers.push(header);
    }
    let wanted = |header: gimli::UnitHeader<Reader<'_>>| {
        let unit = dwarf.unit(header).ok()?;
        let text = |value| dwarf.attr_string(&unit, value).ok().map(|text| text.to_string_lossy().into_owned());
        let name = text(unit.dwo_name().ok()??)?;
        let folder = unit.comp_dir.map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default();
        Some(Wanted { id: unit.dwo_id?, name, folder })
    };
    headers.into_par_iter().filter_map(wanted).collect()
}

/// The files with the wanted units, each once with the ids of its units, and the names of those that are not there. The
/// package beside the module comes first.
pub(super) fn open_all(
    parent: &gimli::Dwarf<Reader<'_>>,
    module: Option<&Path>,
    wanted: Vec<Wanted>,
) -> (Vec<(Opened, Vec<u64>)>, Vec<String>) {
    let mut found: Vec<(Opened, Vec<u64>)> = Vec::new();
    let mut missing = Vec::new();
    let mut wanted = wanted;
    if let Some(module) = module.filter(|_| !wanted.is_empty()) {
        for path in [module.with_extension("dwp"), appended(module, ".dwp")] {
            if let Some(opened) = open(&path) {
                let (inside, rest): (Vec<_>, Vec<_>) =
                    wanted.into_iter().partition(|unit| has_unit(&opened, unit.id, parent));
                wanted = rest;
                found.push((opened, inside.iter().map(|unit| unit.id.0).collect()));
            }
        }
    }
    let mut by_path: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for unit in wanted {
        let places = module.map(|module| places(module, &unit)).unwrap_or_default();
        let opened = places.into_iter().find_map(|path| {
            if let Some(&known) = by_path.get(&path) {
                return has_unit(&found[known].0, unit.id, parent).then_some(known);
            }
            if found.len() >= MAX_FILES {
                return None;
            }
            let opened = open(&path).filter(|opened| has_unit(opened, unit.id, parent))?;
            found.push((opened, Vec::new()));
            by_path.insert(path, found.len() - 1);
            Some(found.len() - 1)
        });
        match opened {
            Some(file) => found[file].1.push(unit.id.0),
            None => missing.push(unit.name),
        }
    }
    missing.sort_unstable();
    missing.dedup();
    (found, missing)
}

/// The debug sections of a `.dwo` file, or of a unit of a `.dwp` file.
pub(super) fn sections<'bytes>(
    section: impl Fn(&str) -> Reader<'bytes>,
    id: DwoId,
    parent: &gimli::Dwarf<Reader<'bytes>>,
) -> Option<gimli::Dwarf<Reader<'bytes>>> {
    let of = |wanted: gimli::SectionId| wanted.dwo_name().map_or_else(|| section(wanted.name()), &section);
    if !section(gimli::SectionId::DebugCuIndex.name()).is_empty() {
        let package = gimli::DwarfPackage::load(|wanted| gimli::Result::Ok(of(wanted)), section("")).ok()?;
        return package.find_cu(id, parent).ok()?;
    }
    let mut dwarf = gimli::Dwarf::load(|wanted| gimli::Result::Ok(of(wanted))).ok()?;
    dwarf.make_dwo(parent);
    Some(dwarf)
}

/// The unit of this id among sections that were split off.
pub(crate) fn unit<'bytes>(dwarf: &gimli::Dwarf<Reader<'bytes>>, id: DwoId) -> Option<gimli::Unit<Reader<'bytes>>> {
    let mut units = dwarf.units();
    while let Ok(Some(header)) = units.next() {
        if let Ok(unit) = dwarf.unit(header)
            && unit.dwo_id == Some(id)
        {
            return Some(unit);
        }
    }
    None
}

fn has_unit(opened: &Opened, id: DwoId, parent: &gimli::Dwarf<Reader<'_>>) -> bool {
    let place = |name: &str| {
        let range = opened.sections.get(name).cloned().unwrap_or_default();
        EndianSlice::new(&opened.bytes[range], LittleEndian)
    };
    sections(place, id, parent).is_some_and(|dwarf| unit(&dwarf, id).is_some())
}

/// Where a unit's file may be: beside the module, there under its own path, in the folder it was compiled in. The names
/// are the module's to choose: nothing but a `.dwo` file is opened for them.
fn places(module: &Path, unit: &Wanted) -> Vec<PathBuf> {
    let beside = module.parent().unwrap_or(Path::new(""));
    let named = Path::new(&unit.name);
    if named.extension().is_none_or(|ending| ending != "dwo") {
        return Vec::new();
    }
    let mut places: Vec<PathBuf> = file_name(&unit.name).map(|name| beside.join(name)).into_iter().collect();
    if named.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        places.push(beside.join(named));
    }
    places.push(Path::new(&unit.folder).join(named));
    places
}

/// The last part of a path of any system.
fn file_name(path: &str) -> Option<&str> {
    path.rsplit(['/', '\\']).next().filter(|name| !name.is_empty() && *name != ".." && *name != ".")
}

fn appended(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Reads a file whose sections are custom sections of WebAssembly.
fn open(path: &Path) -> Option<Opened> {
    // A path out of a module may lead to a device, or to a file of the system without a size, which would never end.
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || !(8..=MAX_FILE_BYTES).contains(&metadata.len()) {
        return None;
    }
    let bytes = std::fs::read(path).ok()?;
    let mut sections = Places::new();
    for payload in Parser::new(0).parse_all(&bytes) {
        if let Payload::CustomSection(section) = payload.ok()? {
            let start = section.data_offset();
            sections.entry(section.name().to_owned()).or_insert(start..start + section.data().len());
        }
    }
    Some(Opened { bytes, sections })
}
