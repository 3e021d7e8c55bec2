//! A million small blocks that all live: what a snapshot of a large heap is measured on.

use std::sync::Mutex;

struct Node {
    _next: Option<Box<Node>>,
    _key: u64,
}

static CHAINS: Mutex<Vec<Option<Box<Node>>>> = Mutex::new(Vec::new());

fn main() {
    let mut chains = CHAINS.lock().expect("no other thread");
    for chain in 0..1000 {
        let mut head = None;
        for key in 0..1000 {
            head = Some(Box::new(Node { _next: head, _key: chain * 1000 + key }));
        }
        chains.push(head);
    }
    println!("{}", chains.len() * 1000);
}
