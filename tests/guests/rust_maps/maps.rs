//! Maps whose keys are texts and numbers, with values that hold blocks of their own.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

struct Maps {
    by_name: HashMap<String, Vec<u32>>,
    ordered: BTreeMap<u32, String>,
    boxed: BTreeMap<String, Box<u64>>,
}

static MAPS: OnceLock<Maps> = OnceLock::new();

fn main() {
    let maps = MAPS.get_or_init(|| Maps {
        by_name: (0..5).map(|number| (format!("name {number}"), vec![number; 3])).collect(),
        ordered: (0..40).map(|number| (number, format!("text {number}"))).collect(),
        boxed: ["one", "two", "three"].into_iter().map(|name| (name.to_owned(), Box::new(7))).collect(),
    });
    // The snapshot is taken here.
    std::thread::yield_now();
    println!("{} {} {}", maps.by_name.len(), maps.ordered.len(), maps.boxed.len());
}
