//! `heapy-host query`: a script about a recording.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::{say, snapshots};
use crate::script::{Form, Interpreter, Limits, ScriptError, Stop};
use crate::target::duration;

/// Exit code when the script failed.
const SCRIPT_FAILED: u8 = 1;

/// Subcommand `query`.
#[derive(Args, Debug)]
pub(super) struct QueryArgs {
    /// The recording.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A file with the script, or - for stdin.
    #[arg(value_name = "SCRIPT.js", required_unless_present = "expression", conflicts_with = "expression")]
    script: Option<PathBuf>,
    /// The script itself, such as 'hp.heap().byvia'.
    #[arg(short = 'e', long = "expression", value_name = "EXPR")]
    expression: Option<String>,
    /// Print the value as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    limits: ScriptLimits,
}

/// What a script may use.
#[derive(Args, Clone, Debug)]
pub(super) struct ScriptLimits {
    /// Stop a script that runs longer, such as 10s.
    #[arg(long, value_name = "DURATION")]
    time_limit: Option<String>,
    /// Most MiB of memory for the script's own values.
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    memory_limit: usize,
}

impl ScriptLimits {
    pub(super) fn read(&self) -> Result<Limits> {
        let read =
            |text: &str| duration(text).with_context(|| format!("--time-limit takes 500ms or 10s, not {text:?}"));
        let time: Option<Duration> = self.time_limit.as_deref().map(read).transpose()?;
        if self.memory_limit == 0 {
            bail!("--memory-limit takes at least 1, not 0");
        }
        Ok(Limits { memory_bytes: self.memory_limit.saturating_mul(1 << 20), time, ..Limits::default() })
    }
}

/// Runs the script and prints its value.
pub(super) fn run(args: &QueryArgs) -> Result<ExitCode> {
    let source = source(args)?;
    let limits = args.limits.read()?;
    let stop = stop_by_interrupt()?;
    let native = snapshots::open(&args.file)?.for_scripts(&limits)?;
    let interpreter = Interpreter::new(native, limits, stop, print_line)?;
    let form = if args.json { Form::Json } else { Form::Text };
    let ends = limits.time.map(EndsAfter::new);
    let answer = interpreter.run(&source, form);
    drop(ends);
    // The process ends here: to give a large heap back piece by piece would only take time.
    std::mem::forget(interpreter);
    match answer {
        Ok(Some(text)) => {
            print_line(&text);
            Ok(ExitCode::SUCCESS)
        }
        Ok(None) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            report(&error);
            Ok(ExitCode::from(SCRIPT_FAILED))
        }
    }
}

/// How long a script that has to end may go on with what cannot be interrupted.
const GRACE: Duration = Duration::from_millis(500);

/// While this is held, the process ends where a script still runs long after its time: the interpreter cannot stop in the
/// middle of a regular expression, nor the engine in the middle of an answer.
pub(super) struct EndsAfter {
    _held: Sender<()>,
}

impl EndsAfter {
    pub(super) fn new(time: Duration) -> Self {
        let (held, dropped) = channel();
        std::thread::spawn(move || {
            if dropped.recv_timeout(time.saturating_add(GRACE)) == Err(RecvTimeoutError::Timeout) {
                report(&ScriptError::OutOfTime(time));
                std::process::exit(SCRIPT_FAILED.into());
            }
        });
        Self { _held: held }
    }
}

fn source(args: &QueryArgs) -> Result<String> {
    match (&args.expression, &args.script) {
        (Some(expression), _) => Ok(expression.clone()),
        (None, Some(path)) if path.as_os_str() == "-" => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).context("cannot read the script from stdin")?;
            Ok(text)
        }
        (None, Some(path)) => {
            std::fs::read_to_string(path).with_context(|| format!("cannot read script {}", path.display()))
        }
        (None, None) => bail!("give a script, or -e EXPR"),
    }
}

/// Has Ctrl-C stop the script; pressed again before that has happened, it ends the process.
pub(super) fn stop_by_interrupt() -> Result<Stop> {
    let stop = Stop::default();
    let asked = stop.clone();
    ctrlc::set_handler(move || {
        if asked.now() {
            // The engine is in the middle of a long answer.
            std::process::exit(130);
        }
    })
    .context("cannot listen to Ctrl-C")?;
    Ok(stop)
}

/// Prints a line of an answer; a reader that has seen enough is none of our concern.
pub(super) fn print_line(line: &str) {
    let mut out = io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Says why a script has no answer, and where it went wrong.
pub(super) fn report(error: &ScriptError) {
    say(format_args!("{error}"));
    if let ScriptError::Thrown { lines, .. } = error {
        for line in lines {
            say(format_args!("  at line {line}"));
        }
    }
}
