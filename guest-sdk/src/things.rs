//! What sets are asked for: summaries, relations, paths and reference patterns.
//!
//! Each keeps the first error of the chain of questions that led to it, prints it in place of an answer, and answers
//! every further question with it, so that only the numbers at the end of a chain need a `?`.

use core::fmt;

use crate::error::Error;
use crate::set::Set;
use crate::thing::{Answer, Arg, Text, Thing};

pub(crate) fn display(thing: &Result<Thing, Error>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    match thing {
        Ok(thing) => fmt::Display::fmt(thing, formatter),
        Err(error) => write!(formatter, "<{error}>"),
    }
}

macro_rules! things {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            thing: Result<Thing, Error>,
        }

        impl $name {
            pub(crate) fn of(answer: Result<Answer, Error>) -> Self {
                Self { thing: answer.and_then(Answer::thing) }
            }

            /// What the host keeps.
            ///
            /// # Errors
            /// The first error of the chain of questions that led here.
            pub fn thing(&self) -> Result<&Thing, Error> {
                self.thing.as_ref().map_err(Clone::clone)
            }

            /// Reads any attribute of the Use API, or calls any of its functions.
            ///
            /// # Errors
            /// What the host says, or the first error of the chain.
            pub fn call(&self, name: &str, arguments: &[Arg<'_>]) -> Result<Answer, Error> {
                self.thing()?.call(name, arguments)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                display(&self.thing, formatter)
            }
        }
    )*};
}
pub(crate) use things;

things! {
    /// A summary without the objects: prints as the table it was made from.
    Stat;
    /// An equivalence relation: by what objects are grouped.
    Relation;
    /// Shortest paths.
    Paths;
    /// A reference pattern: who holds the holders.
    Pattern;
}

impl Stat {
    /// Number of objects.
    ///
    /// # Errors
    /// The first error of the chain.
    ///
    /// ```
    /// let count = heapy_guest::hpy().heapu().count();
    /// assert!(count.unwrap_or(0) >= 0);
    /// ```
    pub fn count(&self) -> Result<i64, Error> {
        self.call("count", &[])?.int()
    }

    /// Their size in bytes.
    ///
    /// # Errors
    /// The first error of the chain.
    ///
    /// ```
    /// println!("{} bytes are lost", heapy_guest::hpy().heapu().size().unwrap_or_default());
    /// ```
    pub fn size(&self) -> Result<i64, Error> {
        self.call("size", &[])?.int()
    }

    /// One package of the `.hpy` stream, for [`Use::load`](crate::Use::load) and Heapy's profile browser. The guest
    /// writes it where it likes.
    ///
    /// # Errors
    /// The first error of the chain.
    ///
    /// ```
    /// let hp = heapy_guest::hpy();
    /// if let Ok(package) = hp.heap().stat().dump() {
    ///     std::fs::write("heap.hpy", package.to_string())?;
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn dump(&self) -> Result<Text, Error> {
        self.call("dump", &[])?.text()
    }
}

impl core::ops::Sub for &Stat {
    type Output = Stat;

    fn sub(self, other: &Stat) -> Stat {
        Stat::of(other.thing().and_then(|other| self.call("sub", &[Arg::thing(other)])))
    }
}

impl Relation {
    /// The kind of the objects that are equal to what is described.
    ///
    /// ```
    /// use heapy_guest::{Arg, hpy};
    ///
    /// let hp = hpy();
    /// let heap = hp.heap();
    /// println!("{}", heap & hp.relation("Size").kind(&[Arg::int(4096)]));
    /// ```
    #[must_use]
    pub fn kind(&self, arguments: &[Arg<'_>]) -> Set {
        Set::of(self.call("call", arguments))
    }
}
