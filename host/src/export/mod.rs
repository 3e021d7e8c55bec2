//! Snapshots in the formats of other programs.
//!
//! Each encoder is a function from what a [`Use`] looks at to bytes. A frozen heap knows what is alive, not what has
//! been freed, so that the profiles among the formats hold live blocks only, and say so where the format lets them.

mod dhat;
mod heapsnapshot;
mod pprof;
mod protobuf;
mod report;
mod stacks;

use std::fmt;
use std::str::FromStr;

use heapy_engine::{Use, UseError};

pub use report::{ReportError, report};

/// A format to export to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// pprof's `profile.proto`, compressed: live and leaked blocks by calling context and kind.
    Pprof,
    /// V8's heap snapshot: the whole graph, for the memory panel of Chrome and for memlab.
    HeapSnapshot,
    /// A line of folded frames a calling context, with its live bytes.
    Folded,
    /// speedscope's JSON: live bytes by calling context.
    Speedscope,
    /// DHAT's JSON: live blocks by calling context.
    Dhat,
    /// Heapy's own text of numbers: live objects by Clodo, for its profile browser.
    Hpy,
}

impl Format {
    /// Every format, in the order of their names.
    pub const ALL: [Self; 6] = [Self::Dhat, Self::Folded, Self::HeapSnapshot, Self::Hpy, Self::Pprof, Self::Speedscope];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pprof => "pprof",
            Self::HeapSnapshot => "heapsnapshot",
            Self::Folded => "folded",
            Self::Speedscope => "speedscope",
            Self::Dhat => "dhat",
            Self::Hpy => "hpy",
        }
    }

    /// The snapshot in this format. Time O(V + E), and O(bytes).
    ///
    /// # Errors
    /// [`UseError`] when the heap cannot be grouped.
    pub fn encode(self, hp: &Use) -> Result<Vec<u8>, UseError> {
        match self {
            Self::Pprof => pprof::encode(hp),
            Self::HeapSnapshot => heapsnapshot::encode(hp),
            Self::Folded => Ok(stacks::folded(hp).into_bytes()),
            Self::Speedscope => Ok(stacks::speedscope(hp).into_bytes()),
            Self::Dhat => Ok(dhat::encode(hp).into_bytes()),
            Self::Hpy => Ok(hp.heap().dump().into_bytes()),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|format| format.name() == name);
        known.ok_or_else(|| format!("no format {name:?}; there are {}", Self::ALL.map(Self::name).join(", ")))
    }
}
