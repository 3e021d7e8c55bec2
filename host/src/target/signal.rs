//! Stopping a guest where it is: a signal to its thread.
//!
//! A guest that computes without allocating passes no probe. To have it look for requests in its loops would cost it 10 to
//! 50 % of its time; a signal costs nothing until there is one. Its handler runs on the guest's thread, on top of the guest's
//! stack. When the interrupted instruction is the guest's compiled code, a host function could have been called there: no
//! code of the host's is in the middle of anything, no lock is held by this thread, and the engine's store is as it is
//! for a host function. So the handler does what a probe would: it takes the snapshot. Elsewhere (in the host, in the
//! engine, in code that was added to record blocks) it does nothing, and is asked again a little later.
//!
//! What differs from a host function: the engine was not left by a call, so that its own backtraces would begin at the last
//! call that was. Frames are found by the interrupted frame pointer; the guest's locals are in the registers that the
//! system has saved, and on the stack.
//!
//! Only Linux on x86-64 and aarch64 has this; elsewhere a request waits for an allocation.

use std::cell::Cell;
use std::ops::Range;
use std::ptr;

use wasmtime::Store;

use super::attach::Attached;
use crate::paused::NativeWord;

/// More stack than this is not read: it would be another one than the guest's.
const STACK_MAX: usize = 1 << 30;

/// Where a guest was interrupted.
#[derive(Clone, Debug)]
pub(crate) struct Interrupted {
    /// The instruction.
    pub(crate) instruction: usize,
    /// The frame pointer.
    pub(crate) frame: usize,
    stack: usize,
    registers: Vec<u64>,
}

impl Interrupted {
    /// All registers, and the words of the stack up to `top`, the address of a local of the frame that entered the guest;
    /// none where that is another stack.
    pub(crate) fn words(&self, top: usize) -> Option<Vec<NativeWord>> {
        top.checked_sub(self.stack).filter(|bytes| *bytes < STACK_MAX)?;
        let word = |value| NativeWord { value, frame: None };
        let mut words: Vec<NativeWord> = self.registers.iter().map(|register| word(*register)).collect();
        for address in (self.stack.next_multiple_of(8)..top).step_by(8) {
            // SAFETY: the range lies within this thread's stack, from the interrupted stack pointer to a frame that is
            // still active, so it is mapped; it is aligned; a volatile read takes whatever bytes are there.
            words.push(word(unsafe { (address as *const u64).read_volatile() }));
        }
        Some(words)
    }
}

/// What the handler needs to know of the guest that its thread is in.
pub(super) struct Entered {
    text: Range<usize>,
    store: *mut (),
    attached: *const Attached,
    /// Answers a request: the function for the type of the store.
    answer: unsafe fn(&Entered, Interrupted),
}

thread_local! {
    /// The innermost guest that this thread has entered. Needs no initialisation and no destructor, so that a handler may
    /// read it.
    static CURRENT: Cell<*const Entered> = const { Cell::new(ptr::null()) };
}

impl Entered {
    /// For the time of a call into the guest.
    pub(super) fn new<T: 'static>(text: Range<usize>, store: &mut Store<T>, attached: &Attached) -> Self {
        Self { text, store: ptr::from_mut(store).cast(), attached, answer: answer::<T> }
    }

    /// Lets the handler find it, which the caller takes back with [`leave`] before it is dropped; gives what was found so
    /// far.
    pub(super) fn enter(&self) -> Before {
        Before(CURRENT.replace(self))
    }
}

/// What the handler found before a call.
pub(super) struct Before(*const Entered);

/// Ends what [`Entered::enter`] began.
pub(super) fn leave(before: &Before) {
    CURRENT.set(before.0);
}

