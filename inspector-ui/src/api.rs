//! The only place that fetches: the server on one side, the worker on the other.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use heapy_engine::Timeline;
use js_sys::{Function, Object, Promise, Reflect};
use serde::Deserialize;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, MessageEvent, RequestInit, Response, WebSocket, Worker};

use crate::protocol::{Course, Question, Request};

/// What the server knows of the run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct RunState {
    /// The guest's name.
    pub guest: String,
    /// What it is doing.
    pub phase: Phase,
    /// Milliseconds since it began.
    pub elapsed_millis: u64,
    /// Figures of the running guest.
    pub live: Option<LiveFigures>,
    /// What can be downloaded.
    pub recordings: Vec<RecordingState>,
}

/// What a guest is doing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub(crate) enum Phase {
    /// It is being compiled.
    Preparing,
    /// It runs.
    Running,
    /// It has ended.
    Ended {
        /// With this exit code.
        exit_code: i32,
    },
    /// It was stopped by a trap.
    Trapped {
        /// What the trap says.
        message: String,
    },
    /// Recordings were opened.
    Files,
}

/// Figures of a running guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct LiveFigures {
    /// Live blocks.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of linear memory.
    pub memory_bytes: u64,
    /// Most bytes of live blocks at once so far.
    pub peak_bytes: u64,
    /// Number of allocations so far.
    pub allocations: u64,
}

/// A recording that can be downloaded.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct RecordingState {
    /// Its name.
    pub name: String,
    /// Number of snapshots in it.
    pub snapshots: u32,
}

/// The recording that the page itself holds, as a report does; it has no server.
pub(crate) fn held_recording() -> Option<File> {
    let window = web_sys::window()?;
    Reflect::get(&window, &"heapyRecording".into()).ok()?.dyn_into().ok()
}

/// The state of the run.
pub(crate) async fn run_state() -> Result<RunState, String> {
    let text = fetch_text("api/state", "GET").await?;
    serde_json::from_str(&text).map_err(|error| format!("the server's state cannot be read: {error}"))
}

/// The course of the run so far.
pub(crate) async fn course() -> Result<Course, String> {
    let text = fetch_text("api/timeline", "GET").await?;
    let timeline: Timeline =
        serde_json::from_str(&text).map_err(|error| format!("the course of the run cannot be read: {error}"))?;
    Ok(Course::of(&timeline))
}

/// Asks for a snapshot of the running guest.
pub(crate) async fn request_snapshot() -> Result<(), String> {
    fetch_text("api/snapshot", "POST").await.map(|_| ())
}

/// The body of an answer, with the server's own words where it refuses.
async fn fetch_text(path: &str, method: &str) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    let window = web_sys::window().ok_or("there is no window")?;
    let options = RequestInit::new();
    options.set_method(method);
    let answer = JsFuture::from(window.fetch_with_str_and_init(path, &options)).await;
    let response: Response = answer.map_err(|_| "heapy-host does not answer: has it been stopped?")?.unchecked_into();
    let text = JsFuture::from(response.text().map_err(|error| words(&error))?).await.map_err(|error| words(&error))?;
    let text = text.as_string().unwrap_or_default();
    if response.ok() {
        return Ok(text);
    }
    let refusal = serde_json::from_str::<Refusal>(&text).map(|refusal| refusal.error);
    Err(refusal.unwrap_or_else(|_| if text.is_empty() { format!("status {}", response.status()) } else { text }))
}

/// The server's changes, as long as it is held.
pub(crate) struct Changes {
    socket: WebSocket,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

impl Changes {
    /// Calls `on_state` with every state of the run from now on.
    pub(crate) fn follow(on_state: impl Fn(RunState) + 'static) -> Result<Self, String> {
        let location = web_sys::window().ok_or("there is no window")?.location();
        let host = location.host().map_err(|error| words(&error))?;
        let socket = WebSocket::new(&format!("ws://{host}/api/changes")).map_err(|error| words(&error))?;
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let text = event.data().as_string().unwrap_or_default();
            if let Ok(state) = serde_json::from_str(&text) {
                on_state(state);
            }
        });
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Ok(Self { socket, _on_message: on_message })
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        self.socket.set_onmessage(None);
        // Closing what is closed already is no failure worth telling.
        let _ = self.socket.close();
    }
}

