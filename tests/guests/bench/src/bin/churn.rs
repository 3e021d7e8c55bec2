//! Strings and maps that come and go, with a working set that stays about the same.

use std::collections::{BTreeMap, HashMap};

use heapy_bench_guests::{Numbers, rounds};

fn name(numbers: &mut Numbers) -> String {
    let length = 3 + numbers.below(40);
    let mut name = String::new();
    for _ in 0..length {
        name.push(char::from(b'a' + numbers.below(26) as u8));
    }
    name
}

fn main() {
    let mut numbers = Numbers::new(0x9E37_79B9);
    let mut by_name: HashMap<String, Vec<u32>> = HashMap::new();
    let mut ordered: BTreeMap<u32, String> = BTreeMap::new();
    let mut sum = 0u64;
    for round in 0..rounds(300_000) {
        let key = name(&mut numbers);
        by_name.entry(key.clone()).or_default().push(round);
        ordered.insert(numbers.below(20_000), key);
        if by_name.len() > 10_000 {
            let gone: Vec<String> = by_name.keys().take(2_000).cloned().collect();
            for key in gone {
                sum += by_name.remove(&key).map_or(0, |rounds| rounds.len() as u64);
            }
        }
        if let Some(text) = ordered.remove(&numbers.below(20_000)) {
            sum += text.len() as u64;
        }
    }
    println!("{sum} {} {}", by_name.len() < 10_001, ordered.len());
}
