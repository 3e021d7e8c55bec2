//! Return addresses of the guest's frames, by frame pointers.
//!
//! The engine's own backtrace names every frame as it goes, some tenths of a microsecond each; a guest with tens of thousands
//! of calling contexts would pay more for that than for everything else. Compiled guest code always keeps frame pointers, so
//! that its frames are a linked list; what they are called can wait until somebody looks.
//!
//! Where the list begins and ends, the engine does not tell. Both are at fixed distances: the host's own frames between a
//! probe's call and the compiled code that made it have the same sizes every time, and so have those that entered the guest.
//! Distances are learnt by comparing a walk with the engine's backtrace, frame by frame. A walk that does not begin and end
//! at learnt distances is not used: the engine is asked, as it is on machines where frames look otherwise.

use std::ops::Range;

use wasmtime::Module;

/// Bytes of a function's code until it has its frame, and the instruction that returns from it.
#[cfg(target_arch = "aarch64")]
const FRAME_MADE: u32 = 8;
#[cfg(target_arch = "aarch64")]
const RETURN: &[u8] = &[0xC0, 0x03, 0x5F, 0xD6];
#[cfg(not(target_arch = "aarch64"))]
const FRAME_MADE: u32 = 4;
#[cfg(not(target_arch = "aarch64"))]
const RETURN: &[u8] = &[0xC3];

/// Where a walk begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anchor {
    /// Address of a local of the host function that the guest called.
    pub(crate) address: usize,
    /// Which host function that is.
    pub(crate) function: usize,
}

/// Host functions from which walks begin.
pub(crate) const ANCHORS: usize = 3;
/// How far above the anchor the first frame of the guest is looked for, in bytes.
const REACH: usize = 16 * 1024;
/// Frames of a walk, and of the backtraces that it is compared with.
const FRAMES_MAX: usize = super::FRAMES_MAX;
/// Ways into the guest that are told apart.
const WAYS_MAX: usize = 8;

/// A function of the compiled code.
#[derive(Clone, Debug)]
struct Function {
    code: Range<u32>,
    index: u32,
}

/// What is known of one module's compiled code, and of the frames around it.
#[derive(Debug)]
pub(crate) struct Walker {
    text: Range<usize>,
    functions: Vec<Function>,
    /// Distance from each anchor to the first frame, once it is learnt.
    begins: [Option<usize>; ANCHORS],
    /// Distances from the last frame to the frame that entered the guest.
    ends: Vec<usize>,
}

/// Offsets into the compiled code, one for each frame, innermost first.
pub(crate) type Offsets = Vec<u32>;

impl Walker {
    /// For an instance of a module. Time O(functions log functions).
    pub(crate) fn new(module: &Module) -> Self {
        let text = module.text().as_ptr_range();
        let known = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
        let text = if known { text.start as usize..text.end as usize } else { 0..0 };
        let function = |function: wasmtime::ModuleFunction| Function {
            code: function.offset as u32..(function.offset + function.len) as u32,
            index: function.index.as_u32(),
        };
        let mut functions: Vec<Function> = module.functions().map(function).collect();
        functions.sort_unstable_by_key(|function| function.code.start);
        Self { text, functions, begins: [None; ANCHORS], ends: Vec::new() }
    }

    /// The guest's frames, if both ends are where they were learnt to be. `top` is the address of a local of the frame that
    /// entered the guest. Time O(frames).
    pub(crate) fn walk(&self, anchor: Anchor, top: usize) -> Option<Offsets> {
        let begin = anchor.address.checked_add(self.begins[anchor.function]?)?;
        let (offsets, end) = self.chain(begin, top)?;
        self.ends.contains(&(top - end)).then_some(offsets)
    }

