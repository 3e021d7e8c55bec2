//! Arenas and pools of the guest's own: blocks inside of blocks.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::abi::allocator;
use crate::error::Error;
use crate::imports;

/// How the blocks of an allocator live.
///
/// ```
/// use heapy_guest::{Lifetime, register_allocator};
///
/// static FRAMES: heapy_guest::Allocator = register_allocator("frames", Lifetime::Together);
/// static SLOTS: heapy_guest::Allocator = register_allocator("slots", Lifetime::Each);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// One by one: a block that nothing refers to is a leak.
    Each,
    /// All together: a block lives while the memory it lies in is held.
    Together,
}

/// An allocator of the guest's own, see [`register_allocator`].
#[derive(Debug)]
pub struct Allocator {
    name: &'static str,
    lifetime: Lifetime,
    /// The host's number and 1; 0 before the first notification.
    number: AtomicU32,
}

/// Makes known an allocator that cuts large blocks into smaller ones. The host hears of it with the first block.
///
/// Snapshots then show the blocks inside of the large one, and what is between them as `rest of pool NAME`; no byte is
/// counted twice.
///
/// ```
/// use heapy_guest::{Allocator, Lifetime, register_allocator};
///
/// static FRAMES: Allocator = register_allocator("frames", Lifetime::Together);
///
/// let slab = vec![0u8; 4096];
/// let _ = FRAMES.allocated(slab[64..].as_ptr(), 40);
/// let _ = FRAMES.reset();
/// ```
#[must_use]
pub const fn register_allocator(name: &'static str, lifetime: Lifetime) -> Allocator {
    Allocator { name, lifetime, number: AtomicU32::new(0) }
}

impl Allocator {
    /// A block was handed out.
    ///
    /// # Errors
    /// When it overlaps another one, at the limit of blocks, or without Heapy.
    ///
    /// ```
    /// # use heapy_guest::{Allocator, Lifetime, register_allocator};
    /// # static SLOTS: Allocator = register_allocator("slots", Lifetime::Each);
    /// let slab = vec![0u8; 4096];
    /// assert_eq!(SLOTS.allocated(slab.as_ptr(), 64).is_ok(), heapy_guest::enabled());
    /// ```
    pub fn allocated<T>(&self, address: *const T, size: usize) -> Result<(), Error> {
        Error::check(imports::allocated(self.number()?, address.addr(), size)).map(drop)
    }

    /// A block was taken back.
    ///
    /// # Errors
    /// When it is no block of this allocator, or without Heapy.
    ///
    /// ```
    /// # use heapy_guest::{Allocator, Lifetime, register_allocator};
    /// # static SLOTS: Allocator = register_allocator("slots", Lifetime::Each);
    /// let slab = vec![0u8; 4096];
    /// let _ = SLOTS.allocated(slab.as_ptr(), 64);
    /// let _ = SLOTS.freed(slab.as_ptr());
    /// ```
    pub fn freed<T>(&self, address: *const T) -> Result<(), Error> {
        Error::check(imports::freed(self.number()?, address.addr())).map(drop)
    }

    /// All blocks were taken back.
    ///
    /// # Errors
    /// Without Heapy.
    ///
    /// ```
    /// # use heapy_guest::{Allocator, Lifetime, register_allocator};
    /// # static FRAMES: Allocator = register_allocator("frames", Lifetime::Together);
    /// let _ = FRAMES.reset(); // at the end of a frame, when its blocks are given up together
    /// ```
    pub fn reset(&self) -> Result<(), Error> {
        Error::check(imports::reset(self.number()?)).map(drop)
    }

    fn number(&self) -> Result<u32, Error> {
        if let Some(number) = self.number.load(Ordering::Relaxed).checked_sub(1) {
            return Ok(number);
        }
        let kind = match self.lifetime {
            Lifetime::Each => allocator::POOL,
            Lifetime::Together => allocator::ARENA,
        };
        let number = Error::check(imports::allocator(self.name, kind))?;
        self.number.store(number + 1, Ordering::Relaxed);
        Ok(number)
    }
}
