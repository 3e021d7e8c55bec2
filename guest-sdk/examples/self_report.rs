//! A guest that prints its own heap: a list that is held, blocks that are lost, and one that only the host holds.
//!
//! The host's view of the same moments must be the same; a test compares.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program that people read and run"
)]

use std::hint::black_box;

use heapy_guest::{Error, Inspect, hpy, label, pin};

#[derive(Inspect)]
struct Node {
    next: Option<Box<Node>>,
    payload: [u8; 40],
}

/// Boxes are labelled as they are made, so that the table says `Node` without debug information.
#[inline(never)]
fn list(length: u8) -> Option<Box<Node>> {
    let mut first = None;
    for number in 0..length {
        let node = Box::new(Node { next: first, payload: [number; 40] });
        let _ = label(&*node);
        first = Some(node);
    }
    first
}

#[inline(never)]
fn lose() {
    for size in [100, 200, 300] {
        black_box(Box::leak(vec![1u8; size].into_boxed_slice()));
    }
}

#[inline(never)]
fn give_away() -> Result<(), Error> {
    let window = Box::into_raw(Box::new(black_box([3u8; 500])));
    pin(window, "window")
}

/// The node at the end of the list.
fn last_of(mut list: &Option<Box<Node>>) -> *const Node {
    let mut last = std::ptr::null();
    while let Some(node) = list {
        last = &raw const **node;
        list = &node.next;
    }
    last
}

fn main() -> Result<(), Error> {
    // The first line that is printed makes the buffer of standard output, which then is no part of what came since.
    println!("the heap:");
    let held = list(30);
    lose();
    give_away()?;

    let hp = hpy();
    let heap = hp.heap();
    let last = hp.iso(&[last_of(&held)]);
    println!("{heap}\n---\n{}\n---\n{}", hp.heapu(), last.sp());
    // What was asked and printed meanwhile has left nothing behind.
    let again = hp.heap();
    println!("---\n{} objects, then {}", heap.count()?, again.count()?);
    println!("{} bytes, then {}", heap.size()?, again.size()?);
    black_box(held.map(|node| usize::from(node.payload[0]) + usize::from(node.next.is_some())));
    Ok(())
}
