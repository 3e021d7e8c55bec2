//! `heapy-host mcp`: recordings for programs that speak the Model Context Protocol, on stdin and stdout.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use heapy_engine::Use;

use super::snapshots::{self, Opened};
use crate::mcp::{Asked, Tools, serve};
use crate::script::{Form, Interpreter, Limits, Recorded, ScriptError, Stop};

/// How long an expression may take.
const QUERY_TIME: Duration = Duration::from_secs(20);

/// How long after that it may still run: neither a regular expression nor the engine can be stopped in the middle.
const GRACE: Duration = Duration::from_secs(2);

/// Most expressions that run on though nobody waits for them any more.
const MOST_ABANDONED: usize = 2;

/// Memory for the values of an expression.
const QUERY_BYTES: usize = 128 << 20;

/// Most bytes that are kept of what an expression prints; answers are cut long before.
const PRINTED_BYTES: usize = 1 << 20;

/// Subcommand `mcp`.
#[derive(Args, Debug)]
pub(super) struct McpArgs {
    /// Recordings.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Answers until stdin ends.
pub(super) fn run(args: &McpArgs) -> Result<ExitCode> {
    let mut tools = Tools::new();
    let opened: Vec<Arc<Opened>> =
        args.files.iter().map(|path| Ok(Arc::new(snapshots::open(path)?))).collect::<Result<_>>()?;
    for one in &opened {
        let (name, last, one) = (one.name.clone(), one.last()?, Arc::clone(one));
        let load = move |number| one.top(Some(number)).map_err(|error| format!("{error:#}"));
        tools.add(name, last, Box::new(load));
    }
    let running = Arc::new(AtomicUsize::new(0));
    tools.set_query(Box::new(move |asked, expression| {
        query_in_time(&opened[asked.recording], asked, expression, &running)
    }));
    serve(io::stdin().lock(), io::stdout().lock(), &tools).context("cannot speak with the client")?;
    Ok(ExitCode::SUCCESS)
}

/// What [`query`] answers, unless it takes too long: then a thread goes on with it alone.
fn query_in_time(
    opened: &Arc<Opened>,
    asked: Asked<'_>,
    expression: &str,
    running: &Arc<AtomicUsize>,
) -> Result<String, String> {
    let before = running.load(Ordering::Relaxed);
    if before > MOST_ABANDONED {
        return Err(format!(
            "{before} expressions before this one still run and cannot be stopped; start the server anew"
        ));
    }
    running.fetch_add(1, Ordering::Relaxed);
    let (answer, answered) = channel();
    let (opened, hp, number) = (Arc::clone(opened), asked.hp.clone(), asked.snapshot);
    let (expression, running) = (expression.to_owned(), Arc::clone(running));
    std::thread::spawn(move || {
        // Nobody listens any more if it took too long.
        let _ = answer.send(query(&opened, hp, number, &expression));
        running.fetch_sub(1, Ordering::Relaxed);
    });
    answered.recv_timeout(QUERY_TIME + GRACE).unwrap_or_else(|_| Err(ScriptError::OutOfTime(QUERY_TIME).to_string()))
}

/// The text of an expression's value, behind what it printed.
fn query(opened: &Arc<Opened>, hp: Use, number: u32, expression: &str) -> Result<String, String> {
    let others = Arc::clone(opened);
    let load = move |wanted| {
        if wanted == number { Ok(hp.clone()) } else { others.top(Some(wanted)).map_err(|error| format!("{error:#}")) }
    };
    let last = opened.last().map_err(|error| error.to_string())?;
    let recorded = Recorded::new(opened.list(), last, Box::new(load)).beginning_with(number).limited(QUERY_BYTES);
    let printed = Rc::new(std::cell::RefCell::new(String::new()));
    let lines = Rc::clone(&printed);
    let print = move |line: &str| {
        let mut lines = lines.borrow_mut();
        if lines.len() + line.len() < PRINTED_BYTES {
            lines.push_str(line);
            lines.push('\n');
        }
    };
    let limits = Limits { memory_bytes: QUERY_BYTES, time: Some(QUERY_TIME), ..Limits::default() };
    let failed = |error: ScriptError| error.to_string();
    let interpreter = Interpreter::new(Rc::new(recorded), limits, Stop::default(), print).map_err(failed)?;
    let value = interpreter.run(expression, Form::Text).map_err(failed)?;
    Ok(format!("{}{}", printed.borrow(), value.unwrap_or_default()))
}
