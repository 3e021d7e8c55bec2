//! The worker's side: every question of [`crate::protocol`] and how it is answered.
//!
//! One recording is held at a time. Heaps are read from it when they are first asked for, the last few are kept, and so
//! are the sets and orders of rows that were asked for last. Nothing here knows of a page.

mod compare;
mod dominators;
mod kind_graph;
mod layering;
mod leaks;
mod links;
mod load;
mod map;
mod naming;
mod object;
mod overview;
mod pattern;
mod session;
mod sites;
mod survivors;
mod table;

use std::cell::RefCell;

use heapy_engine::Use;
use heapy_engine::snapshot::SnapshotMeta;
use serde::Serialize;
use web_sys::File;

use crate::protocol::Request;
use session::Session;

thread_local! {
    static SESSION: RefCell<Session> = RefCell::new(Session::default());
}

/// Why a question cannot be answered, in words for the user.
pub(crate) type Failure = String;

/// Answers a question; both are JSON. A file comes with questions that are about one.
pub(crate) async fn answer(request: &str, file: Option<File>) -> Result<String, Failure> {
    let request = serde_json::from_str(request).map_err(|error| format!("the question cannot be read: {error}"))?;
    // Everything that waits comes before the session is borrowed.
    let request = match request {
        Request::Load(question) => {
            let bytes = load::download(question.recording).await?;
            return SESSION.with_borrow_mut(|session| json(&session.open(&question.name, bytes, question.place)?));
        }
        Request::Open(question) => {
            let file = file.ok_or_else(|| format!("{} did not come along", question.name))?;
            let bytes = load::read_file(&file).await?;
            return SESSION.with_borrow_mut(|session| json(&session.open(&question.name, bytes, question.place)?));
        }
        request => request,
    };
    SESSION.with_borrow_mut(|session| answer_now(session, request))
}

/// The API's top object over the last snapshot that was looked at.
pub(crate) fn current_use() -> Result<Use, Failure> {
    SESSION.with_borrow_mut(Session::current)
}

/// The snapshots of the recording that is open.
pub(crate) fn snapshots() -> Vec<SnapshotMeta> {
    SESSION.with_borrow(Session::snapshots)
}

/// The API's top object over the snapshot of this number.
pub(crate) fn numbered_use(number: u32) -> Result<Use, Failure> {
    SESSION.with_borrow_mut(|session| session.numbered(number))
}

fn answer_now(session: &mut Session, request: Request) -> Result<String, Failure> {
    match request {
        Request::Load(_) | Request::Open(_) => Err("a recording cannot be opened in passing".into()),
        Request::Figures(question) => json(&overview::figures(session, &question)?),
        Request::Table(question) => json(&table::table(session, &question)?),
        Request::Object(question) => json(&object::object(session, &question)?),
        Request::Bytes(question) => json(&object::bytes(session, &question)?),
        Request::Leaks(question) => json(&leaks::leaks(session, &question)?),
        Request::Overview(question) => json(&overview::overview(session, &question)?),
        Request::Pattern(question) => json(&pattern::pattern(session, &question)?),
        Request::Paths(question) => json(&object::paths(session, &question)?),
        Request::Sites(question) => json(&sites::sites(session, &question)?),
        Request::Dominators(question) => json(&dominators::dominators(session, &question)?),
        Request::Map(question) => json(&map::memory_map(session, &question)?),
        Request::Piece(question) => json(&map::piece(session, &question)?),
        Request::Compare(question) => json(&compare::compare(session, &question)?),
        Request::Survivors(question) => json(&survivors::survivors(session, &question)?),
        Request::Dominated(question) => json(&table::dominated(session, &question)?),
    }
}

fn json(answer: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(answer).map_err(|error| error.to_string())
}
