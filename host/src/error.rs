//! Why a guest could not be instrumented or run.

use std::path::PathBuf;

use thiserror::Error;

/// Why a module cannot be instrumented.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InstrumentError {
    /// The bytes do not begin as a WebAssembly binary does.
    #[error("not a WebAssembly module (it begins with {start})")]
    NotWasm {
        /// The first bytes, in hexadecimal.
        start: String,
    },
    /// The module ends in the middle of something, or is wrongly encoded.
    #[error("malformed WebAssembly module: {message} (at offset {offset:#x})")]
    Malformed {
        /// What the decoder says.
        message: String,
        /// Where, in bytes from the start of the file.
        offset: usize,
    },
    /// A component, not a core module.
    #[error("this is a WebAssembly component; only core modules can be run")]
    Component,
    /// A feature that instrumentation cannot carry through.
    #[error("the module uses {feature}, which is not supported")]
    Unsupported {
        /// Its name.
        feature: String,
    },
    /// An allocator specification that does not follow the grammar.
    #[error("allocator specification `{spec}`: {reason}")]
    AllocatorSyntax {
        /// The specification.
        spec: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An allocator specification that names no function of the module.
    #[error("allocator specification `{spec}` names `{name}`, but the module has no function of that name")]
    UnknownAllocator {
        /// The specification.
        spec: String,
        /// The name.
        name: String,
    },
    /// A snapshot condition `call:NAME` that names nothing that can be called.
    #[error("`call:{name}`: the module has no import, export or named function `{name}`")]
    UnknownCall {
        /// The name.
        name: String,
    },
    /// The module was instrumented before, or uses our names.
    #[error("the module already exports `{name}`: it was instrumented before")]
    AlreadyInstrumented {
        /// The export.
        name: String,
    },
}

/// Why a guest could not be run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The module cannot be instrumented.
    #[error(transparent)]
    Instrument(#[from] InstrumentError),
    /// The engine refuses the module.
    #[error("the module is not valid: {message}")]
    Invalid {
        /// What the validator says.
        message: String,
    },
    /// An import that nobody provides.
    #[error("the module imports `{name}` from `{module}`, which nothing here provides")]
    MissingImport {
        /// The imported module's name.
        module: String,
        /// The import's name.
        name: String,
    },
    /// An export that is asked for and not there.
    #[error("the module has no export `{name}`{}", hint(available))]
    MissingExport {
        /// The export.
        name: String,
        /// Functions that could be called instead.
        available: Vec<String>,
    },
    /// An export whose parameters cannot be given.
    #[error("`{name}` cannot be called without arguments: it takes {parameters} of them")]
    NeedsArguments {
        /// The export.
        name: String,
        /// How many it takes.
        parameters: usize,
    },
    /// A folder that cannot be opened for the guest.
    #[error("cannot open folder {}: {message}", path.display())]
    UnreadableFolder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
    /// The module that was instantiated is not an instrumented one.
    #[error("the instance does not export `{name}`: it was not instrumented, or by another version")]
    NotInstrumented {
        /// The export that is missing.
        name: String,
    },
    /// The engine failed in a way that is none of the above.
    #[error("{message}")]
    Engine {
        /// What the engine says.
        message: String,
    },
}

fn hint(available: &[String]) -> String {
    match available {
        [] => String::new(),
        names => format!("; it exports {}", names.join(", ")),
    }
}

impl TargetError {
    /// An error of the engine, with its causes in one line.
    pub(crate) fn engine(error: &wasmtime::Error) -> Self {
        Self::Engine { message: format!("{error:#}") }
    }
}
