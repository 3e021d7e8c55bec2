//! What a guest's questions cost, as the guest itself measures it.
//!
//! Prints nanoseconds of this machine: to be compared with each other only. `heap` stands beside the time that the host
//! took of it to read the guest and to make a heap.

#![allow(dead_code, clippy::print_stderr, reason = "shares the tests' way to build and run guests")]
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "../compilers_support/mod.rs"]
mod compilers_support;
#[path = "../sdk/run.rs"]
mod run;
#[path = "../sdk/toolchains.rs"]
mod toolchains;

use run::{Asked, under_heapy_with};
use toolchains::Heapy;

fn main() {
    let wasm = toolchains::rust("call_costs", Heapy::On);
    let asked = Asked { compared: false, ..Asked::default() };
    let run = under_heapy_with(&wasm, &asked, |_| ());
    assert_eq!(run.ending, Ok(0), "{}", run.stdout);
    let mut reading: Vec<u128> = run.reading.iter().map(std::time::Duration::as_nanos).collect();
    reading.sort_unstable();
    let reading = reading[reading.len() / 2];
    for line in run.stdout.lines() {
        let Some((name, nanoseconds)) = line.split_once('\t') else { continue };
        println!("{name:26} {nanoseconds:>12} ns");
        if name == "heap" {
            let ratio = nanoseconds.parse::<f64>().unwrap_or(f64::NAN) / reading as f64;
            println!("{:26} {reading:>12} ns, ratio {ratio:.3}", "  reading and making it");
        }
    }
}
