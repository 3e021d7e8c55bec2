//! `heapy-host repl`: a shell on a recording.

use std::borrow::Cow;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
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
    /// A file that keeps the lines of earlier sessions.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
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
    if let Some(history) = args.history.as_ref().filter(|history| history.exists()) {
        editor.load_history(history)?;
    }
    say(format_args!("hp is the heap of the last snapshot; hp.doc says more, _ is the last result, Ctrl-D ends"));
    loop {
        match editor.readline("heapy> ") {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) => {
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
    if let Some(history) = &args.history {
        editor.save_history(history)?;
    }
    Ok(ExitCode::SUCCESS)
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
