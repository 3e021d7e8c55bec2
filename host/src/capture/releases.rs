//! What no correct program does, in words: releases of what was no live block, and blocks given out twice.

use crate::paused::{ContextKey, Overlap, Paused, RawFrame, WildRelease};
use crate::symbols::Symbols;

/// Frames that are told of each context.
const FRAMES_MAX: usize = 6;

/// One sentence for each release that was kept, and one for all blocks that were given out twice.
pub(super) fn notes(paused: &Paused, symbols: &Symbols) -> Vec<String> {
    let releases = paused.wild_releases.iter().map(|release| note(release, paused, symbols));
    releases.chain(paused.overlap.iter().map(|overlap| twice(overlap, paused, symbols))).collect()
}

fn twice(overlap: &Overlap, paused: &Paused, symbols: &Symbols) -> String {
    let Overlap { count, address, before, again } = overlap;
    let given = |(by, key): &(String, Option<ContextKey>)| format!("{by} in {}", allocated(*key, paused, symbols));
    format!(
        "{count} blocks were given out while they were live, the first at {address:#x}: by {}, while that of {} was live; is \
         one of them no allocator, or is what takes its blocks back missing?",
        given(again),
        given(before),
    )
}

/// Where a block was allocated.
fn allocated(key: Option<ContextKey>, paused: &Paused, symbols: &Symbols) -> String {
    let frames = key.and_then(|key| paused.contexts.frames.get(key.0 as usize));
    context(frames.map_or(&[], |frames| frames), symbols)
}

fn note(release: &WildRelease, paused: &Paused, symbols: &Symbols) -> String {
    let mut text = format!("{:#x} was released in {}", release.address, context(&release.frames, symbols));
    match release.inside {
        Some((block, allocated)) => {
            text.push_str(&format!(
                ", but it is no block; it lies {} bytes into the block at {block:#x}",
                release.address - block
            ));
            if let Some(frames) = allocated.and_then(|key| paused.contexts.frames.get(key.0 as usize)) {
                text.push_str(&format!(", which was allocated in {}", context(frames, symbols)));
            }
        }
        None => match release.last {
            Some(key) => {
                let place = allocated(key, paused, symbols);
                let before = match &release.released {
                    Some(frames) => format!("in {}", context(frames, symbols)),
                    None => "(--frees remembers where)".to_owned(),
                };
                text.push_str(&format!(
                    ", but had been released before {before}; the block that was there was allocated in {place}"
                ));
            }
            None => text.push_str(", but no block is there, nor is one known to have been"),
        },
    }
    text
}

/// `function file:line < caller file:line < ...`
fn context(frames: &[RawFrame], symbols: &Symbols) -> String {
    let described = frames.iter().flat_map(|frame| symbols.described(*frame));
    let text: Vec<String> = described.take(FRAMES_MAX).collect();
    if text.is_empty() { "an unknown place".to_owned() } else { text.join(" < ") }
}
