//! `large_recording FILE [OBJECTS]` writes a recording of a heap of ten million objects, or of as many as are named.
//!
//! `cargo xtask bench memory` opens it as a browser would and tells how much memory that takes.
#![allow(missing_docs, reason = "a program")]

#[path = "../benches/support/mod.rs"]
mod support;

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;

use heapy_engine::snapshot::{Writer, pack};

const OBJECTS: u32 = 10_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: large_recording FILE [OBJECTS]")?;
    let objects = arguments.next().map_or(Ok(OBJECTS), |objects| objects.parse())?;
    let entries = Writer::new().add(&support::heap(objects))?;
    pack(entries, BufWriter::new(File::create(file)?))?;
    Ok(())
}
