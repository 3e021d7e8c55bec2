//! The functions between a guest and Heapy: names, numbers and records, version 1.
//!
//! Guest and host share these constants; the page `guest-abi` of the guide is their contract, and the headers for other
//! languages in `include/` repeat them (a test compares). Nothing here calls anything.
//!
//! Every function lives in the import module [`MODULE`]. Addresses and lengths are `i32` in a guest with a 32-bit
//! memory and `i64` in one with a 64-bit memory; everything else is the same. A result below zero is a [`code`].

/// The import module of every function.
pub const MODULE: &str = "heapy";

/// The version that a guest passes to `open`. A host answers every version up to its own.
pub const VERSION: u32 = 1;

/// Bytes of a [`Record`].
pub const RECORD_BYTES: usize = 16;

/// Every function with the number of its parameters.
pub const FUNCTIONS: [(&str, usize); 18] = [
    ("open", 1),
    ("call", 6),
    ("text", 2),
    ("length", 1),
    ("read", 4),
    ("item", 3),
    ("release", 1),
    ("error", 2),
    ("snapshot", 2),
    ("describe", 2),
    ("label", 4),
    ("hide", 1),
    ("pin", 3),
    ("unpin", 1),
    ("allocator", 3),
    ("allocated", 3),
    ("freed", 2),
    ("reset", 1),
];

/// Names of the top object that ask for the heap of this moment, and so take a snapshot; all others look at the latest.
pub const OF_THIS_MOMENT: [&str; 7] = ["heap", "heapg", "heapu", "setref", "setrelheap", "setrelheapg", "setrelheapu"];

/// A value that is passed, or that a call answers: 16 bytes, little endian, aligned or not.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What it is: one of [`tag`].
    pub tag: u16,
    /// Of an answered handle: which sort of thing it is, one of [`sort`]. Else 0.
    pub sort: u16,
    /// Bytes of a text, items of a list. Else 0.
    pub length: u32,
    /// The value, see [`tag`].
    pub payload: u64,
}

impl Record {
    /// The bytes as they stand in memory.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; RECORD_BYTES] {
        let (tag, sort) = (self.tag.to_le_bytes(), self.sort.to_le_bytes());
        let (length, payload) = (self.length.to_le_bytes(), self.payload.to_le_bytes());
        [
            tag[0], tag[1], sort[0], sort[1], length[0], length[1], length[2], length[3], payload[0], payload[1],
            payload[2], payload[3], payload[4], payload[5], payload[6], payload[7],
        ]
    }

    /// The record that stands in `bytes`.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; RECORD_BYTES]) -> Self {
        let [t0, t1, s0, s1, l0, l1, l2, l3, p0, p1, p2, p3, p4, p5, p6, p7] = bytes;
        Self {
            tag: u16::from_le_bytes([t0, t1]),
            sort: u16::from_le_bytes([s0, s1]),
            length: u32::from_le_bytes([l0, l1, l2, l3]),
            payload: u64::from_le_bytes([p0, p1, p2, p3, p4, p5, p6, p7]),
        }
    }
}

/// What a [`Record`] is.
pub mod tag {
    /// Nothing, or an argument that is left out.
    pub const NONE: u16 = 0;
    /// A truth value: the payload is 0 or 1.
    pub const BOOL: u16 = 1;
    /// A signed integer of 64 bits.
    pub const INT: u16 = 2;
    /// The bits of a 64-bit float.
    pub const FLOAT: u16 = 3;
    /// UTF-8. Passed: payload and length are a range of the guest's memory. Answered: the payload is a handle.
    pub const TEXT: u16 = 4;
    /// Values. Passed: the payload is the address of `length` records. Answered: the payload is a handle.
    pub const LIST: u16 = 5;
    /// Something of the host's: the payload is a handle.
    pub const HANDLE: u16 = 6;
    /// Passed only: a text like [`TEXT`] that names the argument in the record behind it.
    pub const NAME: u16 = 7;
}

