//! What the wasm module exports for the page: itself, and the worker's answers. The JS API is in [`crate::native`].

use wasm_bindgen::prelude::*;
use web_sys::{File, Worker};

use crate::answers;
use crate::app::{App, AppProps};

/// Shows the page; `worker` is the one that runs `worker.js`.
#[wasm_bindgen]
pub fn start_page(worker: Worker) {
    yew::Renderer::<App>::with_props(AppProps { worker }).render();
}

/// The worker's answer to a question of the page; both are JSON.
///
/// # Errors
/// Why there is no answer, as an `Error`.
#[wasm_bindgen]
pub async fn answer(request: String, file: Option<File>) -> Result<String, JsError> {
    answers::answer(&request, file).await.map_err(|error| JsError::new(&error))
}
