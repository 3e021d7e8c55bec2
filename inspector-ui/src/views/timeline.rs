//! The run's course: live bytes in front of linear memory, with the snapshots on it.

use yew::prelude::*;

use crate::format;
use crate::hooks::use_navigation;
use crate::list::List;
use crate::protocol::{Course, Growth, Loaded, Moment, SnapshotSummary};
use crate::route::Route;

/// Which snapshots, and the one that is shown.
#[derive(Clone, PartialEq, Properties)]
pub(super) struct TimelineProps {
    /// The recordings.
    pub loaded: Loaded,
    /// The course of the run, where it is known.
    pub course: Option<Course>,
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
    let moments = moments(props, &shown);
    if moments.len() < 2 {
        return html! {};
    }
    let last = moments.last().map_or(0, |moment| moment.at_nanos);
    let end = props.course.as_ref().map_or(0, |course| course.end_nanos).max(last).max(1);
    let peaks = shown.iter().map(|(_, summary)| summary.facts.peak_bytes);
    let peak = peaks.chain(props.course.as_ref().map(|course| course.peak_bytes)).max().unwrap_or(0);
    let highest = moments.iter().map(|moment| moment.memory_bytes.max(moment.live_bytes)).max().unwrap_or(1).max(peak);
    let x = |nanos: u64| WIDE * format::share(nanos, end);
    let y = |bytes: u64| HIGH - HIGH * format::share(bytes, highest.max(1));
    let line = |bytes: fn(&Moment) -> u64| -> Vec<Point> {
        moments.iter().map(|moment| (x(moment.at_nanos), y(bytes(moment)))).collect()
    };
    let (memory, live) = (line(|moment| moment.memory_bytes), line(|moment| moment.live_bytes));
    let label = format!("Live bytes and linear memory at {} moments", moments.len());
    let growths = props.course.as_ref().map_or_else(List::default, |course| course.growths.clone());
    html! {
        <section class="course">
            <h2>{ "The run" }<span class="key memory">{ "linear memory" }</span><span class="key live">{ "live" }</span><span class="key peak">{ "peak" }</span>{ growth_key(&growths) }</h2>
            <div class="chart">
                <span class="scale" aria-hidden="true">{ format::binary(highest) }</span>
                <svg viewBox={format!("0 0 {WIDE} {HIGH}")} preserveAspectRatio="none" role="img" aria-label={label}>
                    <path class="memory" d={area(&stepped(&memory))} />
                    <path class="live" d={area(&live)} />
                    <line class="peak" x1="0" x2={WIDE.to_string()} y1={y(peak).to_string()} y2={y(peak).to_string()} />
                </svg>
                { for growths.iter().map(|growth| growth_mark(growth, x(growth.at_nanos) / WIDE)) }
                <ol class="marks">{ for shown.iter().map(|(position, summary)| {
                    mark(props, *position, summary, x(summary.facts.at_nanos) / WIDE, shown.len())
                }) }</ol>
            </div>
            <p class="times" aria-hidden="true"><span>{ format::moment(0) }</span><span>{ format::moment(end / 1_000_000) }</span></p>
        </section>
    }
}

/// The moments of the course, or those of the snapshots where no course was recorded.
fn moments(props: &TimelineProps, shown: &[(usize, &SnapshotSummary)]) -> List<Moment> {
    let of_snapshot = |(_, summary): &(usize, &SnapshotSummary)| Moment {
        at_nanos: summary.facts.at_nanos,
        live_bytes: summary.bytes,
        memory_bytes: summary.facts.memory_bytes,
    };
    match &props.course {
        Some(course) if course.moments.len() > 1 => course.moments.clone(),
        _ => shown.iter().map(of_snapshot).collect(),
    }
}

fn growth_key(growths: &[Growth]) -> Html {
    if growths.is_empty() {
        return html! {};
    }
    html! { <span class="key grew">{ "memory grew" }</span> }
}

/// Where memory grew; the table of growths says the same in words.
fn growth_mark(growth: &Growth, at: f64) -> Html {
    let words = format!(
        "{}: memory grew by {}: {}\n{}",
        format::moment(growth.at_nanos / 1_000_000),
        format::binary(growth.grown_bytes),
        growth.cause,
        growth.by
    );
    html! { <i class="grew" aria-hidden="true" title={words} style={format!("left: {:.2}%", 100.0 * at)} /> }
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
