//! Compiled modules, kept from one start to the next.
//!
//! A large guest takes a minute to compile. What came of that is kept under a key of the original module, the options, the
//! engine and this program; the next start then neither instruments nor compiles. Two files for each key: the engine's own
//! format, which is mapped into memory as it is, and what leads back from the instrumented module to the original. The
//! oldest go when all together take more than [`BYTES_MAX`].
//!
//! Nothing here is an error to the user: what cannot be read is made anew, and what cannot be written is not kept.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use wasmtime::{Engine, Module};

use crate::instrument::{InstrumentMap, Options};

/// What all files together may take.
const BYTES_MAX: u64 = 4 << 30;
/// What the names of the engine's files end with.
const MODULE: &str = "cwasm";
/// What the names of the files of maps end with.
const MAP: &str = "map";

/// Where compiled modules are kept.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The user's own: `heapy` in the system's folder for such things. None where there is no such folder.
    pub(super) fn open() -> Option<Self> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = || variable("HOME").map(|home| home.join(".cache"));
        let folder = variable("XDG_CACHE_HOME").or_else(|| variable("LOCALAPPDATA")).or_else(home)?.join("heapy");
        fs::create_dir_all(&folder).ok()?;
        Some(Self { folder })
    }

    /// The key of a module under some options.
    pub(super) fn key(wasm: &[u8], options: &Options, engine: &Engine) -> String {
        let mut own = DefaultHasher::new();
        format!("{} {options:?}", env!("CARGO_PKG_VERSION")).hash(&mut own);
        engine.precompile_compatibility_hash().hash(&mut own);
        // While it is being developed, this program changes without changing its version.
        if let Ok(program) = std::env::current_exe().and_then(fs::metadata) {
            (program.len(), program.modified().ok()).hash(&mut own);
        }
        // Two halves of the module with different beginnings: 128 bits in all.
        let half = |seed: u64| {
            let mut hasher = DefaultHasher::new();
            (seed, wasm).hash(&mut hasher);
            hasher.finish()
        };
        format!("{:016x}{:016x}{:016x}", own.finish(), half(0), half(1))
    }

    /// What was kept under a key.
    pub(super) fn load(&self, key: &str, engine: &Engine) -> Option<(Module, InstrumentMap)> {
        let bytes = fs::read(self.path(key, MAP)).ok()?;
        let (length, map) = bytes.split_first_chunk::<8>()?;
        let path = self.path(key, MODULE);
        if fs::metadata(&path).ok()?.len() != u64::from_le_bytes(*length) {
            return None;
        }
        let map = InstrumentMap::from_bytes(map)?;
        // SAFETY: the file was written by `keep` below, whole, for it was renamed into place and has the length that was
        // noted then; it lies in the user's own folder, and nobody changes it in place. What it was compiled for is in its
        // key, and the engine checks it again.
        let module = unsafe { Module::deserialize_file(engine, &path) }.ok()?;
        Some((module, map))
    }

    /// Keeps a module, and lets older ones go.
    pub(super) fn keep(&self, key: &str, module: &Module, map: &InstrumentMap) {
        let Ok(compiled) = module.serialize() else { return };
        let mut bytes = (compiled.len() as u64).to_le_bytes().to_vec();
        bytes.extend(map.to_bytes());
        let written = self.write(key, MODULE, &compiled).and_then(|()| self.write(key, MAP, &bytes));
        // A cache that cannot be written is none.
        let _ = written.and_then(|()| self.trim(BYTES_MAX));
    }

    fn path(&self, key: &str, extension: &str) -> PathBuf {
        self.folder.join(key).with_extension(extension)
    }

    fn write(&self, key: &str, extension: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.persist(self.path(key, extension))?;
        Ok(())
    }

    fn trim(&self, bytes_max: u64) -> io::Result<()> {
        let mut files: Vec<(SystemTime, PathBuf, u64)> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let facts = entry.metadata()?;
            if is_ours(&entry.path()) {
                files.push((facts.modified()?, entry.path(), facts.len()));
            }
        }
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, _, bytes)| bytes).sum();
        for (_, path, size) in files {
            if bytes <= bytes_max {
                break;
            }
            fs::remove_file(path)?;
            bytes -= size;
        }
        Ok(())
    }
}

fn is_ours(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == MODULE || extension == MAP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::instrument;

    const GUEST: &str = r#"(module (memory 1)
        (func (export "malloc") (param i32) (result i32) i32.const 64)
        (func (export "free") (param i32)))"#;

    #[test]
    fn what_was_kept_comes_back_until_it_is_trimmed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { folder: folder.path().to_owned() };
        let engine = Engine::default();
        let wasm = wat::parse_str(GUEST).unwrap();
        let made = instrument(&wasm, &Options::default()).unwrap();
        let key = Cache::key(&wasm, &Options::default(), &engine);
        assert!(cache.load(&key, &engine).is_none());
        cache.keep(&key, &Module::new(&engine, &made.wasm).unwrap(), &made.map);
        let (module, map) = cache.load(&key, &engine).unwrap();
        assert!(module.get_export("malloc").is_some());
        assert_eq!(format!("{map:?}"), format!("{:?}", made.map));
        cache.write(&key, MODULE, b"cut off").unwrap();
        assert!(cache.load(&key, &engine).is_none());
        cache.trim(0).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn keys_differ_with_module_and_options() {
        let engine = Engine::default();
        let peak = Options { peak: true, ..Options::default() };
        let key = Cache::key(b"one", &Options::default(), &engine);
        assert_ne!(key, Cache::key(b"two", &Options::default(), &engine));
        assert_ne!(key, Cache::key(b"one", &peak, &engine));
    }
}
