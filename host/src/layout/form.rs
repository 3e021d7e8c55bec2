//! What a layout is: size, language, and what a value of the type consists of.

/// A type of one module's [`super::Layouts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayoutId(pub(super) u32);

/// The language a type is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// C.
    C,
    /// C++.
    Cpp,
    /// Rust.
    Rust,
    /// Zig.
    Zig,
    /// AssemblyScript, which has no debug information of types.
    AssemblyScript,
    /// Go, whose types are told by its run-time data.
    Go,
}

/// A type with its layout.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Full path in the source language.
    pub name: String,
    /// Crate or translation unit.
    pub unit: Option<String>,
    /// Bytes of a value; 0 where that is unknown or nothing.
    pub size: u64,
    /// The language it is written in.
    pub language: Language,
    /// What it consists of.
    pub form: Form,
}

impl Layout {
    /// Whether a value is a character.
    pub(super) const fn form_is_character(&self) -> bool {
        matches!(self.form, Form::Scalar(Scalar::Character))
    }
}

/// What a type consists of.
#[derive(Clone, Debug)]
pub enum Form {
    /// Not known: `void`, a declared type, a function.
    Unknown,
    /// A value without parts.
    Scalar(Scalar),
    /// The address of a value.
    Pointer(Option<LayoutId>),
    /// Values of one type side by side; the count may be open.
    Array {
        /// The type of an element.
        element: LayoutId,
        /// How many.
        count: Option<u64>,
    },
    /// A struct, class, union, tuple or enum with payloads.
    Record(Record),
}

/// A value without parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Two's complement.
    Signed,
    /// A number from 0.
    Unsigned,
    /// An integer of pointer size that programs keep addresses in (`uintptr_t`, `usize`).
    Address,
    /// IEEE 754.
    Float,
    /// 0 or 1.
    Bool,
    /// A character; one byte of it may as well be raw memory in C and C++.
    Character,
    /// Named values.
    Enumeration(Vec<(i64, String)>),
}

/// The parts of a struct, class, union or enum.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Members and bases, by offset.
    pub members: Vec<Member>,
    /// The payloads of an enum, of which one is there.
    pub variants: Option<Variants>,
    /// Whether all members share their bytes.
    pub union: bool,
    /// Whether it has parts at places that only the running object tells, as virtual bases are.
    pub open: bool,
    /// Generic parameters by name.
    pub parameters: Vec<(String, LayoutId)>,
}

/// A part of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name; of a base class the class's name.
    pub name: String,
    /// Bytes from the start of the record.
    pub offset: u64,
    /// Its type.
    pub ty: LayoutId,
    /// First bit (from the least significant of the whole record) and number of bits of a bit-field.
    pub bits: Option<(u32, u32)>,
    /// Whether it is a base class.
    pub base: bool,
    /// Whether the compiler added it, such as a vtable pointer.
    pub artificial: bool,
}

/// The payloads of an enum.
#[derive(Clone, Debug)]
pub struct Variants {
    /// Where the discriminant is: offset and type.
    pub discriminant: Option<(u64, LayoutId)>,
    /// The cases.
    pub cases: Vec<Variant>,
}

/// One case of an enum.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The discriminant that selects it; none for the one that all others select (niches).
    pub value: Option<i64>,
    /// Whether several values select it, which are not listed here.
    pub listed: bool,
    /// Its payload.
    pub members: Vec<Member>,
}
