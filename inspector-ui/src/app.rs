//! The frame of the page: bar, tabs, view, details, facts; and the state that all of them share.

use std::rc::Rc;

use gloo::events::EventListener;
use gloo::timers::callback::{Interval, Timeout};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DragEvent, File, Worker};
use yew::prelude::*;

use crate::api::{self, Changes, Engine, Phase, RunState};
use crate::components::{FactsBar, KeyHelp, Message, Tabs, TopBar, use_keys};
use crate::format;
use crate::hooks::{Asking, NamedSets, Navigation, Theme, use_route, use_sets, use_theme};
use crate::protocol::{Course, LoadQuestion, Loaded, OpenQuestion, Place, SnapshotSummary};
use crate::route::Route;
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
    /// The course of a run that goes on.
    pub course: Option<Course>,
    /// Grows with every recording that the worker has loaded.
    pub generation: u32,
    /// Which of the server's recordings is shown.
    pub recording: usize,
    /// The name of a file that was dropped on the page and is shown in place of the server's recordings.
    pub file: Option<String>,
    /// Whether a recording is on its way.
    pub loading: bool,
    /// How many snapshots there were when another one was asked for that has not come yet.
    pub asked: Option<u32>,
    /// What went wrong last.
    pub trouble: Option<String>,
}

/// What changes the state.
pub(crate) enum Action {
    /// The server says something of the run.
    Run(RunState),
    /// How the run went so far.
    Course(Course),
    /// A recording is asked for.
    Loading,
    /// A snapshot of the running guest is asked for.
    Asked,
    /// The worker holds a recording, from a file if it has a name.
    Loaded(Loaded, Option<String>),
    /// The worker holds another recording beside it.
    Added(Loaded),
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
            Action::Run(run) => {
                let ends = run.phase != Phase::Running;
                state.asked = state.asked.filter(|before| !ends && *before >= snapshots_of(&run));
                state.run = Some(run);
            }
            Action::Course(course) => state.course = Some(course),
            Action::Loading => state.loading = true,
            Action::Asked => state.asked = Some(state.run.as_ref().map_or(0, snapshots_of)),
            Action::Loaded(loaded, file) => {
                state.loaded = Some(loaded);
                state.file = file;
                state.generation += 1;
                state.loading = false;
                state.trouble = None;
            }
            Action::Added(loaded) => {
                state.loaded = Some(loaded);
                state.generation += 1;
                state.loading = false;
            }
            Action::Recording(index) => {
                state.recording = index;
                state.file = None;
            }
            Action::Trouble(text) => {
                state.trouble = Some(text);
                state.loading = false;
                state.asked = None;
            }
            Action::TroubleSeen => state.trouble = None,
        }
        Rc::new(state)
    }
}

/// Snapshots of all recordings.
fn snapshots_of(run: &RunState) -> u32 {
    run.recordings.iter().map(|recording| recording.snapshots).sum()
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
    let sets = use_sets();
    let help = use_state(|| false);
    let made = use_parts();
    use_run_state(&state, &engine);
    use_recording(&state, &engine);
    use_pin(&state, &navigation);
    use_course(&state);
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
                <ContextProvider<NamedSets> context={sets}>
                <div class="app">
                    if made > 0 {
                        <TopBar state={state.clone()} {on_file} on_help={set_help.reform(|()| true)} />
                    } else {
                        <header class="top" />
                    }
                    <div class="body">
                        if made > 1 {
                            <Tabs />
                        } else {
                            <nav class="tabs" />
                        }
                        <main class="main">
                            if made > 2 {
                                { main_part(&state, &navigation) }
                            }
                        </main>
                    </div>
                    <FactsBar snapshot={current} />
                </div>
                if *help {
                    <KeyHelp on_close={set_help.reform(|()| false)} />
                }
                </ContextProvider<NamedSets>>
                </ContextProvider<Theme>>
            </ContextProvider<Navigation>>
        </ContextProvider<Asking>>
    }
}

/// The snapshot that the page shows, with its position: the one that the URL names, else the recording's last one.
fn current_snapshot<'state>(
    state: &'state AppState,
    navigation: &Navigation,
) -> Option<(usize, &'state SnapshotSummary)> {
    let loaded = state.loaded.as_ref()?;
    let named = navigation.route.snapshot.and_then(|number| loaded.position(number));
    let position = named.or_else(|| loaded.latest())?;
    Some((position, &loaded.snapshots[position]))
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
        Some(run) if run.recordings.iter().all(|recording| recording.snapshots == 0) => format!(
            "{} runs. Take a snapshot, or wait until it ends: the last moment is kept.",
            format::visible(&run.guest)
        )
        .into(),
        Some(_) => "The recording is on its way.".into(),
        None => "Drop a .heapy file here, or open the address that heapy-host printed.".into(),
    }
}

