//! The course of a run in words: how high it went, when memory grew and why.

use std::fmt::Write;

use heapy_engine::{Grow, GrowCause, Growth, GrowthVerdict, Lifetimes, Timeline};

/// Name and version of what `--json` prints; its schema is in the guide.
const SCHEMA: &str = "heapy-timeline/1";
/// Lines about growths; a line tells of those that followed each other and have one cause.
const GROWS_SHOWN: usize = 8;
/// Columns and rows of the chart.
const COLUMNS: usize = 64;
const ROWS: u64 = 8;
/// Frames that are shown of who asked for memory, and parts of the paths of their files.
const FRAMES_SHOWN: usize = 3;
const PARTS_SHOWN: usize = 2;

/// A few lines, the last without its end.
pub(super) fn text(timeline: &Timeline) -> String {
    let mut text = String::new();
    let last = timeline.samples.last().copied().unwrap_or_default();
    let _ = write!(
        text,
        "{} allocations in {}; at most {} bytes live, {} at the end; memory {} bytes",
        timeline.allocations,
        seconds(timeline.end_nanos),
        timeline.peak_bytes,
        last.live_bytes,
        last.memory_bytes
    );
    if let Some(extents) = last.extents {
        let _ = write!(
            text,
            "\n{} blocks at the end; {} bytes lie free between them, the largest extent {}",
            extents.blocks, extents.free_bytes, extents.largest_free
        );
    }
    if timeline.peak_bytes > 0 && timeline.samples.len() > 2 {
        text.push('\n');
        text.push_str(&chart(timeline));
    }
    if let Some(lifetimes) = timeline.lifetimes.as_ref().filter(|lifetimes| lifetimes.watched() > 0) {
        text.push('\n');
        text.push_str(&lifetimes_line(lifetimes));
    }
    let runs: Vec<&[Grow]> = timeline.grows.chunk_by(alike).collect();
    let (left_out, shown) = runs.split_at(runs.len().saturating_sub(GROWS_SHOWN));
    for run in shown {
        text.push('\n');
        text.push_str(&grow_line(run));
    }
    let others = left_out.iter().map(|run| run.len() as u64).sum::<u64>() + timeline.grows_left_out;
    if others > 0 {
        let _ = write!(text, "\nmemory grew {others} times besides");
    }
    text
}

/// Why memory is as large as it is, with what that rests on; a few lines, the last without its end.
pub(super) fn why(growth: &Growth) -> String {
    let verdict = match growth.verdict {
        GrowthVerdict::None => "memory did not grow".to_owned(),
        GrowthVerdict::Leak => "a leak: most of what is live is held by nothing".to_owned(),
        GrowthVerdict::Kept => "data that is kept, or a cache: most of what is live is held".to_owned(),
        GrowthVerdict::PastPeak => "a peak that is past: memory does not shrink".to_owned(),
        GrowthVerdict::Fragmentation => "fragmentation: enough lay free, but in no single extent".to_owned(),
        GrowthVerdict::NotReused => "free extents that were large enough were not used again".to_owned(),
        GrowthVerdict::Unknown => "not known: what was observed does not decide".to_owned(),
    };
    let mut text = format!("why memory is {} bytes: {verdict}", growth.memory_bytes);
    let leaked = growth.leaked_bytes.map_or_else(|| "an unknown part".to_owned(), |bytes| format!("{bytes} bytes"));
    let _ = write!(
        text,
        "\n  {} bytes are live, {leaked} of them held by nothing; {} were live at the peak",
        growth.live_bytes, growth.peak_bytes
    );
    if growth.grown_bytes > 0 {
        let _ = write!(
            text,
            "\n  it grew by {} bytes: {} when less lay free, {} when as much lay free in pieces, {} when a large enough extent \
             lay free",
            growth.grown_bytes, growth.grown_for_live, growth.grown_for_fragmentation, growth.grown_not_reused
        );
    }
    if growth.pinned_pages > 0 {
        let _ = write!(
            text,
            "\n  {} pages lie above what live blocks need, pinned by {} bytes; the topmost blocks:",
            growth.pinned_pages, growth.pinned_bytes
        );
    }
    for pin in &growth.pins {
        let site = pin.site.as_deref().unwrap_or("an unknown place");
        let held = match pin.reachable {
            "no" => "held by nothing",
            "stack" => "held by the stack",
            _ => "held",
        };
        let _ = write!(text, "\n    {:#x}  {} bytes  {}  from {site}, {held}", pin.address, pin.size, pin.type_name);
    }
    text
}

