//! Why the memory of a guest is as large as it is: a leak, data that is kept, a peak that is past, or fragmentation.
//!
//! Linear memory never shrinks, so the answer looks at both: what lay free when it grew (the timeline's growths), and what
//! is live and held now (a snapshot). Each answer comes with the numbers that it rests on; where they do not decide, the
//! answer is that it is not known.

use serde::Serialize;

use crate::analysis::Hold;
use crate::heap::{Family, Seen};
use crate::id::ObjectId;
use crate::timeline::{GrowCause, Timeline};
use crate::use_api::Use;

/// Bytes of a page of linear memory.
const PAGE: u64 = 1 << 16;
/// Blocks in the top pages that are named.
const PINS_NAMED: usize = 5;

/// Why memory is as large as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrowthVerdict {
    /// It did not grow.
    None,
    /// Most of what is live is held by nothing.
    Leak,
    /// Most of what was live at the peak is live and held: data that is needed, or a cache.
    Kept,
    /// Most of what was live at the peak is gone; memory does not shrink.
    PastPeak,
    /// Enough lay free whenever most of it was asked for, but not in one extent.
    Fragmentation,
    /// A free extent that was large enough was not used whenever most of it was asked for.
    NotReused,
    /// What is known does not decide.
    Unknown,
}

/// A live block in a page that would be empty if blocks lay close together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pin {
    /// Its first byte.
    pub address: u64,
    /// Requested bytes.
    pub size: u64,
    /// Its type as tables name it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Where it was allocated, as `file:line`.
    pub site: Option<String>,
    /// Whether it is reachable: `yes`, `no` or `stack`.
    pub reachable: &'static str,
}

/// The answer, and what it rests on. All sizes are bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// The answer.
    pub verdict: GrowthVerdict,
    /// Linear memory at the end.
    pub memory_bytes: u64,
    /// By how much it grew, as far as growths were seen.
    pub grown_bytes: u64,
    /// How much of that was asked for while less lay free than was asked for.
    pub grown_for_live: u64,
    /// ... while as much lay free, but in no single extent.
    pub grown_for_fragmentation: u64,
    /// ... while a free extent as large was not used.
    pub grown_not_reused: u64,
    /// Live blocks in the snapshot.
    pub live_bytes: u64,
    /// Most live bytes at once.
    pub peak_bytes: u64,
    /// Live blocks that nothing holds; none where roots could not be looked at.
    pub leaked_bytes: Option<u64>,
    /// Pages that hold live blocks above those in which all live blocks would have room.
    pub pinned_pages: u64,
    /// Live bytes in these pages.
    pub pinned_bytes: u64,
    /// The topmost live blocks of them.
    pub pins: Vec<Pin>,
}

impl Use {
    /// Why memory is as large as it is, by the course of the run up to this snapshot. Time O(V + E).
    #[must_use]
    pub fn growth(&self, timeline: &Timeline) -> Growth {
        let heap = self.view().heap();
        let facts = heap.facts();
        let blocks: Vec<ObjectId> = heap.objects().filter(|&object| heap.family(object) == Family::Block).collect();
        let live_bytes: u64 = blocks.iter().map(|&block| heap.size(block)).sum();
        let looked = facts.globals == Seen::Yes && facts.statics == Seen::Yes && facts.locals != Seen::Unknown;
        let unheld = || blocks.iter().filter(|&&block| self.view().hold(block) == Hold::None);
        let leaked_bytes = looked.then(|| unheld().map(|&block| heap.size(block)).sum());
        let grown = |cause: Option<GrowCause>| -> u64 {
            let grows = timeline.grows.iter().filter(|grow| cause.is_none_or(|cause| grow.cause() == cause));
            grows.map(|grow| grow.grown_bytes).sum()
        };
        let mut growth = Growth {
            verdict: GrowthVerdict::Unknown,
            memory_bytes: timeline.samples.last().map_or(facts.memory_bytes, |last| last.memory_bytes),
            grown_bytes: grown(None),
            grown_for_live: grown(Some(GrowCause::Live)),
            grown_for_fragmentation: grown(Some(GrowCause::Fragmentation)),
            grown_not_reused: grown(Some(GrowCause::NotReused)),
            live_bytes,
            peak_bytes: timeline.peak_bytes,
            leaked_bytes,
            pinned_pages: 0,
            pinned_bytes: 0,
            pins: Vec::new(),
        };
        growth.verdict = growth.judge();
        self.add_pins(&mut growth, &blocks);
        growth
    }

