//! A document written, read into a tree of values, and written again.

use std::fmt::Write;

use heapy_bench_guests::{Numbers, rounds};

enum Value {
    Null,
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> u8 {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.next() == byte;
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Value {
        match self.next() {
            b'{' => self.map(),
            b'[' => self.list(),
            b'"' => Value::Text(self.text()),
            b't' => self.word(4, Value::Flag(true)),
            b'f' => self.word(5, Value::Flag(false)),
            b'n' => self.word(4, Value::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, length: usize, value: Value) -> Value {
        self.at += length;
        value
    }

    fn map(&mut self) -> Value {
        let mut entries = Vec::new();
        self.at += 1;
        while !self.take(b'}') {
            self.next();
            let key = self.text();
            self.take(b':');
            entries.push((key, self.value()));
            self.take(b',');
        }
        Value::Map(entries)
    }

    fn list(&mut self) -> Value {
        let mut values = Vec::new();
        self.at += 1;
        while !self.take(b']') {
            values.push(self.value());
            self.take(b',');
        }
        Value::List(values)
    }

    fn text(&mut self) -> String {
        self.at += 1;
        let mut text = String::new();
        while let Some(&byte) = self.text.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => break,
                byte => text.push(char::from(byte)),
            }
        }
        text
    }

    fn number(&mut self) -> Value {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|byte| b"+-.eE0123456789".contains(byte)) {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).unwrap_or("0");
        Value::Number(text.parse().unwrap_or(0.0))
    }
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => write!(out, "{number}").expect("writing to a string cannot fail"),
        Value::Text(text) => {
            out.push('"');
            out.push_str(text);
            out.push('"');
        }
        Value::List(values) => {
            out.push('[');
            for value in values {
                write(value, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (key, value) in entries {
                out.push('"');
                out.push_str(key);
                out.push_str("\":");
                write(value, out);
                out.push(',');
            }
            out.push('}');
        }
    }
}

fn document(records: u32) -> String {
    let mut numbers = Numbers::new(7);
    let mut text = String::from("[");
    for id in 0..records {
        let (first, second) = (numbers.below(1000), numbers.below(1000));
        let flag = numbers.below(2) == 1;
        write!(
            text,
            "{{\"id\":{id},\"name\":\"record {first}\",\"tags\":[\"a{first}\",\"b{second}\",null],\"ratio\":{}.{second},\"on\":{flag}}},",
            first
        )
        .expect("writing to a string cannot fail");
    }
    text.push(']');
    text
}

fn main() {
    let source = document(4_000);
    let mut bytes = 0;
    for _ in 0..rounds(30) {
        let value = Reader { text: source.as_bytes(), at: 0 }.value();
        let mut out = String::new();
        write(&value, &mut out);
        bytes += out.len();
    }
    println!("{bytes}");
}
