//! What questions cost: a guest of many blocks times its own calls. `cargo xtask bench guest` runs it.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program that people read and run"
)]

use std::hint::black_box;
use std::time::Instant;

use heapy_guest::{Error, Inspect, hpy, label};

#[derive(Inspect)]
struct Node {
    next: Option<Box<Node>>,
    payload: [u8; 24],
}

fn main() -> Result<(), Error> {
    let blocks: usize = std::env::args().nth(1).and_then(|blocks| blocks.parse().ok()).unwrap_or(100_000);
    let mut held: Vec<Option<Box<Node>>> = Vec::with_capacity(blocks / 4);
    for _ in 0..blocks / 4 {
        let mut list = None;
        for payload in 0..4 {
            list = Some(Box::new(Node { next: list, payload: [payload; 24] }));
        }
        held.push(list);
    }
    if let Some(Some(node)) = held.first() {
        time("label", 20_000, || label(&**node))?;
    }
    let hp = hpy();
    time("heap", 9, || hp.heap().count())?;
    let heap = hp.heap();
    time("count", 20_000, || heap.count())?;
    time("by, the first time", 1, || heap.by("Prod").count())?;
    time("by, again", 2_000, || heap.by("Prod").count())?;
    let most = heap.part(0);
    time("domisize, the first time", 1, || most.domisize())?;
    time("domisize, again", 2_000, || most.domisize())?;
    black_box(held.iter().flatten().map(|node| node.payload.len() + usize::from(node.next.is_some())).sum::<usize>());
    Ok(())
}

/// Prints the median time of a call in nanoseconds; of calls of less than some microseconds that of many together.
fn time<T>(name: &str, calls: u32, call: impl Fn() -> Result<T, Error>) -> Result<(), Error> {
    let rounds = if calls > 100 { 9 } else { calls };
    let each = calls / rounds;
    let mut times = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        for _ in 0..each {
            black_box(call()?);
        }
        times.push(begun.elapsed().as_nanos() / u128::from(each));
    }
    times.sort_unstable();
    println!("{name}\t{}", times[times.len() / 2]);
    Ok(())
}
