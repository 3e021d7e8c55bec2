//! `heapy-host check`: a gate for continuous integration.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use super::guest::Guest;
use super::options::{GuestCommand, GuestOptions};
use super::query::EndsAfter;
use super::snapshots::{self, Opened};
use super::{record, say};
use crate::gate::{
    Baseline, ByteLimit, Figures, Finding, Growth, Leaks, Level, Pattern, Rules, Suppression, Verdict, judge,
    judge_by_script, report,
};
use crate::script::Limits;
use crate::target::{Ending, Outcome};

/// Exit code when a rule is broken.
const BROKEN: u8 = 1;

/// How long a file of rules may run.
const SCRIPT_TIME: Duration = Duration::from_secs(60);

/// Subcommand `check`.
#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    command: GuestCommand,
    #[command(flatten)]
    options: GuestOptions,
    #[command(flatten)]
    rules: RuleOptions,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// Where the report goes; to stderr if not given, since stdout is the guest's.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Rules on the command line; they come on top of those of the file.
#[derive(Args, Debug)]
struct RuleOptions {
    /// A file of rules; heapy.toml in this folder if there is one.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Do not fail for leaks.
    #[arg(long)]
    allow_leaks: bool,
    /// Let leaks of a kind or site through, such as 'app::Cache=filled once' or 'src/cache.rs:*=filled once'.
    #[arg(long, value_name = "PATTERN=REASON")]
    suppress: Vec<String>,
    /// Most live bytes in any snapshot, such as 64KiB.
    #[arg(long, value_name = "BYTES")]
    max_live: Option<ByteLimit>,
    /// Most live blocks in any snapshot.
    #[arg(long, value_name = "N")]
    max_live_blocks: Option<u64>,
    /// Most live bytes at any moment of the run.
    #[arg(long, value_name = "BYTES")]
    max_peak: Option<ByteLimit>,
    /// Most bytes by which the heap may grow from the first snapshot to the last.
    #[arg(long, value_name = "BYTES")]
    max_growth: Option<ByteLimit>,
    /// Figures of an earlier run that may not be exceeded.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write this run's figures as the baseline in place of comparing with it.
    #[arg(long)]
    update: bool,
    /// Rules in JavaScript.
    #[arg(long, value_name = "FILE.js")]
    script: Option<PathBuf>,
}

/// A form of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// One JSON object.
    Json,
    /// JUnit XML.
    Junit,
    /// Annotations of GitHub.
    Github,
}

/// Rules with the files that they name.
struct Gate {
    rules: Rules,
    baseline: Option<PathBuf>,
    script: Option<PathBuf>,
}

/// Runs the guest, or opens the recording given in its place, and judges it.
pub(super) fn run(args: &CheckArgs) -> Result<ExitCode> {
    let gate = gate(&args.rules)?;
    let script = gate.script.as_deref().map(read_text).transpose()?;
    let baseline = match gate.baseline.as_deref() {
        Some(path) if !args.rules.update => Some(read_baseline(path)?),
        _ => None,
    };
    let (opened, outcome) = snapshots_of(args)?;
    let figures = figures(&opened)?;
    if args.rules.update {
        let path = gate.baseline.as_deref().context("--update needs --baseline FILE")?;
        fs::write(path, Baseline::of(&figures).to_json()?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        say(format_args!("the baseline of {} is in {}", opened.name, path.display()));
    }
    let mut verdict = judge(&gate.rules, baseline.as_ref(), figures)?;
    if let Some(outcome) = &outcome {
        verdict.extend("guest", ended(outcome));
    }
    if let Some(source) = script {
        let limits = Limits { time: Some(SCRIPT_TIME), ..Limits::default() };
        let ends = EndsAfter::new(SCRIPT_TIME);
        let found = judge_by_script(opened.for_scripts(&limits)?, &source, limits, |line| say(format_args!("{line}")))?;
        drop(ends);
        verdict.extend("script", found);
    }
    write_report(&verdict, args)?;
    Ok(if verdict.passed() { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) })
}

fn gate(options: &RuleOptions) -> Result<Gate> {
    let default = PathBuf::from("heapy.toml");
    let path = options.rules.clone().or_else(|| default.exists().then_some(default));
    let mut rules = match &path {
        Some(path) => Rules::from_toml(&read_text(path)?).with_context(|| path.display().to_string())?,
        None => Rules::default(),
    };
    let folder = path.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
    if options.allow_leaks {
        rules.leaks = Leaks::Allow;
    }
    rules.max_live = options.max_live.or(rules.max_live);
    rules.max_live_blocks = options.max_live_blocks.or(rules.max_live_blocks);
    rules.max_peak = options.max_peak.or(rules.max_peak);
    if let Some(bytes) = options.max_growth {
        rules.growth.push(Growth { from: None, to: None, count: None, bytes: Some(bytes) });
    }
    for text in &options.suppress {
        rules.suppress.push(suppression(text)?);
    }
    rules.validate()?;
    let beside = |name: &String| folder.join(name);
    Ok(Gate {
        baseline: options.baseline.clone().or_else(|| rules.baseline.as_ref().map(beside)),
        script: options.script.clone().or_else(|| rules.script.as_ref().map(beside)),
        rules,
    })
}

