//! Rules in JavaScript, for what no other rule can say.
//!
//! The file is run like a script of `query`, with `hp` for the last snapshot and `hp.snapshot(n)` for the others. It
//! calls `fail(message)` for each rule that is broken and `note(message)` for what is worth knowing; a script that fails
//! itself fails the check.

use std::cell::RefCell;
use std::rc::Rc;

use super::judge::{Finding, Level};
use crate::script::{Form, Interpreter, Limits, Native, ScriptError, Stop};

/// Runs a file of rules; `print` takes what it prints.
///
/// # Errors
/// [`ScriptError::Interpreter`] when the interpreter cannot be set up.
pub fn judge_by_script(
    native: Rc<dyn Native>,
    source: &str,
    limits: Limits,
    print: impl Fn(&str) + 'static,
) -> Result<Vec<Finding>, ScriptError> {
    let interpreter = Interpreter::new(native, limits, Stop::default(), print)?;
    let found: Rc<RefCell<Vec<Finding>>> = Rc::default();
    for (name, level) in [("fail", Level::Failure), ("note", Level::Note)] {
        let found = Rc::clone(&found);
        let add = move |message: &str| found.borrow_mut().push(Finding::new(level, "script", message));
        interpreter.add_function(name, add)?;
    }
    if let Err(error) = interpreter.run(source, Form::Text) {
        found.borrow_mut().push(Finding::new(Level::Failure, "script", format!("the rules did not run: {error}")));
    }
    Ok(found.take())
}
