//! Asks for names of the Use API, each given as an argument, and says what came.
//!
//! An argument is a path from `hp`: `heap/by=Type/at:0/count`. Behind a name stands what it is called with: `:3` a
//! number, `=Type` a text, `^heap.kind` what the path from `hp` leads to, `*` the thing itself. `#2` is an item of a list.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program that people read and run"
)]

use heapy_guest::{Answer, Arg, Error, Thing, hpy};

fn main() -> Result<(), Error> {
    for path in std::env::args().skip(1) {
        // A top object of its own, so that a `setref` before leaves nothing out.
        let hp = hpy();
        match follow(hp.thing()?, &path, '/') {
            Ok(Answer::Thing(thing)) => println!("{path}\tthing of sort {}", thing.sort()),
            Ok(Answer::List(list)) => println!("{path}\tlist of {}", list.length()),
            Ok(Answer::Text(text)) => println!("{path}\ttext of {} bytes", text.length()),
            Ok(plain) => println!("{path}\t{plain}"),
            Err(error) => println!("{path}\terror {}: {error}", error.code()),
        }
    }
    Ok(())
}

/// What a path leads to.
fn follow(hp: &Thing, path: &str, separator: char) -> Result<Answer, Error> {
    let mut at = Answer::None;
    for step in path.split(separator) {
        at = match &at {
            Answer::None => call(hp, hp, step)?,
            Answer::Thing(thing) => call(hp, thing, step)?,
            Answer::List(list) => list.get(step.trim_start_matches('#').parse().unwrap_or(u32::MAX))?,
            _ => return at.thing().map(Answer::Thing),
        };
    }
    Ok(at)
}

fn call(hp: &Thing, target: &Thing, step: &str) -> Result<Answer, Error> {
    let Some(end) = step.find([':', '=', '^', '*']) else { return target.call(step, &[]) };
    let (name, given) = (&step[..end], &step[end + 1..]);
    match step.as_bytes()[end] {
        b':' => target.call(name, &[Arg::int(given.parse().unwrap_or(0))]),
        b'=' => target.call(name, &[Arg::text(given)]),
        b'*' => target.call(name, &[Arg::thing(target)]),
        _ => match follow(hp, given, '.')? {
            Answer::Thing(other) => target.call(name, &[Arg::thing(&other)]),
            Answer::Text(text) => target.call(name, &[Arg::text(&text.to_string())]),
            _ => target.call(name, &[]),
        },
    }
}
