//! `meta.json` and `N/snapshot.json`: what is in the file, in words that people read too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::heap::{Facts, Vocabulary};

/// The entry that describes a file.
pub(super) const META: &str = "meta.json";

/// The entry with the course of the run.
pub(super) const TIMELINE: &str = "timeline.json";

/// The number of the snapshot of the peak, which is none of the numbered ones.
pub(super) const PEAK: u32 = 0;

/// The program that wrote the file; for people only.
pub(super) const PRODUCER: &str = concat!("heapy ", env!("CARGO_PKG_VERSION"));

/// The entry that completes a snapshot.
pub(super) fn snapshot_entry(number: u32) -> String {
    format!("{number}/snapshot.json")
}

/// What is known of a snapshot before its tables are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotMeta {
    /// Its number in the file, from 1 in order of time; zero for that of the peak.
    pub number: u32,
    /// What made it: `exit`, `peak`, `call:sched_yield`, ...
    pub reason: String,
    /// Nanoseconds since the guest began.
    pub at_nanos: u64,
    /// Number of objects.
    pub objects: u64,
    /// Number of edges.
    pub edges: u64,
    /// Number of references from the root.
    pub roots: u64,
    /// Requested bytes of all objects.
    pub bytes: u64,
    /// What is known of the snapshot as a whole.
    pub facts: Facts,
    /// The object that stands for the root, in graphs where the root is an object.
    #[serde(default)]
    pub(super) root_object: Option<u32>,
    pub(super) vocabulary: Words,
    /// For each table the entries that make it up, in order.
    pub(super) tables: BTreeMap<String, Vec<String>>,
}

/// A [`Vocabulary`] in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Words {
    storage: String,
    quote: char,
    length_suffix: bool,
}

impl From<&Vocabulary> for Words {
    fn from(words: &Vocabulary) -> Self {
        Self { storage: words.storage.clone(), quote: words.quote, length_suffix: words.length_suffix }
    }
}

impl From<Words> for Vocabulary {
    fn from(words: Words) -> Self {
        Self { storage: words.storage, quote: words.quote, length_suffix: words.length_suffix }
    }
}

/// Length and checksum of a written entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Check {
    pub(super) bytes: u64,
    pub(super) crc32: u32,
}

/// `N/snapshot.json`: one snapshot and the entries that were written for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SnapshotDescription {
    pub(super) format: u32,
    pub(super) producer: String,
    pub(super) snapshot: SnapshotMeta,
    pub(super) entries: BTreeMap<String, Check>,
}

/// `meta.json`: all snapshots of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FileDescription {
    pub(super) format: u32,
    pub(super) producer: String,
    /// The guest's name.
    pub(super) guest: String,
    pub(super) snapshots: Vec<SnapshotMeta>,
    /// The snapshot of the peak, where there is one beside the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) peak: Option<SnapshotMeta>,
    pub(super) entries: BTreeMap<String, Check>,
}
