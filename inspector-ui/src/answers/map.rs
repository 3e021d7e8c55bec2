//! Linear memory in cells: what is where, and how full. Time O(V + cells).

use heapy_engine::{Family, ObjectId};

use super::Failure;
use super::session::Session;
use crate::protocol::{MapCell, MapQuestion, MemoryMap};

/// Most cells of one answer.
const MOST_CELLS: u64 = 16_384;

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
    let mut most = vec![0u32; cells.len()];
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
            if inside > most[index] && family == Family::Block {
                most[index] = inside;
                cell.largest = Some(object.raw());
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
