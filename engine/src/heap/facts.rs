//! What is known about a heap as a whole, and what could not be seen of it.

use serde::{Deserialize, Serialize};

/// Whether a group of roots was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Seen {
    /// All of them were looked at.
    Yes,
    /// There are none, as with the stack of a guest that is not running.
    None,
    /// They could not be looked at: what only they hold looks unreachable.
    #[default]
    Unknown,
}

/// Facts about a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The guest's name, for titles.
    pub guest: String,
    /// Number of the snapshot in its recording, from 1.
    pub snapshot: u32,
    /// What made it: `exit`, `peak`, `call:sched_yield`, ...
    pub reason: String,
    /// Nanoseconds since the guest began.
    pub at_nanos: u64,
    /// Number of allocations so far.
    pub allocations: u64,
    /// Bytes of linear memory.
    pub memory_bytes: u64,
    /// Most bytes of live blocks at once so far.
    pub peak_bytes: u64,
    /// Whether serials are known from events, so that objects of two snapshots can be told apart.
    pub serials: bool,
    /// Mutable globals.
    pub globals: Seen,
    /// Static data.
    pub statics: Seen,
    /// The shadow stack in linear memory.
    pub shadow_stack: Seen,
    /// Locals on the native stack and in registers.
    pub locals: Seen,
    /// Whether contents of blocks are held: values of fields, and which blocks have equal bytes.
    pub contents: bool,
    /// Things the user should know before trusting an answer, one sentence each.
    pub notes: Vec<String>,
}
