//! Releases of what was no live block, in words.

use crate::paused::{Paused, RawFrame, WildRelease};
use crate::symbols::Symbols;

/// Frames that are told of each context.
const FRAMES_MAX: usize = 6;

/// One sentence for each release that was kept.
pub(super) fn notes(paused: &Paused, symbols: &Symbols) -> Vec<String> {
    paused.wild_releases.iter().map(|release| note(release, paused, symbols)).collect()
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
        None => text.push_str(", but no live block is there: it was released before, or is none of this allocator's"),
    }
    text
}

/// `function file:line < caller file:line < ...`
fn context(frames: &[RawFrame], symbols: &Symbols) -> String {
    let described = frames.iter().flat_map(|frame| symbols.described(*frame));
    let text: Vec<String> = described.take(FRAMES_MAX).collect();
    if text.is_empty() { "an unknown place".to_owned() } else { text.join(" < ") }
}
