//! Entries: the named pieces of which a file is made.

use std::collections::BTreeMap;
use std::io::{Seek, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::description::{FileDescription, META, PRODUCER, TIMELINE};
use super::read::{Described, described};
use super::{FORMAT, SnapshotError};
use crate::timeline::Timeline;

/// A piece of a snapshot file: a table or a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, such as `1/objects.arrow`: a path with one folder, of lower-case letters, digits and dots.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Makes one file of the entries of one or several snapshots, in any order. Entries of snapshots that were not completed
/// are left out.
///
/// # Errors
/// An entry is missing or damaged, or `output` fails.
pub fn pack<W: Write + Seek>(entries: impl IntoIterator<Item = Entry>, output: W) -> Result<W, SnapshotError> {
    let entries: BTreeMap<String, Vec<u8>> = entries.into_iter().map(|entry| (entry.name, entry.bytes)).collect();
    let Described { snapshots, peak, checks } = described(&entries)?;
    let guest = snapshots.first().or(peak.as_ref()).map(|snapshot| snapshot.facts.guest.clone()).unwrap_or_default();
    let meta = FileDescription { format: FORMAT, producer: PRODUCER.into(), guest, snapshots, peak, entries: checks };
    let mut zip = ZipWriter::new(output);
    add(&mut zip, META, &json(&meta)?)?;
    for name in meta.entries.keys() {
        let bytes = entries.get(name).ok_or_else(|| SnapshotError::Missing { entry: name.clone() })?;
        add(&mut zip, name, bytes)?;
    }
    zip.finish().map_err(|error| SnapshotError::Output(error.to_string()))
}

/// The entry of a run's course; a later one takes its place.
///
/// # Errors
/// [`SnapshotError::Unwritable`] if it cannot be written down.
pub fn timeline_entry(timeline: &Timeline) -> Result<Entry, SnapshotError> {
    let bytes = serde_json::to_vec(timeline);
    let bytes = bytes.map_err(|error| SnapshotError::Unwritable { what: "the timeline", detail: error.to_string() })?;
    Ok(Entry { name: TIMELINE.into(), bytes })
}

/// A description as it is stored.
pub(super) fn json(description: &impl serde::Serialize) -> Result<Vec<u8>, SnapshotError> {
    serde_json::to_vec_pretty(description)
        .map_err(|error| SnapshotError::Unwritable { what: "the description", detail: error.to_string() })
}

fn add(zip: &mut ZipWriter<impl Write + Seek>, name: &str, bytes: &[u8]) -> Result<(), SnapshotError> {
    let stored = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(u32::try_from(bytes.len()).is_err());
    zip.start_file(name, stored).map_err(|error| SnapshotError::Output(error.to_string()))?;
    zip.write_all(bytes).map_err(|error| SnapshotError::Output(error.to_string()))
}