    /// Finds the blocks that lie higher than they would have to.
    fn add_pins(&self, growth: &mut Growth, blocks: &[ObjectId]) {
        let heap = self.view().heap();
        let Some(&first) = blocks.first() else { return };
        let room: u64 = blocks.iter().map(|&block| heap.usable(block)).sum();
        let enough = (heap.address(first) + room).div_ceil(PAGE);
        let mut last_page = None;
        for &block in blocks.iter().filter(|&&block| heap.address(block) / PAGE >= enough) {
            let pages = heap.address(block) / PAGE..=(heap.address(block) + heap.size(block).max(1) - 1) / PAGE;
            let begin = (*pages.start()).max(last_page.map_or(0, |page: u64| page + 1));
            growth.pinned_pages += (*pages.end() + 1).saturating_sub(begin);
            growth.pinned_bytes += heap.size(block);
            last_page = Some(*pages.end());
        }
        let top = blocks.iter().rev().take_while(|&&block| heap.address(block) / PAGE >= enough).take(PINS_NAMED);
        growth.pins = top
            .filter_map(|&block| self.describe(block).ok())
            .map(|found| Pin {
                address: found.address,
                size: found.size,
                type_name: found.type_name,
                site: found.site,
                reachable: found.hold.word(),
            })
            .collect();
    }
}

impl Growth {
    fn judge(&self) -> GrowthVerdict {
        if self.grown_bytes == 0 {
            return GrowthVerdict::None;
        }
        let most = |bytes: u64| bytes.saturating_mul(2) > self.grown_bytes;
        if most(self.grown_for_fragmentation) {
            return GrowthVerdict::Fragmentation;
        }
        if most(self.grown_not_reused) {
            return GrowthVerdict::NotReused;
        }
        // Blocks that were never seen cannot explain memory that grew.
        if self.peak_bytes.saturating_mul(4) < self.grown_bytes {
            return GrowthVerdict::Unknown;
        }
        if self.live_bytes.saturating_mul(2) < self.peak_bytes {
            return GrowthVerdict::PastPeak;
        }
        match self.leaked_bytes {
            Some(leaked) if leaked.saturating_mul(2) > self.live_bytes => GrowthVerdict::Leak,
            Some(_) => GrowthVerdict::Kept,
            None => GrowthVerdict::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::heap::{Facts, HeapBuilder, ObjectRecord, RootPlace, Vocabulary};
    use crate::timeline::{Extents, Grow};

    fn growth(held: u64, unheld: u64, peak_bytes: u64, extents: (u64, u64), seen: Seen) -> Growth {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        for index in 0..held + unheld {
            let block = builder.add_object(ObjectRecord::block(PAGE * (1 + 2 * index), 100));
            if index < held {
                builder.add_root(RootPlace::Given(format!("r{index}")), block);
            }
        }
        builder.set_facts(Facts { globals: seen, statics: seen, locals: seen, ..Facts::default() });
        let (free_bytes, largest_free) = extents;
        let extents = Some(Extents { free_bytes, largest_free, ..Extents::default() });
        let grow = Grow { grown_bytes: 1000, extents, ..Grow::default() };
        let timeline = Timeline { peak_bytes, grows: vec![grow], ..Timeline::default() };
        Use::new(Arc::new(builder.finish().unwrap())).growth(&timeline)
    }

    #[test]
    fn each_case_has_its_verdict() {
        use GrowthVerdict::{Fragmentation, Kept, Leak, NotReused, PastPeak, Unknown};
        let verdict = |held, unheld, peak, extents, seen| growth(held, unheld, peak, extents, seen).verdict;
        assert_eq!(verdict(8, 2, 1000, (0, 0), Seen::Yes), Kept);
        assert_eq!(verdict(3, 7, 1000, (0, 0), Seen::Yes), Leak);
        assert_eq!(verdict(3, 7, 1000, (0, 0), Seen::Unknown), Unknown);
        assert_eq!(verdict(2, 1, 1000, (0, 0), Seen::Yes), PastPeak);
        assert_eq!(verdict(8, 2, 1000, (2000, 900), Seen::Yes), Fragmentation);
        assert_eq!(verdict(8, 2, 1000, (2000, 1000), Seen::Yes), NotReused);
        assert_eq!(verdict(1, 0, 100, (0, 0), Seen::Yes), Unknown);
    }

    #[test]
    fn blocks_far_up_are_pins() {
        let growth = growth(1, 9, 1000, (0, 0), Seen::Yes);
        // All ten would have room in the page of the first.
        assert_eq!((growth.pinned_pages, growth.pinned_bytes, growth.pins.len()), (9, 900, PINS_NAMED));
        assert_eq!((growth.pins[0].address, growth.pins[0].reachable), (PAGE * 19, "no"));
        assert_eq!(growth.leaked_bytes, Some(900));
    }
}
