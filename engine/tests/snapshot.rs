//! The snapshot file: what is written is read again, and no bytes can break the reader.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod snapshot_support;

use std::io::Cursor;

use heapy_engine::snapshot::{Entry, FORMAT, Recording, SnapshotError, Writer, pack};
use heapy_engine::{EdgeRecord, HeapBuilder, ObjectRecord, RootPlace, Vocabulary};
use proptest::prelude::*;
use snapshot_support::{assert_same, heaps, small_heap};

fn entries_of(heaps: &[heapy_engine::Heap]) -> Vec<Entry> {
    let mut writer = Writer::new();
    heaps.iter().flat_map(|heap| writer.add(heap).unwrap()).collect()
}

fn file_of(heaps: &[heapy_engine::Heap]) -> Vec<u8> {
    pack(entries_of(heaps), Cursor::new(Vec::new())).unwrap().into_inner()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_heap_comes_back(heaps in prop::collection::vec(heaps(), 1..4)) {
        let entries = entries_of(&heaps);
        let file = pack(entries.clone(), Cursor::new(Vec::new())).unwrap().into_inner();
        let chunks: Vec<Vec<u8>> = file.chunks(1000).map(<[u8]>::to_vec).collect();
        for recording in [Recording::read(chunks).unwrap(), Recording::from_entries(entries).unwrap()] {
            prop_assert_eq!(recording.snapshots().len(), heaps.len());
            for (index, heap) in heaps.iter().enumerate() {
                let number = index as u32 + 1;
                assert_same(heap, &recording.heap(number).unwrap(), number);
            }
        }
        prop_assert_eq!(file_of(&heaps), file, "the same heaps make the same bytes");
    }

    #[test]
    fn a_mutated_table_is_an_error_or_a_heap(
        entry in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut entries = entries_of(&[small_heap(), small_heap()]);
        let tables: Vec<usize> = (0..entries.len()).filter(|&at| entries[at].name.ends_with(".arrow")).collect();
        let entry = tables[entry.index(tables.len())];
        for (at, value) in changes {
            let bytes = &mut entries[entry].bytes;
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        renew_checks(&mut entries);
        let recording = Recording::from_entries(entries).unwrap();
        for number in 1..=2 {
            let _ = recording.heap(number);
        }
    }

    #[test]
    fn a_mutated_file_is_an_error_or_a_recording(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut file = file_of(&[small_heap()]);
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        if let Ok(recording) = Recording::read(file) {
            let _ = recording.heap(1);
        }
    }
}

/// The position of the entry of this name.
fn find(entries: &[Entry], name: &str) -> usize {
    entries.iter().position(|entry| entry.name == name).unwrap()
}

/// Writes lengths and checksums of the present bytes into the descriptions, so that only the reader's own checks are left.
fn renew_checks(entries: &mut [Entry]) {
    let of = |entry: &Entry| (entry.name.clone(), entry.bytes.len(), crc32fast::hash(&entry.bytes));
    let sums: Vec<(String, usize, u32)> = entries.iter().map(of).collect();
    for entry in entries.iter_mut().filter(|entry| entry.name.ends_with("snapshot.json")) {
        let mut description: serde_json::Value = serde_json::from_slice(&entry.bytes).unwrap();
        for (name, length, sum) in &sums {
            if let Some(check) = description["entries"].get_mut(name) {
                check["bytes"] = (*length).into();
                check["crc32"] = (*sum).into();
            }
        }
        entry.bytes = serde_json::to_vec(&description).unwrap();
    }
}

#[test]
fn every_cut_off_file_is_a_clear_error() {
    let file = file_of(&[small_heap()]);
    for length in 0..file.len() {
        let error = Recording::read(&file[..length]).unwrap_err();
        assert!(matches!(error, SnapshotError::NotAFile { .. }), "{length}: {error}");
    }
}

#[test]
fn the_peak_is_kept_beside_the_numbered_ones() {
    let mut writer = Writer::new();
    let mut entries = writer.add(&small_heap()).unwrap();
    entries.extend(writer.add_peak(&small_heap()).unwrap());
    assert!(writer.add_peak(&small_heap()).is_err());
    entries.extend(writer.add(&small_heap()).unwrap());
    let file = pack(entries.clone(), Cursor::new(Vec::new())).unwrap().into_inner();
    for recording in [Recording::read(file).unwrap(), Recording::from_entries(entries).unwrap()] {
        assert_eq!((recording.snapshots().len(), recording.peak().map(|peak| peak.number)), (2, Some(0)));
        for number in 0..3 {
            assert_same(&small_heap(), &recording.heap(number).unwrap(), number);
        }
    }
    let without = Recording::from_entries(entries_of(&[small_heap()])).unwrap();
    assert!(without.heap(0).unwrap_err().to_string().contains("snapshot 0"));
}

#[test]
fn a_damaged_table_is_named() {
    let mut entries = entries_of(&[small_heap()]);
    let objects = entries.iter_mut().find(|entry| entry.name == "1/objects.arrow").unwrap();
    let middle = objects.bytes.len() / 2;
    objects.bytes[middle] ^= 1;
    let error = Recording::from_entries(entries).unwrap().heap(1).unwrap_err();
    assert!(matches!(&error, SnapshotError::Damaged { entry, .. } if entry == "1/objects.arrow"), "{error}");
}

#[test]
fn a_folder_opens_up_to_its_last_complete_snapshot() {
    let mut entries = entries_of(&[small_heap(), small_heap()]);
    assert_eq!(entries.pop().unwrap().name, "2/snapshot.json");
    let recording = Recording::from_entries(entries.clone()).unwrap();
    assert_eq!(recording.snapshots().len(), 1);
    assert_same(&small_heap(), &recording.heap(1).unwrap(), 1);
    let error = recording.heap(2).unwrap_err();
    assert_eq!(error.to_string(), "no snapshot 2: the file has 1, numbered from 1");
    let packed = pack(entries, Cursor::new(Vec::new())).unwrap().into_inner();
    assert_eq!(Recording::read(packed).unwrap().snapshots().len(), 1);
}

#[test]
fn a_newer_format_is_refused_with_both_numbers() {
    let mut entries = entries_of(&[small_heap()]);
    let description = entries.last_mut().unwrap();
    let text = String::from_utf8(description.bytes.clone()).unwrap();
    description.bytes = text.replace("\"format\": 1", "\"format\": 9").into_bytes();
    let error = Recording::from_entries(entries).unwrap_err();
    assert_eq!(error, SnapshotError::Newer { found: 9, supported: FORMAT });
}

#[test]
fn what_two_snapshots_share_is_written_once() {
    let entries = entries_of(&[small_heap(), small_heap()]);
    assert!(entries.iter().any(|entry| entry.name == "1/types.arrow"));
    assert!(!entries.iter().any(|entry| entry.name == "2/types.arrow"));
    let length = |name: &str| entries.iter().find(|entry| entry.name == name).unwrap().bytes.len();
    assert!(length("2/frames.arrow") < length("1/frames.arrow"));
}

#[test]
fn a_claim_of_many_rows_costs_nothing() {
    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    for index in 0..3000 {
        builder.add_object(ObjectRecord::block(0x1000 + index * 16, 16));
    }
    let entries = entries_of(&[builder.finish().unwrap()]);
    let objects = entries.iter().position(|entry| entry.name == "1/objects.arrow").unwrap();
    let rows = 3000u64.to_le_bytes();
    let places: Vec<usize> =
        (0..entries[objects].bytes.len() - 8).filter(|&at| entries[objects].bytes[at..at + 8] == rows).collect();
    assert!(places.len() > 12, "the batch and each of its columns name the rows");
    let mut bomb = entries.clone();
    for at in places {
        bomb[objects].bytes[at..at + 8].copy_from_slice(&(1u64 << 40).to_le_bytes());
    }
    renew_checks(&mut bomb);
    let error = Recording::from_entries(bomb).unwrap().heap(1).unwrap_err();
    assert!(matches!(&error, SnapshotError::Table { entry, .. } if entry == "1/objects.arrow"), "{error}");
}

#[test]
fn contexts_in_a_circle_are_refused() {
    let mut builder = HeapBuilder::new(Vocabulary::wasm());
    let frame = builder.add_frame(heapy_engine::Frame { function: "f".into(), ..Default::default() });
    builder.add_context(Some(heapy_engine::ContextId::new(0)), frame);
    let object = builder.add_object(ObjectRecord::block(16, 16));
    builder.add_edge(EdgeRecord::at_offset(object, object, 0));
    builder.add_root(RootPlace::Given("x".into()), object);
    if let Ok(heap) = builder.finish() {
        assert!(matches!(Writer::new().add(&heap), Err(SnapshotError::Unwritable { .. })));
    }
}

#[test]
fn bytes_are_held_once_for_all_that_are_equal() {
    let heap = small_heap();
    let entries = entries_of(&[heap]);
    let recording = Recording::from_entries(entries).unwrap();
    let heap = recording.heap(1).unwrap();
    let held: Vec<Option<&[u8]>> = heap.objects().map(|object| heap.bytes(object)).collect();
    // The module's bytes are not held; of each pair the first one's are.
    assert_eq!(held[0], None);
    assert_eq!(held[3..5], [Some(&[2u8; 16][..]), Some(&[2u8; 16][..])]);
}

#[test]
fn bytes_that_are_not_there_are_told() {
    let mut entries = entries_of(&[small_heap()]);
    let bytes = find(&entries, "1/bytes.arrow");
    // A table of the same columns with fewer rows, as of another heap.
    let few = {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        let block = builder.add_object(ObjectRecord::block(16, 4));
        builder.add_content(block, 0).add_bytes(0, &[1, 2, 3, 4]);
        entries_of(&[builder.finish().unwrap()])
    };
    entries[bytes].bytes = few[find(&few, "1/bytes.arrow")].bytes.clone();
    renew_checks(&mut entries);
    let error = Recording::from_entries(entries).unwrap().heap(1).unwrap_err();
    assert!(error.to_string().contains("4 bytes, 160 are described"), "{error}");
}

/// Written before frames told whether they reallocate, and entries how much they hold: later columns may be missing.
#[test]
fn a_recording_of_an_earlier_writer_is_read() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/earlier.heapy");
    let recording = Recording::read(std::fs::read(path).unwrap()).unwrap();
    assert!(!recording.snapshots().is_empty());
    for snapshot in recording.snapshots() {
        let heap = recording.heap(snapshot.number).unwrap();
        assert!(heap.objects().next().is_some() && heap.objects().all(|object| heap.moved_by(object).is_none()));
    }
}
