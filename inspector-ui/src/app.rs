//! The frame of the page: bar, tabs, view, details, facts; and the state that all of them share.

use std::rc::Rc;

use gloo::events::EventListener;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DragEvent, File, Worker};
use yew::prelude::*;

use crate::api::{self, Changes, Engine, RunState};
use crate::components::{FactsBar, KeyHelp, Message, Tabs, TopBar, use_keys};
use crate::hooks::{Asking, Navigation, Theme, use_route, use_theme};
use crate::protocol::{LoadQuestion, Loaded, OpenQuestion, SnapshotSummary};
use crate::views;

/// What the page starts with.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct AppProps {
    /// The worker that holds the heap.
    pub worker: Worker,
}

/// What is known of run and recording.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct AppState {
    /// What the server says of the run.
    pub run: Option<RunState>,
    /// What the worker holds.
    pub loaded: Option<Loaded>,
    /// Grows with every recording that the worker has loaded.
    pub generation: u32,
    /// Which of the server's recordings is shown.
    pub recording: usize,
    /// The name of a file that was dropped on the page and is shown in place of the server's recordings.
    pub file: Option<String>,
    /// Whether a recording is on its way.
    pub loading: bool,
    /// What went wrong last.
    pub trouble: Option<String>,
}

/// What changes the state.
pub(crate) enum Action {
    /// The server says something of the run.
    Run(RunState),
    /// A recording is asked for.
    Loading,
    /// The worker holds a recording, from a file if it has a name.
    Loaded(Loaded, Option<String>),
    /// Another of the server's recordings is wanted.
    Recording(usize),
    /// Something went wrong.
    Trouble(String),
    /// It has been read.
    TroubleSeen,
}

impl Reducible for AppState {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut state = (*self).clone();
        match action {
            Action::Run(run) => state.run = Some(run),
            Action::Loading => state.loading = true,
            Action::Loaded(loaded, file) => {
                state.loaded = Some(loaded);
                state.file = file;
                state.generation += 1;
                state.loading = false;
                state.trouble = None;
            }
            Action::Recording(index) => {
                state.recording = index;
                state.file = None;
            }
            Action::Trouble(text) => {
                state.trouble = Some(text);
                state.loading = false;
            }
            Action::TroubleSeen => state.trouble = None,
        }
        Rc::new(state)
    }
}

/// A handle on the state that components may keep.
pub(crate) type StateHandle = UseReducerHandle<AppState>;

/// The page.
#[function_component]
pub(crate) fn App(props: &AppProps) -> Html {
    let engine = use_memo((), |()| Engine::new(props.worker.clone()));
    let state = use_reducer(AppState::default);
    let navigation = use_route();
    let theme = use_theme();
    let help = use_state(|| false);
    use_run_state(&state);
    use_recording(&state, &engine);
    use_dropped_file(&state, &engine);
    let set_help = {
        let help = help.clone();
        Callback::from(move |open| help.set(open))
    };
    use_keys(&navigation, set_help.clone());
    let on_file = {
        let (state, engine) = (state.clone(), Rc::clone(&engine));
        Callback::from(move |file| open_file(file, state.clone(), Rc::clone(&engine)))
    };
    let asking = Asking { engine, generation: state.generation };
    let current = current_snapshot(&state, &navigation).map(|(position, summary)| (position, summary.clone()));
    html! {
        <ContextProvider<Asking> context={asking}>
            <ContextProvider<Navigation> context={navigation.clone()}>
                <ContextProvider<Theme> context={theme}>
                <div class="app">
                    <TopBar state={state.clone()} {on_file} on_help={set_help.reform(|()| true)} />
                    <div class="body">
                        <Tabs />
                        <main class="main">{ main_part(&state, &navigation) }</main>
                    </div>
                    <FactsBar snapshot={current} />
                </div>
                if *help {
                    <KeyHelp on_close={set_help.reform(|()| false)} />
                }
                </ContextProvider<Theme>>
            </ContextProvider<Navigation>>
        </ContextProvider<Asking>>
    }
}

/// The snapshot that the page shows, with its position: the one that the URL names, else the last one.
fn current_snapshot<'state>(
    state: &'state AppState,
    navigation: &Navigation,
) -> Option<(usize, &'state SnapshotSummary)> {
    let snapshots = &state.loaded.as_ref()?.snapshots;
    let named = navigation.route.snapshot;
    match named.and_then(|number| snapshots.iter().position(|summary| summary.facts.snapshot == number)) {
        Some(position) => Some((position, &snapshots[position])),
        None => snapshots.len().checked_sub(1).map(|last| (last, &snapshots[last])),
    }
}

