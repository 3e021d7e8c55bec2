//! What can be asked: the page's files, the run's state, a recording, a new snapshot.
//!
//! | request | answer |
//! |---|---|
//! | `POST /api/session` `{"token": ".."}` | 204 and the cookie, or 401 |
//! | `GET /api/state` | [`RunState`](super::RunState) as JSON |
//! | `GET /api/changes` (WebSocket) | a `RunState` at once and after every change, at most five a second |
//! | `GET /api/recordings/N` | the bytes of a `.heapy` file |
//! | `GET /api/timeline` | [`Timeline`](heapy_engine::Timeline) of the run so far as JSON, or 404 |
//! | `POST /api/snapshot` | 202, or 409 when no guest is running |
//! | anything else | a file of the page, or 404 |

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;

use super::assets;
use super::error::SourceError;
use super::guard::{self, Guard};
use super::source::Source;

/// Longest body of any request; the longest honest one holds a token.
const BODY_LIMIT_BYTES: usize = 4096;

/// Shortest time between two states on one WebSocket.
const CHANGE_INTERVAL: Duration = Duration::from_millis(200);

#[derive(Clone)]
struct App {
    source: Arc<dyn Source>,
    guard: Arc<Guard>,
    stopped: watch::Receiver<bool>,
}

/// Every route, behind the guard.
pub(super) fn router(source: Arc<dyn Source>, guard: Arc<Guard>, stopped: watch::Receiver<bool>) -> Router {
    let app = App { source, guard: guard.clone(), stopped };
    Router::new()
        .route(guard::SESSION_PATH, post(session))
        .route("/api/state", get(state))
        .route("/api/changes", get(changes))
        .route("/api/recordings/{index}", get(recording))
        .route("/api/timeline", get(timeline))
        .route("/api/snapshot", post(snapshot))
        .route("/api/{*rest}", axum::routing::any(nothing))
        .fallback(get(assets::serve))
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(middleware::from_fn_with_state(guard, guard::check))
        .with_state(app)
}

#[derive(Deserialize)]
struct SessionRequest {
    token: String,
}

async fn session(State(app): State<App>, Json(request): Json<SessionRequest>) -> Response {
    if app.guard.accepts(&request.token) {
        (StatusCode::NO_CONTENT, [(header::SET_COOKIE, app.guard.cookie())]).into_response()
    } else {
        failure(StatusCode::UNAUTHORIZED, "this token is not of this run: open the address that heapy-host printed")
    }
}

async fn state(State(app): State<App>) -> Response {
    Json(app.source.state()).into_response()
}

async fn recording(State(app): State<App>, Path(index): Path<usize>) -> Response {
    // Packing a recording may take a while: keep the other requests going.
    let packed = tokio::task::spawn_blocking(move || app.source.recording(index)).await;
    match packed {
        Ok(Ok(bytes)) => ([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response(),
        Ok(Err(error @ SourceError::NoRecording { .. })) => failure(StatusCode::NOT_FOUND, error),
        Ok(Err(error)) => failure(StatusCode::INTERNAL_SERVER_ERROR, error),
        Err(_) => failure(StatusCode::INTERNAL_SERVER_ERROR, "the recording could not be packed"),
    }
}

async fn timeline(State(app): State<App>) -> Response {
    // Lines of code may have to be looked up: keep the other requests going.
    match tokio::task::spawn_blocking(move || app.source.timeline()).await {
        Ok(Some(timeline)) => Json(timeline).into_response(),
        Ok(None) => failure(StatusCode::NOT_FOUND, "nothing runs here; a recording holds its own timeline"),
        Err(_) => failure(StatusCode::INTERNAL_SERVER_ERROR, "the timeline could not be made"),
    }
}

async fn snapshot(State(app): State<App>) -> Response {
    match app.source.request_snapshot() {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(error @ SourceError::NotRunning) => failure(StatusCode::CONFLICT, error),
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

async fn nothing() -> Response {
    failure(StatusCode::NOT_FOUND, "there is no such question")
}

async fn changes(State(app): State<App>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message_size(BODY_LIMIT_BYTES).on_upgrade(move |socket| send_changes(app, socket))
}

/// Sends states until the page goes away, the source is gone or the server stops.
async fn send_changes(mut app: App, mut socket: WebSocket) {
    let mut changed = app.source.changes();
    loop {
        changed.mark_unchanged();
        let Ok(text) = serde_json::to_string(&app.source.state()) else { return };
        if socket.send(Message::Text(text.into())).await.is_err() {
            return;
        }
        let pause = tokio::time::sleep(CHANGE_INTERVAL);
        let next = async {
            let more = changed.changed().await;
            pause.await;
            more
        };
        tokio::pin!(next);
        loop {
            tokio::select! {
                more = &mut next => match more {
                    Ok(()) => break,
                    Err(_) => return,
                },
                _ = app.stopped.wait_for(|stop| *stop) => return,
                heard = socket.recv() => match heard {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                },
            }
        }
    }
}

fn failure(status: StatusCode, error: impl std::fmt::Display) -> Response {
    (status, Json(json!({ "error": error.to_string() }))).into_response()
}
