//! Objects as the builder is told of them.

use crate::id::{ContextId, TypeId};

/// What sort of thing an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// A live allocation of a guest allocator.
    Block,
    /// The static data of one core instance.
    Module,
    /// One activation of a guest function at the moment of the snapshot.
    Frame,
}

impl Family {
    /// The word for the family in `--json` and in the file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Module => "module",
            Self::Frame => "frame",
        }
    }
}

/// What the type of an object rests on, weakest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TypeEvidence {
    /// Nothing: the type is not known.
    #[default]
    None,
    /// The requested size is that of one type only that the allocating code names.
    Size,
    /// A typed field or static points to it.
    Propagated,
    /// The frames of the allocating call, inlined ones too, in the debug information.
    DebugInfo,
    /// The language's own run-time type: a vtable, a type id, a type pointer.
    RunTime,
    /// The guest said so.
    Label,
}

impl TypeEvidence {
    /// The word for it in tables, in `--json` and in the file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Size => "size",
            Self::Propagated => "propagated",
            Self::DebugInfo => "debug information",
            Self::RunTime => "run-time type",
            Self::Label => "label",
        }
    }
}

/// An object on its way into a heap. Its [`ObjectKey`] is only good for the builder that gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectRecord {
    /// Block, module or frame.
    pub family: Family,
    /// Which instance's memory the address is in, counted in order of creation.
    pub instance: u32,
    /// First byte, as the guest sees it.
    pub address: u64,
    /// Requested size in bytes; of a module its static data, of a frame its shadow-stack bytes.
    pub size: u64,
    /// Bytes that the allocator committed, header included; equal to `size` where that is unknown.
    pub usable: u64,
    /// The static type, where it is known.
    pub ty: Option<TypeId>,
    /// The most-derived type by run-time evidence, where that differs from `ty`.
    pub class: Option<TypeId>,
    /// What `ty` rests on.
    pub evidence: TypeEvidence,
    /// The calling context of the allocation.
    pub context: Option<ContextId>,
    /// A number that is equal in two snapshots of a run exactly for the same object.
    pub serial: u64,
    /// In which interval between snapshots it was made, 0 before the first one.
    pub age: u32,
    /// Number of elements of a container that shows its length (`0x1000*3`).
    pub length: Option<u64>,
    /// What the object is called where it has a name of its own: a module's or a function's name.
    pub name: Option<String>,
}

impl ObjectRecord {
    /// A block of instance 0 about which only place and size are known.
    #[must_use]
    pub const fn block(address: u64, size: u64) -> Self {
        Self {
            family: Family::Block,
            instance: 0,
            address,
            size,
            usable: size,
            ty: None,
            class: None,
            evidence: TypeEvidence::None,
            context: None,
            serial: 0,
            age: 0,
            length: None,
            name: None,
        }
    }
}

/// An object of a builder that is not finished yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(pub(super) u32);
