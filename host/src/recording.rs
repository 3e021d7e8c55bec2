//! Recordings on disk: written so that nothing is lost, opened whether they were finished or not.
//!
//! While a guest runs, a recording is a folder `FILE.partial/` to which each snapshot adds its tables; at the end the
//! folder is packed into one file under a temporary name, which is then renamed. After a crash or `kill -9` the folder
//! stays behind and opens like the file, up to its last complete snapshot.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use heapy_engine::events::EventError;
use heapy_engine::snapshot::{Entry, Recording, SnapshotError, Writer, events_entry, pack, timeline_entry};
use heapy_engine::{Heap, Timeline};
use thiserror::Error;

/// Most entries and folders that a folder left behind is searched for; a recording has a dozen entries a snapshot.
const MOST_ENTRIES: usize = 1_000_000;

/// Why a recording cannot be written or opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// A file or folder cannot be used.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried: `read`, `write`, ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The contents are no recording, or a heap cannot be written as one.
    #[error("{}", path.display())]
    Format {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        source: SnapshotError,
    },
}

/// A recording that is being written.
#[derive(Debug)]
pub struct RecordingFile {
    path: PathBuf,
    folder: PathBuf,
    writer: Writer,
    snapshots: u32,
}

impl RecordingFile {
    /// Begins a recording that will be the file `path`. A folder that an earlier run left behind is replaced.
    ///
    /// # Errors
    /// [`RecordingError::File`] when the folder cannot be made.
    pub fn create(path: &Path) -> Result<Self, RecordingError> {
        let folder = partial_folder(path);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(failed("replace", &folder))?;
        }
        fs::create_dir(&folder).map_err(failed("create", &folder))?;
        Ok(Self { path: path.to_owned(), folder, writer: Writer::new(), snapshots: 0 })
    }

    /// Writes a snapshot; it survives a crash from here on.
    ///
    /// # Errors
    /// [`RecordingError`] when the disk or the format cannot take it.
    pub fn add(&mut self, heap: &Heap) -> Result<(), RecordingError> {
        let entries = self.writer.add(heap).map_err(|source| self.format_error(source))?;
        for entry in entries {
            self.write(&entry)?;
        }
        self.snapshots += 1;
        Ok(())
    }

    /// Writes the snapshot of the peak, which does not count among the others.
    ///
    /// # Errors
    /// As those of [`add`](Self::add).
    pub fn add_peak(&mut self, heap: &Heap) -> Result<(), RecordingError> {
        let entries = self.writer.add_peak(heap).map_err(|source| self.format_error(source))?;
        entries.iter().try_for_each(|entry| self.write(entry))
    }

    /// Writes the course of the run so far, in place of what was written of it before.
    ///
    /// # Errors
    /// [`RecordingError`] when the disk or the format cannot take it.
    pub fn set_timeline(&self, timeline: &Timeline) -> Result<(), RecordingError> {
        let entry = timeline_entry(timeline).map_err(|source| self.format_error(source))?;
        self.write(&entry)
    }

    fn write(&self, entry: &Entry) -> Result<(), RecordingError> {
        let path = self.folder.join(&entry.name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed("create", parent))?;
        }
        write_durably(&path, |file| file.write_all(&entry.bytes)).map_err(failed("write", &path))
    }

    /// Where events of the recording are written, which may happen on another thread.
    #[must_use]
    pub fn events(&self) -> EventFolder {
        EventFolder { folder: self.folder.clone() }
    }

    /// Number of snapshots so far.
    #[must_use]
    pub const fn snapshots(&self) -> u32 {
        self.snapshots
    }

    /// The recording so far, as the bytes of a file.
    ///
    /// # Errors
    /// [`RecordingError`] when the folder cannot be read.
    pub fn bytes(&self) -> Result<Vec<u8>, RecordingError> {
        let packed = pack(folder_entries(&self.folder)?, io::Cursor::new(Vec::new()));
        Ok(packed.map_err(|source| self.format_error(source))?.into_inner())
    }

    /// Packs the folder into the file and removes the folder. On an error the folder stays.
    ///
    /// # Errors
    /// [`RecordingError`] when the file cannot be written.
    pub fn finish(self) -> Result<(), RecordingError> {
        let unfinished = with_ending(&self.path, ".unfinished");
        let entries = folder_entries(&self.folder)?;
        let file = File::create(&unfinished).map_err(failed("write", &unfinished))?;
        let packed = pack(entries, BufWriter::new(file)).map_err(|source| self.format_error(source))?;
        let file = packed.into_inner().map_err(|error| failed("write", &unfinished)(error.into_error()))?;
        file.sync_all().map_err(failed("write", &unfinished))?;
        fs::rename(&unfinished, &self.path).map_err(failed("write", &self.path))?;
        fs::remove_dir_all(&self.folder).map_err(failed("remove", &self.folder))
    }

    /// Gives the recording up and removes its folder.
    ///
    /// # Errors
    /// [`RecordingError::File`] when the folder cannot be removed.
    pub fn discard(self) -> Result<(), RecordingError> {
        fs::remove_dir_all(&self.folder).map_err(failed("remove", &self.folder))
    }

    fn format_error(&self, source: SnapshotError) -> RecordingError {
        RecordingError::Format { path: self.path.clone(), source }
    }
}