/// Answers a request, if there is one and the guest may stop here.
///
/// # Safety
/// The store and what is attached to it are those of the call that is active on this thread, `T` is the type of the store's
/// data, and the thread was interrupted in the guest's compiled code.
unsafe fn answer<T: 'static>(entered: &Entered, at: Interrupted) {
    // SAFETY: `Attached::enter` borrows it for as long as the call takes.
    let attached = unsafe { &*entered.attached };
    // SAFETY: it is borrowed by the call that is active, which stands in the guest's compiled code: there the engine gives
    // out the store to host functions in the same way, and nobody else uses it until this returns.
    let store = unsafe { &mut *entered.store.cast::<Store<T>>() };
    attached.answer_interrupted(store, at);
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod system {
    use std::sync::OnceLock;

    use super::{CURRENT, Interrupted};

    /// A thread that can be interrupted.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Thread(libc::pthread_t);

    /// Ignored by default, and asked for by nobody but for urgent data on sockets: one that comes late does no harm.
    const SIGNAL: libc::c_int = libc::SIGURG;

    /// Has the handler called from now on. False when somebody else handles the signal.
    pub(crate) fn install() -> bool {
        static INSTALLED: OnceLock<bool> = OnceLock::new();
        *INSTALLED.get_or_init(|| {
            // SAFETY: both structures live as long as the calls; all their bytes may be zero. The handler is a function with
            // the signature that SA_SIGINFO asks for.
            unsafe {
                let mut before: libc::sigaction = std::mem::zeroed();
                if libc::sigaction(SIGNAL, std::ptr::null(), &raw mut before) != 0
                    || ![libc::SIG_DFL, libc::SIG_IGN].contains(&before.sa_sigaction)
                {
                    return false;
                }
                let mut ours: libc::sigaction = std::mem::zeroed();
                ours.sa_sigaction = handle as *const () as usize;
                // On the guest's own stack: an alternative one has no room for a snapshot. Calls of the system go on.
                ours.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
                libc::sigaction(SIGNAL, &raw const ours, std::ptr::null_mut()) == 0
            }
        })
    }

    impl Thread {
        /// The thread that calls.
        pub(crate) fn here() -> Option<Self> {
            // SAFETY: it has no preconditions.
            Some(Self(unsafe { libc::pthread_self() }))
        }

        /// Interrupts it.
        ///
        /// # Safety
        /// The thread has not ended.
        pub(crate) unsafe fn interrupt(self) {
            // SAFETY: as the caller says. A signal that cannot be sent is as one that comes at a bad moment.
            unsafe { libc::pthread_kill(self.0, SIGNAL) };
        }
    }

    /// The handler. A panic in it ends the process: there is nothing behind it to unwind.
    extern "C" fn handle(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
        let current = CURRENT.get();
        if current.is_null() {
            return;
        }
        // SAFETY: whoever has put it there takes it back before it goes.
        let current = unsafe { &*current };
        // SAFETY: the system passes a context to handlers that were installed with SA_SIGINFO.
        let at = unsafe { position(&*context.cast::<libc::ucontext_t>()) };
        if !current.text.contains(&at.0) {
            return;
        }
        // SAFETY: the thread's own.
        let errno = unsafe { *libc::__errno_location() };
        // SAFETY: as above.
        let at = unsafe { interrupted(&*context.cast::<libc::ucontext_t>(), at) };
        // SAFETY: the guest was entered by this thread, for it was found in a local of the thread's, and was interrupted in
        // its compiled code.
        unsafe { (current.answer)(current, at) };
        // SAFETY: as above.
        unsafe { *libc::__errno_location() = errno };
    }

    /// Instruction, frame pointer and stack pointer.
    #[cfg(target_arch = "x86_64")]
    fn position(context: &libc::ucontext_t) -> (usize, usize, usize) {
        let register = |index: libc::c_int| context.uc_mcontext.gregs[index as usize] as usize;
        (register(libc::REG_RIP), register(libc::REG_RBP), register(libc::REG_RSP))
    }

    #[cfg(target_arch = "aarch64")]
    fn position(context: &libc::ucontext_t) -> (usize, usize, usize) {
        let machine = &context.uc_mcontext;
        (machine.pc as usize, machine.regs[29] as usize, machine.sp as usize)
    }

    fn interrupted(context: &libc::ucontext_t, (instruction, frame, stack): (usize, usize, usize)) -> Interrupted {
        #[cfg(target_arch = "x86_64")]
        let registers = context.uc_mcontext.gregs[..16].iter().map(|register| *register as u64).collect();
        #[cfg(target_arch = "aarch64")]
        let registers = context.uc_mcontext.regs.to_vec();
        Interrupted { instruction, frame, stack, registers }
    }
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod system {
    /// No thread can be interrupted.
    #[derive(Clone, Copy, Debug)]
    pub(crate) enum Thread {}

    impl Thread {
        /// None.
        pub(crate) fn here() -> Option<Self> {
            None
        }

        /// Interrupts none.
        ///
        /// # Safety
        /// There is nothing that could be wrong.
        pub(crate) unsafe fn interrupt(self) {}
    }

    /// There is nothing to install.
    pub(crate) fn install() -> bool {
        false
    }
}

pub(crate) use system::{Thread, install};
