//! Arguments as a guest lays them into its memory: copied and checked before anything looks at them.

use std::fmt::Display;

use heapy_guest::abi::{RECORD_BYTES, Record, code, limit, tag};

use super::error::Refusal;
use super::memory;

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Argument {
    /// Left out.
    None,
    /// A truth value.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    Text(String),
    /// Several.
    List(Vec<Argument>),
    /// Something that an earlier call answered.
    Handle(u32),
}

/// The arguments of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Arguments {
    /// By position.
    pub(super) positional: Vec<Argument>,
    /// By name, in the order in which they were given.
    pub(super) named: Vec<(String, Argument)>,
}

/// A list that is being read; lists in lists make a stack of them.
struct Run {
    address: u64,
    left: u64,
    items: Vec<Argument>,
    /// The name of the argument that this list is.
    name: Option<String>,
}

/// What one call may still bring along.
struct Budget {
    records: usize,
    text_bytes: usize,
}

/// Reads `count` records at `address`. Time and memory are bounded by [`limit`], whatever the records say.
pub(super) fn read(memory: &[u8], address: u64, count: u64) -> Result<Arguments, Refusal> {
    let mut budget = Budget { records: limit::RECORDS, text_bytes: limit::TEXT_BYTES };
    let mut named = Vec::new();
    let mut name: Option<String> = None;
    let mut outer: Vec<Run> = Vec::new();
    let mut run = budget.open(memory, address, count, None)?;
    loop {
        while run.left > 0 {
            let record = memory::record(memory, "argument", run.address)?;
            run.address += RECORD_BYTES as u64;
            run.left -= 1;
            let value = match record.tag {
                tag::NAME if outer.is_empty() && name.is_none() && run.left > 0 => {
                    name = Some(budget.text(memory, record)?);
                    continue;
                }
                tag::NAME => return Err(bad("a name without a value behind it, or inside of a list")),
                tag::LIST if outer.len() >= limit::DEPTH => {
                    return Err(bad(format_args!("lists in lists deeper than {}", limit::DEPTH)));
                }
                tag::LIST => {
                    let inner = budget.open(memory, record.payload, record.length.into(), name.take())?;
                    outer.push(std::mem::replace(&mut run, inner));
                    continue;
                }
                _ => budget.scalar(memory, record)?,
            };
            match name.take() {
                Some(name) => named.push((name, value)),
                None => run.items.push(value),
            }
        }
        let Some(enclosing) = outer.pop() else {
            return Ok(Arguments { positional: run.items, named });
        };
        let done = std::mem::replace(&mut run, enclosing);
        match done.name {
            Some(name) => named.push((name, Argument::List(done.items))),
            None => run.items.push(Argument::List(done.items)),
        }
    }
}

impl Budget {
    fn open(&mut self, memory: &[u8], address: u64, count: u64, name: Option<String>) -> Result<Run, Refusal> {
        let left = usize::try_from(count).ok().and_then(|count| self.records.checked_sub(count));
        self.records = left.ok_or_else(|| Refusal::limit("records in a call", limit::RECORDS))?;
        memory::bytes(memory, "arguments", address, count * RECORD_BYTES as u64)?;
        Ok(Run { address, left: count, items: Vec::new(), name })
    }

    fn text(&mut self, memory: &[u8], record: Record) -> Result<String, Refusal> {
        let range = (record.payload, u64::from(record.length));
        let found = memory::text(memory, "text argument", range, self.text_bytes)?;
        self.text_bytes -= found.len();
        Ok(found.to_owned())
    }

