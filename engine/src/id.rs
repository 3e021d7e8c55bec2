//! Dense ids, one type for each table, so that a table cannot be indexed by another's id.

/// Defines a dense id: a position in one table of one [`crate::Heap`], meaningless in any other.
macro_rules! define_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(u32);

        impl $name {
            /// The id of the row at `index`.
            #[must_use]
            pub const fn new(index: u32) -> Self {
                Self(index)
            }

            /// The row of this id.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id as it is stored.
            #[must_use]
            pub const fn raw(self) -> u32 {
                self.0
            }
        }
    };
}

define_id! {
    /// An object of one heap. Ids ascend with the address within each instance's memory.
    ObjectId
}
define_id! {
    /// A type of one heap.
    TypeId
}
define_id! {
    /// A calling context of one heap: a frame and the context that called it.
    ContextId
}
define_id! {
    /// A frame of the calling contexts of one heap: a function at a line.
    FrameId
}
define_id! {
    /// A text of one heap.
    StringId
}
