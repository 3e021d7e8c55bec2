//! An arena that labels its objects: one block for the allocator, many typed objects for Heapy.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program that people read and run"
)]

use std::cell::{Cell, RefCell};

use heapy_guest::{Allocator, Inspect, Lifetime, hpy, label, register_allocator};

const CHUNK_BYTES: usize = 4096;

/// Known to Heapy from the first object on; in a guest without Heapy its calls do nothing.
static NODES: Allocator = register_allocator("syntax", Lifetime::Together);

/// Hands out places in large chunks, all of which go at once.
#[derive(Default)]
struct Arena {
    chunks: RefCell<Vec<Box<[u64]>>>,
    used: Cell<usize>,
}

impl Arena {
    /// Puts a value into the arena; what it owns outside of the arena is never dropped.
    fn put<T: Inspect + Copy>(&self, value: T) -> &T {
        let size = size_of::<T>().next_multiple_of(align_of::<u64>());
        assert!(size <= CHUNK_BYTES && align_of::<T>() <= align_of::<u64>(), "an arena of small objects");
        let mut chunks = self.chunks.borrow_mut();
        if chunks.is_empty() || self.used.get() + size > CHUNK_BYTES {
            chunks.push(vec![0; CHUNK_BYTES / size_of::<u64>()].into_boxed_slice());
            self.used.set(0);
        }
        let chunk = chunks.last_mut().expect("one was pushed if there was none");
        let place = chunk[self.used.get() / size_of::<u64>()..].as_mut_ptr().cast::<T>();
        self.used.set(self.used.get() + size);
        // SAFETY: the place is aligned, within the chunk, handed out once, and the chunk lives as long as the arena.
        let placed: &T = unsafe {
            place.write(value);
            &*place
        };
        let _ = NODES.allocated(placed, size_of::<T>());
        let _ = label(placed);
        placed
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        let _ = NODES.reset();
    }
}

#[derive(Clone, Copy, Inspect)]
struct Number {
    value: f64,
}

#[derive(Clone, Copy, Inspect)]
struct Sum<'arena> {
    left: &'arena Number,
    right: &'arena Number,
    next: Option<&'arena Sum<'arena>>,
}

fn main() {
    let arena = Arena::default();
    let mut last = None;
    for round in 0..40 {
        let (left, right) = (arena.put(Number { value: 0.5 }), arena.put(Number { value: round.into() }));
        last = Some(arena.put(Sum { left, right, next: last }));
    }
    let mut total = 0.0;
    let mut next = last;
    while let Some(sum) = next {
        total += sum.left.value + sum.right.value;
        next = sum.next;
    }
    println!("the sum of sums is {total}");
    println!("{}", hpy().heap().by("Type"));
    for row in hpy().heap().by("Type").rows() {
        println!("row {}: {} of {}, {} bytes", row.index, row.count, row.kind, row.size);
    }
}
