//! A cache that reports what it holds: not what it was given, but what would be freed if it went.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program that people read and run"
)]

use heapy_guest::{Error, hpy};

/// Answers by query, newest last; the oldest goes when there are too many.
struct Cache {
    entries: Vec<Entry>,
    most: usize,
}

struct Entry {
    query: String,
    answer: Vec<u8>,
}

impl Cache {
    fn new(most: usize) -> Self {
        Self { entries: Vec::with_capacity(most), most }
    }

    fn answer(&mut self, query: &str) -> &[u8] {
        if let Some(found) = self.entries.iter().position(|entry| entry.query == query) {
            return &self.entries[found].answer;
        }
        if self.entries.len() == self.most {
            self.entries.remove(0);
        }
        self.entries.push(Entry { query: query.to_owned(), answer: vec![query.len() as u8; 1000] });
        self.entries.last().map_or(&[], |entry| &entry.answer)
    }

    /// The bytes that only this cache keeps alive.
    fn held(&self) -> Result<i64, Error> {
        hpy().iso(&[self.entries.as_ptr()]).domisize()
    }
}

fn main() {
    let mut cache = Cache::new(20);
    for query in 0..50 {
        cache.answer(&format!("how much is {query} times {query}?"));
    }
    let entries = cache.entries.len();
    match cache.held() {
        Ok(bytes) => println!("the cache holds {bytes} bytes in {entries} entries"),
        Err(error) => println!("the cache has {entries} entries; how much it holds is not known: {error}"),
    }
}