    /// The frames of a guest that was interrupted; those alone of which its frame pointers tell. `top` is as above; none
    /// where the guest is about to make its frame or to leave it, for then the frame pointer is another one's.
    pub(crate) fn interrupted(&self, code: &[u8], instruction: usize, frame: usize, top: usize) -> Option<Offsets> {
        let offset = instruction.checked_sub(self.text.start)? as u32;
        let next = self.functions.partition_point(|function| function.code.start <= offset);
        let function = self.functions[..next].last().filter(|function| function.code.contains(&offset))?;
        let returns = code.get(offset as usize..).is_none_or(|code| code.starts_with(RETURN));
        if offset - function.code.start < FRAME_MADE || returns {
            return None;
        }
        let mut offsets = vec![offset];
        if frame < top {
            offsets.extend(self.chain(frame, top).map(|(callers, _)| callers).unwrap_or_default());
        }
        Some(offsets)
    }

    /// Learns from the engine's backtrace: the functions of all frames, innermost first.
    pub(crate) fn learn(&mut self, anchor: Anchor, top: usize, functions: &[u32]) {
        if functions.len() >= FRAMES_MAX || top <= anchor.address {
            return;
        }
        let begins = match self.begins[anchor.function] {
            Some(known) => known..known + 1,
            None => 0..REACH.min(top - anchor.address),
        };
        let aligned = begins.filter(|distance| (anchor.address + distance).is_multiple_of(8));
        for distance in aligned {
            let Some((offsets, end)) = self.chain(anchor.address + distance, top) else { continue };
            if !self.names(&offsets).eq(functions.iter().copied()) {
                continue;
            }
            self.begins[anchor.function] = Some(distance);
            if self.ends.len() < WAYS_MAX && !self.ends.contains(&(top - end)) {
                self.ends.push(top - end);
            }
            return;
        }
    }

    /// The function of an offset; none for the engine's own code.
    pub(crate) fn function(&self, offset: u32) -> Option<u32> {
        let next = self.functions.partition_point(|function| function.code.start <= offset);
        let function = self.functions[..next].last()?;
        function.code.contains(&offset).then_some(function.index)
    }

    fn names(&self, offsets: &[u32]) -> impl Iterator<Item = u32> {
        offsets.iter().filter_map(|&offset| self.function(offset))
    }

    /// Follows frame records from `begin` to the first that returns to the host: what they return to, and where that last
    /// one lies. None when they do not ascend, or leave the stack below `top`.
    fn chain(&self, begin: usize, top: usize) -> Option<(Offsets, usize)> {
        let mut offsets = Offsets::new();
        let mut record = begin;
        loop {
            if !record.is_multiple_of(8) || record.checked_add(16)? > top {
                return None;
            }
            // SAFETY: `begin` is not below a local of a function that is active on this thread's stack, or is the frame
            // pointer of the guest's compiled code there, every further record is above the one before, and `top` is the
            // address of a local of an active function further up; between them the stack is mapped. The words are aligned, and a volatile read takes whatever is there.
            let (next, returns_to) =
                unsafe { ((record as *const usize).read_volatile(), ((record + 8) as *const usize).read_volatile()) };
            if !self.text.contains(&returns_to) {
                return (!offsets.is_empty()).then_some((offsets, record));
            }
            // The call is in front of where it returns to.
            offsets.push((returns_to - self.text.start) as u32 - 1);
            if next <= record || offsets.len() > FRAMES_MAX {
                return None;
            }
            record = next;
        }
    }
}

/// For offsets into the compiled code, ascending, those into the module that it was compiled from. Time O(the module's
/// address map).
pub(crate) fn module_offsets(module: &Module, offsets: &[u32]) -> Vec<Option<u32>> {
    let mut found = Vec::with_capacity(offsets.len());
    let mut wanted = offsets.iter().peekable();
    let mut last = None;
    for (start, position) in module.address_map().into_iter().flatten() {
        while wanted.next_if(|offset| (**offset as usize) < start).is_some() {
            found.push(last);
        }
        last = position;
    }
    found.resize(offsets.len(), last);
    found
}
