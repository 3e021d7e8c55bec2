//! The things that a guest holds by number: bounded in count and in bytes, never mistaken for one another.
//!
//! A handle is a slot and the number of times that slot was used, so that a handle that was released stays wrong until
//! its slot has been used some thirty thousand times more. 0 is never a handle. Time O(1) for everything.

use heapy_guest::abi::{Record, limit};

use super::error::Refusal;

const SLOT_BITS: u32 = limit::HANDLES.trailing_zeros();
const USES: u32 = 1 << (31 - SLOT_BITS);

/// Things by handle.
#[derive(Debug)]
pub(super) struct Handles<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    bytes: usize,
}

#[derive(Debug)]
struct Slot<T> {
    /// From 1, so that no handle is 0.
    uses: u32,
    held: Option<(T, usize)>,
    /// Answers that are plain values, by name: most questions are asked again and again.
    answers: Vec<(Box<str>, Record)>,
}

/// Answers that are kept for each thing.
const ANSWERS: usize = 16;

impl<T> Default for Handles<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), bytes: 0 }
    }
}

impl<T> Handles<T> {
    /// Keeps a thing that takes about `bytes` bytes.
    pub(super) fn insert(&mut self, thing: T, bytes: usize) -> Result<u32, Refusal> {
        let total = self.bytes.saturating_add(bytes);
        if total > limit::HANDLE_BYTES {
            return Err(Refusal::limit("bytes behind its handles; release some", limit::HANDLE_BYTES));
        }
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.slots.len() < limit::HANDLES => {
                self.slots.push(Slot { uses: 0, held: None, answers: Vec::new() });
                (self.slots.len() - 1) as u32
            }
            None => return Err(Refusal::limit("handles at once; release some", limit::HANDLES)),
        };
        let entry = &mut self.slots[slot as usize];
        entry.uses = if entry.uses + 1 == USES { 1 } else { entry.uses + 1 };
        entry.held = Some((thing, bytes));
        self.bytes = total;
        Ok(entry.uses << SLOT_BITS | slot)
    }

    /// The thing behind a handle.
    pub(super) fn get(&self, handle: u32) -> Result<&T, Refusal> {
        let entry = self.slots.get(slot_of(handle)).filter(|entry| entry.uses == handle >> SLOT_BITS);
        entry.and_then(|entry| entry.held.as_ref()).map(|(thing, _)| thing).ok_or_else(|| Refusal::handle(handle))
    }

    /// What a thing has answered to a name before, if that is a plain value.
    pub(super) fn answer(&self, handle: u32, name: &str) -> Option<Record> {
        let entry = self.slots.get(slot_of(handle)).filter(|entry| entry.uses == handle >> SLOT_BITS)?;
        entry.answers.iter().find(|(known, _)| **known == *name).map(|(_, record)| *record)
    }

    /// Keeps an answer of a thing that will answer the same again.
    pub(super) fn keep_answer(&mut self, handle: u32, name: &str, record: Record) {
        if self.get(handle).is_ok() && self.slots[slot_of(handle)].answers.len() < ANSWERS {
            self.slots[slot_of(handle)].answers.push((name.into(), record));
        }
    }

    /// About how many bytes are kept by a handle.
    pub(super) fn bytes(&self, handle: u32) -> usize {
        let entry = self.slots.get(slot_of(handle)).filter(|entry| entry.uses == handle >> SLOT_BITS);
        entry.and_then(|entry| entry.held.as_ref()).map_or(0, |(_, bytes)| *bytes)
    }

    /// The thing behind a handle, to be changed.
    pub(super) fn get_mut(&mut self, handle: u32) -> Result<&mut T, Refusal> {
        let entry = self.slots.get_mut(slot_of(handle)).filter(|entry| entry.uses == handle >> SLOT_BITS);
        entry.and_then(|entry| entry.held.as_mut()).map(|(thing, _)| thing).ok_or_else(|| Refusal::handle(handle))
    }

    /// Gives a thing back.
    pub(super) fn release(&mut self, handle: u32) -> Result<T, Refusal> {
        self.get(handle)?;
        let (thing, bytes) = self.slots[slot_of(handle)].held.take().ok_or_else(|| Refusal::handle(handle))?;
        self.bytes -= bytes;
        self.slots[slot_of(handle)].answers = Vec::new();
        self.free.push(slot_of(handle) as u32);
        Ok(thing)
    }
}

fn slot_of(handle: u32) -> usize {
    (handle & (limit::HANDLES as u32 - 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapy_guest::abi::code;

    #[test]
    fn a_released_handle_stays_wrong() {
        let mut handles = Handles::default();
        let first = handles.insert("a", 1).expect("is the first");
        assert_eq!(handles.get(first), Ok(&"a"));
        assert_eq!(handles.release(first), Ok("a"));
        let second = handles.insert("b", 1).expect("there is room");
        assert_ne!(first, second);
        assert_eq!(handles.get(first).map_err(|refusal| refusal.code), Err(code::HANDLE));
        assert_eq!(handles.release(first).map_err(|refusal| refusal.code), Err(code::HANDLE));
        assert_eq!(handles.get(second), Ok(&"b"));
    }

    #[test]
    fn handles_are_positive_and_never_zero_whatever_is_reused() {
        let mut handles = Handles::default();
        for _ in 0..USES + 2 {
            let handle = handles.insert((), 0).expect("there is room");
            assert!(handle > 0 && i32::try_from(handle).is_ok());
            handles.release(handle).expect("was just given");
        }
    }

    #[test]
    fn answers_end_with_their_handle() {
        let mut handles = Handles::default();
        let first = handles.insert((), 0).expect("is the first");
        let seven = Record { tag: heapy_guest::abi::tag::INT, sort: 0, length: 0, payload: 7 };
        handles.keep_answer(first, "count", seven);
        assert_eq!((handles.answer(first, "count"), handles.answer(first, "size")), (Some(seven), None));
        handles.release(first).expect("was given");
        let second = handles.insert((), 0).expect("there is room");
        assert_eq!((handles.answer(first, "count"), handles.answer(second, "count")), (None, None));
    }

    #[test]
    fn count_and_bytes_are_bounded() {
        let mut handles = Handles::default();
        for _ in 0..limit::HANDLES {
            handles.insert((), 0).expect("is within the limit");
        }
        assert_eq!(handles.insert((), 0).map_err(|refusal| refusal.code), Err(code::LIMIT));
        let mut large = Handles::default();
        let handle = large.insert((), limit::HANDLE_BYTES).expect("is just the limit");
        assert_eq!(large.insert((), 1).map_err(|refusal| refusal.code), Err(code::LIMIT));
        large.release(handle).expect("was given");
        assert!(large.insert((), 1).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn other_numbers_are_no_handles(number: u32) {
            let mut handles = Handles::default();
            let given = handles.insert((), 0).expect("there is room");
            proptest::prop_assert_eq!(handles.get(number).is_ok(), number == given);
        }
    }
}
