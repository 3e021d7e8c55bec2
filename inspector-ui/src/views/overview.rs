//! Overview: figures, the run's course, the largest kinds and sites, leaks.

use yew::prelude::*;

use super::ShownProps;
use crate::components::{answered, bytes, chip, number, share_bar};
use crate::expression::SetExpression;
use crate::format;
use crate::hooks::{Navigation, use_answer, use_navigation};
use crate::list::List;
use crate::protocol::{Figures, FiguresQuestion, Overview, OverviewQuestion, Row, SnapshotSummary};
use crate::route::{DEFAULT_BY, Route, View};

/// The view.
#[function_component]
pub(crate) fn OverviewView(props: &ShownProps) -> Html {
    let navigation = use_navigation();
    let overview = use_answer(Some(OverviewQuestion { snapshot: props.snapshot }));
    let sums = use_answer(Some(FiguresQuestion { snapshot: props.snapshot }));
    let Some(summary) = props.loaded.snapshots.get(props.snapshot) else { return html! {} };
    let (Some(shown), Some(sums)) = (overview.shown(), sums.shown()) else { return answered(&overview, |_| html! {}) };
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label="Overview">
            <div class="page">
                { figures(shown, sums, summary, &navigation) }
                if props.loaded.snapshots.len() > 1 {
                    <Timeline snapshots={props.loaded.snapshots.clone()} current={props.snapshot} />
                }
                <div class="columns">
                    { top_table("Largest kinds", &shown.kinds, shown.reachable.1 + sums.statics, DEFAULT_BY, &navigation) }
                    { top_table("Largest allocating lines", &shown.sites, shown.reachable.1 + sums.statics, "Prod", &navigation) }
                </div>
                { notes(summary) }
            </div>
        </div>
    }
}

fn figures(shown: &Overview, sums: &Figures, summary: &SnapshotSummary, navigation: &Navigation) -> Html {
    let facts = &summary.facts;
    let figure = |title: &'static str, value: Html, below: Html, alarm: bool| {
        html! {
            <div class={classes!("figure", alarm.then_some("alarm-figure"))}>
                <dt>{ title }</dt>
                <dd>{ value }<small>{ below }</small></dd>
            </div>
        }
    };
    let link = |view: View, set: SetExpression, text: String| {
        let route = Route { view, set, by: DEFAULT_BY.into(), ..navigation.route.clone() };
        html! { <a href={format!("#{}", route.to_fragment())}>{ text }</a> }
    };
    let live =
        link(View::Heap, SetExpression::heap(), format!("in {}", format::counted(sums.blocks, "block", "blocks")));
    let leaked =
        link(View::Leaks, SetExpression::heap(), format!("in {}", format::counted(shown.leaked.0, "block", "blocks")));
    let lost = sums.usable.saturating_sub(sums.bytes);
    let free = facts.memory_bytes.saturating_sub(sums.usable + sums.statics);
    html! {
        <dl class="figures">
            { figure("Live", bytes(sums.bytes), live, false) }
            { figure("Leaked", bytes(shown.leaked.1), leaked, shown.leaked.0 > 0) }
            { figure("Linear memory", bytes(facts.memory_bytes), html! { format!("{} % of it live", format::percent(sums.bytes, facts.memory_bytes)) }, false) }
            { figure("Peak of live bytes", bytes(facts.peak_bytes.max(sums.bytes)), html! { format::counted(facts.allocations, "allocation so far", "allocations so far") }, false) }
            { figure("Lost inside blocks", bytes(lost), html! { "committed beyond what was asked for" }, false) }
            { figure("Neither live nor static", bytes(free), html! { "free, stack, never touched" }, false) }
        </dl>
    }
}

fn top_table(title: &'static str, rows: &[Row], whole: u64, by: &'static str, navigation: &Navigation) -> Html {
    let row = |row: &Row| {
        let set = SetExpression::heap().part(by, row.index);
        let route = Route { view: View::Heap, set, by: "Id".into(), ..navigation.route.clone() };
        html! {
            <tr>
                <td>{ chip(&row.kind) }<a href={format!("#{}", route.to_fragment())}>{ format::visible(row.name.trim()) }</a></td>
                <td class="number">{ number(row.count) }</td>
                <td class="number">{ number(row.size) }</td>
                <td class="number">{ format::percent(row.size, whole) }{ " %" }</td>
                <td>{ share_bar(row.size, whole) }</td>
            </tr>
        }
    };
    let all = Route { view: View::Heap, set: SetExpression::heap(), by: by.into(), ..navigation.route.clone() };
    html! {
        <section>
            <h2>{ title }</h2>
            <table class="plain">
                <thead>
                    <tr><th scope="col">{ "Name" }</th><th class="number" scope="col">{ "Count" }</th><th class="number" scope="col">{ "Bytes" }</th><th class="number" scope="col">{ "Share" }</th><td /></tr>
                </thead>
                <tbody>{ for rows.iter().map(row) }</tbody>
            </table>
            <p><a href={format!("#{}", all.to_fragment())}>{ "All of them" }</a></p>
        </section>
    }
}

fn notes(summary: &SnapshotSummary) -> Html {
    let notes = &summary.facts.notes;
    if notes.is_empty() {
        return html! {};
    }
    html! {
        <section>
            <h2>{ "Before you trust an answer" }</h2>
            <ul>{ for notes.iter().map(|note| html! { <li>{ format::visible(note) }</li> }) }</ul>
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct TimelineProps {
    snapshots: List<SnapshotSummary>,
    current: usize,
}

/// Height of the timeline's bars in pixels.
const BAR_PIXELS: u64 = 72;

/// The snapshots in order of time, as bars: live bytes in front of linear memory.
#[function_component]
fn Timeline(props: &TimelineProps) -> Html {
    let navigation = use_navigation();
    let highest =
        props.snapshots.iter().map(|summary| summary.facts.memory_bytes.max(summary.bytes)).max().unwrap_or(1);
    let bar = |(position, summary): (usize, &SnapshotSummary)| {
        let facts = &summary.facts;
        let route = Route { snapshot: Some(facts.snapshot), object: None, top: None, ..navigation.route.clone() };
        let height = |bytes: u64| format!("height: {:.0}px", BAR_PIXELS as f64 * format::share(bytes, highest));
        let words = format!(
            "snapshot {} ({}) at {}: {} in {} of memory",
            facts.snapshot,
            format::visible(&facts.reason),
            format::moment(facts.at_nanos / 1_000_000),
            format::counted(summary.bytes, "byte", "bytes"),
            format::binary(facts.memory_bytes)
        );
        let current = (position == props.current).then_some("true");
        html! {
            <li>
                <a href={format!("#{}", route.to_fragment())} title={words.clone()} aria-label={words} aria-current={current}>
                    <i class="memory" style={height(facts.memory_bytes)} />
                    <i class="live" style={height(summary.bytes)} />
                </a>
            </li>
        }
    };
    html! {
        <section>
            <h2>{ "Snapshots: bytes of objects in linear memory" }</h2>
            <ol class="timeline">{ for props.snapshots.iter().enumerate().map(bar) }</ol>
        </section>
    }
}
