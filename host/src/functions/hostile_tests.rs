//! Questions that would take without end, or more than the host has.

use heapy_engine::{EdgeRecord, Heap, HeapBuilder, ObjectRecord, RootPlace, Vocabulary};
use heapy_guest::abi::{Record, code, limit, tag};

use super::tests::{Guest, handle, integer};
use crate::paused::Paused;

/// Where texts that are passed stand.
const TEXT: u64 = 2048;

/// Asks the same of each answer until that is refused; the code, and how many answers there were.
fn until_refused(guest: &mut Guest, first: i64, name: &str, arguments: &[Record]) -> (i64, usize) {
    let mut at = first;
    for count in 0..100_000 {
        match guest.call(at, name, arguments) {
            Ok(answer) => {
                guest.run("release", &[at as u64]);
                at = answer.payload.cast_signed();
            }
            Err(code) => {
                assert_eq!(guest.run("release", &[at as u64]), 0);
                return (code, count);
            }
        }
    }
    assert_eq!(guest.run("release", &[at as u64]), 0);
    (0, 100_000)
}

#[test]
fn formulas_do_not_nest_without_end() {
    let mut guest = Guest::new();
    let hp = guest.run("open", &[1]);
    for name in ["refdby", "dictof"] {
        let relation = guest.ask(hp, "Clodo");
        let (refused, count) = until_refused(&mut guest, relation, name, &[]);
        assert_eq!(refused, i64::from(code::ARGUMENT), "{name}");
        assert!(count < 1000, "{name}: {count}");
    }
    let anything = guest.ask(hp, "Anything");
    let (refused, count) = until_refused(&mut guest, anything, "dictof", &[]);
    assert!(refused == i64::from(code::ARGUMENT) && count < 1000, "{refused} after {count}");
}

#[test]
fn formulas_do_not_double_without_end() {
    let mut guest = Guest::new();
    let hp = guest.run("open", &[1]);
    let size = guest.ask(hp, "Size");
    let mut kind = guest.call(size, "call", &[integer(16)]).expect("is a kind").payload.cast_signed();
    let refused = (0..64).find_map(|_| {
        let relation = guest.call(hp, "findex", &[handle(kind), handle(kind)]);
        let relation = match relation {
            Ok(relation) => relation.payload.cast_signed(),
            Err(code) => return Some(code),
        };
        match guest.call(relation, "call", &[integer(0)]) {
            Ok(answer) => kind = answer.payload.cast_signed(),
            Err(code) => return Some(code),
        }
        None
    });
    assert_eq!(refused, Some(i64::from(code::ARGUMENT)));
}

#[test]
fn complements_do_not_multiply_without_end() {
    let mut guest = Guest::new();
    let hp = guest.run("open", &[1]);
    let (size, age) = (guest.ask(hp, "Size"), guest.ask(hp, "Age"));
    let kind = |guest: &mut Guest, of, number| guest.call(of, "call", &[integer(number)]).expect("is a kind");
    let mut union: Option<Record> = None;
    for number in 0..40 {
        let (a, b) = (kind(&mut guest, size, number), kind(&mut guest, age, number));
        let both = guest.call(a.payload.cast_signed(), "and", &[b]).expect("is a kind");
        union = Some(match union {
            Some(union) => guest.call(union.payload.cast_signed(), "or", &[both]).expect("is a kind"),
            None => both,
        });
    }
    let union = union.expect("there are forty").payload.cast_signed();
    let other = guest.call(union, "not", &[]).expect("is a set").payload.cast_signed();
    let both = guest.call(union, "and", &[handle(other)]).expect("is a set").payload.cast_signed();
    let nothing = guest.ask(hp, "Nothing");
    let same = guest.call(both, "eq", &[handle(nothing)]).expect("is a truth");
    assert_eq!((same.tag, same.payload), (tag::BOOL, 1), "nothing is in a set and in its complement");
}

#[test]
fn pages_of_pages_end() {
    let mut guest = Guest::new();
    let hp = guest.run("open", &[1]);
    let heap = guest.ask(hp, "heap");
    let page = guest.ask(heap, "more");
    assert_eq!(until_refused(&mut guest, page, "all", &[]), (0, 100_000));
}

#[test]
fn top_objects_are_bounded() {
    let mut guest = Guest::new();
    let tops: Vec<i64> = (0..limit::TOPS).map(|_| guest.run("open", &[1])).collect();
    assert_eq!(guest.run("open", &[1]), i64::from(code::LIMIT));
    assert_eq!(guest.run("release", &[tops[7] as u64]), 0);
    assert!(guest.run("open", &[1]) > 0);
}

/// 2^59 shortest paths in 118 objects.
fn diamonds(_: &Paused) -> Heap {
    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    let mut object = |at: u64| builder.add_object(ObjectRecord::block(0x1000 + at * 16, 16));
    let levels: Vec<_> = (0..59).map(|level| [object(2 * level), object(2 * level + 1)]).collect();
    for pair in levels.windows(2) {
        for from in pair[0] {
            builder.add_edge(EdgeRecord::at_offset(from, pair[1][0], 0));
            builder.add_edge(EdgeRecord::at_offset(from, pair[1][1], 8));
        }
    }
    for to in levels[0] {
        builder.add_root(RootPlace::Global { instance: 0, name: "all".into() }, to);
    }
    builder.finish().expect("is a heap")
}

#[test]
fn a_listing_ends_at_the_limit() {
    let mut guest = Guest::with(diamonds);
    let hp = guest.run("open", &[1]);
    let last = guest.call(hp, "iso", &[integer(0x1000 + 117 * 16)]).expect("is an object").payload.cast_signed();
    let paths = guest.ask(last, "sp");
    let number = guest.call(paths, "numpaths", &[]).expect("is a number");
    assert_eq!(number.payload, 1 << 58);
    let everything = guest.ask(paths, "all");
    assert_eq!(guest.run("text", &[everything as u64, 0]), i64::from(code::LIMIT));
    guest.call(paths, "set_maxpaths", &[integer(1 << 50)]).expect("is a number of paths");
    assert_eq!(guest.run("text", &[paths as u64, 0]), i64::from(code::LIMIT));
    assert_eq!(guest.call(paths, "aslist", &[integer(0), integer(1 << 50)]), Err(i64::from(code::LIMIT)));
    assert_eq!(guest.call(paths, "aslist", &[integer(0), integer(3)]).map(|list| list.length), Ok(3));
    assert_eq!(guest.call(paths, "iter", &[integer(0), integer(1 << 50)]), Err(i64::from(code::LIMIT)));
    assert_eq!(guest.call(everything, "aslist", &[integer(0), integer(1 << 50)]), Err(i64::from(code::LIMIT)));
    let levels = [integer(1), integer(1)];
    assert_eq!(guest.call(paths, "edges_at", &levels), Err(i64::from(code::ARGUMENT)));
    assert_eq!(guest.call(paths, "edges_at", &levels[..1]).map(|list| list.length), Ok(4));
}

#[test]
fn large_summaries_count_against_the_limit() {
    let mut guest = Guest::new();
    let hp = guest.run("open", &[1]);
    let heap = guest.ask(hp, "heap");
    let package = guest.call(heap, "dump", &[]).expect("is a text");
    assert!(package.length > 0 && guest.run("read", &[package.payload, 0, TEXT, 4096]) > 0);
    let text = Record { tag: tag::TEXT, sort: 0, length: package.length, payload: TEXT };
    let stat = guest.call(hp, "load", &[text]).expect("is a stat").payload.cast_signed();
    assert_eq!(guest.ask(stat, "count"), 2);
}
