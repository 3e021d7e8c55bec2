//! A leak test of a parser: after each request nothing may be left behind that nobody can reach.
//!
//! ```text
//! cargo build --example leak_test --features enabled --target wasm32-wasip1
//! heapy-host leak_test.wasm            passes
//! heapy-host leak_test.wasm leaky      panics with a table that names the line
//! heapy-host leak_test.wasm greedy     panics, for more is kept than is allowed
//! ```

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program that people read and run"
)]

use heapy_guest::{KIB, assert_heap, assert_no_leaks, blocks_under, under};

/// What a request says.
struct Request {
    method: String,
    words: Vec<String>,
}

#[inline(never)]
fn parse(line: &str) -> Request {
    let mut words = line.split_whitespace().map(String::from);
    Request { method: words.next().unwrap_or_default(), words: words.collect() }
}

/// The same with a usual fault: the scratch copy is never given back.
#[inline(never)]
fn parse_leaky(line: &str) -> Request {
    let scratch: &'static str = Box::leak(line.to_lowercase().into_boxed_str());
    parse(scratch)
}

fn main() {
    let leaky = std::env::args().any(|argument| argument == "leaky");
    if !heapy_guest::enabled() {
        println!("built without Heapy: nothing is checked");
    }
    let request = "GET /inbox/7 from ada";

    // Several times: the address of a single lost block may still stand somewhere on the stack, which counts as held.
    assert_no_leaks!(|| {
        let parse = if leaky { parse_leaky } else { parse };
        [request, "PUT /inbox/8", "GET /"].map(|line| parse(line).words.len()).iter().sum::<usize>()
    });

    let greedy = std::env::args().any(|argument| argument == "greedy");
    let request = if greedy { request.repeat(100) } else { request.to_owned() };
    let kept = assert_heap!(under(KIB).and(blocks_under(10)), || parse(&request));
    println!("{} with {} words kept, nothing leaked", kept.method, kept.words.len());
}
