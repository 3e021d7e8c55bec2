//! The three-snapshot method: what was made between two snapshots and is still alive in a third was meant to go.
//!
//! Objects tell in which interval they were made. Whatever is alive in a snapshot was made in its interval or before, so
//! that objects that are new since then tell a greater one than any object of the snapshot.

use heapy_engine::{Family, Use};

use super::Failure;
use super::session::Session;
use crate::protocol::{Survivors, SurvivorsQuestion};

/// The first interval that an object which is new since the snapshot can tell. Time O(V).
pub(super) fn next_interval(hp: &Use) -> u32 {
    let heap = hp.view().heap();
    let blocks = heap.objects().filter(|object| heap.family(*object) == Family::Block);
    blocks.map(|object| heap.age(object)).max().map_or(0, |last| last.saturating_add(1))
}

/// Answers the question. Time O(V) of both snapshots.
pub(super) fn survivors(session: &mut Session, question: &SurvivorsQuestion) -> Result<Survivors, Failure> {
    let (first, second) = question.between;
    if session.place(first)?.0 != session.place(second)?.0 {
        return Err("the snapshots are of two recordings, in which nothing is the same object".into());
    }
    let mut interval = |position| -> Result<u32, Failure> {
        let hp = session.snapshot(position)?;
        if !hp.view().heap().facts().serials {
            return Err("this recording does not tell when objects were made".into());
        }
        Ok(next_interval(&hp))
    };
    Ok(Survivors { since: interval(first)?, until: interval(second)? })
}
