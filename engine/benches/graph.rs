//! Questions that follow references: dominated sizes, dominator trees, paths, patterns, leak roots.
//!
//! Of heaps of 10^4 to 10^7 objects; a part of a name, such as `/4000000`, measures only what has it.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench; criterion's macros make items without documentation")]

mod support;

use std::cell::LazyCell;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use heapy_engine::snapshot::{Recording, Writer};
use heapy_engine::{DominatorTree, IdentitySet, ObjectId, Use};

/// What is asked of a heap.
struct Subject {
    hp: Use,
    largest: IdentitySet,
    one: IdentitySet,
}

impl Subject {
    fn new(count: u32) -> Self {
        let hp = Use::new(support::heap(count));
        let largest = hp.heap().by("Class").unwrap().part(0).unwrap();
        let one = hp.iso([hp.heap().nodes().iter().nth(hp.heap().count() / 2).unwrap()]).unwrap();
        // The relation's labels are made once for all patterns, as for all tables.
        largest.rp().pages().to_string();
        Self { hp, largest, one }
    }
}

fn graph(criterion: &mut Criterion) {
    for count in support::SIZES {
        // Made only when something of this size is measured.
        let subject = LazyCell::new(|| Subject::new(count));
        let mut group = criterion.benchmark_group("graph");
        group.sample_size(10).measurement_time(Duration::from_secs(1)).throughput(Throughput::Elements(count.into()));
        group.bench_function(BenchmarkId::new("domisize of the largest class", count), |bencher| {
            bencher.iter(|| subject.largest.domisize());
        });
        group.bench_function(BenchmarkId::new("dominator tree", count), |bencher| {
            bencher.iter(|| DominatorTree::new(subject.hp.view()).dominated_size(ObjectId::new(0)));
        });
        group.bench_function(BenchmarkId::new("one shortest path", count), |bencher| {
            bencher.iter(|| subject.one.sp().path(0).unwrap().to_string());
        });
        group.bench_function(BenchmarkId::new("shortest paths to the largest class", count), |bencher| {
            bencher.iter(|| subject.largest.sp().pages().to_string());
        });
        group.bench_function(BenchmarkId::new("reference pattern of the largest class", count), |bencher| {
            bencher.iter(|| subject.largest.rp().pages().to_string());
        });
        group.bench_function(BenchmarkId::new("leak roots", count), |bencher| {
            bencher.iter(|| subject.hp.leak_roots().len());
        });
        group.finish();
    }
}

fn snapshot(criterion: &mut Criterion) {
    for count in support::SIZES {
        let heap = LazyCell::new(|| support::heap(count));
        let entries = LazyCell::new(|| Writer::new().add(&heap).unwrap());
        let mut group = criterion.benchmark_group("snapshot");
        group.sample_size(10).measurement_time(Duration::from_secs(1)).throughput(Throughput::Elements(count.into()));
        group.bench_function(BenchmarkId::new("write", count), |bencher| {
            bencher.iter(|| Writer::new().add(&heap).unwrap().len());
        });
        group.bench_function(BenchmarkId::new("read", count), |bencher| {
            bencher.iter(|| Recording::from_entries(entries.clone()).unwrap().heap(1).unwrap().edge_count());
        });
        group.finish();
    }
}

criterion_group!(benches, graph, snapshot);
criterion_main!(benches);
