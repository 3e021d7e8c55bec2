//! The snapshots of a recording that are in memory: each is read when it is first asked for.
//!
//! A snapshot is a whole heap with all that was computed of it. It stays while anything refers to it, and the last few
//! that were asked for stay in any case; so a program can walk a long recording in the memory of a few snapshots, and two
//! questions about one snapshot are about the same heap.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Weak};

use crate::setref::SharedReferences;
use crate::use_api::Use;
use crate::view::View;

/// Snapshots that stay though nothing refers to them.
const KEPT: usize = 3;

/// Top objects by the numbers of their snapshots.
#[derive(Debug, Default)]
pub struct OpenSnapshots {
    known: BTreeMap<u32, (Weak<View>, SharedReferences)>,
    /// The last that were asked for, the newest at the end.
    recent: VecDeque<(u32, Use)>,
}

impl OpenSnapshots {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The top object of a snapshot, which `load` reads if it is not there. References that were set stay set.
    ///
    /// # Errors
    /// What `load` says.
    pub fn get<E>(&mut self, number: u32, load: impl FnOnce() -> Result<Use, E>) -> Result<Use, E> {
        let known = self
            .known
            .get(&number)
            .and_then(|(view, references)| Some(Use::of_parts(view.upgrade()?, SharedReferences::clone(references))));
        let hp = match known {
            Some(hp) => hp,
            None => load()?,
        };
        let parts = (Arc::downgrade(hp.view()), SharedReferences::clone(hp.references()));
        self.known.insert(number, parts);
        self.recent.retain(|(kept, _)| *kept != number);
        self.recent.push_back((number, hp.clone()));
        if self.recent.len() > KEPT {
            self.recent.pop_front();
        }
        Ok(hp)
    }

    /// The number of objects of the largest snapshot that is in memory.
    #[must_use]
    pub fn largest(&self) -> usize {
        let views = self.known.values().filter_map(|(view, _)| view.upgrade());
        views.map(|view| view.heap().object_count()).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::heap::{HeapBuilder, ObjectRecord, Vocabulary};

    fn load(objects: u32) -> Result<Use, Infallible> {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        for index in 0..objects {
            builder.add_object(ObjectRecord::block(0x1000 + 16 * u64::from(index), 8));
        }
        Ok(Use::new(Arc::new(builder.finish().unwrap())))
    }

    #[test]
    fn what_is_referred_to_stays_and_the_rest_goes() {
        let mut open = OpenSnapshots::new();
        let Ok(first) = open.get(1, || load(5));
        for number in 2..=9 {
            let Ok(_) = open.get(number, || load(number));
        }
        let Ok(again) = open.get(1, || -> Result<Use, Infallible> { panic!("it is still there") });
        assert!(Arc::ptr_eq(first.view(), again.view()));
        assert_eq!(open.largest(), 9);
        let mut loaded = false;
        let Ok(_) = open.get(2, || {
            loaded = true;
            load(2)
        });
        assert!(loaded, "nothing referred to it");
    }
}