/// Which sort of thing an answered handle stands for.
pub mod sort {
    /// None of the others.
    pub const OTHER: u16 = 0;
    /// The top object.
    pub const USE: u16 = 1;
    /// A set with members.
    pub const SET: u16 = 2;
    /// A set by a rule.
    pub const KIND: u16 = 3;
    /// An equivalence relation.
    pub const RELATION: u16 = 4;
    /// A partition, or a row of one.
    pub const PARTITION: u16 = 5;
    /// A summary.
    pub const STAT: u16 = 6;
    /// Shortest paths, or one of them.
    pub const PATHS: u16 = 7;
    /// A reference pattern.
    pub const PATTERN: u16 = 8;
    /// A text.
    pub const TEXT: u16 = 9;
    /// A list.
    pub const LIST: u16 = 10;
}

/// Why a call has no answer; the message is fetched with `error`.
pub mod code {
    /// No such handle, or it was released.
    pub const HANDLE: i32 = -1;
    /// Not within the guest's memory.
    pub const POINTER: i32 = -2;
    /// Not UTF-8.
    pub const TEXT: i32 = -3;
    /// Not a record: unknown tag, nested too deep, or a name without a value.
    pub const RECORD: i32 = -4;
    /// The thing has nothing of that name.
    pub const NAME: i32 = -5;
    /// An argument that is not accepted; the message says which and what is.
    pub const ARGUMENT: i32 = -6;
    /// More than the host keeps for one guest; see [`super::limit`].
    pub const LIMIT: i32 = -7;
    /// `open` was given a version that this host does not know, or was not called.
    pub const VERSION: i32 = -8;
    /// Not in this build of the host, or not for guests.
    pub const UNAVAILABLE: i32 = -9;
    /// The heap could not be read.
    pub const CAPTURE: i32 = -10;
    /// No live block or no such allocator, pin, item.
    pub const NOT_FOUND: i32 = -11;
    /// Never answered by a host: the guest was built without Heapy.
    pub const DISABLED: i32 = -100;
}

/// Which text of a handle.
pub mod form {
    /// As `str` in Heapy: tables, paths, patterns.
    pub const STR: u32 = 0;
    /// As `repr` in Heapy.
    pub const REPR: u32 = 1;
    /// One short line.
    pub const BRIEF: u32 = 2;
}

/// How often a type stands in a labelled block.
pub mod shape {
    /// Once.
    pub const VALUE: u32 = 0;
    /// As often as it fits, one behind the other.
    pub const ARRAY: u32 = 1;
}

/// How the blocks of a registered allocator live.
pub mod allocator {
    /// One by one, as with `malloc`: a block that nothing refers to is a leak.
    pub const POOL: u32 = 0;
    /// All together: a block lives while the memory it lies in is held.
    pub const ARENA: u32 = 1;
}

/// What a host keeps for one guest at most. Beyond, calls answer [`code::LIMIT`].
pub mod limit {
    /// Handles at once.
    pub const HANDLES: usize = 65_536;
    /// Top objects at once.
    pub const TOPS: usize = 64;
    /// Bytes that the things behind all handles take, as far as the guest chose them, snapshots apart.
    pub const HANDLE_BYTES: usize = 256 << 20;
    /// Snapshots that handles keep at once.
    pub const SNAPSHOTS: usize = 16;
    /// Bytes of one text that is passed.
    pub const TEXT_BYTES: usize = 16 << 20;
    /// Records of one call, those of lists in lists included.
    pub const RECORDS: usize = 65_536;
    /// How deep lists may be in lists.
    pub const DEPTH: usize = 8;
    /// Labels, hidden blocks, pins and blocks of registered allocators at once, each.
    pub const TOLD: usize = 1 << 20;
    /// Described types; names of labels and pins.
    pub const TYPES: usize = 4096;
    /// Fields of all of them together.
    pub const FIELDS: usize = 65_536;
    /// Registered allocators.
    pub const ALLOCATORS: usize = 1024;
    /// Bytes of a name: of a type, field, pin, allocator or snapshot.
    pub const NAME_BYTES: usize = 1024;
}