fn main_part(state: &StateHandle, navigation: &Navigation) -> Html {
    let seen = {
        let state = state.clone();
        Callback::from(move |()| state.dispatch(Action::TroubleSeen))
    };
    let trouble = state.trouble.clone().map(AttrValue::from).or_else(|| navigation.trouble.clone());
    let content = match (&state.loaded, current_snapshot(state, navigation)) {
        (Some(loaded), Some((position, _))) => {
            html! { <views::Shown loaded={loaded.clone()} snapshot={position} state={state.clone()} /> }
        }
        _ => html! { <Message title="No snapshot yet" text={waiting_for(state)} /> },
    };
    html! {
        <>
            if let Some(text) = trouble {
                <Message title="That did not work" {text} failed=true on_close={seen} />
            }
            { content }
        </>
    }
}

/// Why there is nothing to see, and what to do about it.
fn waiting_for(state: &AppState) -> AttrValue {
    if state.loading {
        return "The recording is being read.".into();
    }
    match &state.run {
        Some(run) if run.recordings.iter().all(|recording| recording.snapshots == 0) => {
            format!("{} runs. Take a snapshot, or wait until it ends: the last moment is always kept.", run.guest)
                .into()
        }
        Some(_) => "The recording is on its way.".into(),
        None => "Drop a .heapy file here, or open the address that heapy-host printed.".into(),
    }
}

/// Follows the server's state.
#[hook]
fn use_run_state(state: &StateHandle) {
    let state = state.clone();
    use_effect_with((), move |()| {
        let dispatcher = state.dispatcher();
        let on_state = {
            let dispatcher = dispatcher.clone();
            move |run| dispatcher.dispatch(Action::Run(run))
        };
        spawn_local(async move {
            match api::run_state().await {
                Ok(run) => dispatcher.dispatch(Action::Run(run)),
                Err(error) => dispatcher.dispatch(Action::Trouble(error)),
            }
        });
        let changes = Changes::follow(on_state);
        move || drop(changes)
    });
}

/// Has the worker download the recording whenever it has grown.
#[hook]
fn use_recording(state: &StateHandle, engine: &Rc<Engine>) {
    let wanted = state.run.as_ref().and_then(|run| {
        let recording = run.recordings.get(state.recording).filter(|recording| recording.snapshots > 0)?;
        state.file.is_none().then_some((state.recording, recording.snapshots))
    });
    let (state, engine) = (state.clone(), Rc::clone(engine));
    use_effect_with(wanted, move |wanted| {
        let Some((recording, _)) = *wanted else { return };
        state.dispatch(Action::Loading);
        spawn_local(async move {
            match engine.ask(LoadQuestion { recording }).await {
                Ok(loaded) => state.dispatch(Action::Loaded(loaded, None)),
                Err(error) => state.dispatch(Action::Trouble(error)),
            }
        });
    });
}

/// Opens recordings that are dropped on the page.
#[hook]
fn use_dropped_file(state: &StateHandle, engine: &Rc<Engine>) {
    let (state, engine) = (state.clone(), Rc::clone(engine));
    use_effect_with((), move |()| {
        let listeners = web_sys::window().map(|window| {
            let options = gloo::events::EventListenerOptions::enable_prevent_default();
            let over = EventListener::new_with_options(&window, "dragover", options, |event| event.prevent_default());
            let drop = EventListener::new_with_options(&window, "drop", options, move |event| {
                event.prevent_default();
                let files =
                    event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer).and_then(|data| data.files());
                if let Some(file) = files.and_then(|files| files.get(0)) {
                    open_file(file, state.clone(), Rc::clone(&engine));
                }
            });
            (over, drop)
        });
        move || drop(listeners)
    });
}

fn open_file(file: File, state: StateHandle, engine: Rc<Engine>) {
    state.dispatch(Action::Loading);
    spawn_local(async move {
        let name = file.name();
        match engine.ask_with_file(OpenQuestion { name: name.clone() }, Some(file)).await {
            Ok(loaded) => state.dispatch(Action::Loaded(loaded, Some(name))),
            Err(error) => state.dispatch(Action::Trouble(error)),
        }
    });
}
