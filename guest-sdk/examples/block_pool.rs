//! A pool of blocks of one size, cut from one large block: Heapy sees each of them, and which were forgotten.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program that people read and run"
)]

use std::hint::black_box;

use heapy_guest::{Allocator, Inspect, Lifetime, hide, hpy, label, pin, register_allocator};

const BLOCKS: usize = 64;

/// Known to Heapy from the first block on; in a guest without Heapy its calls do nothing.
static JOBS: Allocator = register_allocator("jobs", Lifetime::Each);

#[derive(Clone, Copy, Default, Inspect)]
struct Job {
    id: u64,
    next: usize,
    payload: [u32; 5],
}

/// Hands out places one by one and takes them back in any order.
struct Pool {
    places: Box<[Job]>,
    free: Vec<usize>,
}

impl Pool {
    fn new() -> Self {
        Self { places: vec![Job::default(); BLOCKS].into_boxed_slice(), free: (0..BLOCKS).rev().collect() }
    }

    fn take(&mut self, id: u64) -> Option<usize> {
        let place = self.free.pop()?;
        let job = &mut self.places[place];
        job.id = id;
        let _ = JOBS.allocated(job, size_of::<Job>());
        let _ = label(job);
        Some(place)
    }

    fn give_back(&mut self, place: usize) {
        let _ = JOBS.freed(&raw const self.places[place]);
        self.free.push(place);
    }

    /// Jobs that follow each other: the first holds the second, and so on.
    #[inline(never)]
    fn chain(&mut self, length: u64) -> Option<usize> {
        let mut next = 0;
        let mut first = None;
        for id in 0..length {
            let place = self.take(id)?;
            self.places[place].next = next;
            next = (&raw const self.places[place]).addr();
            first = Some(place);
        }
        first
    }
}

fn main() {
    println!("the pool:");
    let mut pool = Pool::new();
    let report = String::with_capacity(1000);
    let _ = hide(report.as_ptr());
    let first = pool.chain(10).unwrap();
    let forgotten = pool.chain(3).unwrap();
    let done = pool.take(99).unwrap();
    pool.give_back(done);
    // Only the first of the ten is held, by the embedder, and by it the others; the three are forgotten.
    let _ = pin(&raw const pool.places[first], "queue");

    let hp = hpy();
    for row in hp.heap().by("Type").rows() {
        println!("held: {} of {}, {} bytes", row.count, row.kind, row.size);
    }
    for row in hp.heapu_set().by("Type").rows() {
        println!("lost: {} of {}, {} bytes", row.count, row.kind, row.size);
    }
    black_box((pool.places.len(), pool.places[forgotten].payload, report));
}
