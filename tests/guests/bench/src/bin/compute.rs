//! Arithmetic over arrays that are allocated once: what instrumentation costs where there is nothing to observe.

use heapy_bench_guests::rounds;

#[inline(never)]
fn multiply(size: usize, left: &[f64], right: &[f64], out: &mut [f64]) {
    for row in 0..size {
        for column in 0..size {
            let mut sum = 0.0;
            for inner in 0..size {
                sum += left[row * size + inner] * right[inner * size + column];
            }
            out[row * size + column] = sum;
        }
    }
}

fn collatz(limit: u64) -> u64 {
    let mut longest = 0;
    for start in 1..limit {
        let (mut value, mut steps) = (start, 0);
        while value != 1 {
            value = if value % 2 == 0 { value / 2 } else { 3 * value + 1 };
            steps += 1;
        }
        longest = longest.max(steps);
    }
    longest
}

fn main() {
    const SIZE: usize = 120;
    let mut left: Vec<f64> = (0..SIZE * SIZE).map(|index| (index % 17) as f64 / 17.0).collect();
    let right = left.clone();
    let mut out = vec![0.0; SIZE * SIZE];
    let mut steps = 0;
    for round in 0..rounds(40) {
        multiply(SIZE, &left, &right, &mut out);
        for (to, from) in left.iter_mut().zip(&out) {
            *to = from / 10.0;
        }
        steps += collatz(20_000 + u64::from(round));
    }
    println!("{:.6} {steps}", left.iter().sum::<f64>());
}