/// How long blocks lived, on one line.
fn lifetimes_line(lifetimes: &Lifetimes) -> String {
    let all = lifetimes.allocations().max(1);
    let percent = |allocations: u64| (u128::from(allocations) * 100 / u128::from(all)) as u64;
    let rows = lifetimes.rows.iter().filter(|row| row.watched > 0).map(|row| {
        let name = row.below_nanos.map_or_else(|| "longer".to_owned(), |bound| format!("below {}", short_time(bound)));
        format!("{name} {} %", percent(row.allocations))
    });
    let mut parts: Vec<String> = rows.collect();
    if lifetimes.live.watched > 0 {
        parts.push(format!("live at the end {} %", percent(lifetimes.live.allocations)));
    }
    format!("lifetimes, from {} watched blocks: {}", lifetimes.watched(), parts.join(", "))
}

fn short_time(nanos: u64) -> String {
    match nanos {
        0..1_000_000 => format!("{} us", nanos / 1_000),
        1_000_000..1_000_000_000 => format!("{} ms", nanos / 1_000_000),
        _ => format!("{} s", nanos / 1_000_000_000),
    }
}

/// Whether two growths that follow each other are told together.
fn alike(one: &Grow, other: &Grow) -> bool {
    one.cause() == other.cause() && asked_by(one) == asked_by(other)
}

/// The functions that asked, from the first of the program's own on.
fn asked_by(grow: &Grow) -> String {
    let first = grow.program.map_or(0, |first| first as usize);
    let frames: Vec<String> = grow.frames.iter().skip(first).take(FRAMES_SHOWN).map(|frame| short(frame)).collect();
    frames.join(" < ")
}

/// A frame without the first parts of its file's path.
fn short(frame: &str) -> String {
    let Some((function, file)) = frame.rsplit_once(' ') else { return frame.to_owned() };
    let parts: Vec<&str> = file.rsplit('/').take(PARTS_SHOWN).collect();
    let parts: Vec<&str> = parts.into_iter().rev().collect();
    format!("{function} {}", parts.join("/"))
}

/// Growths that are alike, on one line.
fn grow_line(run: &[Grow]) -> String {
    let [first, .., last] = run else {
        return run.first().map_or_else(String::new, one_grow_line);
    };
    let grown: u64 = run.iter().map(|grow| grow.grown_bytes).sum();
    let (from, to, times) = (seconds(first.at_nanos), seconds(last.at_nanos), run.len());
    let whole = match first.cause() {
        GrowCause::Refused => format!("memory did not grow {times} times, {from} to {to},"),
        _ => format!("memory grew {times} times, {from} to {to}, from {} bytes by {grown}", first.memory_bytes),
    };
    format!("{whole} ({} to {} live): {}", first.live_bytes, last.live_bytes, reason(first))
}

fn one_grow_line(grow: &Grow) -> String {
    let at = seconds(grow.at_nanos);
    let grown = match grow.cause() {
        GrowCause::Refused => format!("memory did not grow at {at}"),
        _ => format!("memory grew at {at} from {} bytes by {}", grow.memory_bytes, grow.grown_bytes),
    };
    format!("{grown} ({} live): {}", grow.live_bytes, reason(grow))
}

fn reason(grow: &Grow) -> String {
    let by = asked_by(grow);
    let by = if by.is_empty() { by } else { format!(", for {by}") };
    format!("{}{by}", grow.cause().words())
}

