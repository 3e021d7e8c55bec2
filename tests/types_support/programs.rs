//! Programs that others wrote, built with debug information: SQLite (crates.io `libsqlite3-sys`, compiled with clang) and
//! jaq (crates.io).
//!
//! They are fetched and built when `HEAPY_THIRD_PARTY` is set, which takes some minutes, and kept in `guests/cache`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use heapy_engine::Heap;
use heapy_host::layout::Typing;
use heapy_host::paused::Paused;
use heapy_host::target::Condition;

use crate::guests_support::{heap_of, run_until};

/// What a program's types are measured on.
pub struct Program {
    name: &'static str,
    arguments: &'static [&'static str],
    build: fn(&Path) -> bool,
}

/// SQLite, which fills a table in memory.
pub const SQLITE: Program = Program { name: "sqlite", arguments: &["4000"], build: sqlite };

/// jaq, which reads a document and groups its objects.
pub const JAQ: Program = Program { name: "jaq", arguments: &["-n", "-c", GROUPING], build: jaq };

const GROUPING: &str = "[range(2000) | {key: (. % 97), name: \"item \\(.)\", values: [., . % 7, null, true]}] \
    | tojson | fromjson | group_by(.key) | map(length) | add";

impl Program {
    /// The module, where it is to be had.
    pub fn module(&self) -> Option<Vec<u8>> {
        let binary = folder().join(format!("guests/cache/{}.debug.wasm", self.name));
        if !binary.exists() && std::env::var_os("HEAPY_THIRD_PARTY").is_some() {
            std::fs::create_dir_all(binary.parent()?).unwrap();
            assert!((self.build)(&binary), "{} cannot be built", self.name);
        }
        let found = std::fs::read(&binary).ok();
        if found.is_none() {
            println!("skipped: set HEAPY_THIRD_PARTY=1 to build {} from crates.io", self.name);
        }
        found
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Runs `wasm`: its heap in the middle of the run, as the memory grows, and at its peak, and what was allocated in
    /// all.
    pub fn measured(&self, wasm: &[u8]) -> Measured {
        let conditions = vec![Condition::Grow, Condition::Peak, Condition::Exit];
        let run = run_until(self.name, wasm, self.arguments, &["_start"], conditions);
        assert_eq!(run.output, run.plain_output);
        let why =
            |reason: &str| (0..run.pauses.len()).filter(|&at| run.pauses[at].reason == reason).collect::<Vec<_>>();
        let grown = why("grow");
        // The snapshot of the peak may have been missed by as much as a growth of the memory saw.
        let live = |at: &usize| run.pauses[*at].blocks.iter().map(|block| block.size).sum::<u64>();
        let most = (0..run.pauses.len()).max_by_key(live).unwrap();
        let taken = [grown[grown.len() / 2], most];
        let heaps = taken.map(|at| heap_of(self.name, &run.pauses[at], &run.symbols));
        let typing = Typing::new(wasm.to_vec().into()).unwrap();
        let started = Instant::now();
        let _ = typing.statics();
        let read = started.elapsed();
        Measured { heaps, allocated: allocated(&typing, &run.pauses[why("exit")[0]]), read }
    }
}

/// What a run of a program gave.
pub struct Measured {
    /// The heap mid-run and at the peak.
    pub heaps: [Heap; 2],
    /// Percent of all allocated bytes whose type the call that allocated them tells.
    pub allocated: f64,
    /// How long the debug information took to be read.
    pub read: Duration,
}

fn allocated(typing: &Typing, paused: &Paused) -> f64 {
    let (mut typed, mut all) = (0u64, 0u64);
    for totals in &paused.totals {
        all += totals.bytes;
        let Some(frames) = totals.context.and_then(|key| paused.contexts.frames.get(key.0 as usize)) else { continue };
        // Blocks that hold several values are of many sizes, and of size 0 among them.
        let sizes = [totals.bytes / totals.allocations.max(1), 0];
        if sizes.iter().any(|&size| typing.type_of_allocation(frames, size).is_some()) {
            typed += totals.bytes;
        }
    }
    100.0 * typed as f64 / all.max(1) as f64
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.env_remove("CARGO_TARGET_DIR");
    cargo
}

fn sqlite(binary: &Path) -> bool {
    let own = folder().join("guests/bench/sqlite");
    let mut command = cargo();
    command.args(["metadata", "--quiet", "--format-version", "1", "--manifest-path"]).arg(own.join("Cargo.toml"));
    let metadata: serde_json::Value =
        serde_json::from_slice(&command.stderr(Stdio::null()).output().unwrap().stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "libsqlite3-sys").unwrap();
    let source = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().join("sqlite3");
    let mut clang = Command::new("clang");
    clang.args(["--target=wasm32-wasi", "--sysroot=/usr", "-g", "-O2", "-w", "-DSQLITE_THREADSAFE=0"]);
    clang.args(["-DSQLITE_OMIT_LOAD_EXTENSION", "-I"]).arg(&source).arg(own.join("rows.c"));
    clang.arg(source.join("sqlite3.c")).arg("-o").arg(binary);
    clang.status().is_ok_and(|status| status.success())
}

fn jaq(binary: &Path) -> bool {
    let root = binary.with_extension("build");
    let install = ["install", "jaq", "--version", "1.6.0", "--locked", "--target", "wasm32-wasip1"];
    let mut command = cargo();
    command.args(install).args(["--no-default-features", "--root"]).arg(&root);
    let status = command.env("CARGO_PROFILE_RELEASE_DEBUG", "2").status();
    status.is_ok_and(|status| status.success()) && std::fs::rename(root.join("bin/jaq.wasm"), binary).is_ok()
}
