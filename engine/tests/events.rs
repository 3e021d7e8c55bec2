//! Events: what was packed is replayed, at every moment, and no bytes can break the reader.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::collections::BTreeMap;

use heapy_engine::events::{Event, EventChunk, Moment, Replay};
use proptest::prelude::*;

/// What one step of a model does: which live block or address, size, context.
type Step = (u8, u16, u32, u32);

/// Events that a guest could make, and the live blocks behind each.
fn events(steps: &[Step]) -> Vec<(Event, BTreeMap<u32, u32>)> {
    let mut live: BTreeMap<u32, u32> = BTreeMap::new();
    let mut all = Vec::new();
    for &(what, which, size, context) in steps {
        let some = live.keys().copied().nth(usize::from(which) % live.len().max(1));
        let event = match (what % 8, some) {
            (0, Some(address)) => {
                live.insert(address, size);
                Event::Resize { address, size }
            }
            (1..=3, Some(address)) => Event::Release { address, size: live.remove(&address).unwrap() },
            (4, _) if which % 16 == 0 => Event::Time { nanos: u64::from(size) * u64::from(context) },
            (5, _) if which % 16 == 0 => Event::Snapshot { number: context % 9 },
            _ => {
                let address = u32::from(which) * if which % 50 == 0 { 7 } else { 16 };
                match live.remove(&address) {
                    Some(size) => Event::Release { address, size },
                    None => {
                        live.insert(address, size);
                        Event::Allocate { address, size, context: context % 40 }
                    }
                }
            }
        };
        all.push((event, live.clone()));
    }
    all
}

fn chunks(events: &[Event], each: usize) -> Vec<Vec<u8>> {
    let (mut first, mut allocations) = (0, 0);
    let chunk = |events: &[Event]| {
        let head = EventChunk { events: events.len() as u32, first, allocations, nanos: 0 };
        first += events.len() as u64;
        allocations += events.iter().filter(|event| matches!(event, Event::Allocate { .. })).count() as u64;
        head.pack(events.iter().copied()).unwrap()
    };
    events.chunks(each).map(chunk).collect()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![Just(24u32), 0u32..100, any::<u32>()];
    let context = prop_oneof![Just(3u32), any::<u32>()];
    prop::collection::vec((any::<u8>(), 0u16..200, size, context), 1..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_moment_comes_back(steps in steps(), each in 1usize..120) {
        let events = events(&steps);
        let list: Vec<Event> = events.iter().map(|(event, _)| *event).collect();
        let chunks = chunks(&list, each);
        for moment in (0..=list.len()).step_by(1 + list.len() / 20).chain([list.len()]) {
            let mut replay = Replay::new();
            for chunk in &chunks {
                if replay.go(chunk, Moment::Event(moment as u64)).unwrap() {
                    break;
                }
            }
            prop_assert_eq!(replay.events(), moment as u64);
            let found: BTreeMap<u32, u32> = replay.blocks().iter().map(|block| (block.address, block.size)).collect();
            let expected = moment.checked_sub(1).map(|last| events[last].1.clone()).unwrap_or_default();
            prop_assert_eq!(replay.live_bytes(), expected.values().map(|size| u64::from(*size)).sum::<u64>());
            prop_assert_eq!(found, expected);
            for block in replay.blocks() {
                let born = list[block.birth as usize - 1];
                let Event::Allocate { address, context, .. } = born else { panic!("{born:?} made no block") };
                prop_assert_eq!((address, context), (block.address, block.context));
            }
        }
    }

    #[test]
    fn a_mutated_chunk_is_an_error_or_events(
        steps in steps(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in any::<prop::sample::Index>(),
    ) {
        let list: Vec<Event> = events(&steps).iter().map(|(event, _)| *event).collect();
        let mut chunk = chunks(&list, list.len()).remove(0);
        let mut cut_off = chunk.clone();
        cut_off.truncate(cut.index(chunk.len()));
        prop_assert!(Replay::new().go(&cut_off, Moment::End).is_err());
        for (at, value) in changes {
            let at = at.index(chunk.len());
            chunk[at] = value;
        }
        let _ = Replay::new().go(&chunk, Moment::End);
    }
}

#[test]
fn moments_are_where_they_are_said_to_be() {
    let mut list = Vec::new();
    for round in 0..10u32 {
        list.push(Event::Time { nanos: u64::from(round) * 100 });
        list.push(Event::Allocate { address: 16 * round, size: 10, context: 1 });
        list.push(Event::Snapshot { number: round + 1 });
    }
    list.extend((0..10).map(|round| Event::Release { address: 16 * round, size: 10 }));
    let at = |moment: Moment| {
        let mut replay = Replay::new();
        let reached = chunks(&list, 7).iter().any(|chunk| replay.go(chunk, moment).unwrap());
        (reached, replay.blocks().len(), replay.peak())
    };
    assert_eq!(at(Moment::Allocation(4)), (true, 4, (40, 11)));
    assert_eq!(at(Moment::Snapshot(6)), (true, 6, (60, 17)));
    assert_eq!(at(Moment::Nanos(250)), (true, 3, (30, 8)));
    assert_eq!(at(Moment::End), (false, 0, (100, 29)));
    assert_eq!(at(Moment::Snapshot(11)), (false, 0, (100, 29)));
}

#[test]
fn what_cannot_follow_is_refused() {
    let allocate = Event::Allocate { address: 64, size: 8, context: 0 };
    let error = |list: &[Event]| {
        let chunk = chunks(list, list.len()).remove(0);
        Replay::new().go(&chunk, Moment::End).unwrap_err().to_string()
    };
    assert!(error(&[allocate, allocate]).contains("0x40"));
    assert!(error(&[allocate, Event::Release { address: 80, size: 8 }]).contains("0x50"));
    assert!(error(&[Event::Resize { address: 96, size: 8 }]).contains("0x60"));
    let second = chunks(&[allocate, Event::Release { address: 64, size: 8 }], 1).remove(1);
    assert!(Replay::new().go(&second, Moment::End).unwrap_err().to_string().contains("follows 1"));
    assert!(EventChunk::head(b"PK").is_err());
}
