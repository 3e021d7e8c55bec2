//! Words that the guest holds in locals only.
//!
//! Optimised code keeps many a pointer in a register or in a slot of the native stack, never in linear memory. While the
//! guest is paused inside a host function, all of them are in the callee-saved registers or on the native stack between the
//! stack pointer and the frame that entered the guest; reading both conservatively finds them. About half lie where the
//! host's own frames have saved registers, so the reading begins at the stack pointer.

use crate::paused::NativeWord;

/// More stack than this is not read: it would be another one than the guest's.
const STACK_MAX: usize = 1 << 30;

/// The words, or none on machines whose registers are not known here. `top` is the address of a local of the frame that
/// entered the guest.
#[inline(never)]
pub(crate) fn read_words(top: usize) -> Option<Vec<NativeWord>> {
    let mut registers = [0usize; REGISTERS];
    let stack_pointer = read_registers(&mut registers)?;
    let bytes = top.checked_sub(stack_pointer).filter(|bytes| *bytes < STACK_MAX)?;
    let mut words = Vec::with_capacity(REGISTERS + bytes / 8);
    let word = |value| NativeWord { value, frame: None };
    words.extend(registers.iter().map(|register| word(*register as u64)));
    for address in (stack_pointer.next_multiple_of(8)..top).step_by(8) {
        // SAFETY: the range lies within this thread's stack, from its stack pointer to a frame that is still active, so
        // it is mapped; it is aligned; a volatile read takes whatever bytes are there.
        words.push(word(unsafe { (address as *const u64).read_volatile() }));
    }
    Some(words)
}

#[cfg(target_arch = "x86_64")]
const REGISTERS: usize = 6;

/// Callee-saved registers, and the stack pointer.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn read_registers(registers: &mut [usize; REGISTERS]) -> Option<usize> {
    let stack_pointer: usize;
    // SAFETY: registers are read and written to the array; nothing else changes.
    unsafe {
        std::arch::asm!(
            "mov [{to}], rbx",
            "mov [{to} + 8], rbp",
            "mov [{to} + 16], r12",
            "mov [{to} + 24], r13",
            "mov [{to} + 32], r14",
            "mov [{to} + 40], r15",
            "mov {sp}, rsp",
            to = in(reg) registers.as_mut_ptr(),
            sp = lateout(reg) stack_pointer,
            options(nostack, preserves_flags),
        );
    }
    Some(stack_pointer)
}

#[cfg(target_arch = "aarch64")]
const REGISTERS: usize = 11;

/// Callee-saved registers, and the stack pointer.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn read_registers(registers: &mut [usize; REGISTERS]) -> Option<usize> {
    let stack_pointer: usize;
    // SAFETY: registers are read and written to the array; nothing else changes.
    unsafe {
        std::arch::asm!(
            "stp x19, x20, [{to}]",
            "stp x21, x22, [{to}, #16]",
            "stp x23, x24, [{to}, #32]",
            "stp x25, x26, [{to}, #48]",
            "stp x27, x28, [{to}, #64]",
            "str x29, [{to}, #80]",
            "mov {sp}, sp",
            to = in(reg) registers.as_mut_ptr(),
            sp = lateout(reg) stack_pointer,
            options(nostack, preserves_flags),
        );
    }
    Some(stack_pointer)
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const REGISTERS: usize = 0;

/// Which registers are callee-saved is not known here.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn read_registers(_registers: &mut [usize; REGISTERS]) -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn holds(value: u64) -> Option<bool> {
        let anchor = [std::hint::black_box(value); 4];
        let words = read_words(std::ptr::from_ref(&anchor) as usize + 32)?;
        let found = words.iter().any(|word| word.value == value);
        std::hint::black_box(anchor);
        Some(found)
    }

    #[test]
    fn a_local_is_found() {
        assert_ne!(holds(0x1234_5678_9ABC_DEF1), Some(false));
    }

    #[test]
    fn another_stack_is_not_read() {
        assert_eq!(read_words(8), None);
    }
}