/// A suppression from `PATTERN=REASON`; a pattern that ends like `:12` or `:*` is a site's, any other a kind's.
fn suppression(text: &str) -> Result<Suppression> {
    let Some((pattern, reason)) = text.split_once('=') else {
        bail!("--suppress takes PATTERN=REASON, not {text:?}");
    };
    let line = pattern.rsplit_once(':').map_or("", |(_, line)| line);
    let is_site = !line.is_empty() && line.chars().all(|letter| letter.is_ascii_digit() || letter == '*');
    let pattern = Some(Pattern(pattern.to_owned()));
    let (kind, site) = if is_site { (None, pattern) } else { (pattern, None) };
    Ok(Suppression { kind, site, reason: reason.to_owned() })
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read_baseline(path: &Path) -> Result<Baseline> {
    let text = read_text(path).with_context(|| "--update makes the baseline")?;
    Baseline::from_json(&text).with_context(|| path.display().to_string())
}

/// The snapshots of the guest's run, and how it ended; of a recording, what is in it.
fn snapshots_of(args: &CheckArgs) -> Result<(Opened, Option<Outcome>)> {
    let guest = &args.command.guest;
    if is_recording(guest)? {
        return Ok((snapshots::open(guest)?, None));
    }
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let path = folder.path().join("run.heapy");
    let (outcome, file) = record::record(Guest::load(&args.command, &args.options)?, &path)?;
    file.finish()?;
    // Read whole into memory, so that the folder can go.
    let opened = snapshots::open(&path)?;
    Ok((Opened { name: guest.display().to_string(), ..opened }, Some(outcome)))
}

/// Whether the guest's place holds a recording: a folder, or a zip file.
fn is_recording(path: &Path) -> Result<bool> {
    if path.is_dir() {
        return Ok(true);
    }
    let mut start = [0; 2];
    let mut file = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(file.read_exact(&mut start).is_ok() && start == *b"PK")
}

fn figures(opened: &Opened) -> Result<Vec<Figures>> {
    let last = opened.last()?;
    if last == 0 {
        bail!("{}: no snapshot was made, so that there is nothing to judge", opened.name);
    }
    let folder = std::env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_default();
    (1..=last).map(|number| Ok(Figures::of(&opened.top(Some(number))?)?.relative_to(&folder))).collect()
}

/// A guest that fails has not run what is to be judged.
fn ended(outcome: &Outcome) -> Option<Finding> {
    match &outcome.ending {
        Ending::Trap { message, .. } => {
            let message = format!("the guest trapped: {}", message.lines().next().unwrap_or_default());
            Some(Finding::new(Level::Failure, "guest", message))
        }
        _ if outcome.exit_code() != 0 => {
            let message = format!("the guest's exit code is {}", outcome.exit_code());
            Some(Finding::new(Level::Failure, "guest", message))
        }
        _ => None,
    }
}

fn write_report(verdict: &Verdict, args: &CheckArgs) -> Result<()> {
    let text = match args.format {
        Form::Text => report::to_text(verdict),
        Form::Json => format!("{}\n", report::to_json(verdict)),
        Form::Junit => report::to_junit(verdict),
        Form::Github => report::to_github(verdict, &folder_in_repository()),
    };
    match &args.report {
        Some(path) => fs::write(path, text).with_context(|| format!("cannot write {}", path.display())),
        None => io::stderr().write_all(text.as_bytes()).context("cannot write to stderr"),
    }
}

/// The working folder as GitHub's runner sees it, with a slash at its end; empty at the top and elsewhere.
fn folder_in_repository() -> String {
    let top = std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
    let inside = top.and_then(|top| Some(std::env::current_dir().ok()?.strip_prefix(top).ok()?.to_owned()));
    inside.map(|folder| format!("{}/", folder.display())).filter(|folder| folder != "/").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suppressions_are_of_sites_or_kinds() {
        let site = suppression("src/a.rs:*=old").unwrap();
        assert_eq!((site.kind, site.site.unwrap().0), (None, "src/a.rs:*".into()));
        let kind = suppression("app::Node=old = known").unwrap();
        assert_eq!((kind.kind.unwrap().0, kind.reason), ("app::Node".into(), "old = known".into()));
        assert!(suppression("app::Node").is_err());
    }
}
