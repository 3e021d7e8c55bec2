//! Types and their layouts, from which the names of relations are derived.

use crate::id::TypeId;

/// A type of the guest's program.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeRecord {
    /// The full path in the source language; prints in tables.
    pub name: String,
    /// Crate, translation unit or module that defines it.
    pub unit: Option<String>,
    /// Bytes of one value; 0 where that is unknown.
    pub size: u64,
    /// What is inside.
    pub shape: Shape,
    /// Whether blocks of this type are backing storage of one owner, so that Clodo classifies them by that owner.
    pub storage: bool,
}

/// What a value of a type consists of.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Unknown: every word may be a reference.
    Opaque,
    /// Fields at fixed offsets, ascending.
    Struct(Vec<Field>),
    /// Values of one type, one behind the other, as many as fit.
    Array {
        /// The type of an element.
        element: TypeId,
        /// Bytes from one element to the next.
        stride: u64,
    },
    /// A reference to one value.
    Pointer,
    /// No reference inside.
    Scalar,
}

/// A field of a struct, or a symbol of a module's static data.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name; prints behind a dot.
    pub name: String,
    /// Bytes from the start of the struct.
    pub offset: u64,
    /// Bytes it takes.
    pub size: u64,
    /// Its type, where that is known.
    pub ty: Option<TypeId>,
}
