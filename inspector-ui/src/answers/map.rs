//! Linear memory in cells: what is where, and how full. Time O(V + cells).

use heapy_engine::{Family, ObjectId};

use super::Failure;
use super::object::brief;
use super::session::Session;
use crate::format;
use crate::order::largest_first;
use crate::protocol::{MapCell, MapQuestion, MemoryMap, Piece, PieceBlock, PieceQuestion};

/// Most cells of one answer.
const MOST_CELLS: u64 = 16_384;

/// Most blocks that are listed of a piece.
const MOST_BLOCKS: usize = 100;

/// Answers the question; cells become larger where there would be too many.
pub(super) fn memory_map(session: &mut Session, question: &MapQuestion) -> Result<MemoryMap, Failure> {
    let hp = session.snapshot(question.snapshot)?;
    let (heap, reachable) = (hp.view().heap(), hp.view().reachable());
    let end_of = |object: ObjectId| heap.address(object).saturating_add(heap.size(object).max(heap.usable(object)));
    let blocks_end = heap.objects().map(end_of).max().unwrap_or(0);
    let memory_bytes = heap.facts().memory_bytes.max(blocks_end);
    let mut cell_bytes = question.cell_bytes.clamp(16, 1 << 32).next_power_of_two();
    while memory_bytes.div_ceil(cell_bytes) > MOST_CELLS {
        cell_bytes *= 2;
    }
    let mut cells = vec![MapCell::default(); memory_bytes.div_ceil(cell_bytes) as usize];
    let mut last_used = 0;
    // Other instances have memories of their own.
    for object in heap.objects().filter(|object| heap.instance(*object) == 0) {
        let (address, size) = (heap.address(object), heap.size(object));
        let family = heap.family(object);
        if let Some(cell) = cells.get_mut((address / cell_bytes) as usize) {
            cell.blocks += u32::from(family == Family::Block);
        }
        let mut at = address;
        let end = address.saturating_add(size).min(memory_bytes);
        while at < end {
            let index = (at / cell_bytes) as usize;
            let inside = (end - at).min(cell_bytes - at % cell_bytes) as u32;
            let cell = &mut cells[index];
            match family {
                Family::Module => cell.statics += inside,
                Family::Frame => cell.stack += inside,
                _ if reachable.contains(object) => cell.live += inside,
                _ => cell.leaked += inside,
            }
            if family != Family::Frame {
                last_used = last_used.max(index);
            }
            at += u64::from(inside);
        }
    }
    for cell in cells.iter_mut().take(last_used + 1) {
        cell.used = true;
    }
    Ok(MemoryMap { memory_bytes, cell_bytes, cells: cells.into() })
}

/// The blocks in a piece of memory: what keeps it from being free. Time O(V).
pub(super) fn piece(session: &mut Session, question: &PieceQuestion) -> Result<Piece, Failure> {
    let hp = session.snapshot(question.snapshot)?;
    let (heap, reachable) = (hp.view().heap(), hp.view().reachable());
    let classes = |name| hp.relation(name).map(|relation| relation.classes()).map_err(|error| error.to_string());
    let (kinds, sites) = (classes("Type")?, classes("Prod")?);
    let until = question.from.saturating_add(question.bytes);
    let mut found: Vec<(u64, ObjectId)> = Vec::new();
    for object in heap.objects() {
        let (address, size) = (heap.address(object), heap.size(object));
        let end = address.saturating_add(size);
        let inside = end.min(until).saturating_sub(address.max(question.from));
        // A block of no bytes lies where it begins.
        let begins = (question.from..until).contains(&address);
        if heap.instance(object) == 0 && heap.family(object) == Family::Block && (inside > 0 || begins) {
            found.push((inside, object));
        }
    }
    // Ascending by address as they come.
    largest_first(&mut found, |(inside, _)| *inside);
    let block = |(inside, object): &(u64, ObjectId)| PieceBlock {
        brief: brief(heap, &kinds, *object),
        inside: *inside,
        site: format::visible(&sites.name(sites.of(*object))),
        reachable: reachable.contains(*object),
    };
    Ok(Piece {
        blocks: found.len() as u64,
        bytes: found.iter().map(|(inside, _)| inside).sum(),
        shown: found.iter().take(MOST_BLOCKS).map(block).collect(),
    })
}
