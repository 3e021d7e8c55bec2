//! Roots: what the guest holds from outside of its heap.
//!
//! The root itself is symbolic and no object. What it refers to is named by the grammar of `hp.Root`.

use super::object::ObjectKey;

/// A place outside of all objects that holds a reference; prints as an attribute of `hp.Root`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RootPlace {
    /// `i0_modules["app"]`: the static data of an instance (the target is its module object).
    Module {
        /// The instance.
        instance: u32,
        /// The module's name.
        name: String,
    },
    /// `i0_t0_f2`: a frame of a thread, 0 the outermost (the target is its frame object).
    Frame {
        /// The instance.
        instance: u32,
        /// The thread.
        thread: u32,
        /// The frame, counted from the bottom.
        frame: u32,
    },
    /// `i0_globals["name"]`: a mutable global.
    Global {
        /// The instance.
        instance: u32,
        /// Its export or symbol name, else `#` and its index.
        name: String,
    },
    /// `i0_tables[t][k]`: an element of a table.
    Table {
        /// The instance.
        instance: u32,
        /// The table.
        table: u32,
        /// The element.
        element: u64,
    },
    /// `i0_t0_stack+0x10`: a word of the shadow stack that belongs to no known frame.
    Stack {
        /// The instance.
        instance: u32,
        /// The thread.
        thread: u32,
        /// Bytes from the lowest live address of the stack.
        offset: u64,
    },
    /// `i0_t0_locals[3]`: a word of the native stack or a register that belongs to no known frame.
    NativeStack {
        /// The instance.
        instance: u32,
        /// The thread.
        thread: u32,
        /// Words from the innermost end of the stack, registers first.
        slot: u64,
    },
    /// `i0_t0_tls["x"]`: a thread-local block.
    ThreadLocal {
        /// The instance.
        instance: u32,
        /// The thread.
        thread: u32,
        /// The block's name.
        name: String,
    },
    /// `i0_host["name"]`: what the embedder holds on the guest's behalf.
    Host {
        /// The instance.
        instance: u32,
        /// What it was registered as.
        name: String,
    },
    /// A name of its own, as imported graphs have it.
    Given(String),
}

/// A reference from the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootRecord {
    /// Where it is held.
    pub place: RootPlace,
    /// What is held.
    pub to: ObjectKey,
    /// Whether the place is known to hold references, or only happens to hold an address.
    pub conservative: bool,
    /// How far into the target it points.
    pub into: u64,
}
