//! Two snapshots by a relation: rows match by name, objects by serial. Time O(V) of both.

use std::collections::{BTreeMap, HashSet};

use heapy_engine::{Family, Use};

use super::Failure;
use super::naming::kind_named;
use super::session::Session;
use super::survivors::next_interval;
use crate::order::largest_first;
use crate::protocol::{ChangeRow, CompareQuestion, Compared};

/// Rows of one answer.
const MOST_ROWS: usize = 2000;

/// What compared objects are told apart by: instance and serial.
type Identity = (u32, u64);

/// Answers the question.
pub(super) fn compare(session: &mut Session, question: &CompareQuestion) -> Result<Compared, Failure> {
    let same_run = session.place(question.before)?.0 == session.place(question.after)?.0;
    let (before, after) = (session.snapshot(question.before)?, session.snapshot(question.after)?);
    let serials = same_run && [&before, &after].iter().all(|hp| hp.view().heap().facts().serials);
    let since = serials.then(|| next_interval(&before));
    let (before_ids, after_ids) = (identities(&before), identities(&after));
    let mut rows: BTreeMap<String, ChangeRow> = BTreeMap::new();
    for (hp, other, is_after) in [(&before, &after_ids, false), (&after, &before_ids, true)] {
        add_side(hp, &question.by, serials.then_some(other), is_after, &mut rows)?;
    }
    let mut rows: Vec<ChangeRow> =
        rows.into_values().filter(|row| row.before != row.after || row.new != (0, 0)).collect();
    // Ascending by name as they come.
    largest_first(&mut rows, |row| row.before.1.abs_diff(row.after.1));
    rows.truncate(MOST_ROWS);
    Ok(Compared { serials, since, rows: rows.into() })
}

fn identities(hp: &Use) -> HashSet<Identity> {
    let heap = hp.view().heap();
    heap.objects().map(|object| (heap.instance(object), heap.serial(object))).collect()
}

fn add_side(
    hp: &Use,
    by: &str,
    other: Option<&HashSet<Identity>>,
    is_after: bool,
    rows: &mut BTreeMap<String, ChangeRow>,
) -> Result<(), Failure> {
    let heap = hp.view().heap();
    let all = hp.heap().or(&hp.heapu_set()).and_then(|all| all.by(by)).map_err(|error| error.to_string())?;
    let classes = all.er().classes();
    let names: Vec<String> = (0..classes.count()).map(|number| classes.name(number).trim().to_owned()).collect();
    for object in all.nodes().iter().filter(|object| heap.family(*object) == Family::Block) {
        let name = &names[classes.of(object)];
        if !rows.contains_key(name) {
            let set = kind_named(by, name);
            let name = name.clone();
            let empty = ChangeRow { name, set, before: (0, 0), after: (0, 0), new: (0, 0), freed: (0, 0) };
            rows.insert(empty.name.clone(), empty);
        }
        let Some(row) = rows.get_mut(name) else { continue };
        let size = heap.size(object);
        let only_here = other.is_some_and(|other| !other.contains(&(heap.instance(object), heap.serial(object))));
        let (side, changed) = if is_after { (&mut row.after, &mut row.new) } else { (&mut row.before, &mut row.freed) };
        side.0 += 1;
        side.1 += size;
        if only_here {
            changed.0 += 1;
            changed.1 += size;
        }
    }
    Ok(())
}
