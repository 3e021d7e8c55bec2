//! How firmly an object is held: by the program's data, by running code only, or not at all.
//!
//! Stacks and registers are scanned for anything that looks like an address, and what they hold is let go when the
//! functions return. An object that only they reach is neither a leak nor something that stays, and stale words there
//! can make a leak look alive; so it gets a word of its own. Time O(V + E), extra space O(V) bits.

use crate::analysis::reach;
use crate::heap::{Family, Heap, RootPlace};
use crate::object_set::ObjectSet;

/// How firmly an object is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// Reached from globals, static data, tables or the host.
    Data,
    /// Reached from the native or the shadow stack only.
    Stack,
    /// Not reached.
    None,
}

impl Hold {
    /// The word for it in `--json`, as an answer to "is it reachable?".
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Data => "yes",
            Self::Stack => "stack",
            Self::None => "no",
        }
    }
}

/// The objects that the root reaches without passing a frame, a stack or a register.
#[must_use]
pub fn held_by_data(heap: &Heap) -> ObjectSet {
    let count = heap.object_count();
    let mut start = ObjectSet::empty(count);
    for root in heap.roots() {
        let running =
            matches!(root.place, RootPlace::Frame { .. } | RootPlace::Stack { .. } | RootPlace::NativeStack { .. });
        if !running {
            start.insert(root.to);
        }
    }
    if let Some(root) = heap.root_object() {
        start.insert(root);
    }
    let mut frames = ObjectSet::empty(count);
    for object in heap.objects().filter(|&object| heap.family(object) == Family::Frame) {
        frames.insert(object);
    }
    reach(heap, &start, &frames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::{EdgeRecord, HeapBuilder, ObjectRecord, Vocabulary};
    use crate::id::ObjectId;

    #[test]
    fn what_a_frame_holds_is_held_by_the_stack_only() {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        let firm = builder.add_object(ObjectRecord::block(0x1000, 16));
        let loose = builder.add_object(ObjectRecord::block(0x1010, 16));
        let lost = builder.add_object(ObjectRecord::block(0x1020, 16));
        let frame = builder.add_object(ObjectRecord { family: Family::Frame, ..ObjectRecord::block(0x2000, 0) });
        builder.add_edge(EdgeRecord::at_offset(frame, loose, 0)).add_edge(EdgeRecord::at_offset(lost, firm, 0));
        builder.add_root(RootPlace::Global { instance: 0, name: "g".into() }, firm);
        builder.add_root(RootPlace::Frame { instance: 0, thread: 0, frame: 0 }, frame);
        let held = held_by_data(&builder.finish().unwrap());
        assert_eq!(held.iter().map(ObjectId::raw).collect::<Vec<_>>(), [0]);
    }
}
