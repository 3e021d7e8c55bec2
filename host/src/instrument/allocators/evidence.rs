//! Why a function is taken for an allocator.

use std::fmt;

/// What speaks for an allocator entry, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The user named it.
    Specification,
    /// Its name in the name section.
    Name,
    /// The name of an export.
    Export,
    /// A function with a known name does nothing but call it.
    PassedOnBy(String),
    /// It has the parameters of this function, and hands them on to it.
    Calls(String),
    /// Its name in the table of functions that Go programs carry, stripped or not.
    FunctionTable,
    /// The shape of its code.
    Structure {
        /// What was seen, in words.
        seen: String,
        /// Whether that is so telling that nothing else has been seen to look like it.
        certain: bool,
    },
}

impl Evidence {
    /// Whether something else could look like this.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        match self {
            Self::Specification
            | Self::Name
            | Self::Export
            | Self::PassedOnBy(_)
            | Self::Calls(_)
            | Self::FunctionTable => true,
            Self::Structure { certain, .. } => *certain,
        }
    }

    /// One word for programs: `specification`, `name`, `export`, `passed-on`, `calls`, `function-table` or `structure`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Specification => "specification",
            Self::Name => "name",
            Self::Export => "export",
            Self::PassedOnBy(_) => "passed-on",
            Self::Calls(_) => "calls",
            Self::FunctionTable => "function-table",
            Self::Structure { .. } => "structure",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Specification => f.write_str("named by --allocator"),
            Self::Name => f.write_str("by its name"),
            Self::Export => f.write_str("by the name it is exported under"),
            Self::PassedOnBy(name) => write!(f, "`{name}` does nothing but call it"),
            Self::Calls(name) => write!(f, "it hands its parameters on to `{name}`, which does not read them all"),
            Self::FunctionTable => f.write_str("by its name in the table of functions that Go programs carry"),
            Self::Structure { seen, certain: true } => write!(f, "by the shape of its code: {seen}"),
            Self::Structure { seen, certain: false } => write!(f, "uncertain, by the shape of its code: {seen}"),
        }
    }
}
