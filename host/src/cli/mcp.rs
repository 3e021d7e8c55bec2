//! `heapy-host mcp`: recordings for programs that speak the Model Context Protocol, on stdin and stdout.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use super::snapshots::{self, Opened};
use crate::mcp::{Asked, Tools, serve};
use crate::script::{Form, Interpreter, Limits, Recorded, Stop};

/// How long an expression may take.
const QUERY_TIME: Duration = Duration::from_secs(20);

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
    let opened: Vec<Rc<Opened>> =
        args.files.iter().map(|path| Ok(Rc::new(snapshots::open(path)?))).collect::<Result<_>>()?;
    for one in &opened {
        let (name, last, one) = (one.name.clone(), one.last()?, Rc::clone(one));
        let load = move |number| one.top(Some(number)).map_err(|error| format!("{error:#}"));
        tools.add(name, last, Box::new(load));
    }
    tools.set_query(Box::new(move |asked, expression| query(&opened[asked.recording], asked, expression)));
    serve(io::stdin().lock(), io::stdout().lock(), &tools).context("cannot speak with the client")?;
    Ok(ExitCode::SUCCESS)
}

/// The text of an expression's value, behind what it printed.
fn query(opened: &Rc<Opened>, asked: Asked<'_>, expression: &str) -> Result<String, String> {
    let (hp, number, others) = (asked.hp.clone(), asked.snapshot, Rc::clone(opened));
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
    let failed = |error: crate::script::ScriptError| error.to_string();
    let interpreter = Interpreter::new(Rc::new(recorded), limits, Stop::default(), print).map_err(failed)?;
    let value = interpreter.run(expression, Form::Text).map_err(failed)?;
    Ok(format!("{}{}", printed.borrow(), value.unwrap_or_default()))
}
