//! `Use`, the top object, and how one comes by it.

use core::fmt;

use crate::error::Error;
use crate::set::Set;
use crate::thing::{Answer, Arg, Thing};
use crate::things::{Relation, Stat};

/// The top object of Heapy, as `hpy()` of guppy.
///
/// In a guest that was built without the feature `enabled` it is there too and answers every question with an error that
/// says so; [`enabled`](crate::enabled) tells beforehand.
///
/// ```
/// let hp = heapy_guest::hpy();
/// println!("{}", hp.heap()); // the table of what is reachable
/// println!("{}", hp.heapu()); // the table of what is not: leaks
/// # assert!(!heapy_guest::enabled());
/// ```
#[must_use]
pub fn hpy() -> Use {
    Use { thing: Thing::open() }
}

/// The top object: every question starts here.
///
/// Functions that ask for the heap of this moment ([`Use::heap`], [`Use::heapu`], [`Use::setref`]) take a snapshot; all
/// others look at the latest one. A thing keeps the snapshot it was asked of.
#[derive(Debug)]
pub struct Use {
    thing: Result<Thing, Error>,
}

impl Use {
    /// The objects that are reachable now. Takes a snapshot.
    #[must_use]
    pub fn heap(&self) -> Set {
        Set::of(self.call("heap", &[]))
    }

    /// The summary of blocks that nothing reaches: leaks. Takes a snapshot.
    ///
    /// ```
    /// let leaks = heapy_guest::hpy().heapu();
    /// println!("{leaks}");
    /// ```
    #[must_use]
    pub fn heapu(&self) -> Stat {
        Stat::of(self.call("heapu", &[]))
    }

    /// The blocks that nothing reaches. Takes a snapshot.
    ///
    /// ```
    /// let lost = heapy_guest::hpy().heapu_set();
    /// for row in lost.rows() {
    ///     println!("{} lost of {}", row.count, row.kind);
    /// }
    /// ```
    #[must_use]
    pub fn heapu_set(&self) -> Set {
        Set::of(self.call("heapu", &[Arg::name("stat"), Arg::bool(false)]))
    }

    /// The blocks that nothing reaches, without those of which `setrelheapg` was told. Takes a snapshot.
    #[must_use]
    pub fn heapg(&self) -> Set {
        Set::of(self.call("heapg", &[]))
    }

    /// From now on `heap` and `heapu` show only what came since. Takes a snapshot.
    ///
    /// # Errors
    /// When the heap cannot be read.
    ///
    /// ```
    /// let hp = heapy_guest::hpy();
    /// if hp.setref().is_ok() {
    ///     let page = vec![0u8; 4096];
    ///     println!("{}", hp.heap()); // only the page
    ///     drop(page);
    /// }
    /// ```
    pub fn setref(&self) -> Result<(), Error> {
        self.call("setref", &[]).map(drop)
    }

    /// The set of the blocks at these addresses; an address inside a block stands for the block.
    ///
    /// ```
    /// let name = String::from("page");
    /// println!("{}", heapy_guest::hpy().iso(&[name.as_ptr()]));
    /// ```
    #[must_use]
    pub fn iso<T>(&self, addresses: &[*const T]) -> Set {
        const MOST: usize = 64;
        let mut arguments = [Arg::NONE; MOST];
        let mut union: Option<Set> = None;
        // In pieces, because this crate has no heap to put a longer list on.
        for piece in addresses.chunks(MOST) {
            for (argument, &address) in arguments.iter_mut().zip(piece) {
                *argument = Arg::address(address);
            }
            let set = Set::of(self.call("iso", &arguments[..piece.len()]));
            union = Some(match union {
                Some(before) => before | set,
                None => set,
            });
        }
        union.unwrap_or_else(|| self.nothing())
    }

    /// The kind of everything.
    #[must_use]
    pub fn anything(&self) -> Set {
        Set::of(self.call("Anything", &[]))
    }

    /// The empty set.
    #[must_use]
    pub fn nothing(&self) -> Set {
        Set::of(self.call("Nothing", &[]))
    }

    /// A relation by its name: `Type`, `Clodo`, `Size`, `Prod`, `Via`, ...
    ///
    /// ```
    /// let by_line = heapy_guest::hpy().relation("Prod");
    /// println!("{by_line}");
    /// ```
    #[must_use]
    pub fn relation(&self, name: &str) -> Relation {
        Relation::of(self.call(name, &[]))
    }

    /// The summary that stands in a text, as [`Stat::dump`] makes it.
    #[must_use]
    pub fn load(&self, package: &str) -> Stat {
        Stat::of(self.call("load", &[Arg::text(package)]))
    }

    /// What the API offers, or what one of its names means.
    ///
    /// # Errors
    /// When there is no such name.
    pub fn doc(&self, name: &str) -> Result<Thing, Error> {
        self.call("doc", &[])?.thing()?.call(name, &[])?.thing()
    }

    /// Reads any attribute of the Use API, or calls any of its functions.
    ///
    /// # Errors
    /// What the host says.
    pub fn call(&self, name: &str, arguments: &[Arg<'_>]) -> Result<Answer, Error> {
        self.thing()?.call(name, arguments)
    }

    /// What the host keeps.
    ///
    /// # Errors
    /// When there is no Heapy behind this guest.
    pub fn thing(&self) -> Result<&Thing, Error> {
        self.thing.as_ref().map_err(Clone::clone)
    }
}

impl fmt::Display for Use {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::things::display(&self.thing, formatter)
    }
}
