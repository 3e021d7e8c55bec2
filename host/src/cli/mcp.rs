//! `heapy-host mcp`: recordings for programs that speak the Model Context Protocol, on stdin and stdout.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use heapy_engine::Use;

use super::snapshots;
use crate::mcp::{Tools, serve};
use crate::script::{Form, Interpreter, Limits, Recorded, Stop};

/// How long an expression may take.
const QUERY_TIME: Duration = Duration::from_secs(20);

/// Memory for the values of an expression.
const QUERY_BYTES: usize = 128 << 20;

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
    for path in &args.files {
        let opened = snapshots::open(path)?;
        let (name, last) = (opened.name.clone(), opened.last()?);
        let load = move |number| opened.top(Some(number)).map_err(|error| format!("{error:#}"));
        tools.add(name, last, Box::new(load));
    }
    tools.set_query(Box::new(query));
    serve(io::stdin().lock(), io::stdout().lock(), &tools).context("cannot speak with the client")?;
    Ok(ExitCode::SUCCESS)
}

/// The text of an expression's value, behind what it printed.
fn query(hp: &Use, expression: &str) -> Result<String, String> {
    let hp = hp.clone();
    let number = hp.view().heap().facts().snapshot.max(1);
    let recorded = Recorded::new("[]".into(), number, Box::new(move |_| Ok(hp.clone())));
    let printed = Rc::new(std::cell::RefCell::new(String::new()));
    let lines = Rc::clone(&printed);
    let print = move |line: &str| {
        let mut lines = lines.borrow_mut();
        lines.push_str(line);
        lines.push('\n');
    };
    let limits = Limits { memory_bytes: QUERY_BYTES, time: Some(QUERY_TIME), ..Limits::default() };
    let failed = |error: crate::script::ScriptError| error.to_string();
    let interpreter = Interpreter::new(Rc::new(recorded), limits, Stop::default(), print).map_err(failed)?;
    let value = interpreter.run(expression, Form::Text).map_err(failed)?;
    Ok(format!("{}{}", printed.borrow(), value.unwrap_or_default()))
}