    fn scalar(&mut self, memory: &[u8], record: Record) -> Result<Argument, Refusal> {
        Ok(match record.tag {
            tag::NONE => Argument::None,
            tag::BOOL => match record.payload {
                0 => Argument::Bool(false),
                1 => Argument::Bool(true),
                other => return Err(bad(format_args!("a truth value of {other}"))),
            },
            tag::INT => Argument::Int(record.payload.cast_signed()),
            tag::FLOAT => Argument::Float(f64::from_bits(record.payload)),
            tag::TEXT => Argument::Text(self.text(memory, record)?),
            tag::HANDLE => match u32::try_from(record.payload) {
                Ok(handle) => Argument::Handle(handle),
                Err(_) => return Err(Refusal::new(code::HANDLE, format!("{} is no handle", record.payload))),
            },
            other => return Err(bad(format_args!("unknown tag {other}"))),
        })
    }
}

fn bad(what: impl Display) -> Refusal {
    Refusal::new(code::RECORD, format!("argument: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(tag: u16, length: u32, payload: u64) -> [u8; RECORD_BYTES] {
        Record { tag, sort: 0, length, payload }.to_bytes()
    }

    fn refused(memory: &[u8], address: u64, count: u64) -> i32 {
        read(memory, address, count).expect_err("is refused").code
    }

    #[test]
    fn values_lists_and_names_are_read() {
        let mut memory = Vec::new();
        memory.extend(record(tag::INT, 0, (-3i64).cast_unsigned()));
        memory.extend(record(tag::NAME, 4, 96));
        memory.extend(record(tag::BOOL, 0, 1));
        memory.extend(record(tag::LIST, 2, 64));
        memory.extend(record(tag::HANDLE, 0, 9));
        memory.extend(record(tag::LIST, 0, 0));
        memory.extend(*b"stat");
        let arguments = read(&memory, 0, 4).expect("is well formed");
        let list = Argument::List(vec![Argument::Handle(9), Argument::List(Vec::new())]);
        assert_eq!(arguments.positional, [Argument::Int(-3), list]);
        assert_eq!(arguments.named, [("stat".to_owned(), Argument::Bool(true))]);
    }

    #[test]
    fn a_list_can_be_a_named_argument() {
        let mut memory = Vec::new();
        memory.extend(record(tag::NAME, 3, 48));
        memory.extend(record(tag::LIST, 1, 32));
        memory.extend(record(tag::FLOAT, 0, 2.5f64.to_bits()));
        memory.extend(*b"and");
        let arguments = read(&memory, 0, 2).expect("is well formed");
        assert_eq!(arguments.named, [("and".to_owned(), Argument::List(vec![Argument::Float(2.5)]))]);
        assert_eq!(arguments.positional, []);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        assert_eq!(refused(&record(99, 0, 0), 0, 1), code::RECORD);
        assert_eq!(refused(&record(tag::BOOL, 0, 2), 0, 1), code::RECORD);
        assert_eq!(refused(&record(tag::NAME, 0, 0), 0, 1), code::RECORD);
        assert_eq!(refused(&record(tag::HANDLE, 0, 1 << 40), 0, 1), code::HANDLE);
        assert_eq!(refused(&record(tag::TEXT, 4, 14), 0, 1), code::POINTER);
        assert_eq!(refused(&record(tag::INT, 0, 0), 1, 1), code::POINTER);
        assert_eq!(refused(&record(tag::INT, 0, 0), 0, u64::MAX), code::LIMIT);
        assert_eq!(refused(&record(tag::TEXT, 1, 8), 8, u64::from(u32::MAX)), code::LIMIT);
    }

    #[test]
    fn a_list_that_contains_itself_ends() {
        assert_eq!(refused(&record(tag::LIST, 1, 0), 0, 1), code::RECORD);
        let both: Vec<u8> = [record(tag::LIST, 2, 0), record(tag::LIST, 2, 0)].concat();
        assert_eq!(refused(&both, 0, 2), code::RECORD);
        let wide: Vec<u8> = record(tag::LIST, 4096, 0).repeat(4096);
        assert!([code::LIMIT, code::RECORD].contains(&refused(&wide, 0, 4096)));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail_otherwise(memory: Vec<u8>, address: u64, count: u64, near in 0u64..64, few in 0u64..8) {
            let _ = read(&memory, address, count);
            let _ = read(&memory, near, few);
        }
    }
}