/// The page's end of the worker.
pub(crate) struct Engine {
    worker: Worker,
    last_id: Cell<u32>,
    waiting: Rc<RefCell<HashMap<u32, (Function, Function)>>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

impl Engine {
    /// Takes answers from `worker`, beside others that may listen to it.
    pub(crate) fn new(worker: Worker) -> Self {
        let waiting: Rc<RefCell<HashMap<u32, (Function, Function)>>> = Rc::default();
        let asked = Rc::clone(&waiting);
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            let get = |name: &str| Reflect::get(&data, &name.into()).unwrap_or_default();
            let Some(id) = get("id").as_f64() else { return };
            // Numbers beyond the range are questions of the console.
            if id > f64::from(u32::MAX) {
                return;
            }
            let Some((resolve, reject)) = asked.borrow_mut().remove(&(id as u32)) else { return };
            let error = get("error");
            let (settle, value) = if error.is_undefined() { (resolve, get("answer")) } else { (reject, error) };
            // Settling a promise cannot throw.
            let _ = settle.call1(&JsValue::NULL, &value);
        });
        // The worker has one listener for everybody.
        let _ = worker.add_event_listener_with_callback("message", on_message.as_ref().unchecked_ref());
        Self { worker, last_id: Cell::new(0), waiting, _on_message: on_message }
    }

    /// The answer to a question.
    pub(crate) async fn ask<Q: Question>(&self, question: Q) -> Result<Q::Answer, String> {
        self.ask_with_file(question, None).await
    }

    /// The answer to a question about a file.
    pub(crate) async fn ask_with_file<Q: Question>(
        &self,
        question: Q,
        file: Option<File>,
    ) -> Result<Q::Answer, String> {
        let request: Request = question.into();
        let text = serde_json::to_string(&request).map_err(|error| error.to_string())?;
        let answer = self.send(&[("request", text.into()), ("file", file.into())]).await?;
        let text = answer.as_string().unwrap_or_default();
        serde_json::from_str(&text).map_err(|error| format!("the engine's answer cannot be read: {error}"))
    }

    /// What a script printed and what came of it.
    pub(crate) async fn run_script(&self, source: &str) -> Result<ScriptResult, String> {
        let answer = self.send(&[("script", source.into())]).await?;
        serde_wasm_bindgen::from_value(answer).map_err(|error| error.to_string())
    }

    /// Ends the script that runs, which then fails. What else was asked is asked again, of a new worker.
    pub(crate) fn stop(&self) {
        let stop = Reflect::get(&self.worker, &"stop".into()).ok().and_then(|stop| stop.dyn_into::<Function>().ok());
        if let Some(stop) = stop {
            // It gives a promise, which is not waited for: answers come as before.
            let _ = stop.call0(&self.worker);
        }
    }

    async fn send(&self, fields: &[(&str, JsValue)]) -> Result<JsValue, String> {
        let id = self.last_id.get().wrapping_add(1);
        self.last_id.set(id);
        let message = Object::new();
        for (name, value) in fields.iter().chain(&[("id", JsValue::from(id))]) {
            Reflect::set(&message, &(*name).into(), value).map_err(|error| words(&error))?;
        }
        let promise = Promise::new(&mut |resolve, reject| {
            self.waiting.borrow_mut().insert(id, (resolve, reject));
        });
        self.worker.post_message(&message).map_err(|error| words(&error))?;
        JsFuture::from(promise).await.map_err(|error| words(&error))
    }
}

/// Milliseconds since the page was opened.
pub(crate) fn now_millis() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now())
}

/// What came of a script.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct ScriptResult {
    /// The lines that it printed.
    pub printed: Vec<String>,
    /// The text of a set, a kind, a table, ...
    pub text: Option<String>,
    /// A plain value.
    #[serde(default)]
    pub value: Option<serde_json::Value>,
}

/// An exception in words.
pub(crate) fn words(error: &JsValue) -> String {
    let text = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    text.or_else(|| error.as_string()).unwrap_or_else(|| format!("{error:?}"))
}