/// Parts of the page behind its frame.
const PARTS: u32 = 3;

/// How many parts of the page are there: each is made in a task of its own, for all of them at once would be a long one.
/// Their places are reserved.
#[hook]
fn use_parts() -> u32 {
    let made = use_state(|| 0);
    {
        let made = made.clone();
        use_effect_with(*made, move |now| {
            let next = *now + 1;
            let later = (next <= PARTS).then(|| Timeout::new(0, move || made.set(next)));
            move || drop(later)
        });
    }
    *made
}

/// Follows the server's state; a report opens the recording that it holds instead.
#[hook]
fn use_run_state(state: &StateHandle, engine: &Rc<Engine>) {
    let (state, engine) = (state.clone(), Rc::clone(engine));
    use_effect_with((), move |()| {
        let held = api::held_recording();
        let changes = held.is_none().then(|| follow_server(&state));
        if let Some(file) = held {
            open_file(file, state, engine);
        }
        move || drop(changes)
    });
}

/// Asks the server for its state, and hears of every change of it from now on.
fn follow_server(state: &StateHandle) -> Result<Changes, String> {
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
    Changes::follow(on_state)
}

/// Has the worker download the recording whenever it has grown.
#[hook]
fn use_recording(state: &StateHandle, engine: &Rc<Engine>) {
    let wanted = state.run.as_ref().and_then(|run| {
        let recording = run.recordings.get(state.recording).filter(|recording| recording.snapshots > 0)?;
        // The complete recording of a run tells its course too.
        let runs = run.phase == Phase::Running;
        state.file.is_none().then(|| (state.recording, recording.name.clone(), recording.snapshots, runs))
    });
    let (state, engine) = (state.clone(), Rc::clone(engine));
    use_effect_with(wanted, move |wanted| {
        let Some((recording, name, _, _)) = wanted.clone() else { return };
        state.dispatch(Action::Loading);
        spawn_local(async move {
            match engine.ask(LoadQuestion { recording, name, place: Place::Instead }).await {
                Ok(loaded) => state.dispatch(Action::Loaded(loaded, None)),
                Err(error) => state.dispatch(Action::Trouble(error)),
            }
        });
    });
}

/// How often the course of a running guest is asked for.
const COURSE_MILLIS: u32 = 1000;

/// Follows the course of a running guest.
#[hook]
fn use_course(state: &StateHandle) {
    let runs = state.run.as_ref().is_some_and(|run| run.phase == Phase::Running);
    let dispatcher = state.dispatcher();
    use_effect_with(runs, move |runs| {
        let interval = runs.then(|| {
            Interval::new(COURSE_MILLIS, move || {
                let dispatcher = dispatcher.clone();
                spawn_local(async move {
                    // The server's end is told elsewhere; a course that is not to be had leaves the last one.
                    if let Ok(course) = api::course().await {
                        dispatcher.dispatch(Action::Course(course));
                    }
                });
            })
        });
        move || drop(interval)
    });
}

/// Keeps what is looked at when the recording grows: a set or an object is of the snapshot that it was chosen in. A page
/// without a choice follows the guest to its latest snapshot.
#[hook]
fn use_pin(state: &StateHandle, navigation: &Navigation) {
    let number = |loaded: &Loaded| loaded.latest().map(|position| loaded.snapshots[position].number);
    let last = state.loaded.as_ref().and_then(number);
    let seen = use_mut_ref(|| None::<(Option<String>, usize, u32)>);
    let (file, recording, navigation) = (state.file.clone(), state.recording, navigation.clone());
    use_effect_with((last, state.generation), move |(last, _)| {
        let Some(last) = *last else { return };
        let before = seen.borrow_mut().replace((file.clone(), recording, last));
        let Some((_, _, before)) = before.filter(|(of, number, _)| (of, number) == (&file, &recording)) else { return };
        let route = &navigation.route;
        let chosen = route.object.is_some() || route.top.is_some() || !route.set.steps.is_empty();
        if chosen && route.snapshot.is_none() && before < last {
            navigation.amend.emit(Route { snapshot: Some(before), ..route.clone() });
        }
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
        match engine.ask_with_file(OpenQuestion { name: name.clone(), place: Place::Instead }, Some(file)).await {
            Ok(loaded) => state.dispatch(Action::Loaded(loaded, Some(name))),
            Err(error) => state.dispatch(Action::Trouble(error)),
        }
    });
}