/// Live bytes over time, the greatest of each column's moments.
fn chart(timeline: &Timeline) -> String {
    let end = timeline.end_nanos.max(1);
    let mut columns = vec![None::<u64>; COLUMNS];
    for sample in &timeline.samples {
        let column = (u128::from(sample.at_nanos) * (COLUMNS as u128 - 1) / u128::from(end)) as usize;
        let column = &mut columns[column.min(COLUMNS - 1)];
        *column = Some(column.map_or(sample.live_bytes, |most| most.max(sample.live_bytes)));
    }
    // Between two moments the guest neither allocated nor released.
    let mut carried = 0;
    let heights: Vec<u64> = columns
        .into_iter()
        .map(|column| {
            carried = column.unwrap_or(carried);
            (u128::from(carried) * u128::from(ROWS)).div_ceil(u128::from(timeline.peak_bytes.max(1))) as u64
        })
        .collect();
    let row = |row: u64| -> String {
        let cells: String = heights.iter().map(|height| if *height >= row { '#' } else { ' ' }).collect();
        format!("  |{}", cells.trim_end())
    };
    let mut lines: Vec<String> = (1..=ROWS).rev().map(row).collect();
    lines.push(format!("  +{} {}", "-".repeat(COLUMNS), seconds(timeline.end_nanos)));
    lines.join("\n")
}

fn seconds(nanos: u64) -> String {
    format!("{}.{:03} s", nanos / 1_000_000_000, nanos / 1_000_000 % 1_000)
}

/// The timeline as JSON, with the cause of each growth.
pub(super) fn json(timeline: &Timeline) -> serde_json::Value {
    let mut value = serde_json::to_value(timeline).unwrap_or_default();
    value["schema"] = SCHEMA.into();
    if let Some(grows) = value.get_mut("grows").and_then(serde_json::Value::as_array_mut) {
        for (shown, grow) in grows.iter_mut().zip(&timeline.grows) {
            shown["cause"] = serde_json::to_value(grow.cause()).unwrap_or_default();
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use heapy_engine::Sample;

    use super::*;

    #[test]
    fn growths_that_are_alike_are_told_together() {
        let frames: Vec<String> = vec!["sbrk a/b/c/sbrk.c:25".into(), "app::read (inlined) /x/src/main.rs:7".into()];
        let grow = |at_nanos: u64, grown_bytes| Grow {
            at_nanos: at_nanos * 1_000_000,
            memory_bytes: at_nanos * 65_536,
            grown_bytes,
            live_bytes: at_nanos * 100,
            frames: frames.clone(),
            program: Some(1),
            ..Grow::default()
        };
        let grows = vec![grow(1, 65_536), grow(2, 65_536), grow(3, 0), grow(4, 65_536)];
        let text = text(&Timeline { grows, grows_left_out: 2, ..Timeline::default() });
        let lines: Vec<&str> = text.lines().skip(1).collect();
        let by = "free extents were not counted at that moment, for app::read (inlined) src/main.rs:7";
        let expected = [
            format!("memory grew 2 times, 0.001 s to 0.002 s, from 65536 bytes by 131072 (100 to 200 live): {by}"),
            "memory did not grow at 0.003 s (300 live): the request failed, for app::read (inlined) src/main.rs:7"
                .into(),
            format!("memory grew at 0.004 s from 262144 bytes by 65536 (400 live): {by}"),
            "memory grew 2 times besides".into(),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn the_chart_is_as_high_as_the_peak() {
        let sample = |at_nanos, live_bytes| Sample { at_nanos, live_bytes, ..Sample::default() };
        let samples = vec![sample(0, 0), sample(500, 80), sample(1000, 10)];
        let timeline = Timeline { end_nanos: 1000, peak_bytes: 80, samples, ..Timeline::default() };
        let chart = chart(&timeline);
        let lines: Vec<&str> = chart.lines().collect();
        assert_eq!(lines.len(), 9);
        assert_eq!(lines[0].matches('#').count(), 32, "{chart}");
        assert_eq!(lines[7].matches('#').count(), 33, "{chart}");
    }
}
