//! Sets of objects: with members or by a rule, combined by operators, printed as Heapy's tables.

use core::fmt;
use core::ops::{BitAnd, BitOr, BitXor, Not, Sub};

use crate::error::Error;
use crate::rows::{Objects, Rows};
use crate::thing::{Answer, Arg, Thing};
use crate::things::{Paths, Pattern, Relation, Stat, display, things};

things! {
    /// A set of objects (with members) or a kind (by a rule).
    ///
    /// ```
    /// use heapy_guest::{Arg, hpy};
    ///
    /// let hp = hpy();
    /// let heap = hp.heap();
    /// let pages = hp.relation("Size").kind(&[Arg::int(4096)]);
    /// println!("{}", &heap & &pages); // the pages
    /// println!("{}", heap - pages); // and the rest
    /// ```
    ///
    /// Sets can be combined with sets of the same snapshot; for what came since an earlier one there is
    /// [`setref`](crate::Use::setref).
    Set;
}

impl Set {
    /// Number of objects.
    ///
    /// # Errors
    /// The first error of the chain; a kind has no members to count.
    ///
    /// ```
    /// let heap = heapy_guest::hpy().heap();
    /// match heap.count() {
    ///     Ok(count) => println!("{count} objects"),
    ///     Err(error) => println!("not known: {error}"),
    /// }
    /// ```
    pub fn count(&self) -> Result<i64, Error> {
        self.call("count", &[])?.int()
    }

    /// Their requested size in bytes.
    ///
    /// # Errors
    /// As [`Set::count`].
    ///
    /// ```
    /// let bytes = heapy_guest::hpy().heap().size().unwrap_or_default();
    /// assert!(bytes >= 0);
    /// ```
    pub fn size(&self) -> Result<i64, Error> {
        self.call("size", &[])?.int()
    }

    /// The bytes that only they hold, their own included.
    ///
    /// # Errors
    /// As [`Set::count`].
    ///
    /// ```
    /// fn held_by(cache: &std::collections::BTreeMap<u32, String>) -> Result<i64, heapy_guest::Error> {
    ///     let first = cache.values().next().map_or(std::ptr::null(), |text| text.as_ptr());
    ///     heapy_guest::hpy().iso(&[first]).domisize()
    /// }
    /// # assert!(held_by(&Default::default()).is_err());
    /// ```
    pub fn domisize(&self) -> Result<i64, Error> {
        self.call("domisize", &[])?.int()
    }

    /// The same objects grouped by a relation: `Type`, `Clodo`, `Prod`, `Size`, `Via`, `Rcs`, `Id`, ..., or several
    /// joined by `&`.
    ///
    /// ```
    /// let heap = heapy_guest::hpy().heap();
    /// println!("{}", heap.by("Prod")); // by line of allocation
    /// println!("{}", heap.by("Type&Size"));
    /// ```
    #[must_use]
    pub fn by(&self, relation: &str) -> Self {
        Self::of(self.call("by", &[Arg::text(relation)]))
    }

    /// The same objects grouped by a relation that was made before.
    ///
    /// ```
    /// let hp = heapy_guest::hpy();
    /// let by_line = hp.relation("Prod");
    /// println!("{}", hp.heap().by_relation(&by_line));
    /// ```
    #[must_use]
    pub fn by_relation(&self, relation: &Relation) -> Self {
        Self::of(relation.thing().and_then(|relation| self.call("by", &[Arg::thing(relation)])))
    }

    /// The objects of one row of the table; negative positions count from the end.
    ///
    /// ```
    /// let heap = heapy_guest::hpy().heap();
    /// println!("{}", heap.part(0)); // what the first row stands for
    /// println!("{}", heap.part(-1));
    /// ```
    #[must_use]
    pub fn part(&self, index: i64) -> Self {
        Self::of(self.call("at", &[Arg::int(index)]))
    }

    /// The objects that they refer to.
    ///
    /// ```
    /// println!("{}", heapy_guest::hpy().heap().part(0).referents());
    /// ```
    #[must_use]
    pub fn referents(&self) -> Self {
        Self::of(self.call("referents", &[]))
    }

