//! The bar at the top: what is looked at, and what can be done with it.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, HtmlElement, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::api::{self, Phase, RunState};
use crate::app::{Action, StateHandle};
use crate::format;
use crate::hooks::{Theme, use_navigation};
use crate::list::List;
use crate::protocol::SnapshotSummary;
use crate::route::Route;

/// What the bar shows.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct TopBarProps {
    /// The page's state.
    pub state: StateHandle,
    /// Opens a recording of the user's.
    pub on_file: Callback<File>,
    /// Shows the keys.
    pub on_help: Callback<()>,
}

/// The bar.
#[function_component]
pub(crate) fn TopBar(props: &TopBarProps) -> Html {
    let state = &props.state;
    let run = state.run.as_ref();
    let running = run.is_some_and(|run| run.phase == Phase::Running);
    let title = match (&state.file, run) {
        (Some(file), _) => file.clone(),
        (None, Some(run)) => run.guest.clone(),
        (None, None) => "Heapy".into(),
    };
    let take = {
        let state = state.clone();
        Callback::from(move |_: MouseEvent| {
            let state = state.clone();
            spawn_local(async move {
                if let Err(error) = api::request_snapshot().await {
                    state.dispatch(Action::Trouble(error));
                }
            });
        })
    };
    html! {
        <header class="top">
            <svg width="18" height="18" viewBox="0 0 16 16" aria-hidden="true">
                <path fill="var(--accent)" d="M8 .8 15.2 8 8 15.2.8 8z" />
                <path fill="var(--raised)" d="M8 4.2 11.8 8 8 11.8 4.2 8z" />
            </svg>
            <h1 title={title.clone()}>{ format::visible(&title) }</h1>
            if let Some(run) = run.filter(|_| state.file.is_none()) {
                { phase(run) }
            }
            if let Some(run) = run.filter(|run| run.recordings.len() > 1) {
                { recordings(run, state) }
            }
            if let Some(loaded) = &state.loaded {
                <Snapshots snapshots={loaded.snapshots.clone()} />
            }
            if running {
                <button onclick={take}>{ "Take a snapshot" }</button>
            }
            <span class="spring" />
            <OpenFile on_file={props.on_file.clone()} />
            <ThemeButton />
            <button class="plain" title="Keys (?)" aria-label="Keys" onclick={props.on_help.reform(|_| ())}>{ "?" }</button>
        </header>
    }
}

fn phase(run: &RunState) -> Html {
    let time = format::moment(run.elapsed_millis);
    let (class, words) = match &run.phase {
        Phase::Preparing => ("", "preparing".to_owned()),
        Phase::Running => ("running", format!("running {time}")),
        Phase::Ended { exit_code: 0 } => ("", format!("ended {time}")),
        Phase::Ended { exit_code } => ("trapped", format!("ended {time} with exit code {exit_code}")),
        Phase::Trapped { message } => ("trapped", format!("trapped {time}: {}", format::visible(message))),
        Phase::Files => return html! {},
    };
    let live = run.live.filter(|_| run.phase == Phase::Running).map(|live| {
        let memory = format::binary(live.memory_bytes);
        format!(
            " · {} in {} · memory {memory}",
            format::binary(live.bytes),
            format::counted(live.blocks, "block", "blocks")
        )
    });
    html! { <span class={classes!("phase", class)}>{ words }{ live }</span> }
}

fn recordings(run: &RunState, state: &StateHandle) -> Html {
    let choose = {
        let state = state.clone();
        Callback::from(move |event: Event| state.dispatch(Action::Recording(chosen(&event).unwrap_or(0))))
    };
    let option = |(index, name): (usize, &String)| {
        html! { <option value={index.to_string()} selected={index == state.recording}>{ format::visible(name) }</option> }
    };
    let names = run.recordings.iter().map(|recording| &recording.name).enumerate();
    html! { <select aria-label="Recording" onchange={choose}>{ for names.map(option) }</select> }
}

/// The value of a selection, as a number.
fn chosen(event: &Event) -> Option<usize> {
    event.target()?.dyn_into::<HtmlSelectElement>().ok()?.value().parse().ok()
}

#[derive(Clone, PartialEq, Properties)]
struct SnapshotsProps {
    snapshots: List<SnapshotSummary>,
}

/// The list of snapshots.
#[function_component]
fn Snapshots(props: &SnapshotsProps) -> Html {
    let navigation = use_navigation();
    let last = props.snapshots.last().map(|summary| summary.facts.snapshot);
    let current = navigation.route.snapshot.or(last);
    let choose = {
        let navigation = navigation.clone();
        Callback::from(move |event: Event| {
            let number = chosen(&event).and_then(|number| u32::try_from(number).ok());
            // Ids of objects are of one snapshot only.
            let route = Route { snapshot: number, object: None, top: None, ..navigation.route.clone() };
            navigation.go.emit(route);
        })
    };
    let option = |summary: &SnapshotSummary| {
        let facts = &summary.facts;
        let time = format::moment(facts.at_nanos / 1_000_000);
        let text = format!(
            "snapshot {} · {} · {time} · {}",
            facts.snapshot,
            format::visible(&facts.reason),
            format::binary(summary.bytes)
        );
        let selected = Some(facts.snapshot) == current;
        html! { <option value={facts.snapshot.to_string()} {selected}>{ text }</option> }
    };
    html! { <select aria-label="Snapshot" onchange={choose}>{ for props.snapshots.iter().map(option) }</select> }
}

#[derive(Clone, PartialEq, Properties)]
struct OpenFileProps {
    on_file: Callback<File>,
}

/// Chooses a file; dropping one anywhere on the page does the same.
#[function_component]
fn OpenFile(props: &OpenFileProps) -> Html {
    let field = use_node_ref();
    let choose = {
        let field = field.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(field) = field.cast::<HtmlElement>() {
                field.click();
            }
        })
    };
    let chosen = {
        let on_file = props.on_file.clone();
        Callback::from(move |event: Event| {
            let files = event.target_unchecked_into::<HtmlInputElement>().files();
            if let Some(file) = files.and_then(|files| files.get(0)) {
                on_file.emit(file);
            }
        })
    };
    html! {
        <>
            <input ref={field} type="file" accept=".heapy" hidden=true aria-label="Recording" onchange={chosen} />
            <button title="Open a recording; or drop one on the page" onclick={choose}>{ "Open…" }</button>
        </>
    }
}

/// Light or dark.
#[function_component]
fn ThemeButton() -> Html {
    let Some(theme) = use_context::<Theme>() else { return html! {} };
    let (mark, title) = if theme.is_dark { ("☀", "Light colours") } else { ("☾", "Dark colours") };
    html! { <button class="plain" {title} aria-label={title} onclick={theme.turn.reform(|_| ())}>{ mark }</button> }
}
