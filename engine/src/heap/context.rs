//! Calling contexts: a tree of frames, shared by all allocations that have the same callers.

use crate::id::{ContextId, FrameId};

/// A function at a line, as the symbols tell it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Frame {
    /// The demangled function name, or `module[function index]` where there is none.
    pub function: String,
    /// Source file.
    pub file: Option<String>,
    /// Line in it, from 1.
    pub line: Option<u32>,
    /// Column in it, from 1.
    pub column: Option<u32>,
    /// Crate, translation unit or module of the function.
    pub unit: Option<String>,
    /// Offset in the code of the original module, in bytes from its start.
    pub offset: Option<u64>,
    /// Whether the compiler put it into its caller's body.
    pub inlined: bool,
    /// Whether it belongs to the allocator or to a container library, so that it is passed over for the site.
    pub library: bool,
    /// Whether it is an allocator's function that gives a block another size: a block that it gave out was moved by it,
    /// or is a new one where it was given none (`realloc(NULL, size)`).
    pub reallocates: bool,
}

/// A frame and the context it was called from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Context {
    /// The caller's context; none at the outermost frame.
    pub caller: Option<ContextId>,
    /// The frame.
    pub frame: FrameId,
}
