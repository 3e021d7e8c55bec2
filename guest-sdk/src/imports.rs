//! The imported functions, and what stands for them in a guest that was built without Heapy.
//!
//! The only file with unsafe code: every wrapper passes ranges that it borrows, and the host keeps to them (it checks
//! each against the guest's memory, and writes only into the ranges that are passed for an answer).

use crate::abi::Record;
use crate::thing::Arg;

#[cfg(all(feature = "enabled", target_family = "wasm"))]
mod raw {
    use crate::abi::Record;

    #[link(wasm_import_module = "heapy")]
    unsafe extern "C" {
        pub(crate) safe fn open(version: u32) -> i32;
        pub(crate) fn call(
            target: u32,
            name: *const u8,
            name_length: usize,
            arguments: *const Record,
            count: usize,
            answer: *mut Record,
        ) -> i32;
        pub(crate) safe fn text(target: u32, form: u32) -> i32;
        pub(crate) safe fn length(target: u32) -> i64;
        pub(crate) fn read(target: u32, offset: usize, into: *mut u8, length: usize) -> i32;
        pub(crate) fn item(target: u32, index: u32, answer: *mut Record) -> i32;
        pub(crate) safe fn release(target: u32) -> i32;
        pub(crate) fn error(into: *mut u8, length: usize) -> i32;
        pub(crate) fn snapshot(name: *const u8, length: usize) -> i32;
        pub(crate) fn describe(layout: *const Record, count: usize) -> i32;
        pub(crate) fn label(address: usize, name: *const u8, length: usize, shape: u32) -> i32;
        pub(crate) safe fn hide(address: usize) -> i32;
        pub(crate) fn pin(address: usize, name: *const u8, length: usize) -> i32;
        pub(crate) safe fn unpin(address: usize) -> i32;
        pub(crate) fn allocator(name: *const u8, length: usize, kind: u32) -> i32;
        pub(crate) safe fn allocated(allocator: u32, address: usize, size: usize) -> i32;
        pub(crate) safe fn freed(allocator: u32, address: usize) -> i32;
        pub(crate) safe fn reset(allocator: u32) -> i32;
    }
}

/// The functions of a guest that was built without Heapy: each says so.
#[cfg(not(all(feature = "enabled", target_family = "wasm")))]
mod raw {
    use crate::abi::{Record, code};

    macro_rules! disabled {
        ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
            pub(crate) const fn $name($($argument: $type),*) -> $result {
                $(let _ = $argument;)*
                code::DISABLED as $result
            }
        )*};
    }

    macro_rules! disabled_with_ranges {
        ($($name:ident($($argument:ident: $type:ty),*);)*) => {$(
            pub(crate) const unsafe fn $name($($argument: $type),*) -> i32 {
                $(let _ = $argument;)*
                code::DISABLED
            }
        )*};
    }

    disabled! {
        open(version: u32) -> i32;
        text(target: u32, form: u32) -> i32;
        length(target: u32) -> i64;
        release(target: u32) -> i32;
        hide(address: usize) -> i32;
        unpin(address: usize) -> i32;
        allocated(allocator: u32, address: usize, size: usize) -> i32;
        freed(allocator: u32, address: usize) -> i32;
        reset(allocator: u32) -> i32;
    }

    disabled_with_ranges! {
        call(target: u32, name: *const u8, length: usize, arguments: *const Record, count: usize, answer: *mut Record);
        read(target: u32, offset: usize, into: *mut u8, length: usize);
        item(target: u32, index: u32, answer: *mut Record);
        error(into: *mut u8, length: usize);
        snapshot(name: *const u8, length: usize);
        describe(layout: *const Record, count: usize);
        label(address: usize, name: *const u8, length: usize, shape: u32);
        pin(address: usize, name: *const u8, length: usize);
        allocator(name: *const u8, length: usize, kind: u32);
    }
}

pub(crate) use raw::{allocated, freed, hide, length, open, release, reset, text, unpin};

pub(crate) fn call(target: u32, name: &str, arguments: &[Arg<'_>], answer: &mut Record) -> i32 {
    let (records, count) = (arguments.as_ptr().cast(), arguments.len());
    // SAFETY: `Arg` is transparent over `Record`; both ranges, and the texts and lists that arguments name, are borrowed
    // for the call; the host writes the answer only.
    unsafe { raw::call(target, name.as_ptr(), name.len(), records, count, answer) }
}

pub(crate) fn read(target: u32, offset: usize, into: &mut [u8]) -> i32 {
    // SAFETY: the host writes at most the given length.
    unsafe { raw::read(target, offset, into.as_mut_ptr(), into.len()) }
}

pub(crate) fn item(target: u32, index: u32, answer: &mut Record) -> i32 {
    // SAFETY: the host writes one record.
    unsafe { raw::item(target, index, answer) }
}

pub(crate) fn error(into: &mut [u8]) -> i32 {
    // SAFETY: the host writes at most the given length.
    unsafe { raw::error(into.as_mut_ptr(), into.len()) }
}

pub(crate) fn snapshot(name: &str) -> i32 {
    // SAFETY: the range is borrowed for the call, and only read.
    unsafe { raw::snapshot(name.as_ptr(), name.len()) }
}

pub(crate) fn describe(layout: &[Arg<'_>]) -> i32 {
    // SAFETY: `Arg` is transparent over `Record`; the range and the texts in it are borrowed for the call, and only read.
    unsafe { raw::describe(layout.as_ptr().cast(), layout.len()) }
}

pub(crate) fn label(address: usize, name: &str, shape: u32) -> i32 {
    // SAFETY: the range is borrowed for the call, and only read; the address is not followed.
    unsafe { raw::label(address, name.as_ptr(), name.len(), shape) }
}

pub(crate) fn pin(address: usize, name: &str) -> i32 {
    // SAFETY: the range is borrowed for the call, and only read; the address is not followed.
    unsafe { raw::pin(address, name.as_ptr(), name.len()) }
}

pub(crate) fn allocator(name: &str, kind: u32) -> i32 {
    // SAFETY: the range is borrowed for the call, and only read.
    unsafe { raw::allocator(name.as_ptr(), name.len(), kind) }
}