/// The part of a recording that is being written that holds events.
#[derive(Clone, Debug)]
pub struct EventFolder {
    folder: PathBuf,
}

impl EventFolder {
    /// Writes a chunk; chunks are numbered from 0. It survives the end of this process from here on, not that of the
    /// system: there are too many to wait for the disk each time.
    ///
    /// # Errors
    /// [`RecordingError::File`] when the disk does not take it.
    pub fn write(&self, number: u32, chunk: Vec<u8>) -> Result<(), RecordingError> {
        let entry = events_entry(number, chunk);
        let path = self.folder.join(&entry.name);
        if let Some(parent) = path.parent().filter(|_| number == 0) {
            fs::create_dir_all(parent).map_err(failed("create", parent))?;
        }
        let unfinished = with_ending(&path, ".unfinished");
        fs::write(&unfinished, &entry.bytes).map_err(failed("write", &unfinished))?;
        fs::rename(&unfinished, &path).map_err(failed("write", &path))
    }

    /// Bytes of all chunks so far.
    ///
    /// # Errors
    /// [`RecordingError::File`] when the folder cannot be read.
    pub fn bytes(&self) -> Result<u64, RecordingError> {
        let chunks = sorted_children(&self.folder.join("events"))?;
        let length = |path: &PathBuf| fs::metadata(path).map(|facts| facts.len()).map_err(failed("read", path));
        chunks.iter().map(length).sum()
    }

    /// The error of events that make no chunk.
    pub(crate) fn unwritable(&self, error: &EventError) -> RecordingError {
        let source = SnapshotError::Unwritable { what: "events", detail: error.to_string() };
        RecordingError::Format { path: self.folder.clone(), source }
    }
}

/// Opens a recording: the file, or the folder that an unfinished run left in its place.
///
/// # Errors
/// [`RecordingError`] when there is neither, or what is there is damaged.
pub fn open(path: &Path) -> Result<Recording, RecordingError> {
    let folder = partial_folder(path);
    let format = |source| RecordingError::Format { path: path.to_owned(), source };
    if path.is_dir() {
        return Recording::from_entries(folder_entries(path)?).map_err(format);
    }
    if !path.exists() && folder.is_dir() {
        return Recording::from_entries(folder_entries(&folder)?).map_err(format);
    }
    Recording::read(read_file(path)?).map_err(format)
}

