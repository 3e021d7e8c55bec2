//! Overview: figures, the run's course, and the beginnings of three answers: what is alive, what keeps it alive, what
//! changed.

use yew::prelude::*;

use super::ShownProps;
use super::timeline::Timeline;
use super::top_tables::{ROWS, changes, growths, holders, top_leaks, top_table};
use crate::components::{answered, bytes};
use crate::expression::{Combine, SetExpression};
use crate::format;
use crate::hooks::{Navigation, use_answer, use_navigation};
use crate::protocol::{
    CompareQuestion, DominatorsQuestion, Figures, FiguresQuestion, LeaksQuestion, Overview, OverviewQuestion,
    SetQuestion, SnapshotSummary, Sort, TableQuestion,
};
use crate::route::{DEFAULT_BY, Route, View};

/// Of larger snapshots holders and changes are worked out only when somebody asks.
const QUICK_OBJECTS: u64 = 200_000;

/// The view. What can be told quickly is asked first, and everything stands as soon as it is there.
#[function_component]
pub(crate) fn OverviewView(props: &ShownProps) -> Html {
    let navigation = use_navigation();
    let snapshot = props.snapshot;
    let kinds = use_answer(Some(top_question(snapshot, DEFAULT_BY)));
    let shares = use_answer(Some(OverviewQuestion { snapshot }));
    let sums = use_answer(Some(FiguresQuestion { snapshot }));
    let begun = kinds.shown().is_some();
    let sites = use_answer(begun.then(|| top_question(snapshot, "Prod")));
    let leaked = shares.shown().is_some_and(|shares| shares.leaked.0 > 0);
    let leaks = use_answer((begun && leaked).then_some(LeaksQuestion { snapshot, most: ROWS }));
    let quick = props.loaded.snapshots.get(snapshot).is_some_and(|summary| summary.objects <= QUICK_OBJECTS);
    let ready = quick && begun;
    let held = use_answer(ready.then_some(DominatorsQuestion { snapshot, top: None, grouped: false }));
    let before = before(props).filter(|_| ready);
    let by = DEFAULT_BY.to_owned();
    let compared = use_answer(before.map(|before| CompareQuestion { before, after: snapshot, by }));
    // A file tells its own course; of a run that goes on the server does.
    let live = || props.state.course.clone().filter(|_| props.state.file.is_none());
    let course = props.loaded.course.clone().or_else(live);
    let Some(summary) = props.loaded.snapshots.get(snapshot) else { return html! {} };
    let figures = shares.shown().zip(sums.shown()).map(|(shares, sums)| figures(*shares, *sums, summary, &navigation));
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label="Overview">
            <div class="page">
                <div class="figures">{ figures }</div>
                <Timeline loaded={props.loaded.clone()} course={course.clone()} current={snapshot} />
                <div class="columns">
                    { answered(&kinds, |table| top_table("What is alive, by kind", table, DEFAULT_BY, &navigation)) }
                    { sites.shown().map(|table| top_table("What is alive, by allocating line", table, "Prod", &navigation)) }
                    { holders(held.shown(), quick, &navigation) }
                    { changes(compared.shown(), before.and_then(|at| props.loaded.snapshots.get(at)), &navigation) }
                    { leaks.shown().map(|leaks| top_leaks(leaks, &navigation)) }
                    { course.as_ref().filter(|course| !course.growths.is_empty()).map(growths) }
                </div>
                { notes(summary) }
            </div>
        </div>
    }
}

/// The largest parts of the heap by a relation.
fn top_question(snapshot: usize, by: &str) -> TableQuestion {
    let of = SetQuestion { snapshot, set: SetExpression::heap() };
    let filter = String::new();
    TableQuestion { of, by: by.to_owned(), sort: Sort::default(), filter, from: 0, count: ROWS }
}

/// The snapshot before this one, of the same recording.
fn before(props: &ShownProps) -> Option<usize> {
    let snapshots = &props.loaded.snapshots;
    let before = props.snapshot.checked_sub(1)?;
    (snapshots.get(before)?.file == snapshots.get(props.snapshot)?.file).then_some(before)
}

fn figures(shown: Overview, sums: Figures, summary: &SnapshotSummary, navigation: &Navigation) -> Html {
    let facts = &summary.facts;
    let figure = |title: &'static str, value: u64, below: String, view: View, set: SetExpression, by: &str| {
        let route = Route { view, set, by: by.into(), top: None, ..navigation.route.clone() };
        let alarm = (view == View::Leaks && value > 0).then_some("alarm-figure");
        html! {
            <a class={classes!("figure", alarm)} href={format!("#{}", route.to_fragment())}>
                <span class="title">{ title }</span>
                <span class="value">{ bytes(value) }</span>
                <span class="below">{ below }</span>
            </a>
        }
    };
    let everything = SetExpression::heap().with(Combine::Or, SetExpression::leaks());
    let lost = sums.usable.saturating_sub(sums.bytes);
    let free = facts.memory_bytes.saturating_sub(sums.usable + sums.statics);
    let live_share = format!("{} % of it live", format::percent(sums.bytes, facts.memory_bytes));
    let blocks = |count: u64| format!("in {}", format::counted(count, "block", "blocks"));
    let so_far = format::counted(facts.allocations, "allocation so far", "allocations so far");
    let heap = SetExpression::heap;
    html! {
        <>
            { figure("Live", sums.bytes, blocks(sums.blocks), View::Heap, everything.clone(), DEFAULT_BY) }
            { figure("Leaked", shown.leaked.1, blocks(shown.leaked.0), View::Leaks, heap(), DEFAULT_BY) }
            { figure("Peak of live bytes", facts.peak_bytes.max(sums.bytes), so_far, View::Sites, heap(), DEFAULT_BY) }
            { figure("Linear memory", facts.memory_bytes, live_share, View::Map, heap(), DEFAULT_BY) }
            { figure("Lost inside blocks", lost, "committed beyond what was asked for".into(), View::Heap, everything, "Size") }
            { figure("Neither live nor static", free, "free, stack, never touched".into(), View::Map, heap(), DEFAULT_BY) }
        </>
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
            <ul class="notes">{ for notes.iter().map(|note| html! { <li>{ format::visible(note) }</li> }) }</ul>
        </section>
    }
}
