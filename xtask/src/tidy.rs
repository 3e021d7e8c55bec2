//! The rules that no compiler checks.
//!
//! * no file over 500 lines, generated ones excepted by name;
//! * module docs on every Rust file of the crates;
//! * no loose ends in comments;
//! * crates depend on each other only as the architecture allows;
//! * every subcommand of `heapy-host` is in the README or the guide;
//! * the names that instrumentation injects stand in one file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{output, root};

const MOST_LINES: usize = 500;
const CRATES: [&str; 6] = ["engine", "host", "inspector-ui", "guest-sdk", "tests", "xtask"];
const GENERATED: [&str; 2] = ["www/js/heapy.d.ts", "guest-sdk/include/heapy.h"];

/// Which workspace crates a crate may depend on.
const ARROWS: [(&str, &[&str]); 6] = [
    ("engine", &[]),
    ("host", &["heapy-engine", "heapy-guest"]),
    ("inspector-ui", &["heapy-engine"]),
    ("guest-sdk", &["heapy-guest-derive"]),
    ("tests", &["heapy-engine", "heapy-host", "heapy-guest"]),
    ("xtask", &[]),
];

/// Checks every rule and lists all that break one.
pub(crate) fn run() -> Result<()> {
    let mut broken = Vec::new();
    let files = tracked_files()?;
    for file in &files {
        check_file(file, &mut broken)?;
    }
    check_arrows(&mut broken)?;
    check_commands(&files, &mut broken)?;
    if broken.is_empty() {
        eprintln!("tidy: {} files in order", files.len());
        return Ok(());
    }
    bail!("tidy:\n  {}", broken.join("\n  "))
}

fn tracked_files() -> Result<Vec<PathBuf>> {
    let listed = output(Command::new("git").current_dir(root()).args(["ls-files", "-co", "--exclude-standard"]))?;
    Ok(listed.lines().map(PathBuf::from).filter(|file| root().join(file).is_file()).collect())
}

fn check_file(file: &Path, broken: &mut Vec<String>) -> Result<()> {
    let is = |ending: &str| file.extension().is_some_and(|found| found == ending);
    if !(is("rs") || is("js") || is("css") || is("ts")) || is_guest(file) {
        return Ok(());
    }
    let text = fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {}", file.display()))?;
    let lines = text.lines().count();
    if lines > MOST_LINES && !GENERATED.iter().any(|name| file == Path::new(name)) {
        broken.push(format!("{}: {lines} lines, {MOST_LINES} at most", file.display()));
    }
    if is("rs") {
        let first = text.lines().find(|line| !line.is_empty() && !line.starts_with("#!"));
        if !first.is_some_and(|line| line.starts_with("//!")) {
            broken.push(format!("{}: no module docs", file.display()));
        }
    }
    let loose = ["TODO", "FIXME", "XXX"];
    for (number, line) in text.lines().enumerate() {
        let comment = line.split_once("//").map_or("", |(_, comment)| comment);
        if loose.iter().any(|word| comment.contains(word)) {
            broken.push(format!("{}:{}: a loose end", file.display(), number + 1));
        }
        if is("rs")
            && line.contains("\"heapy.")
            && file.starts_with("host/src/instrument")
            && !file.ends_with("names.rs")
        {
            broken.push(format!("{}:{}: an injected name outside of names.rs", file.display(), number + 1));
        }
    }
    Ok(())
}

/// Sources of guests are programs of their own and keep their own form.
fn is_guest(file: &Path) -> bool {
    file.starts_with("tests/guests")
}

fn check_arrows(broken: &mut Vec<String>) -> Result<()> {
    for (folder, allowed) in ARROWS {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml"))?;
        for line in manifest.lines() {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if name.starts_with("heapy-") && !allowed.contains(&name) {
                broken.push(format!("{folder}: may not depend on {name}"));
            }
        }
    }
    let folders = CRATES.iter().filter(|folder| !root().join(folder).is_dir());
    broken.extend(folders.map(|folder| format!("{folder}: no such crate")));
    Ok(())
}

fn check_commands(files: &[PathBuf], broken: &mut Vec<String>) -> Result<()> {
    let mut prose = fs::read_to_string(root().join("README.md")).unwrap_or_default();
    for page in files.iter().filter(|file| file.starts_with("www/guide")) {
        prose.push_str(&fs::read_to_string(root().join(page))?);
    }
    let commands = files.iter().filter(|file| file.starts_with("host/src/cli"));
    for command in commands.filter_map(|file| file.file_stem()?.to_str()) {
        let declares = fs::read_to_string(root().join("host/src/cli").join(format!("{command}.rs")))
            .is_ok_and(|text| text.contains("/// Subcommand"));
        if declares && !prose.contains(&format!("heapy-host {command}")) {
            broken.push(format!("heapy-host {command}: neither in the README nor in the guide"));
        }
    }
    Ok(())
}