/// The bytes of a recording as one file, packed first where a folder was left behind.
///
/// # Errors
/// [`RecordingError`] when it cannot be read.
pub fn file_bytes(path: &Path) -> Result<Vec<u8>, RecordingError> {
    let folder = if path.is_dir() { path.to_owned() } else { partial_folder(path) };
    if !path.is_file() && folder.is_dir() {
        let packed = pack(folder_entries(&folder)?, io::Cursor::new(Vec::new()));
        return Ok(packed.map_err(|source| RecordingError::Format { path: folder, source })?.into_inner());
    }
    read_file(path)
}

fn read_file(path: &Path) -> Result<Vec<u8>, RecordingError> {
    fs::read(path).map_err(failed("read", path))
}

/// Every file two levels deep, which is all that a recording has.
fn folder_entries(folder: &Path) -> Result<Vec<Entry>, RecordingError> {
    let mut entries = Vec::new();
    for outer in sorted_children(folder)? {
        if outer.is_file() {
            entries.push(folder_entry(folder, &outer)?);
            continue;
        }
        for inner in sorted_children(&outer)?.iter().filter(|path| path.is_file()) {
            entries.push(folder_entry(folder, inner)?);
        }
    }
    Ok(entries)
}

fn sorted_children(folder: &Path) -> Result<Vec<PathBuf>, RecordingError> {
    let listed = fs::read_dir(folder).map_err(failed("read", folder))?;
    let paths: io::Result<Vec<PathBuf>> = listed.take(MOST_ENTRIES).map(|child| Ok(child?.path())).collect();
    let mut paths = paths.map_err(failed("read", folder))?;
    paths.sort();
    Ok(paths)
}

fn folder_entry(folder: &Path, path: &Path) -> Result<Entry, RecordingError> {
    let relative = path.strip_prefix(folder).unwrap_or(path);
    let name = relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed("read", path))?;
    BufReader::new(file).read_to_end(&mut bytes).map_err(failed("read", path))?;
    Ok(Entry { name, bytes })
}

/// Writes under a temporary name, waits for the disk, renames.
pub(crate) fn write_durably(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let unfinished = with_ending(path, ".unfinished");
    let mut file = File::create(&unfinished)?;
    let written = write(&mut file).and_then(|()| file.sync_all());
    written.and_then(|()| fs::rename(&unfinished, path)).inspect_err(|_| {
        // The first error is the one worth telling.
        let _ = fs::remove_file(&unfinished);
    })
}

/// The folder of a recording that is not finished.
fn partial_folder(path: &Path) -> PathBuf {
    with_ending(path, ".partial")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RecordingError {
    let path = path.to_owned();
    move |source| RecordingError::File { action, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapy_engine::{HeapBuilder, ObjectRecord, RootPlace, Vocabulary};

    fn heap(blocks: u64) -> Heap {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        for block in 0..blocks {
            let key = builder.add_object(ObjectRecord::block(0x1000 + 32 * block, 24));
            builder.add_root(RootPlace::Global { instance: 0, name: format!("g{block}") }, key);
        }
        builder.finish().unwrap()
    }

    #[test]
    fn an_unfinished_recording_opens_like_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.heapy");
        let mut file = RecordingFile::create(&path).unwrap();
        file.add(&heap(3)).unwrap();
        file.add(&heap(5)).unwrap();
        let timeline = Timeline { peak_bytes: 120, ..Timeline::default() };
        file.set_timeline(&Timeline::default()).unwrap();
        file.set_timeline(&timeline).unwrap();
        let unfinished = open(&path).unwrap();
        assert_eq!(unfinished.snapshots().len(), 2);
        assert_eq!(unfinished.timeline().unwrap(), Some(timeline.clone()));
        let bytes = file.bytes().unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(open(&path).unwrap().heap(2).unwrap().object_count(), 5);
        assert_eq!(open(&path).unwrap().timeline().unwrap(), Some(timeline));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the file is left");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = open(Path::new("/nowhere/run.heapy")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/run.heapy"), "{error}");
    }
}
