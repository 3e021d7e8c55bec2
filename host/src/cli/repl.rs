//! `heapy-host repl`: a shell on a recording.

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::query::{ScriptLimits, print_line, report, stop_by_interrupt};
use super::{say, snapshots};
use crate::script::{Interpreter, Vocabulary, is_complete};

/// Subcommand `repl`.
#[derive(Args, Debug)]
pub(super) struct ReplArgs {
    /// The recording.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The file that keeps the lines of earlier sessions; on a terminal heapy/history of the user's state folder if not
    /// given.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Keep no lines.
    #[arg(long, conflicts_with = "history")]
    no_history: bool,
    #[command(flatten)]
    limits: ScriptLimits,
}

/// Most lines of history.
const MOST_LINES: usize = 10_000;

/// Reads, evaluates and prints until the input ends.
pub(super) fn run(args: &ReplArgs) -> Result<ExitCode> {
    let limits = args.limits.read()?;
    let stop = stop_by_interrupt()?;
    let native = snapshots::open(&args.file)?.for_scripts(&limits)?;
    let vocabulary = Vocabulary::of(native.as_ref());
    let interpreter = Interpreter::new(native, limits, stop.clone(), print_line)?;
    let config = Config::builder().max_history_size(MOST_LINES)?.auto_add_history(true);
    let config = config.completion_type(CompletionType::List).build();
    let mut editor: Editor<Shell, FileHistory> = Editor::with_config(config)?;
    editor.set_helper(Some(Shell { vocabulary }));
    let mut history = History::open(args, &mut editor)?;
    say(format_args!("hp is the heap of the last snapshot; hp.doc says more, _ is the last result, Ctrl-D ends"));
    loop {
        match editor.readline("heapy> ") {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) => {
                history.keep(&mut editor);
                stop.reset();
                match interpreter.evaluate(&line) {
                    Ok(Some(text)) => print_line(&text),
                    Ok(None) => {}
                    Err(error) => report(&error),
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Where lines are kept: each is added as soon as it is written, so that none is lost when the shell is ended, and shells
/// that run side by side keep those of all.
struct History {
    file: Option<PathBuf>,
}

impl History {
    /// Gives the lines of earlier sessions to the editor.
    fn open(args: &ReplArgs, editor: &mut Editor<Shell, FileHistory>) -> Result<Self> {
        if let Some(file) = &args.history {
            let name = || format!("cannot use history {}", file.display());
            if file.exists() {
                editor.load_history(file).with_context(name)?;
            } else if file.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
                return Err(anyhow!("its folder does not exist")).with_context(name);
            }
            return Ok(Self { file: Some(file.clone()) });
        }
        let file = state_folder().filter(|_| !args.no_history && io::stdin().is_terminal());
        let file = file.map(|folder| folder.join("heapy/history"));
        if let Some(file) = file.as_ref().filter(|file| file.exists())
            && let Err(error) = editor.load_history(file)
        {
            say(format_args!("lines of earlier sessions cannot be read from {}: {error}", file.display()));
        }
        Ok(Self { file })
    }

    /// Adds the last line. Where that fails nobody who did not ask for it is told more than once.
    fn keep(&mut self, editor: &mut Editor<Shell, FileHistory>) {
        let Some(file) = &self.file else { return };
        let made = file.parent().map_or(Ok(()), std::fs::create_dir_all);
        let kept = made.map_err(ReadlineError::from).and_then(|()| editor.append_history(file));
        if let Err(error) = kept {
            say(format_args!("lines are not kept in {}: {error}", file.display()));
            self.file = None;
        }
    }
}

/// The folder for what programs remember of the user, by the XDG base directory specification.
fn state_folder() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    folder("XDG_STATE_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/state")))
}

/// What the line editor asks while a line is written.
struct Shell {
    vocabulary: Vocabulary,
}

impl Completer for Shell {
    type Candidate = Pair;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, names) = self.vocabulary.completions(line, position);
        let pair = |name: &str| Pair { display: name.to_owned(), replacement: name.to_owned() };
        Ok((start, names.into_iter().map(pair).collect()))
    }
}

impl Validator for Shell {
    /// A line whose brackets are open goes on in the next one.
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let complete = is_complete(context.input());
        Ok(if complete { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Hinter for Shell {
    type Hint = String;
}

impl Highlighter for Shell {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        Cow::Borrowed(line)
    }
}

impl Helper for Shell {}
