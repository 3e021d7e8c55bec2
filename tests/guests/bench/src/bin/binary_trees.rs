//! Trees of small boxes, made and dropped: one recursive allocation site.

use heapy_bench_guests::rounds;

struct Tree {
    left: Option<Box<Tree>>,
    right: Option<Box<Tree>>,
}

fn grow(depth: u32) -> Option<Box<Tree>> {
    (depth > 0).then(|| Box::new(Tree { left: grow(depth - 1), right: grow(depth - 1) }))
}

fn count(tree: &Option<Box<Tree>>) -> u32 {
    tree.as_ref().map_or(0, |tree| 1 + count(&tree.left) + count(&tree.right))
}

fn main() {
    let lasting = grow(16);
    let mut nodes = 0u64;
    for _ in 0..rounds(60) {
        nodes += u64::from(count(&grow(14)));
    }
    println!("{nodes} {}", count(&lasting));
}
