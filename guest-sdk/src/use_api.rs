//! `Use`, the top object, and how one comes by it.

use core::fmt;

use crate::abi::OF_THIS_MOMENT;
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
    ///
    /// ```
    /// println!("{}", heapy_guest::hpy().heap().by("Prod"));
    /// ```
    #[must_use]
    #[inline(always)]
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
    #[inline(always)]
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
    #[inline(always)]
    pub fn heapu_set(&self) -> Set {
        Set::of(self.call("heapu", &[Arg::name("stat"), Arg::bool(false)]))
    }

    /// The blocks that nothing reaches, without those of which `setrelheapg` was told. Takes a snapshot.
    ///
    /// ```
    /// let hp = heapy_guest::hpy();
    /// let _ = hp.call("setrelheapg", &[]);
    /// let lost: &'static str = Box::leak(String::from("lost").into_boxed_str());
    /// println!("{}", hp.heapg()); // what was lost since
    /// # let _ = lost;
    /// ```
    #[must_use]
    #[inline(always)]
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
    #[inline(always)]
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
    ///
    /// ```
    /// let hp = heapy_guest::hpy();
    /// println!("{}", !hp.anything());
    /// ```
    #[must_use]
    pub fn anything(&self) -> Set {
        Set::of(self.call("Anything", &[]))
    }

    /// The empty set.
    ///
    /// ```
    /// assert_eq!(heapy_guest::hpy().nothing().count().unwrap_or(0), 0);
    /// ```
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
    ///
    /// ```
    /// let hp = heapy_guest::hpy();
    /// if let Ok(package) = hp.heap().stat().dump() {
    ///     println!("{}", hp.load(&package.to_string()));
    /// }
    /// ```
    #[must_use]
    pub fn load(&self, package: &str) -> Stat {
        Stat::of(self.call("load", &[Arg::text(package)]))
    }

    /// What the API offers, or what one of its names means.
    ///
    /// # Errors
    /// When there is no such name.
    ///
    /// ```
    /// if let Ok(help) = heapy_guest::hpy().doc("heapu") {
    ///     println!("{help}");
    /// }
    /// ```
    pub fn doc(&self, name: &str) -> Result<Thing, Error> {
        self.call("doc", &[])?.thing()?.call(name, &[])?.thing()
    }

    /// Reads any attribute of the Use API, or calls any of its functions.
    ///
    /// # Errors
    /// What the host says.
    ///
    /// ```
    /// use heapy_guest::{Arg, hpy};
    ///
    /// let hp = hpy();
    /// let answer = hp.call("heapu", &[Arg::name("abs"), Arg::bool(true)]);
    /// assert_eq!(answer.is_ok(), heapy_guest::enabled());
    /// ```
    // In the caller's frame, here and above: what is cleared begins below it, where the frame of `ask` comes to lie.
    #[inline(always)]
    pub fn call(&self, name: &str, arguments: &[Arg<'_>]) -> Result<Answer, Error> {
        if crate::enabled() && OF_THIS_MOMENT.contains(&name) {
            clear_dead_stack();
        }
        self.ask(name, arguments)
    }

    #[inline(never)]
    fn ask(&self, name: &str, arguments: &[Arg<'_>]) -> Result<Answer, Error> {
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

/// Bytes of stack that are cleared before a snapshot: more than the frames of this crate take.
const CLEARED_STACK_BYTES: usize = 4096;

/// Clears the stack where the frames of finished calls were. Our frames come to lie there, with places that nothing is
/// ever written to, and what finished calls left in them would be taken for references of live frames.
#[inline(never)]
fn clear_dead_stack() {
    // Not a temporary: that would be a constant in static memory.
    let mut cleared = [0u8; CLEARED_STACK_BYTES];
    core::hint::black_box(&mut cleared);
}

impl fmt::Display for Use {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::things::display(&self.thing, formatter)
    }
}
