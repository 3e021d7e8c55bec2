//! The run's course: live bytes in front of linear memory, with the snapshots on it.

use yew::prelude::*;

use crate::format;
use crate::hooks::use_navigation;
use crate::protocol::{Loaded, SnapshotSummary};
use crate::route::Route;

/// Which snapshots, and the one that is shown.
#[derive(Clone, PartialEq, Properties)]
pub(super) struct TimelineProps {
    /// The recordings.
    pub loaded: Loaded,
    /// The position of the snapshot that is shown.
    pub current: usize,
}

/// The picture's own units; it is stretched to its place.
const WIDE: f64 = 1000.0;
const HIGH: f64 = 100.0;

/// More marks than these carry no numbers.
const NUMBERED_MARKS: usize = 24;

/// A place in the picture, in units of its own.
type Point = (f64, f64);

/// The chart and the marks on it.
#[function_component]
pub(super) fn Timeline(props: &TimelineProps) -> Html {
    let shown: Vec<(usize, &SnapshotSummary)> =
        props.loaded.snapshots.iter().enumerate().filter(|(_, summary)| summary.file == 0).collect();
    if shown.len() < 2 {
        return html! {};
    }
    let end = shown.iter().map(|(_, summary)| summary.facts.at_nanos).max().unwrap_or(0).max(1);
    let highest = shown.iter().map(|(_, summary)| top_of(summary)).max().unwrap_or(1).max(1);
    let x = |summary: &SnapshotSummary| WIDE * format::share(summary.facts.at_nanos, end);
    let y = |bytes: u64| HIGH - HIGH * format::share(bytes, highest);
    let line = |bytes: fn(&SnapshotSummary) -> u64| -> Vec<Point> {
        shown.iter().map(|(_, summary)| (x(summary), y(bytes(summary)))).collect()
    };
    let (memory, live) = (line(|summary| summary.facts.memory_bytes), line(|summary| summary.bytes));
    let peak = shown.iter().map(|(_, summary)| summary.facts.peak_bytes).max().unwrap_or(0);
    let label = format!("Live bytes and linear memory at {} snapshots", shown.len());
    html! {
        <section class="course">
            <h2>{ "The run" }<span class="key memory">{ "linear memory" }</span><span class="key live">{ "objects" }</span><span class="key peak">{ "peak" }</span></h2>
            <div class="chart">
                <span class="scale" aria-hidden="true">{ format::binary(highest) }</span>
                <svg viewBox={format!("0 0 {WIDE} {HIGH}")} preserveAspectRatio="none" role="img" aria-label={label}>
                    <path class="memory" d={area(&stepped(&memory))} />
                    <path class="live" d={area(&live)} />
                    <line class="peak" x1="0" x2={WIDE.to_string()} y1={y(peak).to_string()} y2={y(peak).to_string()} />
                </svg>
                <ol class="marks">{ for shown.iter().map(|(position, summary)| {
                    mark(props, *position, summary, x(summary) / WIDE, shown.len())
                }) }</ol>
            </div>
            <p class="times" aria-hidden="true"><span>{ format::moment(0) }</span><span>{ format::moment(end / 1_000_000) }</span></p>
        </section>
    }
}

fn top_of(summary: &SnapshotSummary) -> u64 {
    summary.facts.memory_bytes.max(summary.bytes).max(summary.facts.peak_bytes)
}

/// A value holds until the next one.
fn stepped(points: &[Point]) -> Vec<Point> {
    let steps = points.windows(2).flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)]);
    steps.chain(points.last().copied()).collect()
}

/// The area below a line.
fn area(points: &[Point]) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    let line: String = points.iter().map(|(x, y)| format!("L{x:.1} {y:.1}")).collect();
    format!("M0 {HIGH}L0 {:.1}{line}L{:.1} {HIGH}Z", first.1, last.0)
}

/// A snapshot on the chart, which leads to it.
fn mark(props: &TimelineProps, position: usize, summary: &SnapshotSummary, at: f64, count: usize) -> Html {
    html! { <Mark loaded={props.loaded.clone()} current={position == props.current} number={summary.number} {at} numbered={count <= NUMBERED_MARKS} /> }
}

#[derive(Clone, PartialEq, Properties)]
struct MarkProps {
    loaded: Loaded,
    current: bool,
    number: u32,
    at: f64,
    numbered: bool,
}

#[function_component]
fn Mark(props: &MarkProps) -> Html {
    let navigation = use_navigation();
    let summary = props.loaded.position(props.number).map(|position| &props.loaded.snapshots[position]);
    let Some(summary) = summary else { return html! {} };
    let route = Route { snapshot: Some(props.number), object: None, top: None, ..navigation.route.clone() };
    let words = format!(
        "{} at {}: {} of objects, memory {}",
        props.loaded.title(summary),
        format::moment(summary.facts.at_nanos / 1_000_000),
        format::counted(summary.bytes, "byte", "bytes"),
        format::binary(summary.facts.memory_bytes)
    );
    let current = props.current.then_some("true");
    html! {
        <li style={format!("left: {:.2}%", 100.0 * props.at)}>
            <a href={format!("#{}", route.to_fragment())} title={words.clone()} aria-label={words} aria-current={current}>
                { props.numbered.then_some(props.number) }
            </a>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_grows_in_steps() {
        assert_eq!(stepped(&[(0.0, 9.0), (5.0, 3.0)]), [(0.0, 9.0), (5.0, 9.0), (5.0, 3.0)]);
        assert_eq!(area(&[(0.0, 9.0), (5.0, 3.0)]), "M0 100L0 9.0L0.0 9.0L5.0 3.0L5.0 100Z");
        assert_eq!(area(&[]), "");
    }
}
