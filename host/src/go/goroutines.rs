//! Goroutines and the live parts of their stacks, which lie in the guest's memory.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::descriptors::Descriptors;
use super::image::View;
use super::program::Program;
use super::spans::{Place, slice};
use super::{BLOCK_BITS, FIRST_FUNCTION, GoError, WORD};
use crate::paused::RawFrame;

/// Most goroutines that a list may have.
const MAX_GOROUTINES: u64 = 1 << 24;
/// Goroutines that are looked at to tell a list of them.
const SAMPLE: u64 = 64;
/// The status of goroutines that are gone.
const DEAD: u64 = 6;

/// The stack of a goroutine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoStack {
    /// The goroutine's number.
    pub goroutine: u64,
    /// The part that is in use.
    pub live: Range<u64>,
}

/// How this program's goroutines are laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct GoroutineLayout {
    low: u64,
    high: u64,
    pointer: u64,
    own: u64,
    number: Place,
    status: Place,
    machine: Place,
    /// Where a machine has the goroutine of the runtime itself.
    scheduler: u64,
}

impl GoroutineLayout {
    /// Reads it of the descriptors of the runtime's types, which are given by name.
    pub(super) fn new(descriptors: Descriptors<'_>, types: &HashMap<&'static str, u64>) -> Result<Self, GoError> {
        let find = |of: &'static str, field: &str| {
            let ty = *types.get(of).ok_or_else(|| GoError::UnknownLayout { name: of.to_owned() })?;
            Place::find(descriptors, of, ty, field)
        };
        let (stack, saved) = (find("runtime.g", "stack")?.offset, find("runtime.g", "sched")?.offset);
        Ok(Self {
            low: stack + find("runtime.stack", "lo")?.offset,
            high: stack + find("runtime.stack", "hi")?.offset,
            pointer: saved + find("runtime.gobuf", "sp")?.offset,
            own: saved + find("runtime.gobuf", "g")?.offset,
            number: find("runtime.g", "goid")?,
            status: find("runtime.g", "atomicstatus")?,
            machine: find("runtime.g", "m")?,
            scheduler: find("runtime.m", "g0")?.offset,
        })
    }

    /// The live parts of all stacks; `pointer` is the stack pointer of what runs. Time O(static data + goroutines).
    pub(super) fn stacks(&self, view: View<'_>, data: Range<u64>, pointer: Option<u64>) -> Option<Vec<GoStack>> {
        let mut best: Option<(u64, u64)> = None;
        let mut at = data.start.next_multiple_of(WORD);
        while at + 3 * WORD <= data.end.min(view.0.len() as u64) {
            if let Some((list, length)) = slice(view, at, MAX_GOROUTINES)
                && best.is_none_or(|(_, longest)| length > longest)
                && (0..length.min(SAMPLE)).all(|index| self.is_goroutine(view, list + WORD * index))
            {
                best = Some((list, length));
            }
            at += WORD;
        }
        let (list, length) = best?;
        let mut all: Vec<u64> = (0..length).filter_map(|index| view.word(list + WORD * index)).collect();
        let schedulers = all.iter().filter_map(|&at| {
            let machine = self.machine.read(view, at).filter(|&machine| machine != 0)?;
            view.word(machine.checked_add(self.scheduler)?).filter(|&at| at != 0)
        });
        let schedulers: Vec<u64> = schedulers.collect();
        all.extend(schedulers);
        all.sort_unstable();
        all.dedup();
        let mut stacks: Vec<GoStack> = all.into_iter().filter_map(|at| self.stack(view, at, pointer)).collect();
        stacks.sort_by_key(|stack| (stack.goroutine, stack.live.start));
        Some(stacks)
    }

    /// Whether the word at an address leads to a goroutine: what is saved of it names itself.
    fn is_goroutine(&self, view: View<'_>, at: u64) -> bool {
        view.word(at).is_some_and(|at| {
            at != 0 && at.checked_add(self.own).and_then(|own| view.word(own)).is_some_and(|own| own == at)
        })
    }

    fn stack(&self, view: View<'_>, at: u64, running: Option<u64>) -> Option<GoStack> {
        let word = |offset: u64| view.word(at.checked_add(offset)?);
        let (low, high, saved) = (word(self.low)?, word(self.high)?, word(self.pointer)?);
        let whole = low..high;
        let dead = self.status.read(view, at)? == DEAD;
        if dead || whole.is_empty() || high > view.0.len() as u64 {
            return None;
        }
        // The pointer of what runs is in a register; where nothing is saved all of a stack may be in use.
        let start =
            running.filter(|pointer| whole.contains(pointer)).or(Some(saved).filter(|saved| whole.contains(saved)));
        Some(GoStack { goroutine: self.number.read(view, at)?, live: start.unwrap_or(low)..high })
    }
}

/// The frames of the stack that has a return address at `at`, innermost first: each is a function and where it goes on. Of
/// a function that is active several times only the innermost activation is told. At most `most` frames, and at most
/// `steps` that are walked over.
pub(crate) fn frames(memory: &[u8], program: &Program, at: u64, most: usize, steps: u32) -> Vec<RawFrame> {
    let view = View(memory);
    let (mut at, mut frames) = (at, Vec::new());
    let mut seen = HashSet::new();
    // The last step is not looked at, as in the guest's own code.
    for _ in 1..steps {
        let counter = view.word(at).filter(|_| frames.len() < most);
        let function = counter.and_then(|counter| (counter >> BLOCK_BITS).checked_sub(FIRST_FUNCTION));
        let Some(function) = function.filter(|&function| function < program.strides.len() as u64) else { break };
        let stride = program.strides[function as usize];
        if stride == 0 {
            break;
        }
        if seen.insert(function) {
            frames.push(RawFrame::in_block(program.imported + function as u32, counter.unwrap_or(0) as u16));
        }
        at += u64::from(stride);
    }
    frames
}
