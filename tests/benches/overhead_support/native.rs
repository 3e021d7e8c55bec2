//! The same programs compiled for this machine, under the recorders that Debian has for native programs: what one is used
//! to paying. Each against its own plain run, in wall time; heaptrack's own second process runs beside the program.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::clock::median;
use super::programs::{Program, installed};

/// Ratios to the plain native run; none where the tool is not installed.
pub(crate) struct Native {
    /// heaptrack, all stacks, which are recorded and not yet interpreted.
    pub(crate) heaptrack: Option<f64>,
    /// valgrind's dhat.
    pub(crate) dhat: Option<f64>,
}

/// Measures a program's native build; none if it has none.
pub(crate) fn measure(program: &Program) -> Result<Option<Native>> {
    let Some(command) = &program.native else { return Ok(None) };
    let output = tempfile::tempdir()?;
    let plain = wall(command, output.path(), 7)?;
    let under = |tool: &[&str], repeats| -> Result<Option<f64>> {
        if !installed(tool[0]) {
            return Ok(None);
        }
        let whole: Vec<String> = tool.iter().map(|word| (*word).to_owned()).chain(command.iter().cloned()).collect();
        Ok(Some(wall(&whole, output.path(), repeats)? / plain))
    };
    Ok(Some(Native {
        heaptrack: under(&["heaptrack", "--raw", "-o", "heaptrack"], 3)?,
        dhat: under(&["valgrind", "--tool=dhat", "--dhat-out-file=dhat"], 1)?,
    }))
}

/// Median wall time of some runs, in seconds.
fn wall(words: &[String], folder: &Path, repeats: usize) -> Result<f64> {
    let (tool, arguments) = words.split_first().context("a command has a name")?;
    let mut times = Vec::new();
    for _ in 0..repeats {
        let begun = Instant::now();
        let status = Command::new(tool)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .with_context(|| format!("cannot start {tool}"))?;
        ensure!(status.success(), "{tool}: {status}");
        times.push(begun.elapsed().as_secs_f64());
    }
    Ok(median(&mut times))
}
