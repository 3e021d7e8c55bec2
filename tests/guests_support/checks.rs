//! A snapshot against what the guest told at that mark.

use std::collections::BTreeSet;

use heapy_engine::{EdgeLink, Family, Frame, Heap, ObjectId, ObjectSet, RootPlace, reach};

use super::protocol::{Mark, Reach, ToldEdge};

/// The words of running code that keep lost blocks at the marks: by the start of the guest's name and the block's label,
/// what the word is. One block each; which spill slot or register it is in is up to the compilers of guest and host.
const STALE: [(&str, &str, &str); 5] = [
    ("shapes_zig", "leak", "the leak that was made last, in `shapes.main`"),
    ("shapes", "leak", "`p` of the last `make_leak`, in a spill slot of its callees"),
    ("shapes.O2", "leak", "the leak that was made first, whose calling context was new to the host"),
    ("shapes", "person", "`x` or `y` of the ring that is lost, in `main` and the frames it leaves behind"),
    ("zoo", "object", "the stray that was leaked last, in `main`"),
];

/// Compares everything; panics with the first difference.
pub fn check_mark(guest: &str, mark: &Mark, heap: &Heap) {
    let at = format!("{guest}, mark {}", mark.number);
    for told in &mark.blocks {
        let found =
            heap.find(0, told.address).unwrap_or_else(|| panic!("{at}: no block {:#x} {}", told.address, told.label));
        let ours = (heap.address(found), heap.size(found));
        assert_eq!(ours, (told.address, told.size), "{at}: {} (address, size)", told.label);
    }
    if !mark.whole.is_empty() {
        let told: BTreeSet<(u64, u64)> = mark.whole.iter().copied().collect();
        let ours: BTreeSet<(u64, u64)> = blocks(heap).map(|block| (heap.address(block), heap.size(block))).collect();
        let missing: Vec<_> = told.difference(&ours).collect();
        let extra: Vec<_> = ours.difference(&told).collect();
        assert!(missing.is_empty() && extra.is_empty(), "{at}: missing {missing:x?}, not told {extra:x?}");
    }
    check_reach(&at, mark, heap);
    for edge in &mark.edges {
        check_edge(&at, edge, heap);
    }
}

/// The innermost frame of a block's allocation that belongs to the program.
pub fn site_of(heap: &Heap, block: ObjectId) -> Option<&Frame> {
    heap.frames_of(heap.context(block)?).find(|frame| !frame.library)
}

fn blocks(heap: &Heap) -> impl Iterator<Item = ObjectId> {
    heap.objects().filter(|&object| heap.family(object) == Family::Block)
}

fn check_reach(at: &str, mark: &Mark, heap: &Heap) {
    let (lasting, all) = (reached(heap, false), reached(heap, true));
    let lost: BTreeSet<u64> =
        mark.blocks.iter().filter(|told| told.reach == Reach::Lost).map(|told| told.address).collect();
    let mut stale = BTreeSet::new();
    for told in &mark.blocks {
        let Some(block) = heap.find(0, told.address) else { continue };
        let what = format!("{at}: {} at {:#x}", told.label, told.address);
        match told.reach {
            Reach::Held => assert!(all.contains(block), "{what} looks unreachable"),
            Reach::Block => {
                let by_lost = heap.referrers(block).any(|edge| lost.contains(&heap.address(edge.other)));
                assert!(all.contains(block) || by_lost, "{what} looks unreachable, and no lost block holds it");
            }
            Reach::Lost => {
                assert!(!lasting.contains(block), "{what} is told to be lost, and data holds it");
                let words = stack_words(heap, block);
                if !words.is_empty() {
                    let words = words.join(", ");
                    let (.., why) = STALE
                        .iter()
                        .find(|(guest, label, why)| {
                            at.starts_with(guest) && *label == told.label && !stale.contains(why)
                        })
                        .unwrap_or_else(|| panic!("{what} is told to be lost, and held by {words}: {stale:?}"));
                    stale.insert(*why);
                }
            }
            Reach::Hidden => {}
        }
    }
}

/// What the roots reach, with or without frames, stacks and registers.
fn reached(heap: &Heap, with_stack: bool) -> ObjectSet {
    let mut start = ObjectSet::empty(heap.object_count());
    let mut avoid = ObjectSet::empty(heap.object_count());
    for root in heap.roots().iter().filter(|root| with_stack || !is_stack(&root.place)) {
        start.insert(root.to);
    }
    for object in heap.objects().filter(|&object| !with_stack && heap.family(object) == Family::Frame) {
        avoid.insert(object);
    }
    reach(heap, &start, &avoid)
}

const fn is_stack(place: &RootPlace) -> bool {
    matches!(place, RootPlace::Frame { .. } | RootPlace::Stack { .. } | RootPlace::NativeStack { .. })
}

/// The words of frames, stacks and registers that point at a block, by name.
fn stack_words(heap: &Heap, block: ObjectId) -> Vec<String> {
    let roots = heap.roots().iter().filter(|root| root.to == block && is_stack(&root.place));
    let mut words: Vec<String> = roots.map(|root| format!("{:?}", root.place)).collect();
    for edge in heap.referrers(block).filter(|edge| heap.family(edge.other) == Family::Frame) {
        words.push(format!("frame {} {:?}", heap.name(edge.other).unwrap_or_default(), edge.link));
    }
    words
}

/// The told word is an edge of the object that it lies in, or a root of the stack.
fn check_edge(at: &str, edge: &ToldEdge, heap: &Heap) {
    let target = heap
        .find(0, edge.value)
        .unwrap_or_else(|| panic!("{at}: {} at {:#x} points at no block ({:#x})", edge.holder, edge.slot, edge.value));
    let into = edge.value - heap.address(target);
    assert_eq!(into, edge.into, "{at}: how far {} at {:#x} points into its target", edge.holder, edge.slot);
    let holds = |holder: ObjectId| {
        let start = heap.address(holder);
        let inside = start <= edge.slot && edge.slot - start < heap.size(holder);
        inside
            && heap.referents(holder).any(|found| {
                found.other == target && found.into == into && found.link == EdgeLink::Offset(edge.slot - start)
            })
    };
    let on_stack = || {
        heap.roots()
            .iter()
            .any(|root| root.to == target && root.into == into && matches!(root.place, RootPlace::Stack { .. }))
    };
    let found = heap.objects().any(holds) || on_stack();
    assert!(found, "{at}: no edge from {} at {:#x} to {:#x}", edge.holder, edge.slot, edge.value);
}
