//! Sums of a snapshot, and the largest kinds and sites.

use heapy_engine::{EdgeEvidence, Family, IdentitySet};

use super::Failure;
use super::leaks::clusters;
use super::naming::of_row;
use super::session::{Session, by_relation};
use crate::expression::SetExpression;
use crate::protocol::{Figures, FiguresQuestion, Overview, OverviewQuestion, Row};

/// Rows of the short tables.
const TOP_ROWS: usize = 8;

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

/// The figures and short tables of the overview.
pub(super) fn overview(session: &mut Session, question: &OverviewQuestion) -> Result<Overview, Failure> {
    let hp = session.snapshot(question.snapshot)?;
    let (reachable, leaked) = (hp.heap(), hp.heapu_set());
    let blocks = |set: &IdentitySet| {
        let heap = set.heap();
        let members = set.nodes().iter().filter(|object| heap.family(*object) == Family::Block);
        members.fold((0, 0), |(count, size), object| (count + 1, size + heap.size(object)))
    };
    Ok(Overview {
        reachable: blocks(&reachable),
        leaked: blocks(&leaked),
        kinds: top_rows(&reachable, "Type")?.into(),
        sites: top_rows(&reachable, "Prod")?.into(),
        leaks: clusters(&hp, TOP_ROWS)?.clusters,
    })
}

fn top_rows(set: &IdentitySet, by: &str) -> Result<Vec<Row>, Failure> {
    let grouped = by_relation(set, by)?;
    let rows = grouped.partition().rows(0).take(TOP_ROWS).enumerate();
    let coloured = by == "Type";
    Ok(rows
        .map(|(index, row)| Row {
            index,
            kind: if coloured { row.name.clone() } else { String::new() },
            name: row.name,
            count: row.count as u64,
            size: row.size,
            object: None,
            set: of_row(&SetExpression::heap(), by, grouped.partition(), index),
        })
        .collect())
}
