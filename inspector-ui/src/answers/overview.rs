//! Sums of a snapshot.

use heapy_engine::{EdgeEvidence, Family, IdentitySet};

use super::Failure;
use super::session::Session;
use crate::protocol::{Figures, FiguresQuestion, Overview, OverviewQuestion};

/// Sums in one pass over objects and edges.
pub(super) fn figures(session: &mut Session, question: &FiguresQuestion) -> Result<Figures, Failure> {
    let hp = session.snapshot(question.snapshot)?;
    let heap = hp.view().heap();
    let mut sums = Figures { edges: heap.edge_count() as u64, ..Figures::default() };
    for object in heap.objects() {
        match heap.family(object) {
            Family::Block => {
                sums.blocks += 1;
                sums.bytes += heap.size(object);
                sums.usable += heap.usable(object);
            }
            Family::Module => sums.statics += heap.size(object),
            Family::Frame => {}
        }
        let unsure = heap.referents(object).filter(|edge| edge.evidence == EdgeEvidence::Conservative);
        sums.conservative += unsure.count() as u64;
    }
    Ok(sums)
}

/// The figures of the overview.
pub(super) fn overview(session: &mut Session, question: &OverviewQuestion) -> Result<Overview, Failure> {
    let hp = session.snapshot(question.snapshot)?;
    let (reachable, leaked) = (hp.heap(), hp.heapu_set());
    let blocks = |set: &IdentitySet| {
        let heap = set.heap();
        let members = set.nodes().iter().filter(|object| heap.family(*object) == Family::Block);
        members.fold((0, 0), |(count, size), object| (count + 1, size + heap.size(object)))
    };
    Ok(Overview { reachable: blocks(&reachable), leaked: blocks(&leaked) })
}
