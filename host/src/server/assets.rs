//! The page's files, embedded by the build; without them, a page that says how to build them.

use std::borrow::Cow;

use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::RustEmbed;

/// Where the worker's script is: the one file that is served under a policy of its own.
pub(super) const WORKER_PATH: &str = "/worker.js";

/// What `cargo xtask ui` has written.
#[derive(RustEmbed)]
#[folder = "../www/dist"]
#[allow_missing = true]
struct Dist;

/// A file of the page, if the build has embedded it.
pub(crate) fn page_file(name: &str) -> Option<Cow<'static, [u8]>> {
    Dist::get(name).map(|file| file.data)
}

/// Every file of the page with its name, in the order of names.
pub(crate) fn page_files() -> impl Iterator<Item = (Cow<'static, str>, Cow<'static, [u8]>)> {
    let mut names: Vec<_> = Dist::iter().collect();
    names.sort_unstable();
    names.into_iter().filter_map(|name| Some((name.clone(), page_file(&name)?)))
}

/// The page that stands in for an inspector that was not built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <title>Heapy: the inspector is not built</title>\
    <h1>The inspector is not built</h1>\
    <p>This <code>heapy-host</code> was built without its page. In the source folder of Heapy run</p>\
    <pre>cargo xtask ui</pre>\
    <p>and build <code>heapy-host</code> again; <code>cargo xtask demo</code> and <code>cargo xtask install</code> \
    do both. Everything on the command line works without it.</p></html>";

/// Answers with a file of the page.
pub(super) async fn serve(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    match Dist::get(path) {
        Some(file) => ([(header::CONTENT_TYPE, content_type(path))], file.data).into_response(),
        None if path == "index.html" => (StatusCode::OK, Html(NOT_BUILT)).into_response(),
        None => (StatusCode::NOT_FOUND, "there is no such file").into_response(),
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}
