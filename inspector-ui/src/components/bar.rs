//! The bar at the top: what is looked at, and what can be done with it.

use gloo::timers::callback::Interval;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, HtmlElement, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::api::{self, LiveFigures, Phase, RunState};
use crate::app::{Action, StateHandle};
use crate::format;
use crate::hooks::{Theme, use_navigation};
use crate::protocol::{Loaded, SnapshotSummary};
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
            state.dispatch(Action::Asked);
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
                <PhaseNote run={run.clone()} />
            }
            if let Some(run) = run.filter(|run| run.recordings.len() > 1) {
                { recordings(run, state) }
            }
            if let Some(loaded) = &state.loaded {
                <Snapshots loaded={loaded.clone()} />
            }
            if running {
                <button class="snapshot" onclick={take}>{ "Take a snapshot" }</button>
            }
            if state.asked.is_some() {
                <span class="asked" role="status">{ "asked for: it is taken where the guest can stop next" }</span>
            }
            <span class="spring" />
            <OpenFile on_file={props.on_file.clone()} />
            <ThemeButton />
            <button class="plain" title="Keys (?)" aria-label="Keys" onclick={props.on_help.reform(|_| ())}>{ "?" }</button>
        </header>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct PhaseNoteProps {
    run: RunState,
}

/// How often the clock of a running guest is drawn anew.
const TICK_MILLIS: u32 = 100;

/// What the guest is doing, with a clock that goes on between the server's words.
#[function_component]
fn PhaseNote(props: &PhaseNoteProps) -> Html {
    let run = &props.run;
    let running = run.phase == Phase::Running;
    let heard = use_memo(run.clone(), |_| api::now_millis());
    let tick = use_force_update();
    use_effect_with(running, move |running| {
        let interval = running.then(|| Interval::new(TICK_MILLIS, move || tick.force_update()));
        move || drop(interval)
    });
    let since = if running { api::now_millis() - *heard } else { 0.0 };
    let time = format::moment(run.elapsed_millis + since.max(0.0) as u64);
    let (class, before, after) = match &run.phase {
        Phase::Preparing => ("", "preparing", String::new()),
        Phase::Running => ("running", "running", String::new()),
        Phase::Ended { exit_code: 0 } => ("", "ended", String::new()),
        Phase::Ended { exit_code } => ("trapped", "ended", format!(" with exit code {exit_code}")),
        Phase::Trapped { message } => ("trapped", "trapped", format!(": {}", format::visible(message))),
        Phase::Files => return html! {},
    };
    let shows_time = run.phase != Phase::Preparing;
    let live = run.live.filter(|_| running).map(live_figures);
    html! {
        <span class={classes!("phase", class)}>
            { before }
            if shows_time {
                { " " }<span class="clock">{ time }</span>
            }
            { after }{ live }
        </span>
    }
}

fn live_figures(live: LiveFigures) -> Html {
    let text = format!(" · {} live of {}", format::binary(live.bytes), format::binary(live.memory_bytes));
    let title = format!(
        "{} live, at most {} at once; {} so far",
        format::counted(live.bytes, "byte", "bytes"),
        format::counted(live.peak_bytes, "byte", "bytes"),
        format::counted(live.allocations, "allocation", "allocations")
    );
    html! { <span class="live" {title}>{ text }</span> }
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
    loaded: Loaded,
}

/// The list of snapshots.
#[function_component]
fn Snapshots(props: &SnapshotsProps) -> Html {
    let navigation = use_navigation();
    let loaded = &props.loaded;
    let last = loaded.latest().map(|position| loaded.snapshots[position].number);
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
        let time = format::moment(summary.facts.at_nanos / 1_000_000);
        let text = format!("{} · {time} · {}", loaded.title(summary), format::binary(summary.bytes));
        let selected = Some(summary.number) == current;
        html! { <option value={summary.number.to_string()} {selected}>{ text }</option> }
    };
    html! { <select aria-label="Snapshot" onchange={choose}>{ for loaded.snapshots.iter().map(option) }</select> }
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
