//! Labelling a heap by each relation for the first time, partitions, and set operations.
//!
//! Of heaps of 10^4 to 10^7 objects; a part of a name, such as `/4000000`, measures only what has it.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench; criterion's macros make items without documentation")]

mod support;

use std::cell::LazyCell;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use heapy_engine::{ObjectId, Use};

/// Relations that look at objects alone, and those that look at the references to them.
const RELATIONS: [&str; 9] = ["Type", "Size", "Id", "Prod", "Class", "Clodo", "Unit", "Via", "Rcs"];

fn labelling(criterion: &mut Criterion) {
    for count in support::SIZES {
        // Made only when something of this size is measured.
        let heap = LazyCell::new(|| support::heap(count));
        let mut group = criterion.benchmark_group("label");
        group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(1));
        group.throughput(Throughput::Elements(count.into()));
        for relation in RELATIONS {
            group.bench_function(BenchmarkId::new(relation, count), |bencher| {
                let fresh = || {
                    let hp = Use::new(heap.clone());
                    // What is reachable is found once for all relations; it is measured on its own.
                    std::hint::black_box(hp.heap());
                    hp
                };
                bencher.iter_batched(fresh, |hp| hp.relation(relation).unwrap().label(), BatchSize::PerIteration);
            });
        }
        group.bench_function(BenchmarkId::new("reachable", count), |bencher| {
            let fresh = || Use::new(heap.clone());
            bencher.iter_batched(fresh, |hp| hp.heap().count(), BatchSize::PerIteration);
        });
        group.finish();
    }
}

fn partition(criterion: &mut Criterion) {
    for count in support::SIZES {
        let hp = LazyCell::new(|| Use::new(support::heap(count)));
        let mut group = criterion.benchmark_group("partition");
        group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(1));
        group.throughput(Throughput::Elements(count.into()));
        for relation in ["Type", "Size", "Rcs", "Id"] {
            group.bench_function(BenchmarkId::new(relation, count), |bencher| {
                let set = hp.heap();
                set.by(relation).unwrap().to_string();
                bencher.iter(|| set.by(relation).unwrap().to_string());
            });
        }
        group.finish();
    }
}

fn algebra(criterion: &mut Criterion) {
    for count in support::SIZES {
        let sets = LazyCell::new(|| {
            let hp = Use::new(support::heap(count));
            let even = hp.iso((0..count).step_by(2).map(ObjectId::new)).unwrap();
            let third = hp.iso((0..count).step_by(3).map(ObjectId::new)).unwrap();
            (even, third)
        });
        let mut group = criterion.benchmark_group("algebra");
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(1));
        group.throughput(Throughput::Bytes(u64::from(count) / 8));
        group.bench_function(BenchmarkId::new("and", count), |bencher| bencher.iter(|| sets.0.and(&sets.1).unwrap()));
        group.bench_function(BenchmarkId::new("or", count), |bencher| bencher.iter(|| sets.0.or(&sets.1).unwrap()));
        group.bench_function(BenchmarkId::new("count", count), |bencher| bencher.iter(|| sets.0.count()));
        group.finish();
    }
}

criterion_group!(benches, labelling, partition, algebra);
criterion_main!(benches);