    /// The reachable objects that refer to them.
    ///
    /// ```
    /// println!("{}", heapy_guest::hpy().heap().part(0).referrers());
    /// ```
    #[must_use]
    pub fn referrers(&self) -> Self {
        Self::of(self.call("referrers", &[]))
    }

    /// They and everything that only they hold.
    ///
    /// ```
    /// println!("{}", heapy_guest::hpy().heap().part(0).dominos()); // what would go with them
    /// ```
    #[must_use]
    pub fn dominos(&self) -> Self {
        Self::of(self.call("dominos", &[]))
    }

    /// Their summary.
    ///
    /// ```
    /// let hp = heapy_guest::hpy();
    /// let before = hp.heap().stat();
    /// let page = vec![0u8; 4096];
    /// println!("{}", &hp.heap().stat() - &before); // numbers of different snapshots can be compared
    /// # drop(page);
    /// ```
    #[must_use]
    pub fn stat(&self) -> Stat {
        Stat::of(self.call("stat", &[]))
    }

    /// Shortest paths from the root.
    ///
    /// ```
    /// println!("{}", heapy_guest::hpy().heap().part(0).sp());
    /// ```
    #[must_use]
    pub fn sp(&self) -> Paths {
        Paths::of(self.call("sp", &[]))
    }

    /// The reference pattern: who holds them, and who holds those.
    ///
    /// ```
    /// println!("{}", heapy_guest::hpy().heap().part(0).rp());
    /// ```
    #[must_use]
    pub fn rp(&self) -> Pattern {
        Pattern::of(self.call("rp", &[]))
    }

    /// The rows of the table, largest first.
    ///
    /// ```
    /// for row in heapy_guest::hpy().heap().by("Type").rows() {
    ///     println!("{:>8} bytes in {} of {}", row.size, row.count, row.kind);
    /// }
    /// ```
    #[must_use]
    pub fn rows(&self) -> Rows {
        Rows::new(self)
    }

    /// The objects, largest first. Each costs time in proportion to the heap: for a look at some, not for statistics.
    ///
    /// ```
    /// for object in heapy_guest::hpy().heap().part(0).objects() {
    ///     println!("{:#x}: {} of {} bytes", object.address, object.class, object.size);
    /// }
    /// ```
    #[must_use]
    pub fn objects(&self) -> Objects {
        Objects::new(self)
    }

    /// Whether both have the same objects.
    ///
    /// # Errors
    /// The first error of either chain, or sets of different snapshots.
    ///
    /// ```
    /// let heap = heapy_guest::hpy().heap();
    /// let same = heap.equals(&heap);
    /// assert!(same.unwrap_or(true));
    /// ```
    pub fn equals(&self, other: &Self) -> Result<bool, Error> {
        self.call("eq", &[Arg::thing(other.thing()?)])?.bool()
    }

    /// Whether all of these are among the others.
    ///
    /// # Errors
    /// As [`Set::equals`].
    ///
    /// ```
    /// let heap = heapy_guest::hpy().heap();
    /// assert!(heap.part(0).is_subset(&heap).unwrap_or(true));
    /// ```
    pub fn is_subset(&self, other: &Self) -> Result<bool, Error> {
        self.call("le", &[Arg::thing(other.thing()?)])?.bool()
    }

    fn combine(&self, name: &str, other: &Self) -> Self {
        Self::of(other.thing().and_then(|other| self.call(name, &[Arg::thing(other)])))
    }
}

macro_rules! operators {
    ($($trait:ident, $method:ident, $name:literal;)*) => {$(
        impl $trait for &Set {
            type Output = Set;

            fn $method(self, other: &Set) -> Set {
                self.combine($name, other)
            }
        }

        impl $trait for Set {
            type Output = Set;

            fn $method(self, other: Set) -> Set {
                self.combine($name, &other)
            }
        }
    )*};
}

operators! {
    BitAnd, bitand, "and";
    BitOr, bitor, "or";
    BitXor, bitxor, "xor";
    Sub, sub, "sub";
}

impl Not for &Set {
    type Output = Set;

    fn not(self) -> Set {
        Set::of(self.call("not", &[]))
    }
}

impl Not for Set {
    type Output = Set;

    fn not(self) -> Set {
        !&self
    }
}
