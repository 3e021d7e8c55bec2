//! Putting text on the clipboard.

use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::Callback;

/// Puts `text` on the clipboard and tells whether the browser allowed it.
pub(crate) fn copy(text: &str, done: Callback<bool>) {
    let Some(window) = web_sys::window() else { return };
    let text = text.to_owned();
    spawn_local(async move {
        let written = JsFuture::from(window.navigator().clipboard().write_text(&text)).await;
        done.emit(written.is_ok());
    });
}
